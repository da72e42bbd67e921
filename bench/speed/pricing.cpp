// How long it takes to price a network: from its mapped kernels to look-up tables, flip-flops, DSP blocks and block RAM
// (hdl::cost over every different kernel and FIFO of the design), for each of the reference networks as the program
// `networks` builds them. Writing the modules that are counted (elaborate, simplify, stitch), which every build does anyway,
// is printed beside it.
//
// Least of several runs, by the clock on all threads (SLUICE_THREADS) and in processor time of all of them; the counts of
// all runs must agree. Processor time says what a machine beside other work would take.
//
//   pricing [--mlps] [--NETWORK...] [--ecp5] [--json]
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/usage.h"
#include "networks_list.h"

namespace {

using namespace sluice;

constexpr double kMost = 0.05;  ///< seconds
constexpr int kRuns = 20;

Status price(show::Output& out, const std::string& name, const ir::Graph& lowered,
             const map::MapOptions& options, hdl::Family family,
             std::vector<std::vector<std::string>>& rows) {
  const double start = processorSeconds();
  SLUICE_TRY(const show::Hardware hardware, show::build(lowered, options));
  const double written = processorSeconds() - start;
  double least = 1e9, processor = 1e9;
  hdl::Cost cost;
  bool same = true;
  for (int run = 0; run < kRuns; ++run) {
    const double before = processorSeconds();
    const show::Clock clock;
    const hdl::Cost counted = hdl::cost(*hardware.rtl.top, family);
    least = std::min(least, clock.seconds());
    processor = std::min(processor, processorSeconds() - before);
    same = same && (run == 0 || counted == cost);
    cost = counted;
  }
  const auto number = [](std::uint64_t n) { return formatCount(static_cast<std::int64_t>(n)); };
  rows.push_back({name, number(hardware.design.kernels.size()), number(hardware.rtl.modules.size()),
                  number(cost.allLuts()), number(cost.ff), number(cost.dsp), number(cost.bram18),
                  formatFixed(1e3 * written, 0), formatFixed(1e3 * processor, 1),
                  formatFixed(1e3 * least, 1)});
  out.figure("pricing/" + name, 1e3 * least, "ms", "measured");
  out.require(same && cost.lut > 0 && least < kMost,
              fmt::format("{}: priced in {:.1f} ms", name, 1e3 * least));
  return {};
}

Status run(show::Output& out) {
  const hdl::Family family = out.has("--ecp5") ? hdl::Family::ecp5 : hdl::Family::xc7;
  std::vector<std::vector<std::string>> rows{{"network", "kernels", "modules", "LUT", "FF", "DSP", "BRAM18",
                                              "mapped and written ms", "processor ms", "priced ms"}};
  const std::vector<show::Reference> references = show::chosenReferences(out);
  if (out.has("--mlps") || references.size() == show::references().size()) {
    SLUICE_TRY(const std::vector<show::Plan> plans, show::plans());
    for (const show::Plan& plan : plans)
      SLUICE_RETURN_IF_ERROR(price(out, plan.name, plan.network->lowered, plan.options, family, rows));
  }
  for (const show::Reference& reference : references) {
    SLUICE_TRY(const show::Network network, show::load(reference));
    SLUICE_RETURN_IF_ERROR(price(out, reference.name, network.lowered, reference.options, family, rows));
  }
  out.say(show::table(rows));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> known = show::networkOptions();
  known.push_back("--ecp5");
  show::Output out(argc, argv, known);
  out.require(run(out), "pricing");
  return out.exitCode();
}
