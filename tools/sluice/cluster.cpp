#include "cluster.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "cluster/machine.h"

namespace sluice::tool {
namespace {

using namespace cluster;

std::string units(double ticks) { return formatFixed(ticks / ticksPerUnit, 4); }

Status simulatePlan(const ClusterOptions& options) {
  SLUICE_TRY(const std::string text, readFile(options.plan, std::uint64_t{1} << 30));
  const auto machine = readMachine(text);
  if (!machine.ok()) return badInput(machine.error().text(), options.plan.filename().string());
  SLUICE_TRY(const EventGraph graph,
             graphOf(*machine, {.sending = options.sending, .receiving = options.receiving}));
  SLUICE_TRY(const Simulation result,
             simulate(graph, {.frames = options.frames,
                              .interval = static_cast<Time>(std::llround(options.interval * ticksPerUnit))}));
  std::printf("%s frames, %s simulated one by one",
              formatCount(static_cast<std::int64_t>(result.frames)).c_str(),
              formatCount(static_cast<std::int64_t>(result.simulated)).c_str());
  if (result.period > 0)
    std::printf(" (from there on every %s the same)",
                countOf(static_cast<std::int64_t>(result.period), "frame").c_str());
  std::printf("\n  a frame every %s; the last is done at %s\n", units(result.interval).c_str(),
              units(static_cast<double>(result.finished)).c_str());
  const auto latency = [&](double q) { return units(static_cast<double>(result.latency(q))); };
  std::printf("  latency: least %s, median %s, 99 %% %s, largest %s\n", latency(0).c_str(),
              latency(0.5).c_str(), latency(0.99).c_str(), latency(1).c_str());
  for (std::size_t s = 0; s < machine->stages.size(); ++s) {
    const double busy =
        result.interval > 0 ? 100 * machine->stages[s].work * ticksPerUnit / result.interval : 0;
    std::printf("  %-24s works %s %% of the time", machine->stages[s].name.c_str(),
                formatFixed(busy, 1).c_str());
    for (const Waiting& waiting : result.waits)
      if (waiting.task == s && waiting.what != "the board is at work")
        std::printf("; %s (%s %%)", waiting.what.c_str(), formatFixed(100 * waiting.share, 0).c_str());
    std::printf("\n");
  }
  return {};
}

}  // namespace

void addCluster(CLI::App& app, ClusterOptions& options) {
  CLI::App* cluster = app.add_subcommand("cluster", "frames over many boards and links, to the tick");
  cluster->require_subcommand(1);
  CLI::App* simulate = cluster->add_subcommand("simulate", "rate, latency, and where a plan's boards wait");
  simulate->add_option("PLAN", options.plan, "file that `sluice split plan` wrote")
      ->required()
      ->type_name("PLAN.json");
  simulate->add_option("--frames", options.frames, "frames; what repeats is not simulated again")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40).description(""))
      ->capture_default_str();
  simulate
      ->add_option("--interval", options.interval,
                   "a frame is offered every T; without it, as fast as they can enter")
      ->type_name("T")
      ->check(CLI::Range(0.0, 1e9).description(""));
  simulate->add_option("--sending", options.sending, "places of the FIFO before each link, in frames")
      ->type_name("N")
      ->check(CLI::Range(1u, 65536u).description(""))
      ->capture_default_str();
  simulate->add_option("--receiving", options.receiving, "places of the FIFO behind each link, in frames")
      ->type_name("N")
      ->check(CLI::Range(1u, 65536u).description(""))
      ->capture_default_str();
  simulate->footer(
      "Of each board: its share of time at work, and of the frames those for which it waited last for what "
      "is named.\n\n"
      "Example:\n"
      "  sluice cluster simulate plan.json --frames 1000000 --receiving 8\n");
}

int runCluster(const ClusterOptions& options) {
  const Status status = simulatePlan(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "sluice: %s\n", status.error().text().c_str());
  return exitCode(status.error().code);
}

}  // namespace sluice::tool
