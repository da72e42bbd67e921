#include <algorithm>

#include "frontend/operators.h"

/// Operators that give a tensor another shape or order of axes.
namespace sluice::frontend {

namespace {

Error mixesBatch(const std::string& what) {
  return unsupported(what + " would mix the batch axis with the axes of a sample");
}

/// The shape a Reshape means: 0 copies the extent of `from` at its place (unless allowZero), one -1 is
/// inferred. Errors: badInput if the elements do not fit.
Result<ir::Shape> resolve(std::vector<std::int64_t> target, const ir::Shape& from, bool allowZero) {
  SLUICE_TRY(const std::int64_t count, countElements(from));
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] == openBatch) return mixesBatch("a shape with the batch size at axis " + std::to_string(i));
    if (target[i] == 0 && !allowZero) {
      if (i >= from.size())
        return badInput("shape " + shapeText(target) + " copies an axis that " + shapeText(from) +
                        " does not have");
      target[i] = from[i];
    }
    if (target[i] != -1) continue;
    if (open) return badInput("shape " + shapeText(target) + " leaves several extents open");
    open = i;
  }
  ir::Shape known = target;
  if (open) known[*open] = 1;
  SLUICE_TRY(const std::int64_t product, countElements(known));
  if (open && product > 0) target[*open] = count / product;
  SLUICE_TRY(const std::int64_t total, countElements(target));
  if (total != count) return badInput(shapeText(from) + " does not reshape to " + shapeText(target));
  return target;
}

/// The computed input in another shape. A tensor that the graph holds in an order of its own is flattened as it
/// lies (layout.h); any other reshape needs the file's order.
Status finishReshape(Call& call, ir::Shape shape) {
  const Value& x = call.input(0);
  if (shape.size() == 1 && !x.layout.isPlain()) {
    if (x.layout.flat) {
      call.define(x);
      return {};
    }
    const ir::Shape& held = call.typeOf(x.tensor).shape;
    Layout layout;
    if (!movesNothing(held, inverseOrder(x.layout.order)))
      layout.flat = std::make_shared<const Flattening>(Flattening{.shape = held, .order = x.layout.order});
    return call.finish(ir::Reshape{.shape = std::move(shape)}, {x.tensor}, x.batched, std::move(layout));
  }
  SLUICE_TRY(const ir::TensorId plain, call.tensorOf(0));
  return call.finish(ir::Reshape{.shape = std::move(shape)}, {plain}, x.batched);
}

Status defineReshaped(Call& call, ir::Shape shape) {
  SLUICE_TRY(Value value, reshaped(call.input(0), std::move(shape), call.budget()));
  call.define(std::move(value));
  return {};
}

/// Axes of Squeeze and Unsqueeze: an attribute before operator set 13, an input since. Sorted, normalized, no
/// doubles.
Result<std::optional<std::vector<std::int64_t>>> axesOf(const Call& call, std::size_t extraRank) {
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> axes, call.integers("axes"));
  if (call.has(1)) {
    SLUICE_TRY(axes, call.integersInput(1, "the list of axes"));
  }
  if (!axes) return axes;
  if (axes->size() > 64) return badInput("it names " + std::to_string(axes->size()) + " axes");
  const std::size_t rank = call.fileRank(0) + (extraRank != 0 ? axes->size() : 0);
  for (std::int64_t& axis : *axes) {
    SLUICE_TRY(axis, normalizeAxis(axis, rank));
  }
  std::sort(axes->begin(), axes->end());
  if (std::adjacent_find(axes->begin(), axes->end()) != axes->end())
    return badInput("it names an axis twice");
  return axes;
}

}  // namespace

/// [d0, .., d(axis-1), d(axis), ..] becomes [d0 * .. * d(axis-1), d(axis) * ..].
Status importFlatten(Call& call) {
  SLUICE_TRY(std::int64_t axis, call.integer("axis", 1));
  const auto rank = static_cast<std::int64_t>(call.fileRank(0));
  if (axis < -rank || axis > rank)
    return badInput("axis " + std::to_string(axis) + " is outside rank " + std::to_string(rank));
  if (axis < 0) axis += rank;
  const ir::Shape shape = call.sampleShape(0);
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  const bool batched = call.input(0).batched;
  std::int64_t rows = 1;  // besides the batch
  for (std::int64_t i = batched ? 1 : 0; i < axis; ++i)
    rows *= shape[static_cast<std::size_t>(batched ? i - 1 : i)];
  if (!batched) {
    ir::Shape flat{rows, rows == 0 ? 0 : count / rows};
    return call.input(0).isRuntime() ? finishReshape(call, std::move(flat))
                                     : defineReshaped(call, std::move(flat));
  }
  if (axis == 0 ? call.batch() != 1 : rows != 1) return mixesBatch("axis " + std::to_string(axis));
  return finishReshape(call, {count});
}

