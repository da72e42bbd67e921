// One design in one piece, and the same in parts: latency, FIFO bits, resources, synthesis.
//
//   mono_split [--synth] [--network=N] [--page=FILE]    all of, or the Nth of: KWS at reuse factor 2048, TFC at 256, jets at 256, conv1d_small
//
// Each network is cut into two and three parts where the longest synthesis is predicted to be shortest
// (split/network/build_time.h). Latency is simulated, resources are estimated; with --synth Yosys counts them and takes its
// time (kept in the job store, so a run that was stopped goes on): processor seconds of all parts; until all are built by two
// workers, scheduled from these; and by the clock, with two workers at once. The clock counts what else the machine does:
// its load before and after is printed, and seconds taken from the store were measured when they were put there. Every design, cut or
// not, must give the integer engine's outputs in the in-process evaluator, in the cycles predicted, with stalls and without.
// --page=FILE   the table and charts as an HTML page
// SLUICE_SHARED says where shared/ is (default ../shared). Exit code 1 if a line does not hold.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "flow/synthesise.h"
#include "ir/host.h"
#include "jobs/store.h"
#include "load.h"
#include "map/partition_of.h"
#include "page/chart.h"
#include "page/html.h"
#include "show.h"
#include "split/network/build_time.h"
#include "split/network/plan_network.h"

namespace {

using namespace sluice;
using namespace sluice::splits;

struct Row {
  std::string network;
  std::size_t parts = 1;
  std::uint64_t interval = 0, latency = 0, fifoBits = 0;
  hdl::Cost cost;                                        ///< estimated, or synthesised
  std::vector<double> predicted, measured, wallSeconds;  ///< of each part
};

/// The design cut where its parts are built fastest; in one piece for one part.
Result<map::Design> designOf(const ir::Graph& graph, const map::MapOptions& options, std::uint32_t parts) {
  map::Design design;
  if (parts == 1) {
    SLUICE_TRY(design, map::mapGraph(graph, options));
  } else {
    SLUICE_TRY(const ClusterSpec cluster,
               clusterSpec({"alveo-u250:" + std::to_string(parts)}, "chain", "on-die", false));
    SLUICE_TRY(NetworkProblem network, networkProblem(graph, options, cluster, Times::interval));
    SLUICE_TRY(const Plan plan, solve(buildTimeProblem(network.problem), {}));
    SLUICE_TRY(const map::Partition partition, partitionOf(graph, network, plan.stages));
    SLUICE_TRY(design, map::mapGraph(graph, options, partition));
  }
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, options.family));
  return design;
}

Status verify(show::Output& out, const std::string& name, const ir::Graph& graph,
              const show::Hardware& hardware) {
  constexpr std::size_t frames = 3;
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(graph));
  const ir::CodeRows codes = ir::randomCodes(graph, engine.regions(), frames, 1);
  SLUICE_TRY(const ir::CodeRows answers, engine.run(codes, frames));
  const flow::Frames given{.count = frames, .inputs = codes, .outputs = answers};
  for (const std::uint32_t stall : show::kStalls) {
    SLUICE_TRY(const flow::Agreement agreement, show::agreeEvaluator(hardware, given, stall));
    if (!agreement.equal() || agreement.outputBeats == 0)
      out.require(false, fmt::format("{} at {} % stalls: {}", name, stall, agreement.firstDifference));
  }
  return {};
}

Result<Row> measureRow(show::Output& out, const std::string& name, const ir::Graph& graph,
                       const map::MapOptions& options, std::uint32_t parts, const jobs::Store* store) {
  Row row{.network = name};
  show::Hardware hardware;
  SLUICE_TRY(hardware.design, designOf(graph, options, parts));
  SLUICE_TRY(hardware.rtl, emit::stitch(hardware.design, options.family));
  SLUICE_RETURN_IF_ERROR(verify(out, fmt::format("{} in {}", name, parts), graph, hardware));
  SLUICE_TRY(const dataflow::Performance whole, dataflow::measure(map::network(hardware.design)));
  row.parts = hardware.design.subgraphs.size();
  row.interval = whole.initiationInterval;
  row.latency = whole.latency;
  row.fifoBits = hardware.design.fifoStorage->bits;
  std::vector<flow::SynthesisTask> tasks;
  const BuildTimeModel model;
  for (const auto& module : hardware.rtl.subgraphs) {
    const hdl::Cost cost = hdl::cost(*module, options.family);
    row.cost += cost;
    std::vector<double> size;
    for (const device::Usage& usage : device::usage(cost, {}))
      size.push_back(static_cast<double>(usage.used));
    row.predicted.push_back(model.start + model.work(size));
    tasks.push_back({.name = module->name,
                     .files = show::filesOf(module, options.family),
                     .top = module->name,
                     .family = options.family});
  }
  if (store == nullptr) return row;
  SLUICE_TRY(const auto reports, flow::synthesise(tasks, 2, store));
  row.cost = {};
  for (const flow::SynthesisReport& report : reports) {
    row.cost += report.cost;
    row.measured.push_back(report.processorSeconds);
    row.wallSeconds.push_back(report.seconds);
  }
  return row;
}

double sumOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

std::vector<std::string> cellsOf(const Row& row, bool isSynthesised) {
  const std::vector<double>& seconds = isSynthesised ? row.measured : row.predicted;
  return {row.network,
          std::to_string(row.parts),
          std::to_string(row.interval),
          std::to_string(row.latency),
          std::to_string(row.fifoBits),
          std::to_string(row.cost.allLuts()),
          std::to_string(row.cost.ff),
          std::to_string(row.cost.dsp),
          std::to_string(row.cost.bram18),
          fmt::format("{:.0f}", sumOf(seconds)),
          fmt::format("{:.0f}", buildSpan(seconds, 2)),
          isSynthesised ? fmt::format("{:.0f}", buildSpan(row.wallSeconds, 2)) : "-"};
}

