// Cycles of the 45 process networks at the given depths, at depth 2 and with unbounded FIFOs, against the file's
// `model_cycles` (must be equal), measured RTL cycles, Vitis' own estimate and LightningSim where published.
//
//   process_cycles [PART-OF-A-NAME]
#include <fmt/format.h>

#include <cmath>

#include "dataflow/process/evaluate.h"
#include "process_files.h"

namespace {

using namespace sluice;
using namespace sluice::dataflow::process;

std::string shown(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::finished ? std::to_string(outcome.cycles) : "deadlock";
}
std::string shown(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Mean, median and maximum of errors in percent.
std::string spread(std::vector<double> errors) {
  std::sort(errors.begin(), errors.end());
  double sum = 0;
  for (const double error : errors) sum += error;
  return fmt::format("mean {:.3f} %, median {:.3f} %, max {:.3f} %", sum / static_cast<double>(errors.size()),
                     errors[errors.size() / 2], errors.back());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<bench::File> files = bench::processFiles(argc > 1 ? argv[1] : "");
  int wrong = 0;
  std::uint64_t cycles = 0;
  double total = 0;
  std::vector<double> ours, vitis;
  fmt::print("{:<24}{:>10}{:>10}{:>10}{:>10} | {:>10}{:>9}{:>10}{:>9}{:>10} | {:>8}{:>9}\n", "network",
             "given", "depth 2", "unbounded", "as file", "RTL", "error %", "Vitis", "error %", "Lightning",
             "events", "ms");
  for (const bench::File& file : files) {
    const auto program = compile(file.network);
    if (!program.ok()) {
      fmt::print("{}\n", program.error().text());
      return 1;
    }
    Evaluator evaluator(*program, file.network.timing);
    const std::vector<std::uint64_t> two(file.network.groups.size(), 2);
    std::uint64_t events = 0;
    for (const ProgramOf& process : program->processes) events += process.events;
    Outcome given = evaluator.run(evaluator.exact(givenDepths(file.network)));
    const double begin = bench::seconds();
    given = evaluator.run(evaluator.exact(givenDepths(file.network)));
    const double time = bench::seconds() - begin;
    const Outcome shallow = evaluator.run(evaluator.exact(two));
    const Outcome unbounded = evaluator.run(evaluator.exact(unboundedDepths(file.network)));
    const nlohmann::json& model = file.expected["model_cycles"];
    const bool same = shown(given) == shown(model["base"]) && shown(shallow) == shown(model["depth2"]) &&
                      shown(unbounded) == shown(model["unbounded"]);
    wrong += same ? 0 : 1;
    const auto rtl = file.expected["rtl_cosim_cycles"].get<double>();
    const auto estimate = file.expected["vitis_csynth_cycles"].get<double>();
    ours.push_back(100 * std::abs(static_cast<double>(given.cycles) - rtl) / rtl);
    vitis.push_back(100 * std::abs(estimate - rtl) / rtl);
    const std::string lightning = file.expected.contains("lightningsim_base_latency")
                                      ? file.expected["lightningsim_base_latency"].dump()
                                      : "";
    fmt::print("{:<24}{:>10}{:>10}{:>10}{:>10} | {:>10}{:>9.3f}{:>10}{:>9.3f}{:>10} | {:>8}{:>9.3f}\n",
               file.network.name, shown(given), shown(shallow), shown(unbounded), same ? "yes" : "NO", rtl,
               ours.back(), estimate, vitis.back(), lightning, events, 1e3 * time);
    total += time;
    cycles += given.cycles;
  }
  fmt::print("\n{} of {} as in their files at all three depths\n", static_cast<int>(files.size()) - wrong,
             files.size());
  fmt::print("error against RTL: {}; of Vitis' estimate: {}\n", spread(ours), spread(vitis));
  bench::figure("process_cycles/agree", static_cast<double>(files.size()) - wrong, "networks");
  bench::figure("process_cycles/speed", static_cast<double>(cycles) / total, "cycles/s");
  return wrong == 0 ? 0 : 1;
}
