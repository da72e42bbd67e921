#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "dataflow/process/size.h"

/// Certificates: what `sluice fifo size` writes and `sluice fifo check` (dataflow/check) verifies.
///
/// Purpose      whoever has the network's file can verify that the depths meet the target and that nothing cheaper
///              does, without trusting the solver.
/// Constraints  every number in it is determined by the network's facts, the target and the cost, or by the others: a
///              changed number makes the file wrong. No times of day, seconds or counters of effort.
///
///   format        "dataflow-sizing/1"
///   network       the network's name
///   cost_kind     "beats", "bits", "bram18", "luts"
///   target        "base": the cycles at the given depths; else "asked:N"
///   target_cycles
///   cycles        with `depths`, by the exact rules; not above the target
///   total_beats   depths summed over FIFOs
///   cost          of `depths`
///   lower_bound   the cheapest cost that the conflicts leave
///   proven        cost == lower_bound
///   depths        {group: depth}
///   stalls        potentials: {process: {"start": s, "finish": f, "stalls": [[clock, cycles, count, every], ...]}}. The
///                 process starts in cycle s and stands still for `cycles` before the accesses of local times clock,
///                 clock + every, ... (count of them). That gives every event's time, the least solution of the rules.
///                 Runs are as long as they can be, taken from the left. null if there are more than 20,000 runs: the
///                 checker then has the cycles alone, and simulates for them.
///   rows          [[group, ...], ...], rising: rows of FIFOs, joined by stages that can be eliminated (chain.h), of which
///                 conflicts speak.
///   conflicts     [{"depths": {group: [lo, hi], ...}, "sums": [[row, hi], ...]}, ...], rising: nothing within all of
///                 these ranges meets the target; a row is counted from 0, and its hi bounds the sum of its depths. Every
///                 range is as large as it can be: with any hi one larger, or any lo on the next lower step (2, or one
///                 above a shift register), the conflict would be false.
///
/// Rejected: critical walks as proofs of conflicts. They are as long as the run (10^6 events); the checker's own
/// simulation of the box's fastest corner is shorter to write and to trust.
namespace sluice::dataflow::process {

/// Errors: those of compile().
Result<std::string> certificateJson(const Network& network, CostKind kind, const Sizing& sizing);

/// A front: {"format": "dataflow-pareto/1", "network", "cost_kind", "complete", "points": [certificates]}, fast and dear
/// first.
Result<std::string> frontJson(const Network& network, CostKind kind, const Front& front);

}  // namespace sluice::dataflow::process
