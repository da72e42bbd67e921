#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/simulate.h"
#include "map/design.h"

/// Verification of a design against the two things it must equal: the integer engine's codes, and the dataflow
/// simulator's cycles.
namespace sluice::flow {

/// Ports of the emitted `top`, inputs first, as the harness takes them.
std::vector<emit::HarnessPort> harnessPorts(const map::Design& design);

/// Codes of the design's ports for a number of frames: per port in order, all frames one after the other.
struct Frames {
  std::uint64_t count = 0;
  std::vector<std::vector<std::int64_t>> inputs, outputs;
};

/// Adds what the ports of weights are fed, the same in every frame, behind the data (map::DesignPort::weights).
void addStreamedWeights(const map::Design& design, Frames& frames);

/// Cycles of the beats at the design's ports as the simulator has them: cycle 0 is the first after reset.
struct PredictedBeats {
  std::vector<std::vector<std::uint64_t>> cycles;  ///< per port in order
  std::uint64_t end = 0;
};
/// Errors  infeasible: the design deadlocks, with the circle of waits.
Result<PredictedBeats> predict(const map::Design& design, std::uint64_t frames,
                               dataflow::Pattern sources = {}, dataflow::Pattern sinks = {});

struct Agreement {
  std::uint64_t frames = 0;
  std::uint64_t outputBeats = 0;
  std::uint64_t wrongValues = 0;  ///< output elements that differ from the integer engine's
  std::uint64_t wrongCycles = 0;  ///< beats, of inputs and outputs, in another cycle than predicted
  std::string firstDifference;    ///< empty if there is none
  [[nodiscard]] bool equal() const { return wrongValues == 0 && wrongCycles == 0; }
};

/// What was seen against what must be.
Agreement compare(const map::Design& design, const Frames& frames, const PredictedBeats& predicted,
                  const std::vector<PortBeats>& seen);

/// The words of every input port, as compileModel's and evaluateModule's runs take them.
std::vector<std::vector<std::uint64_t>> inputWords(const map::Design& design, const Frames& frames);

/// The codes of every output port in what was seen.
std::vector<std::vector<std::int64_t>> outputCodes(const map::Design& design,
                                                   const std::vector<PortBeats>& seen);

}  // namespace sluice::flow
