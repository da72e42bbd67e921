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
#include <tuple>

#include "base/rng.h"
#include "load.h"
#include "search/front.h"
#include "show.h"
#include "split/check/check.h"
#include "split/network/joint.h"
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

/// Points of a front that are mapped and sized, and how often the choice is made again with what FIFOs hold.
constexpr std::size_t mostBuilt = 16;
constexpr std::uint32_t rounds = 3;

/// The share of a selection that keeps the interval, else a penalty for each cycle it is too slow.
double judge(const Menu& menu, const std::vector<std::uint32_t>& choice, double cycles,
             const std::vector<double>& capacity) {
  const std::optional<Selection> selection = measureSelection(menu, choice, capacity);
  if (!selection) return 1e6;  // two of the choices cannot be joined
  const auto slowest = static_cast<double>(selection->cycles);
  return selection->share + (slowest > cycles ? 100 * slowest / cycles : 0);
}

/// The selection of least share found for an interval.
Selection anneal(const Menu& menu, double cycles, const std::vector<double>& capacity, std::uint64_t seed) {
  Rng random(seed, 5);
  std::vector<std::uint32_t> choice(menu.choices.size(), 0);  // the fastest of each
  double now = judge(menu, choice, cycles, capacity), best = now;
  std::vector<std::uint32_t> bestChoice = choice;
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
      if (now < best) {
        best = now;
        bestChoice = choice;
      }
    }
  return measureSelection(menu, bestChoice, capacity).value_or(Selection{.share = impossible});
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

/// A point that was built, and what the menu said of it.
struct Built {
  BuiltPoint point;
  double menuShare = 0;
  std::uint64_t menuCycles = 0;
  std::string name;
};

/// As few boards as can be for the selection's own interval.
Result<Plan> fewestBoards(const Menu& menu, const Selection& selection, const ClusterSpec& cluster) {
  SolveOptions fewest;
  fewest.objective = {.goal = Goal::boards,
                      .loadLimit = static_cast<double>(selection.cycles) / cluster.kinds[0].board.targetMhz};
  return solve(problemOf(menu, selection, cluster), fewest);
}

