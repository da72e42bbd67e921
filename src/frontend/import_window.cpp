#include <algorithm>
#include <cmath>

#include "frontend/operators.h"

/// Operators that move a window over the spatial axes: convolutions and pools.
///
/// Files have channels in front, [N, C, H, W], the graph has them last: the input is asked for in the order H,
/// W, C, the weight is permuted here. Nodes of QONNX's channels-last domain have them last in the file too.
namespace sluice::frontend {

namespace {

using List = std::vector<std::int64_t>;

/// What all of them have in common.
struct Spatial {
  std::size_t axes = 0;  ///< spatial ones
  Order order;           ///< of the graph: spatial axes, then channels
  ir::Shape in;          ///< spatial extents of the input
  std::int64_t channels = 0;
};

Result<Spatial> spatialOf(const Call& call) {
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const ir::Shape shape = call.sampleShape(0);
  if (!call.input(0).batched || shape.size() < 2)
    return unsupported("its input has rank " + std::to_string(call.fileRank(0)) +
                       "; batch, channels and at least one spatial axis are needed");
  Spatial s;
  s.axes = shape.size() - 1;
  const std::int64_t channelAxis = call.channelsLast() ? static_cast<std::int64_t>(s.axes) : 0;
  s.order = withLast(shape.size(), channelAxis);
  for (std::size_t i = 0; i < s.axes; ++i) s.in.push_back(shape[static_cast<std::size_t>(s.order[i])]);
  s.channels = shape[static_cast<std::size_t>(channelAxis)];
  return s;
}

constexpr std::int64_t largestStep = std::int64_t{1} << 31;

/// A list attribute with one entry per spatial axis (twice as many for pads), within sane bounds.
Result<List> perAxis(const Call& call, const char* name, std::size_t count, std::int64_t otherwise,
                     std::int64_t least) {
  SLUICE_TRY(std::optional<List> given, call.integers(name));
  if (!given || given->empty()) return List(count, otherwise);
  if (given->size() != count)
    return badInput("attribute '" + std::string(name) + "' has " + std::to_string(given->size()) +
                    " entries; it needs " + std::to_string(count));
  for (const std::int64_t entry : *given)
    if (entry < least || entry > largestStep)
      return unsupported("attribute '" + std::string(name) + "' holds " + std::to_string(entry));
  return std::move(*given);
}

/// Leaves out what is the default, so that graphs print shorter.
ir::Window windowOf(List strides, List dilations, List before, List after) {
  const auto all = [](const List& list, std::int64_t value) {
    return std::all_of(list.begin(), list.end(), [&](std::int64_t entry) { return entry == value; });
  };
  ir::Window window;
  if (!all(strides, 1)) window.strides = std::move(strides);
  if (!all(dilations, 1)) window.dilations = std::move(dilations);
  if (!all(before, 0) || !all(after, 0)) {
    window.padBefore = std::move(before);
    window.padAfter = std::move(after);
  }
  return window;
}

struct Steps {
  List strides, dilations, before, after;
};

/// strides, dilations, and pads from `pads` or `auto_pad`.
Result<Steps> stepsOf(const Call& call, const Spatial& s, const List& kernel) {
  Steps steps;
  SLUICE_TRY(steps.strides, perAxis(call, "strides", s.axes, 1, 1));
  SLUICE_TRY(steps.dilations, perAxis(call, "dilations", s.axes, 1, 1));
  SLUICE_TRY(const List pads, perAxis(call, "pads", 2 * s.axes, 0, 0));
  SLUICE_TRY(const std::string automatic, call.text("auto_pad", "NOTSET"));
  steps.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(s.axes));
  steps.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(s.axes), pads.end());
  if (automatic == "NOTSET" || automatic.empty()) return steps;
  if (automatic != "SAME_UPPER" && automatic != "SAME_LOWER" && automatic != "VALID")
    return unsupported("auto_pad '" + shown(automatic) + "' is not known");
  for (std::size_t i = 0; i < s.axes; ++i) {
    steps.before[i] = steps.after[i] = 0;
    if (automatic == "VALID") continue;
    const std::int64_t out = (s.in[i] - 1) / steps.strides[i] + 1;
    const std::int64_t span = (kernel[i] - 1) * steps.dilations[i] + 1;
    const std::int64_t total = std::max<std::int64_t>(0, (out - 1) * steps.strides[i] + span - s.in[i]);
    steps.before[i] = automatic == "SAME_UPPER" ? total / 2 : (total + 1) / 2;
    steps.after[i] = total - steps.before[i];
  }
  return steps;
}

