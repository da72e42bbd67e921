// FIFO sizing of the 45 process networks: cost, bound and proof against the files' best known. Promised for beats: never
// above it, all proven, median of at most 1 s, none over 300 s.
//
//   process_sizing [PART-OF-A-NAME] [--cost=beats|bits|bram18|luts] [--time-limit=S]
#include <fmt/format.h>

#include <algorithm>

#include "base/usage.h"
#include "dataflow/process/size.h"
#include "process_files.h"

int main(int argc, char** argv) {
  using namespace sluice;
  using namespace sluice::dataflow::process;
  std::string only;
  SizingOptions options{.targetCycles = {}, .cost = CostKind::beats, .timeLimit = 300};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--cost=")) {
      const auto kind = parseCostKind(argument.substr(7));
      if (!kind.ok()) return fmt::print(stderr, "{}\n", kind.error().text()), 2;
      options.cost = *kind;
    } else if (argument.starts_with("--time-limit=")) {
      options.timeLimit = std::stod(argument.substr(13));
    } else {
      only = argument;
    }
  }
  int proven = 0, worse = 0;
  std::vector<double> times;
  fmt::print("{:<24}{:>10}{:>10}{:>10}{:>8} | {:>10}{:>10}{:>9} | {:>9}{:>9}{:>10}\n", "network", "target",
             "cost", "bound", "proven", "file best", "bound", "conflicts", "seconds", "sims", "cycles");
  for (const bench::File& file : bench::processFiles(only)) {
    const double begin = processorSeconds();
    const auto sizing = sizeFifos(file.network, options);
    const double seconds = processorSeconds() - begin;
    if (!sizing.ok()) {
      fmt::print("{}\n", sizing.error().text());
      return 1;
    }
    const auto best = file.expected["sizing"]["best_known"].get<std::uint64_t>();
    fmt::print("{:<24}{:>10}{:>10}{:>10}{:>8} | {:>10}{:>10}{:>9} | {:>9.3f}{:>9}{:>10}{}\n",
               file.network.name, sizing->target, sizing->cost, sizing->lowerBound,
               sizing->proven ? "yes" : "OPEN", best,
               file.expected["sizing"]["lower_bound"].get<std::uint64_t>(), sizing->conflicts.size(), seconds,
               sizing->simulations, sizing->cycles,
               options.cost == CostKind::beats && sizing->cost < best ? "  less than known" : "");
    std::fflush(stdout);
    proven += sizing->proven ? 1 : 0;
    worse += options.cost == CostKind::beats && sizing->cost > best ? 1 : 0;
    times.push_back(seconds);
  }
  std::sort(times.begin(), times.end());
  fmt::print("\n{} of {} proven, {} above the best known; seconds: median {:.3f}, largest {:.3f}\n", proven,
             times.size(), worse, times[times.size() / 2], times.back());
  bench::figure("process_sizing/proven", proven, "networks");
  bench::figure("process_sizing/median", times[times.size() / 2], "s");
  bench::figure("process_sizing/largest", times.back(), "s");
  if (options.cost != CostKind::beats) return 0;
  const bool kept = worse == 0 && proven == static_cast<int>(times.size()) && times[times.size() / 2] <= 1 &&
                    times.back() <= 300;
  return kept ? 0 : 1;
}
