#include "build.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "axi_skin.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/text.h"
#include "base/threads.h"
#include "dataflow/fst.h"
#include "dataflow/simulate.h"
#include "dataflow/waves.h"
#include "device/board.h"
#include "emit/serial_shell.h"
#include "emit/stitch.h"
#include "flow/place.h"
#include "flow/simulate.h"
#include "flow/synthesise.h"
#include "flow/tools.h"
#include "flow/verify.h"
#include "frontend/model.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "jobs/store.h"
#include "link_timing.h"
#include "map/dsp_pairs.h"
#include "map/map.h"
#include "passes/pipeline.h"
#include "read_model.h"
#include "report/design_json.h"
#include "report/report.h"
#include "samples.h"
#include "split_build.h"
#include "weight_ports.h"

namespace sluice::tool {
namespace {

namespace fs = std::filesystem;

/// Names of stages with what they took, in order; goes to timings.json and nowhere else.
class Timings {
 public:
  void lap(const std::string& stage) {
    const auto now = std::chrono::steady_clock::now();
    add(stage, std::chrono::duration<double>(now - last_).count());
    last_ = now;
  }
  void add(const std::string& name, double seconds) { json_[name] = seconds; }
  [[nodiscard]] std::string text() const { return json_.dump(1) + "\n"; }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

struct Placement {
  std::vector<device::Board> boards;  ///< one per copy
  hdl::Family family = hdl::Family::xc7;
  bool planned = false;  ///< several boards and no cuts named: a plan says what stands where
};

Result<Placement> placementOf(const BuildOptions& options) {
  Placement placement;
  for (const std::string& text : options.boards) {
    SLUICE_TRY(const device::BoardSpec spec, device::parseBoardSpec(text));
    placement.boards.insert(placement.boards.end(), spec.count, spec.board);
  }
  if (options.family)
    placement.family = *options.family;
  else if (!placement.boards.empty())
    placement.family = placement.boards[0].part.family;
  placement.planned = placement.boards.size() > 1 && options.splitBefore.empty();
  for (const device::Board& board : placement.boards)
    if (board.part.family != placement.family && (!placement.planned || options.family))
      return unsupported("board " + board.name + " is of family " + hdl::familyName(board.part.family) +
                         ", this build is for " + hdl::familyName(placement.family) +
                         "; boards of several families take a plan: no --family and no --split-before");
  return placement;
}

/// The command that builds it again; files by name alone, so that it reads the same wherever it ran.
std::string commandLine(const BuildOptions& options, const Placement& placement) {
  std::string text = "sluice build " + options.model.filename().string() + " -o .";
  for (const std::string& board : options.boards) text += " --board " + fs::path(board).filename().string();
  if (options.boards.empty()) text += std::string(" --family ") + hdl::familyName(placement.family);
  if (options.regime != map::Regime::automatic)
    text += options.regime == map::Regime::unrolled ? " --regime unrolled" : " --regime streamed";
  if (options.reuseFactor) text += " --reuse-factor " + std::to_string(*options.reuseFactor);
  if (options.nodeOptions) text += " --node-options " + options.nodeOptions->filename().string();
  if (options.targetInterval) text += " --target-ii " + std::to_string(*options.targetInterval);
  if (placement.planned) {
    text += " --topology " + options.topology + " --link " + fs::path(options.link).filename().string() +
            " --objective " + options.objective;
    if (options.splitInside != BuildOptions().splitInside) text += " --split-inside " + options.splitInside;
    if (options.fixedOrder) text += " --fixed-order";
    for (const std::string& part : options.freeze) text += " --freeze " + part;
  }
  if (!options.splitBefore.empty()) text += " --split-before " + join(options.splitBefore, ",");
  if (options.linkLatency > 0) text += " --link-latency " + std::to_string(options.linkLatency);
  if (options.topK) text += " --top-k " + std::to_string(*options.topK);
  if (options.input)
    text += " --input " + options.input->filename().string() + (options.inputCodes ? " --input-codes" : "");
  if (options.until == Until::bitstream && options.placementSeeds != BuildOptions().placementSeeds)
    text += " --placement-seeds " + std::to_string(options.placementSeeds);
  if (options.skin == Skin::axi) text += " --skin axi";
  for (const auto& [name, stage] : stagesByName())
    if (stage == options.until) text += " --until " + name;
  return text;
}

/// Frames in waves.vcd, back to back: the first fills the pipeline, the last is as all after it.
constexpr std::uint64_t kWaveFrames = 4;

/// A design with everything that is known of it before any tool runs.
struct Built {
  map::Design design;
  emit::Rtl rtl;
  std::vector<emit::File> files;
  dataflow::Performance performance;
  map::LinkedSizing linked;
  map::NodeOptionsMap nodes;           ///< settings of nodes it was mapped with
  std::optional<map::DspPairs> pairs;  ///< where DSP blocks were what single products lacked
  bool isPaired = false;               ///< and they are as `pairs` says; else that would not make it fit
};

Result<Built> finishDesign(map::Design design, const map::MapOptions& options,
                           std::vector<map::LinkTiming> links = {}) {
  Built built{.design = std::move(design)};
  if (links.empty()) links = map::linksOf(built.design);
  SLUICE_TRY(built.linked, map::sizeLinkedStreams(built.design, options.family, links));
  // Sized with the links' latency and rate; in what follows wires stand where the links will be.
  for (map::Cut& cut : built.design.cuts) cut.latency = 0;
  SLUICE_TRY(built.performance, dataflow::measure(map::network(built.design)));
  SLUICE_TRY(built.rtl, emit::stitch(built.design, options.family));
  return built;
}

/// `linkLatency`: cycles on the way over every cut.
Result<Built> buildDesign(const ir::Graph& graph, const map::MapOptions& options,
                          std::uint32_t linkLatency = 0) {
  SLUICE_TRY(map::Design design, map::mapGraph(graph, options));
  for (map::Cut& cut : design.cuts) cut.latency = linkLatency;
  SLUICE_TRY(Built built, finishDesign(std::move(design), options));
  built.nodes = options.nodes;
  return built;
}

/// What each subgraph takes may not exceed, or, as one budget, what all take.
using Limits = std::vector<device::Budget>;

/// In the order of `limits`.
std::vector<hdl::Cost> costsFor(const Built& built, hdl::Family family, const Limits& limits) {
  if (limits.size() == 1) return {hdl::cost(*built.rtl.top, family)};
  std::vector<hdl::Cost> costs;
  for (const auto& subgraph : built.rtl.subgraphs) costs.push_back(hdl::cost(*subgraph, family));
  return costs;
}

bool fits(const Built& built, hdl::Family family, const Limits& limits) {
  const std::vector<hdl::Cost> costs = costsFor(built, family, limits);
  for (std::size_t k = 0; k < limits.size(); ++k)
    if (!device::fits(costs[k], limits[k])) return false;
  return true;
}

/// The design asked for; if DSP blocks are all that it lacks, with two products in a block where that saves most.
Result<Built> buildWithin(const ir::Graph& graph, map::MapOptions options, std::uint32_t linkLatency,
                          const Limits& limits) {
  SLUICE_TRY(Built built, buildDesign(graph, options, linkLatency));
  if (built.design.regime == map::Regime::unrolled ||
      (limits.size() != 1 && limits.size() != built.design.subgraphs.size()))
    return built;
  const std::vector<hdl::Cost> costs = costsFor(built, options.family, limits);
  std::vector<std::uint64_t> blocks;
  bool lacking = false;
  for (std::size_t k = 0; k < limits.size(); ++k) {
    blocks.push_back(limits[k].dsp);
    lacking = lacking || costs[k].dsp > limits[k].dsp;
  }
  if (!lacking) return built;
  SLUICE_TRY(built.pairs, map::pairWhereDspsLack(graph, options, built.design, blocks));
  if (!built.pairs->enough) return built;
  options.regime = map::Regime::streamed;
  options.nodes = built.pairs->nodes;
  SLUICE_TRY(Built paired, buildDesign(graph, options, linkLatency));
  if (!fits(paired, options.family, limits)) return built;
  paired.pairs = std::move(built.pairs);
  paired.isPaired = true;
  return paired;
}

/// Seven tenths of what the boards hold together: beyond that, placing and routing becomes a gamble.
device::Budget comfortable(const std::vector<device::Board>& boards) {
  device::Budget budget;
  const auto share = [](std::uint64_t all) { return all * 7 / 10; };
  for (const device::Board& board : boards) {
    const device::Budget& own = board.part.budget;
    budget.lut += share(own.lut);
    budget.lutMemory += share(own.lutMemory);
    budget.ff += share(own.ff);
    budget.carry += share(own.carry);
    budget.dsp += share(own.dsp);
    budget.bram18 += share(own.bram18);
  }
  return budget;
}

/// The design asked for. Where a board is named and neither a factor nor an interval nor the unrolled regime, the fastest
/// that fits comfortably: unrolled if that fits, else the smallest power of two as reuse factor.
Result<Built> chooseDesign(const ir::Graph& graph, map::MapOptions options, const Placement& placement,
                           std::uint32_t linkLatency) {
  if (placement.boards.empty()) return buildDesign(graph, options, linkLatency);
  if (options.reuseFactor || options.targetInterval || options.regime == map::Regime::unrolled) {
    Limits limits;
    for (const device::Board& board : placement.boards) limits.push_back(board.part.budget);
    return buildWithin(graph, options, linkLatency, limits);
  }
  const Limits limits{comfortable(placement.boards)};
  if (options.regime == map::Regime::automatic) {
    SLUICE_TRY(Built built, buildDesign(graph, options, linkLatency));
    if (built.design.regime == map::Regime::unrolled && fits(built, options.family, limits)) return built;
  }
  options.regime = map::Regime::streamed;
  options.reuseFactor = 4096;
  SLUICE_TRY(Built best, buildWithin(graph, options, linkLatency, limits));
  while (fits(best, options.family, limits) && *options.reuseFactor > 1) {
    options.reuseFactor = *options.reuseFactor / 2;
    SLUICE_TRY(Built faster, buildWithin(graph, options, linkLatency, limits));
    if (!fits(faster, options.family, limits)) break;
    best = std::move(faster);
  }
  return best;
}

/// Verilog of one module and everything under it.
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

/// Frames for the hardware's inputs, with what the integer engine says of them.
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

/// Runs the emitted Verilog, without stalls and with them, and notes what it shows.
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

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Every subgraph alone, several at once; then the uncut design, for comparison.
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

/// The whole design behind the board's serial port, placed and routed; adds the board's files and the bitstream.
Status placeAndRoute(const BuildOptions& options, const Placement& placement, const Built& built,
                     const jobs::Store* store, report::Report& report, std::vector<emit::File>& files,
                     Timings& timings) {
  const device::Board& board = placement.boards[0];
  const device::SerialPort& serial = *board.serial;
  SLUICE_TRY(const emit::SerialShell shell,
             emit::serialShell(flow::harnessPorts(built.design),
                               {.clock = serial.clock,
                                .receive = serial.receive,
                                .transmit = serial.transmit,
                                .led = serial.led,
                                .clockMhz = static_cast<double>(serial.clockMhz)}));
  flow::PlaceTask task{.name = report.name,
                       .files = built.files,
                       .top = "shell",
                       .constraints = "board/shell.lpf",
                       .part = board.part.name,
                       .targetMhz = static_cast<double>(board.targetMhz)};
  task.files.insert(task.files.end(), shell.files.begin(), shell.files.end());
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 1; seed <= options.placementSeeds; ++seed) seeds.push_back(seed);
  SLUICE_TRY(const std::vector<flow::Placed> placed,
             flow::placeAndRoute(task, seeds, defaultThreads(), store));
  report.placement = {.part = board.part.name,
                      .tool = "Yosys, nextpnr-ecp5",
                      .boardMhz = static_cast<double>(serial.clockMhz)};
  for (std::size_t s = 0; s < placed.size(); ++s) {
    report.placement.seeds.push_back({placed[s].seed, placed[s].maxMhz});
    if (placed[s].maxMhz > placed[report.placement.best].maxMhz) report.placement.best = s;
    timings.add("placement with seed " + std::to_string(placed[s].seed), placed[s].processorSeconds);
  }
  const flow::Placed& best = placed[report.placement.best];
  report.placement.criticalPath = flow::pathText(best.criticalPath);
  files.insert(files.end(), shell.files.begin(), shell.files.end());
  files.push_back({"board/" + board.name + ".bit", best.bitstream});
  return {};
}

/// What a bitstream needs, said before any work.
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

/// Which subgraph stands on which board: all on one, or one on each.
Status placeOnBoards(const Placement& placement, report::Report& report) {
  const std::size_t boards = placement.boards.size(), subgraphs = report.subgraphs.size();
  if (boards == 0) return {};
  for (std::size_t b = 0; b < boards; ++b) {
    const device::Board& board = placement.boards[b];
    report::BoardRow row{.name = board.name, .part = board.part.name, .kind = report::Kind::synthesised};
    hdl::Cost used;
    for (std::size_t g = 0; g < subgraphs; ++g) {
      if (boards != 1 && g != b) continue;
      report::SubgraphRow& subgraph = report.subgraphs[g];
      subgraph.board = board.name;
      row.subgraphs.push_back(subgraph.name);
      if (!subgraph.resources.synthesised) row.kind = report::Kind::estimated;
      used += subgraph.resources.synthesised ? *subgraph.resources.synthesised : subgraph.resources.estimated;
    }
    if (report.skin) used += report.skin->cost;
    row.usage = device::usage(used, board.part.budget);
    for (const device::Usage& usage : row.usage) row.fits = row.fits && usage.fits();
    report.boards.push_back(std::move(row));
  }
  return {};
}

Status checkBoardCount(const Placement& placement, std::size_t subgraphs) {
  const std::size_t boards = placement.boards.size();
  if (boards <= 1 || boards == subgraphs) return {};
  return badInput(countOf(static_cast<std::int64_t>(boards), "board") + " for " +
                  countOf(static_cast<std::int64_t>(subgraphs), "subgraph") +
                  ": name one board for all or one for each, and cut with --split-before");
}

/// Writes DIR. Verilog and boards that an earlier build left there and this one does not have are removed.
Status writeFolder(const fs::path& folder, const std::vector<emit::File>& files) {
  std::set<fs::path> wanted;
  for (const emit::File& file : files) {
    wanted.insert((folder / file.name).lexically_normal());
    SLUICE_RETURN_IF_ERROR(writeFile(folder / file.name, file.content));
  }
  std::error_code failure;
  if (fs::is_directory(folder / "boards", failure)) {
    std::vector<fs::path> stale;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder / "boards", failure))
      if (entry.is_regular_file() && !wanted.contains(entry.path().lexically_normal()))
        stale.push_back(entry.path());
    for (const fs::path& path : stale) fs::remove(path, failure);
  }
  for (const char* part : {"rtl", "axi"}) {
    if (!fs::is_directory(folder / part, failure)) continue;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder / part, failure))
      if (entry.path().extension() == ".v" && !wanted.contains(entry.path().lexically_normal()))
        fs::remove(entry.path(), failure);
  }
  return {};
}

