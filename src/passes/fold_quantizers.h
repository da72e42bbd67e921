#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/graph.h"

/// Inside of fold-constants: quantizers of constants, every tie decided exactly.
namespace sluice::passes {

/// The codes of a quantizer whose input is computed from constants alone, perhaps through real operations that are
/// not exact in float64 (a batch normalization folded into weights). None: some code cannot be decided, or an
/// operation on the way is not element-wise.
std::optional<std::vector<std::int64_t>> foldQuantizer(const ir::Graph& graph, const ir::Node& node);

}  // namespace sluice::passes
