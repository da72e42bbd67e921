#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernel/unrolled/lower.h"

/// The visitor behind lowerNodes: one function per operation, in lower.cpp (what works element by element, and products with
/// constants), lower_products.cpp (products of tensors, tables of two numbers) and lower_structure.cpp (what moves elements
/// and what goes over rows or windows). Private to the folder.
namespace sluice::kernel {

class Lowering {
 public:
  explicit Lowering(const UnrolledParams& params) : params_(params), graph_(*params.graph) {}

  Result<LoweredNodes> run();

 private:
  CellList& cells() { return result_.cells; }
  /// The elements of an operand; of a constant its codes.
  const Scalars& in(const ir::Node& node, std::size_t i);
  /// Elements of a constant operand. Errors: unsupported, if it is computed.
  Result<const std::vector<std::int64_t>*> constantOf(const ir::Node& node, std::size_t i) const;
  [[nodiscard]] const ir::Shape& shapeOf(ir::TensorId id) const { return graph_.tensor(id).type.shape; }
  [[nodiscard]] std::int64_t zeroPointOf(ir::TensorId id) const {
    return graph_.tensor(id).type.codes->zeroPoint;
  }
  [[nodiscard]] std::size_t channels(const ir::Node& node) const {
    const ir::Shape& shape = shapeOf(node.inputs[0]);
    return shape.empty() ? 1 : static_cast<std::size_t>(shape.back());
  }

  Result<Scalars> lower(const ir::Node& node);
  // lower.cpp
  Result<Scalars> dense(const ir::Node& node);
  Result<Scalars> product(std::span<const Scalar> x, const std::vector<std::int64_t>& weights,
                          std::vector<std::int64_t> bias, const std::string& nodeName);
  Result<AdderGraph> graphFor(MatrixVector problem);
  Result<Scalars> threshold(const ir::Node& node, const ir::Threshold& op);
  Result<Scalars> lookup(const ir::Node& node, const ir::Lookup& op);
  Result<Scalars> rescale(const ir::Node& node, const ir::Rescale& op);
  Result<Scalars> requantize(const ir::Node& node, const ir::Requantize& op);
  Result<Scalars> merge(const ir::Node& node, const ir::Merge& op);
  // lower_products.cpp
  Result<Scalars> conv(const ir::Node& node, const ir::Window& over, std::int64_t groups);
  Result<Scalars> accumulated(const ir::Node& node, const ir::AccumulateConv& op);
  Result<Scalars> pairwise(const ir::Node& node, const ir::CodeBinary& op);
  Result<Scalars> matrixProduct(const ir::Node& node);
  Result<Scalars> pairLookup(const ir::Node& node, const ir::PairLookup& op);
  // lower_structure.cpp
  template <typename Move>
  Scalars move(const ir::Node& node, const Move& op, std::int64_t padding);
  Result<Scalars> structure(const ir::Node& node);
  Result<Scalars> interpolated(const ir::Node& node, const ir::Resize& op);
  Result<Scalars> gather(const ir::Node& node, const ir::Gather& op);
  Result<Scalars> reduce(const ir::Node& node, const ir::Reduce& op);
  Result<Scalars> pool(const ir::Node& node, const ir::Pool& op);
  Result<Scalars> topK(const ir::Node& node, const ir::TopK& op);
  /// The largest or smallest, as a tree of neighbours.
  Scalar extreme(bool largest, const Scalars& x);
  Scalar argMax(std::vector<CellId> value);
  Scalars ranked(const std::vector<CellId>& x, std::int64_t k);

  const UnrolledParams& params_;
  const ir::Graph& graph_;
  LoweredNodes result_;
  std::map<std::uint32_t, Scalars> values_;                  // by tensor
  std::vector<std::pair<MatrixVector, AdderGraph>> graphs_;  // of the present node: windows are often alike
};

}  // namespace sluice::kernel
