// Folds and memories chosen layer by layer, together with cuts over boards, beside what others do: one reuse factor for all
// layers, and simulated annealing.
//
//   joint              jet tagger on 4 Arty A7-35T, KWS on 2 PYNQ-Z2, ResNet-8 on one
//   joint NETWORK [BOARDS]    one of them (part of its name), on "pynq-z2:1"; what is priced grows with the boards:
//                             ResNet-8 on four takes gigabytes
//
// All three choose from the same menu (split/network/menu.h), so what is compared is the choice alone:
//   uniform     the menu's designs with one reuse factor, as hls4ml and the demonstration of fastML-2024 have
//   annealing   as SAMO does: one random layer takes a random choice; worse answers are kept with a probability that falls
//               (T from 1 to 1e-3, times 0.995, 100 moves each: 138,000 designs judged), once for every point of our front
//   ours        the front, each point with a proven bound (split/network/joint.h)
// Judged by the time between frames and by the hardware in boards' worth of the resource most is taken of. Exit code 1 if a
// point of the others is better than ours, or if a bound is left open. The hypervolume is that below 1.1 times the slowest
// of our points (logarithm of time) and below all boards, and grows with what is better.
// The fastest three points are mapped again whole, as they would be built, for what the menu leaves out.
// SLUICE_SHARED says where shared/ is (default ../shared).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/rng.h"
#include "load.h"
#include "search/front.h"
#include "show.h"
#include "split/check/check.h"
#include "split/network/joint.h"
#include "split/network/subgraph_costs.h"
#include "split/plan.h"
#include "split/price.h"
#include "split/read.h"

