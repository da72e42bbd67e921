#include <algorithm>

#include "ir/geometry.h"
#include "kernel/conv/phases.h"
#include "kernel/pool/pool.h"
#include "kernel/reduce/reduce.h"
#include "map/chooser.h"
#include "map/conv_fold.h"

/// Convolutions and pools. A map of one spatial axis is one row; more than two axes have no kernel.
namespace sluice::map {
namespace {

/// The window of a node over a map of channels last. `axes`: one or two spatial axes.
kernel::WindowParams windowOf(const std::vector<ir::WindowAxis>& axes, std::uint32_t channels,
                              fixed::Interval range) {
  const auto u = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  const ir::WindowAxis row = axes.size() == 2 ? axes[0] : ir::WindowAxis{};
  const ir::WindowAxis& column = axes.back();
  return {.height = u(row.in),
          .width = u(column.in),
          .channels = channels,
          .kernelHeight = u(row.kernel),
          .kernelWidth = u(column.kernel),
          .strideHeight = u(row.stride),
          .strideWidth = u(column.stride),
          .dilationHeight = u(row.dilation),
          .dilationWidth = u(column.dilation),
          .padTop = u(row.padBefore),
          .padLeft = u(column.padBefore),
          .padBottom = u(row.padAfter),
          .padRight = u(column.padAfter),
          .input = range};
}

/// The convolution that a node is, without folds, weights and ranges but x's. With a Pad before it taken in.
Result<kernel::ConvParams> convOf(const ir::Graph& graph, const ir::Node& node, const ir::Pad* pad,
                                  fixed::Interval range) {
  const auto& operation = std::get<ir::CodeConv>(node.operation);
  const ir::Shape& shape = graph.tensor(node.inputs[0]).type.shape;
  const ir::Shape& weights = graph.tensor(node.inputs[1]).type.shape;
  if (shape.size() != 2 && shape.size() != 3)
    return unsupported("a convolution over " + std::to_string(shape.size() - 1) +
                       " spatial axes; one or two have a kernel");
  SLUICE_TRY(const ir::ConvShape geometry, ir::convShape(shape, weights, operation.window, operation.groups));
  kernel::ConvParams conv{
      .window = windowOf(geometry.axes, static_cast<std::uint32_t>(geometry.channelsIn), range),
      .outChannels = static_cast<std::uint32_t>(geometry.channelsOut),
      .groups = static_cast<std::uint32_t>(geometry.groups)};
  kernel::WindowParams& w = conv.window;
  w.padCode = graph.tensor(node.inputs[0]).type.codes->zeroPoint;
  if (pad != nullptr) {
    const ir::NodeId producer = graph.tensor(node.inputs[0]).producer;
    const ir::Shape& inner = graph.tensor(graph.node(producer).inputs[0]).type.shape;
    const auto at = [](const std::vector<std::int64_t>& list, std::size_t axis) {
      return list.empty() ? 0u : static_cast<std::uint32_t>(list[axis]);
    };
    const std::size_t x = shape.size() - 2, y = 0;
    w.width = static_cast<std::uint32_t>(inner[x]);
    w.padLeft += at(pad->before, x);
    w.padRight += at(pad->after, x);
    w.insertWidth = at(pad->between, x) + 1;
    if (shape.size() == 3) {
      w.height = static_cast<std::uint32_t>(inner[y]);
      w.padTop += at(pad->before, y);
      w.padBottom += at(pad->after, y);
      w.insertHeight = at(pad->between, y) + 1;
    }
  }
  return conv;
}

/// The Pad before a convolution, if the convolution does it.
const ir::Pad* padBefore(const ir::Graph& graph, const ir::Node& node) {
  const ir::NodeId producer = graph.tensor(node.inputs[0]).producer;
  if (!producer.valid() || !padInside(graph, producer)) return nullptr;
  return &std::get<ir::Pad>(graph.node(producer).operation);
}

void setFold(kernel::ConvParams& conv, const ConvFold& fold) {
  conv.window.pack = fold.pack;
  conv.window.positionsAtOnce = fold.positionsAtOnce;
  conv.simd = fold.simd;
  conv.pe = fold.pe;
}

Result<FrontKernel> windowBefore(const kernel::ConvParams& conv, const ConvChoice& chosen) {
  const std::uint64_t pixels = std::uint64_t{chosen.facts.outHeight} * chosen.facts.outWidth;
  FrontKernel front{.kernel = {},
                    .part = "window",
                    .elementsOut = pixels * chosen.facts.products * chosen.facts.productInputs,
                    .inputElements = conv.window.pack};
  SLUICE_TRY(front.kernel, kernel::window(conv.window));
  return front;
}

}  // namespace

bool padInside(const ir::Graph& graph, ir::NodeId id) {
  const ir::Node& node = graph.node(id);
  const auto* pad = std::get_if<ir::Pad>(&node.operation);
  if (pad == nullptr || pad->value != 0 || graph.tensor(node.output).type.isReal()) return false;
  for (const auto* list : {&pad->before, &pad->after, &pad->between})
    if (!list->empty() && list->back() != 0) return false;
  if (std::find(graph.outputs.begin(), graph.outputs.end(), node.output) != graph.outputs.end()) return false;
  const std::vector<ir::NodeId> users = graph.users(node.output);
  return !users.empty() && std::all_of(users.begin(), users.end(), [&](ir::NodeId user) {
    const ir::Node& reader = graph.node(user);
    if (!std::holds_alternative<ir::CodeConv>(reader.operation)) return false;
    const auto conv = convOf(graph, reader, pad, graph.tensor(node.output).type.codes->range);
    return conv.ok() && kernel::windowScan(conv->window).ok();
  });
}

Result<Choice> Chooser::operator()(const ir::CodeConv&) const {
  SLUICE_TRY(kernel::ConvParams conv, convOf(graph, node, padBefore(graph, node), offers[0].range));
  conv.window.family = options.family;
  conv.window.rows = own.rows;
  conv.weights = ir::codesOf(graph.tensor(node.inputs[1]));
  if (node.inputs.size() > 2) conv.bias = ir::codesOf(graph.tensor(node.inputs[2]));
  conv.multiplier = own.multiplier;
  conv.memory = own.weights;
  const Product product = productOf(graph, node);
  const ConvPace keep{.window = pace.frame, .product = pace.cyclesOf(product), .goal = pace.goal()};
  const ConvWish wish{own.pack, own.positionsAtOnce, own.simd, own.pe};
  SLUICE_TRY(const ConvChoice chosen, chooseConvFold(conv, keep, offers[0].beat.elements, wish));
  const bool free = !own.pack && !own.positionsAtOnce && !own.simd && !own.pe && !own.streamWeights;
  if (free && (conv.window.insertHeight > 1 || conv.window.insertWidth > 1)) {
    SLUICE_TRY(std::optional<Choice> byPhases, phaseChoice(conv, keep, chosen));
    if (byPhases) return *std::move(byPhases);
  }
  setFold(conv, chosen.fold);
  SLUICE_TRY(const kernel::DenseParams dense, kernel::convProduct(conv));
  Choice choice{.inputElements = {conv.simd},
                .front = std::vector<std::vector<FrontKernel>>(1),
                .multiplications = chosen.facts.multiplications,
                .multipliers = chosen.multipliers};
  SLUICE_TRY(choice.kernel, own.streamWeights ? streamedProduct(dense, product.vectors, choice.weights)
                                              : kernel::dense(dense));
  choice.kernel.family = "conv";
  if (chosen.facts.hasWindow) {
    SLUICE_TRY(FrontKernel window, windowBefore(conv, chosen));
    choice.front[0].push_back(std::move(window));
  }
  return choice;
}

Result<std::optional<Choice>> Chooser::phaseChoice(const kernel::ConvParams& conv, const ConvPace& keep,
                                                   const ConvChoice& inserted) const {
  using None = std::optional<Choice>;
  kernel::PhaseParams params{.conv = conv};
  params.conv.simd = params.conv.pe = 1;
  const Result<kernel::PhaseChain> plain = kernel::phases(params);
  if (!plain.ok()) return None();
  const auto chosen = chooseConvFold(plain->product, keep, offers[0].beat.elements);
  if (!chosen.ok()) return None();
  // Beats in which rows are put in order: the product's own if they divide and keep the pace, else the narrowest that do.
  const std::uint32_t across = conv.window.insertWidth * conv.outChannels;
  const std::uint64_t lines = chosen->facts.outHeight;
  std::uint32_t pack = 0;
  std::uint64_t cycles = UINT64_MAX;
  for (const std::uint32_t elements : divisors(plain->cut ? conv.outChannels : across)) {
    if (cycles <= keep.window && elements != chosen->fold.pe) continue;
    kernel::PermuteParams rows = plain->rows;
    rows.pack = elements;
    rows.shape.back() = across / elements;
    SLUICE_TRY(const std::uint32_t lag, kernel::permuteLag(rows));
    pack = elements;
    cycles = lines * (std::uint64_t{rows.shape[0]} * rows.shape[1] * rows.shape[2] + lag);
  }
  // A bit of a buffer against a multiplier: 64 of them are one LUT, which is about a fortieth.
  constexpr double kBit = 1.0 / (64 * 40), kLane = 0.5;
  const double buffer = static_cast<double>(std::uint64_t{across} * conv.window.insertHeight *
                                            plain->rows.shape[0] * fixed::formatFor(plain->rows.range).bits);
  const double price =
      chosen->price + buffer * kBit + (pack == chosen->fold.pe ? 0 : kLane * (pack + chosen->fold.pe));
  const auto slowest = [](const ConvChoice& c) {
    return std::max(c.facts.windowIterations, c.facts.productIterations);
  };
  const std::uint64_t before = slowest(inserted), now = std::max(slowest(*chosen), cycles);
  const std::uint64_t most = std::max(keep.window, keep.product);
  const bool better =
      (before <= most) == (now <= most) ? (now <= most ? price < inserted.price : now < before) : now <= most;
  if (!better) return None();

  params.pack = pack;
  SLUICE_TRY(kernel::PhaseChain chain, kernel::phases(params));
  setFold(chain.product, chosen->fold);
  SLUICE_TRY(const kernel::DenseParams dense, kernel::convProduct(chain.product));
  std::vector<FrontKernel> front;
  if (chosen->facts.hasWindow) {
    SLUICE_TRY(FrontKernel window, windowBefore(chain.product, *chosen));
    front.push_back(std::move(window));
  }
  const std::uint64_t elements =
      std::uint64_t{chosen->facts.outHeight} * chosen->facts.outWidth * chain.product.outChannels;
  FrontKernel phases{.kernel = {},
                     .part = "phases",
                     .elementsOut = elements,
                     .inputElements = chain.product.simd,
                     .multiplications = chosen->facts.multiplications,
                     .multipliers = chosen->multipliers};
  SLUICE_TRY(phases.kernel, kernel::dense(dense));
  phases.kernel.family = "conv";
  front.push_back(std::move(phases));
  chain.rows.buffer = own.rows;
  SLUICE_TRY(kernel::Kernel rows, kernel::permute(chain.rows));
  Choice choice{.inputElements = {pack}};
  if (chain.cut) {
    front.push_back(
        {.kernel = std::move(rows), .part = "rows", .elementsOut = elements, .inputElements = pack});
    SLUICE_TRY(choice.kernel, kernel::slice(*chain.cut));
  } else {
    choice.kernel = std::move(rows);
  }
  choice.front.push_back(std::move(front));
  return None(std::move(choice));
}

Result<Choice> Chooser::operator()(const ir::Pool& operation) const {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  if (operation.kind == ir::PoolKind::average) return noKernel("of averages");
  if (shape.size() != 2 && shape.size() != 3) return noKernel("over more than two spatial axes");
  SLUICE_TRY(const std::vector<ir::WindowAxis> axes,
             ir::windowAxes(shape, operation.kernel, operation.window));
  kernel::PoolParams params{.operation = operation.kind == ir::PoolKind::max ? kernel::PoolOperation::maximum
                                                                             : kernel::PoolOperation::sum,
                            .window = windowOf(axes, channelsOf(node.output), offers[0].range)};
  params.window.padCode = codesType(node.inputs[0]).zeroPoint;
  return poolChoice(params);
}

Result<Choice> Chooser::poolChoice(kernel::PoolParams params) const {
  params.window.family = options.family;
  params.window.rows = own.rows;
  SLUICE_RETURN_IF_ERROR(kernel::poolFacts(params));
  SLUICE_TRY(params.window.pack, packFor(params.window.channels, [&](std::uint32_t pack) {
               kernel::PoolParams folded = params;
               folded.window.pack = pack;
               const auto facts = kernel::poolFacts(folded);
               return facts.ok() ? facts->iterations : UINT64_MAX;
             }));
  Choice choice{.inputElements = {params.window.pack}};
  SLUICE_TRY(choice.kernel, kernel::pool(params));
  return choice;
}

/// Axes that follow each other, as one: outer x reduced x inner is a map of `outer` rows and `inner` channels, and a
/// window over the whole row.
Result<Choice> Chooser::operator()(const ir::Reduce& operation) const {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  std::vector<std::int64_t> axes = operation.axes;
  std::sort(axes.begin(), axes.end());
  const bool run = !axes.empty() && axes.back() - axes.front() + 1 == static_cast<std::int64_t>(axes.size());
  if (!run) return noKernel("over axes that are not neighbours");
  std::array<std::uint64_t, 3> extents{1, 1, 1};  // outer, reduced, inner
  for (std::size_t a = 0; a < shape.size(); ++a) {
    const auto axis = static_cast<std::int64_t>(a);
    extents[axis < axes.front() ? 0 : axis <= axes.back() ? 1 : 2] *= static_cast<std::uint64_t>(shape[a]);
  }
  for (const std::uint64_t extent : extents)
    if (extent > (1u << 20)) return noKernel("over more than 2^20 elements");
  kernel::PoolParams params;
  switch (operation.kind) {
    case ir::ReduceKind::sum:
      params.operation = kernel::PoolOperation::sum;
      break;
    case ir::ReduceKind::max:
      params.operation = kernel::PoolOperation::maximum;
      break;
    case ir::ReduceKind::min:
      params.operation = kernel::PoolOperation::minimum;
      break;
    default:
      return noKernel("of that kind");
  }
  const auto reduced = static_cast<std::uint32_t>(extents[1]);
  if (extents[2] == 1) {  // rows that follow each other
    const std::uint64_t elements = count(shape);
    kernel::ReduceParams row{.operation = params.operation, .n = reduced, .input = offers[0].range};
    SLUICE_TRY(row.pack, packFor(reduced, [&](std::uint32_t p) { return elements / p; }));
    Choice choice{.inputElements = {row.pack}};
    SLUICE_TRY(choice.kernel, kernel::reduce(row));
    return choice;
  }
  params.window = {.height = static_cast<std::uint32_t>(extents[0]),
                   .width = reduced,
                   .channels = static_cast<std::uint32_t>(extents[2]),
                   .kernelWidth = reduced,
                   .strideWidth = reduced,
                   .input = offers[0].range};
  return poolChoice(params);
}

}  // namespace sluice::map
