#include "base/rng.h"
#include "kernel/dense/dense.h"
#include "kernel/testing/random_families.h"
#include "kernel/testing/random_windows.h"

namespace sluice::kernel {
fixed::Interval randomRange(Rng& rng, std::uint32_t mostBits) {
  const auto bits = static_cast<std::uint32_t>(rng.uniform(1, mostBits));
  const fixed::Interval full = fixed::IntegerFormat{bits, bits > 1 && rng.chance(0.5)}.range();
  if (rng.chance(0.6)) return full;
  const std::int64_t a = rng.uniform(full.lo, full.hi), b = rng.uniform(full.lo, full.hi);
  return {std::min(a, b), std::max(a, b)};
}

namespace {

KernelCase caseOf(const DenseParams& p) {
  Result<Kernel> made = dense(p);
  SLUICE_CHECK(made.ok(), "random dense parameters are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y(std::size_t{p.groups} * p.nOut, 0);
    for (std::uint32_t j = 0; j < p.groups * p.nOut; ++j) {
      const std::uint32_t group = j / p.nOut;
      if (!p.bias.empty()) y[j] = p.bias[j];
      for (std::uint32_t i = group * p.nIn; i < (group + 1) * p.nIn; ++i)
        y[j] += p.weights[i * p.nOut + j % p.nOut] * reads[0][i];
    }
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden, .multiplierDsps = denseDsps(p).value()};
}

}  // namespace

KernelCase randomDense(std::uint64_t seed) {
  Rng rng(seed, 101);
  DenseParams p;
  p.nIn = static_cast<std::uint32_t>(rng.uniform(1, 12));
  p.nOut = static_cast<std::uint32_t>(rng.uniform(1, 12));
  p.simd = randomDivisor(rng, p.nIn);
  p.pe = randomDivisor(rng, p.nOut);
  p.input = randomRange(rng, rng.chance(0.7) ? 4 : 9);
  const fixed::Interval weights = randomRange(rng, rng.chance(0.7) ? 3 : 8);
  const bool sparse = rng.chance(0.3);
  if (rng.chance(0.3)) p.groups = static_cast<std::uint32_t>(rng.uniform(2, 4));
  for (std::uint32_t i = 0; i < p.groups * p.nIn * p.nOut; ++i)
    p.weights.push_back(sparse && rng.chance(0.7) ? 0 : rng.uniform(weights.lo, weights.hi));
  if (rng.chance(0.6))
    for (std::uint32_t j = 0; j < p.groups * p.nOut; ++j) p.bias.push_back(rng.uniform(-40, 40));
  p.multiplier = static_cast<MultiplierStyle>(rng.uniform(0, 3));
  p.memory = static_cast<WeightMemory>(rng.uniform(0, 2));
  p.levelsPerStage = static_cast<std::uint32_t>(rng.uniform(1, 3));

  return caseOf(p);
}

/// Several outputs at once, of factors that two products in a block are for.
KernelCase randomPairs(std::uint64_t seed) {
  Rng rng(seed, 124);
  DenseParams p;
  p.simd = static_cast<std::uint32_t>(rng.uniform(1, 4));
  p.pe = static_cast<std::uint32_t>(rng.uniform(2, 5));
  p.nIn = p.simd * static_cast<std::uint32_t>(rng.uniform(1, 8));
  p.nOut = p.pe * static_cast<std::uint32_t>(rng.uniform(2, 4));
  const auto ofBits = [&](std::int64_t least, std::int64_t most) {
    return fixed::IntegerFormat{static_cast<std::uint32_t>(rng.uniform(least, most)), rng.chance(0.5)}
        .range();
  };
  p.input = ofBits(3, 9);
  const fixed::Interval weights = ofBits(3, 9);
  for (std::uint32_t i = 0; i < p.nIn * p.nOut; ++i) p.weights.push_back(rng.uniform(weights.lo, weights.hi));
  if (rng.chance(0.6))
    for (std::uint32_t j = 0; j < p.nOut; ++j) p.bias.push_back(rng.uniform(-40, 40));
  p.multiplier = MultiplierStyle::dspPairs;
  return caseOf(p);
}

}  // namespace sluice::kernel