ir::Shape shapeOf(const Value& constant) {
  return constant.kind == Value::Kind::constant ? constant.constant->shape : constant.quantized->shape;
}

/// A constant weight as [kernel..., channels in / groups, channels out].
/// `outputsFirst`: the file has [out, in / groups, kernel...], else [in, out / groups, kernel...].
Result<Value> weightOf(Call& call, const Spatial& s, const Value& w, std::int64_t groups, bool outputsFirst) {
  if (!w.isConstant()) return unsupported("its weight is not a constant");
  const ir::Shape shape = shapeOf(w);
  if (shape.size() != s.axes + 2)
    return badInput("its weight has shape " + shapeText(shape) + " and its input " + std::to_string(s.axes) +
                    " spatial axes");
  const std::size_t first = call.channelsLast() ? 1 : 2;
  const std::size_t second = call.channelsLast() ? s.axes + 1 : 1;
  const std::int64_t perGroup = outputsFirst ? shape[second] : shape[0] / std::max<std::int64_t>(groups, 1);
  if (groups < 1 || perGroup < 1 || s.channels % groups != 0 || perGroup != s.channels / groups ||
      shape[0] % groups != 0)
    return badInput("its weight of shape " + shapeText(shape) + " does not fit " +
                    std::to_string(s.channels) + " input channels in " + std::to_string(groups) + " groups");
  Order permutation;
  for (std::size_t i = 0; i < s.axes; ++i) permutation.push_back(static_cast<std::int64_t>(first + i));
  if (outputsFirst) {
    permutation.push_back(static_cast<std::int64_t>(second));
    permutation.push_back(0);
    return transposed(w, permutation, call.budget());
  }
  // [groups * in, out, kernel...] -> [kernel..., in, groups * out]
  ir::Shape grouped = shape;
  grouped[0] = perGroup;
  grouped.insert(grouped.begin(), groups);
  SLUICE_TRY(Value parted, reshaped(w, grouped, call.budget()));
  for (std::int64_t& axis : permutation) ++axis;
  permutation.insert(permutation.end(), {1, 0, 2});
  SLUICE_TRY(parted, transposed(parted, permutation, call.budget()));
  ir::Shape joined(shape.begin() + 2, shape.end());
  joined.insert(joined.end(), {perGroup, groups * shape[1]});
  return reshaped(parted, std::move(joined), call.budget());
}

Status checkKernelShape(const Call& call, const List& kernel) {
  SLUICE_TRY(const std::optional<List> given, call.integers("kernel_shape"));
  if (given && !given->empty() && *given != kernel)
    return badInput("attribute 'kernel_shape' says " + shapeText(*given) + ", the weight has " +
                    shapeText(kernel));
  return {};
}

std::optional<Value> biasOf(const Call& call) {
  return call.has(2) ? std::optional(call.input(2)) : std::nullopt;
}

