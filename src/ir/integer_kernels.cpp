#include "ir/integer_kernels.h"

#include <cstring>
#include <type_traits>

#if defined(__x86_64__)
#define SLUICE_AVX2 1
#include <immintrin.h>
#define SLUICE_TARGET_AVX2 __attribute__((target("avx2")))
#else
#define SLUICE_AVX2 0
#define SLUICE_TARGET_AVX2
#endif
#define SLUICE_INLINE __attribute__((always_inline)) inline

/// The matrix product. One instruction (vpmaddwd) multiplies 16 pairs of int16 and adds neighbours to 8
/// int32, so two rows of w are packed side by side and two neighbours of x are broadcast together. A tile of
/// 6 samples by 16 columns keeps its 12 accumulators in registers; 2 loads of weights then serve 12
/// multiply-adds. Column blocks are the outer loop: a block of weights (32 bytes per input) stays in the
/// first cache while all rows of the batch pass by.
///
/// Explicit target attributes and a test at run time, not target_clones: its resolvers run before sanitizers
/// are ready.
namespace sluice::ir {

bool useAvx2(Simd simd) {
#if SLUICE_AVX2
  static const bool available = __builtin_cpu_supports("avx2") != 0;
  return simd == Simd::automatic && available;
#else
  (void)simd;
  return false;
#endif
}

namespace {

template <typename Y>
void densePortable(const std::int16_t* x, std::size_t xStride, std::size_t pairs, const std::int16_t* weights,
                   const std::int32_t* bias, Y* y, std::size_t yStride, std::size_t rows) {
  for (std::size_t column = 0; column < yStride; column += lanes, weights += pairs * lanes * 2)
    for (std::size_t row = 0; row < rows; ++row) {
      std::uint32_t acc[lanes];
      for (std::size_t j = 0; j < lanes; ++j) acc[j] = static_cast<std::uint32_t>(bias[column + j]);
      const std::int16_t* one = x + row * xStride;
      const std::int16_t* w = weights;
      for (std::size_t i = 0; i < pairs; ++i, w += lanes * 2)
        for (std::size_t j = 0; j < lanes; ++j) {
          // No weight is -32768, so the sum of two products stays below 2^31.
          const std::int32_t both =
              std::int32_t{one[2 * i]} * w[2 * j] + std::int32_t{one[2 * i + 1]} * w[2 * j + 1];
          acc[j] += static_cast<std::uint32_t>(both);
        }
      for (std::size_t j = 0; j < lanes; ++j)
        y[row * yStride + column + j] = static_cast<Y>(static_cast<std::int32_t>(acc[j]));
    }
}

#if SLUICE_AVX2
SLUICE_TARGET_AVX2 SLUICE_INLINE void storeLanes(std::int32_t* y, const __m256i& low, const __m256i& high) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + 8), high);
}
SLUICE_TARGET_AVX2 SLUICE_INLINE void storeLanes(std::int16_t* y, const __m256i& low, const __m256i& high) {
  // The pack works within 128-bit halves; 0xd8 puts the quarters back in order.
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), packed);
}

template <int Rows, typename Y>
SLUICE_TARGET_AVX2 SLUICE_INLINE void denseTile(const std::int16_t* x, std::size_t xStride, std::size_t pairs,
                                                const std::int16_t* weights, const std::int32_t* bias, Y* y,
                                                std::size_t yStride) {
  __m256i low[Rows], high[Rows];
  for (int r = 0; r < Rows; ++r) {
    low[r] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias));
    high[r] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bias + 8));
  }
  for (std::size_t i = 0; i < pairs; ++i, weights += lanes * 2) {
    const __m256i w0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
    const __m256i w1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + lanes));
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      std::int32_t pair;
      std::memcpy(&pair, x + static_cast<std::size_t>(r) * xStride + 2 * i, sizeof pair);
      const __m256i both = _mm256_set1_epi32(pair);
      low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(both, w0));
      high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(both, w1));
    }
  }
  for (int r = 0; r < Rows; ++r) storeLanes(y + static_cast<std::size_t>(r) * yStride, low[r], high[r]);
}

