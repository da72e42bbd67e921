#include <algorithm>
#include <cmath>

#include "frontend/operators.h"

/// Layers over one axis: normalizations, softmax, arg-max. The graph does them over the last axis; the axis of
/// the file is brought there, which after a convolution it is already.
namespace sluice::frontend {

namespace {

/// Input 0 with this axis of the sample last; and the order that gives.
Result<std::pair<ir::TensorId, Order>> withAxisLast(Call& call, std::int64_t axis) {
  const std::size_t rank = call.sampleShape(0).size();
  const Value& x = call.input(0);
  Order order = orderOf(x.layout, rank);
  if (x.layout.flat || order.back() != axis) order = withLast(rank, axis);
  SLUICE_TRY(const ir::TensorId tensor, call.tensorIn(0, order));
  return std::pair(tensor, std::move(order));
}

/// Input i, a constant of one number per channel, as the graph has the channels of input 0.
Result<ir::TensorId> perChannel(Call& call, std::size_t i, std::int64_t channels) {
  const Value value = call.input(i);
  if (!value.isConstant()) return unsupported("'" + shown(call.inputName(i)) + "' is not a constant");
  const ir::Shape shape = call.sampleShape(i);
  if (shape != ir::Shape{channels})
    return badInput("'" + shown(call.inputName(i)) + "' has shape " + shapeText(shape) + "; " +
                    std::to_string(channels) + " channels need [" + std::to_string(channels) + "]");
  const Flattening* flat = call.input(0).layout.flat.get();
  if (flat == nullptr) return call.tensorOf(i);
  SLUICE_TRY(const Value placed, pickedAs(value, 0, *flat, call.budget()));
  return call.tensorOf(placed, "parameter");
}

}  // namespace

Status importBatchNormalization(Call& call) {
  SLUICE_TRY(const double epsilon, call.real("epsilon", 1e-5f));
  SLUICE_TRY(const std::int64_t training, call.integer("training_mode", 0));
  SLUICE_TRY(const std::int64_t isTest, call.integer("is_test", 0));
  SLUICE_TRY(const std::int64_t spatial, call.integer("spatial", 1));
  if (training != 0 || (call.opset() < 7 && isTest == 0 && !call.channelsLast()))
    return unsupported("it is in training mode");
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const Value& x = call.input(0);
  const ir::Shape shape = call.sampleShape(0);
  if (!x.batched || shape.empty())
    return unsupported("its input has rank " + std::to_string(call.fileRank(0)) +
                       "; a batch and channels are needed");
  if (spatial == 0 && shape.size() > 1)
    return unsupported("spatial = 0 has statistics per element instead of per channel");
  SLUICE_TRY(const std::shared_ptr<const Constant> variance, call.constantInput(4, "the variance"));
  for (std::size_t i = 0; i < variance->size(); ++i)
    if (!(variance->real(i) + epsilon > 0))
      return badInput("variance + epsilon is " + std::to_string(variance->real(i) + epsilon) +
                      " in channel " + std::to_string(i) + "; it must be positive");
  const std::int64_t axis = call.channelsLast() ? static_cast<std::int64_t>(shape.size()) - 1 : 0;
  std::vector<ir::TensorId> inputs(1, x.tensor);
  Layout layout = x.layout;
  if (!x.layout.flat) {
    SLUICE_TRY(auto placed, withAxisLast(call, axis));
    inputs[0] = placed.first;
    layout = layoutOf(std::move(placed.second));
  }
  for (std::size_t i = 1; i < 5; ++i) {
    SLUICE_TRY(const ir::TensorId tensor, perChannel(call, i, shape[static_cast<std::size_t>(axis)]));
    inputs.push_back(tensor);
  }
  const bool turned = x.turned;
  SLUICE_RETURN_IF_ERROR(
      call.finish(ir::BatchNormalize{.epsilon = epsilon}, std::move(inputs), true, std::move(layout)));
  call.setTurned(turned);
  return {};
}

Status importLayerNormalization(Call& call) {
  SLUICE_TRY(const double epsilon, call.real("epsilon", 1e-5f));
  SLUICE_TRY(const std::int64_t given, call.integer("axis", -1));
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  SLUICE_TRY(const std::int64_t axis, call.sampleAxis(0, given));
  const ir::Shape shape = call.sampleShape(0);
  const ir::Shape over(shape.begin() + axis, shape.end());
  const std::shared_ptr<const Flattening> flat = call.input(0).layout.flat;
  ir::TensorId x = call.input(0).tensor;
  if (!flat) {
    SLUICE_TRY(x, call.tensorOf(0));
  }
  SLUICE_TRY(const std::int64_t count, countElements(over));
  std::vector<ir::TensorId> inputs{x};
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    // Spread to the shape of the axes: a parameter may broadcast, and the shift may be left out.
    SLUICE_RETURN_IF_ERROR(call.budget().take(count));
    Constant parameter{.shape = over,
                       .data = std::vector<double>(static_cast<std::size_t>(count), i == 1 ? 1 : 0),
                       .symbolic = false};
    if (call.has(i)) {
      SLUICE_TRY(const std::shared_ptr<const Constant> found, call.constantInput(i, "a parameter"));
      SLUICE_TRY(parameter,
                 foldBinary(i == 1 ? FoldKind::multiply : FoldKind::add, parameter, *found, call.budget()));
      if (parameter.shape != over)
        return badInput("a parameter of shape " + shapeText(found->shape) + " for axes of shape " +
                        shapeText(over));
    }
    Value value = valueOf(std::move(parameter));
    if (flat) {
      SLUICE_TRY(value, pickedAs(value, 0, *flat, call.budget()));
    }
    SLUICE_TRY(const ir::TensorId tensor, call.tensorOf(value, i == 1 ? "gamma" : "beta"));
    inputs.push_back(tensor);
  }
  return call.finish(ir::LayerNormalize{.epsilon = epsilon, .axes = static_cast<std::int64_t>(over.size())},
                     std::move(inputs), call.input(0).batched, {.order = {}, .flat = flat});
}

