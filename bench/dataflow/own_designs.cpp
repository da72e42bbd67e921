// FIFOs of our own designs: places before (a whole feature map per stream, what hls4ml starts from) and after
// sizing, the lower bound and whether it is met, in beats and bits; Verilator at the sized depths, and with one
// place less in some FIFOs, against what the simulator predicts.
//
//   own_designs [--seconds=N] [--frames=N] [--samples=N] [--cuts] [--effort=N] [--no-verilator] [--no-cache] [--json] [--mlps] [--RN07] ...
//     --seconds: processor seconds of a design, those of the tools included, after which no further Verilog is compiled for it (default 60; what was left out is said)
//     --effort, --beats: of the proof (default 20000 runs of the network, but no more than move 12 million beats)
//     --samples: FIFOs per design that are made one place shallower (default 2); --frames: of each run (default 12, fewer
//     where frames are long); --cuts: also of each streamed design cut in the middle
//
// Networks are named as for bench/quality/networks; without a name all of them, smallest first.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/usage.h"
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
  map::FifoStorage storage;  // as `sluice build` does it
  dataflow::Sizing proof;    // with more effort
  double seconds = 0, proofSeconds = 0;
  std::uint64_t wanted = 0, confirmed = 0;  // runs of Verilator: at the sized depths, with a place less
  std::uint64_t deadlocks = 0;              // predicted with a place less: there is no run to compare
  std::uint64_t slack = 0;                  // FIFOs tried that could do with a place less
};

/// Cycles of all frames of a run of Verilator.
constexpr std::uint64_t kMostCycles = 400'000;

/// Those of tools that ended included.
double allSeconds() { return processorSeconds() + childProcessorSeconds(); }

/// Sizes the design as `sluice build` does, and again with more effort.
Status sizeDesign(map::Design& design, hdl::Family family, std::uint64_t effort, std::uint64_t beats,
                  Row& row) {
  row.fifos = design.streams.size();
  for (const map::Stream& stream : design.streams) {
    const std::uint64_t places = std::max<std::uint64_t>(2, stream.beatsPerFrame);
    row.beforeBeats += places;
    row.beforeBits += places * stream.beat.width();
  }
  const dataflow::Network network = map::network(design);
  const double start = allSeconds();
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, family));
  const double sized = allSeconds();
  row.seconds = sized - start;
  row.storage = *design.fifoStorage;
  SLUICE_TRY(row.proof, dataflow::sizeChannels(
                            network, {.mostEffort = effort, .mostBeats = 0, .mostProofBeats = beats}));
  row.proofSeconds = allSeconds() - sized;
  for (const map::Stream& stream : design.streams) row.beats += stream.depth;
  return {};
}

/// The hardware of a design as it is, against the simulator.
Status confirm(show::Output& out, const std::string& what, map::Design design, const show::Plan& plan,
               std::uint64_t count, const jobs::Store* store) {
  show::Hardware hardware{.design = std::move(design)};
  SLUICE_TRY(hardware.rtl, emit::stitch(hardware.design, plan.options.family));
  SLUICE_TRY(const flow::Frames frames, show::framesOf(*plan.network, hardware.design, count));
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

Status showPlan(show::Output& out, const show::Plan& plan, map::Design design, Row& row,
                const jobs::Store* store) {
  const double start = allSeconds();
  SLUICE_RETURN_IF_ERROR(sizeDesign(design, plan.options.family, out.number("--effort=", 20000),
                                    out.number("--beats=", 12'000'000), row));
  SLUICE_TRY(const dataflow::Performance performance, dataflow::measure(map::network(design)));
  out.require(performance.initiationInterval == row.proof.initiationInterval &&
                  performance.latency == row.proof.latency,
              fmt::format("{}: II {}, latency {}, as with unbounded FIFOs", plan.name,
                          performance.initiationInterval, performance.latency));
  const std::uint64_t frames =
      out.number("--frames=", std::clamp<std::uint64_t>(kMostCycles / performance.initiationInterval, 2, 12));
  const double limit = static_cast<double>(out.number("--seconds=", 60));
  const auto verilator = [&](const std::string& what, map::Design changed) -> Status {
    if (out.has("--no-verilator")) return {};
    ++row.wanted;
    if (row.wanted > 1 && allSeconds() - start > limit) return {};
    SLUICE_RETURN_IF_ERROR(confirm(out, what, std::move(changed), plan, frames, store));
    ++row.confirmed;
    return {};
  };
  SLUICE_RETURN_IF_ERROR(verilator(plan.name, design));
  for (const std::size_t s : samples(design, out.number("--samples=", 2))) {
    map::Design less = design;
    map::Stream& stream = less.streams[s];
    stream.kind = kernel::chooseFifo(stream.beat.width(), --stream.depth, plan.options.family);
    const auto worse = dataflow::measure(map::network(less));
    const std::string what = fmt::format("{}, '{}' with {} places", plan.name, stream.name, stream.depth);
    if (!worse.ok()) {
      ++row.deadlocks;
      out.require(worse.error().code == ErrorCode::infeasible, what + ": deadlock, predicted");
      continue;
    }
    const bool costs =
        worse->initiationInterval > performance.initiationInterval || worse->latency > performance.latency;
    row.slack += costs ? 0 : 1;
    // Where the search for the least was cut short, a FIFO may have a place more than it needs.
    out.require(costs || row.storage.bits > row.storage.lowerBound,
                fmt::format("{}: II {}, latency {}{}", what, worse->initiationInterval, worse->latency,
                            costs ? "" : " as before: this depth is not least"));
    SLUICE_RETURN_IF_ERROR(verilator(what, std::move(less)));
  }
  return {};
}

/// The designs asked for; by default all, those with short frames first.
Result<std::vector<show::Plan>> plansOf(const show::Output& out) {
  const std::vector<std::string> names = show::networkOptions();
  if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return out.has(name); }))
    return show::chosenPlans(out);
  SLUICE_TRY(std::vector<show::Plan> plans, show::plans());
  std::vector<show::Plan> more;
  for (const show::Reference& reference : show::references()) {
    SLUICE_TRY(show::Network network, show::load(reference));
    more.push_back(
        {reference.name, std::make_shared<const show::Network>(std::move(network)), reference.options});
  }
  const auto cycles = [](const show::Plan& plan) { return plan.options.targetInterval.value_or(0); };
  std::stable_sort(more.begin(), more.end(),
                   [&](const show::Plan& a, const show::Plan& b) { return cycles(a) < cycles(b); });
  plans.insert(plans.end(), more.begin(), more.end());
  return plans;
}

