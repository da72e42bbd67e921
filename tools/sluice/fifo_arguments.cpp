#include <CLI/CLI.hpp>

#include "fifo.h"

/// The options of `sluice fifo`.
namespace sluice::tool {

void addFifo(CLI::App& app, FifoOptions& options) {
  CLI::App* fifo =
      app.add_subcommand("fifo", "simulate dataflow networks exactly and size their FIFOs, with proof");
  fifo->require_subcommand(1);
  const auto depths = [&](CLI::App* command) {
    command
        ->add_option("--depths", options.depths,
                     "given, unbounded, a number for all, or a JSON file by group")
        ->type_name("given|unbounded|N|D.json")
        ->capture_default_str();
  };
  const auto file = [&](CLI::App* command) {
    command->add_option("FILE", options.file, "network, *.dataflow.json (a process network or a CSDF graph)")
        ->required()
        ->type_name("FILE");
  };
  CLI::App* simulate = fifo->add_subcommand("simulate", "cycles of a run, or the deadlock");
  file(simulate);
  depths(simulate);
  simulate
      ->add_option("--frames", options.frames,
                   "runs one after the other; a process restarts in the cycle after it finished")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32).description(""))
      ->capture_default_str();
  simulate->add_option("--vcd", options.vcd, "occupancies and stalls as a value change dump")->type_name("F");
  simulate->add_option("--fst", options.fst, "the same in GTKWave's compressed form")->type_name("F");
  simulate->add_option("--json", options.json, "cycles or deadlock, and the profile")->type_name("F");
  simulate->footer("Exit code 3: the network stands still; who waits for whom is said.");

  CLI::App* size = fifo->add_subcommand("size", "the least FIFO depths that keep the cycles, with proof");
  file(size);
  size->add_option("--target-cycles", options.target, "cycles not to exceed; base: those at the given depths")
      ->type_name("N|base")
      ->capture_default_str();
  size->add_option("--cost", options.cost, "what is made least: beats, bits, bram18 or luts")
      ->type_name("beats|bits|bram18|luts")
      ->capture_default_str();
  size->add_flag("--pareto", options.pareto, "the whole front of cost against cycles, from the target up");
  size->add_option("--time-limit", options.timeLimit,
                   "seconds of processor time; then the best found, with a proven bound")
      ->type_name("S")
      ->check(CLI::Range(0.0, 1e9).description(""))
      ->capture_default_str();
  size->add_option("-o,--output", options.output, "depths and certificate")
      ->required()
      ->type_name("OUT.json");
  size->footer("Exit codes: 0 proven, 3 no depths meet the target, 4 feasible, but the proof is open.");

  CLI::App* check = fifo->add_subcommand("check", "verify what `size` wrote, without its solver");
  file(check);
  check->add_option("OUT", options.certificate, "file that `sluice fifo size` wrote")
      ->required()
      ->type_name("OUT.json");

  CLI::App* compare =
      fifo->add_subcommand("compare", "the most beats in each FIFO, simulated and in another tool's dump");
  file(compare);
  depths(compare);
  compare->add_option("--vcd", options.vcd, "value change dump of a co-simulation")
      ->required()
      ->type_name("F");
  compare->add_option("--json", options.json, "the rows as JSON")->type_name("F");
  compare->footer(
      "A signal is a FIFO's if its scope is called as the FIFO, or that and _U: mOutPtr + 1, usedw, count "
      "and the like.");
  fifo->footer(
      "Examples:\n"
      "  sluice fifo simulate net.dataflow.json --depths 2 --json profile.json --vcd net.vcd\n"
      "  sluice fifo size net.dataflow.json -o sized.json\n"
      "  sluice fifo check net.dataflow.json sized.json\n"
      "  sluice fifo compare net.dataflow.json --vcd fifo_opt.vcd\n");
}

int runFifo(const CLI::App& app, const FifoOptions& options) {
  const CLI::App* fifo = app.get_subcommand("fifo");
  if (fifo->got_subcommand("simulate")) return simulateFifos(options);
  if (fifo->got_subcommand("compare")) return compareFifoPeaks(options);
  return fifo->got_subcommand("size") ? sizeFifoDepths(options) : checkFifoSizing(options);
}

}  // namespace sluice::tool
