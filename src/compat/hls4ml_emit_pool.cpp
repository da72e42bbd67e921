#include <algorithm>
#include <cmath>
#include <numeric>

#include "compat/hls4ml_emit.h"

/// Pooling (nnet_pooling.h): the largest, or the sum in the accumulator's type divided by the number of elements, the
/// quotient cut toward zero at the accumulator's last bit.
namespace sluice::compat {
namespace {

using fixed::ApFormat;
using ir::TensorId;

/// floor(code * factor / 2^shift), relabelled: a division of numbers >= 0 by `divisor`.
struct Reciprocal {
  std::int64_t factor = 1;
  std::uint32_t shift = 0;
};

/// factor = ceil(2^shift / divisor), 2^shift > divisor * most: then factor * n / 2^shift has the same floor as
/// n / divisor for all 0 <= n <= most, for the error n * (factor * divisor - 2^shift) / (divisor * 2^shift) is below
/// 1 / divisor.
Result<Reciprocal> reciprocal(std::int64_t divisor, std::int64_t most) {
  std::uint32_t shift = 0;
  while (shift < 61 && (std::int64_t{1} << shift) / divisor <= most) ++shift;
  const std::int64_t factor = ((std::int64_t{1} << shift) + divisor - 1) / divisor;
  if (shift >= 61 || static_cast<double>(factor) * static_cast<double>(most) >= 0x1p61)
    return unsupported("an average over too wide an accumulator");
  return Reciprocal{factor, shift};
}

/// value / divisors[c], cut toward zero; one divisor, or one per channel.
Result<Value> divided(Emitter& emitter, const Value& value, const std::vector<std::int64_t>& divisors) {
  const auto scale = std::ldexp(1.0, -value.format.fraction());
  const auto quotient = [&](const Value& numerator, const std::string& suffix) -> Result<Value> {
    std::vector<std::int64_t> factors;
    std::uint32_t shift = 0;
    const std::int64_t most = emitter.range(numerator.tensor).hi;
    for (const std::int64_t divisor : divisors) {
      SLUICE_TRY(const Reciprocal one, reciprocal(divisor, most));
      shift = std::max(shift, one.shift);
    }
    for (const std::int64_t divisor : divisors) {
      factors.push_back(((std::int64_t{1} << shift) + divisor - 1) / divisor);
      if (static_cast<double>(factors.back()) * static_cast<double>(most) >= 0x1p61)
        return unsupported("an average over too wide an accumulator");
    }
    const auto count = static_cast<std::int64_t>(factors.size());
    const TensorId a = emitter.constant(suffix + "_factor", {count}, std::move(factors), 0);
    const TensorId b = emitter.constant(suffix + "_summand", {1}, {0}, 0);
    SLUICE_TRY(const TensorId y,
               emitter.add(suffix, ir::Rescale{.shift = shift, .range = {0, ir::codeLimit}, .scale = {scale}},
                           {numerator.tensor, a, b}));
    return emitter.exact(y, value.format.fraction());
  };
  const fixed::Interval range = emitter.range(value.tensor);
  SLUICE_TRY(Value right, emitter.clamp(value, 0, std::max<std::int64_t>(0, range.hi), "positive"));
  SLUICE_TRY(right, quotient(right, "quotient"));
  if (range.lo >= 0) return right;
  SLUICE_TRY(Value left, emitter.affine(value, {-1}, {0}, 0, "negated"));
  SLUICE_TRY(left, emitter.clamp(left, 0, -range.lo, "negative"));
  SLUICE_TRY(left, quotient(left, "negative_quotient"));
  SLUICE_TRY(left, emitter.affine(left, {-1}, {0}, 0, "left"));
  return emitter.sum(right, left, "both");
}

/// The input as it is added up: assigned to the accumulator's steps, element by element, where that is the same.
Result<Value> summands(Emitter& emitter, const Value& x, const ApFormat& accum, std::int64_t terms) {
  Value y = x;
  if (x.format.fraction() > accum.fraction()) {
    // acc + x, rounded, is acc + (x, rounded) only for roundings that look at no sign and no even code.
    if (accum.rounding != fixed::Rounding::floor && accum.rounding != fixed::Rounding::halfUp &&
        accum.rounding != fixed::Rounding::halfDown)
      return unsupported("an average whose accumulator " + fixed::text(accum) +
                         " rounds as the sum so far asks for");
    ApFormat wide{.width = std::min(62, x.format.width + 2), .integer = 0, .rounding = accum.rounding};
    wide.integer = wide.width - accum.fraction();
    SLUICE_TRY(y, emitter.convert(x, wide, "rounded"));
  } else if (x.format.fraction() < accum.fraction()) {
    const int finer = accum.fraction() - x.format.fraction();
    if (finer > 60) return unsupported("an accumulator much finer than the input");
    SLUICE_TRY(y, emitter.affine(x, {std::int64_t{1} << finer}, {0}, finer, "finer"));
  }
  const fixed::Interval range = emitter.range(y.tensor);
  const bool wraps = accum.overflow == fixed::Overflow::wrap && accum.saturationBits == 0;
  const bool holds = accum.range().contains(fixed::Interval{terms * std::min<std::int64_t>(0, range.lo),
                                                            terms * std::max<std::int64_t>(0, range.hi)});
  if (!wraps && !holds && (accum.overflow != fixed::Overflow::saturate || range.lo < 0))
    return unsupported("an average whose accumulator " + fixed::text(accum) + " may saturate on the way");
  return y;
}

Result<Value> averaged(Emitter& emitter, const Value& sum, const ApFormat& accum,
                       const std::vector<std::int64_t>& divisors) {
  SLUICE_TRY(const Value acc, emitter.convert(emitter.exact(sum.tensor, accum.fraction()), accum, "accum"));
  SLUICE_TRY(const Value y, divided(emitter, acc, divisors));
  // The quotient is held in the accumulator's type, then assigned.
  SLUICE_TRY(const Value held, emitter.convert(y, accum, "mean"));
  return emitter.convert(held, *emitter.layer().result);
}

Result<Value> largest(Emitter& emitter, const Value& x, TensorId tensor) {
  const Layer& layer = emitter.layer();
  Value y{tensor, x.format};
  if (layer.accum) {
    SLUICE_TRY(y, emitter.convert(y, *layer.accum, "accum"));
  }
  return emitter.convert(y, *layer.result);
}

/// The number of elements of the input in each window, in the order of the output's pixels.
std::vector<std::int64_t> counts(const ir::Pool& pool, const ir::Shape& in, const ir::Shape& out) {
  std::vector<std::int64_t> all{1};
  for (std::size_t axis = 0; axis + 1 < in.size(); ++axis) {
    const std::int64_t stride = pool.window.strides.empty() ? 1 : pool.window.strides[axis];
    const std::int64_t before = pool.window.padBefore.empty() ? 0 : pool.window.padBefore[axis];
    std::vector<std::int64_t> next;
    for (const std::int64_t count : all)
      for (std::int64_t o = 0; o < out[axis]; ++o) {
        const std::int64_t begin = o * stride - before;
        next.push_back(count *
                       (std::min(begin + pool.kernel[axis], in[axis]) - std::max<std::int64_t>(begin, 0)));
      }
    all = std::move(next);
  }
  return all;
}

bool isPadded(const ir::Pool& pool) {
  const auto any = [](const std::vector<std::int64_t>& list) {
    return std::any_of(list.begin(), list.end(), [](std::int64_t n) { return n != 0; });
  };
  return any(pool.window.padBefore) || any(pool.window.padAfter);
}

}  // namespace

Result<Value> emitPool(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const Value x = emitter.input();
  ir::Pool pool = std::get<ir::Pool>(layer.operation);
  const ir::Shape in = emitter.shape(x.tensor);
  if (!layer.average) {
    TensorId tensor = x.tensor;
    if (isPadded(pool) && !x.format.isSigned) {
      // hls4ml pads with only the top bit set: the least number of a signed type, and half the range of others.
      if (emitter.reproduces()) {
        emitter.warn("hls4ml pads " + fixed::text(x.format) +
                     " with half its range, which may win the maximum");
        ir::Pad pad{.before = pool.window.padBefore, .after = pool.window.padAfter};
        pad.before.resize(in.size()), pad.after.resize(in.size());
        pad.value = std::ldexp(1.0, x.format.integer - 1);
        SLUICE_TRY(tensor, emitter.add("padded", pad, {tensor}));
        pool.window.padBefore.clear(), pool.window.padAfter.clear();
      }
    }
    SLUICE_TRY(tensor, emitter.add("max", pool, {tensor}));
    return largest(emitter, x, tensor);
  }
  const ApFormat accum = *layer.accum;
  const std::int64_t terms =
      std::accumulate(pool.kernel.begin(), pool.kernel.end(), std::int64_t{1}, std::multiplies<>());
  SLUICE_TRY(const Value y, summands(emitter, x, accum, terms));
  const bool counted = pool.countPads;
  pool.kind = ir::PoolKind::sum;
  pool.countPads = false;
  Value sum{y.tensor, accum};
  SLUICE_TRY(sum.tensor, emitter.add("sum", pool, {y.tensor}));
  if (!isPadded(pool) || counted) return averaged(emitter, sum, accum, {terms});
  // Windows over the edge hold fewer elements: every pixel has its own divisor, so pixels become channels for a while.
  const ir::Shape out = emitter.shape(sum.tensor);
  const std::vector<std::int64_t> perPixel = counts(pool, in, out);
  std::vector<std::int64_t> divisors;
  for (const std::int64_t count : perPixel)
    divisors.insert(divisors.end(), static_cast<std::size_t>(out.back()), count);
  SLUICE_TRY(sum.tensor, emitter.add("flat", ir::Reshape{{ir::elements(out)}}, {sum.tensor}));
  SLUICE_TRY(const Value mean, averaged(emitter, sum, accum, divisors));
  SLUICE_TRY(const TensorId shaped, emitter.add("shaped", ir::Reshape{out}, {mean.tensor}));
  return Value{shaped, mean.format};
}

Result<Value> emitGlobalPool(Emitter& emitter) {
  const Layer& layer = emitter.layer();
  const Value x = emitter.input();
  ir::Reduce reduce = std::get<ir::Reduce>(layer.operation);
  if (!layer.average) {
    SLUICE_TRY(const TensorId tensor, emitter.add("max", reduce, {x.tensor}));
    return largest(emitter, x, tensor);
  }
  const ir::Shape in = emitter.shape(x.tensor);
  const std::int64_t terms = ir::elements(in) / in.back();
  const ApFormat accum = *layer.accum;
  SLUICE_TRY(const Value y, summands(emitter, x, accum, terms));
  reduce.kind = ir::ReduceKind::sum;
  SLUICE_TRY(const TensorId sum, emitter.add("sum", reduce, {y.tensor}));
  return averaged(emitter, {sum, accum}, accum, {terms});
}

}  // namespace sluice::compat
