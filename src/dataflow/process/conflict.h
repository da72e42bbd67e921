#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "dataflow/process/chain.h"
#include "dataflow/process/evaluate.h"

/// Conflicts: regions of depth vectors that cannot meet a target.
///
/// Under one delay per FIFO more depth never makes an event later, so everything below an infeasible vector is
/// infeasible. The exact rules break this by a cycle: a FIFO that outgrows its shift register answers later. What
/// stays true: let every group g have a range [lo, hi] of depths. Give its FIFOs the depth hi *and* the shortest delay
/// that occurs in the range: no vector in the box can be faster. If even that is too late or stands still, the whole
/// box is infeasible. With lo = 2 the delay is the shift register's; with lo just above the shift register it is the
/// RAM's. A conflict is such a box, made as large as it can be: no hi can grow, no lo can fall.
///
/// Boxes have sides along the depth of a group and along the sum of depths of a row (chain.h): "a + b <= 253 and
/// c + d + e <= 510" is one conflict, where "a <= 1, b <= 252, .." would be one for each of many splits.
///
/// Terms whose hi reached their tokens do not constrain anything and are left out.
namespace sluice::dataflow::process {

constexpr std::uint64_t leastDepth = 2;

/// What conflicts speak of: the depth of a group (terms 0 to groups - 1), and the sum of depths along a row (the terms
/// after them).
struct Terms {
  std::uint32_t groups = 0;
  std::vector<std::vector<std::uint32_t>> rows;  ///< their groups

  [[nodiscard]] std::uint32_t size() const { return groups + static_cast<std::uint32_t>(rows.size()); }
  [[nodiscard]] bool isRow(std::uint32_t term) const { return term >= groups; }
  [[nodiscard]] const std::vector<std::uint32_t>& row(std::uint32_t term) const {
    return rows[term - groups];
  }
  [[nodiscard]] std::uint64_t value(std::uint32_t term, const std::vector<std::uint64_t>& depths) const {
    if (!isRow(term)) return depths[term];
    std::uint64_t sum = 0;
    for (const std::uint32_t g : row(term)) sum += depths[g];
    return sum;
  }
  /// The value with all depths at their least.
  [[nodiscard]] std::uint64_t least(std::uint32_t term) const {
    return isRow(term) ? leastDepth * row(term).size() : leastDepth;
  }
};

struct Literal {
  std::uint32_t term = 0;
  std::uint64_t lo = leastDepth, hi = leastDepth;  ///< of a row lo is its least value
  bool operator==(const Literal&) const = default;
  auto operator<=>(const Literal&) const = default;
};

/// Every vector for which each of these terms lies in [lo, hi] misses the target. Literals by rising term.
/// Empty: the target cannot be met at all.
using Conflict = std::vector<Literal>;

/// Whether `depths` lies in the conflict's box.
bool contains(const Conflict& conflict, const Terms& terms, const std::vector<std::uint64_t>& depths);

/// Whether `part` says nothing that `whole` does not say.
bool within(const Conflict& part, const Conflict& whole);

/// Tells whether boxes can meet a target.
class Oracle {
 public:
  /// `withRows`: terms are groups and rows; else groups alone.
  Oracle(Evaluator& evaluator, const Network& network, std::uint64_t target, bool withRows);

  /// Exact rules.
  [[nodiscard]] bool feasible(const std::vector<std::uint64_t>& depths);
  /// Whether the fastest that the box could be meets the target. Ranges per term.
  [[nodiscard]] bool feasible(const std::vector<Literal>& box);

  /// A largest box around infeasible `depths`. Terms are raised in the order of `raiseFirst`.
  [[nodiscard]] Conflict conflict(const std::vector<std::uint64_t>& depths,
                                  const std::vector<std::uint32_t>& raiseFirst);

  /// The box in which nothing is bounded.
  [[nodiscard]] std::vector<Literal> unbounded() const;
  /// The least value of a term that is feasible with all others unbounded; all unbounded must be feasible.
  [[nodiscard]] std::uint64_t leastFeasible(std::uint32_t term);

  /// Cycles of the fastest that a box could be; nothing if it stands still.
  [[nodiscard]] std::optional<std::uint64_t> cycles(const Conflict& conflict);

  [[nodiscard]] const Terms& terms() const { return terms_; }
  /// Most of use per term: a group's tokens, at least 2; tokens of a row's first FIFO.
  [[nodiscard]] const std::vector<std::uint64_t>& most() const { return most_; }
  [[nodiscard]] std::uint64_t target() const { return target_; }
  [[nodiscard]] std::uint64_t runs() const;

 private:
  /// A program with credits of some rows.
  struct Rowed {
    Program program;
    Evaluator evaluator;
    Rowed(Program p, const Timing& timing) : program(std::move(p)), evaluator(program, timing) {}
  };

  /// The largest hi of a term in [known, most] such that the box stays infeasible, which it is at `known`.
  std::uint64_t raise(std::vector<Literal>& box, std::uint32_t term);

  void beginLower(std::vector<Literal>& box, const std::vector<std::uint64_t>& depths,
                  const std::vector<std::uint32_t>& raiseFirst);
  void widen(std::vector<Literal>& box, const std::vector<std::uint32_t>& raiseFirst);
  /// The run of the fastest that the box could be.
  Outcome run(const std::vector<Literal>& box, std::uint64_t limit);

  Evaluator& evaluator_;
  std::uint64_t target_;
  std::vector<Chain> chains_;
  Terms terms_;
  std::map<std::vector<bool>, std::unique_ptr<Rowed>> rowed_;  ///< by rows that are bounded
  std::vector<std::vector<bool>> supports_;  ///< terms of recent conflicts, the latest first
  std::vector<std::uint64_t> most_;
  std::vector<std::vector<std::uint64_t>>
      steps_;  ///< per group: where a lower end may stand besides 2, falling
  std::vector<LaneSetting> settings_;
};

}  // namespace sluice::dataflow::process