/// A tool that is missing is said at once, not after minutes of work.
Status checkTools(Until until) {
  if (until >= Until::simulate) {
    if (const Result<flow::Tool> tool = flow::findVerilator(); !tool.ok()) return tool.error();
    if (const Result<flow::Tool> tool = flow::findCxx(); !tool.ok()) return tool.error();
  }
  if (until == Until::synth)
    if (const Result<flow::Tool> tool = flow::findYosys(); !tool.ok()) return tool.error();
  return {};
}

/// What two products in a block would do for a design that lacks DSP blocks without them.
std::string pairAdvice(const Built& built) {
  if (!built.pairs || built.isPaired) return {};
  const map::DspPairs& pairs = *built.pairs;
  const auto blocks = [](std::uint64_t count) {
    return formatCount(static_cast<std::int64_t>(count)) + " DSP blocks";
  };
  std::string text;
  if (pairs.enough)
    text = "; two products a block (multiplier=dsp2) would take " + blocks(pairs.paired) +
           ", but more of something else than there is";
  else if (!pairs.layers.empty())
    text = "; two products a block wherever mapping may choose take " + blocks(pairs.paired) + " still";
  if (pairs.held.empty()) return text;
  std::uint64_t all = pairs.paired;
  std::vector<std::string> names;
  for (const map::PairedLayer& layer : pairs.held) {
    all -= layer.single - layer.paired;
    names.push_back(layer.node);
  }
  return text + "; with multiplier=dsp2 instead of what --node-options says of " + join(names, ", ") +
         " it takes " + blocks(all);
}

