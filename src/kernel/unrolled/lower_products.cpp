#include <algorithm>
#include <optional>

#include "base/check.h"
#include "ir/geometry.h"
#include "kernel/unrolled/lowering.h"

namespace sluice::kernel {
namespace {

/// Products with constants that a convolution may be unrolled into: more are no pipeline that fits a part.
constexpr std::uint64_t kMostProducts = 100'000;

/// A convolution by its extents; sources: of every position of the output, what lies under each place of the window, -1 beyond
/// the edge.
struct Slide {
  std::vector<std::int64_t> sources;
  std::size_t places = 0, positions = 0, channelsIn = 0, channelsOut = 0, groupIn = 0, groupOut = 0;
};
Result<Slide> slideOf(const ir::Shape& input, const ir::Shape& kernel, const ir::Window& over,
                      std::int64_t groups) {
  SLUICE_TRY(const ir::ConvShape shape, ir::convShape(input, kernel, over, groups));
  Slide slide{.sources = ir::windowSources(shape.axes),
              .places = static_cast<std::size_t>(shape.places()),
              .channelsIn = static_cast<std::size_t>(shape.channelsIn),
              .channelsOut = static_cast<std::size_t>(shape.channelsOut),
              .groupIn = static_cast<std::size_t>(shape.groupIn()),
              .groupOut = static_cast<std::size_t>(shape.groupOut())};
  slide.positions = slide.sources.size() / slide.places;
  return slide;
}

}  // namespace

/// Every position of the output is a matrix-vector product over its window.
Result<Scalars> Lowering::conv(const ir::Node& node, const ir::Window& over, std::int64_t groups) {
  SLUICE_TRY(const auto* weights, constantOf(node, 1));
  SLUICE_TRY(const Slide slide, slideOf(shapeOf(node.inputs[0]), shapeOf(node.inputs[1]), over, groups));
  const auto& [sources, places, positions, channelsIn, channelsOut, groupIn, groupOut] = slide;
  const auto nonZero = static_cast<std::uint64_t>(
      weights->size() - static_cast<std::size_t>(std::count(weights->begin(), weights->end(), 0)));
  if (nonZero * positions > kMostProducts)
    return unsupported("the convolution takes " + std::to_string(nonZero * positions) +
                           " products a frame; unrolled at most " + std::to_string(kMostProducts) +
                           "; streamed it can be any",
                       "node '" + node.name + "'");
  std::vector<std::int64_t> bias(channelsOut, 0);
  if (node.inputs.size() > 2) bias = ir::codesOf(graph_.tensor(node.inputs[2]));
  // [places * groupIn, groupOut] for each group.
  std::vector<std::vector<std::int64_t>> matrices(channelsIn / groupIn);
  for (std::size_t g = 0; g < matrices.size(); ++g)
    for (std::size_t row = 0; row < places * groupIn; ++row) {
      const auto first = weights->begin() + static_cast<std::ptrdiff_t>(row * channelsOut + g * groupOut);
      matrices[g].insert(matrices[g].end(), first, first + static_cast<std::ptrdiff_t>(groupOut));
    }
  const Scalars x = in(node, 0);
  Scalars y;
  for (std::size_t position = 0; position < positions; ++position)
    for (std::size_t g = 0; g < matrices.size(); ++g) {
      Scalars window;
      for (std::size_t k = 0; k < places; ++k)
        for (std::size_t i = 0; i < groupIn; ++i) {
          const std::int64_t source = sources[position * places + k];
          window.push_back(source < 0 ? Scalar{.offset = zeroPointOf(node.inputs[0])}
                                      : x[static_cast<std::size_t>(source) * channelsIn + g * groupIn + i]);
        }
      const auto first = bias.begin() + static_cast<std::ptrdiff_t>(g * groupOut);
      SLUICE_TRY(
          const Scalars part,
          product(window, matrices[g], {first, first + static_cast<std::ptrdiff_t>(groupOut)}, node.name));
      y.insert(y.end(), part.begin(), part.end());
    }
  return y;
}

/// Sums of an accumulator of so many bits. One that wraps may wrap at the end; any other is brought into its range after every
/// term, one behind the other.
Result<Scalars> Lowering::accumulated(const ir::Node& node, const ir::AccumulateConv& op) {
  const auto fitted = [&](const Scalar& x) {
    return cells().requantize(x, 0, fixed::Rounding::floor, op.overflow, op.range);
  };
  const Error refused{ErrorCode::unsupported,
                      std::string("an accumulator with overflow ") + fixed::name(op.overflow) +
                          " and rounding " + fixed::name(op.rounding) + " cannot be unrolled",
                      "node '" + node.name + "'"};
  const bool wraps = op.overflow == fixed::Overflow::wrap;
  if (wraps && op.shift == 0) {
    SLUICE_TRY(Scalars sums, conv(node, op.window, op.groups));
    for (Scalar& sum : sums) {
      const std::optional<Scalar> y = fitted(sum);
      if (!y) return refused;
      sum = *y;
    }
    return sums;
  }
  SLUICE_TRY(const auto* weights, constantOf(node, 1));
  SLUICE_TRY(const Slide slide,
             slideOf(shapeOf(node.inputs[0]), shapeOf(node.inputs[1]), op.window, op.groups));
  const auto& [sources, places, positions, channelsIn, channelsOut, groupIn, groupOut] = slide;
  const Scalars x = in(node, 0);
  Scalars y;
  for (std::size_t position = 0; position < positions; ++position)
    for (std::size_t j = 0; j < channelsOut; ++j) {
      std::optional<Scalar> sum =
          fitted({.offset = node.inputs.size() > 2 ? ir::codesOf(graph_.tensor(node.inputs[2]))[j] : 0});
      Scalars terms{*sum};
      for (std::size_t k = 0; k < places * groupIn; ++k) {
        const std::int64_t source = sources[position * places + k / groupIn];
        const Scalar one =
            source < 0
                ? Scalar{}
                : x[static_cast<std::size_t>(source) * channelsIn + j / groupOut * groupIn + k % groupIn];
        const std::optional<Scalar> term =
            cells().requantize(cells().times(one, (*weights)[k * channelsOut + j]), op.shift, op.rounding,
                               op.overflow, op.range);
        if (!term) return refused;
        terms.push_back(*term);
        if (wraps) continue;
        sum = fitted(cells().sum(std::move(terms)));
        if (!sum) return refused;
        terms = {*sum};
      }
      sum = fitted(cells().sum(std::move(terms)));
      if (!sum) return refused;
      y.push_back(*sum);
    }
  return y;
}

Result<Scalars> Lowering::pairwise(const ir::Node& node, const ir::CodeBinary& op) {
  const ir::Shape& shape = shapeOf(node.output);
  const auto left = ir::broadcastSources(shapeOf(node.inputs[0]), shape),
             right = ir::broadcastSources(shapeOf(node.inputs[1]), shape);
  const Scalars u = in(node, 0), v = in(node, 1);
  const bool multiplies = op.kind == ir::CodeBinaryKind::multiply;
  Scalars y;
  for (std::size_t i = 0; i < left.size(); ++i) {
    Scalar a = u[static_cast<std::size_t>(left[i])], b = v[static_cast<std::size_t>(right[i])];
    if (multiplies) {
      a.offset -= zeroPointOf(node.inputs[0]);
      b.offset -= zeroPointOf(node.inputs[1]);
    }
    y.push_back(multiplies ? cells().multiply(a, b)
                           : extreme(op.kind == ir::CodeBinaryKind::maximum, {a, b}));
  }
  return y;
}

Result<Scalars> Lowering::matrixProduct(const ir::Node& node) {
  const ir::Shape& shape = shapeOf(node.inputs[1]);
  const auto n = static_cast<std::size_t>(shape[shape.size() - 2]),
             m = static_cast<std::size_t>(shape.back());
  Scalars x = in(node, 0), w = in(node, 1);
  for (Scalar& one : x) one.offset -= zeroPointOf(node.inputs[0]);
  for (Scalar& one : w) one.offset -= zeroPointOf(node.inputs[1]);
  const std::size_t rows = x.size() / n, matrices = w.size() / (n * m);
  Scalars y;
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t j = 0; j < m; ++j) {
      Scalars terms;
      for (std::size_t k = 0; k < n; ++k)
        for (const Scalar& part :
             cells().products(x[row * n + k], w[row / (rows / matrices) * n * m + k * m + j]))
          terms.push_back(part);
      y.push_back(cells().sum(std::move(terms)));
    }
  return y;
}

Result<Scalars> Lowering::pairLookup(const ir::Node& node, const ir::PairLookup& op) {
  SLUICE_TRY(const auto* table, constantOf(node, 2));
  const ir::Shape& shape = shapeOf(node.inputs[2]);
  const auto rows = static_cast<std::size_t>(shape[0]), entries = static_cast<std::size_t>(shape[1]);
  const Scalars u = in(node, 0), v = in(node, 1);
  Scalars y;
  for (std::size_t i = 0; i < u.size(); ++i) {
    if (!cells().canTabulate(u[i], v[i]))
      return unsupported("a table of two numbers of more than 16 bits together cannot be unrolled",
                         "node '" + node.name + "'");
    const std::size_t row = rows == 1 ? 0 : i % channels(node);
    y.push_back(cells().tabulate(u[i], v[i], [&](std::int64_t a, std::int64_t b) {
      const std::int64_t at = std::clamp<std::int64_t>((a - op.first0) * op.span1 + b - op.first1, 0,
                                                       static_cast<std::int64_t>(entries) - 1);
      return (*table)[row * entries + static_cast<std::size_t>(at)];
    }));
  }
  return y;
}

}  // namespace sluice::kernel
