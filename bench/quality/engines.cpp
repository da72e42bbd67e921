// Engines against each other: the in-process evaluator and Verilator on 1,000 random small kernels (many in
// one compile), and the integer engine and the evaluator on 100,000 random cases (random networks, random
// codes).
//
//   engines [--kernels=N] [--batch=N] [--cases=N] [--json]
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/rng.h"
#include "base/text.h"
#include "hdl/simplify.h"
#include "ir/host.h"
#include "ir/random_graph.h"
#include "kernel/testing.h"
#include "kernels_verilator.h"
#include "show.h"

namespace {

using namespace sluice;

Status kernels(show::Output& out) {
  const std::uint64_t total = out.number("--kernels=", 1000),
                      batch = std::max<std::uint64_t>(1, out.number("--batch=", 100));
  show::BatchCount sum;
  std::map<std::string, int> families;
  for (std::uint64_t first = 0; first < total; first += batch) {
    std::vector<show::Bench> benches;
    for (std::uint64_t seed = first; seed < std::min(total, first + batch); ++seed) {
      benches.push_back(
          show::benchOf(kernel::randomKernel(seed).kernel, "k" + std::to_string(seed), Rng(seed, 77)));
      ++families[benches.back().kernel.family];
    }
    SLUICE_TRY(const show::BatchCount count, show::compareBatch(benches, 200, first));
    sum.kernels += count.kernels;
    sum.cycles += count.cycles;
    sum.values += count.values;
    sum.beats += count.beats;
    sum.compileSeconds += count.compileSeconds;
    out.say(fmt::format("  {} of {} kernels, {:.0f} s in Verilator", sum.kernels, total, sum.compileSeconds));
  }
  std::vector<std::string> parts;
  for (const auto& [family, count] : families) parts.push_back(fmt::format("{} {}", count, family));
  out.require(
      sum.kernels == total && sum.beats > 10 * total,
      fmt::format(
          "evaluator and Verilator agree on {} random kernels ({}): {} cycles, {} values, {} output beats",
          sum.kernels, join(parts, ", "), sum.cycles, sum.values, sum.beats));
  out.figure("engines/kernels", static_cast<double>(sum.kernels), "kernels", "simulated");
  return {};
}

/// Random codes through one random network: how many cases, or the first difference.
Result<std::uint64_t> networkCases(std::uint64_t seed, std::uint64_t frames) {
  Rng rng(seed, 3);
  ir::RandomGraphOptions shape{.operations = 1 + static_cast<std::size_t>(rng.bits() % 6)};
  shape.inputs = 1 + static_cast<std::size_t>(rng.bits() % 2);
  shape.mostOutputs = 1 + static_cast<std::size_t>(rng.bits() % 2);
  const ir::Graph graph = ir::randomGraph(seed, shape);
  const map::MapOptions options{.regime = rng.chance(0.5) ? map::Regime::streamed : map::Regime::unrolled,
                                .reuseFactor = 1 + rng.bits() % 20};
  Result<show::Hardware> hardware = show::build(graph, options);
  if (!hardware.ok() && hardware.error().message.find("there is nothing to build") != std::string::npos)
    return 0;
  if (!hardware.ok()) return hardware.error();
  SLUICE_TRY(ir::IntegerEngine engine, ir::IntegerEngine::compile(graph));
  show::Network network{.lowered = graph, .samples = frames};
  network.codes = ir::randomCodes(graph, engine.regions(), frames, seed);
  network.engine = std::make_shared<const ir::IntegerEngine>(std::move(engine));
  SLUICE_TRY(const flow::Frames taken, show::framesOf(network, hardware->design, frames));
  SLUICE_TRY(const flow::Agreement agreement,
             show::agreeEvaluator(*hardware, taken, static_cast<std::uint32_t>(rng.uniform(0, 2)) * 20));
  if (!agreement.equal()) return badInput(agreement.firstDifference, fmt::format("network of seed {}", seed));
  return frames;
}

Status cases(show::Output& out) {
  const std::uint64_t total = out.number("--cases=", 100'000);
  std::uint64_t done = 0, networks = 0;
  for (std::uint64_t seed = 1; done < total; ++seed) {
    SLUICE_TRY(const std::uint64_t count, networkCases(seed, 100));
    done += count;
    networks += count > 0 ? 1 : 0;
  }
  out.require(done >= total,
              fmt::format("integer engine, evaluator and simulator agree on {} random cases ({} networks)",
                          formatCount(static_cast<std::int64_t>(done)), networks));
  out.figure("engines/cases", static_cast<double>(done), "cases", "simulated");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--kernels=", "--batch=", "--cases="});
  out.require(cases(out), "cases");
  out.require(kernels(out), "kernels");
  return out.exitCode();
}
