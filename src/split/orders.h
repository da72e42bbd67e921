#pragma once

#include <cstdint>
#include <vector>

#include "split/price.h"

/// The best plan whose parts are runs of one order of the atoms: a chain, in other words. Exact for that order, fast
/// (n^2 steps), and a good start for the exact search: on layer graphs a depth-first order alone is within 0.4 %.
namespace sluice::splits {

struct OrderResult {
  bool found = false;
  double value = 0;
  Stages stages;
};

/// `order` is a topological order of all atoms. Only plans of value below `below` count.
OrderResult bestAlong(const std::vector<std::uint32_t>& order, const Problem& problem, const Atoms& atoms,
                      const Seats& seats, const Objective& objective, double below);

/// A topological order; `seed` 0 is the atoms' own (depth first), others are random, every second of them depth first.
std::vector<std::uint32_t> topologicalOrder(const Atoms& atoms, std::uint64_t seed);

/// An order in which the stages of a plan stand one after the other, otherwise random.
std::vector<std::uint32_t> orderAround(const Atoms& atoms, const Stages& stages, std::uint64_t seed);

/// The best plan over some orders and some around the best; a good plan, not a proven one.
OrderResult goodPlan(const Problem& problem, const Atoms& atoms, const Seats& seats,
                     const Objective& objective, std::uint32_t orders);

}  // namespace sluice::splits
