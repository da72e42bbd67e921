// One rounding mode of ap_types.cpp: every assignment between formats of up to 5 bits, by the headers and by
// Sluice. Compiled once for each of the seven modes (AP_CASE_ROUNDING 0 to 6): the headers' numbers are templates,
// and each pair of formats is a function of its own.
#include <ap_fixed.h>

#include "ap_types.h"

#ifndef AP_CASE_BITS
#define AP_CASE_BITS 5  // of the widest format
#endif

namespace ap_types {
namespace {

constexpr int mode = AP_CASE_ROUNDING;
constexpr ap_q_mode quantization[] = {AP_TRN,     AP_TRN_ZERO,    AP_RND,     AP_RND_ZERO,
                                      AP_RND_INF, AP_RND_MIN_INF, AP_RND_CONV};
constexpr ap_o_mode overflow[] = {AP_WRAP, AP_SAT, AP_SAT_ZERO, AP_SAT_SYM, AP_WRAP_SM};

template <int O, int N, int W, bool S, int W2, bool S2, int D>
void pair(Tally& tally) {
  typedef ap_fixed_base<W2, W2 - D, S2> Source;
  typedef ap_fixed_base<W, W, S, quantization[mode], overflow[O], N> Target;
  for (int bits = 0; bits < 1 << W2; ++bits) {
    const int code = S2 && bits >> (W2 - 1) ? bits - (1 << W2) : bits;
    Source source;
    source.V = code;
    Target target;
    target = source;
    tally.conversion({W2, W2 - D, S2}, code, {W, W, S, mode, O, N}, target.V.to_int64());
  }
}

template <int O, int N, int W, bool S, int W2, bool S2, int... D>
void distances(Tally& tally, std::integer_sequence<int, D...>) {
  (pair<O, N, W, S, W2, S2, D - 6>(tally), ...);
}
template <int O, int N, int W, bool S, int... W2>
void sources(Tally& tally, std::integer_sequence<int, W2...>) {
  ((distances<O, N, W, S, W2 + 1, false>(tally, std::make_integer_sequence<int, 13>()),
    distances<O, N, W, S, W2 + 1, true>(tally, std::make_integer_sequence<int, 13>())),
   ...);
}
template <int O, int N, int... W>
void targets(Tally& tally, std::integer_sequence<int, W...>) {
  tally.start(mode, O, N);
  ((sources<O, N, W + (N > 1 ? N : 1), false>(tally, std::make_integer_sequence<int, AP_CASE_BITS>()),
    sources<O, N, W + (N > 1 ? N : 1), true>(tally, std::make_integer_sequence<int, AP_CASE_BITS>())),
   ...);
}

}  // namespace

template <>
void conversions<mode>(Tally& tally) {
  const auto all = std::make_integer_sequence<int, AP_CASE_BITS>();
  targets<0, 0>(tally, all);
  targets<1, 0>(tally, all);
  targets<2, 0>(tally, all);
  targets<3, 0>(tally, all);
  targets<4, 0>(tally, all);
#if AP_CASE_ROUNDING == 0 || AP_CASE_ROUNDING == 2
  targets<0, 1>(tally, all);
  targets<4, 1>(tally, all);
  targets<0, 2>(tally, std::make_integer_sequence<int, AP_CASE_BITS - 1>());
  targets<4, 2>(tally, std::make_integer_sequence<int, AP_CASE_BITS - 1>());
#endif
}

}  // namespace ap_types
