#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// A pass: one rewriting of a graph that keeps its meaning, with what the runner and `sluice dump --help`
/// need to know.
///
/// The meaning of a graph is its mathematical value: every float constant is the dyadic rational it is, every
/// sum is the sum, and only quantizers round. No pass may change a code by one, not even at a tie, but the one that is lossy
/// (integer_norms.h) and tells so.
namespace sluice::passes {

/// What lowering may decide for the user.
struct LowerOptions {
  /// Where a real input reaches a matrix product without a quantizer, it gets this one; none: that is an
  /// error. The default is fixed point with 16 bits, 6 of them integer bits (sign included): scale 2^-10.
  std::optional<ir::Quantize> inputFormat = ir::Quantize{
      .scale = {0x1p-10}, .zeroPoint = 0, .range = {-32768, 32767}, .rounding = fixed::Rounding::halfEven};
  /// Outputs become the indices of their k largest elements (1: the arg-max), ties to the lower index.
  std::optional<std::int64_t> appendTopK;
  /// Gets a sentence for every place where lowering changed what the model says (integer_norms.h), for people to read.
  std::vector<std::string>* notices = nullptr;
};

/// How much a pass did.
struct Change {
  std::size_t places = 0;  ///< nodes it replaced, added or dropped; 0: the graph is untouched
};

struct Pass {
  const char* name;     ///< "fuse-chains", as --dump-after takes it
  const char* summary;  ///< one line for people
  bool lossy = false;   ///< true: codes may change. No pass of lowering() is
  Result<Change> (*run)(ir::Graph& graph, const LowerOptions& options) = nullptr;
};

}  // namespace sluice::passes
