#include <algorithm>
#include <memory>

#include "base/check.h"
#include "ir/random_twin.h"
#include "ir/reference.h"
#include "kernel/testing/random_families.h"
#include "kernel/unrolled/unrolled.h"

namespace sluice::kernel {

/// A random network of every operation, as one pipeline; the golden function is the reference interpreter. Networks with ranges for
/// single elements of an input (random beats do not know of them) or what has no cells are passed over.
KernelCase randomUnrolled(std::uint64_t seed) {
  Rng rng(seed, 101);
  for (;;) {
    const auto graph = std::make_shared<const ir::Graph>(
        ir::randomTwins(rng.bits() >> 20, static_cast<std::size_t>(rng.uniform(1, 8))).codes);
    UnrolledParams params{.graph = graph.get(),
                          .nodes = {},
                          .levelsPerStage = static_cast<std::uint32_t>(rng.uniform(1, 5)),
                          .inputLevels = static_cast<std::uint32_t>(rng.uniform(0, 1)),
                          .adders = {}};
    for (std::uint32_t n = 0; n < graph->nodes.size(); ++n)
      if (ir::isInteger(*graph, graph->nodes[n])) params.nodes.emplace_back(n);
    if (std::any_of(graph->inputs.begin(), graph->inputs.end(),
                    [&](ir::TensorId id) { return !graph->tensor(id).type.codes->ranges.empty(); }))
      continue;
    Result<Kernel> kernel = unrolledPipeline("unrolled", params);
    if (!kernel.ok()) continue;
    const UnrolledPorts ports = unrolledPorts(*graph, params.nodes);
    return {.kernel = *std::move(kernel), .golden = [graph, ports](const PassData& reads) {
              std::vector<ir::Feed> feeds;
              for (std::size_t p = 0; p < reads.size(); ++p) feeds.push_back({ports.reads[p], reads[p]});
              const auto values = ir::evaluate(*graph, feeds, ports.writes, 1);
              SLUICE_CHECK(values.ok(), "random codes lie in the ranges of the inputs");
              PassData writes;
              for (const ir::ConstantData& value : *values)
                writes.push_back(std::get<std::vector<std::int64_t>>(value));
              return writes;
            }};
  }
}

}  // namespace sluice::kernel
