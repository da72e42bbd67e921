#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::dataflow::check {

/// Depths within [lo, hi] for each of these groups.
using Ranges = std::map<std::size_t, std::pair<std::int64_t, std::int64_t>>;

/// Depths within the ranges, and a sum along each of these rows of at most so much, do not meet the target.
struct Conflict {
  Ranges depths;
  std::map<std::size_t, std::int64_t> sums;
};

/// The least cost below `limit` of depths (from 2 to `most`, per group) that lie in none of the conflicts; nothing if
/// there is none. `rows`: groups of each row. `cost` of a group at a depth never falls with depth; with rows it is linear.
/// Throws std::runtime_error after 20 million steps.
std::optional<std::int64_t> leastOutside(const std::vector<Conflict>& conflicts,
                                         const std::vector<std::vector<std::size_t>>& rows,
                                         const std::vector<std::int64_t>& most,
                                         const std::function<std::int64_t(std::size_t, std::int64_t)>& cost,
                                         std::int64_t limit);

}  // namespace sluice::dataflow::check