namespace {

using namespace sluice;
using namespace sluice::splits;

bool failed = false;
void expect(bool holds, const std::string& what) {
  if (holds) return;
  failed = true;
  fmt::print("FAILED: {}\n", what);
}

struct Point {
  double cycles = 0, share = 0;
};

double shareOf(const std::vector<double>& size, const std::vector<double>& capacity) {
  double most = 0;
  for (std::size_t r = 0; r < capacity.size(); ++r)
    if (size[r] > 0) most = std::max(most, size[r] / capacity[r]);
  return most;
}

/// The share of a selection that keeps the interval, else a penalty for each cycle it is too slow.
double judge(const Menu& menu, const std::vector<std::uint32_t>& choice, double cycles,
             const std::vector<double>& capacity) {
  std::vector<double> size(capacity.size(), 0.0);
  double slowest = 0;
  for (std::size_t v = 0; v < choice.size(); ++v) {
    const NodeChoice& one = menu.choices[v][choice[v]];
    slowest = std::max(slowest, static_cast<double>(one.cycles));
    for (std::size_t r = 0; r < size.size(); ++r) size[r] += one.size[r];
  }
  return shareOf(size, capacity) + (slowest > cycles ? 100 * slowest / cycles : 0);
}

/// The least share found for an interval.
double anneal(const Menu& menu, double cycles, const std::vector<double>& capacity, std::uint64_t seed) {
  Rng random(seed, 5);
  std::vector<std::uint32_t> choice(menu.choices.size(), 0);  // the fastest of each
  double now = judge(menu, choice, cycles, capacity), best = now;
  for (double temperature = 1; temperature > 1e-3; temperature *= 0.995)
    for (int move = 0; move < 100; ++move) {
      const auto v =
          static_cast<std::size_t>(random.uniform(0, static_cast<std::int64_t>(choice.size()) - 1));
      const std::uint32_t before = choice[v];
      choice[v] = static_cast<std::uint32_t>(
          random.uniform(0, static_cast<std::int64_t>(menu.choices[v].size()) - 1));
      const double then = judge(menu, choice, cycles, capacity);
      if (then <= now || random.real() < std::exp((now - then) / (0.1 * temperature)))
        now = then;
      else
        choice[v] = before;
      best = std::min(best, now);
    }
  return best;
}

/// Volume of what the points beat.
double volume(const std::vector<Point>& points, double slowest, double boards) {
  std::vector<std::vector<double>> losses;
  for (const Point& point : points) losses.push_back({std::log2(point.cycles), point.share});
  const std::vector<double> reference = {std::log2(slowest * 1.1), boards};
  return search::hypervolume(losses, reference);
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A selection mapped whole on one board, FIFOs at their least: cycles and share.
Result<Point> mapped(const ir::Graph& graph, const map::MapOptions& options,
                     const std::vector<double>& capacity) {
  SLUICE_TRY(const map::Design design, map::mapGraph(graph, options));
  std::vector<double> size(capacity.size(), 0.0);
  for (const hdl::Cost& cost : costsOf(design, options.family)) {
    const std::vector<double> one = sizesOf(cost);
    for (std::size_t r = 0; r < size.size(); ++r) size[r] += one[r];
  }
  const std::vector<std::uint64_t> cycles = cyclesOf(design);
  return Point{static_cast<double>(*std::max_element(cycles.begin(), cycles.end())), shareOf(size, capacity)};
}

Status compare(const std::string& name, const std::string& file, const std::string& boards) {
  SLUICE_TRY(const ir::Graph graph, show::loadLowered(show::sharedFolder() / "models" / file));
  SLUICE_TRY(const ClusterSpec cluster, clusterSpec({boards}, "chain", "aurora4x25", false));
  const double begin = seconds();
  SLUICE_TRY(const Menu menu, menuOf(graph, cluster, {}));
  const double read = seconds();
  SLUICE_TRY(const std::vector<JointPoint> front, jointFront(menu, cluster));
  const double solved = seconds();
  const std::vector<double> capacity = meanCapacity(cluster);
  std::size_t choices = 0;
  for (const auto& node : menu.choices) choices += node.size();
  fmt::print(
      "\n{} on {}: {} nodes, {} choices from {} mappings in {:.1f} s, front of {} points in {:.1f} s\n", name,
      boards, menu.choices.size(), choices, menu.mappings, read - begin, front.size(), solved - read);
  // By share alone: each of ours against the best of theirs that is as fast.
  std::vector<Point> ours, uniform, annealed;
  std::vector<std::uint32_t> uniformBoards;
  for (const JointPoint& point : front)
    ours.push_back({static_cast<double>(point.selection.cycles), point.share});
  for (const Menu::Uniform& one : menu.uniform) {
    const Point point{static_cast<double>(one.cycles), shareOf(one.size, capacity)};
    if (point.share > cluster.places()) continue;
    SolveOptions fewest;
    fewest.objective = {.goal = Goal::boards, .loadLimit = point.cycles / cluster.kinds[0].board.targetMhz};
    const Result<Plan> plan = solve(problemOf(menu, one.nodes, cluster), fewest);
    if (!plan.ok()) continue;  // no board holds some layer
    uniform.push_back(point);
    uniformBoards.push_back(plan->measures.boards);
  }
  const double annealing = seconds();
  for (const Point& point : ours)
    annealed.push_back({point.cycles, anneal(menu, point.cycles, capacity, annealed.size())});
  const double annealedIn = seconds() - annealing;
  std::erase_if(annealed, [&](const Point& p) { return p.share > cluster.places(); });
  fmt::print(
      "  | cycles a frame | boards | ours | no less than | one reuse factor as fast | annealing | longest "
      "synthesis, s |\n");
  std::size_t proven = 0, boardsProven = 0;
  for (std::size_t p = 0; p < front.size(); ++p) {
    const JointPoint& point = front[p];
    proven += point.selection.proven() ? 1 : 0;
    boardsProven += point.boardsProven ? 1 : 0;
    double other = impossible;
    for (const Point& one : uniform)
      if (one.cycles <= ours[p].cycles) other = std::min(other, one.share);
    double sa = impossible;
    for (const Point& one : annealed)
      if (one.cycles <= ours[p].cycles) sa = std::min(sa, one.share);
    const auto text = [](double share) { return share < impossible ? fmt::format("{:.4f}", share) : "-"; };
    fmt::print("  | {} | {}{} | {:.4f} | {:.4f} | {} | {} | {:.0f} |\n", point.selection.cycles, point.boards,
               point.boardsProven ? "" : "?", point.share, point.shareBound, text(other), text(sa),
               point.buildSeconds);
    const auto verdict = checking::checkPlan(problemJson(problemOf(menu, point.selection, cluster)),
                                             planJson(problemOf(menu, point.selection, cluster), point.plan));
    expect(verdict.ok(), "the plan is accepted: " + (verdict.ok() ? std::string() : verdict.error().text()));
  }
  const auto covers = [&](const Point& theirs) {
    return std::any_of(ours.begin(), ours.end(), [&](const Point& own) {
      return own.cycles <= theirs.cycles && own.share <= theirs.share * (1 + 1e-9);
    });
  };
  for (std::size_t u = 0; u < uniform.size(); ++u) {
    expect(covers(uniform[u]), fmt::format("one reuse factor takes no less at {} cycles", uniform[u].cycles));
    expect(std::any_of(front.begin(), front.end(),
                       [&](const JointPoint& own) {
                         return static_cast<double>(own.selection.cycles) <= uniform[u].cycles &&
                                own.boards <= uniformBoards[u];
                       }),
           fmt::format("one reuse factor takes no fewer boards at {} cycles", uniform[u].cycles));
  }
  for (const Point& point : annealed)
    expect(covers(point), fmt::format("annealing is not better at {} cycles", point.cycles));
  const double slowest = ours.back().cycles, all = cluster.places();
  fmt::print(
      "  shares proven least: {} of {}; boards proven fewest: {}; hypervolume: ours {:.4f}, one reuse factor "
      "{:.4f}, annealing {:.4f} ({:.1f} s)\n",
      proven, front.size(), boardsProven, volume(ours, slowest, all), volume(uniform, slowest, all),
      volume(annealed, slowest, all), annealedIn);
  expect(proven == front.size(), "every share is proven least");
  // What the menu leaves out: the converters between neighbours.
  map::MapOptions base;
  base.family = cluster.kinds[0].board.part.family;
  for (std::size_t p = 0; p < std::min<std::size_t>(3, front.size()); ++p) {
    map::MapOptions options = optionsOf(menu, front[p].selection, base);
    options.targetInterval.reset();
    options.reuseFactor = 1;
    SLUICE_TRY(const Point whole, mapped(graph, options, capacity));
    fmt::print("  mapped in one piece, point {}: {} cycles, {:.4f} (menu: {}, {:.4f})\n", p + 1, whole.cycles,
               whole.share, front[p].selection.cycles, front[p].share);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (!std::filesystem::exists(show::sharedFolder() / "models")) {
    fmt::print("the shared models are not here; set SLUICE_SHARED\n");
    return 77;
  }
  const std::string only = argc > 1 ? argv[1] : "";
  struct Case {
    const char *name, *file, *boards;
  };
  for (const Case& one : {Case{"jet tagger", "qonnx/qkeras_jettagging.onnx", "arty-a7-35t:4"},
                          Case{"KWS", "qonnx/kws_mlp_w3a3.onnx", "pynq-z2:2"},
                          Case{"ResNet-8", "mlperf-tiny/pretrainedResnet.h5", "pynq-z2:1"}}) {
    if (std::string(one.name).find(only) == std::string::npos) continue;
    if (const Status status = compare(one.name, one.file, argc > 2 ? argv[2] : one.boards); !status.ok()) {
      fmt::print("{}: {}\n", one.name, status.error().text());
      failed = true;
    }
    std::fflush(stdout);
  }
  return failed ? 1 : 0;
}
