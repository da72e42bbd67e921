#pragma once

#include <cstdint>
#include <vector>

/// Cover: the cheapest vector that breaks every known conflict.
///
/// A sizer that may only ask "is this vector of depths good?", where more depth never hurts, learns from each
/// bad answer: if depths d_1 .. d_n of some channels are bad together even with all others unbounded, then a
/// good vector has more than d_c in at least one of them. That is a clause,
///
///     x_1 >= d_1 + 1  or  x_2 >= d_2 + 1  or ...
///
/// and a conflict of one channel is a plain lower bound. The cheapest vector that satisfies the clauses known
/// so far costs no more than the best good one: a bound that holds at any time. If that vector is good, it is
/// the optimum, and the clauses are the proof: implicit hitting sets, or logic-based Benders decomposition.
namespace sluice::dataflow {

/// "x[variable] >= value for at least one of these". Values at or below a lower bound make it empty of
/// content, not illegal.
struct Clause {
  struct Literal {
    std::uint32_t variable = 0;
    std::uint64_t value = 0;
    bool operator==(const Literal&) const = default;
  };
  std::vector<Literal> literals;
  bool operator==(const Clause&) const = default;
};

class Cover {
 public:
  /// Cost of a vector: sum of weight[v] * x[v]; it must stay below 2^63 for any x that is reached.
  Cover(std::vector<std::uint64_t> lowest, std::vector<std::uint64_t> weight)
      : lowest_(std::move(lowest)), weight_(std::move(weight)) {
    bound_ = cost(lowest_);
  }

  void add(Clause clause) { clauses_.push_back(std::move(clause)); }
  [[nodiscard]] const std::vector<Clause>& clauses() const { return clauses_; }

  struct Answer {
    std::vector<std::uint64_t> x;  ///< satisfies all clauses
    std::uint64_t cost = 0;
    std::uint64_t bound = 0;  ///< no vector that satisfies the clauses costs less
    [[nodiscard]] bool exact() const { return bound == cost; }
  };
  /// Branch and bound, at most `mostNodes` nodes. Clauses are only ever added, so successive bounds ascend.
  Answer solve(std::uint64_t mostNodes = 2'000'000);

  [[nodiscard]] std::uint64_t cost(const std::vector<std::uint64_t>& x) const;
  [[nodiscard]] bool satisfies(const std::vector<std::uint64_t>& x, const Clause& clause) const;

 private:
  struct Node {
    std::vector<std::uint64_t> x, below;  // x[v] is at least x, and under below
    std::uint64_t cost = 0;
  };
  void search(Node node);

  std::vector<std::uint64_t> lowest_, weight_;
  std::vector<Clause> clauses_;
  std::uint64_t bound_ = 0;
  Answer best_;
  std::uint64_t nodesLeft_ = 0;
};

}  // namespace sluice::dataflow
