#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace sluice::ir
