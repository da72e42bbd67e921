#include "passes/element_function.h"

#include <algorithm>

#include "passes/functions.h"

namespace sluice::passes {

/// One step on any of the three kinds of numbers.
template <typename Number>
Number Evaluator::valueOf(const Step& step, const std::vector<Number>& values, Point at) const {
  const auto& a = values[step.a];
  const auto& b = values[step.b];
  switch (step.kind) {
    case StepKind::variable:
      return Number::ofInteger(step.data == 0 ? at.x : at.second);
    case StepKind::constant: {
      const auto& list = *function_.constants[step.data];
      return Number::of(list[list.size() == 1 ? 0 : static_cast<std::size_t>(channel_) % list.size()]);
    }
    case StepKind::pi:
      return circleNumber<Number>();
    case StepKind::add:
      return a + b;
    case StepKind::subtract:
      return a - b;
    case StepKind::multiply:
      return a * b;
    case StepKind::divide:
      return a / b;
    case StepKind::power:
      return power(a, step.number);
    case StepKind::squareRoot:
      return squareRoot(a);
    case StepKind::relu:
      return relu(a);
    case StepKind::sigmoid:
      return sigmoid(a);
    case StepKind::tanh:
      return hyperbolicTangent(a);
    case StepKind::negate:
      return -a;
    case StepKind::exponential:
      return exponential(a);
    case StepKind::logarithm:
      return logarithm(a);
    case StepKind::errorFunction:
      return errorFunction(a);
    case StepKind::sign:
      return signOf(a);
    case StepKind::round:
      return rounded(a, static_cast<fixed::Rounding>(step.data));
    case StepKind::above:
      return keptAbove(a, step.number, false);
    case StepKind::from:
      return keptAbove(a, step.number, true);
    case StepKind::quantize:
    case StepKind::bipolar:
    case StepKind::level:
      break;  // the last step only: lastCode
  }
  return Number::unknown();
}

/// The code that the last step gives.
template <typename Number>
std::optional<std::int64_t> Evaluator::lastCode(const std::vector<Number>& values) const {
  const Step& last = function_.steps.back();
  const auto& a = values[last.a];
  if (last.kind == StepKind::level) return levelOf(a, function_.levels);
  if (last.kind == StepKind::bipolar) {
    const auto sign = a.sign();
    if (!sign) return std::nullopt;
    return *sign >= 0 ? 1 : -1;
  }
  const QuantizerStep& quantizer = function_.quantizer;
  if (quantizer.isClamp()) return roundAndClamp(a, quantizer.rounding, quantizer.range);
  const fixed::Interval range = quantizer.rangeOf(channel_);
  const std::int64_t subtract =
      quantizer.subtract.empty()
          ? 0
          : quantizer.subtract[static_cast<std::size_t>(channel_) % quantizer.subtract.size()];
  if (quantizer.overflow == fixed::Overflow::saturate) {
    const auto code = roundAndClamp(a, quantizer.rounding, range);
    if (!code) return std::nullopt;
    return *code - subtract;
  }
  const auto code = roundAndClamp(a, quantizer.rounding, {-fixed::widestCode, fixed::widestCode});
  // At its ends it may be anything beyond.
  if (!code || *code == -fixed::widestCode || *code == fixed::widestCode) return std::nullopt;
  return fixed::fit(*code, range, quantizer.overflow, quantizer.zero) - subtract;
}

Evaluator::Evaluator(const ElementFunction& function) : function_(function), bounds_(function.steps.size()) {
  for (std::uint32_t i = 0; i + 1 < function.steps.size(); ++i)
    if (function.steps[i].varies) varying_.push_back(i);
  setChannel(0);
}

void Evaluator::setChannel(std::int64_t channel) {
  channel_ = channel;
  exactReady_ = preciseReady_ = false;
  for (std::size_t i = 0; i + 1 < function_.steps.size(); ++i)
    if (!function_.steps[i].varies) bounds_[i] = valueOf(function_.steps[i], bounds_, {});
}

template <typename Number>
std::optional<std::int64_t> Evaluator::run(std::vector<Number>& values, bool& ready, Point at) {
  if (!ready) {
    values.assign(function_.steps.size(), Number::unknown());
    for (std::size_t i = 0; i + 1 < function_.steps.size(); ++i)
      if (!function_.steps[i].varies) values[i] = valueOf(function_.steps[i], values, {});
    ready = true;
  }
  for (const std::uint32_t i : varying_) values[i] = valueOf(function_.steps[i], values, at);
  return lastCode(values);
}

std::optional<std::int64_t> Evaluator::code(std::int64_t x, std::int64_t second) {
  const Point at{.x = x, .second = second};
  for (const std::uint32_t i : varying_) bounds_[i] = valueOf(function_.steps[i], bounds_, at);
  if (const auto quick = lastCode(bounds_)) return quick;
  ++exactDecisions_;
  if (const auto sure = run(exact_, exactReady_, at)) return sure;
  return run(precise_, preciseReady_, at);
}

double Evaluator::approximate() const {
  const fixed::Bounds& before = bounds_[function_.steps.back().a];
  return before.lo + (before.hi - before.lo) / 2;
}

std::optional<int> Evaluator::constantSign(std::uint32_t step) {
  if (const auto sign = bounds_[step].sign()) return sign;
  (void)run(exact_, exactReady_, {});
  if (const auto sign = exact_[step].sign()) return sign;
  (void)run(precise_, preciseReady_, {});
  return precise_[step].sign();
}

Direction Evaluator::direction() {
  std::vector<Direction> known(function_.steps.size(), Direction::constant);
  const auto flip = [](Direction d) {
    return d == Direction::rising ? Direction::falling : d == Direction::falling ? Direction::rising : d;
  };
  const auto join = [](Direction a, Direction b) {
    if (a == Direction::constant) return b;
    if (b == Direction::constant || a == b) return a;
    return Direction::unknown;
  };
  // What is proven of signs, for divisions by what varies.
  enum class Sign : std::uint8_t { unknown, notNegative, positive };
  std::vector<Sign> signs(function_.steps.size(), Sign::unknown);
  const auto least = [](Sign a, Sign b) { return std::min(a, b); };
  for (std::size_t i = 0; i < function_.steps.size(); ++i) {
    const Step& step = function_.steps[i];
    if (!step.varies) {
      const auto sign = constantSign(static_cast<std::uint32_t>(i));
      if (sign && *sign >= 0) signs[i] = *sign > 0 ? Sign::positive : Sign::notNegative;
      continue;
    }
    switch (step.kind) {
      case StepKind::relu:
        signs[i] = std::max(signs[step.a], Sign::notNegative);
        break;
      case StepKind::add:
        if (least(signs[step.a], signs[step.b]) != Sign::unknown)
          signs[i] = std::max(signs[step.a], signs[step.b]);
        break;
      case StepKind::multiply:
      case StepKind::divide:
        signs[i] = least(signs[step.a], signs[step.b]);
        break;
      case StepKind::squareRoot:
        signs[i] = signs[step.a];
        break;
      case StepKind::exponential:
        signs[i] = Sign::positive;
        break;
      default:
        break;
    }
    const Direction a = known[step.a];
    const Direction b = known[step.b];
    const auto times = [&](Direction direction, std::uint32_t factor) {
      const auto sign = constantSign(factor);
      if (!sign) return direction == Direction::constant ? direction : Direction::unknown;
      return *sign > 0 ? direction : *sign < 0 ? flip(direction) : Direction::constant;
    };
    switch (step.kind) {
      case StepKind::variable:
        known[i] = Direction::rising;
        break;
      case StepKind::constant:
      case StepKind::pi:
        break;
      case StepKind::add:
        known[i] = join(a, b);
        break;
      case StepKind::subtract:
        known[i] = join(a, flip(b));
        break;
      case StepKind::multiply:
        known[i] = !function_.steps[step.b].varies   ? times(a, step.b)
                   : !function_.steps[step.a].varies ? times(b, step.a)
                                                     : Direction::unknown;
        break;
      case StepKind::divide:
        known[i] = !function_.steps[step.b].varies ? times(a, step.b)
                   : !function_.steps[step.a].varies && signs[step.b] == Sign::positive
                       ? times(flip(b), step.a)
                       : Direction::unknown;
        break;
      case StepKind::power:
        known[i] = Direction::unknown;
        break;
      case StepKind::negate:
        known[i] = flip(a);
        break;
      case StepKind::above:
      case StepKind::from:
        known[i] = step.number >= 0 ? a : Direction::unknown;
        break;
      case StepKind::exponential:
      case StepKind::logarithm:
      case StepKind::errorFunction:
      case StepKind::sign:
      case StepKind::round:
      case StepKind::squareRoot:
      case StepKind::relu:
      case StepKind::sigmoid:
      case StepKind::tanh:
      case StepKind::quantize:
      case StepKind::bipolar:
      case StepKind::level:
        known[i] = a;
        break;
    }
  }
  return known.back();
}

std::optional<Evaluator::Affine> Evaluator::affine() {
  using fixed::Exact;
  if (function_.steps.back().kind != StepKind::quantize || function_.second.valid() ||
      !function_.quantizer.subtract.empty())
    return std::nullopt;
  // min(max(slope * x + offset, low), high), per step that varies.
  struct Form {
    Exact slope, offset;
    std::optional<Exact> low, high;
  };
  std::vector<Form> forms(function_.steps.size());
  (void)run(exact_, exactReady_, {});
  const auto apply = [](std::optional<Exact>& bound, const auto& change) {
    if (bound) bound = change(*bound);
  };
  for (const std::uint32_t i : varying_) {
    const Step& step = function_.steps[i];
    Form& form = forms[i];
    const bool aVaries = function_.steps[step.a].varies;
    const bool bVaries = function_.steps[step.b].varies;
    const auto plus = [&](Form base, const Exact& c) {
      base.offset = base.offset + c;
      apply(base.low, [&](const Exact& v) { return v + c; });
      apply(base.high, [&](const Exact& v) { return v + c; });
      return base;
    };
    const auto times = [&](Form base, const Exact& c) {
      base.slope = base.slope * c;
      base.offset = base.offset * c;
      apply(base.low, [&](const Exact& v) { return v * c; });
      apply(base.high, [&](const Exact& v) { return v * c; });
      if (c.sign().value_or(1) < 0) std::swap(base.low, base.high);
      return base;
    };
    switch (step.kind) {
      case StepKind::variable:
        form = {.slope = Exact::ofInteger(1),
                .offset = Exact::ofInteger(-function_.zeroPoint),
                .low = {},
                .high = {}};
        break;
      case StepKind::add:
        if (aVaries && bVaries) return std::nullopt;
        form = aVaries ? plus(forms[step.a], exact_[step.b]) : plus(forms[step.b], exact_[step.a]);
        break;
      case StepKind::subtract:
        if (aVaries && bVaries) return std::nullopt;
        form = aVaries ? plus(forms[step.a], -exact_[step.b])
                       : plus(times(forms[step.b], Exact::ofInteger(-1)), exact_[step.a]);
        break;
      case StepKind::multiply:
        if (aVaries && bVaries) return std::nullopt;
        form = aVaries ? times(forms[step.a], exact_[step.b]) : times(forms[step.b], exact_[step.a]);
        break;
      case StepKind::divide:
        if (bVaries) return std::nullopt;
        form = times(forms[step.a], Exact::ofInteger(1) / exact_[step.b]);
        break;
      case StepKind::negate:
        form = times(forms[step.a], Exact::ofInteger(-1));
        break;
      case StepKind::relu:
        form = forms[step.a];
        form.low = form.low ? relu(*form.low) : Exact();
        apply(form.high, [](const Exact& v) { return relu(v); });
        break;
      default:
        return std::nullopt;
    }
  }
  const Step& last = function_.steps.back();
  const Form& form = forms[last.a];
  const QuantizerStep& quantizer = function_.quantizer;
  const bool clamps = quantizer.overflow == fixed::Overflow::saturate;
  const fixed::Interval range =
      clamps ? quantizer.rangeOf(channel_) : fixed::Interval{-fixed::widestCode, fixed::widestCode};
  if (!form.slope.known() || !form.offset.known()) return std::nullopt;
  Affine result{.slope = form.slope, .offset = form.offset, .clamp = range, .rounding = quantizer.rounding};
  const auto code = [&](const std::optional<Exact>& bound,
                        std::int64_t otherwise) -> std::optional<std::int64_t> {
    if (!bound) return otherwise;
    return roundAndClamp(*bound, quantizer.rounding, range);
  };
  const auto low = code(form.low, range.lo);
  const auto high = code(form.high, range.hi);
  if (!low || !high || *low > *high) return std::nullopt;
  result.clamp = {*low, *high};
  return result;
}

}  // namespace sluice::passes
