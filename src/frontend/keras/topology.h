#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "frontend/keras/model_file.h"

/// The layers of a model in the order they compute, with nested models opened and wrappers taken off: what is left
/// is a list of calls of layers on tensors.
namespace sluice::frontend::keras {

using Slot = std::uint32_t;  ///< a tensor: the output of a step

struct Step {
  std::string className;  ///< "Dense"; wrappers (TimeDistributed, pruning) are taken off
  std::string name;       ///< unique among steps: "dense", "model/dense", "dense_2" for a second call
  const Json* config = nullptr;
  WeightPlace weights;
  std::vector<Slot> inputs;
  Slot output = 0;
};

struct Topology {
  std::string name;
  std::vector<Step> steps;  ///< in topological order
  std::vector<Slot> inputs, outputs;
  std::vector<std::string> outputNames;
};

/// Errors  badInput: not a Sequential or functional model, references to layers that do not exist, cycles
Result<Topology> topologyOf(const ModelFile& file);

}  // namespace sluice::frontend::keras
