#pragma once

#include <cstdint>
#include <vector>

/// Linear programs over differences: integers x with
///
///     x[b] >= x[a] + least        for every difference (a, b, least)
///     lower[i] <= x[i] <= upper[i]
///
/// that make the sum of cost[i] * x[i] least. Retiming is one of them (stages.h).
///
/// The sum is L-natural convex, so where no set of variables can be raised by one with profit, nothing can (Murota,
/// "Discrete Convex Analysis", 2003, chapter 10). And from the least x that is legal, raising is all that is needed: some
/// optimum is above it. Which set to raise is a question for a cut: a variable that is raised takes those with it that
/// would be too near, and the set of largest profit that is closed under this is one side of a least cut (Picard,
/// "Maximal closure of a graph", Management Science 1976). So the answer comes after as many cuts as the longest way of any
/// variable, which for stages is the depth of the pipeline.
namespace sluice::kernel {

struct Difference {
  std::uint32_t a = 0, b = 0;  ///< a < b
  std::uint32_t least = 0;
};

struct DifferenceProgram {
  std::vector<std::int64_t> cost;
  std::vector<std::uint32_t> lower, upper;
  std::vector<Difference> differences;

  std::uint32_t add(std::int64_t itsCost, std::uint32_t itsLower, std::uint32_t itsUpper);
};

/// An optimum, the least one; there must be a legal x, and upper bounds on all that has a negative cost (its own or those
/// of what it takes with it).
std::vector<std::uint32_t> leastCost(const DifferenceProgram& program);

}  // namespace sluice::kernel