template <typename Y>
SLUICE_TARGET_AVX2 void denseAvx2(const std::int16_t* x, std::size_t xStride, std::size_t pairs,
                                  const std::int16_t* weights, const std::int32_t* bias, Y* y,
                                  std::size_t yStride, std::size_t rows) {
  for (std::size_t column = 0; column < yStride; column += lanes, weights += pairs * lanes * 2) {
    std::size_t row = 0;
    for (; row + 6 <= rows; row += 6)
      denseTile<6>(x + row * xStride, xStride, pairs, weights, bias + column, y + row * yStride + column,
                   yStride);
    for (; row + 2 <= rows; row += 2)
      denseTile<2>(x + row * xStride, xStride, pairs, weights, bias + column, y + row * yStride + column,
                   yStride);
    if (row < rows)
      denseTile<1>(x + row * xStride, xStride, pairs, weights, bias + column, y + row * yStride + column,
                   yStride);
  }
}
#endif

/// One body for both machines: GCC and Clang turn the vector type into what the calling function's target
/// has. The lanes of a block are held in vectors of 32 bytes, so that they stay in registers.
template <typename X, typename Y>
SLUICE_INLINE void thresholdBody(const ThresholdRows<X, Y>& work) {
  constexpr std::size_t perVector = 32 / sizeof(X);
  constexpr std::size_t parts = lanes / perVector;
  typedef X Vector __attribute__((vector_size(32)));
  // Unsigned, so that wrapping is defined; not shorter than int, which shorter types would be promoted to.
  using Modular = std::conditional_t<sizeof(Y) == 8, std::uint64_t, std::uint32_t>;
  const X* thresholds = work.thresholds;
  for (std::size_t column = 0; column < work.stride; column += lanes, thresholds += work.blockStep)
    for (std::size_t row = 0; row < work.rows; ++row) {
      Vector x[parts], count[parts];
      std::memcpy(x, work.x + row * work.stride + column, sizeof x);
      for (std::size_t part = 0; part < parts; ++part) count[part] = Vector{};
      for (std::size_t k = 0; k < work.steps; ++k)
        for (std::size_t part = 0; part < parts; ++part) {
          Vector threshold;
          std::memcpy(&threshold, thresholds + k * lanes + part * perVector, sizeof threshold);
          count[part] -= (x[part] >= threshold);  // true is -1
        }
      X reached[lanes];
      std::memcpy(reached, count, sizeof reached);
      Y* y = work.y + row * work.stride + column;
      for (std::size_t j = 0; j < lanes; ++j)
        y[j] = static_cast<Y>(static_cast<Modular>(static_cast<Modular>(work.base[column + j]) +
                                                   static_cast<Modular>(work.sign[column + j]) *
                                                       static_cast<Modular>(reached[j])));
    }
}

template <typename X, typename Y>
SLUICE_TARGET_AVX2 void thresholdAvx2(const ThresholdRows<X, Y>& work) {
  thresholdBody(work);
}
template <typename X, typename Y>
void thresholdPortable(const ThresholdRows<X, Y>& work) {
  thresholdBody(work);
}

template <typename Y>
SLUICE_INLINE void depthwiseBody(const DepthwiseRow<Y>& work) {
  for (std::size_t column = 0; column < work.columns; column += lanes) {
    std::uint32_t acc[lanes];
    for (std::size_t j = 0; j < lanes; ++j) acc[j] = static_cast<std::uint32_t>(work.bias[column + j]);
    for (std::size_t place = 0; place < work.places; ++place) {
      const std::int32_t source = work.sources[place];
      const std::int16_t* x =
          (source < 0 ? work.padding : work.x + static_cast<std::size_t>(source) * work.xStride) + column;
      const std::int32_t* w = work.weights + place * work.columns + column;
      for (std::size_t j = 0; j < lanes; ++j)
        acc[j] += static_cast<std::uint32_t>(std::int32_t{x[j]}) * static_cast<std::uint32_t>(w[j]);
    }
    for (std::size_t j = 0; j < lanes; ++j)
      work.y[column + j] = static_cast<Y>(static_cast<std::int32_t>(acc[j]));
  }
}
template <typename Y>
SLUICE_TARGET_AVX2 void depthwiseAvx2(const DepthwiseRow<Y>& work) {
  depthwiseBody(work);
}

