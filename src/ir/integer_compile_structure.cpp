#include <cmath>

#include "ir/geometry.h"
#include "ir/integer_compiler.h"

/// Moves of elements as runs of neighbours, reductions, and operations of two computed tensors.
namespace sluice::ir {
namespace {

/// Appends one element; neighbours become one run.
void append(std::vector<Move::Run>& runs, std::uint32_t from, std::uint32_t to, bool constant) {
  if (!runs.empty()) {
    Move::Run& last = runs.back();
    if (last.to + last.length == to && (constant || last.from + last.length == from)) {
      ++last.length;
      return;
    }
  }
  runs.push_back({.from = from, .to = to, .length = 1});
}

}  // namespace

template <typename Operation>
void Compiler::compileMove(const Operation& operation, const Node& node, std::size_t y) {
  std::vector<Shape> shapes;
  std::vector<std::int64_t> firsts;  ///< of each input among all elements laid one after the other
  std::int64_t total = 0;
  Move step{.x = {}, .y = y, .runs = {}, .padding = {}, .paddingCode = 0};
  const std::vector<TensorId> inputs = dataInputs(node);
  for (const TensorId id : inputs) {
    shapes.push_back(graph_.tensor(id).type.shape);
    firsts.push_back(total);
    total += elements(shapes.back());
    step.x.push_back(place_[id.index]);
  }
  step.runs.resize(inputs.size());
  const std::vector<std::int64_t> sources = moveSources(operation, shapes);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::uint32_t to = paddedPosition(y, static_cast<std::int64_t>(i));
    if (sources[i] < 0) {
      append(step.padding, 0, to, true);
      continue;
    }
    const auto which = static_cast<std::size_t>(std::upper_bound(firsts.begin(), firsts.end(), sources[i]) -
                                                firsts.begin() - 1);
    append(step.runs[which], paddedPosition(step.x[which], sources[i] - firsts[which]), to, false);
  }
  if constexpr (std::is_same_v<Operation, Pad>) {
    const Codes& codes = *graph_.tensor(inputs[0]).type.codes;
    step.paddingCode =
        codes.zeroPoint +
        (operation.value == 0 ? 0 : static_cast<std::int64_t>(operation.value / codes.scale[0]));
  }
  plan_.steps.emplace_back(std::move(step));
}

void Compiler::compile(const Reshape& operation, const Node& node, std::size_t, std::size_t y) {
  compileMove(operation, node, y);
}
void Compiler::compile(const Transpose& operation, const Node& node, std::size_t, std::size_t y) {
  compileMove(operation, node, y);
}
void Compiler::compile(const Concat& operation, const Node& node, std::size_t, std::size_t y) {
  compileMove(operation, node, y);
}
void Compiler::compile(const Pad& operation, const Node& node, std::size_t, std::size_t y) {
  compileMove(operation, node, y);
}
void Compiler::compile(const Slice& operation, const Node& node, std::size_t, std::size_t y) {
  compileMove(operation, node, y);
}
void Compiler::compile(const Expand& operation, const Node& node, std::size_t, std::size_t y) {
  compileMove(operation, node, y);
}

void Compiler::compile(const Resize& operation, const Node& node, std::size_t x, std::size_t y) {
  if (operation.kind == ResizeKind::nearest) return compileMove(operation, node, y);
  Shape shape = graph_.tensor(node.inputs[0]).type.shape;
  const auto taps = resizeTaps(operation, shape);
  Interpolation step{.x = x, .y = y, .axes = {}};
  for (std::size_t axis = 0; axis < taps.size(); ++axis) {
    if (taps[axis].empty()) continue;
    Interpolation::Axis one{.in = static_cast<std::size_t>(shape[axis]),
                            .bits = static_cast<std::uint32_t>(dyadicBits(taps[axis])),
                            .taps = {}};
    for (std::size_t i = 0; i < axis; ++i) one.outer *= static_cast<std::size_t>(shape[i]);
    for (std::size_t i = axis + 1; i < shape.size(); ++i) one.inner *= static_cast<std::size_t>(shape[i]);
    for (const ResizeTap& tap : taps[axis])
      one.taps.push_back(
          {.low = static_cast<std::size_t>(tap.low),
           .high = static_cast<std::size_t>(tap.high),
           .weight = static_cast<std::int64_t>(std::ldexp(tap.weight, static_cast<int>(one.bits)))});
    shape[axis] = operation.shape[axis];
    step.axes.push_back(std::move(one));
  }
  plan_.steps.emplace_back(std::move(step));
}

