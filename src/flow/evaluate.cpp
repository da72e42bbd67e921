#include "flow/evaluate.h"

#include <span>

#include "base/text.h"
#include "hdl/evaluate.h"

namespace sluice::flow {
namespace {

/// Indices of a port's wires in the evaluator.
struct Wires {
  std::uint32_t data = 0, valid = 0, ready = 0;
  std::uint64_t stream = 0;  ///< number of the pattern's stream
  std::uint64_t beats = 0;   ///< in all frames
  std::uint32_t words = 1;
};

}  // namespace

Result<std::vector<PortBeats>> evaluateModule(const hdl::Module& top,
                                              const std::vector<emit::HarnessPort>& ports,
                                              const SimulationRun& run,
                                              const std::vector<std::vector<std::uint64_t>>& inputs) {
  SLUICE_TRY(hdl::Evaluator evaluator, hdl::Evaluator::make(top, 1));
  std::vector<Wires> wires;
  std::vector<PortBeats> result(ports.size());
  std::uint64_t sources = 0, sinks = 0;
  for (const emit::HarnessPort& port : ports) {
    Wires w{.beats = run.frames * port.beatsPerFrame, .words = (port.width + 63) / 64};
    w.stream = port.isInput ? sources++ : sinks++;
    w.data =
        port.isInput ? evaluator.inputIndex(port.name + "_data") : evaluator.outputIndex(port.name + "_data");
    w.valid = port.isInput ? evaluator.inputIndex(port.name + "_valid")
                           : evaluator.outputIndex(port.name + "_valid");
    w.ready = port.isInput ? evaluator.outputIndex(port.name + "_ready")
                           : evaluator.inputIndex(port.name + "_ready");
    wires.push_back(w);
  }
  evaluator.reset();
  std::vector<std::uint64_t> beat;
  for (std::uint64_t cycle = 0; cycle < run.cycleLimit; ++cycle) {
    bool done = true;
    for (std::size_t p = 0; p < ports.size(); ++p) done = done && result[p].cycles.size() == wires[p].beats;
    if (done) return result;
    std::size_t input = 0;
    std::vector<bool> willing(ports.size());
    for (std::size_t p = 0; p < ports.size(); ++p) {
      const bool more = result[p].cycles.size() < wires[p].beats;
      willing[p] = more && (ports[p].isInput ? run.sources : run.sinks).open(wires[p].stream, cycle);
      evaluator.set(ports[p].isInput ? wires[p].valid : wires[p].ready, 0, willing[p] ? 1 : 0);
      if (!ports[p].isInput) continue;
      if (willing[p])
        evaluator.setWords(
            wires[p].data, 0,
            std::span(inputs[input]).subspan(result[p].cycles.size() * wires[p].words, wires[p].words));
      ++input;
    }
    evaluator.settle();
    for (std::size_t p = 0; p < ports.size(); ++p) {
      if (!willing[p] || evaluator.get(ports[p].isInput ? wires[p].ready : wires[p].valid, 0) == 0) continue;
      result[p].cycles.push_back(cycle);
      if (ports[p].isInput) continue;
      beat.assign(wires[p].words, 0);
      evaluator.getWords(wires[p].data, 0, beat);
      result[p].words.insert(result[p].words.end(), beat.begin(), beat.end());
    }
    evaluator.step();
  }
  return Error{ErrorCode::gaveUp,
               "the design did not deliver all beats of " + std::to_string(run.frames) + " frames in " +
                   formatCount(static_cast<std::int64_t>(run.cycleLimit)) + " cycles",
               "evaluation"};
}

}  // namespace sluice::flow
