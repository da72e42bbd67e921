#pragma once

#include <string>

#include "dataflow/network.h"
#include "dataflow/profile.h"
#include "dataflow/simulate.h"
#include "dataflow/waveform.h"

/// What a run of a network looked like, for other programs: its FIFOs over time, and its profile as JSON.
namespace sluice::dataflow {

/// A run as a waveform: per channel, by name, the places filled, pushed and not yet popped (a beat popped in cycle t still
/// counts in t), from the end of reset. Per sink a wire that is 1 in the cycle of a frame's last beat. vcdText
/// (waveform.h) and fstBytes (fst.h) write it.
///
/// Shapes   `trace` is of this network, with all channels (Stimulus::keepTrace, not portsOnly)
Waveform waveform(const Network& network, const std::string& name, const Trace& trace);

/// One period of the steady state, as JSON with the keys
///   start, cycles, frames, steady   of the window (profile.h)
///   fifos        [{"name", "depth", "peak", "mean", "occupancy": [[cycle, places], ...]}, ...] as in the network
///   processes    [{"name", "kind": "kernel" | "link" | "source" | "sink", "issues", "utilisation",
///                  "waits": [{"fifo", "reason": "empty" | "full", "for", "cycles"}, ...]}, ...]; waits of 0 cycles are left
///                  out, the longest come first; `for` is who stands at the FIFO's other end.
std::string profileJson(const Network& network, const Profile& profile);

}  // namespace sluice::dataflow