Status importReshape(Call& call) {
  SLUICE_TRY(const std::int64_t allowZero, call.integer("allowzero", 0));
  SLUICE_TRY(std::vector<std::int64_t> target, call.integersInput(1, "the shape"));
  if (target.size() > 64) return badInput("its shape has " + std::to_string(target.size()) + " axes");
  const ir::Shape from = call.sampleShape(0);
  if (!call.input(0).batched) {
    SLUICE_TRY(ir::Shape shape, resolve(std::move(target), from, allowZero != 0));
    return call.input(0).isRuntime() ? finishReshape(call, std::move(shape))
                                     : defineReshaped(call, std::move(shape));
  }
  if (target.empty()) return badInput("its shape has no axes");
  // The first axis has to be the batch: named, copied, as large as the file's batch (1 if that is open), or
  // inferred from axes that take up exactly one sample.
  const std::int64_t first = target[0];
  ir::Shape rest(target.begin() + 1, target.end());
  if (allowZero == 0)
    for (std::size_t i = 0; i < rest.size(); ++i)
      if (rest[i] == 0) {
        if (i >= from.size())
          return badInput("shape " + shapeText(target) + " copies an axis that the input does not have");
        rest[i] = from[i];
      }
  const bool named =
      first == openBatch || (first == 0 && allowZero == 0) || first == call.batch().value_or(1);
  if (!named && first != -1) return mixesBatch("shape " + shapeText(target));
  if (!named && std::find(rest.begin(), rest.end(), -1) != rest.end())
    return badInput("shape " + shapeText(target) + " leaves several extents open");
  auto shape = resolve(rest, from, true);
  if (!shape.ok())
    return shape.error().code == ErrorCode::unsupported
               ? shape.error()
               : mixesBatch("shape " + shapeText(target) + " from " + shapeText(from) + " per sample");
  return finishReshape(call, std::move(shape).value());
}

/// A note in the layout; a node is made where someone needs that very order.
Status importTranspose(Call& call) {
  const std::size_t rank = call.fileRank(0);
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> given, call.integers("perm"));
  Order permutation;
  if (given)
    permutation = std::move(*given);
  else
    for (std::size_t i = rank; i-- > 0;) permutation.push_back(static_cast<std::int64_t>(i));
  if (!isPermutation(permutation, rank))
    return badInput(shapeText(permutation) + " does not permute the axes of rank " + std::to_string(rank));
  if (call.input(0).isConstant()) {
    SLUICE_TRY(Value value, transposed(call.input(0), permutation, call.budget()));
    call.define(std::move(value));
    return {};
  }
  Value value = call.input(0);
  if (value.batched && permutation[0] != 0) {
    // Between two Transposes of a vector's batch, a BatchNormalization is meant to see the vector.
    bool allNormalize = !call.isNetworkOutput();
    for (const FileNode* reader : call.readersOf(call.outputTensor()))
      allNormalize = allNormalize && reader->op == "BatchNormalization";
    if (rank != 2 || (!value.turned && !allNormalize))
      return unsupported("permutation " + shapeText(permutation) + " moves the batch axis");
    value.turned = !value.turned;
    call.define(std::move(value));
    return {};
  }
  if (value.turned) return unsupported("'" + shown(call.inputName(0)) + "' has its batch axis second");
  if (value.batched) {
    permutation.erase(permutation.begin());
    for (std::int64_t& axis : permutation) --axis;
  }
  if (!value.layout.flat) {
    const Order place = inverseOrder(permutation);
    Order order = orderOf(value.layout, permutation.size());
    for (std::int64_t& axis : order) axis = place[static_cast<std::size_t>(axis)];
    value.layout = layoutOf(std::move(order));
    value.inOrder.clear();
  }
  call.define(std::move(value));
  return {};
}

