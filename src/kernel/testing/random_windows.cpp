#include "kernel/testing/random_windows.h"

#include "kernel/testing/random_families.h"

namespace sluice::kernel {

std::uint32_t randomDivisor(Rng& rng, std::uint32_t n) {
  std::vector<std::uint32_t> divisors;
  for (std::uint32_t d = 1; d <= n; ++d)
    if (n % d == 0) divisors.push_back(d);
  return divisors[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(divisors.size()) - 1))];
}

namespace {

/// One axis of a random window: sizes that fit together.
void randomAxis(Rng& rng, std::uint32_t mostSize, std::uint32_t& size, std::uint32_t& kernel,
                std::uint32_t& stride, std::uint32_t& dilation, std::uint32_t& before, std::uint32_t& after,
                std::uint32_t& insert) {
  const auto pick = [&](std::int64_t lo, std::int64_t hi) {
    return static_cast<std::uint32_t>(rng.uniform(lo, hi));
  };
  do {
    size = pick(1, mostSize);
    kernel = pick(1, 4);
    stride = rng.chance(0.6) ? 1 : pick(2, 4);
    dilation = rng.chance(0.7) ? 1 : pick(2, 3);
    insert = stride == 1 && rng.chance(0.2) ? pick(2, 3) : 1;
    const std::uint32_t reach = (kernel - 1) * dilation;
    before = rng.chance(0.4) ? 0 : pick(0, reach);
    after = rng.chance(0.4) ? before : pick(0, reach);
  } while ((kernel - 1) * dilation + 1 > (size - 1) * insert + 1 + before + after);
}

}  // namespace

WindowParams randomWindowParams(Rng& rng) {
  WindowParams p;
  const bool flat = rng.chance(0.2);  // 1-D
  std::uint32_t bits = 5;
  do {
    randomAxis(rng, flat ? 1 : 6, p.height, p.kernelHeight, p.strideHeight, p.dilationHeight, p.padTop,
               p.padBottom, p.insertHeight);
  } while (flat && p.kernelHeight > 1);
  randomAxis(rng, flat ? 20 : 7, p.width, p.kernelWidth, p.strideWidth, p.dilationWidth, p.padLeft,
             p.padRight, p.insertWidth);
  p.pack = static_cast<std::uint32_t>(rng.chance(0.5) ? 1 : rng.uniform(2, 3));
  p.channels = p.pack * static_cast<std::uint32_t>(rng.chance(0.5) ? 1 : rng.uniform(2, 4));
  p.input = randomRange(rng, bits);
  p.padCode = rng.chance(0.6) ? 0 : rng.uniform(-9, 9);
  if (rng.chance(0.4)) p.positionsAtOnce = randomDivisor(rng, p.kernelHeight * p.kernelWidth);
  p.rows = static_cast<BufferStyle>(rng.uniform(0, 3));
  p.columns = static_cast<BufferStyle>(rng.uniform(0, 3));
  return p;
}

std::optional<std::int64_t> windowElement(const WindowParams& p, const std::vector<std::int64_t>& map,
                                          std::uint32_t i, std::uint32_t j, std::uint32_t ky,
                                          std::uint32_t kx, std::uint32_t c) {
  const std::int64_t v = std::int64_t{i} * p.strideHeight + std::int64_t{ky} * p.dilationHeight - p.padTop;
  const std::int64_t u = std::int64_t{j} * p.strideWidth + std::int64_t{kx} * p.dilationWidth - p.padLeft;
  if (v < 0 || u < 0 || v % p.insertHeight != 0 || u % p.insertWidth != 0) return std::nullopt;
  const std::int64_t row = v / p.insertHeight, column = u / p.insertWidth;
  if (row >= p.height || column >= p.width) return std::nullopt;
  return map[static_cast<std::size_t>((row * p.width + column) * p.channels + c)];
}

KernelCase randomWindow(std::uint64_t seed) {
  Rng rng(seed, 110);
  const WindowParams p = randomWindowParams(rng);
  Result<Kernel> made = window(p);
  SLUICE_CHECK(made.ok(), "random windows are legal");
  const WindowScan scan = windowScan(p).value();
  const auto golden = [p, scan](const PassData& reads) {
    std::vector<std::int64_t> y;
    for (std::uint32_t i = 0; i < scan.outHeight; ++i)
      for (std::uint32_t j = 0; j < scan.outWidth; ++j)
        for (std::uint32_t first = 0; first < p.channels; first += p.pack)
          for (std::uint32_t ky = 0; ky < p.kernelHeight; ++ky)
            for (std::uint32_t kx = 0; kx < p.kernelWidth; ++kx)
              for (std::uint32_t c = first; c < first + p.pack; ++c)
                y.push_back(windowElement(p, reads[0], i, j, ky, kx, c).value_or(p.padCode));
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

}  // namespace sluice::kernel
