#pragma once

#include <memory>
#include <vector>

#include "ir/type.h"

/// Where the elements of a file's tensor stand in the graph's tensor.
///
/// The graph is channels last; most files are channels first. Instead of turning every convolution's input and
/// output round, the importer remembers for each computed tensor in which order the graph holds its axes, and
/// each operator asks for the order it needs. A Transpose of the file is then only a note, one pair of
/// Transposes around a convolution (as tf2onnx writes them) is nothing at all, and a node is made only where
/// someone insists on another order than the one that is there.
///
///   file   x [N, 4, 8, 8]  Conv  [N, 6, 8, 8]  Relu  Flatten [N, 384]  Gemm with w [384, 10]
///   graph  Transpose to [8, 8, 4], Conv [8, 8, 6], Relu, Reshape [384], MatMul with the rows of w permuted
///
/// A flattened tensor keeps the order of the graph's elements; who reads it permutes its weights.
namespace sluice::frontend {

using Order = std::vector<std::int64_t>;

/// A sample of one axis that is a row-major tensor of this shape in the graph's order: axis j of the shape is axis
/// order[j] of what the file flattened.
struct Flattening {
  ir::Shape shape;
  Order order;
  bool operator==(const Flattening&) const = default;
};

struct Layout {
  Order
      order;  ///< axis j of the graph's tensor holds axis order[j] of the file's sample; empty: the same order
  std::shared_ptr<const Flattening> flat;  ///< samples of one axis only; null: the same order

  [[nodiscard]] bool isPlain() const { return order.empty() && !flat; }
  [[nodiscard]] bool operator==(const Layout& other) const;
};

/// The layout of this order; plain where it is 0, 1, 2, ...
Layout layoutOf(Order order);
/// order[j], written out also where it is 0 .. rank-1.
Order orderOf(const Layout& layout, std::size_t rank);
Order identityOrder(std::size_t rank);
Order inverseOrder(const Order& order);
/// 0 .. rank-1 without `axis`, then `axis`.
Order withLast(std::size_t rank, std::int64_t axis);
/// The same with several axes at the end, in the order given.
Order withLast(std::size_t rank, const std::vector<std::int64_t>& axes);
/// The order of what is left when the file's axes `dropped` are gone.
Order withoutAxes(const Order& order, const std::vector<std::int64_t>& dropped);

/// Shape in the file's order of a tensor that the graph holds like this, and back.
ir::Shape fileShapeOf(const ir::Shape& graphShape, const Layout& layout);
ir::Shape graphShapeOf(const ir::Shape& fileShape, const Order& order);

/// Whether permuting the axes of this shape leaves every element where it is: only extents of 1 move.
bool movesNothing(const ir::Shape& shape, const Order& permutation);

/// For each element of the graph's flat axis its position in the file's. It is as long as the tensor: who has the
/// shape from a file asks for room first (importer.h).
std::vector<std::int64_t> flatPositions(const Flattening& flat);

}  // namespace sluice::frontend
