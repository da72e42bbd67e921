#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::dataflow::check {

/// Depths within [lo, hi] for each of these groups do not meet the target. By group.
using Ranges = std::map<std::size_t, std::pair<std::int64_t, std::int64_t>>;

/// Depths of these groups add up to at least `least`.
struct Total {
  std::vector<std::size_t> groups;
  std::int64_t least = 0;
};

/// The least cost below `limit` of depths (from 2 to `most`, per group) that lie in none of the conflicts and reach
/// all totals; nothing if there is none. `cost` of a group at a depth never falls with depth.
/// Throws std::runtime_error after 20 million steps.
std::optional<std::int64_t> leastOutside(const std::vector<Ranges>& conflicts,
                                         const std::vector<Total>& totals,
                                         const std::vector<std::int64_t>& most,
                                         const std::function<std::int64_t(std::size_t, std::int64_t)>& cost,
                                         std::int64_t limit);

}  // namespace sluice::dataflow::check
