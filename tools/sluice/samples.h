#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// Samples from .npy files for a network's inputs.
namespace sluice::tool {

struct Samples {
  std::size_t count = 0;
  std::vector<std::vector<double>>
      inputs;  ///< per graph input: count * elements numbers (codes are exact in double)
};

/// One file per graph input, in order. A file may have any shape whose elements divide by those of one
/// sample; a fixed batch dimension in the model file plays no part. Errors  badInput: number of files, sizes
/// that do not fit (with both shapes), files of different counts; io.
Result<Samples> readSamples(const ir::Graph& graph, const std::vector<std::filesystem::path>& files);

}  // namespace sluice::tool
