#pragma once

#include <cstdint>
#include <vector>

/// Folds: how far a matrix-vector product is spread over time.
///
/// A product of n inputs and m outputs has n*m multiplications. With `simd` inputs and `pe` outputs worked on at once it
/// takes RF = (n/simd) * (m/pe) cycles a frame: the reuse factor, multiplications per multiplier. Any divisors are legal.
namespace sluice::map {

struct Fold {
  std::uint32_t simd = 1;  ///< elements of an input beat, divides n
  std::uint32_t pe = 1;    ///< outputs worked on at once, divides m
  bool operator==(const Fold&) const = default;
};

/// Ascending.
std::vector<std::uint32_t> divisors(std::uint32_t n);

std::uint64_t reuseFactor(std::uint32_t n, std::uint32_t m, Fold fold);

/// Ascending, each once.
std::vector<std::uint64_t> legalReuseFactors(std::uint32_t n, std::uint32_t m);

enum class FoldGoal : std::uint8_t {
  exact,  ///< the factor itself where it is legal, else the cheapest fold between three quarters of it and it
  interval,  ///< the cheapest fold between three quarters of it and it: a bound on the interval, not a wish
};

/// The fold for a reuse factor; never a larger factor unless there is no smaller one. `producerPack` is the number of
/// elements in the beats that come in: another one costs a width converter; 0: the beat is free.
Fold chooseFold(std::uint32_t n, std::uint32_t m, std::uint64_t factor, FoldGoal goal,
                std::uint32_t producerPack);

}  // namespace sluice::map
