#include <utility>

#include "kernel/testing/random_families.h"

namespace sluice::kernel {
namespace {

using Generator = KernelCase (*)(std::uint64_t);

const std::vector<std::pair<std::string, Generator>>& generators() {
  static const std::vector<std::pair<std::string, Generator>> all = {
      {"dense", randomDense},
      {"threshold", randomThreshold},
      {"width", randomWidth},
      {"fork", randomFork},
      {"lookup", randomLookup},
      {"rescale", randomRescale},
      {"merge", randomMerge},
      {"topk", randomTopK},
      {"loops", randomLoops},
      {"window", randomWindow},
      {"conv", randomConv},
      {"pool", randomPool},
      {"pairwise", randomPairwise},
      {"concat", randomConcat},
      {"split", randomSplit},
      {"slice", randomSlice},
      {"pad", randomPad},
      {"upsample", randomUpsample},
      {"permute", randomPermute},
      {"reduce", randomReduce},
      {"matmul", randomMatmul},
      {"streamed_weights", randomStreamedWeights},
      {"weight_buffer", randomWeightBuffer},
  };
  return all;
}

/// Families at parameters that their own generator seldom hits. Apart, so that seeds go on to mean the same kernels.
const std::vector<std::pair<std::string, Generator>>& variants() {
  static const std::vector<std::pair<std::string, Generator>> all = {{"dense_pairs", randomPairs},
                                                                     {"unrolled", randomUnrolled}};
  return all;
}

std::vector<std::string> namesOf(const std::vector<std::pair<std::string, Generator>>& generators) {
  std::vector<std::string> list;
  for (const auto& [name, generator] : generators) list.push_back(name);
  return list;
}

}  // namespace

const std::vector<std::string>& randomFamilies() {
  static const std::vector<std::string> names = namesOf(generators());
  return names;
}

const std::vector<std::string>& randomVariants() {
  static const std::vector<std::string> names = namesOf(variants());
  return names;
}

KernelCase randomKernel(const std::string& family, std::uint64_t seed) {
  for (const auto* list : {&generators(), &variants()})
    for (const auto& [name, generator] : *list)
      if (name == family) return generator(seed);
  SLUICE_CHECK(false, "the family is one of randomFamilies() or randomVariants()");
}

KernelCase randomKernel(std::uint64_t seed) {
  const auto& all = generators();
  return all[randomBits(seed, 100, 0) % all.size()].second(seed);
}

}  // namespace sluice::kernel
