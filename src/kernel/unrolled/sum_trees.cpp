#include "kernel/unrolled/sum_trees.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace sluice::kernel {
namespace {

/// Bits of numbers from lo to hi.
std::uint32_t widthOf(double lo, double hi) {
  std::uint32_t bits = lo < 0 ? 1 : 0;
  for (double v = 1; v < std::max(hi + 1, -lo); v *= 2) ++bits;
  return bits;
}

/// sign * (node << shift)
struct Operand {
  std::uint32_t node = 0, shift = 0;
  bool negative = false;
  std::uint32_t level = 0;  ///< depth, counted from a level below all that matter
};

class Trees {
 public:
  explicit Trees(const MatrixVector& problem) {
    graph_.inputs = problem.inputs;
    graph_.inputDepth = problem.inputDepth;
    if (graph_.inputDepth.empty()) graph_.inputDepth.assign(problem.rows, 0);
    depth_ = graph_.inputDepth;
    for (const fixed::Interval& x : problem.inputs) {
      lo_.push_back(static_cast<double>(x.lo));
      hi_.push_back(static_cast<double>(x.hi));
    }
  }

  AdderGraph run(const SumNetwork& network) {
    std::vector<Operand> value(network.size());
    for (Vertex v = 0; v < network.inputs(); ++v) value[v].node = v;
    for (const Vertex v : network.order()) {
      std::vector<Operand> operands;
      for (const Term& t : network.terms(v)) {
        const SignedDigits digits = signedDigits(t.factor);
        const Operand& of = value[t.vertex];
        for (std::uint64_t rest = digits.positive | digits.negative; rest != 0; rest &= rest - 1) {
          const auto k = static_cast<std::uint32_t>(std::countr_zero(rest));
          operands.push_back({of.node, of.shift + k, of.negative != ((digits.negative >> k & 1) != 0)});
        }
      }
      if (!operands.empty()) value[v] = sum(std::move(operands));
    }
    for (Vertex v = network.inputs(); v < network.firstInner(); ++v) {
      AdderGraph::Output out;
      if (network.termDigits(v) > 0)
        out = {.node = value[v].node, .shift = value[v].shift, .sign = value[v].negative ? -1 : 1};
      graph_.outputs.push_back(out);
    }
    return std::move(graph_);
  }

 private:
  /// Bits that add in x + y, about.
  [[nodiscard]] std::uint32_t adderBits(const Operand& x, const Operand& y) const {
    const std::uint32_t low = std::min(x.shift, y.shift);
    const double scaleX = static_cast<double>(std::uint64_t{1} << (x.shift - low)),
                 scaleY = static_cast<double>(std::uint64_t{1} << (y.shift - low));
    const bool subtracts = x.negative != y.negative;
    const double lo = lo_[x.node] * scaleX + (subtracts ? -hi_[y.node] : lo_[y.node]) * scaleY;
    const double hi = hi_[x.node] * scaleX + (subtracts ? -lo_[y.node] : hi_[y.node]) * scaleY;
    const std::uint32_t bits = widthOf(lo, hi);
    // Low bits that meet nothing are wires, unless they are those of a subtracted operand.
    const std::uint32_t free = std::max(x.shift, y.shift) - low;
    const bool lowIsSubtracted = subtracts && (x.shift < y.shift ? x.negative : y.negative);
    return lowIsSubtracted ? bits : bits - std::min(bits, free);
  }

  Operand add(Operand x, Operand y) {
    if (x.negative && !y.negative) std::swap(x, y);
    const std::uint32_t low = std::min(x.shift, y.shift);
    const auto node = static_cast<std::uint32_t>(depth_.size());
    graph_.ops.push_back({.a = x.node,
                          .shiftA = x.shift - low,
                          .signA = 1,
                          .b = y.node,
                          .shiftB = y.shift - low,
                          .signB = x.negative != y.negative ? -1 : 1,
                          .range = {},
                          .depth = 0});
    const double scaleX = static_cast<double>(std::uint64_t{1} << (x.shift - low)),
                 scaleY = static_cast<double>(std::uint64_t{1} << (y.shift - low));
    const bool subtracts = x.negative != y.negative;
    lo_.push_back(lo_[x.node] * scaleX + (subtracts ? -hi_[y.node] : lo_[y.node]) * scaleY);
    hi_.push_back(hi_[x.node] * scaleX + (subtracts ? -lo_[y.node] : hi_[y.node]) * scaleY);
    depth_.push_back(std::max(depth_[x.node], depth_[y.node]) + 1);
    return {node, low, x.negative, std::max(x.level, y.level) + 1};
  }

  Operand sum(std::vector<Operand> left) {
    // Depths more than 38 below the deepest one cannot matter: a million terms there fit one level below it.
    std::uint32_t deepest = 0;
    for (const Operand& x : left) deepest = std::max(deepest, depth_[x.node]);
    const std::uint32_t base = deepest > 38 ? deepest - 38 : 0;
    std::uint64_t kraft = 0;
    for (Operand& x : left) {
      x.level = std::max(depth_[x.node], base) - base;
      kraft += std::uint64_t{1} << x.level;
    }
    std::uint64_t slack = std::bit_ceil(kraft) - kraft;
    const auto taken = [](const Operand& x, const Operand& y) {
      return (std::uint64_t{2} << std::max(x.level, y.level)) - (std::uint64_t{1} << x.level) -
             (std::uint64_t{1} << y.level);
    };
    while (left.size() > 1) {
      std::size_t first = 0;
      for (std::size_t k = 1; k < left.size(); ++k)
        if (std::pair(left[k].level, left[k].shift) < std::pair(left[first].level, left[first].shift))
          first = k;
      std::size_t second = left.size();
      std::pair<std::uint32_t, std::uint32_t> best{};
      for (std::size_t k = 0; k < left.size(); ++k) {
        if (k == first || taken(left[first], left[k]) > slack) continue;
        const std::pair cost{adderBits(left[first], left[k]), left[k].level};
        if (second == left.size() || cost < best) best = cost, second = k;
      }
      SLUICE_CHECK(second < left.size(), "the two shallowest terms always fit the budget");
      slack -= taken(left[first], left[second]);
      left[first] = add(left[first], left[second]);
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(second));
    }
    return left[0];
  }

  AdderGraph graph_;
  std::vector<std::uint32_t> depth_;  // per node
  std::vector<double> lo_, hi_;       // per node, interval arithmetic; a guide only
};

}  // namespace

AdderGraph sumTrees(const SumNetwork& network, const MatrixVector& problem) {
  return Trees(problem).run(network);
}

}  // namespace sluice::kernel
