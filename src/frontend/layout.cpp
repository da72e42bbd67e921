#include "frontend/layout.h"

#include <algorithm>
#include <numeric>

namespace sluice::frontend {

bool Layout::operator==(const Layout& other) const {
  if (order != other.order || (flat == nullptr) != (other.flat == nullptr)) return false;
  return flat == nullptr || *flat == *other.flat;
}

Order identityOrder(std::size_t rank) {
  Order order(rank);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

Layout layoutOf(Order order) {
  if (order == identityOrder(order.size())) order.clear();
  return {.order = std::move(order), .flat = nullptr};
}

Order orderOf(const Layout& layout, std::size_t rank) {
  return layout.order.empty() ? identityOrder(rank) : layout.order;
}

Order inverseOrder(const Order& order) {
  Order inverse(order.size());
  for (std::size_t j = 0; j < order.size(); ++j)
    inverse[static_cast<std::size_t>(order[j])] = static_cast<std::int64_t>(j);
  return inverse;
}

Order withLast(std::size_t rank, std::int64_t axis) { return withLast(rank, Order{axis}); }

Order withLast(std::size_t rank, const std::vector<std::int64_t>& axes) {
  Order order;
  for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(rank); ++axis)
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) order.push_back(axis);
  order.insert(order.end(), axes.begin(), axes.end());
  return order;
}

Order withoutAxes(const Order& order, const std::vector<std::int64_t>& dropped) {
  Order left;
  for (const std::int64_t axis : order) {
    if (std::find(dropped.begin(), dropped.end(), axis) != dropped.end()) continue;
    const auto before = std::count_if(dropped.begin(), dropped.end(), [&](auto d) { return d < axis; });
    left.push_back(axis - before);
  }
  return left;
}

ir::Shape fileShapeOf(const ir::Shape& graphShape, const Layout& layout) {
  if (layout.order.empty()) return graphShape;
  ir::Shape shape(graphShape.size());
  for (std::size_t j = 0; j < shape.size(); ++j)
    shape[static_cast<std::size_t>(layout.order[j])] = graphShape[j];
  return shape;
}

ir::Shape graphShapeOf(const ir::Shape& fileShape, const Order& order) {
  ir::Shape shape;
  for (const std::int64_t axis : order) shape.push_back(fileShape[static_cast<std::size_t>(axis)]);
  return shape;
}

bool movesNothing(const ir::Shape& shape, const Order& permutation) {
  std::int64_t last = -1;
  for (const std::int64_t axis : permutation) {
    if (shape[static_cast<std::size_t>(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

std::vector<std::int64_t> flatPositions(const Flattening& flat) {
  const ir::Shape file = fileShapeOf(flat.shape, {.order = flat.order, .flat = nullptr});
  std::vector<std::int64_t> fileStride(file.size(), 1), stride(file.size());
  for (std::size_t i = file.size(); i-- > 1;) fileStride[i - 1] = fileStride[i] * file[i];
  for (std::size_t j = 0; j < file.size(); ++j)
    stride[j] = fileStride[static_cast<std::size_t>(flat.order[j])];
  std::vector<std::int64_t> positions(static_cast<std::size_t>(ir::elements(flat.shape)));
  std::vector<std::int64_t> index(file.size(), 0);
  std::int64_t at = 0;
  for (std::int64_t& position : positions) {
    position = at;
    for (std::size_t j = file.size(); j-- > 0;) {
      at += stride[j];
      if (++index[j] < flat.shape[j]) break;
      at -= stride[j] * flat.shape[j];
      index[j] = 0;
    }
  }
  return positions;
}

}  // namespace sluice::frontend
