#include <algorithm>

#include "frontend/operators.h"

/// Operators that pick, join and pad elements along an axis. They work on a computed tensor as it lies: an axis
/// of the file is looked up in its layout. (A flattened tensor is brought to the file's order first.)
namespace sluice::frontend {

namespace {

using List = std::vector<std::int64_t>;

/// Input 0 as it lies, or plain if it is flattened; and that layout.
Result<std::pair<ir::TensorId, Layout>> held(Call& call) {
  const Value& x = call.input(0);
  if (!x.layout.flat) return std::pair(x.tensor, x.layout);
  SLUICE_TRY(const ir::TensorId plain, call.tensorOf(0));
  return std::pair(plain, Layout{});
}

/// x[.., indices, ..] along an axis of the graph; as a slice where the indices ascend evenly.
Result<ir::TensorId> gathered(Call& call, ir::TensorId x, std::int64_t axis, const List& indices,
                              const std::string& suffix) {
  const ir::Shape shape = call.typeOf(x).shape;
  const std::int64_t extent = shape[static_cast<std::size_t>(axis)];
  SLUICE_RETURN_IF_ERROR(call.budget().take(static_cast<std::int64_t>(indices.size())));
  if (indices.empty()) return badInput("it picks no element");
  const std::int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  bool even = step >= 1;
  for (std::size_t i = 1; even && i < indices.size(); ++i) even = indices[i] - indices[i - 1] == step;
  if (even) {
    ir::Slice slice{.begin = List(shape.size(), 0), .end = shape};
    slice.begin[static_cast<std::size_t>(axis)] = indices[0];
    slice.end[static_cast<std::size_t>(axis)] = indices.back() + 1;
    if (step != 1) {
      slice.step = List(shape.size(), 1);
      slice.step[static_cast<std::size_t>(axis)] = step;
    }
    return call.emit(std::move(slice), {x}, suffix);
  }
  SLUICE_TRY(const ir::TensorId list,
             call.tensorOf(valueOf(QuantizedConstant{.shape = {static_cast<std::int64_t>(indices.size())},
                                                     .codes = indices,
                                                     .scale = {1},
                                                     .range = {0, extent - 1}}),
                           suffix + ".indices"));
  return call.emit(ir::Gather{.axis = axis}, {x, list}, suffix);
}

/// Makes a tensor that exists output 0, with a node that does nothing.
Status finishAs(Call& call, ir::TensorId tensor, Layout layout, std::size_t output = 0) {
  return call.finish(ir::Reshape{.shape = call.typeOf(tensor).shape}, {tensor}, call.input(0).batched,
                     std::move(layout), output);
}

/// Rows of a constant table at computed indices: an embedding.
Status importEmbedding(Call& call, std::int64_t axis) {
  const ir::Shape table = call.sampleShape(0);
  SLUICE_TRY(axis, normalizeAxis(axis, table.size()));
  if (axis != 0)
    return unsupported("it looks up computed indices along axis " + std::to_string(axis) + " of a table");
  SLUICE_TRY(const ir::TensorId rows, call.tensorOf(0));
  SLUICE_TRY(ir::TensorId indices, call.tensorOf(1));
  const fixed::Interval range{0, table[0] - 1};
  const auto& codes = call.typeOf(indices).codes;
  const bool fits = codes && codes->scale == std::vector<double>{1} && codes->zeroPoint == 0 &&
                    codes->range.lo >= 0 && codes->range.hi < table[0];
  if (!fits) {
    const ir::Quantize whole{.scale = {1}, .range = range, .rounding = fixed::Rounding::towardZero};
    SLUICE_TRY(indices, call.emit(whole, {indices}, "indices"));
  }
  return call.finish(ir::Gather{.axis = 0}, {rows, indices}, call.input(1).batched);
}

}  // namespace

Status importGather(Call& call) {
  SLUICE_TRY(const std::int64_t given, call.integer("axis", 0));
  if (call.input(1).isRuntime()) {
    if (call.input(0).isRuntime()) return unsupported("both its input and its indices are computed");
    return importEmbedding(call, given);
  }
  SLUICE_TRY(const std::shared_ptr<const Constant> indices, call.constantInput(1, "the list of indices"));
  if (call.input(0).isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
    SLUICE_TRY(Constant result, gather(*from, *indices, given, call.budget()));
    call.define(std::move(result));
    return {};
  }
  SLUICE_TRY(const std::int64_t axis, call.sampleAxis(0, given));
  SLUICE_TRY(List list, call.integersInput(1, "the list of indices"));
  const std::int64_t extent = call.sampleShape(0)[static_cast<std::size_t>(axis)];
  for (std::int64_t& index : list) {
    if (index < -extent || index >= extent)
      return badInput("index " + std::to_string(index) + " is outside the axis of extent " +
                      std::to_string(extent));
    if (index < 0) index += extent;
  }
  SLUICE_TRY(auto from, held(call));
  const bool flat = call.input(0).layout.flat != nullptr;
  const std::int64_t at = flat ? axis : call.graphAxis(0, axis);
  SLUICE_TRY(const ir::TensorId picked, gathered(call, from.first, at, list, "picked"));
  if (!indices->shape.empty()) return finishAs(call, picked, from.second);
  ir::Shape shape = call.typeOf(picked).shape;
  shape.erase(shape.begin() + at);
  const Order order = withoutAxes(orderOf(from.second, shape.size() + 1), {axis});
  return call.finish(ir::Reshape{.shape = std::move(shape)}, {picked}, call.input(0).batched,
                     layoutOf(order));
}

namespace {

Status concatConstants(Call& call, std::int64_t axis) {
  std::vector<std::shared_ptr<const Constant>> parts;
  std::vector<const Constant*> list;
  for (std::size_t i = 0; i < call.inputCount(); ++i) {
    SLUICE_TRY(std::shared_ptr<const Constant> part, call.constantInput(i, "a part"));
    list.push_back(part.get());
    parts.push_back(std::move(part));
  }
  SLUICE_TRY(Constant result, concatenate(list, axis, call.budget()));
  call.define(std::move(result));
  return {};
}

}  // namespace

Status importConcat(Call& call) {
  SLUICE_TRY(const std::int64_t given, call.integer("axis", 0));
  std::optional<std::size_t> computed;
  Layout layout;
  for (std::size_t i = 0; i < call.inputCount(); ++i) {
    if (!call.input(i).isRuntime()) continue;
    if (!computed) computed = i;
    if (layout.order.empty() && !call.input(i).layout.flat) layout = call.input(i).layout;
  }
  if (!computed) return concatConstants(call, given);
  const bool batched = call.input(*computed).batched;
  const std::size_t rank = call.sampleShape(*computed).size();
  SLUICE_TRY(const std::int64_t axis, call.sampleAxis(*computed, given));
  const Order order = orderOf(layout, rank);
  std::vector<ir::TensorId> parts;
  for (std::size_t i = 0; i < call.inputCount(); ++i) {
    const Value& part = call.input(i);
    if (call.fileRank(i) != call.fileRank(*computed) || (part.isRuntime() && part.batched != batched))
      return badInput("'" + shown(call.inputName(i)) + "' has another rank than '" +
                      shown(call.inputName(*computed)) + "'");
    if (part.isRuntime()) {
      SLUICE_TRY(const ir::TensorId tensor, call.tensorIn(i, order));
      parts.push_back(tensor);
      continue;
    }
    ir::Shape shape = call.sampleShape(i);
    Value value = part;
    if (batched) {
      if (shape[0] != 1 || call.batch() != 1)
        return unsupported("'" + shown(call.inputName(i)) + "' is a constant for each sample of the batch");
      shape.erase(shape.begin());
      SLUICE_TRY(value, reshaped(value, shape, call.budget()));
    }
    SLUICE_TRY(value, transposed(value, order, call.budget()));
    SLUICE_TRY(const ir::TensorId tensor, call.tensorOf(value, "part"));
    parts.push_back(tensor);
  }
  if (parts.size() == 1) return importIdentity(call);
  const std::int64_t at = inverseOrder(order)[static_cast<std::size_t>(axis)];
  return call.finish(ir::Concat{.axis = at}, std::move(parts), batched, layout);
}

namespace {

/// Positions that a slice takes of an axis, as ONNX clamps them.
Result<List> slicePositions(std::int64_t extent, std::int64_t start, std::int64_t end, std::int64_t step,
                            FoldBudget& budget) {
  // Folding the axis' own indices says it, once.
  SLUICE_RETURN_IF_ERROR(budget.take(extent));
  Constant all{.shape = {extent}, .data = identityOrder(static_cast<std::size_t>(extent)), .symbolic = false};
  SLUICE_TRY(const Constant taken, slice(all, 0, start, end, step, budget));
  return std::get<1>(taken.data);
}

}  // namespace

/// Attributes before operator set 10, inputs (starts, ends, axes, steps) since.
Status importSlice(Call& call) {
  std::optional<List> starts, ends, axes, steps;
  SLUICE_TRY(starts, call.integers("starts"));
  SLUICE_TRY(ends, call.integers("ends"));
  SLUICE_TRY(axes, call.integers("axes"));
  std::optional<List>* const fromInputs[] = {&starts, &ends, &axes, &steps};
  for (std::size_t i = 0; i < 4; ++i)
    if (call.has(i + 1)) {
      SLUICE_TRY(*fromInputs[i], call.integersInput(i + 1, "a list of the slice"));
    }
  if (!starts || !ends || starts->size() != ends->size() || (axes && axes->size() != starts->size()) ||
      (steps && steps->size() != starts->size()))
    return badInput("its lists of starts, ends, axes and steps do not match");
  const auto axisOf = [&](std::size_t i) { return axes ? (*axes)[i] : static_cast<std::int64_t>(i); };
  const auto stepOf = [&](std::size_t i) { return steps ? (*steps)[i] : 1; };
  if (call.input(0).isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
    Constant result = *from;
    for (std::size_t i = 0; i < starts->size(); ++i) {
      SLUICE_TRY(result, slice(result, axisOf(i), (*starts)[i], (*ends)[i], stepOf(i), call.budget()));
    }
    call.define(std::move(result));
    return {};
  }
  if (starts->size() > call.fileRank(0)) return badInput("it slices more axes than there are");
  SLUICE_TRY(auto from, held(call));
  const bool flat = call.input(0).layout.flat != nullptr;
  bool changed = false;
  for (std::size_t i = 0; i < starts->size(); ++i) {
    SLUICE_TRY(const std::int64_t fileAxis, normalizeAxis(axisOf(i), call.fileRank(0)));
    if (call.input(0).batched && fileAxis == 0) {
      const bool all = (*starts)[i] == 0 && stepOf(i) == 1 &&
                       ((*ends)[i] >= call.batch().value_or(INT32_MAX) || (*ends)[i] == openBatch);
      if (!all) return unsupported("it slices the batch axis");
      continue;
    }
    SLUICE_TRY(const std::int64_t axis, call.sampleAxis(0, fileAxis));
    const std::int64_t extent = call.sampleShape(0)[static_cast<std::size_t>(axis)];
    SLUICE_TRY(const List positions,
               slicePositions(extent, (*starts)[i], (*ends)[i], stepOf(i), call.budget()));
    if (positions.empty()) return unsupported("it leaves nothing of axis " + std::to_string(fileAxis));
    if (static_cast<std::int64_t>(positions.size()) == extent && positions[0] == 0) continue;
    SLUICE_TRY(from.first,
               gathered(call, from.first, flat ? axis : call.graphAxis(0, axis), positions, "slice"));
    changed = true;
  }
  if (!changed) return importIdentity(call);
  return finishAs(call, from.first, from.second);
}

/// Extents from the attribute (before operator set 13), the input (since), or equal ones.
Status importSplit(Call& call) {
  SLUICE_TRY(const std::int64_t given, call.integer("axis", 0));
  SLUICE_TRY(std::optional<List> sizes, call.integers("split"));
  SLUICE_TRY(const std::int64_t parts,
             call.integer("num_outputs", static_cast<std::int64_t>(call.outputCount())));
  if (call.has(1)) {
    SLUICE_TRY(sizes, call.integersInput(1, "the list of extents"));
  }
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  SLUICE_TRY(const std::int64_t axis, call.sampleAxis(0, given));
  const std::int64_t extent = call.sampleShape(0)[static_cast<std::size_t>(axis)];
  if (!sizes) {
    if (parts < 1 || parts > extent || parts > static_cast<std::int64_t>(call.outputCount()))
      return badInput("it splits an axis of " + std::to_string(extent) + " into " + std::to_string(parts));
    const std::int64_t each = (extent + parts - 1) / parts;
    sizes = List();
    for (std::int64_t k = 0, left = extent; k < parts; ++k, left -= each)
      sizes->push_back(std::min(each, left));
  }
  if (sizes->size() < call.outputCount())
    return badInput("it has " + std::to_string(call.outputCount()) + " outputs and " +
                    std::to_string(sizes->size()) + " extents");
  std::int64_t sum = 0;
  for (const std::int64_t size : *sizes) {
    if (size < 1 || size > extent) return badInput("a part has extent " + std::to_string(size));
    sum += size;
  }
  if (sum != extent)
    return badInput("its parts have " + std::to_string(sum) + " elements together, the axis " +
                    std::to_string(extent));
  SLUICE_TRY(const auto from, held(call));
  const ir::Shape shape = call.typeOf(from.first).shape;
  const auto at = static_cast<std::size_t>(call.input(0).layout.flat ? axis : call.graphAxis(0, axis));
  std::int64_t begin = 0;
  for (std::size_t k = 0; k < call.outputCount(); begin += (*sizes)[k], ++k) {
    if (!call.outputUsed(k)) continue;
    ir::Slice part{.begin = List(shape.size(), 0), .end = shape};
    part.begin[at] = begin;
    part.end[at] = begin + (*sizes)[k];
    SLUICE_RETURN_IF_ERROR(call.finish(std::move(part), {from.first}, call.input(0).batched, from.second, k));
  }
  return {};
}

namespace {

/// Where the elements of a padded axis come from: mirrored, repeated or wrapped.
Result<List> paddedPositions(const std::string& mode, std::int64_t extent, std::int64_t before,
                             std::int64_t after, FoldBudget& budget) {
  if (before > (1 << 20) || after > (1 << 20)) return unsupported("it pads by more than 2^20 elements");
  if (mode == "reflect" && (before >= extent || after >= extent))
    return unsupported("it mirrors more elements than axis of extent " + std::to_string(extent) + " has");
  SLUICE_RETURN_IF_ERROR(budget.take(before + extent + after));
  List positions;
  for (std::int64_t i = -before; i < extent + after; ++i) {
    if (mode == "edge")
      positions.push_back(std::clamp<std::int64_t>(i, 0, extent - 1));
    else if (mode == "wrap")
      positions.push_back(((i % extent) + extent) % extent);
    else
      positions.push_back(i < 0 ? -i : i >= extent ? 2 * (extent - 1) - i : i);
  }
  return positions;
}

}  // namespace

/// Attributes before operator set 11, inputs (pads, value, axes) since. Negative pads crop.
Status importPad(Call& call) {
  SLUICE_TRY(const std::string mode, call.text("mode", "constant"));
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    return unsupported("mode '" + shown(mode) + "'");
  SLUICE_TRY(std::optional<List> pads, call.integers("pads"));
  SLUICE_TRY(double value, call.real("value", 0));
  std::optional<List> axes;
  if (call.has(1)) {
    SLUICE_TRY(pads, call.integersInput(1, "the list of pads"));
  }
  if (call.has(2)) {
    SLUICE_TRY(value, call.scalarInput(2, "the value"));
  }
  if (call.has(3)) {
    SLUICE_TRY(axes, call.integersInput(3, "the list of axes"));
  }
  if (!pads) return badInput("it names no pads");
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const std::size_t rank = call.fileRank(0);
  if (!axes) axes = identityOrder(rank);
  if (pads->size() != 2 * axes->size())
    return badInput("it names " + std::to_string(pads->size()) + " pads for " + std::to_string(axes->size()) +
                    " axes");
  SLUICE_TRY(auto from, held(call));
  const bool flat = call.input(0).layout.flat != nullptr;
  const std::size_t sampleRank = call.sampleShape(0).size();
  ir::Pad pad{.before = List(sampleRank, 0), .after = List(sampleRank, 0), .value = value};
  bool pads_ = false, changed = false;
  for (std::size_t i = 0; i < axes->size(); ++i) {
    std::int64_t before = (*pads)[i], after = (*pads)[i + axes->size()];
    if (before == 0 && after == 0) continue;
    SLUICE_TRY(const std::int64_t axis, call.sampleAxis(0, (*axes)[i]));
    const auto at = static_cast<std::size_t>(flat ? axis : call.graphAxis(0, axis));
    const std::int64_t extent = call.typeOf(from.first).shape[at];
    constexpr std::int64_t most = std::int64_t{1} << 31;
    if (before < -extent || after < -extent || before > most || after > most)
      return badInput("it pads an axis of extent " + std::to_string(extent) + " by " +
                      std::to_string(before) + " and " + std::to_string(after));
    if (before < 0 || after < 0) {
      const std::int64_t begin = std::max<std::int64_t>(-before, 0),
                         end = extent + std::min<std::int64_t>(after, 0);
      if (begin >= end) return unsupported("it leaves nothing of an axis");
      ir::Slice crop{.begin = List(sampleRank, 0), .end = call.typeOf(from.first).shape};
      crop.begin[at] = begin;
      crop.end[at] = end;
      SLUICE_TRY(from.first, call.emit(std::move(crop), {from.first}, "cropped"));
      changed = true;
      before = std::max<std::int64_t>(before, 0);
      after = std::max<std::int64_t>(after, 0);
      if (before == 0 && after == 0) continue;
    }
    if (mode == "constant") {
      pad.before[at] = before;
      pad.after[at] = after;
      pads_ = true;
    } else {
      SLUICE_TRY(const List positions,
                 paddedPositions(mode, call.typeOf(from.first).shape[at], before, after, call.budget()));
      SLUICE_TRY(from.first, gathered(call, from.first, static_cast<std::int64_t>(at), positions, "padded"));
      changed = true;
    }
  }
  if (pads_) return call.finish(std::move(pad), {from.first}, call.input(0).batched, from.second);
  if (!changed) return importIdentity(call);
  return finishAs(call, from.first, from.second);
}

}  // namespace sluice::frontend
