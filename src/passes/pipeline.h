#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "passes/pass.h"

/// The written-out list of passes that turns an imported graph into hardware's integers, and the runner.
///
///   imported   quantize, matMul, batchNormalize, relu, ... on real numbers
///   lowered    a real prologue, up to the first quantizers; an integer middle of dense, threshold, lookup,
///   rescale,
///              merge, topK, reshape on codes, which alone becomes hardware; a real epilogue, which the host
///              computes
namespace sluice::passes {

/// The passes of lower(), in order of use.
const std::vector<Pass>& lowering();

/// Errors  usage: "no pass is called 'x'", with the names there are.
Result<std::size_t> findPass(const std::vector<Pass>& passes, std::string_view name);

struct PassRecord {
  std::string name;
  std::size_t nodesBefore = 0;
  std::size_t nodesAfter = 0;
  std::size_t places = 0;
  double seconds = 0;
};

struct RunOptions {
  /// Only the first so many passes run: halving it finds the one that broke something.
  std::optional<std::size_t> bisectLimit;
  /// Called after every pass that ran, with the verified graph.
  std::function<void(const Pass&, const ir::Graph&)> after;
  /// Gets one record per pass that ran.
  std::vector<PassRecord>* records = nullptr;
};

/// Runs the passes in order; the graph is verified before the first and after each.
/// Errors  those of the passes; a graph that is invalid after a pass is a bug of that pass and stops the
/// program.
Result<ir::Graph> runPasses(ir::Graph graph, const std::vector<Pass>& passes,
                            const LowerOptions& options = {}, const RunOptions& run = {});

/// The lowered graph.
///
/// Errors  unsupported: every node that keeps the middle from being integer, with the reason and what would
/// help.
Result<ir::Graph> lower(ir::Graph graph, const LowerOptions& options = {}, const RunOptions& run = {});

/// The graph after the pass of that name ("" or "import": before all of them).
/// Errors  usage for an unknown pass; those of lower().
Result<ir::Graph> lowerUntil(ir::Graph graph, std::string_view pass, const LowerOptions& options = {});

}  // namespace sluice::passes
