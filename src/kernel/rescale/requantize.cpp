#include "kernel/rescale/requantize.h"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <tuple>

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"
#include "kernel/elementwise.h"

namespace sluice::kernel {
namespace {

using fixed::Interval;
using fixed::Overflow;
using fixed::Rounding;
using hdl::Signal;

std::int64_t shiftOf(const RequantizeParams& p, std::uint32_t c) {
  return p.shift.size() == 1 ? p.shift[0] : p.shift[c];
}
Interval rangeOf(const RequantizeParams& p, std::uint32_t c) {
  return p.ranges.size() == 1 ? p.ranges[0] : p.ranges[c];
}
std::uint32_t foldsOf(const RequantizeParams& p) {
  return p.shift.size() == 1 && p.ranges.size() == 1 ? 1 : p.channels / p.pack;
}

/// What rounding makes of the input: monotone, so the ends are reached at the ends.
Interval rounded(Interval x, std::int64_t shift, Rounding rounding) {
  if (shift <= 0) return {x.lo * (std::int64_t{1} << -shift), x.hi * (std::int64_t{1} << -shift)};
  const auto bits = static_cast<std::uint32_t>(shift);
  return {fixed::roundShiftRight(x.lo, bits, rounding), fixed::roundShiftRight(x.hi, bits, rounding)};
}

Status checkChannel(const RequantizeParams& p, std::uint32_t c) {
  const std::int64_t shift = shiftOf(p, c);
  const Interval range = rangeOf(p, c);
  const std::string who = "channel " + std::to_string(c);
  if (shift < -62 || shift > 62) return badInput("a shift of " + std::to_string(shift) + " bits; at most 62");
  if (range.lo > range.hi) return badInput("the range of " + who + " is empty");
  const std::int64_t most =
      shift < 0 ? kLargest >> -shift : kLargest - (std::int64_t{1} << std::min<std::int64_t>(shift, 60));
  for (const std::int64_t end : {p.input.lo, p.input.hi})
    if (end > most || end < -most) return unsupported(who + " needs more than 62 bits");
  if (range.contains(rounded(p.input, shift, p.rounding))) return {};
  if (p.overflow == Overflow::wrapSignMagnitude) return unsupported("reflecting overflow has no kernel");
  const auto size = static_cast<std::uint64_t>(range.hi) - static_cast<std::uint64_t>(range.lo) + 1;
  if (p.overflow == Overflow::wrap && !std::has_single_bit(size))
    return unsupported("wrapping into a range of " + std::to_string(size) +
                       " codes, no power of two, has no kernel");
  return {};
}

Status checkParams(const RequantizeParams& p) {
  if (p.channels == 0) return badInput("a requantizer of no channels");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.channels, "channels"));
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  for (const std::size_t size : {p.shift.size(), p.ranges.size()})
    if (size != 1 && size != p.channels)
      return badInput(std::to_string(size) + " shifts or ranges for " + std::to_string(p.channels) +
                      " channels: one for all, or one each");
  for (std::uint32_t c = 0; c < p.channels; ++c) SLUICE_RETURN_IF_ERROR(checkChannel(p, c));
  return {};
}

/// x / 2^shift, rounded: half a step or less than one is added, and the rest cut off.
Signal round(hdl::Builder& b, Signal x, std::int64_t shift, Rounding rounding) {
  if (shift <= 0) return b.shiftLeft(x, static_cast<std::uint32_t>(-shift));
  const auto bits = static_cast<std::uint32_t>(shift);
  const std::int64_t half = std::int64_t{1} << (shift - 1), nearlyOne = 2 * half - 1;
  const auto plus = [&](std::int64_t value) { return b.add(x, b.constant(value)); };
  const auto bySign = [&](std::int64_t ofNegative, std::int64_t ofOthers) {
    return b.mux(b.less(x, b.constant(0)), plus(ofNegative), plus(ofOthers));
  };
  const auto sum = [&]() -> Signal {
    switch (rounding) {
      case Rounding::floor:
        return x;
      case Rounding::ceil:
        return plus(nearlyOne);
      case Rounding::towardZero:
        return bySign(nearlyOne, 0);
      case Rounding::awayFromZero:
        return bySign(0, nearlyOne);
      case Rounding::halfUp:
        return plus(half);
      case Rounding::halfDown:
        return plus(half - 1);
      case Rounding::halfAwayFromZero:
        return bySign(half - 1, half);
      case Rounding::halfTowardZero:
        return bySign(half, half - 1);
      case Rounding::halfEven:
        break;
    }
    const Signal wide = b.wrap(x, {std::max(b.width(x), bits + 1), b.range(x).lo < 0});
    const Signal odd =
        b.range(x).lo == b.range(x).hi ? b.constant((b.range(x).lo >> bits) & 1) : b.slice(wide, bits, 1);
    return b.add(plus(half - 1), odd);
  };
  return b.shiftRight(sum(), bits);
}

