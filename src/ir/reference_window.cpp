#include <algorithm>
#include <cmath>

#include "fixed/overflow.h"
#include "ir/geometry.h"
#include "ir/reference_ops.h"

/// Convolutions, pools and reductions, as their definitions (ops_real.h, ops_structure.h, ops_integer.h) say.
namespace sluice::ir {
namespace {

ConvShape legal(Result<ConvShape> shape) {
  SLUICE_CHECK(shape.ok(), "inference accepted the shapes");
  return std::move(shape).value();
}

/// result[o, j] += sum of x * w over the places; `result` holds the bias. Padding adds `padding` * w.
template <typename Number>
void convolve(const ConvShape& conv, const Number* x, const Number* w, Number padding, Number* result) {
  const std::vector<std::int64_t> sources = windowSources(conv.axes);
  const auto places = static_cast<std::size_t>(conv.places());
  const auto cin = static_cast<std::size_t>(conv.channelsIn),
             cout = static_cast<std::size_t>(conv.channelsOut);
  const auto groupIn = static_cast<std::size_t>(conv.groupIn()),
             groupOut = static_cast<std::size_t>(conv.groupOut());
  const std::vector<Number> pad(cin, padding);
  for (std::size_t at = 0; at < sources.size(); ++at) {
    Number* y = result + at / places * cout;
    if (sources[at] < 0 && padding == 0) continue;
    const Number* from = sources[at] < 0 ? pad.data() : x + static_cast<std::size_t>(sources[at]) * cin;
    for (std::size_t i = 0; i < groupIn; ++i) {
      const Number* row = w + (at % places * groupIn + i) * cout;
      if (groupIn == 1 && groupOut == 1) {
        for (std::size_t j = 0; j < cout; ++j) y[j] += from[j] * row[j];
        continue;
      }
      for (std::size_t group = 0; group * groupIn < cin; ++group) {
        const Number one = from[group * groupIn + i];
        for (std::size_t j = group * groupOut; j < (group + 1) * groupOut; ++j) y[j] += one * row[j];
      }
    }
  }
}

/// Whether int64 certainly holds the sums of products of these codes.
bool sumFits(const Codes& x, const Codes& w, std::int64_t terms) {
  const auto span = [](const Codes& codes) {
    const auto zero = static_cast<double>(codes.zeroPoint);
    return std::max({1.0, std::fabs(static_cast<double>(codes.range.lo) - zero),
                     std::fabs(static_cast<double>(codes.range.hi) - zero)});
  };
  return static_cast<double>(terms) * span(x) * span(w) < 0x1p62;
}

void addBias(const std::vector<Operand>& inputs, std::vector<double>& result) {
  if (inputs.size() < 3) return;
  const RealView bias(inputs[2]);
  for (std::size_t i = 0; i < result.size(); ++i) result[i] += bias[i % bias.size()];
}

}  // namespace

void evaluateReal(const Conv& operation, const std::vector<Operand>& inputs, const TensorType& output,
                  std::vector<double>& result) {
  const TensorType& x = *inputs[0].type;
  const TensorType& w = *inputs[1].type;
  const ConvShape conv = legal(convShape(x.shape, w.shape, operation.window, operation.groups));
  const auto count = static_cast<std::size_t>(elements(output.shape));
  if (!x.isReal() && !w.isReal() && hasOneScale(*x.codes) &&
      (hasOneScale(*w.codes) || static_cast<std::int64_t>(w.codes->scale.size()) == conv.channelsOut) &&
      sumFits(*x.codes, *w.codes, conv.places() * conv.groupIn())) {
    // Sums of integers are exact; the scales come last.
    const auto centred = [](const Operand& operand) {
      std::vector<std::int64_t> list = codesOf(operand);
      for (std::int64_t& code : list) code -= operand.type->codes->zeroPoint;
      return list;
    };
    const std::vector<std::int64_t> xs = centred(inputs[0]), ws = centred(inputs[1]);
    std::vector<std::int64_t> sums(count, 0);
    convolve<std::int64_t>(conv, xs.data(), ws.data(), 0, sums.data());
    result.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      result[i] =
          x.codes->scale[0] * scaleOf(*w.codes, static_cast<std::int64_t>(i)) * static_cast<double>(sums[i]);
  } else {
    const RealView xs(inputs[0]), ws(inputs[1]);
    result.assign(count, 0);
    convolve<double>(conv, xs.list().data(), ws.list().data(), 0, result.data());
  }
  addBias(inputs, result);
}

void evaluateReal(const ConvTranspose& operation, const std::vector<Operand>& inputs,
                  const TensorType& output, std::vector<double>& result) {
  const ConvShape conv = legal(convTransposeShape(inputs[0].type->shape, inputs[1].type->shape, operation));
  const RealView x(inputs[0]), w(inputs[1]);
  // A window over y for each position of x.
  std::vector<WindowAxis> turned = conv.axes;
  for (WindowAxis& axis : turned) std::swap(axis.in, axis.out);
  const std::vector<std::int64_t> targets = windowSources(turned);
  const auto places = static_cast<std::size_t>(conv.places());
  const auto cin = static_cast<std::size_t>(conv.channelsIn),
             cout = static_cast<std::size_t>(conv.channelsOut);
  const auto groupIn = static_cast<std::size_t>(conv.groupIn()),
             groupOut = static_cast<std::size_t>(conv.groupOut());
  result.assign(static_cast<std::size_t>(elements(output.shape)), 0);
  for (std::size_t at = 0; at < targets.size(); ++at) {
    if (targets[at] < 0) continue;
    double* y = result.data() + static_cast<std::size_t>(targets[at]) * cout;
    for (std::size_t i = 0; i < groupIn; ++i)
      for (std::size_t j = 0; j < cout; ++j)
        y[j] += x[at / places * cin + j / groupOut * groupIn + i] * w[(at % places * groupIn + i) * cout + j];
  }
  addBias(inputs, result);
}

void evaluateInteger(const CodeConv& operation, const std::vector<Operand>& inputs, const TensorType& output,
                     std::vector<std::int64_t>& result) {
  const ConvShape conv =
      legal(convShape(inputs[0].type->shape, inputs[1].type->shape, operation.window, operation.groups));
  result.assign(static_cast<std::size_t>(elements(output.shape)), 0);
  if (inputs.size() == 3)
    for (std::size_t i = 0; i < result.size(); ++i)
      result[i] = codesOf(inputs[2])[i % codesOf(inputs[2]).size()];
  convolve<std::int64_t>(conv, codesOf(inputs[0]).data(), codesOf(inputs[1]).data(),
                         inputs[0].type->codes->zeroPoint, result.data());
}

void evaluateInteger(const AccumulateConv& operation, const std::vector<Operand>& inputs,
                     const TensorType& output, std::vector<std::int64_t>& result) {
  const ConvShape conv =
      legal(convShape(inputs[0].type->shape, inputs[1].type->shape, operation.window, operation.groups));
  const std::vector<std::int64_t> sources = windowSources(conv.axes);
  const auto places = static_cast<std::size_t>(conv.places());
  const auto cin = static_cast<std::size_t>(conv.channelsIn),
             cout = static_cast<std::size_t>(conv.channelsOut);
  const auto groupIn = static_cast<std::size_t>(conv.groupIn()),
             groupOut = static_cast<std::size_t>(conv.groupOut());
  const auto& x = codesOf(inputs[0]);
  const auto& w = codesOf(inputs[1]);
  const auto fit = [&](std::int64_t value) { return fixed::fit(value, operation.range, operation.overflow); };
  result.resize(static_cast<std::size_t>(elements(output.shape)));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t j = i % cout, position = i / cout;
    std::int64_t acc = fit(inputs.size() == 3 ? codesOf(inputs[2])[j] : 0);
    for (std::size_t place = 0; place < places; ++place)
      for (std::size_t channel = 0; channel < groupIn; ++channel) {
        const std::int64_t source = sources[position * places + place];
        const std::int64_t one =
            source < 0 ? 0 : x[static_cast<std::size_t>(source) * cin + j / groupOut * groupIn + channel];
        const std::int64_t product = one * w[(place * groupIn + channel) * cout + j];
        acc = fit(acc + fit(fixed::roundShiftRight(product, operation.shift, operation.rounding)));
      }
    result[i] = acc;
  }
}