void say(const show::Output& out, const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> table = {{"design", "FIFOs", "beats before", "after", "bits before",
                                                  "after", "bound", "s", "more effort: bits", "bound",
                                                  "proven", "conflicts", "s", "Verilator"}};
  for (const Row& row : rows) {
    const dataflow::Sizing& p = row.proof;
    const std::string runs =
        row.wanted == 0 ? "-"
                        : fmt::format("{} of {}{}", row.confirmed, row.wanted,
                                      row.deadlocks > 0 ? fmt::format(", {} stand", row.deadlocks) : "");
    table.push_back({row.name, std::to_string(row.fifos), std::to_string(row.beforeBeats),
                     std::to_string(row.beats), std::to_string(row.beforeBits),
                     std::to_string(row.storage.bits), std::to_string(row.storage.lowerBound),
                     formatFixed(row.seconds, 2), std::to_string(p.cost), std::to_string(p.lowerBound),
                     p.least() ? "yes" : "no", std::to_string(p.conflicts.size()),
                     formatFixed(row.proofSeconds, 2), runs});
  }
  out.say("\n" + show::table(table));
}

/// What must hold of a design's figures.
void conclude(show::Output& out, const Row& row) {
  const dataflow::Sizing& p = row.proof;
  const std::uint64_t bits = row.storage.bits, bound = std::max(row.storage.lowerBound, p.lowerBound);
  out.figure("own_designs/" + row.name + "/beats", static_cast<double>(row.beats), "beats", "simulated");
  out.figure("own_designs/" + row.name + "/bits", static_cast<double>(bits), "bits", "simulated");
  out.figure("own_designs/" + row.name + "/lower_bound", static_cast<double>(bound), "bits", "proven");
  out.require(bits >= bound && p.cost >= bound,
              fmt::format("{}: {} bits instead of {}; {}", row.name, bits, row.beforeBits,
                          p.least() ? (bits == p.cost ? std::string("proven least")
                                                      : fmt::format("the least is {}", p.cost))
                                    : fmt::format("at least {} are needed", bound)));
  if (row.confirmed < row.wanted)
    out.say(fmt::format("      {}: {} of {} runs of Verilator left out, time was up", row.name,
                        row.wanted - row.confirmed, row.wanted));
  if (row.slack > 0)
    out.say(fmt::format("      {}: {} of the FIFOs tried could do with a place less (gap open)", row.name,
                        row.slack));
}

Status run(show::Output& out) {
  SLUICE_TRY(const std::vector<show::Plan> plans, plansOf(out));
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
      SLUICE_TRY(map::Design mapped, map::mapGraph(variant.network->lowered, variant.options));
      Row row{.name = variant.name};
      if (!out.require(
              showPlan(out, variant, std::move(mapped), row, out.has("--no-cache") ? nullptr : &store),
              variant.name))
        continue;
      conclude(out, row);
      rows.push_back(std::move(row));
    }
  }
  say(out, rows);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> known = show::networkOptions();
  known.insert(known.end(), {"--seconds=", "--frames=", "--samples=", "--cuts",
                             "--effort=", "--beats=", "--no-verilator", "--no-cache"});
  show::Output out(argc, argv, known);
  out.require(run(out), "own designs");
  return out.exitCode();
}
