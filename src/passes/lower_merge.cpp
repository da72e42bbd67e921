#include <algorithm>
#include <cmath>

#include "fixed/exact_bounds.h"
#include "ir/geometry.h"
#include "passes/chain_form.h"
#include "passes/fuse_chains.h"
#include "passes/passes.h"
#include "passes/products.h"

/// Where two computed tensors meet: sums on the common grid, products of codes, the smaller or larger of two.
namespace sluice::passes {
namespace {

/// On a common grid that is no power of two apart, factors above this would be multiplications that no one wants.
constexpr std::int64_t mostFactor = std::int64_t{1} << 32;

ir::Shape broadcastShape(const ir::Shape& a, const ir::Shape& b) {
  ir::Shape result(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (i < a.size()) result[result.size() - 1 - i] = a[a.size() - 1 - i];
    if (i < b.size())
      result[result.size() - 1 - i] = std::max(result[result.size() - 1 - i], b[b.size() - 1 - i]);
  }
  return result;
}

/// The shifts of a Merge of two tensors whose scales are powers of two apart, the same one for all channels.
std::optional<std::vector<std::uint32_t>> mergeShifts(const ir::Codes& x, const ir::Codes& y) {
  const std::size_t count = std::max(x.scale.size(), y.scale.size());
  const bool equalLists = x.scale.size() == y.scale.size();
  if (!equalLists) return std::nullopt;
  std::optional<int> apart;
  for (std::size_t i = 0; i < count; ++i) {
    const auto here = powerBetween(x.scale[i], y.scale[i]);
    if (!here || (apart && *apart != *here)) return std::nullopt;
    apart = here;
  }
  if (*apart > 61 || *apart < -61) return std::nullopt;
  return std::vector<std::uint32_t>{static_cast<std::uint32_t>(std::max(0, *apart)),
                                    static_cast<std::uint32_t>(std::max(0, -*apart))};
}

}  // namespace

/// Whether a quantizer follows, behind element-wise operations that nobody else reads, and a table of all pairs of
/// codes is small: then the chain becomes that.
bool LinearLowering::readsPairs(const ir::Node& node, ir::TensorId x, ir::TensorId y) const {
  const auto span = [&](ir::TensorId id) {
    const fixed::Interval range = rewrite_.to.tensor(id).type.codes->range;
    return static_cast<double>(range.hi) - static_cast<double>(range.lo) + 1;
  };
  if (span(x) * span(y) > static_cast<double>(mostPairs)) return false;
  const ir::Graph& graph = rewrite_.from;
  const ir::Shape& shape = graph.tensor(node.output).type.shape;
  if (rewrite_.to.tensor(x).type.shape != shape || rewrite_.to.tensor(y).type.shape != shape) return false;
  // Both must be read as they stand in the graph: codes, or real numbers that depend on them alone.
  ir::TensorId at = node.output;
  for (int steps = 0; steps < 64; ++steps) {
    if (rewrite_.readers(at) != 1 || users_[at.index].size() != 1) return false;
    const ir::Node& next = graph.node(users_[at.index][0]);
    if (std::holds_alternative<ir::Quantize>(next.operation))
      return std::get<ir::Quantize>(next.operation).scale.size() == 1;
    if (std::holds_alternative<ir::Bipolar>(next.operation)) return true;
    const bool elementWise = std::holds_alternative<ir::Unary>(next.operation) ||
                             std::holds_alternative<ir::BatchNormalize>(next.operation);
    const bool withConstant =
        std::holds_alternative<ir::Binary>(next.operation) &&
        (graph.tensor(next.inputs[0]).isConstant() || graph.tensor(next.inputs[1]).isConstant());
    if (!elementWise && !withConstant) return false;
    at = next.output;
  }
  return false;
}

ir::TensorId LinearLowering::spreadConstant(ir::TensorId id, const ir::Shape& shape) {
  const ir::Tensor tensor = rewrite_.to.tensor(id);
  std::vector<std::int64_t> codes;
  for (const std::int64_t from : ir::broadcastSources(tensor.type.shape, shape))
    codes.push_back(ir::codesOf(tensor)[static_cast<std::size_t>(from)]);
  return rewrite_.addConstant(tensor.name + ".spread", {.shape = shape, .codes = tensor.type.codes},
                              std::move(codes));
}

Result<bool> LinearLowering::merge(const ir::Node& node) {
  const auto kind = std::get<ir::Binary>(node.operation).kind;
  const bool sum = kind == ir::BinaryKind::add || kind == ir::BinaryKind::subtract;
  const bool product = kind == ir::BinaryKind::multiply;
  const bool order = kind == ir::BinaryKind::minimum || kind == ir::BinaryKind::maximum;
  if (!sum && !product && !order) return false;
  SLUICE_TRY(OnGrid::Maybe x, onGrid_.codes(node.inputs[0]));
  if (!x) return false;
  SLUICE_TRY(OnGrid::Maybe y, onGrid_.codes(node.inputs[1]));
  if (!y) return false;
  const auto codesOf = [&](OnGrid::Maybe id) -> const ir::Codes& {
    return *rewrite_.to.tensor(*id).type.codes;
  };

  if (product) {
    const ir::Codes& a = codesOf(x);
    const ir::Codes& b = codesOf(y);
    for (const double left : a.scale)
      for (const double right : b.scale) {
        const auto exact = fixed::Bounds::of(left) * fixed::Bounds::of(right);
        if (!exact.isPoint()) return false;
      }
    SLUICE_TRY(const ir::TensorId made,
               rewrite_.replace(node, ir::CodeBinary{.kind = ir::CodeBinaryKind::multiply}, {*x, *y},
                                originsOf(node)));
    (void)made;
    return true;
  }

  std::optional<std::vector<std::uint32_t>> shifts = mergeShifts(codesOf(x), codesOf(y));
  if (!shifts) {
    if (!sum && readsPairs(node, *x, *y)) return false;
    std::vector<double> scales = codesOf(x).scale;
    scales.insert(scales.end(), codesOf(y).scale.begin(), codesOf(y).scale.end());
    const auto step = commonStep(scales);
    if (!step) return false;
    bool dyadic = true;
    for (const double scale : scales) {
      const auto factor = wholeSteps(scale, *step);
      if (!factor || *factor > mostFactor) return false;
      dyadic = dyadic && powerBetween(scale, *step);
    }
    if (!dyadic && readsPairs(node, *x, *y)) return false;
    // One scale each, a power of two apart, or equal ones.
    const auto both = [&](OnGrid::Maybe& id) -> Status {
      const double own = codesOf(id).scale.size() == 1 && powerBetween(codesOf(id).scale[0], *step)
                             ? codesOf(id).scale[0]
                             : *step;
      SLUICE_TRY(id, onGrid_.inSteps(*id, own, node));
      return {};
    };
    SLUICE_RETURN_IF_ERROR(both(x));
    if (!x) return false;
    SLUICE_RETURN_IF_ERROR(both(y));
    if (!y) return false;
    shifts = mergeShifts(codesOf(x), codesOf(y));
    if (!shifts) return false;
  }
  if (order) {
    if (std::max(codesOf(x).scale.size(), codesOf(y).scale.size()) > 1 &&
        rewrite_.to.tensor(*x).type.shape != rewrite_.to.tensor(*y).type.shape)
      return false;
    // Compared on one grid, with one zero point.
    const double step = std::min(codesOf(x).scale[0], codesOf(y).scale[0]);
    if (codesOf(x).scale != codesOf(y).scale) {
      SLUICE_TRY(x, onGrid_.inSteps(*x, step, node));
      if (!x) return false;
      SLUICE_TRY(y, onGrid_.inSteps(*y, step, node));
      if (!y) return false;
    }
    if (codesOf(x).zeroPoint != codesOf(y).zeroPoint) {
      SLUICE_TRY(x, onGrid_.withoutZeroPoint(*x, node));
      if (!x) return false;
      SLUICE_TRY(y, onGrid_.withoutZeroPoint(*y, node));
      if (!y) return false;
    }
    if (codesOf(x).scale != codesOf(y).scale || codesOf(x).zeroPoint != codesOf(y).zeroPoint) return false;
    const auto pick =
        kind == ir::BinaryKind::minimum ? ir::CodeBinaryKind::minimum : ir::CodeBinaryKind::maximum;
    SLUICE_TRY(const ir::TensorId made,
               rewrite_.replace(node, ir::CodeBinary{.kind = pick}, {*x, *y}, originsOf(node)));
    (void)made;
    return true;
  }

  const ir::Shape shape =
      broadcastShape(rewrite_.to.tensor(*x).type.shape, rewrite_.to.tensor(*y).type.shape);
  for (OnGrid::Maybe* id : {&x, &y}) {
    const ir::Tensor& operand = rewrite_.to.tensor(**id);
    if (operand.type.shape == shape) continue;
    if (operand.isConstant()) {
      *id = spreadConstant(**id, shape);
      continue;
    }
    SLUICE_TRY(*id, rewrite_.add(node.name + ".spread", ir::Expand{.shape = shape}, {**id}, originsOf(node)));
    if (codesOf(*id).scale.size() > 1 && !mergeShifts(codesOf(x), codesOf(y))) return false;
  }
  if (kind == ir::BinaryKind::subtract) {
    const ir::Codes codes = codesOf(y);
    if (!ir::isPerChannel(codes, shape)) return false;
    const ir::TensorId a = rewrite_.addIntegers(node.name + ".a", {1}, {-1});
    const ir::TensorId b = rewrite_.addIntegers(node.name + ".b", {1}, {0});
    SLUICE_TRY(y, rewrite_.add(node.name + ".negated",
                               ir::Rescale{.shift = 0,
                                           .range = {-codes.range.hi, -codes.range.lo},
                                           .tieToEven = false,
                                           .scale = codes.scale,
                                           .zeroPoint = -codes.zeroPoint},
                               {*y, a, b}, originsOf(node)));
  }
  // Codes must stay within the limits of 62 bits.
  double size = 0;
  for (const std::size_t k : {0u, 1u}) {
    const fixed::Interval range = codesOf(k == 0 ? x : y).range;
    size += std::ldexp(static_cast<double>(std::max(range.hi, -range.lo)), static_cast<int>((*shifts)[k]));
  }
  if (size > 0x1p60) return false;
  SLUICE_TRY(const ir::TensorId made,
             rewrite_.replace(node, ir::Merge{.shift = std::move(*shifts)}, {*x, *y}, originsOf(node)));
  (void)made;
  return true;
}

}  // namespace sluice::passes
