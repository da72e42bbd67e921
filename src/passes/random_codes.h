#pragma once

#include <algorithm>

#include "ir/host.h"

/// For tests only.
namespace sluice::passes {

/// Random codes for every hardware input, each in the range of its own element.
inline ir::CodeRows elementCodes(const ir::Graph& graph, const ir::Regions& regions, std::size_t samples,
                                 std::uint64_t seed) {
  ir::CodeRows rows = ir::randomCodes(graph, regions, samples, seed);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const ir::TensorType& type = graph.tensor(regions.hardwareInputs[k]).type;
    const std::int64_t count = ir::elements(type.shape);
    for (std::size_t i = 0; i < rows[k].size(); ++i) {
      const fixed::Interval range = ir::rangeOf(*type.codes, static_cast<std::int64_t>(i) % count);
      rows[k][i] = std::clamp(rows[k][i], range.lo, range.hi);
    }
  }
  return rows;
}

}  // namespace sluice::passes
