#include "flow/verify.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "emit/beats.h"

namespace sluice::flow {
namespace {

const map::Stream& streamOf(const map::Design& design, const map::DesignPort& port) {
  return design.streams[port.stream.index];
}

}  // namespace

std::vector<emit::HarnessPort> harnessPorts(const map::Design& design) {
  std::vector<emit::HarnessPort> ports;
  for (const map::DesignPort& port : design.ports)
    ports.push_back({.name = port.name,
                     .isInput = port.isInput,
                     .width = streamOf(design, port).beat.width(),
                     .beatsPerFrame = streamOf(design, port).beatsPerFrame});
  return ports;
}

void addStreamedWeights(const map::Design& design, Frames& frames) {
  for (const map::DesignPort& port : design.ports) {
    if (port.weights.empty()) continue;
    std::vector<std::int64_t>& all = frames.inputs.emplace_back();
    all.reserve(port.weights.size() * frames.count);
    for (std::uint64_t frame = 0; frame < frames.count; ++frame)
      all.insert(all.end(), port.weights.begin(), port.weights.end());
  }
}

Result<PredictedBeats> predict(const map::Design& design, std::uint64_t frames, dataflow::Pattern sources,
                               dataflow::Pattern sinks) {
  SLUICE_TRY(const dataflow::Outcome outcome,
             dataflow::simulate(map::network(design),
                                {.frames = frames, .sources = sources, .sinks = sinks, .portsOnly = true}));
  if (outcome.deadlock)
    return infeasible("the design stops for ever in cycle " + std::to_string(outcome.deadlock->cycle) + ": " +
                      join(outcome.deadlock->waits, "; "));
  PredictedBeats result{.end = outcome.trace.end};
  for (const map::DesignPort& port : design.ports)
    result.cycles.push_back(port.isInput ? outcome.trace.pushes[port.stream.index]
                                         : outcome.trace.pops[port.stream.index]);
  return result;
}

Agreement compare(const map::Design& design, const Frames& frames, const PredictedBeats& predicted,
                  const std::vector<PortBeats>& seen) {
  SLUICE_CHECK(seen.size() == design.ports.size(), "one list of beats per port");
  Agreement agreement{.frames = frames.count};
  const auto note = [&](std::string text) {
    if (agreement.firstDifference.empty()) agreement.firstDifference = std::move(text);
  };
  std::size_t output = 0;
  for (std::size_t p = 0; p < design.ports.size(); ++p) {
    const map::DesignPort& port = design.ports[p];
    const std::vector<std::uint64_t>& want = predicted.cycles[p];
    for (std::size_t beat = 0; beat < std::max(want.size(), seen[p].cycles.size()); ++beat) {
      const bool both = beat < want.size() && beat < seen[p].cycles.size();
      if (both && want[beat] == seen[p].cycles[beat]) continue;
      ++agreement.wrongCycles;
      const auto text = [&](const std::vector<std::uint64_t>& cycles) {
        return beat < cycles.size() ? "in cycle " + std::to_string(cycles[beat]) : std::string("never");
      };
      note("beat " + std::to_string(beat) + " of '" + port.name + "' came " + text(seen[p].cycles) +
           ", predicted " + text(want));
    }
    if (port.isInput) continue;
    agreement.outputBeats += seen[p].cycles.size();
    const std::vector<std::int64_t> codes = emit::unpackBeats(seen[p].words, streamOf(design, port).beat);
    const std::vector<std::int64_t>& golden = frames.outputs[output++];
    for (std::size_t i = 0; i < std::max(codes.size(), golden.size()); ++i) {
      if (i < codes.size() && i < golden.size() && codes[i] == golden[i]) continue;
      ++agreement.wrongValues;
      const auto text = [&](const std::vector<std::int64_t>& list) {
        return i < list.size() ? std::to_string(list[i]) : std::string("nothing");
      };
      note("element " + std::to_string(i) + " of '" + port.name + "' is " + text(codes) +
           ", the integer engine says " + text(golden));
    }
  }
  return agreement;
}

std::vector<std::vector<std::uint64_t>> inputWords(const map::Design& design, const Frames& frames) {
  std::vector<std::vector<std::uint64_t>> words;
  for (const map::DesignPort& port : design.ports)
    if (port.isInput)
      words.push_back(emit::packBeats(frames.inputs[words.size()], streamOf(design, port).beat));
  return words;
}

std::vector<std::vector<std::int64_t>> outputCodes(const map::Design& design,
                                                   const std::vector<PortBeats>& seen) {
  std::vector<std::vector<std::int64_t>> codes;
  for (std::size_t p = 0; p < design.ports.size(); ++p)
    if (!design.ports[p].isInput)
      codes.push_back(emit::unpackBeats(seen[p].words, streamOf(design, design.ports[p]).beat));
  return codes;
}

}  // namespace sluice::flow