Status importSqueeze(Call& call) {
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> axes, axesOf(call, 0));
  const Value& x = call.input(0);
  ir::Shape shape = call.sampleShape(0);
  std::vector<std::int64_t> dropped;  // of the sample
  if (!axes) {
    if (x.batched && call.batch() == 1)
      return unsupported("without axes it would remove the batch axis of extent 1; name the axes");
    for (std::size_t i = 0; i < shape.size(); ++i)
      if (shape[i] == 1) dropped.push_back(static_cast<std::int64_t>(i));
  } else {
    for (const std::int64_t fileAxis : *axes) {
      const std::int64_t axis = fileAxis - (x.batched ? 1 : 0);
      if (axis < 0) return unsupported("it removes the batch axis");
      if (shape[static_cast<std::size_t>(axis)] != 1)
        return badInput("axis " + std::to_string(fileAxis) + " has extent " +
                        std::to_string(shape[static_cast<std::size_t>(axis)]) + ", not 1");
      dropped.push_back(axis);
    }
  }
  for (std::size_t i = dropped.size(); i-- > 0;) shape.erase(shape.begin() + dropped[i]);
  if (x.isConstant()) return defineReshaped(call, std::move(shape));
  if (x.layout.flat && dropped.empty()) {
    call.define(x);
    return {};
  }
  if (x.layout.order.empty()) return finishReshape(call, std::move(shape));
  const Order order = withoutAxes(x.layout.order, dropped);
  return call.finish(ir::Reshape{.shape = graphShapeOf(shape, order)}, {x.tensor}, x.batched,
                     layoutOf(order));
}

Status importUnsqueeze(Call& call) {
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> axes, axesOf(call, 1));
  if (!axes) return badInput("it names no axes");
  const Value& x = call.input(0);
  ir::Shape shape = call.sampleShape(0);
  Order order = orderOf(x.layout, shape.size());
  for (const std::int64_t fileAxis : *axes) {
    const std::int64_t axis = fileAxis - (x.batched ? 1 : 0);
    if (axis < 0) return unsupported("it puts an axis before the batch axis");
    shape.insert(shape.begin() + axis, 1);
    // In the graph behind the axis that stands before it in the file, unless that is the last: channels stay last.
    for (std::int64_t& known : order) known += known >= axis ? 1 : 0;
    auto before = std::find(order.begin(), order.end(), axis - 1);
    auto after = std::find(order.begin(), order.end(), axis + 1);
    const bool plain = x.layout.order.empty();
    if (plain || (before != order.end() && before + 1 != order.end()))
      order.insert(before == order.end() ? order.begin() : before + 1, axis);
    else
      order.insert(after, axis);
  }
  if (x.isConstant()) return defineReshaped(call, std::move(shape));
  if (x.layout.flat) return finishReshape(call, std::move(shape));
  return call.finish(ir::Reshape{.shape = graphShapeOf(shape, order)}, {x.tensor}, x.batched,
                     layoutOf(order));
}

/// numpy's broadcasting to a shape that may name 1 where the extent stays.
Status importExpand(Call& call) {
  SLUICE_TRY(ir::Shape target, call.integersInput(1, "the shape"));
  const Value& x = call.input(0);
  if (x.isConstant()) {
    if (std::find(target.begin(), target.end(), openBatch) != target.end())
      return unsupported("its shape depends on the batch size, which the file leaves open");
    SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
    SLUICE_TRY(const std::int64_t count, countElements(target));
    SLUICE_RETURN_IF_ERROR(call.budget().take(count));
    Constant ones{.shape = target, .data = {}, .symbolic = false};
    if (from->isReal())
      ones.data = std::vector<double>(static_cast<std::size_t>(count), 1);
    else
      ones.data = std::vector<std::int64_t>(static_cast<std::size_t>(count), 1);
    SLUICE_TRY(Constant result, foldBinary(FoldKind::multiply, *from, ones, call.budget()));
    call.define(std::move(result));
    return {};
  }
  const ir::Shape shape = call.sampleShape(0);
  if (x.batched) {
    const std::size_t rank = call.fileRank(0);
    if (target.size() > rank) return mixesBatch("shape " + shapeText(target));
    if (target.size() == rank) {
      if (target[0] != 1 && target[0] != openBatch && target[0] != call.batch().value_or(1))
        return mixesBatch("shape " + shapeText(target));
      target.erase(target.begin());
    }
  }
  SLUICE_TRY(const ir::Shape result, broadcastShape(shape, target));
  if (result == shape) return importIdentity(call);
  SLUICE_RETURN_IF_ERROR(ir::checkShape(result));
  if (result.size() == shape.size() && !x.layout.flat) {
    const Order order = orderOf(x.layout, shape.size());
    return call.finish(ir::Expand{.shape = graphShapeOf(result, order)}, {x.tensor}, x.batched, x.layout);
  }
  SLUICE_TRY(const ir::TensorId plain, call.tensorOf(0));
  return call.finish(ir::Expand{.shape = result}, {plain}, x.batched);
}