std::vector<Point> pointsOf(const std::vector<Built>& built) {
  std::vector<Point> points;
  for (const Built& one : built) points.push_back({static_cast<double>(one.point.cycles), one.point.share});
  return points;
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
  std::size_t choices = 0, proven = 0, boardsProven = 0;
  double open = 0;
  for (const auto& node : menu.choices) choices += node.size();
  for (const JointPoint& point : front) {
    proven += point.selection.proven() ? 1 : 0;
    boardsProven += point.boardsProven ? 1 : 0;
    open = std::max(open, point.share / point.shareBound - 1);
    const Problem problem = problemOf(menu, point.selection, cluster);
    const auto verdict = checking::checkPlan(problemJson(problem), planJson(problem, point.plan));
    expect(verdict.ok(), "the plan is accepted: " + (verdict.ok() ? std::string() : verdict.error().text()));
  }
  fmt::print(
      "\n{} on {}: {} nodes, {} choices, {} kernels priced in {:.1f} s, front of {} points in {:.1f} s; of "
      "the menu {} "
      "shares are proven least, the others within {:.2f} %; {} numbers of boards are proven\n",
      name, boards, menu.choices.size(), choices, menu.priced, read - begin, front.size(), solved - read,
      proven, 100 * open, boardsProven);
  std::fflush(stdout);

  map::MapOptions base;
  base.regime = map::Regime::streamed;
  base.family = cluster.kinds[0].board.part.family;
  // Ours, as built.
  std::vector<Built> ours, uniform, annealed;
  SLUICE_TRY(const std::vector<BuiltJointPoint> designs,
             buildFront(graph, menu, front, cluster, {.most = mostBuilt, .rounds = rounds}));
  std::vector<std::uint64_t> intervals;
  for (const BuiltJointPoint& one : designs) {
    ours.push_back({one.built, one.said, one.point.selection.cycles, "layer by layer"});
    intervals.push_back(one.point.selection.cycles);
  }
  std::sort(intervals.begin(), intervals.end());
  intervals.erase(std::unique(intervals.begin(), intervals.end()), intervals.end());
  if (intervals.size() > mostBuilt) intervals.resize(mostBuilt);
  // One reuse factor for all, as mapping makes it, over as few boards as can be.
  for (const Menu::Uniform& one : menu.uniform) {
    NetworkPlanOptions options{.goal = Goal::load, .map = base};
    options.map.reuseFactor = one.reuseFactor;
    const Result<NetworkPlan> plan = planNetwork(graph, cluster, options);
    if (!plan.ok() && plan.error().code == ErrorCode::infeasible) continue;  // no board holds some layer
    if (!plan.ok()) return plan.error();
    SLUICE_TRY(const BuiltPoint built, buildPoint(graph, plan->map, plan->plan, cluster));
    const Selection asMenu = noWorseThan(menu, one, capacity);
    uniform.push_back({built, asMenu.share, asMenu.cycles, fmt::format("reuse factor {}", one.reuseFactor)});
  }
  // Annealing, for each of our intervals.
  const double annealing = seconds();
  std::vector<Selection> found;
  for (std::size_t p = 0; p < intervals.size(); ++p)
    found.push_back(anneal(menu, static_cast<double>(intervals[p]), capacity, p));
  const double annealedIn = seconds() - annealing;
  for (const Selection& one : found) {
    if (one.share > cluster.places()) continue;
    const Result<Plan> plan = fewestBoards(menu, one, cluster);
    if (!plan.ok()) continue;
    SLUICE_TRY(const BuiltPoint built, buildPoint(graph, optionsOf(menu, one, base), *plan, cluster));
    annealed.push_back({built, one.share, one.cycles, "annealed"});
  }
  // What one reuse factor gives is among the designs there are to choose from, so it may be chosen. So may what annealing
  // finds: how deep FIFOs become is not in the menu, and of designs that it holds for nearly equal one that was met by chance
  // may need less. Which points were found so is printed, and the hypervolume without them.
  std::vector<Built> all = ours;
  all.insert(all.end(), uniform.begin(), uniform.end());
  all.insert(all.end(), annealed.begin(), annealed.end());
  std::erase_if(all, [](const Built& one) { return !one.point.fits; });
  std::vector<Built> best;
  for (const Built& one : all)
    if (std::none_of(all.begin(), all.end(),
                     [&](const Built& other) {
                       const auto key = [](const Built& b) {
                         return std::tuple(b.point.cycles, b.point.boards, b.point.share);
                       };
                       return other.point.cycles <= one.point.cycles &&
                              other.point.boards <= one.point.boards &&
                              other.point.share <= one.point.share && key(other) != key(one);
                     }) &&
        std::none_of(best.begin(), best.end(), [&](const Built& kept) {
          return std::tuple(kept.point.cycles, kept.point.boards, kept.point.share) ==
                 std::tuple(one.point.cycles, one.point.boards, one.point.share);
        }))
      best.push_back(one);
  std::stable_sort(best.begin(), best.end(),
                   [](const Built& a, const Built& b) { return a.point.cycles < b.point.cycles; });
  const auto leastOf = [](const std::vector<Built>& built, std::uint64_t cycles) {
    double least = impossible;
    for (const Built& one : built)
      if (one.point.cycles <= cycles) least = std::min(least, one.point.share);
    return least < impossible ? fmt::format("{:.4f}", least) : "-";
  };
  fmt::print(
      "  as built: | cycles a frame | boards | share | FIFO bits | menu said | one reuse factor as fast | "
      "annealing | found by |\n");
  for (const Built& one : best)
    fmt::print("  | {} | {} | {:.4f} | {} | {}, {:.4f} | {} | {} | {} |\n", one.point.cycles,
               one.point.boards, one.point.share, one.point.fifoBits, one.menuCycles, one.menuShare,
               leastOf(uniform, one.point.cycles), leastOf(annealed, one.point.cycles), one.name);
  const auto covers = [&](const Built& theirs, bool boardsToo) {
    return std::any_of(best.begin(), best.end(), [&](const Built& own) {
      return own.point.cycles <= theirs.point.cycles && own.point.share <= theirs.point.share * (1 + 1e-9) &&
             (!boardsToo || own.point.boards <= theirs.point.boards);
    });
  };
  for (const Built& one : uniform)
    if (one.point.fits)
      expect(covers(one, true), fmt::format("{} is no better at {} cycles", one.name, one.point.cycles));
  for (const Built& one : annealed)
    if (one.point.fits)
      expect(covers(one, false),
             fmt::format("annealing is no better at {} cycles ({:.4f})", one.point.cycles, one.point.share));
  // Of what was chosen once FIFOs were known, and of what was chosen without.
  double apart = 0, sum = 0, chosen = 0, before = 0;
  for (const Built& one : best) {
    apart = std::max(apart, std::abs(one.point.share / one.menuShare - 1));
    sum += std::abs(one.point.share / one.menuShare - 1);
  }
  for (const Built& one : annealed) {
    before += std::abs(one.point.share / one.menuShare - 1);
    chosen += 1;
  }
  const std::size_t count = ours.size() + uniform.size() + annealed.size();
  const double slowest = static_cast<double>(best.back().point.cycles), places = cluster.places();
  fmt::print(
      "  {} designs mapped and sized; menu and design are {:.2f} % apart on average on the front, {:.2f} % "
      "at most (before "
      "FIFOs were sized once: {:.2f} %)\n"
      "  hypervolume as built: ours {:.4f} (chosen by the menu alone {:.4f}), one reuse factor {:.4f}, "
      "annealing {:.4f} "
      "({:.1f} s); in all {:.0f} s\n",
      count, 100 * sum / static_cast<double>(best.size()), 100 * apart, 100 * before / std::max(chosen, 1.0),
      volume(pointsOf(best), slowest, places), volume(pointsOf(ours), slowest, places),
      volume(pointsOf(uniform), slowest, places), volume(pointsOf(annealed), slowest, places), annealedIn,
      seconds() - begin);
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