/// A layer normalization of each channel, then a factor and a shift per channel.
Status importInstanceNormalization(Call& call) {
  SLUICE_TRY(const double epsilon, call.real("epsilon", 1e-5f));
  const ir::Shape shape = call.sampleShape(0);
  if (!call.input(0).isRuntime() || !call.input(0).batched || shape.size() < 2)
    return unsupported("a computed input with batch, channels and at least one more axis is supported");
  const std::int64_t channels = shape[0], places = ir::elements(shape) / channels;
  SLUICE_TRY(ir::TensorId x, call.tensorOf(0));
  SLUICE_TRY(x, call.emit(ir::Reshape{.shape = {channels, places}}, {x}, "channels"));
  SLUICE_RETURN_IF_ERROR(call.budget().take(2 * places));
  const auto all = [&](double value) {
    return Constant{.shape = {places},
                    .data = std::vector<double>(static_cast<std::size_t>(places), value),
                    .symbolic = false};
  };
  const ir::TensorId one = call.addConstant("one", all(1)), zero = call.addConstant("zero", all(0));
  SLUICE_TRY(x, call.emit(ir::LayerNormalize{.epsilon = epsilon, .axes = 1}, {x, one, zero}, "normalized"));
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    if (!call.input(i).isConstant() || call.sampleShape(i) != ir::Shape{channels})
      return unsupported("scale and shift must be constants of one number per channel");
    SLUICE_TRY(const Value column, reshaped(call.input(i), {channels, 1}, call.budget()));
    SLUICE_TRY(const ir::TensorId parameter, call.tensorOf(column, i == 1 ? "gamma" : "beta"));
    const ir::Binary step{i == 1 ? ir::BinaryKind::multiply : ir::BinaryKind::add};
    SLUICE_TRY(x, call.emit(step, {x, parameter}, i == 1 ? "scaled" : "shifted"));
  }
  return call.finish(ir::Reshape{.shape = shape}, {x}, true);
}

