#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fixed/interval.h"
#include "kernel/unrolled/adder_graph.h"

/// The linear form of a node: what it is of the inputs, in exact integers.
namespace sluice::kernel {

__extension__ using Wide = __int128;

/// (input, coefficient), ascending inputs, no coefficient 0.
using LinearForm = std::vector<std::pair<std::uint32_t, Wide>>;

/// a * factorA + b * factorB.
LinearForm combine(const LinearForm& a, Wide factorA, const LinearForm& b, Wide factorB);

/// sign * 2^shift.
Wide powerFactor(std::int32_t sign, std::uint32_t shift);

/// The form of every node of the graph.
std::vector<LinearForm> linearForms(const AdderGraph& graph);

/// All values of the form over a box of inputs; both ends are reached, for each input picks its own end.
fixed::Interval rangeOf(const LinearForm& form, const std::vector<fixed::Interval>& inputs);

}  // namespace sluice::kernel
