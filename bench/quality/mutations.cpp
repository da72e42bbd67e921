// Whether the tests would notice: single-line faults in generated Verilog, each of which must be caught by the tests' own
// method (the printed module in Verilator beside the in-process evaluator, values and cycles under random gaps and
// stalls), or be proven to change nothing.
//
//   mutations [--seed=N] [--faults=N] [--batch=N] [--rounds=N] [--only=K] [--list] [--all] [--json]
//
// One kernel a fault, families in turn, each between FIFOs of random kinds and depths, so that faults fall on
// controllers, datapaths and FIFOs alike. --all lists the caught ones as well; --rounds=N simulates N times (5), each time what the
// times before have not caught; --only judges the fault of kernel K alone; --list prints the faults, judging none
// (of one kernel, the whole module too).
#include <fmt/format.h>

#include <array>
#include <map>

#include "flow/tools.h"
#include "hdl/verilog.h"
#include "jobs/pool.h"
#include "jobs/store.h"
#include "kernel/testing.h"
#include "kernels_verilator.h"
#include "mutations_equivalent.h"
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

/// Proves mutants equal to their modules, register by register and port by port: every signal of one name is the same in
/// both whenever it was the same a few cycles before, and so from any common state on (Yosys: equiv_induct).
Status proveByNames(std::vector<Mutant>& list, const jobs::Store* store) {
  SLUICE_TRY(const flow::Tool yosys, flow::findYosys());
  std::vector<jobs::Command> commands;
  std::vector<std::size_t> which;
  for (std::size_t m = 0; m < list.size(); ++m) {
    if (!list[m].verdict.empty()) continue;
    const std::string& top = list[m].bench.module->name;
    std::string script;
    for (const char* side : {"gold", "gate"})
      script += fmt::format(
          "read_verilog -nosynthesis {0}.v\nhierarchy -top {1}\nproc\nmemory -nomap\nmemory_map\nopt -full\n"
          "rename {1} {0}\ndesign -stash {0}\n",
          side, top);
    script +=
        "design -copy-from gold -as gold gold\ndesign -copy-from gate -as gate gate\n"
        "equiv_make gold gate both\nhierarchy -top both\nopt -full\nequiv_simple -seq 2\nequiv_induct -seq "
        "4\n"
        "equiv_status -assert\n";
    commands.push_back({.name = "equivalence of " + top,
                        .argv = {yosys.path, "-q", "-l", "yosys.log", "-s", "equiv.ys"},
                        .inputs = {{"gold.v", hdl::verilog(*list[m].bench.module, hdl::Family::xc7)},
                                   {"gate.v", list[m].fault.text},
                                   {"equiv.ys", script}},
                        .outputs = {{"yosys.log", true}},
                        .toolVersion = yosys.version,
                        .limits = {.seconds = 600}});
    which.push_back(m);
  }
  const std::vector<Result<jobs::Outcome>> outcomes = jobs::runAll(store, commands, {.workers = 2});
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (!outcomes[i].ok()) return outcomes[i].error();
    if (outcomes[i]->succeeded()) list[which[i]].verdict = "equivalent: proven by Yosys (equiv_induct)";
  }
  return {};
}

/// What that leaves: proofs with lemmas (mutations_equivalent.h), each with as few as it takes.
Status proveEquivalent(std::vector<Mutant>& list, const jobs::Store* store) {
  for (const show::Reachable reachable :
       {show::Reachable::anything, show::Reachable::counters, show::Reachable::pairs}) {
    std::vector<flow::ProofTask> tasks;
    std::vector<std::size_t> which;
    for (std::size_t m = 0; m < list.size(); ++m) {
      if (!list[m].verdict.empty()) continue;
      SLUICE_TRY(flow::ProofTask task, show::equivalenceTask(list[m].bench, list[m].fault.text, reachable));
      tasks.push_back(std::move(task));
      which.push_back(m);
    }
    SLUICE_TRY(const std::vector<flow::Proof> proofs, flow::prove(tasks, 2, store));
    for (std::size_t t = 0; t < tasks.size(); ++t)
      if (proofs[t].verdict == flow::Verdict::proven)
        list[which[t]].verdict = fmt::format(
            "equivalent: proven by Yosys (sat -tempinduct, k = {}{})", proofs[t].steps,
            reachable == show::Reachable::anything   ? ""
            : reachable == show::Reachable::counters ? "; values that counters never hold"
                                                     : "; values that two bits never hold together");
  }
  return {};
}

std::string faultText(const Mutant& mutant, const std::string& verdict) {
  return fmt::format("{:<9} {:<16} {:<10} line {:>3}: {}\n{:>38} now: {}\n{:>38} {}", mutant.family,
                     mutant.bench.module->name, mutant.fault.kind, mutant.fault.line, mutant.fault.before, "",
                     mutant.fault.after, "", verdict);
}

Status run(show::Output& out) {
  const std::uint64_t seed = out.number("--seed=", 1), count = out.number("--faults=", 200);
  const std::uint64_t batch = std::max<std::uint64_t>(1, out.number("--batch=", 100));
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  const show::Clock clock;
  std::vector<Mutant> list = mutants(seed, count);
  const std::uint64_t all = ~std::uint64_t{0}, only = out.number("--only=", all);
  if (only != all)
    std::erase_if(list, [&](const Mutant& mutant) {
      return !mutant.bench.module->name.starts_with(fmt::format("k{}_", only)) &&
             mutant.bench.module->name != fmt::format("k{}", only);
    });
  if (out.has("--list")) {
    for (const Mutant& mutant : list)
      out.say(faultText(mutant, only == all ? "not judged" : "\n" + mutant.fault.text));
    return {};
  }
  // What one run of a few hundred cycles leaves is given more: the tests run thousands of kernels, a mutant is one.
  // And from several power-up states: a register that is never written may hold the right value by luck.
  for (std::uint64_t round = 0; round < out.number("--rounds=", 5); ++round)
    SLUICE_RETURN_IF_ERROR(judge(list, round == 0 ? 500 : 6000, seed + 7919 * round, batch));
  SLUICE_RETURN_IF_ERROR(proveByNames(list, &cache));
  SLUICE_RETURN_IF_ERROR(proveEquivalent(list, &cache));
  std::map<std::string, std::array<std::uint64_t, 3>> byKind;
  std::array<std::uint64_t, 3> sum{};
  for (const Mutant& mutant : list) {
    const std::size_t outcome = mutant.verdict.empty() ? 2 : mutant.verdict.starts_with("caught") ? 0 : 1;
    ++byKind[mutant.fault.kind][outcome];
    ++sum[outcome];
    if (outcome == 0 && !out.has("--all")) continue;
    out.say(faultText(mutant, mutant.verdict.empty() ? "SURVIVED" : mutant.verdict));
  }
  for (const auto& [kind, counts] : byKind)
    out.say(fmt::format("{:<10} {:>3} caught, {:>2} proven equivalent, {:>2} survived", kind, counts[0],
                        counts[1], counts[2]));
  out.figure("mutations/caught", static_cast<double>(sum[0]), "faults", "simulated");
  out.figure("mutations/equivalent", static_cast<double>(sum[1]), "faults", "proven");
  out.require(sum[2] == 0 && (only != all || list.size() == count),
              fmt::format("{} faults: {} caught in simulation, {} proven equivalent, {} survived ({:.0f} s)",
                          list.size(), sum[0], sum[1], sum[2], clock.seconds()));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv,
                   {"--seed=", "--faults=", "--batch=", "--rounds=", "--only=", "--list", "--all"});
  out.require(run(out), "mutations");
  return out.exitCode();
}
