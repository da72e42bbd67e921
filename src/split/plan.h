#pragma once

#include <string>

#include "split/solve.h"

/// Plans as files.
///
///   {"format": "sluice-plan/1", "problem": "gnmt_inference_Layer",
///    "objective": 32.9, "objective_name": "load" | "latency" | "boards", "load_limit"?: 40,
///    "lower_bound": 32.9, "proven": true,
///    "measures": {"load": 32.9, "latency": 182.6, "boards": 6},
///    "stages": [{"device": "fpga", "place": 0, "load": 17.8,        by ascending place
///                "nodes": [ids as in the problem's file]}],
///    "transfers": [{"link": "place 0 to 1", "amount": 3, "rate"?: 2, "latency": 1,     for each frame, over each link
///                   "from_stage": 0 | "from_transfer": 4, "to_stage"?: 1}],            (without a rate: no time)
///    "certificate": {
///      "below": 32.9,                   no plan is better than this; it follows from the rest alone:
///      "merges": [[a, b], ...],         node a stays with node b, one after the other (atoms.h says when that is harmless)
///      "weights": [{"left": ["fpga"], "multipliers": [1]}],     per set of kinds that are left (price.h, WorkBound)
///      "states": [{"nodes": "0f3", "seats": [[place, used of each kind..., value], ...]}]}}
///
/// A state is an ideal with the boards used for it: hexadecimal digit i holds nodes 4i .. 4i+3 of the problem's list,
/// the first in the lowest bit; `place` is that of the last stage (-1: none yet), used counts are 0 in a fixed order;
/// `value` is the least there is on the way (left out for the load, where it says nothing more). The list is closed:
/// from the empty ideal and from every state listed, every part whose step stays below `below` leads to a listed
/// state, or to one from which too much is left for the boards that are left. The full set is in none of them, so no
/// plan is below. The checker makes all those steps itself.
///
/// Rejected: the tree of a branch and bound (as large, and tied to the order in which it was searched); dual values of
/// an integer program (they do not close the gap).
namespace sluice::splits {

std::string planJson(const Problem& problem, const Plan& plan);

}  // namespace sluice::splits
