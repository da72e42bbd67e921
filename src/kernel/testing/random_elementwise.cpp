#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernel/lookup/lookup.h"
#include "kernel/merge/merge.h"
#include "kernel/rescale/rescale.h"
#include "kernel/testing/random_families.h"
#include "kernel/topk/topk.h"

namespace sluice::kernel {
namespace {

/// One table that is about smooth, often even or odd, of up to 2^11 entries, in any shape that it can take.
void makeSmooth(Rng& rng, LookupParams& p) {
  const std::int64_t codes = std::int64_t{1} << rng.uniform(4, 11);
  const bool isSigned = rng.chance(0.6), isOdd = rng.chance(0.5);
  p.input = isSigned ? fixed::Interval{-codes / 2, codes / 2 - 1} : fixed::Interval{0, codes - 1};
  if (rng.chance(0.3)) p.input.hi -= rng.uniform(0, 2);
  p.first = p.input.lo - rng.uniform(0, 2);
  const double scale = static_cast<double>(rng.uniform(2, rng.chance(0.5) ? 200 : 20000)),
               bend = static_cast<double>(rng.uniform(1, 40)) / 10;
  const int curve = static_cast<int>(rng.uniform(0, 3));
  const std::int64_t noise = rng.chance(0.15) ? rng.uniform(1, 5) : 0, sum = rng.uniform(-9, 9);
  const auto value = [&](std::int64_t x) {
    const double t = static_cast<double>(x) / static_cast<double>(codes);
    const double y = curve == 0   ? 1 / (1 + std::exp(-4 * bend * t))
                     : curve == 1 ? std::exp(-bend * std::abs(t))
                     : curve == 2 ? 1 / (1 + std::abs(t))
                                  : t * (bend - t);
    return std::lround(scale * y) + rng.uniform(0, noise);
  };
  p.tables.assign(1, {});
  const bool mirrored = isSigned && rng.chance(0.5);
  std::vector<std::int64_t> right;
  for (std::int64_t x = 0; mirrored && x <= codes / 2; ++x)
    right.push_back(x == codes / 2 ? right.back() : value(x));
  for (std::int64_t x = p.first; x <= p.input.hi; ++x) {
    const auto size = static_cast<std::size_t>(std::min(std::abs(x), codes / 2));
    p.tables[0].push_back(!mirrored ? value(x) : x < 0 && isOdd ? sum - right[size] : right[size]);
  }
  p.shape = mirrored && rng.chance(0.5) ? TableShape::halfSplit
            : rng.chance(0.7)           ? TableShape::split
                                        : TableShape::automatic;
  if (!lookup(p).ok()) p.shape = TableShape::automatic;  // a constant, or half of four entries
}

}  // namespace

KernelCase randomLookup(std::uint64_t seed) {
  Rng rng(seed, 105);
  LookupParams p;
  p.pack = static_cast<std::uint32_t>(rng.uniform(1, 3));
  p.channels = p.pack * static_cast<std::uint32_t>(rng.uniform(1, 4));
  p.input = randomRange(rng, 7);
  p.first = p.input.lo - rng.uniform(0, 2);
  const fixed::Interval codes = randomRange(rng, 8);
  p.tables.resize(rng.chance(0.5) ? 1 : p.channels);
  for (auto& table : p.tables)
    for (std::int64_t x = p.first; x <= p.input.hi; ++x) table.push_back(rng.uniform(codes.lo, codes.hi));
  p.memory = static_cast<TableMemory>(rng.uniform(0, 2));
  if (rng.chance(0.3)) {  // even or odd, and large enough for half a table
    const std::int64_t most = rng.uniform(300, 511), sum = rng.uniform(-9, 9),
                       sign = rng.chance(0.5) ? 1 : -1;
    p.input = {rng.chance(0.5) ? -most : -512, rng.chance(0.5) ? 511 : most};
    p.first = -512;
    for (auto& table : p.tables) {
      table.assign(1024, 0);
      for (std::size_t x = 0; x < 512; ++x) {
        table[512 + x] = rng.uniform(codes.lo, codes.hi);
        if (x > 0) table[512 - x] = sign > 0 ? table[512 + x] : sum - table[512 + x];
      }
      table[0] = table[1];
    }
  }
  if (rng.chance(0.4)) makeSmooth(rng, p);
  Result<Kernel> made = lookup(p);
  SLUICE_CHECK(made.ok(), "random tables are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y;
    for (std::size_t i = 0; i < reads[0].size(); ++i)
      y.push_back(p.tables[p.tables.size() == 1 ? 0 : i][static_cast<std::size_t>(reads[0][i] - p.first)]);
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomRescale(std::uint64_t seed) {
  Rng rng(seed, 106);
  RescaleParams p;
  p.pack = static_cast<std::uint32_t>(rng.uniform(1, 3));
  p.channels = p.pack * static_cast<std::uint32_t>(rng.uniform(1, 4));
  p.input = randomRange(rng, 10);
  const fixed::Interval factors = randomRange(rng, 9);
  p.a.assign(rng.chance(0.5) ? 1 : p.channels, 0);
  for (auto& a : p.a) a = rng.uniform(factors.lo, factors.hi);
  p.b.assign(rng.chance(0.5) ? 1 : p.channels, 0);
  for (auto& b : p.b) b = rng.uniform(-300, 300);
  p.shift = static_cast<std::uint32_t>(rng.uniform(0, 14));
  p.tieToEven = p.shift > 0 && rng.chance(0.5);
  p.range = randomRange(rng, 8);
  Result<Kernel> made = rescale(p);
  SLUICE_CHECK(made.ok(), "random rescales are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y;
    for (std::size_t i = 0; i < reads[0].size(); ++i) {
      const std::int64_t v = p.a[p.a.size() == 1 ? 0 : i] * reads[0][i] + p.b[p.b.size() == 1 ? 0 : i];
      // Floor, and then what is left over decides: the definition of rounding, not the formula of the
      // hardware.
      std::int64_t q = v >> p.shift;
      if (p.tieToEven) {
        const std::int64_t twice = 2 * (v - q * (std::int64_t{1} << p.shift)),
                           one = std::int64_t{1} << p.shift;
        if (twice > one || (twice == one && q % 2 != 0)) ++q;
      }
      y.push_back(std::clamp(q, p.range.lo, p.range.hi));
    }
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden, .multiplierDsps = rescaleDsps(p).value()};
}

KernelCase randomMerge(std::uint64_t seed) {
  Rng rng(seed, 107);
  MergeParams p;
  p.pack = static_cast<std::uint32_t>(rng.uniform(1, 3));
  const std::int64_t inputs = rng.uniform(1, 5);
  for (std::int64_t k = 0; k < inputs; ++k)
    p.inputs.push_back({randomRange(rng, 8), static_cast<std::uint32_t>(rng.uniform(0, 4))});
  Result<Kernel> made = merge(p);
  SLUICE_CHECK(made.ok(), "random merges are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> y(reads[0].size(), 0);
    for (std::size_t k = 0; k < reads.size(); ++k)
      for (std::size_t i = 0; i < y.size(); ++i) y[i] += reads[k][i] * (std::int64_t{1} << p.inputs[k].shift);
    return PassData{y};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

KernelCase randomTopK(std::uint64_t seed) {
  Rng rng(seed, 108);
  TopKParams p;
  p.k = static_cast<std::uint32_t>(rng.chance(0.5) ? 1 : rng.uniform(1, 4));
  p.pack = p.k == 1 ? static_cast<std::uint32_t>(rng.uniform(1, 6)) : 1;
  p.n = p.pack * static_cast<std::uint32_t>(rng.uniform(1, 6));
  p.k = std::min(p.k, p.n);
  p.input = randomRange(rng, rng.chance(0.6) ? 3 : 9);  // few codes: many ties
  Result<Kernel> made = topK(p);
  SLUICE_CHECK(made.ok(), "random top-k are legal");
  const auto golden = [p](const PassData& reads) {
    std::vector<std::int64_t> order(p.n);
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](std::int64_t i) { return reads[0][static_cast<std::size_t>(i)]; };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int64_t i, std::int64_t j) { return value(i) > value(j); });
    order.resize(p.k);
    return PassData{order};
  };
  return {.kernel = std::move(made).value(), .golden = golden};
}

}  // namespace sluice::kernel
