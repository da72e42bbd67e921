#pragma once

#include <vector>

#include "hdl/module.h"

namespace sluice::hdl {

/// A register or the output of a synchronous memory: what changes only at the clock.
bool isState(const Module& module, const Node& node);

/// The signals that some output or instance needs, each after everything it depends on within a cycle. States
/// and instance outputs depend on nothing within a cycle here. The order depends on the module alone.
std::vector<Signal> liveOrder(const Module& module);

/// Per node: a state whose next value depends on itself through signals of this module (not through memories
/// or instances). Cutting the graph there leaves no cycle. With `throughMemories` also words of synchronous
/// memories that depend on themselves through what is written (a delay line whose output goes in again).
std::vector<bool> statesInLoops(const Module& module, bool throughMemories = false);

/// Only wires, no gates: printed in its reader where it is read once.
bool isWiring(Op op);

/// Sums that are read, through nothing but wires, by another sum. Synthesis would merge these into one carry-save adder of
/// another shape and cost than the tree that is counted (docs/rationale/hdl.md), so they are printed as kept wires: all of
/// their bits are built, read or not. `order`: liveOrder
std::vector<bool> sumsReadBySums(const Module& module, const std::vector<Signal>& order);

}  // namespace sluice::hdl
