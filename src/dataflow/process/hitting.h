#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "dataflow/process/conflict.h"
#include "dataflow/process/cost.h"

/// The master problem of sizing: the cheapest depth vector that lies in none of the known conflicts.
///
/// It knows nothing of time. As costs never fall with depth, the cheapest vector above lower bounds `a` is `a` itself;
/// if `a` lies in a conflict, every vector above `a` outside the conflict has, for one of its literals, a depth above
/// `hi` (a depth below `lo` is not above `a`). So the search branches on which literal is raised, child j keeping the
/// literals before j down: the children exclude each other. Bounds: a conflict with one literal left to raise forces
/// it; a literal whose raise alone costs more than the best known is none; conflicts without a common group each add
/// their cheapest raise. Groups that share no conflict are solved apart.
///
/// A row whose sum was raised may not be reached by the depths of its groups yet: then its cheapest group takes all that
/// is missing, or less.
///
/// Source   implicit hitting sets: Moreno-Centeno, Karp, "The implicit hitting set approach", Operations Research
///          61(2), 2013. Ours differs: elements are ordered (raising a depth), conflicts are boxes.
namespace sluice::dataflow::process {

struct Hitting {
  std::vector<std::uint64_t> depths;  ///< a cheapest vector outside all conflicts; empty if there is none
  std::uint64_t cost = 0;             ///< its cost: a lower bound on every feasible vector's
  bool complete = true;               ///< false: given up; `cost` is a bound all the same, `depths` is empty
  std::uint64_t nodes = 0;
};

/// `most` per group bounds depths from above (no vector needs more). With rows among the terms, costs must be
/// linear in depth (beats, bits). `known`: cost of a feasible vector, to prune by; a result may be any bound >= known
/// then. `stop` is asked now and then.
Hitting cheapest(const std::vector<Conflict>& conflicts, const Terms& terms, const GroupCosts& costs,
                 const std::vector<std::uint64_t>& most, std::uint64_t known,
                 const std::function<bool()>& stop);

/// What is wrong with depths: a conflict they lie in. Nothing: they are feasible.
using Test = std::function<std::optional<Conflict>(const std::vector<std::uint64_t>&)>;

/// The cheapest feasible vector of cost less than `below`; none: its cost is `below`, a lower bound. The same search, but
/// what lies outside all conflicts is tested at once, and the conflict found is one more, for the rest of the search: a
/// single tree instead of one for each new conflict. `conflicts` grows by what was found. Not complete: `depths`, if
/// any, are feasible, and `cost` is no bound.
Hitting cheapestFeasible(std::vector<Conflict>& conflicts, const Terms& terms, const GroupCosts& costs,
                         const std::vector<std::uint64_t>& most, std::uint64_t below,
                         const std::function<bool()>& stop, const Test& test);

}  // namespace sluice::dataflow::process
