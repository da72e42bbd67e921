// Every kernel family: values and cycles of random configurations in the in-process evaluator (golden function, simulator
// and hardware against each other: kernel/testing.h), and the evaluator against Verilator, many kernels in one model.
//
//   families [--FAMILY]... [--configs=N] [--verilator=N] [--batch=N] [--json]
//
// Without a family: all. Default: 2,000 configurations each, 200 of them in Verilator. (Cost against Yosys:
// cost_against_yosys kernels/FAMILY:30.)
#include <fmt/format.h>

#include "base/rng.h"
#include "base/text.h"
#include "hdl/simplify.h"
#include "kernel/testing.h"
#include "kernels_verilator.h"
#include "show.h"

namespace {

using namespace sluice;

/// Four cases, each with its own data and stalls, of three frames.
Result<kernel::ViewCount> views(const std::string& family, std::uint64_t configurations) {
  kernel::ViewCount sum;
  for (std::uint64_t seed = 1; seed <= configurations; ++seed) {
    SLUICE_TRY(const kernel::ViewCount count, kernel::checkViews(kernel::randomKernel(family, seed),
                                                                 {.seed = seed, .lanes = 4, .passes = 3}));
    sum.cases += count.cases;
    sum.beats += count.beats;
    sum.cycles += count.cycles;
  }
  return sum;
}

Result<show::BatchCount> inVerilator(const std::string& family, std::uint64_t kernels, std::uint64_t batch) {
  show::BatchCount sum;
  for (std::uint64_t first = 1; first <= kernels; first += batch) {
    std::vector<show::Bench> benches;
    for (std::uint64_t seed = first; seed < std::min(kernels + 1, first + batch); ++seed)
      benches.push_back(show::benchOf(kernel::randomKernel(family, seed).kernel, "k" + std::to_string(seed),
                                      Rng(seed, 78)));
    SLUICE_TRY(const show::BatchCount count, show::compareBatch(benches, 500, first));
    sum.kernels += count.kernels;
    sum.cycles += count.cycles;
    sum.values += count.values;
    sum.beats += count.beats;
    sum.compileSeconds += count.compileSeconds;
  }
  return sum;
}

Status showFamily(show::Output& out, const std::string& family) {
  const std::uint64_t configurations = out.number("--configs=", 2000),
                      kernels = out.number("--verilator=", 200);
  SLUICE_TRY(const kernel::ViewCount seen, views(family, configurations));
  out.require(
      seen.beats > 10 * configurations || configurations == 0,
      fmt::format("{:<10} values and cycles of {} configurations agree: {} cases, {} beats, {} cycles",
                  family, configurations, seen.cases, seen.beats, seen.cycles));
  out.figure("families/" + family + "/configurations", static_cast<double>(configurations), "kernels",
             "simulated");
  if (kernels == 0) return {};
  SLUICE_TRY(const show::BatchCount count,
             inVerilator(family, kernels, std::max<std::uint64_t>(1, out.number("--batch=", 100))));
  out.require(
      count.kernels == kernels && count.beats > 10 * kernels,
      fmt::format("{:<10} evaluator and Verilator agree on {} kernels: {} cycles, {} values, {} output beats "
                  "({:.0f} s)",
                  family, count.kernels, count.cycles, count.values, count.beats, count.compileSeconds));
  out.figure("families/" + family + "/verilator", static_cast<double>(count.kernels), "kernels", "simulated");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> families = kernel::randomFamilies();
  families.insert(families.end(), kernel::randomVariants().begin(), kernel::randomVariants().end());
  std::vector<std::string> known{"--configs=", "--verilator=", "--batch="};
  for (const std::string& family : families) known.push_back("--" + family);
  show::Output out(argc, argv, known);
  bool some = false;
  for (const std::string& family : families) some = some || out.has("--" + family);
  for (const std::string& family : families)
    if (!some || out.has("--" + family)) out.require(showFamily(out, family), family);
  return out.exitCode();
}
