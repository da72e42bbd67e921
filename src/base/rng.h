#pragma once

#include <cstdint>

/// Seeded, counter-based random numbers: draw n of stream s depends on (seed, s, n) alone, so results do not
/// depend on threads or on the order of evaluation.
///
/// Source  SplitMix64's finalizer (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
///         OOPSLA 2014) applied to a keyed counter. Good enough for stimuli and sampling; not for secrets.
namespace sluice {

constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/// Draw `counter` of stream `stream` under `seed`: 64 uniform bits.
constexpr std::uint64_t randomBits(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter) {
  return mix64(mix64(mix64(seed + 0x9e3779b97f4a7c15ull) + stream * 0xd1342543de82ef95ull) +
               counter * 0x9e3779b97f4a7c15ull);
}

/// A sequence of draws, for code that consumes them one after the other.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}
  constexpr std::uint64_t bits() { return randomBits(seed_, stream_, counter_++); }
  /// Uniform in [lo, hi]; the bias is below 2^-32 for ranges under 2^32.
  constexpr std::int64_t uniform(std::int64_t lo, std::int64_t hi) {
    const auto span = static_cast<std::uint64_t>(hi) - static_cast<std::uint64_t>(lo) + 1;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(lo) + (span == 0 ? bits() : bits() % span));
  }
  /// Uniform in [0, 1).
  constexpr double real() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  constexpr bool chance(double probability) { return real() < probability; }

 private:
  std::uint64_t seed_, stream_, counter_ = 0;
};

}  // namespace sluice
