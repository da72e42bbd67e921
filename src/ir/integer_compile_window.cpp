#include "fixed/overflow.h"
#include "ir/geometry.h"
#include "ir/integer_compiler.h"

/// Convolutions. Three forms: windows copied side by side and multiplied by the dense product (int16 codes and
/// weights, sums in 32 bits), the same channel by channel where each channel is a group, and a plain 64-bit form for
/// the rest. A 1x1 convolution is a product.
namespace sluice::ir {
namespace {

ConvShape shapeOf(Result<ConvShape> shape) {
  SLUICE_CHECK(shape.ok(), "inference accepted the convolution");
  return std::move(shape).value();
}

Windows windowsOf(const std::vector<WindowAxis>& axes) {
  Windows windows;
  for (const WindowAxis& axis : axes) {
    windows.places *= static_cast<std::size_t>(axis.kernel);
    windows.outputs *= static_cast<std::size_t>(axis.out);
  }
  for (const std::int64_t source : windowSources(axes))
    windows.rows.push_back(static_cast<std::int32_t>(source));
  return windows;
}

/// Whether every output sees the row of x of its own number.
bool isPointwise(const Windows& windows, std::size_t rows) {
  if (windows.outputs != rows) return false;
  for (std::size_t i = 0; i < windows.rows.size(); ++i)
    if (windows.rows[i] != static_cast<std::int32_t>(i)) return false;
  return windows.places == 1;
}

bool fits16(std::int64_t value) { return value > INT16_MIN && value <= INT16_MAX; }

}  // namespace

void Compiler::compile(const CodeConv& operation, const Node& node, std::size_t x, std::size_t y) {
  const Tensor& input = graph_.tensor(node.inputs[0]);
  const Tensor& weights = graph_.tensor(node.inputs[1]);
  const ConvShape conv =
      shapeOf(convShape(input.type.shape, weights.type.shape, operation.window, operation.groups));
  const std::vector<std::int64_t>& w = parameter(node, 1);
  const Place& from = plan_.places[x];
  const Place& to = plan_.places[y];
  std::vector<std::int64_t> bias(to.stride, 0);
  if (node.inputs.size() == 3) std::copy(parameter(node, 2).begin(), parameter(node, 2).end(), bias.begin());
  Windows windows = windowsOf(conv.axes);
  const std::int64_t padding = input.type.codes->zeroPoint;
  const auto cin = static_cast<std::size_t>(conv.channelsIn),
             cout = static_cast<std::size_t>(conv.channelsOut);
  const auto groupIn = static_cast<std::size_t>(conv.groupIn()),
             groupOut = static_cast<std::size_t>(conv.groupOut());
  const bool small = from.width == Width::int16 && to.width != Width::int64 && fits16(padding) &&
                     std::all_of(w.begin(), w.end(), fits16);
  const auto narrow = [](const std::vector<std::int64_t>& list) {
    std::vector<std::int32_t> result;
    for (const std::int64_t one : list) result.push_back(static_cast<std::int32_t>(one));
    return result;
  };
  if (small && groupIn == 1 && groupOut == 1) {
    DepthwiseConv step{.x = x,
                       .y = y,
                       .padding = padding,
                       .windows = std::move(windows),
                       .weights = {},
                       .bias = narrow(bias)};
    step.weights.assign(step.windows.places * to.stride, 0);
    for (std::size_t place = 0; place < step.windows.places; ++place)
      for (std::size_t j = 0; j < cout; ++j)
        step.weights[place * to.stride + j] = static_cast<std::int32_t>(w[place * cout + j]);
    plan_.steps.emplace_back(std::move(step));
    return;
  }
  // A few groups are one product with zeros between; many would mostly multiply zeros.
  if (!small || conv.groups > 4) {
    plan_.steps.emplace_back(WideConv{.x = x,
                                      .y = y,
                                      .groupIn = groupIn,
                                      .groupOut = groupOut,
                                      .padding = padding,
                                      .windows = std::move(windows),
                                      .weights = w,
                                      .bias = std::move(bias)});
    return;
  }
  const std::size_t depth = windows.places * cin, pairs = (depth + 1) / 2;
  std::vector<std::int16_t> packed(to.stride * pairs * 2, 0);
  for (std::size_t place = 0; place < windows.places; ++place)
    for (std::size_t i = 0; i < groupIn; ++i)
      for (std::size_t j = 0; j < cout; ++j) {
        const std::size_t at = place * cin + j / groupOut * groupIn + i;
        packed[((j / lanes * pairs + at / 2) * lanes + j % lanes) * 2 + at % 2] =
            static_cast<std::int16_t>(w[(place * groupIn + i) * cout + j]);
      }
  if (isPointwise(windows, from.rows)) {
    plan_.steps.emplace_back(
        FastDense{.x = x, .y = y, .pairs = pairs, .weights = std::move(packed), .bias = narrow(bias)});
    return;
  }
  plan_.steps.emplace_back(FastConv{.x = x,
                                    .y = y,
                                    .pairs = pairs,
                                    .padding = padding,
                                    .windows = std::move(windows),
                                    .weights = std::move(packed),
                                    .bias = narrow(bias)});
}

void Compiler::compile(const AccumulateConv& operation, const Node& node, std::size_t x, std::size_t y) {
  const ConvShape conv =
      shapeOf(convShape(graph_.tensor(node.inputs[0]).type.shape, graph_.tensor(node.inputs[1]).type.shape,
                        operation.window, operation.groups));
  std::vector<std::int64_t> bias(plan_.places[y].stride, 0);
  if (node.inputs.size() == 3) std::copy(parameter(node, 2).begin(), parameter(node, 2).end(), bias.begin());
  const Place& from = plan_.places[x];
  const Place& to = plan_.places[y];
  const std::vector<std::int64_t>& w = parameter(node, 1);
  const std::int64_t lo = operation.range.lo, span = operation.range.hi - lo;
  const bool wraps = operation.overflow == Overflow::wrap && (span & (span + 1)) == 0 && span <= UINT32_MAX &&
                     lo >= INT32_MIN && operation.range.hi <= INT32_MAX;
  if (wraps && operation.rounding == Rounding::floor && operation.shift < 32 && conv.groups == 1 &&
      from.width == Width::int16 && to.width != Width::int64 && std::all_of(w.begin(), w.end(), fits16)) {
    FastAccumulation step{.x = x,
                          .y = y,
                          .depth = 0,
                          .windows = windowsOf(conv.axes),
                          .weights = {},
                          .bias = {},
                          .shortWeights = {},
                          .shift = operation.shift,
                          .range = operation.range};
    step.depth = step.windows.places * static_cast<std::size_t>(conv.channelsIn);
    step.pointwise = isPointwise(step.windows, from.rows);
    step.weights.assign(to.stride * step.depth, 0);
    for (std::size_t i = 0; i < step.depth; ++i)
      for (std::size_t j = 0; j < to.columns; ++j)
        step.weights[(j / lanes * step.depth + i) * lanes + j % lanes] =
            static_cast<std::int32_t>(w[i * to.columns + j]);
    if (span <= UINT16_MAX && to.width == Width::int16 && operation.shift >= 1 && operation.shift <= 16) {
      for (const std::int32_t one : step.weights) step.shortWeights.push_back(static_cast<std::int16_t>(one));
      step.weights = {};
    }
    for (const std::int64_t one : bias)
      step.bias.push_back(static_cast<std::int32_t>(fixed::fit(one, operation.range, Overflow::wrap)));
    plan_.steps.emplace_back(std::move(step));
    return;
  }
  plan_.steps.emplace_back(Accumulation{.conv = {.x = x,
                                                 .y = y,
                                                 .groupIn = static_cast<std::size_t>(conv.groupIn()),
                                                 .groupOut = static_cast<std::size_t>(conv.groupOut()),
                                                 .padding = 0,
                                                 .windows = windowsOf(conv.axes),
                                                 .weights = parameter(node, 1),
                                                 .bias = std::move(bias)},
                                        .shift = operation.shift,
                                        .rounding = operation.rounding,
                                        .overflow = operation.overflow,
                                        .range = operation.range});
}

void Compiler::compile(const Pool& operation, const Node& node, std::size_t x, std::size_t y) {
  const TensorType& type = graph_.tensor(node.inputs[0]).type;
  const auto axes = windowAxes(type.shape, operation.kernel, operation.window);
  SLUICE_CHECK(axes.ok() && operation.kind != PoolKind::average,
               "inference accepted the window; averages are real");
  plan_.steps.emplace_back(WindowPool{
      .x = x, .y = y, .kind = operation.kind, .padding = type.codes->zeroPoint, .windows = windowsOf(*axes)});
}

}  // namespace sluice::ir
