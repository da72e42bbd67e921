// Operations of ap_types.cpp: every pair of codes of every pair of formats of up to 5 bits, and random numbers of
// wide formats.
#include <ap_fixed.h>

#include "ap_types.h"
#include "base/rng.h"

namespace ap_types {
namespace {

template <int W, int I, bool S>
ap_fixed_base<W, I, S> number(std::int64_t code) {
  ap_fixed_base<W, I, S> result;
  result.V = code;
  return result;
}
std::int64_t codeOf(std::int64_t bits, int width, bool isSigned) {
  return isSigned && (bits >> (width - 1) & 1) != 0 ? bits - (std::int64_t{1} << width) : bits;
}

template <char which, int W, int I, bool S, int W2, int I2, bool S2>
void one(Tally& tally, std::int64_t a, std::int64_t b) {
  const auto x = number<W, I, S>(a);
  const auto y = number<W2, I2, S2>(b);
  const Format left{W, I, S}, right{W2, I2, S2};
  if constexpr (which == '+') tally.operation(which, left, a, right, b, (x + y).V.to_int64());
  if constexpr (which == '-') tally.operation(which, left, a, right, b, (x - y).V.to_int64());
  if constexpr (which == '*') tally.operation(which, left, a, right, b, (x * y).V.to_int64());
  if constexpr (which == '/') {
    if (b != 0) tally.operation(which, left, a, right, b, (x / y).V.to_int64());
  }
  if constexpr (which == '<') tally.operation(which, left, a, right, b, x < y ? -1 : x > y ? 1 : 0);
}

template <char which, int W, bool S, int W2, bool S2, int D>
void pair(Tally& tally) {
  for (int a = 0; a < 1 << W; ++a)
    for (int b = 0; b < 1 << W2; ++b)
      one<which, W, W, S, W2, W2 - D, S2>(tally, codeOf(a, W, S), codeOf(b, W2, S2));
}
template <char which, int W, bool S, int W2, bool S2, int... D>
void distances(Tally& tally, std::integer_sequence<int, D...>) {
  (pair<which, W, S, W2, S2, D - 3>(tally), ...);
}
template <char which, int W, bool S, int... W2>
void seconds(Tally& tally, std::integer_sequence<int, W2...>) {
  const auto all = std::make_integer_sequence<int, 7>();
  ((distances<which, W, S, W2 + 1, false>(tally, all), distances<which, W, S, W2 + 1, true>(tally, all)),
   ...);
}
template <char which, int... W>
void firsts(Tally& tally, std::integer_sequence<int, W...>) {
  tally.start(std::string(1, which));
  const auto all = std::make_integer_sequence<int, 5>();
  ((seconds<which, W + 1, false>(tally, all), seconds<which, W + 1, true>(tally, all)), ...);
}
template <int W, bool S>
void shifts(Tally& tally) {
  for (int a = 0; a < 1 << W; ++a)
    for (int by = -7; by <= 7; ++by) {
      const auto x = number<W, W, S>(codeOf(a, W, S));
      tally.operation('s', {W, W, S}, codeOf(a, W, S), {8, 8, true}, by, (x << by).V.to_int64());
    }
}
template <int... W>
void allShifts(Tally& tally, std::integer_sequence<int, W...>) {
  tally.start("s");
  ((shifts<W + 1, false>(tally), shifts<W + 1, true>(tally)), ...);
}

/// Numbers of two wide formats through all operations and into a third one.
template <int W, int I, bool S, int W2, int I2, bool S2, int W3, int I3, bool S3, int Q, int O>
void wide(Tally& tally, std::uint64_t cases) {
  static constexpr ap_q_mode quantization[] = {AP_TRN,     AP_TRN_ZERO,    AP_RND,     AP_RND_ZERO,
                                               AP_RND_INF, AP_RND_MIN_INF, AP_RND_CONV};
  static constexpr ap_o_mode overflow[] = {AP_WRAP, AP_SAT, AP_SAT_ZERO, AP_SAT_SYM, AP_WRAP_SM};
  sluice::Rng rng(static_cast<std::uint64_t>(((W * 64 + W2) * 64 + W3) * 64 + Q * 8 + O), 5);
  const auto draw = [&](int width, bool isSigned) {
    // Small numbers and the ends of the range as often as any.
    std::int64_t bits = static_cast<std::int64_t>(rng.bits() & ((std::uint64_t{1} << width) - 1));
    if (rng.chance(0.2)) bits >>= rng.uniform(0, width - 1);
    if (rng.chance(0.1))
      bits = (rng.chance(0.5) ? 0 : (std::int64_t{1} << (width - 1)) - 1) + rng.uniform(0, 1);
    return codeOf(bits, width, isSigned);
  };
  for (std::uint64_t i = 0; i < cases; ++i) {
    const std::int64_t a = draw(W, S), b = draw(W2, S2);
    one<'+', W, I, S, W2, I2, S2>(tally, a, b);
    one<'-', W, I, S, W2, I2, S2>(tally, a, b);
    one<'*', W, I, S, W2, I2, S2>(tally, a, b);
    one<'/', W, I, S, W2, I2, S2>(tally, a, b);
    // The headers leave comparing to C, where an unsigned int is never less than a negative number.
    if constexpr (S == S2 || (W <= 16 && W2 <= 16)) one<'<', W, I, S, W2, I2, S2>(tally, a, b);
    ap_fixed_base<W3, I3, S3, quantization[Q], overflow[O], 0> target;
    target = number<W, I, S>(a) * number<W2, I2, S2>(b);
    tally.conversion({W + W2, I + I2, S || S2}, (number<W, I, S>(a) * number<W2, I2, S2>(b)).V.to_int64(),
                     {W3, I3, S3, Q, O, 0}, target.V.to_int64());
  }
}

}  // namespace

void operations(Tally& tally) {
  const auto all = std::make_integer_sequence<int, 5>();
  firsts<'+'>(tally, all);
  firsts<'-'>(tally, all);
  firsts<'*'>(tally, all);
  firsts<'/'>(tally, all);
  firsts<'<'>(tally, all);
  allShifts(tally, all);
}

void random(Tally& tally, std::uint64_t cases) {
  tally.start("random");
  const std::uint64_t each = cases / (14 * 6) + 1;
  wide<16, 6, true, 16, 6, true, 16, 6, true, 0, 0>(tally, each);
  wide<16, 6, true, 8, 1, true, 18, 8, true, 6, 1>(tally, each);
  wide<12, 5, true, 16, 0, false, 12, 5, true, 2, 3>(tally, each);
  wide<18, 8, true, 18, 8, false, 17, 9, true, 4, 2>(tally, each);
  wide<24, 10, true, 9, -3, true, 20, 4, false, 3, 1>(tally, each);
  wide<31, 15, true, 13, 15, false, 22, 12, true, 5, 4>(tally, each);
  wide<20, 22, true, 11, 4, true, 31, 30, true, 1, 0>(tally, each);
  wide<32, 16, false, 16, 6, true, 16, 9, false, 2, 1>(tally, each);
  wide<7, 0, false, 25, 9, false, 14, 7, false, 6, 0>(tally, each);
  wide<10, -4, true, 10, 14, true, 10, 6, true, 0, 3>(tally, each);
  wide<27, 13, true, 27, 13, true, 40, 20, true, 2, 1>(tally, each);
  wide<6, 1, true, 6, 1, true, 6, 6, false, 6, 1>(tally, each);
  wide<30, 2, false, 30, 28, true, 33, 17, true, 3, 4>(tally, each);
  wide<14, 7, true, 22, 3, false, 8, -2, true, 1, 2>(tally, each);
}

}  // namespace ap_types