/// Each axis that repeats: an axis of 1 before it, broadcast, and joined with it.
Status importTile(Call& call) {
  SLUICE_TRY(const std::vector<std::int64_t> repeats, call.integersInput(1, "the list of repeats"));
  if (repeats.size() != call.fileRank(0))
    return badInput("it repeats " + std::to_string(repeats.size()) + " axes of " +
                    std::to_string(call.fileRank(0)));
  for (const std::int64_t r : repeats)
    if (r < 1) return unsupported("it repeats an axis " + std::to_string(r) + " times");
  const Value& x = call.input(0);
  if (x.isConstant()) return unsupported("its input is a constant");
  const std::size_t offset = x.batched ? 1 : 0;
  if (x.batched && repeats[0] != 1) return mixesBatch("repeating axis 0");
  ir::Shape shape = call.sampleShape(0);
  SLUICE_TRY(ir::TensorId tensor, call.tensorOf(0));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t r = repeats[i + offset];
    if (r == 1) continue;
    ir::Shape parted = shape;
    parted.insert(parted.begin() + static_cast<std::ptrdiff_t>(i), 1);
    SLUICE_TRY(tensor, call.emit(ir::Reshape{.shape = parted}, {tensor}, "parted"));
    parted[i] = r;
    SLUICE_RETURN_IF_ERROR(countElements(parted));
    SLUICE_TRY(tensor, call.emit(ir::Expand{.shape = parted}, {tensor}, "repeated"));
    shape[i] *= r;
    SLUICE_TRY(tensor, call.emit(ir::Reshape{.shape = shape}, {tensor}, "joined"));
  }
  return call.finish(ir::Reshape{.shape = shape}, {tensor}, x.batched);
}

namespace {

/// The channels-last input of a DepthToSpace or SpaceToDepth, [H, W, C], and its block size.
Result<std::pair<ir::TensorId, std::int64_t>> blocks(Call& call) {
  SLUICE_TRY(const std::int64_t block, call.integer("blocksize", 0));
  if (!call.input(0).isRuntime() || !call.input(0).batched || call.sampleShape(0).size() != 3)
    return unsupported("a computed input of rank 4 is supported");
  if (block < 1 || block > 1024) return badInput("the block size is " + std::to_string(block));
  SLUICE_TRY(const ir::TensorId x, call.tensorIn(0, {1, 2, 0}));
  return std::pair(x, block);
}

}  // namespace

Status importDepthToSpace(Call& call) {
  SLUICE_TRY(const std::string mode, call.text("mode", "DCR"));
  if (mode != "DCR" && mode != "CRD") return unsupported("mode '" + shown(mode) + "'");
  SLUICE_TRY(auto request, blocks(call));
  auto [x, b] = request;
  const ir::Shape s = call.typeOf(x).shape;
  if (s[2] % (b * b) != 0) return badInput("its channels are no multiple of the squared block size");
  const std::int64_t c = s[2] / (b * b);
  const bool depthFirst = mode == "DCR";
  const ir::Shape parted = depthFirst ? ir::Shape{s[0], s[1], b, b, c} : ir::Shape{s[0], s[1], c, b, b};
  SLUICE_TRY(x, call.emit(ir::Reshape{.shape = parted}, {x}, "parted"));
  const Order permutation = depthFirst ? Order{0, 2, 1, 3, 4} : Order{0, 3, 1, 4, 2};
  SLUICE_TRY(x, call.emit(ir::Transpose{.permutation = permutation}, {x}, "placed"));
  return call.finish(ir::Reshape{.shape = {s[0] * b, s[1] * b, c}}, {x}, true, layoutOf({1, 2, 0}));
}

Status importSpaceToDepth(Call& call) {
  SLUICE_TRY(auto request, blocks(call));
  auto [x, b] = request;
  const ir::Shape s = call.typeOf(x).shape;
  if (s[0] % b != 0 || s[1] % b != 0) return badInput("its extents are no multiples of the block size");
  SLUICE_TRY(x, call.emit(ir::Reshape{.shape = {s[0] / b, b, s[1] / b, b, s[2]}}, {x}, "parted"));
  SLUICE_TRY(x, call.emit(ir::Transpose{.permutation = {0, 2, 1, 3, 4}}, {x}, "placed"));
  return call.finish(ir::Reshape{.shape = {s[0] / b, s[1] / b, s[2] * b * b}}, {x}, true,
                     layoutOf({1, 2, 0}));
}

}  // namespace sluice::frontend
