// Simulated cycles per second of our own designs: the dataflow simulator, beat by beat and with the steady state
// skipped, against Verilator on the emitted Verilog. All three must end in the same cycle. Seconds are the processor's, so
// that other work on the machine favours neither.
//
//   own_speed [--frames=N] [--no-cache] [--json] [--mlps] [--RN07] ...    --frames: of each run (default: a million
//   cycles, 200 at least)
//
// Networks are named as for bench/quality/networks; without a name the multi-layer perceptrons and three convolutional
// networks.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/usage.h"
#include "dataflow/long_run.h"
#include "jobs/store.h"
#include "networks_list.h"
#include "show.h"

namespace {

using namespace sluice;

constexpr std::uint64_t kLong = 1'000'000;  // frames of a run that only the skipping simulator does

/// The best of several runs, by `clock`.
template <typename Body>
Result<double> best(double (*clock)(), const Body& body) {
  double seconds = 1e9, sum = 0;
  for (int run = 0; run < 7 && (run < 2 || sum < 1); ++run) {
    const double start = clock();
    SLUICE_RETURN_IF_ERROR(body());
    const double took = std::max(clock() - start, 1e-7);
    seconds = std::min(seconds, took);
    sum += took;
  }
  return seconds;
}

Status showPlan(show::Output& out, const show::Plan& plan, const jobs::Store* store,
                std::vector<std::vector<std::string>>& table) {
  SLUICE_TRY(const show::Hardware hardware, show::build(plan.network->lowered, plan.options));
  const dataflow::Network network = map::network(hardware.design);
  SLUICE_TRY(const dataflow::Performance performance, dataflow::measure(network));
  const std::uint64_t count = out.number(
      "--frames=",
      std::max<std::uint64_t>(200, 1'000'000 / std::max<std::uint64_t>(1, performance.initiationInterval)));
  SLUICE_TRY(const flow::Frames frames, show::framesOf(*plan.network, hardware.design, count));
  SLUICE_TRY(
      const flow::SimulationModel model,
      flow::compileModel(emit::verilogFiles(hardware.rtl), flow::harnessPorts(hardware.design), store));

  std::uint64_t endSeen = 0, endBeats = 0, endSkipped = 0, endLong = 0;
  const auto words = flow::inputWords(hardware.design, frames);
  SLUICE_TRY(const double verilator, best(childProcessorSeconds, [&]() -> Status {
               SLUICE_TRY(
                   const auto seen,
                   flow::runModel(model, {.frames = count, .cycleLimit = std::uint64_t{1} << 40}, words));
               endSeen = 0;
               for (std::size_t p = 0; p < seen.size(); ++p)
                 if (!hardware.design.ports[p].isInput) endSeen = std::max(endSeen, seen[p].cycles.back());
               return {};
             }));
  SLUICE_TRY(const double beats, best(processorSeconds, [&]() -> Status {
               SLUICE_TRY(const auto outcome,
                          dataflow::simulate(network, {.frames = count, .keepTrace = false}));
               endBeats = 0;
               for (const auto& outputs : outcome.trace.outputs)
                 endBeats = std::max(endBeats, outputs.back());
               return {};
             }));
  const auto skip = [&](std::uint64_t number, std::uint64_t& end) {
    return best(processorSeconds, [&]() -> Status {
      SLUICE_TRY(const dataflow::LongRun run, dataflow::runLong(network, number));
      end = run.end;
      return {};
    });
  };
  SLUICE_TRY(const double skipped, skip(count, endSkipped));
  SLUICE_TRY(const double longer, skip(kLong, endLong));
  out.require(endBeats == endSkipped && endSeen == endSkipped,
              fmt::format("{}: {} frames end in cycle {}; Verilator {}, beat by beat {}", plan.name, count,
                          endSkipped, endSeen, endBeats));
  const auto perSecond = [](std::uint64_t cycles, double seconds) {
    return fmt::format("{:.2e}", static_cast<double>(cycles) / seconds);
  };
  table.push_back({plan.name, perSecond(endSeen, verilator), perSecond(endBeats, beats),
                   perSecond(endSkipped, skipped), fmt::format("{:.0f}", verilator / beats),
                   fmt::format("{:.0f}", verilator / skipped), perSecond(endLong, longer),
                   formatFixed(1e3 * longer, 2)});
  out.require(
      verilator / skipped >= 1000,
      fmt::format("{}: {:.0f} times as many cycles a second as Verilator", plan.name, verilator / skipped));
  out.figure("own_speed/" + plan.name + "/ratio", verilator / skipped, "times", "measured");
  out.figure("own_speed/" + plan.name + "/ratio_beat_by_beat", verilator / beats, "times", "measured");
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(std::vector<show::Plan> plans, show::chosenPlans(out));
  const std::vector<std::string> names = show::networkOptions();
  if (std::none_of(names.begin(), names.end(), [&](const std::string& name) { return out.has(name); }))
    for (const show::Reference& reference : show::references())
      if (reference.name == "KERAS_conv1d_small" || reference.name == "KERAS_conv2d_model" ||
          reference.name == "qkeras_mnist_cnn") {
        SLUICE_TRY(show::Network network, show::load(reference));
        plans.push_back(
            {reference.name, std::make_shared<const show::Network>(std::move(network)), reference.options});
      }
  SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
  std::vector<std::vector<std::string>> table = {
      {"cycles a second", "Verilator", "beat by beat", "skipping", "ratio", "ratio", "10^6 frames", "ms"}};
  for (const show::Plan& plan : plans)
    if (plan.options.regime == map::Regime::streamed)
      out.require(showPlan(out, plan, out.has("--no-cache") ? nullptr : &store, table), plan.name);
  out.say("\n" + show::table(table));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> known = show::networkOptions();
  known.insert(known.end(), {"--frames=", "--no-cache"});
  show::Output out(argc, argv, known);
  out.require(run(out), "speed");
  return out.exitCode();
}
