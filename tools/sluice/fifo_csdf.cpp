#include "fifo_csdf.h"

#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "base/usage.h"
#include "dataflow/csdf/read.h"
#include "dataflow/csdf/simulate.h"
#include "dataflow/csdf/size.h"
#include "dataflow/csdf/write.h"

namespace sluice::tool {

namespace {

using namespace dataflow::csdf;

constexpr int infeasibleExit = 3, openExit = 4;

Error usage(const std::string& message) { return {ErrorCode::usage, message, {}}; }

std::string periodText(const Period& period) {
  return formatCount(static_cast<std::int64_t>(period.cycles)) + " cycles per " +
         (period.iterations == 1 ? std::string("iteration")
                                 : countOf(static_cast<std::int64_t>(period.iterations), "iteration"));
}

}  // namespace

Result<int> simulateGraph(const FifoOptions& options) {
  if (!options.vcd.empty() || !options.fst.empty())
    return usage("--vcd and --fst are for process networks; " + options.file.string() + " is a CSDF graph");
  SLUICE_TRY(const Graph graph, readGraph(options.file));
  Capacities capacities(graph.channels.size(), unlimited);
  std::int64_t number = 0;
  if (options.depths == "given")
    return usage("a CSDF graph has no given depths: --depths unbounded, a number, or a file");
  if (parseInt64(options.depths, number)) {
    if (number < 1) return usage("--depths takes a depth of at least 1, not " + options.depths);
    for (std::size_t c = 0; c < capacities.size(); ++c)
      capacities[c] = std::max(static_cast<std::uint64_t>(number), graph.channels[c].initial);
  } else if (options.depths != "unbounded") {
    SLUICE_TRY(capacities, readCapacities(options.depths, graph));
  }
  SLUICE_TRY(const Performance performance,
             measure(graph, capacities, options.frames > 1 ? options.frames : 16));
  if (!options.json.empty())
    SLUICE_RETURN_IF_ERROR(writeFile(options.json, performanceJson(graph, capacities, performance)));
  if (performance.deadlock) {
    std::printf("deadlock: %s\n", join(performance.waits, "; ").c_str());
    return infeasibleExit;
  }
  std::printf("%s: %s for ever\n", graph.name.c_str(), periodText(performance.period).c_str());
  return 0;
}

Result<int> sizeGraph(const FifoOptions& options) {
  if (options.cost != "beats")
    return usage("channels of a CSDF graph have no width: --cost beats alone applies");
  SLUICE_TRY(const Graph graph, readGraph(options.file));
  const double begin = processorSeconds();
  SizeOptions size;
  size.outOfTime = [&]() { return processorSeconds() - begin > options.timeLimit; };
  if (options.target != "base") {
    std::int64_t cycles = 0;
    if (!parseInt64(options.target, cycles) || cycles < 1)
      return usage("--target-cycles takes cycles per iteration or base, not '" + options.target + "'");
    size.period = Period{.cycles = static_cast<std::uint64_t>(cycles), .iterations = 1};
  }
  if (options.pareto) {
    SLUICE_TRY(const Front all, front(graph, size));
    SLUICE_RETURN_IF_ERROR(writeFile(options.output, frontJson(graph, all)));
    std::printf("%s: %zu points%s\n", graph.name.c_str(), all.points.size(),
                all.proven ? ", the whole front" : "; time was up");
    return all.proven ? 0 : openExit;
  }
  Period asked{};
  if (size.period) {
    asked = *size.period;
  } else {
    SLUICE_TRY(asked, shortestPeriod(graph));
  }
  SLUICE_TRY(const Sizing sized, dataflow::csdf::size(graph, size));
  SLUICE_RETURN_IF_ERROR(writeFile(options.output, sizingJson(graph, sized, asked)));
  std::printf("%s: %llu places for %s%s\n", graph.name.c_str(), static_cast<unsigned long long>(sized.total),
              periodText(sized.period).c_str(),
              sized.proven() ? ", the least possible"
                             : ("; at least " + std::to_string(sized.lowerBound) + " are needed").c_str());
  return sized.proven() ? 0 : openExit;
}

}  // namespace sluice::tool
