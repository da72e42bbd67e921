#pragma once

#include <cstddef>
#include <vector>

#include "ir/graph.h"
#include "ir/integer.h"
#include "ir/reference.h"
#include "ir/regions.h"

/// What the host computes around the integer middle (regions.h), through the reference: the prologue turns
/// real inputs into codes, the epilogue codes into the network's outputs. Whatever runs the middle (integer
/// engine, in-process evaluator, Verilator, a board) stands between the two.
namespace sluice::ir {

/// Codes of the hardware inputs, one list per regions.hardwareInputs.
///
/// inputs[i] belongs to graph.inputs[i], samples * elements of it: real values, or with `inputCodes` the
/// codes of the hardware input that stands for it (codedInputs).
///
/// Errors  badInput: sizes; with inputCodes: a number that is no integer or outside the range, or an input
///         without a hardware input of its own
Result<CodeRows> hardwareInputCodes(const Graph& graph, const Regions& regions,
                                    const std::vector<std::vector<double>>& inputs, std::size_t samples,
                                    bool inputCodes = false, unsigned threads = 1);

/// Real values of the graph's outputs from the codes of the hardware outputs. `inputs` (real values) are
/// needed only if the prologue feeds the epilogue directly; else they may be empty.
Result<std::vector<std::vector<double>>> outputValues(const Graph& graph, const Regions& regions,
                                                      const CodeRows& hardwareOutputs, std::size_t samples,
                                                      const std::vector<std::vector<double>>& inputs = {},
                                                      unsigned threads = 1);

/// Codes of the hardware outputs from those of the hardware inputs by the reference: what the integer engine
/// and the hardware are measured against.
Result<CodeRows> referenceCodes(const Graph& graph, const Regions& regions, const CodeRows& hardwareInputs,
                                std::size_t samples, unsigned threads = 1);

/// Uniform codes of every hardware input's range: stimuli for the middle.
CodeRows randomCodes(const Graph& graph, const Regions& regions, std::size_t samples, std::uint64_t seed);

}  // namespace sluice::ir
