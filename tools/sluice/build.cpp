#include "build.h"

#include <cstdio>
#include <set>

#include "axi_skin.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/text.h"
#include "base/threads.h"
#include "choose_design.h"
#include "dataflow/fst.h"
#include "dataflow/simulate.h"
#include "dataflow/waves.h"
#include "device/board.h"
#include "frontend/model.h"
#include "jobs/store.h"
#include "link_timing.h"
#include "map/map.h"
#include "read_model.h"
#include "report/design_json.h"
#include "report/report.h"
#include "run_tools.h"
#include "split_build.h"
#include "weight_ports.h"

namespace sluice::tool {
namespace {

namespace fs = std::filesystem;

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

/// What mapping is asked for; settings of single nodes are read from their file.
Result<map::MapOptions> mapOptionsOf(const BuildOptions& options, const Placement& placement) {
  map::MapOptions asked{.regime = options.regime,
                        .reuseFactor = options.reuseFactor,
                        .targetInterval = options.targetInterval,
                        .family = placement.family,
                        .splitBefore = options.splitBefore};
  if (!options.nodeOptions) return asked;
  SLUICE_TRY(const std::string text, readFile(*options.nodeOptions, std::uint64_t{1} << 24));
  auto parsed = map::parseNodeOptions(text);
  if (!parsed.ok()) {
    Error error = parsed.error();
    error.where = options.nodeOptions->string() + (error.where.empty() ? "" : ", " + error.where);
    return error;
  }
  asked.nodes = std::move(parsed).value();
  return asked;
}

/// The FIFOs on both sides of every cut.
std::vector<report::CutRow> cutRows(const Built& built) {
  std::vector<report::CutRow> rows;
  for (std::size_t c = 0; c < built.linked.cuts.size(); ++c) {
    const map::CutFifos& fifos = built.linked.cuts[c];
    rows.push_back({.from = built.design.streams[built.design.cuts[c].from.index].name,
                    .to = built.design.streams[built.design.cuts[c].to.index].name,
                    .latency = fifos.link.latency,
                    .interval = fifos.link.interval,
                    .fromDepth = fifos.fromDepth,
                    .toDepth = fifos.toDepth,
                    .fromAlone = fifos.fromAlone,
                    .toAlone = fifos.toAlone});
  }
  return rows;
}

/// Success, or what the report shows to be wrong.
Status judge(const report::Report& report, const ir::Graph& graph, const map::MapOptions& options,
             const Placement& placement, const Built& built) {
  for (const report::Report::Verification& row : report.verifications)
    if (!row.agreement.equal())
      return badInput("the Verilog does not do what the network says: " + row.agreement.firstDifference +
                      " (a bug of Sluice's: please report it with the model)");
  for (const report::BoardRow& board : report.boards)
    for (const device::Usage& usage : board.usage)
      if (!usage.fits()) return tooLarge(report, board, usage, graph, options, placement, built);
  return {};
}

/// Latencies of the subgraphs, each with neighbours that are always ready. One alone is the whole design.
Status measureAlone(const Built& built, report::Report& report) {
  if (report.subgraphs.size() == 1) {
    report.subgraphs[0].latency = built.performance.latency;
    return {};
  }
  for (std::uint32_t g = 0; g < report.subgraphs.size(); ++g) {
    SLUICE_TRY(const dataflow::Performance alone,
               dataflow::measure(map::subgraphNetwork(built.design, map::SubgraphId(g))));
    report.subgraphs[g].latency = alone.latency;
  }
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
  SLUICE_TRY(const map::MapOptions mapOptions, mapOptionsOf(options, placement));
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
  report.cuts = cutRows(built);
  if (built.isPaired)
    report.pairs = report::Report::Pairs{built.pairs->single, built.pairs->available, built.pairs->layers};
  report.model = options.model.filename().string();
  report.command = commandLine(options, placement);
  SLUICE_RETURN_IF_ERROR(measureAlone(built, report));
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
  Status verdict = judge(report, graph, mapOptions, placement, built);
  return BuildOutcome{.report = std::move(report), .verdict = std::move(verdict)};
}

Status build(const BuildOptions& options) {
  SLUICE_TRY(const BuildOutcome outcome, buildNetwork(options));
  std::fputs(report::text(outcome.report).c_str(), stdout);
  std::printf("Report: %s\n", (options.output / "report.html").c_str());
  return outcome.verdict;
}

}  // namespace sluice::tool