/// Programs that wait for a processor, over the last minute.
double load() {
  double minutes[1] = {0};
  return ::getloadavg(minutes, 1) == 1 ? minutes[0] : 0;
}

Status writePage(const std::string& file, const std::vector<Row>& rows,
                 const std::vector<std::vector<std::string>>& cells, bool isSynthesised) {
  page::Table table;
  for (std::size_t c = 0; c < cells[0].size(); ++c)
    table.columns.push_back({.title = cells[0][c], .numeric = c > 0});
  for (std::size_t r = 1; r < cells.size(); ++r) {
    table.rows.emplace_back();
    for (const std::string& cell : cells[r]) table.rows.back().emplace_back(cell);
  }
  page::Html html = page::table(table);
  struct Chart {
    const char* title;
    double (*value)(const Row&, bool);
  };
  for (const Chart& chart :
       {Chart{"Latency, cycles", [](const Row& r, bool) { return static_cast<double>(r.latency); }},
        Chart{"FIFO bits", [](const Row& r, bool) { return static_cast<double>(r.fifoBits); }},
        Chart{"LUT", [](const Row& r, bool) { return static_cast<double>(r.cost.allLuts()); }},
        Chart{"Synthesis with two workers, s", [](const Row& r, bool synthesised) {
                return buildSpan(synthesised ? r.measured : r.predicted, 2);
              }}}) {
    page::BarChart bars;
    for (const Row& row : rows)
      bars.bars.push_back(
          {.label = row.network + (row.parts == 1 ? ", whole" : ", in " + std::to_string(row.parts)),
           .values = {{chart.value(row, isSynthesised), {}}},
           .budget = {},
           .budgetText = {}});
    html += page::subheading(chart.title) + page::figure(page::barChart(bars), chart.title);
  }
  page::Page page;
  page.title = "In one piece and in parts";
  page.sections.push_back({"parts", "In one piece and in parts", html});
  return writeFile(file, page::print(page));
}

struct Case {
  const char *name, *file;
  std::optional<std::uint64_t> reuseFactor;
};

Status run(show::Output& out, const std::string& pageFile) {
  std::optional<jobs::Store> store;
  const bool isSynthesised = out.has("--synth");
  if (isSynthesised) {
    SLUICE_TRY(store, jobs::Store::open(jobs::Store::defaultFolder()));
  }
  std::vector<std::vector<std::string>> cells = {{"network", "parts", "II", "latency", "FIFO bits", "LUT",
                                                  "FF", "DSP", "BRAM18", "synthesis, s", "with 2 workers, s",
                                                  "by the clock, s"}};
  const double before = load();
  std::vector<Row> rows;
  std::uint64_t number = 0;
  for (const Case& one : {Case{"KWS, reuse factor 2048", "qonnx/kws_mlp_w3a3.onnx", 2048},
                          Case{"TFC_2W2A, reuse factor 256", "qonnx/TFC_2W2A.onnx", 256},
                          Case{"jet tagger, reuse factor 256", "qonnx/qkeras_jettagging.onnx", 256},
                          Case{"conv1d_small", "onnx/conv1d_small_keras.onnx", {}}}) {
    ++number;
    if (out.number("--network=", number) != number) continue;
    const auto file = show::sharedFolder() / "models" / one.file;
    SLUICE_TRY(const ir::Graph graph, show::loadLowered(file));
    const map::MapOptions options{.regime = map::Regime::streamed, .reuseFactor = one.reuseFactor};
    std::optional<Row> whole;
    for (const std::uint32_t parts : {1u, 2u, 3u}) {
      SLUICE_TRY(Row row, measureRow(out, one.name, graph, options, parts, store ? &*store : nullptr));
      if (row.parts < parts) continue;  // no cut more makes the longest part shorter
      if (parts == 1) whole = row;
      out.require(row.interval == whole->interval,
                  fmt::format("{} in {}: outputs, cycles and rate as uncut", one.name, row.parts));
      const auto& seconds = isSynthesised ? row.measured : row.predicted;
      out.figure(fmt::format("mono_split/{}/{}/latency", one.name, row.parts),
                 static_cast<double>(row.latency), "cycles", "simulated");
      out.figure(fmt::format("mono_split/{}/{}/build", one.name, row.parts), buildSpan(seconds, 2), "s",
                 isSynthesised ? "measured" : "estimated");
      cells.push_back(cellsOf(row, isSynthesised));
      rows.push_back(std::move(row));
    }
  }
  out.say(
      std::string("\nLatency simulated; the rest ") +
      (isSynthesised ? "synthesised, processor seconds of Yosys.\n" : "estimated, synthesis predicted.\n") +
      show::table(cells, 1));
  if (isSynthesised)
    out.say(fmt::format("Two processors; programs waiting for one: {:.1f} before, {:.1f} after.\n", before,
                        load()));
  if (!pageFile.empty()) SLUICE_RETURN_IF_ERROR(writePage(pageFile, rows, cells, isSynthesised));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::string pageFile;
  std::vector<char*> others = {argv[0]};
  for (int a = 1; a < argc; ++a) {
    const std::string word = argv[a];
    if (word.starts_with("--page="))
      pageFile = word.substr(7);
    else
      others.push_back(argv[a]);
  }
  show::Output out(static_cast<int>(others.size()), others.data(), {"--synth", "--network="});
  out.require(run(out, pageFile), "in one piece and in parts");
  return out.exitCode();
}
