#include "map/fold.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "base/check.h"

namespace sluice::map {

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

std::uint64_t reuseFactor(std::uint32_t n, std::uint32_t m, Fold fold) {
  return std::uint64_t{n / fold.simd} * (m / fold.pe);
}

std::vector<std::uint64_t> legalReuseFactors(std::uint32_t n, std::uint32_t m) {
  std::set<std::uint64_t> factors;
  for (const std::uint32_t a : divisors(n))
    for (const std::uint32_t b : divisors(m)) factors.insert(std::uint64_t{a} * b);
  return {factors.begin(), factors.end()};
}

namespace {

/// What a fold costs, in multipliers: each output lane brings an accumulator and a quantizer behind it, each input lane a
/// place in the vector memory (and, where the beat comes from outside, wires that somebody has to bring), and a width
/// converter the registers of both its sides (twice where neither beat divides the other).
double foldCost(Fold fold, std::uint32_t producerPack) {
  constexpr double kOutputLane = 8, kInputLane = 1, kPortLane = 4, kConverterLane = 0.5;
  const double simd = fold.simd, pe = fold.pe, pack = producerPack;
  double cost = simd * pe + kOutputLane * pe + (producerPack == 0 ? kPortLane : kInputLane) * simd;
  if (producerPack != 0 && producerPack != fold.simd) {
    const bool divides = producerPack % fold.simd == 0 || fold.simd % producerPack == 0;
    cost += kConverterLane * (simd + pack) * (divides ? 1 : 2);
  }
  return cost;
}

}  // namespace

Fold chooseFold(std::uint32_t n, std::uint32_t m, std::uint64_t factor, FoldGoal goal,
                std::uint32_t producerPack) {
  SLUICE_CHECK(n > 0 && m > 0 && factor > 0, "a product has inputs, outputs and a factor");
  // What a factor may become: itself if it is legal, else a legal one of at least three quarters of it.
  const std::vector<std::uint64_t> legal = legalReuseFactors(n, m);
  const auto above = std::upper_bound(legal.begin(), legal.end(), factor);
  const std::uint64_t most = above == legal.begin() ? legal.front() : *std::prev(above);
  const std::uint64_t least =
      goal == FoldGoal::exact && most == factor ? factor : std::min(most, factor - factor / 4);

  std::optional<Fold> best;
  for (const std::uint32_t simd : divisors(n))
    for (const std::uint32_t pe : divisors(m)) {
      const Fold fold{.simd = simd, .pe = pe};
      const std::uint64_t own = reuseFactor(n, m, fold);
      if (own < least || own > most) continue;
      const auto key = [&](Fold f) { return std::pair(foldCost(f, producerPack), f.pe); };
      if (!best || key(fold) < key(*best)) best = fold;
    }
  SLUICE_CHECK(best.has_value(), "every legal reuse factor has a fold");
  return *best;
}

}  // namespace sluice::map
