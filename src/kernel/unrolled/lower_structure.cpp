#include <algorithm>

#include "base/check.h"
#include "ir/geometry.h"
#include "kernel/unrolled/lowering.h"

namespace sluice::kernel {
namespace {

constexpr std::int64_t kNoPadding = 0;

}  // namespace

/// Moved elements are the same wires.
template <typename Move>
Scalars Lowering::move(const ir::Node& node, const Move& op, std::int64_t padding) {
  std::vector<ir::Shape> shapes;
  Scalars all, y;
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    shapes.push_back(shapeOf(node.inputs[k]));
    const Scalars& x = in(node, k);
    all.insert(all.end(), x.begin(), x.end());
  }
  for (const std::int64_t source : ir::moveSources(op, shapes))
    y.push_back(source < 0 ? Scalar{.offset = padding} : all[static_cast<std::size_t>(source)]);
  return y;
}

Result<Scalars> Lowering::structure(const ir::Node& node) {
  if (std::holds_alternative<ir::Reshape>(node.operation)) return in(node, 0);
  if (const auto* op = std::get_if<ir::Transpose>(&node.operation)) return move(node, *op, kNoPadding);
  if (const auto* op = std::get_if<ir::Concat>(&node.operation)) return move(node, *op, kNoPadding);
  if (const auto* op = std::get_if<ir::Slice>(&node.operation)) return move(node, *op, kNoPadding);
  if (const auto* op = std::get_if<ir::Expand>(&node.operation)) return move(node, *op, kNoPadding);
  if (const auto* op = std::get_if<ir::Pad>(&node.operation)) {
    const ir::Codes& codes = *graph_.tensor(node.inputs[0]).type.codes;
    const double steps = op->value == 0 ? 0 : op->value / codes.scale[0];
    return move(node, *op, static_cast<std::int64_t>(steps) + codes.zeroPoint);
  }
  if (const auto* op = std::get_if<ir::Resize>(&node.operation);
      op != nullptr && op->kind == ir::ResizeKind::nearest)
    return move(node, *op, kNoPadding);
  if (const auto* op = std::get_if<ir::Resize>(&node.operation)) return interpolated(node, *op);
  if (const auto* op = std::get_if<ir::Gather>(&node.operation)) return gather(node, *op);
  if (const auto* op = std::get_if<ir::Reduce>(&node.operation)) return reduce(node, *op);
  if (const auto* op = std::get_if<ir::Pool>(&node.operation)) return pool(node, *op);
  return unsupported(std::string("operation ") + ir::info(node.operation).name + " cannot be unrolled",
                     "node '" + node.name + "'");
}

/// Along one axis after the other, as the reference does it: the weights are whole numbers of 2^-bits.
Result<Scalars> Lowering::interpolated(const ir::Node& node, const ir::Resize& op) {
  ir::Shape shape = shapeOf(node.inputs[0]);
  const std::vector<std::vector<ir::ResizeTap>> taps = ir::resizeTaps(op, shape);
  Scalars x = in(node, 0);
  for (std::size_t axis = 0; axis < taps.size(); ++axis) {
    if (taps[axis].empty()) continue;
    const std::int64_t one = std::int64_t{1} << ir::dyadicBits(taps[axis]);
    const auto inner = static_cast<std::size_t>(ir::strides(shape)[axis]);
    const auto extent = static_cast<std::size_t>(shape[axis]);
    Scalars y;
    for (std::size_t first = 0; first < x.size(); first += extent * inner)
      for (const ir::ResizeTap& tap : taps[axis])
        for (std::size_t i = 0; i < inner; ++i) {
          const auto at = [&](std::int64_t place) {
            return x[first + static_cast<std::size_t>(place) * inner + i];
          };
          const auto high = static_cast<std::int64_t>(tap.weight * static_cast<double>(one));
          y.push_back(
              cells().sum({cells().times(at(tap.low), one - high), cells().times(at(tap.high), high)}));
        }
    x = std::move(y);
    shape[axis] = op.shape[axis];
  }
  return x;
}

/// Of a computed index a table where what is chosen from is constant, else choices of two by the bits of the index.
Result<Scalars> Lowering::gather(const ir::Node& node, const ir::Gather& op) {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  const auto axis = static_cast<std::size_t>(op.axis);
  const auto extent = static_cast<std::size_t>(shape[axis]),
             inner = static_cast<std::size_t>(ir::strides(shape)[axis]);
  const Scalars x = in(node, 0), indices = in(node, 1);
  const bool isTable = graph_.tensor(node.inputs[0]).isConstant();
  Scalars y;
  for (std::size_t first = 0; first < x.size(); first += extent * inner)
    for (const Scalar& index : indices)
      for (std::size_t i = 0; i < inner; ++i) {
        const auto at = [&](std::int64_t place) {
          return x[first + static_cast<std::size_t>(place) * inner + i];
        };
        if (index.isConstant()) {
          y.push_back(at(index.offset));
        } else if (isTable && cells().canTabulate(index)) {
          y.push_back(cells().tabulate(index, [&](std::int64_t place) {
            return at(std::clamp<std::int64_t>(place, 0, static_cast<std::int64_t>(extent) - 1)).offset;
          }));
        } else {
          std::vector<CellId> choices;
          for (std::size_t place = 0; place < extent; ++place)
            choices.push_back(cells().whole(at(static_cast<std::int64_t>(place))));
          y.push_back(cells().scalar(cells().choose(cells().whole(index), std::move(choices))));
        }
      }
  return y;
}