Result<std::vector<ir::TensorId>> convolutionInputs(Call& call, const Spatial& s, const Value& weight,
                                                    const std::optional<Value>& bias) {
  SLUICE_TRY(const ir::TensorId x, call.tensorIn(0, s.order));
  SLUICE_TRY(const ir::TensorId w, call.tensorOf(weight, "weight"));
  std::vector<ir::TensorId> inputs{x, w};
  if (bias) {
    if (!bias->isConstant()) return unsupported("its bias is not a constant");
    SLUICE_TRY(const ir::TensorId b, call.tensorOf(*bias, "bias"));
    inputs.push_back(b);
  }
  return inputs;
}

}  // namespace

Result<Parts> convolutionParts(Call& call, const Value& given, const std::optional<Value>& bias) {
  SLUICE_TRY(const Spatial s, spatialOf(call));
  SLUICE_TRY(const std::int64_t groups, call.integer("group", 1));
  SLUICE_TRY(const Value weight, weightOf(call, s, given, groups, true));
  const ir::Shape shape = shapeOf(weight);
  const List kernel(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(s.axes));
  SLUICE_RETURN_IF_ERROR(checkKernelShape(call, kernel));
  SLUICE_TRY(Steps steps, stepsOf(call, s, kernel));
  SLUICE_TRY(auto inputs, convolutionInputs(call, s, weight, bias));
  const ir::Conv conv{.window = windowOf(std::move(steps.strides), std::move(steps.dilations),
                                         std::move(steps.before), std::move(steps.after)),
                      .groups = groups};
  return Parts{conv, std::move(inputs), layoutOf(s.order)};
}

Status importConv(Call& call) {
  SLUICE_TRY(Parts parts, convolutionParts(call, call.input(1), biasOf(call)));
  return call.finish(std::move(parts.operation), std::move(parts.inputs), true, parts.layout);
}

