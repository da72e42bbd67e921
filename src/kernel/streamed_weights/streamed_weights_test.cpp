#include "kernel/streamed_weights/streamed_weights.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "kernel/testing.h"

namespace sluice::kernel {
namespace {

/// y = x * w + bias, the weights taken from the order in which they come.
PassData product(const StreamedDenseParams& p, const PassData& reads) {
  std::vector<std::int64_t> y(p.nOut, 0);
  if (!p.bias.empty()) y = p.bias;
  std::size_t at = 0;
  for (std::uint32_t o = 0; o < p.nOut; o += p.pe)
    for (std::uint32_t i = 0; i < p.nIn; i += p.simd)
      for (std::uint32_t q = 0; q < p.pe; ++q)
        for (std::uint32_t s = 0; s < p.simd; ++s) y[o + q] += reads[0][i + s] * reads[1][at++];
  return {y};
}

TEST(StreamedWeights, ValuesAndCyclesOfRandomProductsAgreeInAllViews) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    Rng rng(seed, 3);
    const auto draw = [&](std::int64_t most) { return static_cast<std::uint32_t>(rng.uniform(1, most)); };
    StreamedDenseParams p{.simd = draw(4), .pe = draw(3)};
    p.nIn = p.simd * (seed % 10 == 0 ? 70 : draw(5));
    p.nOut = p.pe * draw(4);
    const std::int64_t x = rng.uniform(0, 200), w = rng.uniform(1, 100);
    p.input = {rng.uniform(-x, 0), x};
    p.weight = {-w, rng.uniform(0, w)};
    if (rng.uniform(0, 1) == 1)
      for (std::uint32_t o = 0; o < p.nOut; ++o) p.bias.push_back(rng.uniform(-50, 50));
    const Result<Kernel> kernel = streamedDense(p);
    ASSERT_TRUE(kernel.ok()) << kernel.error().text();
    const auto count =
        checkViews({.kernel = *kernel, .golden = [p](const PassData& reads) { return product(p, reads); }},
                   {.seed = seed, .lanes = 8, .passes = 3});
    ASSERT_TRUE(count.ok()) << "seed " << seed << ": " << count.error().text();
  }
}

TEST(StreamedWeights, ABufferGivesOutEachSetAsOftenAsItSays) {
  for (const auto& [beats, passes] : {std::pair{1u, 2u}, {3u, 4u}, {5u, 2u}, {80u, 3u}}) {
    const Result<Kernel> kernel =
        weightBuffer({.beats = beats, .elements = 3, .range = {-4, 3}, .passes = passes});
    ASSERT_TRUE(kernel.ok()) << kernel.error().text();
    const auto golden = [times = passes](const PassData& reads) {
      std::vector<std::int64_t> all;
      for (std::uint32_t pass = 0; pass < times; ++pass)
        all.insert(all.end(), reads[0].begin(), reads[0].end());
      return PassData{all};
    };
    const auto count =
        checkViews({.kernel = *kernel, .golden = golden}, {.seed = beats, .lanes = 8, .passes = 4});
    ASSERT_TRUE(count.ok()) << count.error().text();
  }
}

TEST(StreamedWeights, WeightsThatAreKnownMakeSumsNarrower) {
  StreamedDenseParams p{.nIn = 4, .nOut = 1, .input = {0, 15}, .weight = {-8, 7}};
  const fixed::Interval any = streamedDense(p)->ports[2].range;
  EXPECT_EQ(any, (fixed::Interval{-480, 420}));
  p.promised = {1, -1, 1, 0};
  EXPECT_EQ(streamedDense(p)->ports[2].range, (fixed::Interval{-15, 30}));
  EXPECT_EQ(weightsInOrder({.nIn = 4, .nOut = 2, .simd = 2, .pe = 2}, {0, 1, 2, 3, 4, 5, 6, 7}),
            (std::vector<std::int64_t>{0, 2, 1, 3, 4, 6, 5, 7}));
}

TEST(StreamedWeights, FoldsThatDoNotDivideAreRefused) {
  EXPECT_FALSE(streamedDense({.nIn = 4, .nOut = 3, .simd = 3, .input = {0, 1}, .weight = {0, 1}}).ok());
  EXPECT_FALSE(streamedDense({.nIn = 4, .nOut = 3, .input = {0, 1}, .weight = {0, 1}, .promised = {1}}).ok());
  EXPECT_FALSE(weightBuffer({.beats = 4, .range = {0, 1}, .passes = 1}).ok());
}

}  // namespace
}  // namespace sluice::kernel
