#include <cmath>

#include "passes/on_grid.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

/// The shift with large / 2^shift == small, exactly.
std::optional<std::uint32_t> shiftBetween(double large, double small) {
  for (std::uint32_t shift = 0; shift <= 61; ++shift)
    if (std::ldexp(small, static_cast<int>(shift)) == large) return shift;
  return std::nullopt;
}

Result<std::optional<ir::TensorId>> negated(Rewrite& rewrite, const ir::Node& node, ir::TensorId x) {
  const ir::Codes codes = *rewrite.to.tensor(x).type.codes;
  const ir::TensorId a = rewrite.addIntegers(node.name + ".a", {1}, {-1});
  const ir::TensorId b = rewrite.addIntegers(node.name + ".b", {1}, {0});
  SLUICE_TRY(const ir::TensorId made, rewrite.add(node.name + ".negated",
                                                  ir::Rescale{.shift = 0,
                                                              .range = {-codes.range.hi, -codes.range.lo},
                                                              .tieToEven = false,
                                                              .scale = codes.scale,
                                                              .zeroPoint = -codes.zeroPoint},
                                                  {x, a, b}, originsOf(node)));
  return std::optional<ir::TensorId>(made);
}

}  // namespace

Result<Change> lowerMerge(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  OnGrid onGrid(rewrite);
  for (const ir::Node& node : graph.nodes) {
    const auto* binary = std::get_if<ir::Binary>(&node.operation);
    const bool sum = binary != nullptr &&
                     (binary->kind == ir::BinaryKind::add || binary->kind == ir::BinaryKind::subtract) &&
                     !graph.tensor(node.inputs[0]).isConstant() && !graph.tensor(node.inputs[1]).isConstant();
    std::optional<ir::TensorId> x, y;
    if (sum) {
      SLUICE_TRY(x, onGrid.codes(node.inputs[0]));
    }
    if (x) {
      SLUICE_TRY(y, onGrid.codes(node.inputs[1]));
    }
    std::optional<std::pair<std::uint32_t, std::uint32_t>> shifts;
    if (x && y) {
      const ir::TensorType& a = rewrite.to.tensor(*x).type;
      const ir::TensorType& b = rewrite.to.tensor(*y).type;
      const ir::Shape& out = graph.tensor(node.output).type.shape;
      if (a.shape == out && b.shape == out && a.codes->scale.size() == 1 && b.codes->scale.size() == 1) {
        const double left = a.codes->scale[0];
        const double right = b.codes->scale[0];
        if (const auto shift = shiftBetween(left, right))
          shifts = std::pair{*shift, 0u};
        else if (const auto other = shiftBetween(right, left))
          shifts = std::pair{0u, *other};
      }
    }
    if (!shifts) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    if (binary->kind == ir::BinaryKind::subtract) {
      SLUICE_TRY(y, negated(rewrite, node, *y));
    }
    SLUICE_TRY(const ir::TensorId added,
               rewrite.replace(node, ir::Merge{.shift = {shifts->first, shifts->second}}, {*x, *y},
                               originsOf(node)));
    (void)added;
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes
