// Networks as hardware: outputs against the integer engine, cycles against the simulator, with and without random stalls,
// frames back to back; and TFC_2W2A's accuracy on all test images.
//
//   networks [--frames=N] [--no-verilator] [--no-cache] [--json] [--mlps] [--RN07] [--tiny_unet] ...
//
// Without a name all of them; --mlps are the keyword network, TFC_2W2A and the jet tagger. --frames is theirs.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/usage.h"
#include "ir/host.h"
#include "ir/reference.h"
#include "jobs/store.h"
#include "networks_list.h"
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

/// What is compared, how often, and by which engines.
struct Extent {
  std::uint64_t frames = 24, evaluatorFrames = 24;
};

Status showPlan(show::Output& out, const show::Plan& plan, const Extent& extent, const jobs::Store* store) {
  const double start = processorSeconds();
  SLUICE_TRY(const show::Hardware hardware, show::build(plan.network->lowered, plan.options));
  const std::vector<emit::File> files = emit::verilogFiles(hardware.rtl);
  const double built = processorSeconds() - start;
  SLUICE_TRY(const dataflow::Performance performance, dataflow::measure(map::network(hardware.design)));
  std::size_t bytes = 0;
  for (const emit::File& file : files) bytes += file.content.size();
  const map::FifoStorage storage = hardware.design.fifoStorage.value_or(map::FifoStorage{});
  out.say(
      fmt::format("{}: {}, {} of {} bits (at least {}), II {}, latency {} cycles; built in {:.2f} s, {:.1f} "
                  "MB of Verilog",
                  plan.name, countOf(static_cast<std::int64_t>(hardware.design.kernels.size()), "kernel"),
                  countOf(static_cast<std::int64_t>(hardware.design.streams.size()), "FIFO"),
                  formatCount(static_cast<std::int64_t>(storage.bits)),
                  formatCount(static_cast<std::int64_t>(storage.lowerBound)), performance.initiationInterval,
                  performance.latency, built, static_cast<double>(bytes) / 1e6));
  if (plan.options.regime == map::Regime::unrolled)
    out.require(performance.initiationInterval == 1, plan.name + ": a frame every cycle");
  if (plan.options.targetInterval)
    out.require(
        performance.initiationInterval <= *plan.options.targetInterval,
        fmt::format("{}: a frame every {} cycles or sooner", plan.name, *plan.options.targetInterval));
  const auto figure = [&](const char* what, double value, const char* unit, const char* kind) {
    out.figure(fmt::format("networks/{}/{}", plan.name, what), value, unit, kind);
  };
  figure("ii", static_cast<double>(performance.initiationInterval), "cycles",
         performance.periodic ? "proven" : "simulated");
  figure("latency", static_cast<double>(performance.latency), "cycles", "simulated");
  figure("fifo_bits", static_cast<double>(storage.bits), "bits", "simulated");
  figure("build_seconds", built, "seconds", "measured");
  figure("verilog", static_cast<double>(bytes), "bytes", "measured");
  const auto tell = [&](const std::string& engine, std::uint32_t stall, std::uint64_t frames, double seconds,
                        const flow::Agreement& agreement) {
    out.require(
        agreement.equal() && agreement.frames >= frames && agreement.outputBeats > 0,
        fmt::format("{}, {} {}: {} frames, {} output beats, {} values and {} cycles differ ({:.1f} s){}{}",
                    plan.name, engine,
                    stall == 0 ? "without stalls" : fmt::format("with {} % gaps and stalls", stall),
                    agreement.frames, formatCount(static_cast<std::int64_t>(agreement.outputBeats)),
                    agreement.wrongValues, agreement.wrongCycles, seconds,
                    agreement.firstDifference.empty() ? "" : "; ", agreement.firstDifference));
  };
  if (extent.evaluatorFrames > 0) {
    SLUICE_TRY(const flow::Frames frames,
               show::framesOf(*plan.network, hardware.design, extent.evaluatorFrames));
    for (const std::uint32_t stall : show::kStalls) {
      const show::Clock run;
      SLUICE_TRY(const flow::Agreement agreement, show::agreeEvaluator(hardware, frames, stall));
      tell("evaluator", stall, frames.count, run.seconds(), agreement);
    }
  }
  if (out.has("--no-verilator")) return {};
  SLUICE_TRY(const flow::SimulationModel model,
             flow::compileModel(files, flow::harnessPorts(hardware.design), store));
  out.say(
      fmt::format("  Verilator compiled in {:.1f} s{}", model.seconds, model.fromCache ? " (earlier)" : ""));
  SLUICE_TRY(const flow::Frames frames, show::framesOf(*plan.network, hardware.design, extent.frames));
  for (const std::uint32_t stall : show::kStalls) {
    const show::Clock run;
    SLUICE_TRY(const flow::Agreement agreement, show::agreeVerilator(hardware, model, frames, stall));
    tell("Verilator", stall, frames.count, run.seconds(), agreement);
  }
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  const jobs::Store* const store = out.has("--no-cache") ? nullptr : &cache;
  const std::vector<show::Reference> references = show::chosenReferences(out);
  if (out.has("--mlps") || references.size() == show::references().size()) {
    SLUICE_TRY(const std::vector<show::Plan> plans, show::plans());
    const std::uint64_t frames = out.number("--frames=", 100);
    for (const show::Plan& plan : plans)
      out.require(showPlan(out, plan,
                           {.frames = frames, .evaluatorFrames = std::min<std::uint64_t>(24, frames)}, store),
                  plan.name);
    out.require(accuracy(out, *plans[2].network), "accuracy");
  }
  for (const show::Reference& reference : references) {
    const auto show = [&]() -> Status {
      SLUICE_TRY(show::Network network, show::load(reference));
      return showPlan(
          out, {reference.name, std::make_shared<const show::Network>(std::move(network)), reference.options},
          {reference.frames, reference.evaluatorFrames}, store);
    };
    out.require(show(), reference.name);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> known = show::networkOptions();
  known.insert(known.end(), {"--frames=", "--no-verilator", "--no-cache"});
  show::Output out(argc, argv, known);
  out.require(run(out), "networks");
  return out.exitCode();
}
