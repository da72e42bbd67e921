#include <algorithm>

#include "kernel/testing/random_families.h"
#include "kernel/threshold/threshold.h"

namespace sluice::kernel {

KernelCase randomThreshold(std::uint64_t seed) {
  Rng rng(seed, 102);
  ThresholdParams p;
  p.pack = static_cast<std::uint32_t>(rng.uniform(1, 3));
  p.channels = p.pack * static_cast<std::uint32_t>(rng.uniform(1, 5));
  p.input = randomRange(rng, rng.chance(0.5) ? 5 : 11);
  const auto steps = static_cast<std::uint32_t>(rng.chance(0.2) ? rng.uniform(10, 40) : rng.uniform(0, 8));
  const std::uint32_t rows = rng.chance(0.4) ? 1 : p.channels;
  for (std::uint32_t r = 0; r < rows; ++r) {
    std::vector<std::int64_t> row;
    // Some thresholds lie outside the range: rows that stop early, and steps that every x has taken.
    for (std::uint32_t k = 0; k < steps; ++k) row.push_back(rng.uniform(p.input.lo - 2, p.input.hi + 3));
    std::sort(row.begin(), row.end());
    p.thresholds.push_back(row);
  }
  p.base.assign(rng.chance(0.5) ? 1 : p.channels, 0);
  if (rng.chance(0.6))
    for (std::int64_t& b : p.base) b = rng.uniform(-9, 9);
  p.sign.assign(rng.chance(0.5) ? 1 : p.channels, 1);
  for (std::int8_t& s : p.sign) s = rng.chance(0.3) ? -1 : 1;
  const bool tableFits = fixed::formatFor(p.input).bits <= 6;
  p.form = static_cast<ThresholdForm>(rng.uniform(0, 3));
  if (p.form == ThresholdForm::table && !tableFits) p.form = ThresholdForm::search;

  Result<Kernel> made = threshold(p);
  SLUICE_CHECK(made.ok(), "random thresholds are legal");
  const std::size_t beats = beatsPerPass(made->schedule, 0);
  const auto golden = [p, beats](const PassData& reads) {
    std::vector<std::int64_t> y;
    for (std::size_t i = 0; i < beats * p.pack; ++i) {
      const auto& row = p.thresholds.size() == 1 ? p.thresholds[0] : p.thresholds[i];
      const std::int64_t base = p.base.size() == 1 ? p.base[0] : p.base[i];
      const std::int64_t sign = p.sign.size() == 1 ? p.sign[0] : p.sign[i];
      const auto count = std::upper_bound(row.begin(), row.end(), reads[0][i]) - row.begin();
      y.push_back(base + sign * count);
    }
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

}  // namespace sluice::kernel
