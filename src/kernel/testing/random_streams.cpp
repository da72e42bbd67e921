#include "kernel/fork/fork.h"
#include "kernel/testing/random_families.h"
#include "kernel/width/width.h"

namespace sluice::kernel {

KernelCase randomWidth(std::uint64_t seed) {
  Rng rng(seed, 103);
  WidthParams p;
  p.range = randomRange(rng, 9);
  const auto unit = static_cast<std::uint32_t>(rng.uniform(1, 6));
  p.from = unit * static_cast<std::uint32_t>(rng.uniform(1, 4));
  p.to = rng.chance(0.3) ? p.from * static_cast<std::uint32_t>(rng.uniform(1, 4))
                         : unit * static_cast<std::uint32_t>(rng.uniform(1, 4));
  Result<Kernel> made = widthConverter(p);
  SLUICE_CHECK(made.ok(), "random widths are legal");
  return {.kernel = std::move(made).value(), .golden = [](const PassData& reads) { return reads; }};
}

KernelCase randomFork(std::uint64_t seed) {
  Rng rng(seed, 104);
  ForkParams p;
  p.outputs = static_cast<std::uint32_t>(rng.uniform(1, 4));
  p.range = randomRange(rng, 9);
  p.beat = {static_cast<std::uint32_t>(rng.uniform(1, 6)), fixed::formatFor(p.range)};
  Result<Kernel> made = fork(p);
  SLUICE_CHECK(made.ok(), "random forks are legal");
  const auto golden = [n = p.outputs](const PassData& reads) { return PassData(n, reads[0]); };
  return {.kernel = std::move(made).value(), .golden = golden};
}

}  // namespace sluice::kernel
