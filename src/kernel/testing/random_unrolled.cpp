#include <algorithm>
#include <memory>

#include "ir/random_twin.h"
#include "kernel/testing/random_families.h"
#include "kernel/testing/unrolled_case.h"

namespace sluice::kernel {

/// A random network of every operation, as one pipeline; the golden function is the reference interpreter. Networks with ranges for
/// single elements of an input (random beats do not know of them) or what has no cells are passed over.
KernelCase randomUnrolled(std::uint64_t seed) {
  Rng rng(seed, 101);
  for (;;) {
    const auto graph = std::make_shared<const ir::Graph>(
        ir::randomTwins(rng.bits() >> 20, static_cast<std::size_t>(rng.uniform(1, 8))).codes);
    const UnrolledParams params{.graph = graph.get(),
                                .nodes = integerNodes(*graph),
                                .levelsPerStage = static_cast<std::uint32_t>(rng.uniform(1, 5)),
                                .inputLevels = static_cast<std::uint32_t>(rng.uniform(0, 1)),
                                .adders = {}};
    if (std::any_of(graph->inputs.begin(), graph->inputs.end(),
                    [&](ir::TensorId id) { return !graph->tensor(id).type.codes->ranges.empty(); }))
      continue;
    Result<Kernel> kernel = unrolledPipeline("unrolled", params);
    if (!kernel.ok()) continue;
    const UnrolledPorts ports = unrolledPorts(*graph, params.nodes);
    return {.kernel = *std::move(kernel),
            .golden = [graph, ports](const PassData& reads) { return referencePass(*graph, ports, reads); }};
  }
}

}  // namespace sluice::kernel