template <typename Y>
SLUICE_INLINE void accumulateBody(const AccumulateRows<Y>& work) {
  const std::int32_t* weights = work.weights;
  for (std::size_t column = 0; column < work.yStride; column += lanes, weights += work.depth * lanes)
    for (std::size_t row = 0; row < work.rows; ++row) {
      std::uint32_t acc[lanes];
      for (std::size_t j = 0; j < lanes; ++j) acc[j] = static_cast<std::uint32_t>(work.bias[column + j]);
      const std::int16_t* x = work.x + row * work.xStride;
      for (std::size_t i = 0; i < work.depth; ++i) {
        const std::int32_t one = x[i];
        const std::int32_t* w = weights + i * lanes;
        for (std::size_t j = 0; j < lanes; ++j)
          acc[j] += static_cast<std::uint32_t>((one * w[j]) >> work.shift);
      }
      Y* y = work.y + row * work.yStride + column;
      const auto lo = static_cast<std::uint32_t>(work.lo);
      for (std::size_t j = 0; j < lanes; ++j)
        y[j] = static_cast<Y>(static_cast<std::int32_t>(((acc[j] - lo) & work.mask) + lo));
    }
}
template <typename Y>
SLUICE_TARGET_AVX2 void accumulateAvx2(const AccumulateRows<Y>& work) {
  accumulateBody(work);
}

std::int16_t wrapped16(std::uint32_t acc, const ShortAccumulateRows& work) {
  const auto lo = static_cast<std::uint32_t>(work.lo);
  return static_cast<std::int16_t>(static_cast<std::int32_t>(((acc - lo) & work.mask) + lo));
}

void accumulateShortPortable(const ShortAccumulateRows& work) {
  const std::int16_t* weights = work.weights;
  for (std::size_t column = 0; column < work.yStride; column += lanes, weights += work.depth * lanes)
    for (std::size_t row = 0; row < work.rows; ++row) {
      std::uint32_t acc[lanes];
      for (std::size_t j = 0; j < lanes; ++j) acc[j] = static_cast<std::uint32_t>(work.bias[column + j]);
      for (std::size_t i = 0; i < work.depth; ++i)
        for (std::size_t j = 0; j < lanes; ++j)
          acc[j] += static_cast<std::uint32_t>(
              (std::int32_t{work.x[row * work.xStride + i]} * weights[i * lanes + j]) >> work.shift);
      for (std::size_t j = 0; j < lanes; ++j)
        work.y[row * work.yStride + column + j] = wrapped16(acc[j], work);
    }
}

#if SLUICE_AVX2
template <int Rows>
SLUICE_TARGET_AVX2 SLUICE_INLINE void accumulateShortTile(const ShortAccumulateRows& work, std::size_t row,
                                                          std::size_t column, const std::int16_t* weights) {
  std::int16_t start[lanes];
  for (std::size_t j = 0; j < lanes; ++j) start[j] = static_cast<std::int16_t>(work.bias[column + j]);
  __m256i acc[Rows];
  for (int r = 0; r < Rows; ++r) acc[r] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(start));
  const __m128i down = _mm_cvtsi32_si128(static_cast<int>(work.shift));
  const __m128i up = _mm_cvtsi32_si128(static_cast<int>(16 - work.shift));
  const std::int16_t* x = work.x + row * work.xStride;
  for (std::size_t i = 0; i < work.depth; ++i, weights += lanes) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights));
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      const __m256i one = _mm256_set1_epi16(x[static_cast<std::size_t>(r) * work.xStride + i]);
      const __m256i low = _mm256_srl_epi16(_mm256_mullo_epi16(one, w), down);
      const __m256i high = _mm256_sll_epi16(_mm256_mulhi_epi16(one, w), up);
      acc[r] = _mm256_add_epi16(acc[r], _mm256_or_si256(low, high));
    }
  }
  const __m256i lo = _mm256_set1_epi16(static_cast<std::int16_t>(work.lo));
  const __m256i mask = _mm256_set1_epi16(static_cast<std::int16_t>(work.mask));
  for (int r = 0; r < Rows; ++r) {
    const __m256i y = _mm256_add_epi16(_mm256_and_si256(_mm256_sub_epi16(acc[r], lo), mask), lo);
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(work.y + (row + static_cast<std::size_t>(r)) * work.yStride + column), y);
  }
}
SLUICE_TARGET_AVX2 void accumulateShortAvx2(const ShortAccumulateRows& work) {
  const std::int16_t* weights = work.weights;
  for (std::size_t column = 0; column < work.yStride; column += lanes, weights += work.depth * lanes) {
    std::size_t row = 0;
    for (; row + 4 <= work.rows; row += 4) accumulateShortTile<4>(work, row, column, weights);
    for (; row < work.rows; ++row) accumulateShortTile<1>(work, row, column, weights);
  }
}
#endif

