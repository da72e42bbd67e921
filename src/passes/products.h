#pragma once

#include <optional>
#include <vector>

#include "passes/on_grid.h"

/// Inside of lower-linear: products and sums of tensors on grids.
namespace sluice::passes {

constexpr double mostGridCode = 0x1p15;  ///< codes of real weights on a grid: 16 bits

/// Constant weights as integers without zero point, of one scale for all or one per output channel (last axis).
struct Weights {
  ir::Shape shape;
  std::vector<std::int64_t> codes;
  std::vector<double> scale;
};
/// None: real numbers on no grid of 16 bits, or codes on no common grid of 53 bits in their column.
std::optional<Weights> weightsOf(const ir::Tensor& w);

/// What a product or sum could not be lowered for; empty where it could. For check-lowered.
std::string productProblem(const ir::Graph& graph, const ir::Node& node);

/// Lowers nodes one by one, in order. False: left as it is (nothing was added to the graph for it).
class LinearLowering {
 public:
  LinearLowering(Rewrite& rewrite, OnGrid& onGrid, const std::vector<std::vector<ir::NodeId>>& users);

  Result<bool> matrixProduct(const ir::Node& node);
  Result<bool> convolution(const ir::Node& node);
  Result<bool> merge(const ir::Node& node);

 private:
  Result<bool> constantWeights(const ir::Node& node, const ir::Conv* conv);
  Result<bool> constantLeft(const ir::Node& node);
  ir::TensorId spreadConstant(ir::TensorId id, const ir::Shape& shape);
  bool readsPairs(const ir::Node& node, ir::TensorId x, ir::TensorId y) const;

  Rewrite& rewrite_;
  OnGrid& onGrid_;
  const std::vector<std::vector<ir::NodeId>>& users_;
};

/// Of a sum or difference of a Dense or CodeConv (or a product that will be one) and a constant: the constant as
/// whole steps of each column. None: it is not whole.
std::optional<std::vector<std::int64_t>> biasSteps(const ir::Tensor& constant, const ir::Shape& result,
                                                   const std::vector<double>& scale, bool negate);

}  // namespace sluice::passes
