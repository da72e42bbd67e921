// Whether the tests would notice: single-line faults in generated Verilog, each of which must be caught by the tests' own
// method (the printed module in Verilator beside the in-process evaluator, values and cycles under random gaps and
// stalls), or be proven to change nothing.
//
//   mutations [--seed=N] [--faults=N] [--batch=N] [--all] [--json]
//
// One kernel a fault, families in turn, each between FIFOs of random kinds and depths, so that faults fall on
// controllers, datapaths and FIFOs alike. --all lists the caught ones as well.
#include <fmt/format.h>

#include "hdl/verilog.h"
#include "kernel/testing.h"
#include "kernels_verilator.h"
#include "mutations_fault.h"
#include "show.h"

namespace {

using namespace sluice;

struct Mutant {
  std::string family;
  std::uint64_t kernelSeed = 0;
  show::Bench bench;
  show::Fault fault;
  std::string verdict;  ///< how it was caught; empty: not yet
};

std::vector<Mutant> mutants(std::uint64_t seed, std::uint64_t count) {
  const std::vector<std::string>& families = kernel::randomFamilies();
  std::vector<Mutant> list;
  for (std::uint64_t i = 0; list.size() < count; ++i) {
    Rng rng(seed, 1000 + i);
    Mutant mutant{.family = families[i % families.size()], .kernelSeed = seed * 100'000 + i};
    mutant.bench = show::benchOf(kernel::randomKernel(mutant.family, mutant.kernelSeed).kernel,
                                 fmt::format("k{}", i), rng);
    const std::string text = hdl::verilog(*mutant.bench.module, hdl::Family::xc7);
    const std::optional<show::Fault> fault = show::randomFault(text, rng);
    if (!fault) continue;  // nothing but wires
    mutant.fault = *fault;
    mutant.bench.verilog = fault->text;
    list.push_back(std::move(mutant));
  }
  return list;
}

Status judge(std::vector<Mutant>& list, std::uint32_t cycles, std::uint64_t seed, std::uint64_t batch) {
  std::vector<std::size_t> left;
  for (std::size_t m = 0; m < list.size(); ++m)
    if (list[m].verdict.empty()) left.push_back(m);
  for (std::size_t first = 0; first < left.size(); first += batch) {
    std::vector<show::Bench> benches;
    for (std::size_t i = first; i < std::min(left.size(), first + batch); ++i)
      benches.push_back(list[left[i]].bench);
    SLUICE_TRY(const show::BatchVerdict verdict, show::judgeBatch(benches, cycles, seed + first));
    for (std::size_t i = 0; i < benches.size(); ++i)
      if (!verdict.benches[i].ok())
        list[left[first + i]].verdict = "caught: " + verdict.benches[i].error().message;
  }
  return {};
}

Status run(show::Output& out) {
  const std::uint64_t seed = out.number("--seed=", 1), count = out.number("--faults=", 200);
  const std::uint64_t batch = std::max<std::uint64_t>(1, out.number("--batch=", 100));
  const show::Clock clock;
  std::vector<Mutant> list = mutants(seed, count);
  SLUICE_RETURN_IF_ERROR(judge(list, 500, seed, batch));
  std::map<std::string, std::array<std::uint64_t, 2>> byKind;
  for (const Mutant& mutant : list) {
    const bool caught = !mutant.verdict.empty();
    ++byKind[mutant.fault.kind][caught ? 0 : 1];
    if (caught && !out.has("--all")) continue;
    out.say(fmt::format("{:<9} {} {:<10} line {:>3}: {}\n    now  {}\n    {}", mutant.family,
                        mutant.bench.module->name, mutant.fault.kind, mutant.fault.line, mutant.fault.before,
                        mutant.fault.after, caught ? mutant.verdict : "not caught in simulation"));
  }
  for (const auto& [kind, counts] : byKind)
    out.say(fmt::format("{:<10} {} caught, {} not caught", kind, counts[0], counts[1]));
  std::uint64_t caught = 0;
  for (const auto& [kind, counts] : byKind) caught += counts[0];
  out.say(fmt::format("{} faults: {} caught ({:.0f} s)", list.size(), caught, clock.seconds()));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--seed=", "--faults=", "--batch=", "--all"});
  out.require(run(out), "mutations");
  return out.exitCode();
}
