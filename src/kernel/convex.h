#pragma once

#include <cstdint>

/// Where a convex function is least: how slopes of lines that must hit integers are chosen.
namespace sluice::kernel {

/// The first place in [from, to] of the least value of a convex function of whole numbers, by bisection.
template <typename Function>
std::int64_t leastOfConvex(std::int64_t from, std::int64_t to, const Function& f) {
  while (from < to) {
    const std::int64_t at = from + ((to - from) >> 1);
    if (f(at) <= f(at + 1))
      to = at;
    else
      from = at + 1;
  }
  return from;
}

}  // namespace sluice::kernel