/// output_shape and auto_pad say how large the result is; the pads then follow.
Status importConvTranspose(Call& call) {
  SLUICE_TRY(const Spatial s, spatialOf(call));
  SLUICE_TRY(const std::int64_t groups, call.integer("group", 1));
  SLUICE_TRY(const Value weight, weightOf(call, s, call.input(1), groups, false));
  const ir::Shape shape = shapeOf(weight);
  const List kernel(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(s.axes));
  SLUICE_RETURN_IF_ERROR(checkKernelShape(call, kernel));
  SLUICE_TRY(List strides, perAxis(call, "strides", s.axes, 1, 1));
  SLUICE_TRY(List dilations, perAxis(call, "dilations", s.axes, 1, 1));
  SLUICE_TRY(const List pads, perAxis(call, "pads", 2 * s.axes, 0, 0));
  SLUICE_TRY(List extra, perAxis(call, "output_padding", s.axes, 0, 0));
  SLUICE_TRY(const std::optional<List> wanted, call.integers("output_shape"));
  SLUICE_TRY(const std::string automatic, call.text("auto_pad", "NOTSET"));
  List before(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(s.axes));
  List after(pads.begin() + static_cast<std::ptrdiff_t>(s.axes), pads.end());
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!same && automatic != "NOTSET" && automatic != "VALID" && !automatic.empty())
    return unsupported("auto_pad '" + shown(automatic) + "' is not known");
  if (automatic == "VALID") before = after = List(s.axes, 0);
  if (wanted && wanted->size() != s.axes && wanted->size() != s.axes + 2)
    return badInput("attribute 'output_shape' has " + std::to_string(wanted->size()) + " entries");
  if (same || wanted)
    for (std::size_t i = 0; i < s.axes; ++i) {
      const std::int64_t out = wanted ? (*wanted)[wanted->size() - s.axes + i] : s.in[i] * strides[i];
      const std::int64_t total =
          strides[i] * (s.in[i] - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1 - out;
      if (total < 0 || out < 1)
        return unsupported("its result would be " + std::to_string(out) + " long along spatial axis " +
                           std::to_string(i) + ", longer than its windows reach");
      // The odd one goes behind for SAME_UPPER, in front otherwise.
      before[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      after[i] = total - before[i];
    }
  SLUICE_TRY(auto inputs, convolutionInputs(call, s, weight, biasOf(call)));
  if (std::all_of(extra.begin(), extra.end(), [](std::int64_t e) { return e == 0; })) extra.clear();
  const ir::ConvTranspose conv{
      .window = windowOf(std::move(strides), std::move(dilations), std::move(before), std::move(after)),
      .outputPad = std::move(extra),
      .groups = groups};
  return call.finish(conv, std::move(inputs), true, layoutOf(s.order));
}

namespace {

/// With ceil_mode windows may begin inside and end outside; such a one counts only if it begins before the
/// padding behind. The graph gets that many more places of padding behind. An average that counts padding
/// does not count those: the padding proper then becomes zeros of a Pad.
Status importPool(Call& call, ir::PoolKind kind) {
  SLUICE_TRY(const Spatial s, spatialOf(call));
  SLUICE_TRY(const std::optional<List> given, call.integers("kernel_shape"));
  if (!given) return badInput("attribute 'kernel_shape' is missing");
  SLUICE_TRY(const List kernel, perAxis(call, "kernel_shape", s.axes, 1, 1));
  SLUICE_TRY(Steps steps, stepsOf(call, s, kernel));
  SLUICE_TRY(const std::int64_t ceil, call.integer("ceil_mode", 0));
  SLUICE_TRY(const std::int64_t counting, call.integer("count_include_pad", 0));
  SLUICE_TRY(ir::TensorId x, call.tensorIn(0, s.order));
  bool overhangs = false;
  List behind(s.axes, 0);
  for (std::size_t i = 0; i < s.axes; ++i) {
    const std::int64_t span = (kernel[i] - 1) * steps.dilations[i] + 1;
    const std::int64_t room = s.in[i] + steps.before[i] + steps.after[i] - span;
    if (room < 0)
      return badInput("its window of " + std::to_string(span) + " is longer than spatial axis " +
                      std::to_string(i) + " of " + std::to_string(s.in[i]) + " with its padding");
    if (ceil == 0 || room % steps.strides[i] == 0) continue;
    const std::int64_t begin = (room / steps.strides[i] + 1) * steps.strides[i];
    if (begin >= s.in[i] + steps.before[i]) continue;
    behind[i] = begin - room;
    overhangs = true;
  }
  bool countPads = kind == ir::PoolKind::average && counting != 0;
  if (countPads && overhangs) {
    ir::Pad pad{.before = steps.before, .after = steps.after};
    pad.before.push_back(0);
    pad.after.push_back(0);
    SLUICE_TRY(x, call.emit(pad, {x}, "padded"));
    steps.before = steps.after = List(s.axes, 0);
    countPads = false;
  }
  for (std::size_t i = 0; i < s.axes; ++i) steps.after[i] += behind[i];
  ir::Pool pool{.kind = kind,
                .kernel = kernel,
                .window = windowOf(std::move(steps.strides), std::move(steps.dilations),
                                   std::move(steps.before), std::move(steps.after)),
                .countPads = countPads};
  return call.finish(std::move(pool), {x}, true, layoutOf(s.order));
}

Status importGlobal(Call& call, ir::ReduceKind kind) {
  SLUICE_TRY(const Spatial s, spatialOf(call));
  SLUICE_TRY(const ir::TensorId x, call.tensorIn(0, s.order));
  return call.finish(ir::Reduce{.kind = kind, .axes = identityOrder(s.axes), .keepDims = true}, {x}, true,
                     layoutOf(s.order));
}

}  // namespace

Status importMaxPool(Call& call) { return importPool(call, ir::PoolKind::max); }
Status importAveragePool(Call& call) { return importPool(call, ir::PoolKind::average); }
Status importGlobalMaxPool(Call& call) { return importGlobal(call, ir::ReduceKind::max); }
Status importGlobalAveragePool(Call& call) { return importGlobal(call, ir::ReduceKind::mean); }

}  // namespace sluice::frontend
