#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

/// What a search wants of the metrics of a trial. Inside a search everything is a loss, and less is better.
namespace sluice::search {

enum class Goal : std::uint8_t {
  minimise,  ///< loss = value
  maximise,  ///< loss = -value
  closeTo,   ///< loss = |value - target|
};

struct Objective {
  std::string metric;
  Goal goal = Goal::minimise;
  double target = 0;  ///< of closeTo
  double weight = 1;  ///< > 0; counts where objectives are made one
  bool operator==(const Objective&) const = default;
};

/// A metric that has to lie in [lo, hi]: a trial outside is no solution, however good its losses are.
struct Limit {
  std::string metric;
  double lo = -std::numeric_limits<double>::infinity(), hi = std::numeric_limits<double>::infinity();
  bool operator==(const Limit&) const = default;
};

enum class Combine : std::uint8_t {
  front,    ///< each objective is one of its own: what is wanted is the front
  sum,      ///< one loss: sum(weight * loss)
  largest,  ///< one loss: max(weight * loss)
};

struct Objectives {
  std::vector<Objective> objectives;
  std::vector<Limit> limits;
  Combine combine = Combine::front;
  bool operator==(const Objectives&) const = default;

  /// Losses a trial has: one per objective, or one in all.
  [[nodiscard]] std::size_t losses() const { return combine == Combine::front ? objectives.size() : 1; }
};

/// What a trial came to.
struct Score {
  std::vector<double> losses;
  double violation = 0;  ///< how far outside its limits, in sum, each in units of max(1, |limit|); 0: inside
  bool operator==(const Score&) const = default;
};

/// Errors  badInput: no objective, a metric without name, a weight that is not positive, a limit with lo > hi
Status check(const Objectives& objectives);

/// Errors  badInput: a metric is missing or not a number
Result<Score> scoreOf(const Objectives& objectives, const std::map<std::string, double>& metrics);

}  // namespace sluice::search
