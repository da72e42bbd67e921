#include <algorithm>
#include <numeric>

#include "kernel/concat/concat.h"
#include "kernel/pairwise/pairwise.h"
#include "kernel/reshape/permute.h"
#include "kernel/reshape/slice.h"
#include "kernel/reshape/upsample.h"
#include "kernel/testing/random_families.h"
#include "kernel/testing/random_windows.h"

/// Kernels that move elements, and those on pairs of them.
namespace sluice::kernel {
namespace {

std::uint32_t pick(Rng& rng, std::int64_t lo, std::int64_t hi) {
  return static_cast<std::uint32_t>(rng.uniform(lo, hi));
}

/// Row-major positions over `extents`: calls visit(coordinates).
template <typename Visit>
void overAll(const std::vector<std::uint32_t>& extents, Visit visit) {
  std::vector<std::uint32_t> at(extents.size(), 0);
  const auto total = std::accumulate(extents.begin(), extents.end(), std::size_t{1}, std::multiplies<>());
  for (std::size_t n = 0; n < total; ++n) {
    visit(at);
    for (std::size_t k = extents.size(); k-- > 0;) {
      if (++at[k] < extents[k]) break;
      at[k] = 0;
    }
  }
}

std::size_t positionOf(const std::vector<std::uint32_t>& at, const std::vector<std::uint32_t>& extents) {
  std::size_t position = 0;
  for (std::size_t k = 0; k < at.size(); ++k) position = position * extents[k] + at[k];
  return position;
}

}  // namespace

KernelCase randomPairwise(std::uint64_t seed) {
  Rng rng(seed, 113);
  PairwiseParams p;
  p.operation = static_cast<PairOperation>(rng.uniform(0, 2));
  p.pack = pick(rng, 1, 3);
  p.inputs = {randomRange(rng, 9), randomRange(rng, 9)};
  if (rng.chance(0.5)) p.zeroPoints = {rng.uniform(-20, 20), rng.uniform(-20, 20)};
  Result<Kernel> made = pairwise(p);
  SLUICE_CHECK(made.ok(), "random pairs are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y;
    for (std::size_t i = 0; i < reads[0].size(); ++i) {
      const std::int64_t a = reads[0][i], b = reads[1][i];
      y.push_back(p.operation == PairOperation::multiply  ? (a - p.zeroPoints[0]) * (b - p.zeroPoints[1])
                  : p.operation == PairOperation::minimum ? std::min(a, b)
                                                          : std::max(a, b));
    }
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden, .multiplierDsps = pairwiseDsps(p).value()};
}

KernelCase randomConcat(std::uint64_t seed) {
  Rng rng(seed, 114);
  ConcatParams p;
  p.pack = pick(rng, 1, 3);
  for (std::uint32_t k = pick(rng, 1, 4); k > 0; --k)
    p.inputs.push_back({randomRange(rng, 6), pick(rng, 1, 5)});
  Result<Kernel> made = concat(p);
  SLUICE_CHECK(made.ok(), "random concatenations are legal");
  const auto golden = [](const PassData& reads) {
    std::vector<std::int64_t> y;
    for (const auto& x : reads) y.insert(y.end(), x.begin(), x.end());
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomSplit(std::uint64_t seed) {
  Rng rng(seed, 115);
  SplitParams p{.pack = pick(rng, 1, 3), .range = randomRange(rng, 6), .beats = {}};
  for (std::uint32_t k = pick(rng, 1, 4); k > 0; --k) p.beats.push_back(pick(rng, 1, 5));
  Result<Kernel> made = split(p);
  SLUICE_CHECK(made.ok(), "random splits are legal");
  const auto golden = [p](const PassData& reads) {
    PassData y;
    auto from = reads[0].begin();
    for (const std::uint32_t beats : p.beats) {
      const auto to = from + static_cast<std::ptrdiff_t>(beats) * p.pack;
      y.emplace_back(from, to);
      from = to;
    }
    return y;
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomSlice(std::uint64_t seed) {
  Rng rng(seed, 116);
  SliceParams p{.pack = pick(rng, 1, 3), .range = randomRange(rng, 6), .axes = {}};
  for (std::uint32_t k = pick(rng, 1, 3); k > 0; --k) {
    SliceAxis axis{.extent = pick(rng, 1, 6), .step = rng.chance(0.5) ? 1 : pick(rng, 2, 3)};
    axis.begin = pick(rng, 0, axis.extent - 1);
    axis.count = pick(rng, 1, (axis.extent - 1 - axis.begin) / axis.step + 1);
    p.axes.push_back(axis);
  }
  Result<Kernel> made = slice(p);
  SLUICE_CHECK(made.ok(), "random slices are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::uint32_t> in, out;
    for (const SliceAxis& a : p.axes) in.push_back(a.extent), out.push_back(a.count);
    std::vector<std::int64_t> y;
    overAll(out, [&](std::vector<std::uint32_t> at) {
      for (std::size_t k = 0; k < at.size(); ++k) at[k] = p.axes[k].begin + at[k] * p.axes[k].step;
      for (std::uint32_t e = 0; e < p.pack; ++e) y.push_back(reads[0][positionOf(at, in) * p.pack + e]);
    });
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomPad(std::uint64_t seed) {
  Rng rng(seed, 117);
  PadParams p{
      .pack = pick(rng, 1, 3), .range = randomRange(rng, 6), .padCode = rng.uniform(-3, 3), .axes = {}};
  for (std::uint32_t k = pick(rng, 1, 3); k > 0; --k)
    p.axes.push_back({.extent = pick(rng, 1, 4),
                      .before = pick(rng, 0, 2),
                      .after = pick(rng, 0, 2),
                      .between = rng.chance(0.7) ? 0 : pick(rng, 1, 2)});
  Result<Kernel> made = pad(p);
  SLUICE_CHECK(made.ok(), "random paddings are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::uint32_t> in, out;
    for (const PadAxis& a : p.axes) {
      in.push_back(a.extent);
      out.push_back(a.before + (a.extent - 1) * (a.between + 1) + 1 + a.after);
    }
    std::vector<std::int64_t> y;
    overAll(out, [&](std::vector<std::uint32_t> at) {
      bool inside = true;
      for (std::size_t k = 0; k < at.size(); ++k) {
        const std::int64_t from = std::int64_t{at[k]} - p.axes[k].before, step = p.axes[k].between + 1;
        inside = inside && from >= 0 && from % step == 0 && from / step < in[k];
        at[k] = inside ? static_cast<std::uint32_t>(from / step) : 0;
      }
      for (std::uint32_t e = 0; e < p.pack; ++e)
        y.push_back(inside ? reads[0][positionOf(at, in) * p.pack + e] : p.padCode);
    });
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomUpsample(std::uint64_t seed) {
  Rng rng(seed, 118);
  UpsampleParams p{.height = pick(rng, 1, 4), .width = pick(rng, 1, 5), .pack = pick(rng, 1, 3)};
  p.channels = p.pack * pick(rng, 1, 4);
  p.factorHeight = pick(rng, 1, 3);
  p.factorWidth = pick(rng, 1, 3);
  p.range = randomRange(rng, 6);
  p.rows = static_cast<BufferStyle>(rng.uniform(0, 3));
  p.pixels = static_cast<BufferStyle>(rng.uniform(0, 3));
  p.copies = rng.chance(0.3) ? pick(rng, 2, 3) : 1;
  Result<Kernel> made = upsample(p);
  SLUICE_CHECK(made.ok(), "random upsamplings are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y;
    const std::uint32_t folds = p.channels / p.pack;
    overAll({p.height * p.factorHeight, p.width * p.factorWidth, folds, p.copies, p.pack},
            [&](const std::vector<std::uint32_t>& at) {
              y.push_back(
                  reads[0][positionOf({at[0] / p.factorHeight, at[1] / p.factorWidth, at[2] * p.pack + at[4]},
                                      {p.height, p.width, p.channels})]);
            });
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomPermute(std::uint64_t seed) {
  Rng rng(seed, 119);
  PermuteParams p;
  for (std::uint32_t k = pick(rng, 1, 4); k > 0; --k) {
    p.permutation.push_back(static_cast<std::uint32_t>(p.shape.size()));
    p.shape.push_back(pick(rng, 1, 5));
  }
  const std::size_t fixed = rng.chance(0.5) ? 1 : 0;  // the last axis stays
  for (std::size_t k = p.shape.size() - fixed; k > 1; --k)
    std::swap(p.permutation[k - 1], p.permutation[pick(rng, 0, static_cast<std::int64_t>(k) - 1)]);
  if (p.permutation.back() + 1 == p.shape.size()) p.pack = pick(rng, 1, 3);
  p.range = randomRange(rng, 6);
  p.buffer = static_cast<BufferStyle>(rng.uniform(0, 3));
  Result<Kernel> made = permute(p);
  SLUICE_CHECK(made.ok(), "random permutations are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::uint32_t> out;
    for (const std::uint32_t axis : p.permutation) out.push_back(p.shape[axis]);
    std::vector<std::int64_t> y;
    overAll(out, [&](const std::vector<std::uint32_t>& at) {
      std::vector<std::uint32_t> from(at.size());
      for (std::size_t k = 0; k < at.size(); ++k) from[p.permutation[k]] = at[k];
      for (std::uint32_t e = 0; e < p.pack; ++e)
        y.push_back(reads[0][positionOf(from, p.shape) * p.pack + e]);
    });
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

}  // namespace sluice::kernel
