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

}  // namespace sluice::hdl
