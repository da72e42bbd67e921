#pragma once

#include <optional>
#include <unordered_map>

#include "passes/rewrite.h"

/// OnGrid: real tensors that are codes in disguise.
///
/// relu(codes), -codes, codes * 0.5, codes + 3 * scale are real tensors to the type system, yet every value
/// lies on a grid known beforehand, so integers say the same exactly. Those are needed where no quantizer
/// follows: in front of a matrix product or a merge.
namespace sluice::passes {

class OnGrid {
 public:
  explicit OnGrid(Rewrite& rewrite) : rewrite_(rewrite) {}

  /// A tensor of codes of the new graph with the same real values as the old tensor, adding Rescale nodes
  /// (shift 0) as needed. None: not proven to lie on a grid.
  Result<std::optional<ir::TensorId>> codes(ir::TensorId old);

 private:
  Result<std::optional<ir::TensorId>> make(ir::TensorId old);
  Rewrite& rewrite_;
  std::unordered_map<std::uint32_t, std::optional<ir::TensorId>> known_;  // looked up, never iterated
};

/// The one value of a real or coded constant whose elements are all equal; none if they differ or are
/// inexact.
std::optional<double> singleValue(const ir::Tensor& tensor);

/// The elements of a constant as real numbers, if all are exact in float64.
std::optional<std::vector<double>> exactReals(const ir::Tensor& tensor);

/// value / step if that is an integer below 2^53.
std::optional<std::int64_t> wholeSteps(double value, double step);

}  // namespace sluice::passes
