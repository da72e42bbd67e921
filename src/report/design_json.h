#pragma once

#include <string>

#include "base/result.h"
#include "ir/graph.h"
#include "map/design.h"

namespace sluice::report {

/// design.json: everything another program needs to drive the emitted `top`, and to know when its beats come.
///
///   ports      list of {name, direction: "in"|"out", tensor, bits_per_element, signed, elements_per_beat,
///              beats_per_frame, scale, zero_point}. Element e of a beat is bits [e*b +: b]; beats in row-major order,
///              channels last. `scale` (one, or one per channel): real value = scale * (code - zero_point). Ports of
///              weights that live outside also have `weights`: the file with what every frame brings ([beats, elements],
///              in the order of the beats), and `bits_per_frame`
///   ii         cycles between frames in the steady state; `ii_frames`: frames in one period where the rate is not a
///              whole number of cycles (ii is then rounded up)
///   latency    cycles from the first accepted beat of a frame to its last output beat
///   predicted  {output name: [cycles]}: every beat of the first 4 frames, input always there and output always taken,
///              counted from the first accepted input beat as cycle 0
///   fifos      {bits, lower_bound}: places times bits of a beat over all streams, and what is proven to be needed
///   streams    list of {name, tensor, from, to, subgraph, bits, elements, depth, kind, occupancy (peak places taken)}
///   kernels    list of {name, family, nodes, subgraph, loops, interval, depth, multipliers, multiplications}
///   subgraphs  list of {module, nodes}
///   cuts       list of {tensor, from, to}
/// Numbers are integers unless said. Same design, same bytes.
///
/// Errors  infeasible: the design deadlocks.
Result<std::string> designJson(const map::Design& design, const ir::Graph& graph);

}  // namespace sluice::report
