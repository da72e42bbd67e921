#include "split/solve.h"

#include <cmath>

#include "base/text.h"
#include "split/orders.h"

namespace sluice::splits {
namespace {

std::string listed(const Problem& problem, const std::vector<std::uint32_t>& nodes) {
  std::string text = "'" + problem.nodes[nodes.front()].name + "'";
  if (nodes.size() > 1)
    text +=
        " and " + countOf(static_cast<std::int64_t>(nodes.size() - 1), "node") + " that must stay with it";
  return text;
}

/// Why no plan exists, as far as it can be said simply.
Error explain(const Problem& problem, const Atoms& atoms, const SolveOptions& options) {
  for (std::size_t r = 0; r < problem.resources.size(); ++r) {
    double all = 0, room = 0, largest = 0;
    for (const double size : atoms.size[r]) all += size;
    for (const Board& board : problem.boards) {
      if (board.count == 0) continue;
      room += board.capacity[r] * board.count;
      largest = std::max(largest, board.capacity[r]);
    }
    for (std::size_t a = 0; a < atoms.count(); ++a)
      if (atoms.size[r][a] > largest)
        return infeasible("needs " + formatDouble(atoms.size[r][a]) + " " + problem.resources[r] +
                              ", and the largest board has " + formatDouble(largest) + ": " +
                              formatDouble(atoms.size[r][a] - largest) + " too few; it must be split inside",
                          "node " + listed(problem, atoms.nodes[a]));
    if (all > room)
      return infeasible("the network needs " + formatDouble(all) + " " + problem.resources[r] +
                        ", and all boards together have " + formatDouble(room) + ": " +
                        formatDouble(all - room) + " too few; " +
                        formatFixed(std::ceil((all - room) / largest), 0) +
                        " more of the largest board would hold it");
  }
  bool isLimited = true;  // every resource of every board
  for (const Board& board : problem.boards)
    for (const double room : board.capacity) isLimited = isLimited && room < impossible;
  for (std::size_t a = 0; a < atoms.count(); ++a) {
    std::string missing;
    bool fits = false;
    for (const Board& board : problem.boards) {
      if (board.count == 0) continue;
      std::size_t r = 0;
      while (r < problem.resources.size() && atoms.size[r][a] <= board.capacity[r]) ++r;
      fits = fits || r == problem.resources.size();
      if (r < problem.resources.size())
        missing += "needs " + formatDouble(atoms.size[r][a]) + " " + problem.resources[r] + ", and " +
                   board.name + " has " + formatDouble(board.capacity[r]) + "; ";
    }
    if (!fits)
      return infeasible(missing + "it must be split inside", "node " + listed(problem, atoms.nodes[a]));
    double least = impossible;
    for (std::size_t k = 0; k < problem.boards.size(); ++k)
      if (problem.boards[k].count > 0)
        least = std::min(least, problem.boards[k].work == Work::sum ? atoms.sum[k][a] : atoms.slowest[k][a]);
    const std::string where = "node " + listed(problem, atoms.nodes[a]);
    if (least == impossible) return infeasible("no board can run it", where);
    if (least > options.objective.loadLimit)
      return infeasible("takes " + formatDouble(least) + " on the fastest board, above the limit of " +
                            formatDouble(options.objective.loadLimit),
                        where);
  }
  if (options.objective.loadLimit != impossible) {
    SolveOptions without = options;
    without.objective = {};
    const Result<Plan> best = solve(problem, without);
    if (best.ok())
      return infeasible("no split keeps every load within " + formatDouble(options.objective.loadLimit) +
                        "; " + (best->proven ? "the least possible is " : "the best known has ") +
                        formatDouble(best->measures.load));
  }
  if (!isLimited)
    return infeasible(
        "no split fits: each node fits a board, but convex parts do not come out within what the boards "
        "hold; one more "
        "board, or larger ones, would help");
  return infeasible(
      "no split fits: each node fits a board and all boards together have room, but convex parts do not come "
      "out even; "
      "one more board, or larger ones, would help");
}

class Solver {
 public:
  Solver(const Problem& problem, const Atoms& atoms, const Seats& seats, const SolveOptions& options,
         Plan& plan)
      : problem_(problem),
        atoms_(atoms),
        seats_(seats),
        options_(options),
        plan_(plan),
        bound_(workBound(problem, atoms, seats)) {}

