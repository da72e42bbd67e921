// Every design cut before every legal node in turn, and KWS into three: outputs unchanged, every beat in the
// cycle predicted, and what the parts cost beside the whole.
//
//   cuts [--verilator] [--synth] [--design=N] [--frames=N] [--json]
//
// --verilator   Verilator as well as the in-process evaluator
// --synth       resources and times from Yosys; the first run takes hours, and goes on where it was stopped.
//               Times are processor seconds of Yosys, which is one thread: of parts built in parallel, those
//               of the longest; they do not depend on what else the machine does
// --design=N    only the design of that number: 1, 2 KWS, 3 TFC_2W2A, 4 jet tagger
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/threads.h"
#include "flow/synthesise.h"
#include "jobs/store.h"
#include "map/partition.h"
#include "show.h"

namespace {

using namespace sluice;

std::string costText(const hdl::Cost& cost) {
  return fmt::format("{}/{}/{}/{}", cost.allLuts(), cost.ff, cost.dsp, cost.bram18);
}

/// What a design is in the table: latencies, and resources of its parts.
struct Row {
  std::uint64_t interval = 0, latency = 0;
  std::vector<std::uint64_t> partLatencies;
  std::vector<hdl::Cost> estimated, synthesised;  ///< per subgraph
  double synthesisSeconds = 0;                    ///< parts in parallel: of the longest
};

Result<Row> measureRow(const show::Output& out, const show::Hardware& hardware, hdl::Family family,
                       const jobs::Store& store) {
  Row row;
  SLUICE_TRY(const dataflow::Performance whole, dataflow::measure(map::network(hardware.design)));
  row.interval = whole.initiationInterval;
  row.latency = whole.latency;
  std::vector<flow::SynthesisTask> tasks;
  for (std::uint32_t s = 0; s < hardware.design.subgraphs.size(); ++s) {
    SLUICE_TRY(const dataflow::Performance part,
               dataflow::measure(map::subgraphNetwork(hardware.design, map::SubgraphId(s))));
    row.partLatencies.push_back(part.latency);
    const auto& module = hardware.rtl.subgraphs[s];
    row.estimated.push_back(hdl::cost(*module, family));
    tasks.push_back({.name = module->name,
                     .files = show::filesOf(module, family),
                     .top = module->name,
                     .family = family});
  }
  if (!out.has("--synth")) return row;
  SLUICE_TRY(const auto reports, flow::synthesise(tasks, defaultThreads(), &store));
  for (const flow::SynthesisReport& report : reports) {
    row.synthesised.push_back(report.cost);
    row.synthesisSeconds = std::max(row.synthesisSeconds, report.processorSeconds);
  }
  return row;
}

/// The design against integer engine and simulator, with and without stalls, and the outputs of the uncut
/// one.
Status checkDesign(show::Output& out, const std::string& name, const show::Hardware& hardware,
                   const flow::Frames& frames, const jobs::Store& store) {
  const auto tell = [&](const char* engine, std::uint32_t stall, const flow::Agreement& agreement) {
    if (!agreement.equal() || agreement.outputBeats == 0)
      out.require(false,
                  fmt::format("{}, {} at {} % stalls: {}", name, engine, stall, agreement.firstDifference));
  };
  for (const std::uint32_t stall : show::kStalls) {
    SLUICE_TRY(const flow::Agreement agreement, show::agreeEvaluator(hardware, frames, stall));
    tell("evaluator", stall, agreement);
  }
  if (!out.has("--verilator")) return {};
  SLUICE_TRY(
      const flow::SimulationModel model,
      flow::compileModel(emit::verilogFiles(hardware.rtl), flow::harnessPorts(hardware.design), &store));
  for (const std::uint32_t stall : show::kStalls) {
    SLUICE_TRY(const flow::Agreement agreement, show::agreeVerilator(hardware, model, frames, stall));
    tell("Verilator", stall, agreement);
  }
  return {};
}

std::vector<std::vector<std::string>> waysToCut(const show::Plan& plan) {
  std::vector<std::vector<std::string>> ways = {{}};
  const std::vector<std::string> legal = map::legalSplits(plan.network->lowered);
  for (const std::string& name : legal) ways.push_back({name});
  if (plan.name.starts_with("KWS")) ways.push_back({legal[legal.size() / 3], legal[2 * legal.size() / 3]});
  return ways;
}

Status run(show::Output& out) {
  SLUICE_TRY(const std::vector<show::Plan> plans, show::plans());
  SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
  std::vector<std::vector<std::string>> rows = {{"design", "cut before", "II", "latency", "of the parts",
                                                 "LUT/FF/DSP/BRAM18 of the parts", "sum", "uncut"}};
  if (out.has("--synth"))
    rows[0].insert(rows[0].end(), {"Yosys: parts", "sum", "uncut", "s parallel", "s uncut"});
  for (const show::Plan& plan : plans) {
    const auto number = static_cast<std::uint64_t>(&plan - plans.data()) + 1;
    if (out.number("--design=", number) != number) continue;
    std::optional<Row> uncut;
    std::size_t cuts = 0;
    for (const std::vector<std::string>& cut : waysToCut(plan)) {
      map::MapOptions options = plan.options;
      options.splitBefore = cut;
      const std::string name = plan.name + (cut.empty() ? "" : ", cut before " + join(cut, " and "));
      SLUICE_TRY(const show::Hardware hardware, show::build(plan.network->lowered, options));
      out.require(
          hardware.design.subgraphs.size() == cut.size() + 1,
          fmt::format("{}: {}", name,
                      countOf(static_cast<std::int64_t>(hardware.design.subgraphs.size()), "subgraph")));
      SLUICE_TRY(const flow::Frames frames,
                 show::framesOf(*plan.network, hardware.design, out.number("--frames=", 6)));
      SLUICE_RETURN_IF_ERROR(checkDesign(out, name, hardware, frames, store));
      SLUICE_TRY(const Row row, measureRow(out, hardware, options.family, store));
      if (cut.empty())
        uncut = row;
      else
        ++cuts;
      const auto sum = [](const std::vector<hdl::Cost>& costs) {
        hdl::Cost total;
        for (const hdl::Cost& cost : costs) total += cost;
        return costText(total);
      };
      const auto parts = [](const std::vector<hdl::Cost>& costs) {
        std::vector<std::string> texts;
        for (const hdl::Cost& cost : costs) texts.push_back(costText(cost));
        return join(texts, " + ");
      };
      std::vector<std::string> latencies;
      for (const std::uint64_t latency : row.partLatencies) latencies.push_back(std::to_string(latency));
      std::vector<std::string> cells = {plan.name,
                                        cut.empty() ? "(uncut)" : join(cut, ", "),
                                        std::to_string(row.interval),
                                        std::to_string(row.latency),
                                        join(latencies, " + "),
                                        parts(row.estimated),
                                        sum(row.estimated),
                                        sum(uncut->estimated)};
      if (out.has("--synth"))
        cells.insert(cells.end(),
                     {parts(row.synthesised), sum(row.synthesised), sum(uncut->synthesised),
                      formatFixed(row.synthesisSeconds, 1), formatFixed(uncut->synthesisSeconds, 1)});
      rows.push_back(std::move(cells));
      out.figure("cuts/" + name + "/latency", static_cast<double>(row.latency), "cycles", "simulated");
    }
    out.require(cuts > 0, fmt::format("{}: {}, outputs and cycles as predicted", plan.name,
                                      countOf(static_cast<std::int64_t>(cuts), "cut")));
  }
  out.say("\nII and latency in cycles, simulated; resources estimated, and with --synth synthesised.\n" +
          show::table(rows, 2));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--verilator", "--synth", "--design=", "--frames="});
  out.require(run(out), "cuts");
  return out.exitCode();
}