namespace {

/// Softmax, or its logarithm, over the last axis of x; as the last node.
Status finishSoftmax(Call& call, ir::TensorId x, bool logarithm, Layout layout) {
  const bool batched = call.input(0).batched;
  if (!logarithm) return call.finish(ir::Softmax{}, {x}, batched, std::move(layout));
  // x - max - log(sum(exp(x - max))): the logarithm of a softmax would lose what underflows.
  const std::int64_t last = static_cast<std::int64_t>(call.typeOf(x).shape.size()) - 1;
  const auto reduce = [&](ir::ReduceKind kind, ir::TensorId from, const char* name) {
    return call.emit(ir::Reduce{.kind = kind, .axes = {last}, .keepDims = true}, {from}, name);
  };
  const ir::Binary subtract{ir::BinaryKind::subtract};
  SLUICE_TRY(const ir::TensorId largest, reduce(ir::ReduceKind::max, x, "largest"));
  SLUICE_TRY(const ir::TensorId shifted, call.emit(subtract, {x, largest}, "shifted"));
  SLUICE_TRY(const ir::TensorId powers,
             call.emit(ir::Unary{.kind = ir::UnaryKind::exp}, {shifted}, "powers"));
  SLUICE_TRY(const ir::TensorId sum, reduce(ir::ReduceKind::sum, powers, "sum"));
  SLUICE_TRY(const ir::TensorId offset, call.emit(ir::Unary{.kind = ir::UnaryKind::log}, {sum}, "logarithm"));
  return call.finish(subtract, {shifted, offset}, batched, std::move(layout));
}

/// Before operator set 13 it runs over all axes from `axis` on; since then over that axis alone.
Status importSoftmaxKind(Call& call, bool logarithm) {
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const std::size_t rank = call.fileRank(0);
  const bool flattens = call.opset() < 13;
  SLUICE_TRY(const std::int64_t given, call.integer("axis", flattens ? 1 : -1));
  const ir::Shape shape = call.sampleShape(0);
  if (shape.empty()) return badInput("its input has no axis besides the batch");
  SLUICE_TRY(std::int64_t axis, normalizeAxis(given, rank));
  axis -= call.input(0).batched ? 1 : 0;
  if (axis < 0 && !(flattens && call.batch() == 1))
    return unsupported("it runs over axis " + std::to_string(axis + 1) + " of rank " + std::to_string(rank) +
                       ", the batch");
  axis = std::max<std::int64_t>(axis, 0);
  if (call.input(0).layout.flat)  // over all of it, whatever the order
    return finishSoftmax(call, call.input(0).tensor, logarithm, call.input(0).layout);
  if (flattens) {
    std::vector<std::int64_t> wide;
    for (std::size_t i = static_cast<std::size_t>(axis); i < shape.size(); ++i)
      if (shape[i] != 1) wide.push_back(static_cast<std::int64_t>(i));
    if (wide.size() > 1) {
      if (logarithm) return unsupported("it runs over several axes");
      const ir::Shape outer(shape.begin(), shape.begin() + axis);
      const std::int64_t inner = ir::elements(shape) / ir::elements(outer);
      ir::Shape joined = outer;
      joined.push_back(inner);
      SLUICE_TRY(ir::TensorId x, call.tensorOf(0));
      SLUICE_TRY(x, call.emit(ir::Reshape{.shape = joined}, {x}, "joined"));
      SLUICE_TRY(x, call.emit(ir::Softmax{}, {x}, "softmax"));
      return call.finish(ir::Reshape{.shape = shape}, {x}, call.input(0).batched);
    }
    axis = wide.empty() ? static_cast<std::int64_t>(shape.size()) - 1 : wide[0];
  }
  SLUICE_TRY(auto placed, withAxisLast(call, axis));
  return finishSoftmax(call, placed.first, logarithm, layoutOf(std::move(placed.second)));
}

Status importArg(Call& call, bool smallest) {
  SLUICE_TRY(const std::int64_t given, call.integer("axis", 0));
  SLUICE_TRY(const std::int64_t keep, call.integer("keepdims", 1));
  SLUICE_TRY(const std::int64_t last, call.integer("select_last_index", 0));
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  if (last != 0) return unsupported("select_last_index: of equal elements the lower index wins here");
  SLUICE_TRY(const std::int64_t axis, call.sampleAxis(0, given));
  SLUICE_TRY(auto placed, withAxisLast(call, axis));
  auto [x, order] = std::move(placed);
  if (smallest) {
    SLUICE_TRY(x, call.emit(ir::Unary{.kind = ir::UnaryKind::negate}, {x}, "negated"));
  }
  const bool batched = call.input(0).batched;
  if (keep != 0) return call.finish(ir::TopK{.k = 1}, {x}, batched, layoutOf(order));
  ir::Shape shape = call.typeOf(x).shape;
  shape.pop_back();
  SLUICE_TRY(const ir::TensorId index, call.emit(ir::TopK{.k = 1}, {x}, "index"));
  return call.finish(ir::Reshape{.shape = std::move(shape)}, {index}, batched,
                     layoutOf(withoutAxes(order, {axis})));
}

}  // namespace

Status importSoftmax(Call& call) { return importSoftmaxKind(call, false); }
Status importLogSoftmax(Call& call) { return importSoftmaxKind(call, true); }
Status importArgMax(Call& call) { return importArg(call, false); }
Status importArgMin(Call& call) { return importArg(call, true); }

}  // namespace sluice::frontend
