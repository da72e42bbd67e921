#include "run_hardware.h"

#include "emit/stitch.h"
#include "flow/evaluate.h"
#include "flow/simulate.h"
#include "flow/verify.h"
#include "jobs/store.h"
#include "map/map.h"

namespace sluice::tool {

Result<ir::CodeRows> runHardware(Engine engine, const ir::Graph& lowered, const ir::CodeRows& codes,
                                 std::size_t samples) {
  const map::MapOptions options;
  SLUICE_TRY(map::Design design, map::mapGraph(lowered, options));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, options.family));
  SLUICE_TRY(const emit::Rtl rtl, emit::stitch(design, options.family));

  const flow::Frames frames{.count = samples, .inputs = codes, .outputs = {}};
  SLUICE_TRY(const flow::PredictedBeats predicted, flow::predict(design, samples));
  flow::SimulationRun run;
  run.frames = samples;
  run.cycleLimit = 2 * predicted.end + 1000;
  const std::vector<emit::HarnessPort> ports = flow::harnessPorts(design);
  const std::vector<std::vector<std::uint64_t>> words = flow::inputWords(design, frames);

  std::vector<flow::PortBeats> seen;
  if (engine == Engine::verilator) {
    SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
    SLUICE_TRY(const flow::SimulationModel model, flow::compileModel(emit::verilogFiles(rtl), ports, &store));
    SLUICE_TRY(seen, flow::runModel(model, run, words));
  } else {
    SLUICE_TRY(seen, flow::evaluateModule(*rtl.top, ports, run, words));
  }
  return flow::outputCodes(design, seen);
}

}  // namespace sluice::tool