template <typename X, typename Y>
SLUICE_INLINE void rescaleBody(const RescaleRows<X, Y>& work) {
  const std::uint32_t shift = work.shift;
  const std::int32_t half = work.tieToEven ? (std::int32_t{1} << (shift - 1)) - 1 : 0;
  const std::int32_t odd = work.tieToEven ? 1 : 0;
  const std::int32_t lo = work.lo, hi = work.hi;
  for (std::size_t row = 0; row < work.rows; ++row) {
    const X* x = work.x + row * work.stride;
    Y* y = work.y + row * work.stride;
    for (std::size_t j = 0; j < work.stride; ++j) {
      // Padding holds anything: unsigned, so that its overflow means nothing.
      const auto v = static_cast<std::int32_t>(static_cast<std::uint32_t>(work.a[j]) *
                                                   static_cast<std::uint32_t>(std::int32_t{x[j]}) +
                                               static_cast<std::uint32_t>(work.b[j]));
      const std::int32_t moved =
          static_cast<std::int32_t>(static_cast<std::uint32_t>(v) +
                                    static_cast<std::uint32_t>(half + (odd & (v >> shift)))) >>
          shift;
      y[j] = static_cast<Y>(moved < lo ? lo : moved > hi ? hi : moved);
    }
  }
}
template <typename X, typename Y>
SLUICE_TARGET_AVX2 void rescaleAvx2(const RescaleRows<X, Y>& work) {
  rescaleBody(work);
}

/// What the lost bits add to the integer below: 0 or 1.
template <fixed::Rounding R>
SLUICE_INLINE std::int32_t roundedUp(std::int32_t v, std::int32_t below, std::uint32_t shift) {
  using fixed::Rounding;
  if constexpr (R == Rounding::floor) return 0;
  const std::int32_t half = v >> (shift - 1) & 1;
  const std::int32_t rest = (v & ((std::int32_t{1} << (shift - 1)) - 1)) != 0 ? 1 : 0;
  if constexpr (R == Rounding::halfUp) return half;
  if constexpr (R == Rounding::halfEven) return half & (rest | (below & 1));
  return (half | rest) & (v < 0 ? 1 : 0);
}

template <fixed::Rounding R, bool Wraps, typename X, typename Y>
SLUICE_INLINE void convertBody(const ConvertRows<X, Y>& work) {
  const std::uint32_t right = work.shift > 0 ? static_cast<std::uint32_t>(work.shift) : 0;
  const std::uint32_t left = work.shift < 0 ? static_cast<std::uint32_t>(-work.shift) : 0;
  const std::int32_t lo = work.lo, hi = work.hi;
  const std::uint32_t mask = static_cast<std::uint32_t>(hi) - static_cast<std::uint32_t>(lo);
  for (std::size_t i = 0; i < work.count; ++i) {
    // Padding holds anything: unsigned, so that its overflow means nothing.
    const auto v = static_cast<std::int32_t>(static_cast<std::uint32_t>(std::int32_t{work.x[i]}) << left);
    std::int32_t t = v >> right;
    if constexpr (R != fixed::Rounding::floor) t += roundedUp<R>(v, t, right);
    if constexpr (Wraps)
      t = static_cast<std::int32_t>(
          ((static_cast<std::uint32_t>(t) - static_cast<std::uint32_t>(lo)) & mask) +
          static_cast<std::uint32_t>(lo));
    else
      t = t < lo ? lo : t > hi ? hi : t;
    work.y[i] = static_cast<Y>(t);
  }
}
/// A shift to the left, or none, loses no bits.
template <typename X, typename Y>
SLUICE_INLINE void convertAny(const ConvertRows<X, Y>& work) {
  using fixed::Rounding;
  const Rounding rounding = work.shift > 0 ? work.rounding : Rounding::floor;
  switch (rounding) {
    case Rounding::halfUp:
      return work.wraps ? convertBody<Rounding::halfUp, true>(work)
                        : convertBody<Rounding::halfUp, false>(work);
    case Rounding::halfEven:
      return work.wraps ? convertBody<Rounding::halfEven, true>(work)
                        : convertBody<Rounding::halfEven, false>(work);
    case Rounding::towardZero:
      return work.wraps ? convertBody<Rounding::towardZero, true>(work)
                        : convertBody<Rounding::towardZero, false>(work);
    default:
      return work.wraps ? convertBody<Rounding::floor, true>(work)
                        : convertBody<Rounding::floor, false>(work);
  }
}
template <typename X, typename Y>
SLUICE_TARGET_AVX2 void convertAvx2(const ConvertRows<X, Y>& work) {
  convertAny(work);
}

}  // namespace