  void run() {
    OrderResult good = goodPlan(problem_, atoms_, seats_, options_.objective, options_.orders);
    best_ = good.found ? good.value : impossible;
    plan_.stages = std::move(good.stages);
    if (search(best_, options_.limits)) return;
    complete_ = false;
    climb();
  }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  /// Whether nothing better than the best plan exists, below `below`.
  bool search(double below, const SearchLimits& limits) {
    SearchResult result =
        searchIdeals(problem_, atoms_, seats_, bound_, options_.objective, below, limits, true);
    plan_.steps += result.steps;
    plan_.ideals = std::max(plan_.ideals, result.ideals);
    if (result.found && result.value < best_) {
      best_ = result.value;
      plan_.stages = std::move(result.stages);
    }
    if (!result.complete) return false;
    plan_.proof.below = result.found ? result.value : below;
    plan_.proof.reached = std::move(result.reached);
    return true;
  }

  /// The whole proof was too much: bounds that are less. The first from what the work alone says; then up.
  void climb() {
    double low = rootBound(problem_, atoms_, bound_, options_.objective);
    // A little below it, so that the start itself is refuted by more than rounding could (ideals.cpp: surely), and near enough to be the proof.
    if (options_.objective.goal != Goal::boards) low *= 1 - 8e-10;
    SearchLimits limits = options_.limits;
    limits.steps /= 16;
    plan_.proof.below = 0;
    if (low > 0 && low < impossible && !search(low, limits)) return;
    for (int i = 0; i < 5 && best_ < impossible; ++i) {
      const double middle =
          options_.objective.goal == Goal::boards ? std::floor((low + best_ + 1) / 2) : (low + best_) / 2;
      if (middle <= low * (1 + sameValue)) break;
      if (!search(middle, limits)) {
        if (options_.objective.goal == Goal::boards) break;
        // Nearer to what is known.
        const double nearer = low + (best_ - low) / 8;
        if (i > 1 || !search(nearer, limits)) break;
      }
      low = plan_.proof.below;
    }
  }

  const Problem& problem_;
  const Atoms& atoms_;
  const Seats& seats_;
  const SolveOptions& options_;
  Plan& plan_;
  WorkBound bound_;
  double best_ = impossible;
  bool complete_ = true;
};

}  // namespace

Result<Plan> solve(const Problem& problem, const SolveOptions& options) {
  SLUICE_RETURN_IF_ERROR(check(problem));
  SLUICE_TRY(const Seats seats, seatsOf(problem));
  Plan plan{.objective = options.objective};
  plan.proof.merges = harmlessMerges(problem);
  const Atoms atoms = atomsOf(problem, plan.proof.merges);
  Solver solver(problem, atoms, seats, options, plan);
  solver.run();
  if (plan.stages.empty()) {
    if (solver.complete()) return explain(problem, atoms, options);
    return Error{ErrorCode::gaveUp,
                 "no plan was found in " + formatCount(static_cast<std::int64_t>(plan.steps)) +
                     " steps, and none was ruled out; more boards, or a larger --effort, may help",
                 problem.name};
  }
  SLUICE_CHECK(isFeasible(problem, plan.stages, options.objective.loadLimit),
               "the search respects its limits");
  plan.measures = measure(problem, plan.stages);
  plan.value = valueOf(options.objective.goal, plan.measures);
  plan.lowerBound = std::min(plan.value, plan.proof.below);
  plan.proven = plan.lowerBound >= plan.value * (1 - 1e-9);
  return plan;
}

}  // namespace sluice::splits
