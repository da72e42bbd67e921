#pragma once

#include <cstdint>
#include <optional>
#include <vector>

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
/// Groups whose hi reached their tokens do not constrain anything and are left out.
namespace sluice::dataflow::process {

constexpr std::uint64_t leastDepth = 2;

struct Literal {
  std::uint32_t group = 0;
  std::uint64_t lo = leastDepth, hi = leastDepth;
  bool operator==(const Literal&) const = default;
  auto operator<=>(const Literal&) const = default;
};

/// Every vector whose depth lies in [lo, hi] for each of these groups misses the target. Literals by rising group.
/// Empty: the target cannot be met at all.
using Conflict = std::vector<Literal>;

/// Whether `depths` lies in the conflict's box.
bool contains(const Conflict& conflict, const std::vector<std::uint64_t>& depths);

/// Tells whether boxes can meet a target.
class Oracle {
 public:
  Oracle(Evaluator& evaluator, const Network& network, std::uint64_t target);

  /// Exact rules.
  [[nodiscard]] bool feasible(const std::vector<std::uint64_t>& depths);
  /// Whether the fastest that the box could be meets the target. Ranges per group.
  [[nodiscard]] bool feasible(const std::vector<Literal>& box);

  /// A largest box around infeasible `depths`. Groups are raised in the order of `raiseFirst`.
  [[nodiscard]] Conflict conflict(const std::vector<std::uint64_t>& depths,
                                  const std::vector<std::uint32_t>& raiseFirst);

  /// Cycles of the fastest that a box could be; nothing if it stands still.
  [[nodiscard]] std::optional<std::uint64_t> cycles(const Conflict& conflict);

  /// Most depth of use per group: its tokens, at least 2.
  [[nodiscard]] const std::vector<std::uint64_t>& most() const { return most_; }
  [[nodiscard]] std::uint64_t target() const { return target_; }

 private:
  /// The largest hi of group g in [known, most] such that the box stays infeasible, which it is at `known`.
  std::uint64_t raise(std::vector<Literal>& box, std::uint32_t g);

  void widen(std::vector<Literal>& box, const std::vector<std::uint32_t>& raiseFirst);
  void settle(const std::vector<Literal>& box);

  Evaluator& evaluator_;
  std::uint64_t target_;
  std::vector<std::vector<bool>> supports_;  ///< groups of recent conflicts, the latest first
  std::vector<std::uint64_t> most_;
  std::vector<std::vector<std::uint64_t>>
      steps_;  ///< per group: where a lower end may stand besides 2, falling
  std::vector<LaneSetting> settings_;
};

}  // namespace sluice::dataflow::process