void Compiler::compile(const Gather& operation, const Node& node, std::size_t x, std::size_t y) {
  const Shape& shape = graph_.tensor(node.inputs[0]).type.shape;
  Selection step{.x = x, .indices = place_[node.inputs[1].index], .y = y};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto axis = static_cast<std::size_t>(operation.axis);
    (i < axis ? step.outer : i == axis ? step.extent : step.inner) *= static_cast<std::size_t>(shape[i]);
  }
  plan_.steps.emplace_back(step);
}

void Compiler::compile(const Reduce& operation, const Node& node, std::size_t x, std::size_t y) {
  const Shape& shape = graph_.tensor(node.inputs[0]).type.shape;
  const auto reduced = reducedShape(shape, operation);
  SLUICE_CHECK(reduced.ok(), "inference accepted the axes");
  const std::vector<std::int64_t> targets = reduceTargets(shape, *reduced);
  const std::size_t columns = plan_.places[x].columns;
  Reduction step{.x = x,
                 .y = y,
                 .kind = operation.kind,
                 .alongRow = !shape.empty() && reduced->reduced.back(),
                 .targets = {},
                 .first = {}};
  std::vector<bool> seen(static_cast<std::size_t>(elements(reduced->shape)));
  for (std::size_t row = 0; row * columns < targets.size(); ++row) {
    const auto target = static_cast<std::size_t>(targets[row * columns]);
    step.targets.push_back(paddedPosition(y, targets[row * columns]));
    step.first.push_back(!seen[target]);
    seen[target] = true;
  }
  plan_.steps.emplace_back(std::move(step));
}

void Compiler::compile(const CodeMatMul&, const Node& node, std::size_t x, std::size_t y) {
  const TensorType& a = graph_.tensor(node.inputs[0]).type;
  const TensorType& b = graph_.tensor(node.inputs[1]).type;
  const auto n = static_cast<std::size_t>(a.shape.back()), m = static_cast<std::size_t>(b.shape.back());
  const std::size_t rows = static_cast<std::size_t>(elements(a.shape)) / n;
  const std::size_t matrices = static_cast<std::size_t>(elements(b.shape)) / (n * m);
  plan_.steps.emplace_back(PairProduct{.x = x,
                                       .w = place_[node.inputs[1].index],
                                       .y = y,
                                       .n = n,
                                       .m = m,
                                       .rowsPerMatrix = rows / matrices,
                                       .zeroX = a.codes->zeroPoint,
                                       .zeroW = b.codes->zeroPoint});
}

void Compiler::compile(const CodeBinary& operation, const Node& node, std::size_t x, std::size_t y) {
  const TensorType& a = graph_.tensor(node.inputs[0]).type;
  const TensorType& b = graph_.tensor(node.inputs[1]).type;
  const Shape& shape = graph_.tensor(node.output).type.shape;
  PairElementwise step{.x = x,
                       .w = place_[node.inputs[1].index],
                       .y = y,
                       .kind = operation.kind,
                       .zeroX = a.codes->zeroPoint,
                       .zeroW = b.codes->zeroPoint,
                       .left = {},
                       .right = {}};
  for (const std::int64_t at : broadcastSources(a.shape, shape))
    step.left.push_back(paddedPosition(step.x, at));
  for (const std::int64_t at : broadcastSources(b.shape, shape))
    step.right.push_back(paddedPosition(step.w, at));
  plan_.steps.emplace_back(std::move(step));
}

void Compiler::compile(const PairLookup& operation, const Node& node, std::size_t x, std::size_t y) {
  const Shape& shape = graph_.tensor(node.inputs[2]).type.shape;
  plan_.steps.emplace_back(PairTable{.x = x,
                                     .w = place_[node.inputs[1].index],
                                     .y = y,
                                     .entries = static_cast<std::size_t>(shape[1]),
                                     .shared = shape[0] == 1,
                                     .lookup = operation,
                                     .table = parameter(node, 2)});
}

}  // namespace sluice::ir