Signal fit(hdl::Builder& b, Signal value, Interval range, Overflow overflow) {
  // The least code of two's complement is outside even where the format holds it.
  if (overflow == Overflow::saturateSymmetric) range.lo = std::max(range.lo, -range.hi);
  if (range.contains(b.range(value))) return value;
  if (range.lo == range.hi) return b.constant(range.lo);
  switch (overflow) {
    case Overflow::saturate:
    case Overflow::saturateSymmetric:
      return b.clamp(value, range);
    case Overflow::saturateToZero: {
      const Signal inside =
          b.bitAnd(b.lessEqual(b.constant(range.lo), value), b.lessEqual(value, b.constant(range.hi)));
      // Where the mux takes it, the value is inside: clamping only says so.
      return b.mux(inside, b.clamp(value, range), b.constant(0));
    }
    case Overflow::wrap:
    case Overflow::wrapSignMagnitude:
      break;
  }
  const auto size = static_cast<std::uint64_t>(range.hi) - static_cast<std::uint64_t>(range.lo) + 1;
  const auto bits = static_cast<std::uint32_t>(std::countr_zero(size));
  const bool twosComplement = range.lo < 0 && range.lo == -(range.hi + 1);
  if (range.lo == 0 || twosComplement) return b.wrap(value, {bits, twosComplement});
  return b.add(b.wrap(b.subtract(value, b.constant(range.lo)), {bits, false}), b.constant(range.lo));
}

void build(const RequantizeParams& p, Interval output, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const fixed::IntegerFormat in = fixed::formatFor(p.input);
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  const std::uint32_t folds = foldsOf(p);
  std::vector<Pipeline::Value> y;
  for (std::uint32_t e = 0; e < p.pack; ++e) {
    const Signal x = numberAt(b, held, e * in.bits, in, p.input);
    std::map<std::int64_t, Signal> byShift;
    std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t>, Signal> paths;
    std::vector<Signal> choices;
    for (std::uint32_t f = 0; f < folds; ++f) {
      const std::uint32_t c = f * p.pack + e;
      const std::int64_t shift = shiftOf(p, c);
      const Interval range = rangeOf(p, c);
      if (!byShift.contains(shift)) byShift[shift] = b.reg(round(b, x, shift, p.rounding));
      Signal& path = paths[{shift, range.lo, range.hi}];
      if (!path.valid()) path = fit(b, byShift[shift], range, p.overflow);
      choices.push_back(path);
    }
    const Signal chosen =
        paths.size() == 1 ? choices[0] : b.select(pipeline.at(pipeline.counter(0), 2).signal, choices);
    y.push_back({narrowed(b, b.reg(chosen), output), 3});
  }
  pipeline.writeElements(1, y);
}

std::string nameOf(const RequantizeParams& p, Interval output) {
  Hasher hash;
  const auto number = [&hash](std::int64_t v) { hash.update(static_cast<std::uint64_t>(v)); };
  for (const std::int64_t v : {p.input.lo, p.input.hi, output.lo, output.hi}) number(v);
  hash.field(p.shift.size());
  for (const std::int64_t v : p.shift) number(v);
  hash.field(p.ranges.size());
  for (const Interval& range : p.ranges) number(range.lo), number(range.hi);
  hash.field(static_cast<std::uint64_t>(p.rounding)).field(static_cast<std::uint64_t>(p.overflow));
  return "requantize_" + std::to_string(p.channels) + "_p" + std::to_string(p.pack) + "_" +
         hash.hex().substr(0, 8);
}

}  // namespace

Result<Interval> requantizeOutputRange(const RequantizeParams& p) {
  SLUICE_RETURN_IF_ERROR(checkParams(p));
  std::optional<Interval> hull;
  for (std::uint32_t c = 0; c < p.channels; ++c) {
    const Interval own =
        fixed::fitRange(rounded(p.input, shiftOf(p, c), p.rounding), rangeOf(p, c), p.overflow);
    hull = hull ? fixed::join(*hull, own) : own;
  }
  return *hull;
}

Result<Kernel> requantize(const RequantizeParams& params) {
  SLUICE_TRY(const Interval proven, requantizeOutputRange(params));
  SLUICE_TRY(const Interval output, declaredOr(proven, params.output));
  Kernel kernel = elementwise({.family = "requantize",
                               .name = nameOf(params, output),
                               .pack = params.pack,
                               .folds = foldsOf(params),
                               .depth = 3,
                               .input = params.input,
                               .output = output});
  const auto shared = std::make_shared<const RequantizeParams>(params);
  kernel.datapath = [shared, output](Pipeline& pipeline) { build(*shared, output, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
