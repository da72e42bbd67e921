#pragma once

#include <string>

#include "dataflow/network.h"
#include "dataflow/profile.h"
#include "dataflow/simulate.h"

/// What a run of a network looked like, for other programs: a value change dump of its FIFOs, and its profile as JSON.
namespace sluice::dataflow {

/// A run as a value change dump that GTKWave opens. Per channel, by name: the places filled, pushed and not yet popped (a beat
/// popped in cycle t still counts in t). One time unit is one cycle, from the end of reset. Per sink a wire that is 1 in
/// the cycle of a frame's last beat.
///
/// Shapes   `trace` is of this network, with all channels (Stimulus::keepTrace, not portsOnly)
/// Source   IEEE 1364-2005 section 18
std::string vcd(const Network& network, const std::string& name, const Trace& trace);

/// One period of the steady state, as JSON with the keys
///   start, cycles, frames, steady   of the window (profile.h)
///   fifos        [{"name", "depth", "peak", "mean", "occupancy": [[cycle, places], ...]}, ...] as in the network
///   processes    [{"name", "kind": "kernel" | "link" | "source" | "sink", "issues", "utilisation",
///                  "waits": [{"fifo", "reason": "empty" | "full", "for", "cycles"}, ...]}, ...]; waits of 0 cycles are left
///                  out, the longest come first; `for` is who stands at the FIFO's other end.
std::string profileJson(const Network& network, const Profile& profile);

}  // namespace sluice::dataflow
