#include <algorithm>

#include "frontend/operators.h"

/// Reductions over axes of a sample.
namespace sluice::frontend {

namespace {

using ir::ReduceKind;
using ir::UnaryKind;

/// What is done to each element before and to the result behind the reduction proper.
struct Reduction {
  ReduceKind kind;
  std::optional<UnaryKind> before, after;
  bool squares = false;
};

/// Axes are an attribute, or an input since operator set 13 (sum) or 18 (the others); without them, all.
Status importReduce(Call& call, const Reduction& steps) {
  SLUICE_TRY(std::optional<std::vector<std::int64_t>> axes, call.integers("axes"));
  SLUICE_TRY(const std::int64_t keep, call.integer("keepdims", 1));
  SLUICE_TRY(const std::int64_t idle, call.integer("noop_with_empty_axes", 0));
  if (call.has(1)) {
    SLUICE_TRY(axes, call.integersInput(1, "the list of axes"));
  }
  if (!call.input(0).isRuntime()) return unsupported("its input is a constant");
  const Value& x = call.input(0);
  if (!axes || axes->empty()) {
    if (idle != 0) return importIdentity(call);
    if (x.batched) return unsupported("without axes it would run over the batch, too; name the axes");
    axes = identityOrder(call.fileRank(0));
  }
  std::vector<std::int64_t> dropped, graphAxes;
  if (axes->size() > call.fileRank(0)) return badInput("it names more axes than there are");
  const bool flat = x.layout.flat != nullptr;
  for (const std::int64_t given : *axes) {
    SLUICE_TRY(const std::int64_t axis, call.sampleAxis(0, given));
    if (std::find(dropped.begin(), dropped.end(), axis) != dropped.end())
      return badInput("it names an axis twice");
    dropped.push_back(axis);
    graphAxes.push_back(flat ? axis : call.graphAxis(0, axis));
  }
  std::sort(graphAxes.begin(), graphAxes.end());
  // A flattened tensor is reduced as it lies, and nothing is left of its order.
  const Order order = orderOf(x.layout, call.sampleShape(0).size());
  const Layout layout = layoutOf(keep != 0 ? order : withoutAxes(order, dropped));
  ir::TensorId tensor = x.tensor;
  if (steps.before) {
    SLUICE_TRY(tensor, call.emit(ir::Unary{.kind = *steps.before}, {tensor}, "each"));
  }
  if (steps.squares) {
    SLUICE_TRY(tensor, call.emit(ir::Binary{ir::BinaryKind::multiply}, {tensor, tensor}, "squares"));
  }
  const ir::Reduce reduce{.kind = steps.kind, .axes = graphAxes, .keepDims = keep != 0};
  if (!steps.after) return call.finish(reduce, {tensor}, x.batched, layout);
  SLUICE_TRY(tensor, call.emit(reduce, {tensor}, "reduced"));
  return call.finish(ir::Unary{.kind = *steps.after}, {tensor}, x.batched, layout);
}

}  // namespace

Status importReduceSum(Call& call) { return importReduce(call, {.kind = ReduceKind::sum}); }
Status importReduceMean(Call& call) { return importReduce(call, {.kind = ReduceKind::mean}); }
Status importReduceMax(Call& call) { return importReduce(call, {.kind = ReduceKind::max}); }
Status importReduceMin(Call& call) { return importReduce(call, {.kind = ReduceKind::min}); }
Status importReduceProd(Call& call) { return importReduce(call, {.kind = ReduceKind::product}); }
Status importReduceL1(Call& call) {
  return importReduce(call, {.kind = ReduceKind::sum, .before = UnaryKind::absolute});
}
Status importReduceL2(Call& call) {
  return importReduce(call, {.kind = ReduceKind::sum, .after = UnaryKind::sqrt, .squares = true});
}
Status importReduceSumSquare(Call& call) {
  return importReduce(call, {.kind = ReduceKind::sum, .squares = true});
}
Status importReduceLogSum(Call& call) {
  return importReduce(call, {.kind = ReduceKind::sum, .after = UnaryKind::log});
}
Status importReduceLogSumExp(Call& call) {
  return importReduce(call, {.kind = ReduceKind::sum, .before = UnaryKind::exp, .after = UnaryKind::log});
}

}  // namespace sluice::frontend
