#include "cost_corpus.h"

#include <algorithm>
#include <filesystem>

#include "base/rng.h"
#include "emit/stitch.h"
#include "frontend/model.h"
#include "hdl/simplify.h"
#include "kernel/fifo/fifo.h"
#include "kernel/testing.h"
#include "map/map.h"
#include "passes/pipeline.h"

namespace sluice::bench {

std::vector<Subject> randomKernels(std::uint64_t first, std::uint64_t count) {
  std::vector<Subject> subjects;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const kernel::KernelCase test = kernel::randomKernel(seed);
    subjects.push_back({.group = "random " + test.kernel.family,
                        .name = test.kernel.family + " " + std::to_string(seed),
                        .module = kernel::hardware(test.kernel)});
  }
  return subjects;
}

std::vector<Subject> familyKernels(const std::string& family, std::uint64_t first, std::uint64_t count) {
  std::vector<Subject> subjects;
  for (std::uint64_t seed = first; seed < first + count; ++seed)
    subjects.push_back({.group = "family " + family,
                        .name = family + " " + std::to_string(seed),
                        .module = kernel::hardware(kernel::randomKernel(family, seed).kernel)});
  return subjects;
}

std::vector<Subject> randomFifos(std::uint64_t first, std::uint64_t count) {
  std::vector<Subject> subjects;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Rng rng(seed, 200);
    kernel::FifoParams p;
    p.kind = static_cast<kernel::FifoKind>(rng.uniform(0, 3));
    p.width = static_cast<std::uint32_t>(rng.chance(0.7) ? rng.uniform(1, 40) : rng.uniform(1, 200));
    const bool registers = p.kind == kernel::FifoKind::registers,
               block = p.kind == kernel::FifoKind::blockRam;
    p.depth = static_cast<std::uint32_t>(registers ? rng.uniform(1, 6) : rng.uniform(2, block ? 1500 : 80));
    p.reserveIsPush = rng.chance(0.3);
    subjects.push_back(
        {.group = "random fifo", .name = kernel::fifoName(p), .module = hdl::simplify(kernel::fifo(p))});
  }
  return subjects;
}

Result<std::vector<Subject>> modelKernels(const std::string& what, hdl::Family family) {
  const std::size_t colon = what.rfind(':');
  const std::filesystem::path path = what.substr(0, colon);
  const std::string how = colon == std::string::npos ? "64" : what.substr(colon + 1);
  if (what.starts_with("kernels/")) {
    const std::string name = path.filename().string();
    for (const auto* list : {&kernel::randomFamilies(), &kernel::randomVariants()})
      if (std::find(list->begin(), list->end(), name) != list->end())
        return familyKernels(name, 1, colon == std::string::npos ? 30 : std::stoull(how));
    return badInput("no kernel family is called '" + name + "'");
  }
  map::MapOptions options{.regime = map::Regime::streamed, .family = family};
  if (how.starts_with("unrolled")) {
    options.regime = map::Regime::unrolled;
    if (const std::size_t at = how.find('@'); at != std::string::npos)
      options.levelsPerStage = static_cast<std::uint32_t>(std::stoul(how.substr(at + 1)));
  } else if (how.starts_with("every")) {
    options.targetInterval = std::stoull(how.substr(5));
  } else {
    options.reuseFactor = std::stoull(how);
  }
  SLUICE_TRY(ir::Graph graph, frontend::importModel(path));
  // Inputs that no quantizer comes before: 16 bits.
  const ir::Quantize inputFormat{
      .scale = {0x1p-10}, .zeroPoint = 0, .range = {-32768, 32767}, .rounding = fixed::Rounding::halfEven};
  SLUICE_TRY(const ir::Graph lowered, passes::lower(std::move(graph), {.inputFormat = inputFormat}));
  SLUICE_TRY(map::Design design, map::mapGraph(lowered, options));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, family));
  SLUICE_TRY(const emit::Rtl rtl, emit::stitch(design, family));
  std::vector<Subject> subjects;
  for (const auto& module : rtl.modules)
    if (module->instances.empty())
      subjects.push_back(
          {.group = path.stem().string() + " " + how, .name = module->name, .module = *module});
  return subjects;
}

}  // namespace sluice::bench
