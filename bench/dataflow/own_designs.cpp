// FIFOs of our own designs: places before (a whole feature map per stream, what hls4ml starts from) and after
// sizing, the lower bound and whether it is met, in beats and bits; Verilator at the sized depths, and with one
// place less in some FIFOs, against what the simulator predicts.
//
//   own_designs [--frames=N] [--samples=N] [--cuts] [--effort=N] [--no-verilator] [--no-cache] [--json] [--mlps] [--RN07] ...
//     --effort: of the proof (default 20000 runs of the network; `sluice build` spends far fewer); --samples: FIFOs per design that are made one place shallower (default 2); --cuts: also of each streamed
//     design cut in the middle
//
// Networks are named as for bench/quality/networks; without a name the multi-layer perceptrons.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "dataflow/size.h"
#include "jobs/store.h"
#include "map/partition.h"
#include "networks_list.h"
#include "show.h"

namespace {

using namespace sluice;

struct Row {
  std::string name;
  std::uint64_t fifos = 0, beforeBeats = 0, beforeBits = 0, beats = 0;
  dataflow::Sizing sizing;  // as `sluice build` does it
  dataflow::Sizing proof;   // with more effort
  double seconds = 0, proofSeconds = 0;
};

Status sizeDesign(const std::string& name, const map::Design& design, std::uint64_t effort,
                  std::vector<Row>& rows) {
  Row row{.name = name, .fifos = design.streams.size()};
  for (const map::Stream& stream : design.streams) {
    const std::uint64_t places = std::max<std::uint64_t>(2, stream.beatsPerFrame);
    row.beforeBeats += places;
    row.beforeBits += places * stream.beat.width();
  }
  const show::Clock clock;
  SLUICE_TRY(row.sizing, dataflow::sizeChannels(map::network(design)));
  row.seconds = clock.seconds();
  const show::Clock again;
  SLUICE_TRY(row.proof, dataflow::sizeChannels(map::network(design), {.mostEffort = effort, .mostBeats = 0}));
  row.proofSeconds = again.seconds();
  for (const std::uint32_t depth : row.sizing.depth) row.beats += depth;
  rows.push_back(std::move(row));
  return {};
}

/// The hardware of a design as it is, against the simulator.
Status confirm(show::Output& out, const std::string& what, map::Design design, const show::Plan& plan,
               const jobs::Store* store) {
  show::Hardware hardware{.design = std::move(design)};
  SLUICE_TRY(hardware.rtl, emit::stitch(hardware.design, plan.options.family));
  SLUICE_TRY(const flow::Frames frames,
             show::framesOf(*plan.network, hardware.design, out.number("--frames=", 12)));
  SLUICE_TRY(
      const flow::SimulationModel model,
      flow::compileModel(emit::verilogFiles(hardware.rtl), flow::harnessPorts(hardware.design), store));
  SLUICE_TRY(const flow::Agreement agreement, show::agreeVerilator(hardware, model, frames, 0));
  out.require(
      agreement.equal(),
      fmt::format("{}: Verilator, {} frames, {} output beats: {} values and {} cycles differ{}{}", what,
                  agreement.frames, agreement.outputBeats, agreement.wrongValues, agreement.wrongCycles,
                  agreement.firstDifference.empty() ? "" : "; ", agreement.firstDifference));
  return {};
}

/// FIFOs above one place, spread over the design.
std::vector<std::size_t> samples(const map::Design& design, std::uint64_t count) {
  std::vector<std::size_t> deep, result;
  for (std::size_t s = 0; s < design.streams.size(); ++s)
    if (design.streams[s].depth > 1) deep.push_back(s);
  count = std::min<std::uint64_t>(count, deep.size());
  for (std::uint64_t i = 0; i < count; ++i) result.push_back(deep[(2 * i + 1) * deep.size() / (2 * count)]);
  return result;
}

Status showPlan(show::Output& out, const show::Plan& plan, const map::Design& mapped, std::vector<Row>& rows,
                const jobs::Store* store) {
  SLUICE_RETURN_IF_ERROR(sizeDesign(plan.name, mapped, out.number("--effort=", 20000), rows));
  const dataflow::Sizing& sizing = rows.back().sizing;
  map::Design design = mapped;
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, plan.options.family));
  SLUICE_TRY(const dataflow::Performance performance, dataflow::measure(map::network(design)));
  out.require(
      performance.initiationInterval == sizing.initiationInterval && performance.latency == sizing.latency,
      fmt::format("{}: II {}, latency {}, as with unbounded FIFOs", plan.name, performance.initiationInterval,
                  performance.latency));
  const bool verilator = !out.has("--no-verilator");
  if (verilator) SLUICE_RETURN_IF_ERROR(confirm(out, plan.name, design, plan, store));
  for (const std::size_t s : samples(design, out.number("--samples=", 2))) {
    map::Design less = design;
    map::Stream& stream = less.streams[s];
    stream.kind = kernel::chooseFifo(stream.beat.width(), --stream.depth, plan.options.family);
    const auto worse = dataflow::measure(map::network(less));
    const std::string what = fmt::format("{}, '{}' with {} places", plan.name, stream.name, stream.depth);
    if (!worse.ok()) {
      out.require(worse.error().code == ErrorCode::infeasible, what + ": deadlock, predicted");
      continue;
    }
    out.require(
        worse->initiationInterval > performance.initiationInterval || worse->latency > performance.latency,
        fmt::format("{}: II {}, latency {}", what, worse->initiationInterval, worse->latency));
    if (verilator) SLUICE_RETURN_IF_ERROR(confirm(out, what, std::move(less), plan, store));
  }
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(const std::vector<show::Plan> plans, show::chosenPlans(out));
  SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
  std::vector<Row> rows;
  for (const show::Plan& plan : plans) {
    std::vector<show::Plan> variants = {plan};
    if (const auto cuts = map::legalSplits(plan.network->lowered);
        out.has("--cuts") && !cuts.empty() && plan.options.regime == map::Regime::streamed) {
      show::Plan cut = plan;
      cut.options.splitBefore = {cuts[cuts.size() / 2]};
      cut.name += ", cut before " + cuts[cuts.size() / 2];
      variants.push_back(cut);
    }
    for (const show::Plan& variant : variants) {
      SLUICE_TRY(const map::Design mapped, map::mapGraph(variant.network->lowered, variant.options));
      out.require(showPlan(out, variant, mapped, rows, out.has("--no-cache") ? nullptr : &store),
                  variant.name);
    }
  }
  std::vector<std::vector<std::string>> table = {{"design", "FIFOs", "beats before", "after", "bits before",
                                                  "after", "ms", "least bits", "lower bound", "proven",
                                                  "conflicts", "ms"}};
  for (const Row& row : rows) {
    const dataflow::Sizing &s = row.sizing, &p = row.proof;
    table.push_back({row.name, std::to_string(row.fifos), std::to_string(row.beforeBeats),
                     std::to_string(row.beats), std::to_string(row.beforeBits), std::to_string(s.cost),
                     formatFixed(1e3 * row.seconds, 1), std::to_string(p.cost), std::to_string(p.lowerBound),
                     p.least() ? "yes" : "no", std::to_string(p.conflicts.size()),
                     formatFixed(1e3 * row.proofSeconds, 1)});
    out.figure("own_designs/" + row.name + "/beats", static_cast<double>(row.beats), "beats", "simulated");
    out.figure("own_designs/" + row.name + "/bits", static_cast<double>(s.cost), "bits", "simulated");
    out.figure("own_designs/" + row.name + "/lower_bound", static_cast<double>(p.lowerBound), "bits",
               "proven");
    out.require(
        s.cost >= p.lowerBound && s.lowerBound <= p.lowerBound && p.cost <= s.cost,
        fmt::format("{}: {} bits instead of {}; {}", row.name, s.cost, row.beforeBits,
                    p.least() ? s.cost == p.cost ? "proven least" : fmt::format("the least is {}", p.cost)
                              : fmt::format("at least {} are needed", p.lowerBound)));
  }
  out.say("\n" + show::table(table));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> known = show::networkOptions();
  known.insert(known.end(), {"--frames=", "--samples=", "--cuts", "--effort=", "--no-verilator", "--no-cache"});
  show::Output out(argc, argv, known);
  out.require(run(out), "own designs");
  return out.exitCode();
}
