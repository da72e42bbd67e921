#include "flow/axi.h"

#include "base/check.h"
#include "emit/axi_harness.h"
#include "emit/beats.h"

namespace sluice::flow {

Result<SimulationModel> compileAxi(const std::vector<emit::File>& files, const emit::AxiShell& shell,
                                   const emit::AxiSkin& skin, const jobs::Store* store) {
  std::vector<emit::HarnessPort> ports;
  for (const emit::AxiStream& stream : skin.streams)
    ports.push_back({stream.name, stream.isInput, 8 * stream.bytes(), stream.beatsPerFrame});
  ports.push_back({"registers", false, 32, skin.registers.size()});
  std::vector<emit::File> all = files;
  all.insert(all.end(), shell.files.begin(), shell.files.end());
  return compileModel(all, ports, emit::axiHarness(skin), {.module = "axi_top", .list = "axi/axi.f"}, store);
}

Result<AxiOutcome> runAxi(const SimulationModel& model, const map::Design& design, const emit::AxiSkin& skin,
                          const Frames& frames, const AxiRun& run) {
  SLUICE_TRY(PredictedBeats predicted, predict(design, frames.count, run.sources, run.sinks));
  std::vector<std::vector<std::uint64_t>> inputs;
  for (const emit::AxiStream& stream : skin.streams)
    if (stream.isInput) inputs.push_back(emit::packBeats(frames.inputs[inputs.size()], stream.padded()));
  SLUICE_TRY(std::vector<PortBeats> seen,
             runModel(model,
                      {.frames = frames.count,
                       .sources = run.sources,
                       .sinks = run.sinks,
                       .cycleLimit = 8 * predicted.end + 20'000,
                       .powerUpSeed = run.seed,
                       .more = {std::to_string(run.framesPerPacket), run.hold ? "1" : "0"}},
                      inputs));
  SLUICE_CHECK(seen.size() == skin.streams.size() + 1, "the streams and the registers");
  AxiOutcome outcome;
  for (std::size_t r = 0; r < seen.back().cycles.size(); ++r)
    for (const emit::AxiRegister& entry : skin.registers)
      if (entry.offset == seen.back().cycles[r])
        outcome.registers[entry.name] = static_cast<std::uint32_t>(seen.back().words[r]);
  seen.pop_back();
  for (std::size_t s = 0; s < seen.size(); ++s) {
    const emit::AxiStream& stream = skin.streams[s];
    if (run.hold) predicted.cycles[s] = seen[s].cycles;
    if (stream.isInput) continue;
    const std::vector<std::int64_t> codes = emit::unpackBeats(seen[s].words, stream.padded());
    for (const std::int64_t code : codes)
      if (!stream.beat.format.range().contains(code))
        return ioError("an element of " + stream.prefix() +
                       " is not extended by its sign: " + std::to_string(code));
    seen[s].words = emit::packBeats(codes, stream.beat);
  }
  outcome.agreement = compare(design, frames, predicted, seen);
  return outcome;
}

}  // namespace sluice::flow