template <typename X, typename Y>
void convertRows(bool avx2, const ConvertRows<X, Y>& work) {
  if (avx2) return convertAvx2(work);
  convertAny(work);
}
template void convertRows(bool, const ConvertRows<std::int16_t, std::int16_t>&);
template void convertRows(bool, const ConvertRows<std::int16_t, std::int32_t>&);
template void convertRows(bool, const ConvertRows<std::int32_t, std::int16_t>&);
template void convertRows(bool, const ConvertRows<std::int32_t, std::int32_t>&);

template <typename Y>
void depthwiseRow(bool avx2, const DepthwiseRow<Y>& work) {
  if (avx2) return depthwiseAvx2(work);
  depthwiseBody(work);
}
template void depthwiseRow(bool, const DepthwiseRow<std::int16_t>&);
template void depthwiseRow(bool, const DepthwiseRow<std::int32_t>&);

template <typename Y>
void accumulateRows(bool avx2, const AccumulateRows<Y>& work) {
  if (avx2) return accumulateAvx2(work);
  accumulateBody(work);
}
template void accumulateRows(bool, const AccumulateRows<std::int16_t>&);
template void accumulateRows(bool, const AccumulateRows<std::int32_t>&);

void accumulateShortRows(bool avx2, const ShortAccumulateRows& work) {
#if SLUICE_AVX2
  if (avx2) return accumulateShortAvx2(work);
#else
  (void)avx2;
#endif
  accumulateShortPortable(work);
}

template <typename X, typename Y>
void rescaleRows(bool avx2, const RescaleRows<X, Y>& work) {
  if (avx2) return rescaleAvx2(work);
  rescaleBody(work);
}
template void rescaleRows(bool, const RescaleRows<std::int16_t, std::int16_t>&);
template void rescaleRows(bool, const RescaleRows<std::int16_t, std::int32_t>&);
template void rescaleRows(bool, const RescaleRows<std::int32_t, std::int16_t>&);
template void rescaleRows(bool, const RescaleRows<std::int32_t, std::int32_t>&);

template <typename Y>
void denseRows(bool avx2, const std::int16_t* x, std::size_t xStride, std::size_t pairs,
               const std::int16_t* weights, const std::int32_t* bias, Y* y, std::size_t yStride,
               std::size_t rows) {
#if SLUICE_AVX2
  if (avx2) return denseAvx2(x, xStride, pairs, weights, bias, y, yStride, rows);
#else
  (void)avx2;
#endif
  densePortable(x, xStride, pairs, weights, bias, y, yStride, rows);
}
template void denseRows(bool, const std::int16_t*, std::size_t, std::size_t, const std::int16_t*,
                        const std::int32_t*, std::int16_t*, std::size_t, std::size_t);
template void denseRows(bool, const std::int16_t*, std::size_t, std::size_t, const std::int16_t*,
                        const std::int32_t*, std::int32_t*, std::size_t, std::size_t);

template <typename X, typename Y>
void thresholdRows(bool avx2, const ThresholdRows<X, Y>& work) {
  if (avx2) return thresholdAvx2(work);
  thresholdPortable(work);
}
#define SLUICE_THRESHOLD(X)                                                 \
  template void thresholdRows(bool, const ThresholdRows<X, std::int16_t>&); \
  template void thresholdRows(bool, const ThresholdRows<X, std::int32_t>&); \
  template void thresholdRows(bool, const ThresholdRows<X, std::int64_t>&)
SLUICE_THRESHOLD(std::int16_t);
SLUICE_THRESHOLD(std::int32_t);
SLUICE_THRESHOLD(std::int64_t);

}  // namespace sluice::ir
