#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "fixed/interval.h"
#include "frontend/keras/hdf5.h"
#include "ir/type.h"

/// The weights of a layer on their way into the graph: real numbers, or codes with their scales.
namespace sluice::frontend::keras {

struct Weight {
  ir::Shape shape;
  std::vector<double> values;  ///< row-major; of codes: what they stand for

  // Of codes; empty for real numbers.
  std::vector<std::int64_t> codes;
  std::vector<double> scale;  ///< one, or one per element
  fixed::Interval range;      ///< of the quantizer

  [[nodiscard]] bool isCoded() const { return !codes.empty(); }
};

Weight weightOf(const Hdf5Data& data);
Weight constantWeight(ir::Shape shape, double value);

/// The same elements in another shape of as many.
Weight reshaped(Weight weight, ir::Shape shape);
/// The same with its axes permuted: axis j of the result is axis permutation[j].
Weight transposed(const Weight& weight, const std::vector<std::int64_t>& permutation);

/// Codes of the finest step that all values need, if that takes at most `mostBits` bits; else as it is. For files
/// whose weights are on a grid already and do not say which.
Weight onGrid(Weight weight, int mostBits);

}  // namespace sluice::frontend::keras