template <typename Number>
void evaluatePool(const Pool& operation, const Shape& shape, const std::vector<Number>& x, Number zero,
                  std::vector<Number>& result) {
  const auto axes = windowAxes(shape, operation.kernel, operation.window);
  SLUICE_CHECK(axes.ok(), "inference accepted the window");
  const std::vector<std::int64_t> sources = windowSources(*axes);
  std::size_t places = 1;
  for (const WindowAxis& axis : *axes) places *= static_cast<std::size_t>(axis.kernel);
  const auto n = static_cast<std::size_t>(channels(shape));
  result.resize(sources.size() / places * n);
  for (std::size_t position = 0; position * places < sources.size(); ++position)
    for (std::size_t c = 0; c < n; ++c) {
      Number sum = 0, largest = 0;
      std::int64_t count = 0;
      for (std::size_t place = 0; place < places; ++place) {
        const std::int64_t source = sources[position * places + place];
        const Number one = source < 0 ? zero : x[static_cast<std::size_t>(source) * n + c];
        sum += one;
        if (source < 0) continue;
        largest = count == 0 ? one : std::max(largest, one);
        ++count;
      }
      Number& y = result[position * n + c];
      y = operation.kind == PoolKind::max ? largest : sum;
      if (operation.kind == PoolKind::average)
        y /= static_cast<Number>(operation.countPads ? static_cast<std::int64_t>(places) : count);
    }
}
template void evaluatePool(const Pool&, const Shape&, const std::vector<double>&, double,
                           std::vector<double>&);
template void evaluatePool(const Pool&, const Shape&, const std::vector<std::int64_t>&, std::int64_t,
                           std::vector<std::int64_t>&);

template <typename Number>
void evaluateReduce(const Reduce& operation, const Shape& shape, const std::vector<Number>& x,
                    std::vector<Number>& result) {
  const auto reduced = reducedShape(shape, operation);
  SLUICE_CHECK(reduced.ok(), "inference accepted the axes");
  const std::vector<std::int64_t> targets = reduceTargets(shape, *reduced);
  result.assign(static_cast<std::size_t>(elements(reduced->shape)), 0);
  std::vector<bool> seen(result.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<std::size_t>(targets[i]);
    Number& y = result[at];
    if (!seen[at])
      y = x[i];
    else if (operation.kind == ReduceKind::max)
      y = std::max(y, x[i]);
    else if (operation.kind == ReduceKind::min)
      y = std::min(y, x[i]);
    else if (operation.kind == ReduceKind::product)
      y *= x[i];
    else
      y += x[i];
    seen[at] = true;
  }
  if (operation.kind == ReduceKind::mean)
    for (Number& y : result) y /= static_cast<Number>(reduced->count);
}
template void evaluateReduce(const Reduce&, const Shape&, const std::vector<double>&, std::vector<double>&);
template void evaluateReduce(const Reduce&, const Shape&, const std::vector<std::int64_t>&,
                             std::vector<std::int64_t>&);

}  // namespace sluice::ir
