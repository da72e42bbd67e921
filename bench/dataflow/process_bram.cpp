// Block RAMs of 18 Kbit at cycles not above the given depths', against the best point that FIFOAdvisor's searches found;
// and what the same FIFOs cost in look-up tables, as that count calls shift registers free. The published depths are not
// stored, but whatever they are: they need no fewer LUTs than the proven least.
//
//   process_bram [PART-OF-A-NAME] [--time-limit=S]
#include <fmt/format.h>

#include "dataflow/process/size.h"
#include "process_files.h"

int main(int argc, char** argv) {
  using namespace sluice;
  using namespace sluice::dataflow::process;
  std::string only;
  SizingOptions options{.targetCycles = {}, .cost = CostKind::bram18, .timeLimit = 300};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with("--time-limit="))
      options.timeLimit = std::stod(argument.substr(13));
    else
      only = argument;
  }
  int networks = 0, reached = 0, proven = 0;
  fmt::print("{:<24}{:>9}{:>9} | {:>7}{:>9} | {:>7}{:>7}{:>9}{:>9} | {:>10}{:>10}{:>10}{:>10}{:>8} | {:>8}\n",
             "network", "cycles", "BRAM18", "found", "cycles", "BRAM18", "bound", "cycles", "LUTs",
             "given LUTs", "least LUTs", "bound", "cycles", "BRAM18", "seconds");
  for (const bench::File& file : bench::processFiles(only)) {
    if (!file.expected.contains("best_published")) continue;
    ++networks;
    SizingOptions luts = options;
    luts.cost = CostKind::luts;
    const auto blocks = sizeFifos(file.network, options), tables = sizeFifos(file.network, luts);
    if (!blocks.ok() || !tables.ok()) {
      fmt::print("{}\n", (blocks.ok() ? tables : blocks).error().text());
      return 1;
    }
    const GroupCosts bram18(file.network, CostKind::bram18), lut(file.network, CostKind::luts);
    const auto& published = file.expected["best_published"];
    const auto best = published["bram18"].get<std::uint64_t>();
    const auto base = file.expected["model_cycles"]["base"].get<std::uint64_t>();
    const bool good = blocks->cost <= best && blocks->cycles <= base && tables->cycles <= base;
    reached += good ? 1 : 0;
    proven += blocks->proven && tables->proven ? 1 : 0;
    fmt::print(
        "{:<24}{:>9}{:>9} | {:>7}{:>9} | {:>7}{:>7}{:>9}{:>9} | {:>10}{:>10}{:>10}{:>10}{:>8} | {:>8.3f}{}\n",
        file.network.name, base, bram18.total(givenDepths(file.network)), best,
        published["latency"].get<std::uint64_t>(), blocks->cost, blocks->lowerBound, blocks->cycles,
        lut.total(blocks->depths), lut.total(givenDepths(file.network)), tables->cost, tables->lowerBound,
        tables->cycles, bram18.total(tables->depths), blocks->seconds + tables->seconds,
        good ? "" : "  NOT REACHED");
    std::fflush(stdout);
  }
  fmt::print("\n{} of {} at or below the best published; both counts proven least for {}\n", reached,
             networks, proven);
  bench::figure("process_bram/reached", reached, "networks");
  bench::figure("process_bram/proven", proven, "networks");
  return reached == networks ? 0 : 1;
}
