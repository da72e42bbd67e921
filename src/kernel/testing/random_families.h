#pragma once

#include "base/rng.h"
#include "kernel/testing.h"

/// The generators behind randomKernel, one per family. Private to this folder.
namespace sluice::kernel {

/// An interval of integers of at most `mostBits` bits: often a whole format, sometimes part of one.
fixed::Interval randomRange(Rng& rng, std::uint32_t mostBits);

KernelCase randomDense(std::uint64_t seed);
KernelCase randomPairs(std::uint64_t seed);
KernelCase randomThreshold(std::uint64_t seed);
KernelCase randomWidth(std::uint64_t seed);
KernelCase randomFork(std::uint64_t seed);
KernelCase randomLookup(std::uint64_t seed);
KernelCase randomRescale(std::uint64_t seed);
KernelCase randomMerge(std::uint64_t seed);
KernelCase randomTopK(std::uint64_t seed);
KernelCase randomLoops(std::uint64_t seed);
KernelCase randomWindow(std::uint64_t seed);
KernelCase randomConv(std::uint64_t seed);
KernelCase randomPool(std::uint64_t seed);
KernelCase randomPairwise(std::uint64_t seed);
KernelCase randomConcat(std::uint64_t seed);
KernelCase randomSplit(std::uint64_t seed);
KernelCase randomSlice(std::uint64_t seed);
KernelCase randomPad(std::uint64_t seed);
KernelCase randomUpsample(std::uint64_t seed);
KernelCase randomPermute(std::uint64_t seed);
KernelCase randomReduce(std::uint64_t seed);
KernelCase randomMatmul(std::uint64_t seed);
KernelCase randomStreamedWeights(std::uint64_t seed);
KernelCase randomWeightBuffer(std::uint64_t seed);
KernelCase randomUnrolled(std::uint64_t seed);

}  // namespace sluice::kernel
