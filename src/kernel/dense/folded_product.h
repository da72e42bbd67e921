#pragma once

#include <string>
#include <vector>

#include "kernel/kernel.h"

/// What folded products have in common, wherever their weights come from. Private to the kernels that multiply so.
namespace sluice::kernel {

StreamPort streamPort(std::string name, dataflow::Direction direction, std::uint32_t elements,
                      fixed::Interval range);

/// Loops [outFold < outFolds][inFold < inFolds], by their numbers in the schedule.
struct ProductFolds {
  std::uint32_t outLoop = 0, inLoop = 1;
  std::uint32_t outFolds = 1, inFolds = 1;
};

/// The beat of port 0 at stage 1, for every iteration: popped now, or kept from the first output fold. A word is written in
/// that fold, when nobody reads it (the beat itself is used), and read in all later ones. The next vector overwrites it in
/// its own first fold, after the last read was issued.
hdl::Signal heldBeat(Pipeline& pipeline, const ProductFolds& folds);

/// The sum of terms that are there at `stage`: adders in a balanced tree, a register after every `levelsPerStage` of them.
Pipeline::Value adderTree(hdl::Builder& b, std::vector<hdl::Signal> terms, std::uint32_t stage,
                          std::uint32_t levelsPerStage);

}  // namespace sluice::kernel
