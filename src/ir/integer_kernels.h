#pragma once

#include <cstddef>
#include <cstdint>

#include "fixed/rounding.h"

/// Inner loops of the integer interpreter (integer.h): the same arithmetic for AVX2 and for any machine.
///
/// A buffer is a matrix of rows (samples times leading axes) of `stride` elements, a multiple of `lanes`;
/// elements beyond the channels are padding: they may be read, and whatever is computed from them lands in
/// padding again.
///
/// Products and sums run modulo 2^32 (2^64 in the wide forms). That is exact where the result is proven to
/// fit: an intermediate sum may wrap, the final one is right, because wrapping is a ring homomorphism.
namespace sluice::ir {

inline constexpr std::size_t lanes = 16;

enum class Simd : std::uint8_t {
  automatic,  ///< AVX2 where the processor has it
  portable,   ///< plain C++; for tests, which compare the two
};
/// Whether the AVX2 forms are to be used.
bool useAvx2(Simd simd);

/// y[r, j] = bias[j] + sum_i x[r, i] * w[i, j]; Y is int16_t or int32_t.
///
/// Shapes  weights [columns / lanes][pairs][lanes][2]: pairs of rows of w side by side, zero where w has none
template <typename Y>
void denseRows(bool avx2, const std::int16_t* x, std::size_t xStride, std::size_t pairs,
               const std::int16_t* weights, const std::int32_t* bias, Y* y, std::size_t yStride,
               std::size_t rows);

/// y = base[j] + sign[j] * (number of k with x >= t[k, j]) by comparing with all `steps` thresholds. X and Y
/// are int16_t, int32_t or int64_t.
///
/// Shapes  thresholds [blocks or 1][steps][lanes]; blockStep is 0 where one block serves all columns
template <typename X, typename Y>
struct ThresholdRows {
  const X* x = nullptr;
  const X* thresholds = nullptr;
  std::size_t blockStep = 0, steps = 0;
  const Y *base = nullptr, *sign = nullptr;  ///< per column
  Y* y = nullptr;
  std::size_t stride = 0, rows = 0;  ///< x and y have the same stride
};
template <typename X, typename Y>
void thresholdRows(bool avx2, const ThresholdRows<X, Y>& work);

/// One output position of a convolution whose groups are single channels, sums modulo 2^32:
/// y[j] = bias[j] + sum over places of x[source, j] * w[place, j], source -1 being `padding`.
template <typename Y>
struct DepthwiseRow {
  const std::int16_t* x = nullptr;
  std::size_t xStride = 0;
  const std::int32_t* sources = nullptr;
  std::size_t places = 0;
  const std::int16_t* padding = nullptr;  ///< a row of it
  const std::int32_t *weights = nullptr, *bias = nullptr;
  Y* y = nullptr;
  std::size_t columns = 0;  ///< padded: of x, weights, bias and y alike
};
template <typename Y>
void depthwiseRow(bool avx2, const DepthwiseRow<Y>& work);

/// y[r, j] = wrap(bias[j] + sum_i (x[r, i] * w[i, j]) >> shift), sums modulo 2^32, wrapped into the 2^k codes from
/// `lo` on, mask = 2^k - 1: an accumulator that truncates each product.
///
/// Shapes  weights [columns / lanes][depth][lanes]
template <typename Y>
struct AccumulateRows {
  const std::int16_t* x = nullptr;
  std::size_t xStride = 0, depth = 0;
  const std::int32_t *weights = nullptr, *bias = nullptr;
  std::uint32_t shift = 0, mask = 0;
  std::int32_t lo = 0;
  Y* y = nullptr;
  std::size_t yStride = 0, rows = 0;
};
template <typename Y>
void accumulateRows(bool avx2, const AccumulateRows<Y>& work);

/// The same modulo 2^16, into codes of at most 16 bits, 1 <= shift <= 16: of each product only bits `shift` to
/// `shift` + 15 count, and they are had from its two halves of 16 bits.
struct ShortAccumulateRows {
  const std::int16_t* x = nullptr;
  std::size_t xStride = 0, depth = 0;
  const std::int16_t* weights = nullptr;  ///< [columns / lanes][depth][lanes]
  const std::int32_t* bias = nullptr;
  std::uint32_t shift = 1, mask = 0;
  std::int32_t lo = 0;
  std::int16_t* y = nullptr;
  std::size_t yStride = 0, rows = 0;
};
void accumulateShortRows(bool avx2, const ShortAccumulateRows& work);

/// y = clamp((a[j] * x + b[j]) >> shift, lo, hi) in int32, which everything on the way is proven to fit; with
/// `tieToEven` to nearest (shift >= 1).
template <typename X, typename Y>
struct RescaleRows {
  const X* x = nullptr;
  const std::int32_t *a = nullptr, *b = nullptr;  ///< per column
  std::uint32_t shift = 0;
  std::int32_t lo = 0, hi = 0;
  bool tieToEven = false;
  Y* y = nullptr;
  std::size_t stride = 0, rows = 0;
};
template <typename X, typename Y>
void rescaleRows(bool avx2, const RescaleRows<X, Y>& work);

/// y = overflow(round(x / 2^shift), [lo, hi]) in int32, which everything on the way is proven to fit. shift may be
/// negative. Of the roundings floor, halfUp, halfEven and towardZero; wraps into 2^k codes, or saturates.
template <typename X, typename Y>
struct ConvertRows {
  const X* x = nullptr;
  std::int32_t shift = 0, lo = 0, hi = 0;
  fixed::Rounding rounding = fixed::Rounding::floor;
  bool wraps = false;
  Y* y = nullptr;
  std::size_t count = 0;  ///< elements, padding included
};
template <typename X, typename Y>
void convertRows(bool avx2, const ConvertRows<X, Y>& work);

}  // namespace sluice::ir
