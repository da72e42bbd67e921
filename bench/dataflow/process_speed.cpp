// Evaluations per second: single-depth changes from the sized depths, as a search makes them, on every network.
// Peer: FIFOAdvisor over LightningSim, 0.08 to 62 ms a configuration on the opt5 designs.
//
//   process_speed [PART-OF-A-NAME] [--seconds=S]
#include <fmt/format.h>

#include <algorithm>

#include "base/rng.h"
#include "base/usage.h"
#include "dataflow/process/size.h"
#include "process_files.h"

int main(int argc, char** argv) {
  using namespace sluice;
  using namespace sluice::dataflow::process;
  std::string only;
  double limit = 0.3;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--seconds="))
      limit = std::stod(argument.substr(10));
    else
      only = argument;
  }
  std::vector<double> means;
  double slowest = 0;
  fmt::print("{:<24}{:>10}{:>10}{:>12}{:>12}{:>12}{:>14}\n", "network", "cycles", "runs", "mean ms",
             "largest ms", "runs/s", "cycles/s");
  for (const bench::File& file : bench::processFiles(only)) {
    const auto program = compile(file.network);
    if (!program.ok()) return fmt::print("{}\n", program.error().text()), 1;
    Evaluator evaluator(*program, file.network.timing);
    const std::vector<std::uint64_t> top = unboundedDepths(file.network);
    std::vector<std::uint64_t> sized(top.size(), 2);
    for (std::size_t g = 0; g < sized.size(); ++g)
      sized[g] = file.expected["sizing"]["depths"][file.network.groups[g]].get<std::uint64_t>();
    Rng random(1, 0);
    double largest = 0, cycles = 0, spent = 0;
    std::uint64_t runs = 0;
    const double begin = processorSeconds();
    while (processorSeconds() - begin < limit || runs < 10) {
      std::vector<std::uint64_t> depths = sized;
      const auto g = static_cast<std::size_t>(random.uniform(0, static_cast<std::int64_t>(sized.size()) - 1));
      depths[g] = static_cast<std::uint64_t>(
          random.uniform(2, static_cast<std::int64_t>(random.chance(0.5) ? 2 * sized[g] : top[g])));
      const std::vector<LaneSetting> lanes = evaluator.exact(depths);
      const double before = processorSeconds();
      const Outcome outcome = evaluator.run(lanes);
      const double time = processorSeconds() - before;
      spent += time;
      largest = std::max(largest, time);
      cycles += static_cast<double>(outcome.cycles);
      ++runs;
    }
    const double mean = spent / static_cast<double>(runs);
    fmt::print("{:<24}{:>10}{:>10}{:>12.4f}{:>12.3f}{:>12.0f}{:>14.3g}\n", file.network.name,
               evaluator.run(evaluator.exact(sized)).cycles, runs, 1e3 * mean, 1e3 * largest, 1 / mean,
               cycles / spent);
    means.push_back(mean);
    slowest = std::max(slowest, largest);
  }
  std::sort(means.begin(), means.end());
  fmt::print("\nmean ms a run: median {:.4f}, largest {:.3f}; the slowest run of all {:.3f} ms\n",
             1e3 * means[means.size() / 2], 1e3 * means.back(), 1e3 * slowest);
  bench::figure("process_speed/median", 1e3 * means[means.size() / 2], "ms");
  bench::figure("process_speed/largest_mean", 1e3 * means.back(), "ms");
}
