#include "map/fold.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/check.h"

namespace sluice::map {
namespace {

std::vector<std::uint32_t> divisors(std::uint32_t n) {
  std::vector<std::uint32_t> result;
  for (std::uint32_t d = 1; d * std::uint64_t{d} <= n; ++d)
    if (n % d == 0) {
      result.push_back(d);
      if (d != n / d) result.push_back(n / d);
    }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace

std::uint64_t reuseFactor(std::uint32_t n, std::uint32_t m, Fold fold) {
  return std::uint64_t{n / fold.simd} * (m / fold.pe);
}

std::vector<std::uint64_t> legalReuseFactors(std::uint32_t n, std::uint32_t m) {
  std::set<std::uint64_t> factors;
  for (const std::uint32_t a : divisors(n))
    for (const std::uint32_t b : divisors(m)) factors.insert(std::uint64_t{a} * b);
  return {factors.begin(), factors.end()};
}

Fold chooseFold(std::uint32_t n, std::uint32_t m, std::uint64_t factor, FoldGoal goal, std::uint32_t producerPack) {
  SLUICE_CHECK(n > 0 && m > 0 && factor > 0, "a product has inputs, outputs and a factor");
  const std::vector<std::uint64_t> legal = legalReuseFactors(n, m);
  std::uint64_t chosen = legal.front();
  for (const std::uint64_t candidate : legal) {
    const auto distance = [&](std::uint64_t f) { return f > factor ? f - factor : factor - f; };
    const bool better = goal == FoldGoal::atMost ? candidate <= factor : distance(candidate) < distance(chosen);
    if (better) chosen = candidate;
  }

  // How far an input beat is from the producer's: the length of the buffer a width converter between them needs.
  const auto mismatch = [&](std::uint32_t simd) -> std::uint64_t {
    if (simd == producerPack || producerPack == 0) return 0;
    return std::lcm<std::uint64_t>(simd, producerPack);
  };
  Fold best{};
  bool found = false;
  for (const std::uint32_t simd : divisors(n)) {
    const std::uint64_t inFolds = n / simd;
    if (chosen % inFolds != 0 || m % (chosen / inFolds) != 0) continue;
    const Fold fold{.simd = simd, .pe = static_cast<std::uint32_t>(m / (chosen / inFolds))};
    // A square array has the narrowest beats on both sides; its adder trees and accumulators balance.
    const auto key = [&](Fold f) { return std::pair(mismatch(f.simd), std::uint64_t{std::max(f.simd, f.pe)}); };
    if (!found || key(fold) < key(best)) best = fold, found = true;
  }
  SLUICE_CHECK(found, "every legal reuse factor has a fold");
  return best;
}

}  // namespace sluice::map
