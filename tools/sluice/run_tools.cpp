#include "run_tools.h"

#include <algorithm>
#include <set>

#include "base/threads.h"
#include "flow/board_design.h"
#include "flow/place.h"
#include "flow/simulate.h"
#include "flow/tools.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "samples.h"
#include "weight_ports.h"

namespace sluice::tool {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Status checkTools(Until until) {
  if (until >= Until::simulate) {
    if (const Result<flow::Tool> tool = flow::findVerilator(); !tool.ok()) return tool.error();
    if (const Result<flow::Tool> tool = flow::findCxx(); !tool.ok()) return tool.error();
  }
  if (until == Until::synth)
    if (const Result<flow::Tool> tool = flow::findYosys(); !tool.ok()) return tool.error();
  return {};
}

Status checkBitstream(const BuildOptions& options, const Placement& placement) {
  if (options.until != Until::bitstream) return {};
  if (placement.boards.size() != 1)
    return Error{ErrorCode::usage, "--until bitstream builds for one board: name it with --board", {}};
  const device::Board& board = placement.boards[0];
  if (board.part.family != hdl::Family::ecp5)
    return unsupported("bitstreams are made for ECP5 parts, " + board.name + " has a " + board.part.name +
                       "; for others --until synth counts cells, and rtl/ goes to the vendor's tool");
  if (!board.serial)
    return unsupported("board " + board.name +
                       " has no \"serial\" entry in its file: the sites of a clock and a serial port");
  for (const auto& find : {flow::findYosys, flow::findNextpnrEcp5, flow::findEcppack})
    if (const Result<flow::Tool> tool = find(); !tool.ok()) return tool.error();
  return {};
}

flow::SynthesisTask synthesisTask(const std::string& name, const hdl::Module& module,
                                  const std::vector<emit::File>& files, hdl::Family family) {
  std::set<std::string> wanted;
  const auto visit = [&](auto&& self, const hdl::Module& m) -> void {
    if (!wanted.insert("rtl/" + m.name + ".v").second) return;
    for (const hdl::Instance& instance : m.instances) self(self, *instance.module);
  };
  visit(visit, module);
  flow::SynthesisTask task{.name = name, .top = module.name, .family = family};
  for (const emit::File& file : files)
    if (wanted.contains(file.name)) task.files.push_back(file);
  return task;
}

Result<flow::Frames> framesOf(const ir::Graph& graph, const map::Design& design,
                              const BuildOptions& options) {
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(graph));
  ir::CodeRows inputs;
  std::size_t count = options.frames;
  if (options.input) {
    SLUICE_TRY(Samples samples, readSamples(graph, {*options.input}));
    count = std::min<std::size_t>(samples.count, options.frames);
    for (std::vector<double>& input : samples.inputs) input.resize(input.size() / samples.count * count);
    SLUICE_TRY(inputs,
               ir::hardwareInputCodes(graph, engine.regions(), samples.inputs, count, options.inputCodes));
  } else {
    inputs = ir::randomCodes(graph, engine.regions(), count, options.seed);
  }
  SLUICE_TRY(const ir::CodeRows outputs, engine.run(inputs, count));
  // Ports of the design stand in the order of the hardware's inputs and outputs.
  flow::Frames frames{.count = count, .inputs = std::move(inputs), .outputs = outputs};
  flow::addStreamedWeights(design, frames);
  SLUICE_CHECK(frames.inputs.size() + frames.outputs.size() == design.ports.size(),
               "one port per hardware tensor, and per set of weights from outside");
  return frames;
}

