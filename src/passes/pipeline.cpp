#include "passes/pipeline.h"

#include <chrono>

#include "ir/regions.h"
#include "ir/verify.h"
#include "passes/passes.h"

namespace sluice::passes {

const std::vector<Pass>& lowering() {
  static const std::vector<Pass> passes = {
      {.name = "fold-constants",
       .summary = "evaluate nodes that read only constants, exactly",
       .run = foldConstants},
      {.name = "fold-identity", .summary = "read through nodes that change nothing", .run = foldIdentity},
      {.name = "quantize-inputs",
       .summary = "give real inputs of matrix products the default input format",
       .run = quantizeInputs},
      {.name = "integer-norms",
       .summary = "softmax and layer norm between codes, with quantizers in between (error told)",
       .lossy = true,
       .run = integerNormsPass},
      {.name = "spell-out",
       .summary = "averages, transposed convolutions and biases as what they are made of",
       .run = spellOut},
      {.name = "sink-moves",
       .summary = "move chains before what moves elements, so that codes move",
       .run = sinkMoves},
      {.name = "lower-linear",
       .summary = "products, sums and moves of codes become dense, convolutions, merges on integers",
       .run = lowerLinear},
      {.name = "fold-bias",
       .summary = "move whole numbers of accumulator steps into dense and convolutions",
       .run = foldBias},
      {.name = "lift-reshape",
       .summary = "move reshapes before element-wise chains, onto codes",
       .run = liftReshape},
      {.name = "fuse-chains",
       .summary = "chains from codes to a quantizer become thresholds, tables or scaled shifts",
       .run = fuseChains},
      {.name = "append-top-k",
       .summary = "outputs become the indices of their largest elements, if asked",
       .run = appendTopK},
      {.name = "remove-dead", .summary = "drop nodes that no output needs", .run = removeDead},
      {.name = "check-lowered",
       .summary = "say what keeps the middle from being integer",
       .run = checkLowered},
  };
  return passes;
}

Result<std::size_t> findPass(const std::vector<Pass>& passes, std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < passes.size(); ++i) {
    if (name == passes[i].name) return i;
    known += (i == 0 ? "" : ", ") + std::string(passes[i].name);
  }
  return Error{ErrorCode::usage, "no pass is called '" + std::string(name) + "'; there are " + known, {}};
}

Result<ir::Graph> runPasses(ir::Graph graph, const std::vector<Pass>& passes, const LowerOptions& options,
                            const RunOptions& run) {
  SLUICE_RETURN_IF_ERROR(ir::verify(graph));
  const std::size_t count = std::min(passes.size(), run.bisectLimit.value_or(passes.size()));
  for (std::size_t i = 0; i < count; ++i) {
    const Pass& pass = passes[i];
    PassRecord record{.name = pass.name, .nodesBefore = graph.nodes.size()};
    const auto start = std::chrono::steady_clock::now();
    SLUICE_TRY(const Change change, pass.run(graph, options));
    record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    record.nodesAfter = graph.nodes.size();
    record.places = change.places;
    // A graph that no one touched is as valid as it was.
    if (const Status valid = change.places > 0 ? ir::verify(graph) : Status(); !valid.ok()) {
      const std::string what = "pass '" + record.name + "' made an invalid graph: " + valid.error().text();
      SLUICE_CHECK(valid.ok(), what.c_str());
    }
    if (run.records != nullptr) run.records->push_back(std::move(record));
    if (run.after) run.after(pass, graph);
  }
  return graph;
}

Result<ir::Graph> lower(ir::Graph graph, const LowerOptions& options, const RunOptions& run) {
  SLUICE_TRY(ir::Graph lowered, runPasses(std::move(graph), lowering(), options, run));
  // The passes promise it; regions() is the definition.
  if (!run.bisectLimit) {
    const auto regions = ir::regions(lowered);
    if (!regions.ok()) return regions.error();
  }
  return lowered;
}

Result<ir::Graph> lowerUntil(ir::Graph graph, std::string_view pass, const LowerOptions& options) {
  std::size_t count = 0;
  if (!pass.empty() && pass != "import") {
    SLUICE_TRY(const std::size_t index, findPass(lowering(), pass));
    count = index + 1;
  }
  return runPasses(std::move(graph), lowering(), options, {.bisectLimit = count});
}

}  // namespace sluice::passes
