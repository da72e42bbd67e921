#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "search/sampler.h"

/// Early stopping with several objectives: successive halving on non-domination.
///
/// Trials run in brackets. All of a bracket run at the lowest fidelity (an estimate, a few epochs); the best of them go
/// on to the next, and so on; the last fidelity is the real thing. "Best" has no order with several losses: a front goes
/// on as a whole while there is room, and of the first front that does not fit those go on that lie farthest apart
/// (front.h, spacingOf), so that no end of the trade-off dies early. With one loss this is successive halving.
///
/// A bracket's decisions depend on the scores of its own trials alone, so that they are the same for any number of
/// workers and in whatever order trials end. So that nobody waits for the last of a rung, the next bracket starts
/// before a bracket goes on: with brackets A, B, C and rungs 0, 1, 2 the trials are those of
///
///   A0  B0 A1  C0 B1 A2  C1 B2  C2
///
/// Only at the end, where no bracket is left to start, do workers wait. The sampler learns from rung 0 alone: losses of
/// two fidelities do not compare.
///
/// Source  K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS
///         2016; on fronts: R. Schmucker, M. Donini, M. B. Zafar, D. Salinas, C. Archambeau, "Multi-objective asynchronous
///         successive halving", 2021 (arXiv:2106.12639). Ours differs: spacing in scaled losses instead of crowding, and
///         brackets instead of promotion at any time.
namespace sluice::search {

struct Halving {
  std::size_t bracket = 27;  ///< trials that start together
  double factor = 3;         ///< of a rung's trials one in `factor` goes on
  std::size_t rungs = 3;     ///< fidelities
  bool operator==(const Halving&) const = default;
};
/// Errors  badInput: an empty bracket, no rung, a factor that is not above 1
Status check(const Halving& halving);

/// Trials of a bracket at each rung: {27, 9, 3}. At least one each.
std::vector<std::size_t> rungSizes(const Halving& halving);

/// The positions of the `keep` best scores, ascending: by rank, then by spacing. Those outside all limits go last.
std::vector<std::size_t> best(std::span<const Score> scores, std::size_t keep);

/// The trials of all brackets in their order.
class Brackets {
 public:
  /// `points`: how many start at the lowest rung, in all; the last bracket may be smaller. Of the samplers that look at
  /// results, proposal n of them looks at those up to n - window.
  Brackets(const Halving& halving, std::uint64_t points, std::size_t window, bool looks);

  struct Turn {
    std::uint64_t bracket = 0;
    std::size_t rung = 0;
    std::uint64_t slot = 0;  ///< among those of this bracket at this rung
  };
  [[nodiscard]] std::uint64_t size() const { return size_; }  ///< trials in all
  [[nodiscard]] Turn at(std::uint64_t number) const;
  /// Trial `number` may be proposed when trials 0 to needs - 1 have ended.
  [[nodiscard]] std::uint64_t needs(std::uint64_t number) const;

  /// The points of trials history.size() and on, `count` of them. `sampler` has the window given above.
  /// Errors  those of the sampler; badInput: a result that is needed is pending
  Result<std::vector<Point>> propose(Sampler& sampler, std::span<const Trial> history,
                                     std::size_t count) const;

 private:
  struct Segment {
    std::uint64_t first = 0, size = 0, bracket = 0;
    std::size_t rung = 0;
  };
  [[nodiscard]] const Segment& segmentOf(std::uint64_t number) const;
  [[nodiscard]] const Segment& segmentOf(std::uint64_t bracket, std::size_t rung) const;
  Halving halving_;
  std::size_t window_;
  bool looks_;
  std::uint64_t size_ = 0;
  std::vector<Segment> segments_;                     ///< in the order of trials
  std::vector<std::vector<std::size_t>> positionOf_;  ///< [rung][bracket] -> in segments_
};

}  // namespace sluice::search