Status simulate(const BuildOptions& options, const flow::Frames& frames, const Built& built,
                const jobs::Store* store, report::Report& report, Timings& timings) {
  SLUICE_TRY(const flow::SimulationModel model,
             flow::compileModel(built.files, flow::harnessPorts(built.design), store));
  timings.add("compile the simulation", model.seconds);
  for (const std::uint32_t stall : {0u, 30u}) {
    const dataflow::Pattern sources{.seed = options.seed, .stallPercent = stall};
    const dataflow::Pattern sinks{.seed = options.seed + 1, .stallPercent = stall};
    SLUICE_TRY(const flow::PredictedBeats predicted,
               flow::predict(built.design, frames.count, sources, sinks));
    const flow::SimulationRun run{.frames = frames.count,
                                  .sources = sources,
                                  .sinks = sinks,
                                  .cycleLimit = 2 * predicted.end + 1000,
                                  .powerUpSeed = options.seed};
    SLUICE_TRY(const std::vector<flow::PortBeats> seen,
               flow::runModel(model, run, flow::inputWords(built.design, frames)));
    report.verifications.push_back(
        {.engine = "Verilator",
         .sourceStall = stall,
         .sinkStall = stall,
         .stimulus = options.input ? options.input->filename().string() : "random codes",
         .agreement = flow::compare(built.design, frames, predicted, seen)});
  }
  return {};
}

Status synthesise(const Built& built, const std::optional<Built>& uncut, hdl::Family family, unsigned workers,
                  const jobs::Store* store, report::Report& report, Timings& timings) {
  std::vector<flow::SynthesisTask> tasks;
  for (std::uint32_t g = 0; g < built.rtl.subgraphs.size(); ++g) {
    const hdl::Module& subgraph = *built.rtl.subgraphs[g];
    const hdl::Family own = map::familyOf(built.design, map::SubgraphId(g), family);
    tasks.push_back(synthesisTask(subgraph.name, subgraph, built.files, own));
  }
  const auto start = std::chrono::steady_clock::now();
  SLUICE_TRY(const std::vector<flow::SynthesisReport> parts, flow::synthesise(tasks, workers, store));
  timings.add("synthesis of all subgraphs, in parallel", secondsSince(start));
  hdl::Cost total;
  for (std::size_t g = 0; g < parts.size(); ++g) {
    report.subgraphs[g].resources.synthesised = parts[g].cost;
    report.subgraphs[g].synthesisSeconds = parts[g].seconds;
    total += parts[g].cost;
    timings.add("synthesis of " + tasks[g].name, parts[g].seconds);
  }
  report.total.synthesised = total;
  if (!uncut) return {};
  SLUICE_TRY(
      const std::vector<flow::SynthesisReport> whole,
      flow::synthesise({synthesisTask("uncut", *uncut->rtl.subgraphs[0], uncut->files, family)}, 1, store));
  report.monolithic->resources.synthesised = whole[0].cost;
  timings.add("synthesis of the uncut design", whole[0].seconds);
  return {};
}

Status placeAndRoute(const BuildOptions& options, const Placement& placement, const Built& built,
                     const jobs::Store* store, report::Report& report, std::vector<emit::File>& files,
                     Timings& timings) {
  const device::Board& board = placement.boards[0];
  SLUICE_TRY(const flow::BoardDesign whole,
             flow::behindSerialPort(report.name, board, built.design, built.files));
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 1; seed <= options.placementSeeds; ++seed) seeds.push_back(seed);
  SLUICE_TRY(const std::vector<flow::Placed> placed,
             flow::placeAndRoute(whole.task, seeds, defaultThreads(), store));
  report.placement = {.part = board.part.name,
                      .tool = "Yosys, nextpnr-ecp5",
                      .boardMhz = static_cast<double>(board.serial->clockMhz)};
  for (std::size_t s = 0; s < placed.size(); ++s) {
    report.placement.seeds.push_back({placed[s].seed, placed[s].maxMhz});
    if (placed[s].maxMhz > placed[report.placement.best].maxMhz) report.placement.best = s;
    timings.add("placement with seed " + std::to_string(placed[s].seed), placed[s].processorSeconds);
  }
  const flow::Placed& best = placed[report.placement.best];
  report.placement.criticalPath = flow::pathText(best.criticalPath);
  files.insert(files.end(), whole.shell.files.begin(), whole.shell.files.end());
  files.push_back({"board/" + board.name + ".bit", best.bitstream});
  return {};
}

}  // namespace sluice::tool
