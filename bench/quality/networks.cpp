// The three networks as hardware: outputs against the integer engine, cycles against the simulator, with and
// without random stalls; and TFC_2W2A's accuracy on all test images.
//
//   networks [--frames=N] [--no-verilator] [--no-cache] [--json]
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "ir/host.h"
#include "ir/reference.h"
#include "jobs/store.h"
#include "show.h"

namespace {

using namespace sluice;

Status accuracy(show::Output& out, const show::Network& network) {
  SLUICE_TRY(const ir::CodeRows codes, network.engine->run(network.codes, network.samples, 0));
  SLUICE_TRY(const auto got,
             ir::outputValues(network.lowered, network.engine->regions(), codes, network.samples));
  const ir::Graph& graph = network.imported;
  SLUICE_TRY(const auto reference,
             ir::evaluate(graph, {{graph.inputs[0], network.inputs}}, graph.outputs, network.samples, 0));
  const std::vector<double> expected = ir::realValues(graph.tensor(graph.outputs[0]).type, reference[0]);
  const auto right = [&](const std::vector<double>& values) {
    const std::size_t classes = values.size() / network.samples;
    std::size_t count = 0;
    for (std::size_t i = 0; i < network.samples; ++i) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * classes);
      const auto most = std::max_element(first, first + static_cast<std::ptrdiff_t>(classes));
      count += most - first == network.labels[i] ? 1 : 0;
    }
    return 100 * static_cast<double>(count) / static_cast<double>(network.samples);
  };
  out.require(
      right(got[0]) == right(expected),
      fmt::format("TFC_2W2A on {} images: integer engine {:.2f} %, float reference {:.2f} %",
                  formatCount(static_cast<std::int64_t>(network.samples)), right(got[0]), right(expected)));
  out.figure("networks/TFC_2W2A/accuracy", right(got[0]), "percent", "measured");
  return {};
}

Status showPlan(show::Output& out, const show::Plan& plan, const jobs::Store* store) {
  SLUICE_TRY(const show::Hardware hardware, show::build(plan.network->lowered, plan.options));
  SLUICE_TRY(const dataflow::Performance performance, dataflow::measure(map::network(hardware.design)));
  out.say(fmt::format("{}: {}, {}, II {}, latency {} cycles", plan.name,
                      countOf(static_cast<std::int64_t>(hardware.design.kernels.size()), "kernel"),
                      countOf(static_cast<std::int64_t>(hardware.design.streams.size()), "FIFO"),
                      performance.initiationInterval, performance.latency));
  if (plan.options.regime == map::Regime::unrolled)
    out.require(performance.initiationInterval == 1, plan.name + ": a frame every cycle");
  out.figure(fmt::format("networks/{}/ii", plan.name), static_cast<double>(performance.initiationInterval),
             "cycles", performance.periodic ? "proven" : "simulated");
  out.figure(fmt::format("networks/{}/latency", plan.name), static_cast<double>(performance.latency),
             "cycles", "simulated");
  SLUICE_TRY(const flow::Frames frames,
             show::framesOf(*plan.network, hardware.design, out.number("--frames=", 24)));
  const auto tell = [&](const std::string& engine, std::uint32_t stall, const flow::Agreement& agreement) {
    out.require(
        agreement.equal() && agreement.frames >= 20,
        fmt::format("{}, {} {}: {} frames, {} output beats, {} values and {} cycles differ{}{}", plan.name,
                    engine, stall == 0 ? "without stalls" : fmt::format("with {} % gaps and stalls", stall),
                    agreement.frames, agreement.outputBeats, agreement.wrongValues, agreement.wrongCycles,
                    agreement.firstDifference.empty() ? "" : "; ", agreement.firstDifference));
  };
  for (const std::uint32_t stall : show::kStalls) {
    SLUICE_TRY(const flow::Agreement agreement, show::agreeEvaluator(hardware, frames, stall));
    tell("evaluator", stall, agreement);
  }
  if (out.has("--no-verilator")) return {};
  SLUICE_TRY(
      const flow::SimulationModel model,
      flow::compileModel(emit::verilogFiles(hardware.rtl), flow::harnessPorts(hardware.design), store));
  out.say(
      fmt::format("  Verilator compiled in {:.1f} s{}", model.seconds, model.fromCache ? " (earlier)" : ""));
  for (const std::uint32_t stall : show::kStalls) {
    SLUICE_TRY(const flow::Agreement agreement, show::agreeVerilator(hardware, model, frames, stall));
    tell("Verilator", stall, agreement);
  }
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(const std::vector<show::Plan> plans, show::plans());
  SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
  for (const show::Plan& plan : plans)
    out.require(showPlan(out, plan, out.has("--no-cache") ? nullptr : &store), plan.name);
  return accuracy(out, *plans[2].network);
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--frames=", "--no-verilator", "--no-cache"});
  out.require(run(out), "networks");
  return out.exitCode();
}
