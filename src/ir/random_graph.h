#pragma once

#include <cstddef>
#include <cstdint>

#include "ir/graph.h"

/// Random legal integer networks, for setting engines against each other (interpreters, simulator, hardware).
///
/// A chain of operations with skips: at any point an earlier tensor of the same shape, perhaps through an
/// operation of its own, may be merged in. All scales are powers of two, so that merges have a common grid.
/// Values of accumulators are kept below 2^mostBits by following wide results with a threshold or a rescale.
namespace sluice::ir {

struct RandomGraphOptions {
  std::size_t operations = 6;      ///< integer nodes, about
  std::int64_t mostChannels = 8;   ///< extent of the last axis
  std::uint32_t mostBits = 16;     ///< of any tensor, about
  std::uint32_t mostCodeBits = 4;  ///< of inputs, weights and what thresholds, tables and rescales give
  std::size_t inputs = 1;          ///< all of one shape; merged at once
  std::size_t mostOutputs = 1;     ///< the end of the chain and earlier tensors
  bool realInputs = true;          ///< inputs are real and go into a quantizer each; else they are of codes
  bool leadingAxes = false;        ///< shapes [h, c] and [h, w, c] too, else [c] only
  bool dense = true, threshold = true, lookup = true, rescale = true, merge = true, topK = true,
       reshape = true;
  bool transpose = false;  ///< needs leadingAxes to do anything
};

/// The graph of that seed: the same for the same options, for ever. It verifies; all its nodes are needed.
Graph randomGraph(std::uint64_t seed, const RandomGraphOptions& options = {});

}  // namespace sluice::ir
