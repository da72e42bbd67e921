// Adder graphs against da4ml on the 114 fixed matrices: adders, depth and time, one JSON line per group and
// depth bound.
//
//   adder_graph_bench MATRICES.npz RESULTS.json [EFFORT]
//
// `adders` and `depth` are means over the group, `milliseconds` the mean over matrices of the median of three
// timed calls after a warm-up (one call where it takes longer than 100 ms). `best` is the fewest adders of
// any da4ml setting at that depth bound, from RESULTS.json. Every graph is checked by verify; a wrong one
// ends the run with exit code 1.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "kernel/unrolled/adder_graph.h"

namespace {

using sluice::kernel::AdderGraph;
using sluice::kernel::AdderGraphOptions;
using sluice::kernel::MatrixVector;

struct Bound {
  const char* name;  // as in RESULTS.json
  std::optional<std::uint32_t> extraDepth;
};
constexpr Bound kBounds[] = {{"+0", 0}, {"+1", 1}, {"+2", 2}, {"any", std::nullopt}};

struct Sums {
  int matrices = 0;
  double adders = 0, best = 0, depth = 0, milliseconds = 0, adderBits = 0, negated = 0;
};

double millisecondsOf(const MatrixVector& problem, const AdderGraphOptions& options) {
  std::vector<double> times;
  for (int run = 0; run < 4; ++run) {
    const auto start = std::chrono::steady_clock::now();
    const auto graph = adderGraph(problem, options);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    if (times.back() > 100) return times.back();
    if (run == 0) times.clear();  // warm-up
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: {} MATRICES.npz RESULTS.json [EFFORT]\n", argv[0]);
    return 2;
  }
  const auto arrays = sluice::readNpz(argv[1]);
  if (!arrays.ok()) {
    fmt::print(stderr, "{}\n", arrays.error().text());
    return 1;
  }
  std::ifstream file(argv[2]);
  const nlohmann::json results = nlohmann::json::parse(file, nullptr, false);
  if (results.is_discarded()) {
    fmt::print(stderr, "{}: not JSON\n", argv[2]);
    return 1;
  }
  const auto effort =
      static_cast<std::uint32_t>(argc > 3 ? std::strtoul(argv[3], nullptr, 10) : AdderGraphOptions{}.effort);

  std::vector<std::string> order;
  std::map<std::string, std::map<std::string, Sums>> groups;
  std::map<std::string, double> ratio;
  for (const auto& entry : results["matrices"]) {
    const std::string id = entry["id"], group = entry["group"];
    const sluice::NpyArray& array = arrays->at(id);
    MatrixVector problem{.rows = static_cast<std::uint32_t>(array.shape[0]),
                         .columns = static_cast<std::uint32_t>(array.shape[1]),
                         .weights = *array.asInt64(),
                         .inputs = {},
                         .inputDepth = {}};
    problem.inputs.assign(problem.rows, {-128, 127});
    if (!groups.contains(group)) order.push_back(group);
    for (const Bound& bound : kBounds) {
      const AdderGraphOptions options{.extraDepth = bound.extraDepth, .effort = effort};
      const auto graph = adderGraph(problem, options);
      const bool exact = graph.ok() && verify(*graph, problem).ok() &&
                         (!bound.extraDepth || graph->depth() <= leastDepth(problem) + *bound.extraDepth);
      if (!exact) {
        fmt::print(stderr, "{} {}: wrong\n", id, bound.name);
        return 1;
      }
      Sums& sums = groups[group][bound.name];
      ++sums.matrices;
      sums.adders += static_cast<double>(graph->ops.size());
      sums.best += entry["best"][bound.name].get<double>();
      sums.depth += graph->depth();
      sums.adderBits += static_cast<double>(graph->adderBits());
      sums.negated += graph->negatedOutputs();
      sums.milliseconds += millisecondsOf(problem, options);
    }
  }
  for (const std::string& group : order)
    for (const Bound& bound : kBounds) {
      const Sums& s = groups[group][bound.name];
      const double n = s.matrices;
      ratio[bound.name] += s.adders / s.best / static_cast<double>(order.size());
      fmt::print(
          "{{\"name\": \"adder_graph/{}\", \"bound\": \"{}\", \"effort\": {}, \"matrices\": {}, \"adders\": "
          "{:.1f}, \"best\": {:.1f}, "
          "\"ratio\": {:.4f}, \"depth\": {:.1f}, \"adder_bits\": {:.0f}, \"negated\": {:.1f}, "
          "\"milliseconds\": {:.2f}}}\n",
          group, bound.name, effort, s.matrices, s.adders / n, s.best / n, s.adders / s.best, s.depth / n,
          s.adderBits / n, s.negated / n, s.milliseconds / n);
    }
  for (const Bound& bound : kBounds)
    fmt::print(
        "{{\"name\": \"adder_graph/mean_ratio\", \"bound\": \"{}\", \"effort\": {}, \"value\": {:.4f}, "
        "\"unit\": \"adders / best\"}}\n",
        bound.name, effort, ratio[bound.name]);
  return 0;
}