Scalar Lowering::extreme(bool largest, const Scalars& x) {
  std::vector<CellId> left;
  for (const Scalar& one : x) left.push_back(cells().whole(one));
  while (left.size() > 1) {
    // What is there first is compared first.
    std::stable_sort(left.begin(), left.end(),
                     [&](CellId p, CellId q) { return cells().arrival(p) > cells().arrival(q); });
    const CellId b = left.back();
    left.pop_back();
    const CellId a = left.back();
    left.pop_back();
    left.push_back(cells().extreme(largest, a, b));
  }
  return cells().scalar(left[0]);
}

Result<Scalars> Lowering::reduce(const ir::Node& node, const ir::Reduce& op) {
  const ir::Shape& shape = shapeOf(node.inputs[0]);
  SLUICE_TRY(const ir::ReducedShape reduced, ir::reducedShape(shape, op));
  const std::vector<std::int64_t> targets = ir::reduceTargets(shape, reduced);
  std::vector<Scalars> parts(static_cast<std::size_t>(ir::elements(reduced.shape)));
  const Scalars& x = in(node, 0);
  for (std::size_t i = 0; i < x.size(); ++i) parts[static_cast<std::size_t>(targets[i])].push_back(x[i]);
  Scalars y;
  for (Scalars& part : parts) {
    if (op.kind == ir::ReduceKind::max || op.kind == ir::ReduceKind::min)
      y.push_back(extreme(op.kind == ir::ReduceKind::max, part));
    else if (op.kind == ir::ReduceKind::sum) {
      const std::int64_t least = cells().leastSumOfRow(part);
      const Scalar sum = cells().sum(std::move(part));
      y.push_back(cells().within(sum, {least, std::max(least, cells().range(sum).hi)}));
    } else
      return unsupported("a mean or product over a row is not made of codes", "node '" + node.name + "'");
  }
  return y;
}

Result<Scalars> Lowering::pool(const ir::Node& node, const ir::Pool& op) {
  if (op.kind == ir::PoolKind::average)
    return unsupported("an average is not made of codes", "node '" + node.name + "'");
  SLUICE_TRY(const std::vector<ir::WindowAxis> axes,
             ir::windowAxes(shapeOf(node.inputs[0]), op.kernel, op.window));
  std::size_t places = 1;
  for (const ir::WindowAxis& axis : axes) places *= static_cast<std::size_t>(axis.kernel);
  const std::vector<std::int64_t> sources = ir::windowSources(axes);
  const std::size_t n = channels(node);
  const Scalars& x = in(node, 0);
  Scalars y;
  for (std::size_t first = 0; first < sources.size(); first += places)
    for (std::size_t c = 0; c < n; ++c) {
      Scalars part;
      for (std::size_t k = 0; k < places; ++k) {
        if (const std::int64_t source = sources[first + k]; source >= 0)
          part.push_back(x[static_cast<std::size_t>(source) * n + c]);
        else if (op.kind == ir::PoolKind::sum)
          part.push_back({.offset = zeroPointOf(node.inputs[0])});
      }
      if (part.empty())
        y.push_back({.offset = 0});
      else
        y.push_back(op.kind == ir::PoolKind::max ? extreme(true, part) : cells().sum(std::move(part)));
    }
  return y;
}

Result<Scalars> Lowering::topK(const ir::Node& node, const ir::TopK& op) {
  const std::size_t n = channels(node);
  const Scalars& all = in(node, 0);
  Scalars y;
  for (std::size_t first = 0; first < all.size(); first += n) {
    std::vector<CellId> x;
    for (std::size_t i = 0; i < n; ++i) x.push_back(cells().whole(all[first + i]));
    const Scalars part = op.k == 1 ? Scalars{argMax(x)} : ranked(x, op.k);
    y.insert(y.end(), part.begin(), part.end());
  }
  return y;
}

/// A tournament of neighbours, so that the left one always has the lower index and wins ties.
Scalar Lowering::argMax(std::vector<CellId> value) {
  std::vector<CellId> index;
  for (std::size_t i = 0; i < value.size(); ++i)
    index.push_back(cells().constant(static_cast<std::int64_t>(i)));
  while (value.size() > 1) {
    std::vector<CellId> winners, indices;
    for (std::size_t i = 0; i + 1 < value.size(); i += 2) {
      const CellId left = cells().notLess(value[i], value[i + 1]);
      indices.push_back(cells().select(left, index[i], index[i + 1]));
      if (value.size() > 2) winners.push_back(cells().select(left, value[i], value[i + 1]));
    }
    if (value.size() == 2) return cells().scalar(indices[0]);
    if (value.size() % 2 != 0) winners.push_back(value.back()), indices.push_back(index.back());
    value = std::move(winners);
    index = std::move(indices);
  }
  return cells().scalar(index[0]);
}

/// Every pair is compared; the rank of an element is how many beat it; output r is the index whose rank is
/// r.
Scalars Lowering::ranked(const std::vector<CellId>& x, std::int64_t k) {
  std::vector<Scalars> beaten(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = i + 1; j < x.size(); ++j) {
      Scalar wins = cells().scalar(cells().notLess(x[i], x[j]));  // of equal ones the lower index is ahead
      beaten[j].push_back(wins);
      if (!wins.isConstant()) wins.sign = -1;
      wins.offset = 1 - wins.offset;
      beaten[i].push_back(wins);
    }
  std::vector<Scalar> rank;
  for (Scalars& terms : beaten) rank.push_back(cells().sum(std::move(terms)));
  Scalars y;
  for (std::int64_t r = 0; r < k; ++r) {
    Scalars terms;
    for (std::size_t i = 1; i < x.size(); ++i)
      terms.push_back(cells().tabulate(
          rank[i], [&](std::int64_t q) { return q == r ? static_cast<std::int64_t>(i) : 0; }));
    y.push_back(cells().sum(std::move(terms)));
  }
  return y;
}

}  // namespace sluice::kernel
