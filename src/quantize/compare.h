#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "quantize/quantize.h"

/// Two networks on the same samples, layer by layer: how far apart they are, and where it starts.
namespace sluice::quantize {

struct ComparedTensor {
  std::string a, b;       ///< names of the tensors
  std::string operation;  ///< that makes b
  std::int64_t elements = 0;
  bool byName = true;  ///< else matched by the order of equal operations
  double error = 0;    ///< root mean square of the difference, relative to that of a about its mean
  double largest = 0;  ///< largest difference, relative to a's range
  double shift = 0;    ///< mean of the difference, relative as `error`
};

struct Comparison {
  std::string a, b;  ///< the networks' names
  std::size_t samples = 0;
  double threshold = 0;                 ///< of `start`
  std::vector<ComparedTensor> tensors;  ///< in b's order; outputs included
  std::optional<std::size_t> start;     ///< first tensor whose error exceeds the threshold
  std::optional<std::size_t> step;      ///< where the error rises most over all before it
  std::vector<std::size_t> outputs;     ///< tensors that are b's outputs
  std::size_t unmatched = 0;            ///< computed tensors of b without a counterpart
};

/// Runs both by the float64 reference. Tensors are matched by name where shapes have as many elements; those without
/// by the order of equal operations of equal shapes. A quantizer of b whose input is matched and whose own name is not
/// is held against the same tensor of a.
///
/// Errors  badInput: the networks take inputs of different sizes; nothing matches
Result<Comparison> compare(const ir::Graph& a, const ir::Graph& b, const Calibration& samples,
                           double threshold, unsigned threads = 1);

/// As a table for people, as JSON, as a page of its own with a chart.
std::string comparisonText(const Comparison& comparison);
std::string comparisonJson(const Comparison& comparison);
std::string comparisonPage(const Comparison& comparison);

}  // namespace sluice::quantize
