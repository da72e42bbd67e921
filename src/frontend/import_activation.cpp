#include <cmath>
#include <limits>

#include "frontend/operators.h"

/// Functions of one element. Constants fold in double precision; what is computed becomes unary nodes.
namespace sluice::frontend {

namespace {

using ir::UnaryKind;

Status onComputed(Call& call, ir::Unary unary) {
  if (call.input(0).isConstant()) return unsupported("its input is a constant");
  return call.finishUnary(unary);
}

Status foldOrAdd(Call& call, FoldUnary fold, UnaryKind kind) {
  if (!call.input(0).isConstant()) return call.finishUnary(ir::Unary{.kind = kind});
  SLUICE_TRY(const std::shared_ptr<const Constant> a, call.constantInput(0, "the input"));
  SLUICE_TRY(Constant folded, foldUnary(fold, *a, call.budget()));
  call.define(std::move(folded));
  return {};
}

/// An attribute and what it is if it is left out.
struct Setting {
  const char* name;
  double otherwise;
};

Status withSettings(Call& call, UnaryKind kind, Setting alpha, Setting beta = {nullptr, 0}) {
  ir::Unary unary{.kind = kind};
  SLUICE_TRY(unary.alpha, call.real(alpha.name, alpha.otherwise));
  if (beta.name != nullptr) {
    SLUICE_TRY(unary.beta, call.real(beta.name, beta.otherwise));
  }
  return onComputed(call, unary);
}

}  // namespace

Status importRelu(Call& call) { return foldOrAdd(call, FoldUnary::relu, UnaryKind::relu); }
Status importSigmoid(Call& call) { return foldOrAdd(call, FoldUnary::sigmoid, UnaryKind::sigmoid); }
Status importTanh(Call& call) { return foldOrAdd(call, FoldUnary::tanh, UnaryKind::tanh); }
Status importNeg(Call& call) { return foldOrAdd(call, FoldUnary::negate, UnaryKind::negate); }
Status importAbs(Call& call) { return foldOrAdd(call, FoldUnary::absolute, UnaryKind::absolute); }
Status importSqrt(Call& call) { return foldOrAdd(call, FoldUnary::squareRoot, UnaryKind::sqrt); }
Status importFloor(Call& call) { return foldOrAdd(call, FoldUnary::floor, UnaryKind::floor); }
Status importCeil(Call& call) { return foldOrAdd(call, FoldUnary::ceil, UnaryKind::ceil); }
Status importRound(Call& call) { return foldOrAdd(call, FoldUnary::round, UnaryKind::round); }
Status importExp(Call& call) { return foldOrAdd(call, FoldUnary::exp, UnaryKind::exp); }
Status importLog(Call& call) { return foldOrAdd(call, FoldUnary::log, UnaryKind::log); }
Status importErf(Call& call) { return foldOrAdd(call, FoldUnary::erf, UnaryKind::erf); }
Status importSign(Call& call) { return foldOrAdd(call, FoldUnary::sign, UnaryKind::sign); }

Status importReciprocal(Call& call) {
  if (call.input(0).isConstant()) return foldOrAdd(call, FoldUnary::reciprocal, UnaryKind::identity);
  const ir::TensorId one = call.addScalar("one", 1);
  return call.finish(ir::Binary{ir::BinaryKind::divide}, {one, call.input(0).tensor}, call.input(0).batched,
                     call.input(0).layout);
}

Status importSoftplus(Call& call) { return onComputed(call, {.kind = UnaryKind::softplus}); }
Status importSoftsign(Call& call) { return onComputed(call, {.kind = UnaryKind::softsign}); }
Status importMish(Call& call) { return onComputed(call, {.kind = UnaryKind::mish}); }
// Defaults are float32 numbers in the definition of the format.
Status importElu(Call& call) { return withSettings(call, UnaryKind::elu, {"alpha", 1}); }
Status importCelu(Call& call) { return withSettings(call, UnaryKind::celu, {"alpha", 1}); }
Status importSelu(Call& call) {
  return withSettings(call, UnaryKind::selu, {"alpha", 1.67326319217681884765625f},
                      {"gamma", 1.05070102214813232421875f});
}
Status importLeakyRelu(Call& call) { return withSettings(call, UnaryKind::leakyRelu, {"alpha", 0.01f}); }
Status importThresholdedRelu(Call& call) {
  return withSettings(call, UnaryKind::thresholdedRelu, {"alpha", 1});
}
Status importHardSigmoid(Call& call) {
  return withSettings(call, UnaryKind::hardSigmoid, {"alpha", 0.2f}, {"beta", 0.5});
}
Status importHardSwish(Call& call) {
  return onComputed(call, {.kind = UnaryKind::hardSwish, .alpha = 1.0 / 6, .beta = 0.5});
}

Status importGelu(Call& call) {
  SLUICE_TRY(const std::string approximate, call.text("approximate", "none"));
  const bool byTanh = approximate.compare("tanh") == 0;
  if (!byTanh && approximate.compare("none") != 0)
    return unsupported("approximate '" + shown(approximate) + "' is not known; none and tanh are");
  return onComputed(call, {.kind = byTanh ? UnaryKind::geluTanh : UnaryKind::gelu});
}

/// Bounds are attributes before operator set 11, inputs since; either may be left out.
Status importClip(Call& call) {
  constexpr double largest = std::numeric_limits<float>::max();
  std::optional<double> low, high;
  if (call.attribute("min") != nullptr) {
    SLUICE_TRY(low, call.real("min", 0));
  }
  if (call.attribute("max") != nullptr) {
    SLUICE_TRY(high, call.real("max", 0));
  }
  if (call.has(1)) {
    SLUICE_TRY(low, call.scalarInput(1, "the lower bound"));
  }
  if (call.has(2)) {
    SLUICE_TRY(high, call.scalarInput(2, "the upper bound"));
  }
  if (low && *low <= -largest) low.reset();
  if (high && *high >= largest) high.reset();
  if (low && high && *low > *high)
    return unsupported("its lower bound " + std::to_string(*low) + " exceeds the upper one " +
                       std::to_string(*high));
  const Value& x = call.input(0);
  if (x.isConstant()) {
    SLUICE_TRY(const std::shared_ptr<const Constant> from, call.constantInput(0, "the input"));
    Constant folded = *from;
    for (const auto& [bound, kind] :
         {std::pair(low, FoldKind::maximum), std::pair(high, FoldKind::minimum)}) {
      if (!bound) continue;
      Constant limit{.shape = {}, .data = std::vector<double>{*bound}, .symbolic = false};
      if (!folded.isReal())
        limit.data = std::vector<std::int64_t>{static_cast<std::int64_t>(std::lround(*bound))};
      SLUICE_TRY(folded, foldBinary(kind, folded, limit, call.budget()));
    }
    folded.type = from->type;
    call.define(std::move(folded));
    return {};
  }
  if (x.codes) {
    // A narrower range of the quantizer before it. (QCDQ: a 4-bit tensor in 8-bit integers.)
    const FileCodes codes = *x.codes;
    fixed::Interval range = codes.range;
    if (low) range.lo = std::max(range.lo, static_cast<std::int64_t>(std::lround(std::max(*low, -0x1p40))));
    if (high) range.hi = std::min(range.hi, static_cast<std::int64_t>(std::lround(std::min(*high, 0x1p40))));
    if (range.lo > range.hi) return badInput("no integer of the input lies between its bounds");
    FileCodes narrower = codes;
    narrower.range = range;
    const auto meaning = std::make_shared<const FileCodes>(std::move(narrower));
    // The graph's codes have no zero point.
    const bool plain = codes.scale.size() == 1 && codes.zero.size() == 1;
    const fixed::Interval held =
        plain ? fixed::Interval{range.lo - codes.zero[0], range.hi - codes.zero[0]} : range;
    if (plain && call.narrowQuantizer(0, held)) {
      call.define(x);
    } else {
      if (!plain) return unsupported("it clips integers with several scales or zero points");
      const ir::Quantize again{.scale = codes.scale, .range = held};
      SLUICE_RETURN_IF_ERROR(call.finishUnary(again));
    }
    call.setCodes(meaning);
    return {};
  }
  if (low && high) return call.finishUnary(ir::Unary{.kind = UnaryKind::clip, .alpha = *low, .beta = *high});
  if (!low && !high) {
    call.define(x);
    return {};
  }
  if (low && *low == 0) return call.finishUnary(ir::Unary{.kind = UnaryKind::relu});
  const ir::TensorId bound = call.addScalar("bound", low ? *low : *high);
  const auto kind = low ? ir::BinaryKind::maximum : ir::BinaryKind::minimum;
  return call.finish(ir::Binary{kind}, {x.tensor, bound}, x.batched, x.layout);
}

}  // namespace sluice::frontend
