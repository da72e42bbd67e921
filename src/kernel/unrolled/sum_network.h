#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernel/unrolled/adder_graph.h"
#include "kernel/unrolled/shortest_digits.h"

/// Sum networks: what the search for adder graphs works on.
///
/// A vertex is an input, an output, or an inner sum. Every vertex but the inputs is a sum of terms
///
///     vertex = sum over terms of factor * vertex
///
/// and a factor costs its signed digits, for each is one shifted operand. So a network needs (digits - 1)
/// adders per sum; which of them are added first is not decided until the end (sum_trees.h). At the start
/// there are no inner sums and the factors are the weights. Two views are kept of the same factors: the
/// *terms* of a vertex (what it is made of) and its *uses* (which sums it is a term of).
///
/// Factors are integers, not digit strings, because 3 = 4 - 1 = 2 + 1: both are shortest, and which one helps
/// depends on what is shared (shortest_digits.h).
///
/// Depth is kept by Kraft's inequality (adder_graph.h): each sum has a deadline, a term at depth l takes 2^l
/// of 2^deadline, and what is left is its *slack*, never negative.
namespace sluice::kernel {

using Vertex = std::uint32_t;

struct Term {
  Vertex vertex = 0;
  std::int32_t factor = 0;
};

/// Many short lists of terms, ascending by vertex, in one block of memory, so that copying all is cheap.
class TermLists {
 public:
  void addList() { spans_.push_back({}); }
  void clear() { spans_.clear(), terms_.clear(); }
  [[nodiscard]] std::span<const Term> operator[](Vertex list) const {
    return {terms_.data() + spans_[list].begin, spans_[list].size};
  }
  /// 0 where there is none.
  [[nodiscard]] std::int32_t find(Vertex list, Vertex vertex) const;
  /// Factor 0 removes.
  void put(Vertex list, Vertex vertex, std::int32_t factor);

 private:
  struct Span {
    std::uint32_t begin = 0, size = 0, capacity = 0;
  };
  std::vector<Span> spans_;
  std::vector<Term> terms_;
};

class SumNetwork {
 public:
  /// No inner sums. `depthLimit` is none where depth is free: then all depths count as 0 and slack is
  /// without end.
  SumNetwork(const MatrixVector& problem, std::optional<std::uint32_t> depthLimit);

  [[nodiscard]] Vertex inputs() const { return inputs_; }
  [[nodiscard]] Vertex outputs() const { return outputs_; }
  /// Inputs come first, then outputs, then inner sums from here on.
  [[nodiscard]] Vertex firstInner() const { return inputs_ + outputs_; }
  [[nodiscard]] Vertex size() const { return static_cast<Vertex>(depth_.size()); }
  [[nodiscard]] std::span<const Term> terms(Vertex sum) const { return terms_[sum]; }
  [[nodiscard]] std::span<const Term> uses(Vertex vertex) const { return uses_[vertex]; }
  [[nodiscard]] std::int32_t factor(Vertex sum, Vertex vertex) const {
    return terms_[sum].size() <= uses_[vertex].size() ? terms_.find(sum, vertex) : uses_.find(vertex, sum);
  }
  [[nodiscard]] std::uint32_t depth(Vertex vertex) const { return depth_[vertex]; }
  [[nodiscard]] std::int64_t slack(Vertex sum) const { return slack_[sum]; }
  [[nodiscard]] bool bounded() const { return bounded_; }
  /// Digits in all terms of a sum; digits with which a vertex is used.
  [[nodiscard]] std::uint32_t termDigits(Vertex sum) const { return termDigits_[sum]; }
  [[nodiscard]] std::uint32_t useDigits(Vertex vertex) const { return useDigits_[vertex]; }

  /// An inner sum without terms that is due at `depth`.
  Vertex addInner(std::uint32_t depth);
  void setFactor(Vertex sum, Vertex vertex, std::int32_t factor);
  /// Puts the terms of an inner sum in its place wherever it is used. False, and nothing done, if a factor
  /// would outgrow 30 bits.
  bool dissolve(Vertex inner);
  /// (digits - 1) of all sums that have any.
  [[nodiscard]] std::uint32_t adders() const;
  /// Dissolves sums that are one digit of another vertex or are used by one digit only, drops unused ones,
  /// renumbers what is left and makes every inner sum due as early as it can be. Adders stay or fall.
  void tidy();
  /// Vertices but inputs such that each comes after its terms.
  [[nodiscard]] std::vector<Vertex> order() const;

 private:
  Vertex inputs_ = 0, outputs_ = 0;
  bool bounded_ = false;
  TermLists terms_, uses_;
  std::vector<std::uint32_t> depth_, termDigits_, useDigits_;
  std::vector<std::int64_t> slack_;
};

}  // namespace sluice::kernel
