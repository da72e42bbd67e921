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
  Cover(std::vector<std::uint64_t> lowest, std::vector<std::uint64_t> weight);

  void add(Clause clause);
  [[nodiscard]] const std::vector<Clause>& clauses() const { return clauses_; }

  struct Answer {
    std::vector<std::uint64_t> x;  ///< satisfies all clauses
    std::uint64_t cost = 0;
    std::uint64_t bound = 0;  ///< no vector that satisfies the clauses costs less
    [[nodiscard]] bool exact() const { return bound == cost; }
  };
  /// Branch and bound, at most `mostNodes` nodes for each set of clauses joined by variables; only sets that
  /// got a clause since the last call are solved again. Clauses are only ever added, so bounds ascend.
  Answer solve(std::uint64_t mostNodes = 2'000'000);

  [[nodiscard]] std::uint64_t cost(const std::vector<std::uint64_t>& x) const;

 private:
  struct Group {  // clauses joined by variables
    std::vector<std::uint32_t> clauses, variables;
    std::uint64_t cost = 0, bound = 0;  // above the lowest values of its variables
    bool solved = false;
  };
  void solve(Group& group, std::uint64_t mostNodes);

  std::vector<std::uint64_t> lowest_, weight_, x_;
  std::vector<Clause> clauses_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> groupOf_;  // per variable
};

/// Whether a vector breaks the conflict that the clause stands for.
bool satisfies(const std::vector<std::uint64_t>& x, const Clause& clause);

}  // namespace sluice::dataflow
