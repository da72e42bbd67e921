#include <algorithm>

#include "kernel/streamed_weights/streamed_weights.h"
#include "kernel/testing/random_families.h"

namespace sluice::kernel {

KernelCase randomStreamedWeights(std::uint64_t seed) {
  Rng rng(seed, 41);
  const auto draw = [&](std::int64_t most) { return static_cast<std::uint32_t>(rng.uniform(1, most)); };
  StreamedDenseParams p{.simd = draw(4), .pe = draw(3)};
  p.nIn = p.simd * (rng.chance(0.05) ? 70 : draw(5));
  p.nOut = p.pe * draw(4);
  p.input = randomRange(rng, 9);
  p.weight = randomRange(rng, 8);
  if (rng.chance(0.5))
    for (std::uint32_t o = 0; o < p.nOut; ++o) p.bias.push_back(rng.uniform(-200, 200));
  const std::uint32_t x = fixed::formatFor(p.input).bits, w = fixed::formatFor(p.weight).bits;
  KernelCase test{.kernel = streamedDense(p).value()};
  test.multiplierDsps = std::min(x, w) >= 5 ? p.simd * p.pe : 0;
  // Written from the order in which weights come, not from a matrix.
  test.golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y(p.nOut, 0);
    if (!p.bias.empty()) y = p.bias;
    std::size_t at = 0;
    for (std::uint32_t o = 0; o < p.nOut; o += p.pe)
      for (std::uint32_t i = 0; i < p.nIn; i += p.simd)
        for (std::uint32_t q = 0; q < p.pe; ++q)
          for (std::uint32_t s = 0; s < p.simd; ++s) y[o + q] += reads[0][i + s] * reads[1][at++];
    return PassData{y};
  };
  return test;
}

KernelCase randomWeightBuffer(std::uint64_t seed) {
  Rng rng(seed, 42);
  const WeightBufferParams p{
      .beats = static_cast<std::uint32_t>(rng.chance(0.1) ? rng.uniform(60, 90) : rng.uniform(1, 12)),
      .elements = static_cast<std::uint32_t>(rng.uniform(1, 6)),
      .range = randomRange(rng, 6),
      .passes = static_cast<std::uint64_t>(rng.uniform(2, 5))};
  KernelCase test{.kernel = weightBuffer(p).value()};
  test.golden = [times = p.passes](const PassData& reads) {
    std::vector<std::int64_t> all;
    for (std::uint64_t pass = 0; pass < times; ++pass)
      all.insert(all.end(), reads[0].begin(), reads[0].end());
    return PassData{all};
  };
  return test;
}

}  // namespace sluice::kernel
