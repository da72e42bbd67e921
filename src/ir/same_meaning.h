#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/graph.h"

/// The meaning guard: two graphs give the same values on random inputs, before and after a pass.
///
/// Both run through the reference (reference.h). Inputs are drawn so that they matter to the network: where
/// an input goes into a quantizer (directly or after moves of elements), codes of its whole range and a
/// little beyond, at the code's value, at ties and a hair beside them; else mixtures of small reals, pixels
/// and wide integers.
///
/// A case where this does not apply: float64 evaluates an exact tie of a quantizer (or of the largest
/// element) an ulp to either side, and a pass that decides it exactly then differs from the reference by one
/// code, and by anything after that. Where an output differs, the sample is looked at again: if some
/// quantizer, bipolar or topK of either graph stood within rounding error of a tie, the sample is excused.
/// Too many excused samples are a failure of their own.
namespace sluice::ir {

struct MeaningOptions {
  std::size_t samples = 64;
  std::uint64_t seed = 1;
  double tolerance = 1e-9;        ///< of real outputs: |a - b| <= tolerance * max(1, |a|, |b|)
  std::int64_t toleranceLsb = 0;  ///< of outputs that are codes of one scale in both graphs: in codes
  double mostExcused = 0.1;       ///< share of samples that may be excused by a tie
};

/// Errors  badInput: inputs or outputs differ in number, name or shape; or values differ: the message then
///         names seed, sample, output, element and both values.
Status compareMeaning(const Graph& before, const Graph& after, const MeaningOptions& options = {});

/// Inputs as compareMeaning draws them: per graph input samples * elements real values.
std::vector<std::vector<double>> drawInputs(const Graph& graph, std::size_t samples, std::uint64_t seed);

}  // namespace sluice::ir
