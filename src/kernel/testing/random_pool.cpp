#include <algorithm>

#include "kernel/matmul/matmul.h"
#include "kernel/pool/pool.h"
#include "kernel/reduce/reduce.h"
#include "kernel/testing/random_families.h"
#include "kernel/testing/random_windows.h"

namespace sluice::kernel {
namespace {

PoolParams randomPoolParams(Rng& rng) {
  PoolParams p;
  p.operation = static_cast<PoolOperation>(rng.uniform(0, 2));
  WindowParams& w = p.window;
  w = randomWindowParams(rng);
  w.insertHeight = w.insertWidth = 1;
  const bool global = rng.chance(0.15);
  if (global || rng.chance(0.5)) {  // tiles
    w.dilationHeight = w.dilationWidth = 1;
    if (global) {
      w.kernelHeight = w.height;
      w.kernelWidth = w.width;
      w.padTop = w.padLeft = w.padBottom = w.padRight = 0;
    }
    w.strideHeight = w.kernelHeight;
    w.strideWidth = w.kernelWidth;
  }
  return p;
}

}  // namespace

KernelCase randomPool(std::uint64_t seed) {
  Rng rng(seed, 112);
  PoolParams p = randomPoolParams(rng);
  while (!poolFacts(p).ok()) p = randomPoolParams(rng);
  Result<Kernel> made = pool(p);
  SLUICE_CHECK(made.ok(), "random pools are legal");
  const PoolFacts facts = poolFacts(p).value();
  const auto golden = [p, facts](const PassData& reads) {
    const WindowParams& w = p.window;
    std::vector<std::int64_t> y;
    for (std::uint32_t i = 0; i < facts.outHeight; ++i)
      for (std::uint32_t j = 0; j < facts.outWidth; ++j)
        for (std::uint32_t c = 0; c < w.channels; ++c) {
          std::vector<std::int64_t> inside;
          std::int64_t outside = 0;
          for (std::uint32_t ky = 0; ky < w.kernelHeight; ++ky)
            for (std::uint32_t kx = 0; kx < w.kernelWidth; ++kx) {
              const auto element = windowElement(w, reads[0], i, j, ky, kx, c);
              element ? inside.push_back(*element) : static_cast<void>(++outside);
            }
          std::int64_t sum = outside * w.padCode;
          for (const std::int64_t v : inside) sum += v;
          y.push_back(p.operation == PoolOperation::sum ? sum
                      : p.operation == PoolOperation::maximum
                          ? *std::max_element(inside.begin(), inside.end())
                          : *std::min_element(inside.begin(), inside.end()));
        }
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomReduce(std::uint64_t seed) {
  Rng rng(seed, 120);
  ReduceParams p{.operation = static_cast<PoolOperation>(rng.uniform(0, 2)),
                 .pack = static_cast<std::uint32_t>(rng.uniform(1, 6))};
  p.n = p.pack * static_cast<std::uint32_t>(rng.uniform(1, 6));
  p.input = randomRange(rng, 9);
  Result<Kernel> made = reduce(p);
  SLUICE_CHECK(made.ok(), "random reductions are legal");
  const auto golden = [p](const PassData& reads) {
    const std::vector<std::int64_t>& x = reads[0];
    std::int64_t sum = 0;
    for (const std::int64_t v : x) sum += v;
    return PassData{{p.operation == PoolOperation::sum       ? sum
                     : p.operation == PoolOperation::maximum ? *std::max_element(x.begin(), x.end())
                                                             : *std::min_element(x.begin(), x.end())}};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomMatmul(std::uint64_t seed) {
  Rng rng(seed, 121);
  const auto some = [&](std::int64_t most) { return static_cast<std::uint32_t>(rng.uniform(1, most)); };
  MatmulParams p{.batch = some(2), .rows = some(4), .n = some(5), .pe = some(3)};
  p.m = p.pe * some(4);
  for (std::size_t k = 0; k < 2; ++k) {
    p.inputs[k] = randomRange(rng, rng.chance(0.3) ? 8 : 4);
    if (rng.chance(0.3)) p.zeroPoints[k] = rng.uniform(-5, 5);
  }
  p.matrix = static_cast<BufferStyle>(rng.uniform(0, 3));
  Result<Kernel> made = matmul(p);
  SLUICE_CHECK(made.ok(), "random products are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y;
    for (std::uint32_t b = 0; b < p.batch; ++b)
      for (std::uint32_t r = 0; r < p.rows; ++r)
        for (std::uint32_t j = 0; j < p.m; ++j) {
          std::int64_t sum = 0;
          for (std::uint32_t k = 0; k < p.n; ++k)
            sum += (reads[0][(b * p.rows + r) * p.n + k] - p.zeroPoints[0]) *
                   (reads[1][(b * p.n + k) * p.m + j] - p.zeroPoints[1]);
          y.push_back(sum);
        }
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden, .multiplierDsps = matmulDsps(p).value()};
}

}  // namespace sluice::kernel