/// Success, or what the report shows to be wrong.
Status judge(const report::Report& report, const Built& built) {
  for (const report::Report::Verification& row : report.verifications)
    if (!row.agreement.equal())
      return badInput("the Verilog does not do what the network says: " + row.agreement.firstDifference +
                      " (a bug of Sluice's: please report it with the model)");
  for (const report::BoardRow& board : report.boards)
    for (const device::Usage& usage : board.usage)
      if (!usage.fits())
        return infeasible(
            "board " + board.name + " has " + formatCount(static_cast<std::int64_t>(usage.available)) + " " +
            usage.resource + ", the design takes " + formatCount(static_cast<std::int64_t>(usage.used)) +
            (usage.resource == "DSP" ? pairAdvice(built) : std::string()) +
            "; a larger --reuse-factor, a larger board or a cut over several (--split-before) makes it fit");
  return {};
}

}  // namespace

Result<BuildOutcome> buildNetwork(const BuildOptions& options, std::optional<ir::Graph> imported) {
  Timings timings;
  Progress progress(options.quiet ? ProgressMode::quiet : ProgressMode::automatic);
  SLUICE_TRY(Placement placement, placementOf(options));
  SLUICE_RETURN_IF_ERROR(checkTools(options.until));
  SLUICE_RETURN_IF_ERROR(checkBitstream(options, placement));
  SLUICE_RETURN_IF_ERROR(checkSkin(options, placement.boards.size()));

  progress.begin("read and lower " + options.model.filename().string());
  if (!imported) {
    SLUICE_TRY(imported, frontend::importModel(options.model, options.file));
  }
  timings.lap("import");
  SLUICE_TRY(ir::Graph graph, lowerModel(std::move(*imported), {.appendTopK = options.topK}));
  timings.lap("lower");

  progress.begin("map and size");
  map::NodeOptionsMap nodeOptions;
  if (options.nodeOptions) {
    SLUICE_TRY(const std::string text, readFile(*options.nodeOptions, std::uint64_t{1} << 24));
    auto parsed = map::parseNodeOptions(text);
    if (!parsed.ok()) {
      Error error = parsed.error();
      error.where = options.nodeOptions->string() + (error.where.empty() ? "" : ", " + error.where);
      return error;
    }
    nodeOptions = std::move(parsed).value();
  }
  const map::MapOptions mapOptions{.regime = options.regime,
                                   .reuseFactor = options.reuseFactor,
                                   .targetInterval = options.targetInterval,
                                   .family = placement.family,
                                   .splitBefore = options.splitBefore,
                                   .nodes = std::move(nodeOptions)};
  std::optional<PlannedSplit> planned;
  if (placement.planned) {
    SLUICE_TRY(planned, planSplit(graph, options, mapOptions));
    placement.boards = planned->boards;
    graph = planned->graph;
  }
  SLUICE_TRY(Built built, planned ? finishDesign(planned->design, planned->plan.map, linkTimings(*planned))
                                  : chooseDesign(graph, mapOptions, placement, options.linkLatency));
  SLUICE_RETURN_IF_ERROR(checkBoardCount(placement, built.design.subgraphs.size()));
  timings.lap("map, size, stitch");

  SLUICE_TRY(report::Report report,
             report::describe(graph, built.design, built.rtl, placement.family, built.performance));
  report.linkedInterval = built.linked.initiationInterval;
  report.linkedLatency = built.linked.latency;
  for (std::size_t c = 0; c < built.linked.cuts.size(); ++c) {
    const map::CutFifos& fifos = built.linked.cuts[c];
    report.cuts.push_back({.from = built.design.streams[built.design.cuts[c].from.index].name,
                           .to = built.design.streams[built.design.cuts[c].to.index].name,
                           .latency = fifos.link.latency,
                           .interval = fifos.link.interval,
                           .fromDepth = fifos.fromDepth,
                           .toDepth = fifos.toDepth,
                           .fromAlone = fifos.fromAlone,
                           .toAlone = fifos.toAlone});
  }
  if (built.isPaired)
    report.pairs = report::Report::Pairs{built.pairs->single, built.pairs->available, built.pairs->layers};
  report.model = options.model.filename().string();
  report.command = commandLine(options, placement);
  for (std::uint32_t g = 0; g < report.subgraphs.size(); ++g) {
    SLUICE_TRY(const dataflow::Performance alone,
               dataflow::measure(map::subgraphNetwork(built.design, map::SubgraphId(g))));
    report.subgraphs[g].latency = alone.latency;
  }
  // The same network at the same folds, in one piece; not where boards are of several families, as it would be for one.
  std::optional<Built> uncut;
  if (report.subgraphs.size() > 1 && !(planned && splits::familiesOf(planned->cluster).size() > 1)) {
    map::MapOptions whole = mapOptions;
    whole.splitBefore.clear();
    whole.nodes = planned ? planned->plan.map.nodes : built.nodes;
    whole.regime = built.design.regime;
    whole.reuseFactor = built.design.reuseFactor;
    whole.targetInterval = built.design.targetInterval;
    SLUICE_TRY(uncut, buildDesign(graph, whole));
    report.monolithic = {.interval = uncut->performance.initiationInterval,
                         .latency = uncut->performance.latency,
                         .resources = {.estimated = hdl::cost(*uncut->rtl.top, placement.family)}};
    timings.lap("uncut design");
  }
  std::vector<emit::File> files = weightFiles(built.design);
  describeWeightPorts(built.design, placement.boards, report);
  SLUICE_TRY(std::string designText, report::designJson(built.design, graph));
  files.push_back({"design.json", std::move(designText)});
  const dataflow::Network network = map::network(built.design);
  files.push_back({"profile.json", dataflow::profileJson(network, report.profile)});
  if (options.waves) {
    SLUICE_TRY(const auto run, dataflow::simulate(network, {.frames = kWaveFrames}));
    if (run.deadlock) return infeasible("the design deadlocks", "waves.vcd");
    const dataflow::Waveform wave = dataflow::waveform(network, report.name, run.trace);
    files.push_back({"waves.vcd", dataflow::vcdText(wave)});
    files.push_back({"waves.fst", dataflow::fstBytes(wave)});
  }
  timings.lap("estimate");

  if (options.until >= Until::rtl) {
    built.files = emit::verilogFiles(built.rtl);
    files.insert(files.end(), built.files.begin(), built.files.end());
    if (uncut) uncut->files = emit::verilogFiles(uncut->rtl);
    timings.lap("print Verilog");
  }
  std::optional<AxiSkinFiles> skin;
  if (options.skin == Skin::axi) {
    SLUICE_TRY(skin, axiSkinFiles(graph, built.design, built.rtl, built.files, placement.boards));
    files.insert(files.end(), skin->shell.files.begin(), skin->shell.files.end());
    files.insert(files.end(), skin->package.begin(), skin->package.end());
    report.skin = skin->report;
    timings.lap("AXI skin");
  }
  if (planned) {
    SLUICE_RETURN_IF_ERROR(describeSplit(graph, *planned, built.design, report));
    addSplitFiles(*planned, *report.deployment, files);
    if (options.until >= Until::rtl)
      for (std::size_t g = 0; g < built.rtl.subgraphs.size(); ++g)
        for (emit::File& file :
             synthesisTask("", *built.rtl.subgraphs[g], built.files, placement.family).files)
          files.push_back({report.deployment->places[g].folder + "/" + file.name, std::move(file.content)});
    timings.lap("deployment");
  }
  std::optional<jobs::Store> store;
  if (options.until >= Until::simulate) {
    SLUICE_TRY(store, jobs::Store::open(jobs::Store::defaultFolder()));
  }
  const jobs::Store* const cache = store ? &*store : nullptr;
  if (options.until >= Until::simulate) {
    progress.begin("simulate");
    SLUICE_TRY(const flow::Frames frames, framesOf(graph, built.design, options));
    SLUICE_RETURN_IF_ERROR(simulate(options, frames, built, cache, report, timings));
    timings.lap("simulate");
    if (skin) {
      SLUICE_RETURN_IF_ERROR(
          simulateAxiSkin(options, *skin, frames, built.design, built.files, cache, report.verifications));
      timings.lap("simulate behind AXI");
    }
  }
  if (options.until == Until::bitstream) {
    progress.begin("place and route, " + countOf(static_cast<std::int64_t>(options.placementSeeds), "seed"));
    SLUICE_RETURN_IF_ERROR(placeAndRoute(options, placement, built, cache, report, files, timings));
    timings.lap("place and route");
  }
  if (options.until == Until::synth) {
    progress.begin("synthesise");
    SLUICE_RETURN_IF_ERROR(
        synthesise(built, uncut, placement.family, defaultThreads(), cache, report, timings));
    timings.lap("synthesise");
  }
  SLUICE_RETURN_IF_ERROR(placeOnBoards(placement, report));
  if (planned) addResourceFiles(report, files);
  files.push_back({"report.txt", report::text(report)});
  files.push_back({"report.json", report::json(report)});
  files.push_back({"report.html", report::html(report)});
  timings.lap("report");
  files.push_back({"timings.json", timings.text()});
  SLUICE_RETURN_IF_ERROR(writeFolder(options.output, files));
  Status verdict = judge(report, built);
  return BuildOutcome{.report = std::move(report), .verdict = std::move(verdict)};
}

Status build(const BuildOptions& options) {
  SLUICE_TRY(const BuildOutcome outcome, buildNetwork(options));
  std::fputs(report::text(outcome.report).c_str(), stdout);
  std::printf("Report: %s\n", (options.output / "report.html").c_str());
  return outcome.verdict;
}

}  // namespace sluice::tool
