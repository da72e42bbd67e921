#pragma once

#include <cstdint>
#include <vector>

/// Folds: how far a matrix-vector product is spread over time.
///
/// A product of n inputs and m outputs has n*m multiplications. With `simd` inputs and `pe` outputs worked on at once it
/// takes RF = (n/simd) * (m/pe) cycles a frame: the reuse factor, multiplications per multiplier. Any divisors are legal.
namespace sluice::map {

struct Fold {
  std::uint32_t simd = 1;   ///< elements of an input beat, divides n
  std::uint32_t pe = 1;     ///< outputs worked on at once, divides m
  bool operator==(const Fold&) const = default;
};

std::uint64_t reuseFactor(std::uint32_t n, std::uint32_t m, Fold fold);

/// Ascending, each once.
std::vector<std::uint64_t> legalReuseFactors(std::uint32_t n, std::uint32_t m);

enum class FoldGoal : std::uint8_t {
  nearest,   ///< the legal reuse factor nearest to the one asked (hls4ml's rule); of two equally near the smaller
  atMost,    ///< the largest legal one that is not above it: fewest multipliers that keep an interval
};

/// The fold for a reuse factor. Of the folds with that factor it takes the one whose input beat fits the producer's
/// (`producerPack` elements, 0: any) with no width converter or the shortest one, and then the one nearest to a square.
Fold chooseFold(std::uint32_t n, std::uint32_t m, std::uint64_t factor, FoldGoal goal, std::uint32_t producerPack);

}  // namespace sluice::map
