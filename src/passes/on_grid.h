#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "passes/dyadic.h"
#include "passes/rewrite.h"

/// OnGrid: real tensors that are codes in disguise.
///
/// relu(codes), -codes, codes * 0.5, codes + 3 * scale, their reshapes and pools are real tensors to the type
/// system, yet every value lies on a grid known beforehand, so integers say the same exactly. Those are needed
/// where no quantizer follows: in front of a matrix product, a convolution or a merge.
namespace sluice::passes {

class OnGrid {
 public:
  explicit OnGrid(Rewrite& rewrite) : rewrite_(rewrite) {}

  using Maybe = std::optional<ir::TensorId>;

  /// A tensor of codes of the new graph with the same real values as the old tensor, adding nodes as needed.
  /// None: not proven to lie on a grid.
  Result<Maybe> codes(ir::TensorId old);

  // The same values as those of a codes tensor `x` of the new graph, otherwise told; `for_` is the node that wants
  // them so, and lends its name.

  /// Zero point 0.
  Result<Maybe> withoutZeroPoint(ir::TensorId x, const ir::Node& for_);
  /// In steps of `step`, of which every scale of x must be a whole multiple, with zero point 0 unless that is
  /// already the only scale. None: codes would leave 2^53.
  Result<Maybe> inSteps(ir::TensorId x, double step, const ir::Node& for_);
  /// Of one scale. None: no common step, or codes would leave 2^53.
  Result<Maybe> ofOneScale(ir::TensorId x, const ir::Node& for_);
  /// The structure operation of `node` on codes, zero points and scales made equal where it needs that. None: some
  /// input lies on no grid, or codes cannot carry the result. `inPlace`: it takes the node's place.
  Result<Maybe> structure(const ir::Node& node, bool inPlace);

 private:
  Result<Maybe> make(ir::TensorId old);
  Result<Maybe> constant(const ir::Tensor& tensor);
  Result<Maybe> table(const ir::Node& node, ir::TensorId x);
  Rewrite& rewrite_;
  std::unordered_map<std::uint32_t, Maybe> known_;  // looked up, never iterated
};

/// The one value of a real or coded constant whose elements are all equal; none if they differ or are
/// inexact.
std::optional<double> singleValue(const ir::Tensor& tensor);

/// The elements of a constant as real numbers, if all are exact in float64.
std::optional<std::vector<double>> exactReals(const ir::Tensor& tensor);

/// The elements of a constant operand of an element-wise operation with a result of this shape: one, or one per
/// channel. None: it varies along another axis.
std::optional<std::vector<double>> perChannel(const std::vector<double>& values, const ir::Shape& shape,
                                              const ir::Shape& result);

}  // namespace sluice::passes
