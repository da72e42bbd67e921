#include "kernel/testing/random_conv.h"

#include "kernel/testing/random_families.h"
#include "kernel/testing/random_windows.h"

namespace sluice::kernel {

ConvParams randomConvParams(std::uint64_t seed) {
  Rng rng(seed, 111);
  ConvParams p;
  p.window = randomWindowParams(rng);
  WindowParams& w = p.window;
  if (rng.chance(0.25)) {  // pointwise
    w.kernelHeight = w.kernelWidth = w.strideHeight = w.strideWidth = w.insertHeight = w.insertWidth = 1;
    w.padTop = w.padLeft = w.padBottom = w.padRight = w.positionsAtOnce = 0;
  }
  p.groups = rng.chance(0.5) ? 1 : rng.chance(0.5) ? w.channels : randomDivisor(rng, w.channels);
  p.outChannels = p.groups * static_cast<std::uint32_t>(rng.uniform(1, 3));
  const fixed::Interval range = randomRange(rng, rng.chance(0.7) ? 3 : 8);
  const std::uint32_t count = w.kernelHeight * w.kernelWidth * (w.channels / p.groups) * p.outChannels;
  for (std::uint32_t i = 0; i < count; ++i) p.weights.push_back(rng.uniform(range.lo, range.hi));
  if (rng.chance(0.6))
    for (std::uint32_t m = 0; m < p.outChannels; ++m) p.bias.push_back(rng.uniform(-40, 40));
  const ConvFacts facts = convFacts(p).value();
  p.simd = randomDivisor(rng, facts.productInputs);
  p.pe = randomDivisor(rng, facts.productOutputs);
  p.multiplier = static_cast<MultiplierStyle>(rng.uniform(0, 3));
  p.memory = static_cast<WeightMemory>(rng.uniform(0, 2));
  return p;
}

std::vector<std::int64_t> convolved(const ConvParams& p, const std::vector<std::int64_t>& map) {
  const WindowParams& w = p.window;
  const WindowScan scan = windowScan(w).value();
  const std::uint32_t groupIn = w.channels / p.groups, groupOut = p.outChannels / p.groups;
  std::vector<std::int64_t> y;
  for (std::uint32_t i = 0; i < scan.outHeight; ++i)
    for (std::uint32_t j = 0; j < scan.outWidth; ++j)
      for (std::uint32_t m = 0; m < p.outChannels; ++m) {
        std::int64_t sum = p.bias.empty() ? 0 : p.bias[m];
        for (std::uint32_t ky = 0; ky < w.kernelHeight; ++ky)
          for (std::uint32_t kx = 0; kx < w.kernelWidth; ++kx)
            for (std::uint32_t c = 0; c < groupIn; ++c) {
              const std::size_t at =
                  ((std::size_t{ky} * w.kernelWidth + kx) * groupIn + c) * p.outChannels + m;
              sum += p.weights[at] *
                     windowElement(w, map, i, j, ky, kx, m / groupOut * groupIn + c).value_or(w.padCode);
            }
        y.push_back(sum);
      }
  return y;
}

/// The product of a convolution, as the kernel that is new against dense: one window in, one pixel out.
KernelCase randomConv(std::uint64_t seed) {
  const ConvParams p = randomConvParams(seed);
  Result<ConvKernels> made = conv(p);
  SLUICE_CHECK(made.ok(), "random convolutions are legal");
  const DenseParams d = convProduct(p).value();
  const WindowParams w = p.window;
  const std::uint32_t groupIn = w.channels / p.groups, groupOut = p.outChannels / p.groups;
  const auto golden = [p, w, groupIn, groupOut](const PassData& reads) {
    // A window as it streams: [channels/pack][kernelHeight*kernelWidth][pack].
    const std::uint32_t positions = w.kernelHeight * w.kernelWidth;
    std::vector<std::int64_t> y;
    for (std::uint32_t m = 0; m < p.outChannels; ++m) {
      std::int64_t sum = p.bias.empty() ? 0 : p.bias[m];
      for (std::uint32_t k = 0; k < positions; ++k)
        for (std::uint32_t c = 0; c < groupIn; ++c) {
          const std::uint32_t channel = m / groupOut * groupIn + c;
          const std::size_t element =
              (std::size_t{channel / w.pack} * positions + k) * w.pack + channel % w.pack;
          sum += p.weights[(std::size_t{k} * groupIn + c) * p.outChannels + m] * reads[0][element];
        }
      y.push_back(sum);
    }
    return PassData{y};
  };
  return {.kernel = std::move(made->product), .golden = golden, .multiplierDsps = denseDsps(d).value()};
}

}  // namespace sluice::kernel
