#include "split/baselines.h"

#include <algorithm>
#include <cmath>

#include "split/orders.h"

namespace sluice::splits {
namespace {

/// The board of each place, the given order or the kinds one after the other.
std::vector<std::uint32_t> boardsInOrder(const Problem& problem) {
  if (!problem.order.empty()) return problem.order;
  std::vector<std::uint32_t> boards;
  for (std::uint32_t k = 0; k < problem.boards.size(); ++k)
    boards.insert(boards.end(), problem.boards[k].count, k);
  return boards;
}

std::optional<Stages> ifFeasible(const Problem& problem, Stages stages) {
  if (!isFeasible(problem, stages, impossible)) return std::nullopt;
  return stages;
}

std::optional<Stages> best(const Problem& problem, const Atoms& atoms, std::uint32_t orders) {
  const Result<Seats> seats = seatsOf(problem);
  if (!seats.ok()) return std::nullopt;
  OrderResult result = goodPlan(problem, atoms, *seats, {}, orders);
  if (!result.found) return std::nullopt;
  return std::move(result.stages);
}

}  // namespace

std::optional<Stages> seedEnumeration(const Problem& problem) {
  const Atoms atoms = atomsOf(problem);
  const std::vector<std::uint32_t> boards = boardsInOrder(problem);
  std::size_t count = 1;
  for (std::size_t r = 0; r < problem.resources.size(); ++r) {
    double all = 0;
    for (const double size : atoms.size[r]) all += size;
    const double room = problem.boards[boards[0]].capacity[r];
    if (room != impossible && room > 0) count = std::max(count, static_cast<std::size_t>(all / room) + 1);
  }
  if (count > boards.size() || count > atoms.count()) return std::nullopt;
  // Cuts in the order in which itertools.combinations gives them; a bounded number of them.
  constexpr int mostTried = 100'000;
  std::vector<std::size_t> cuts(count - 1);
  for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i] = i + 1;
  for (int tried = 0; tried < mostTried; ++tried) {
    std::vector<std::vector<std::uint32_t>> parts(count);
    for (std::uint32_t a = 0; a < atoms.count(); ++a)
      parts[static_cast<std::size_t>(std::upper_bound(cuts.begin(), cuts.end(), a) - cuts.begin())].push_back(
          a);
    std::vector<std::uint32_t> places(count);
    for (std::uint32_t i = 0; i < count; ++i) places[i] = i;
    Stages stages = stagesOf(atoms, parts, places, boards);
    if (isFeasible(problem, stages, impossible)) return stages;
    std::size_t i = cuts.size();
    while (i > 0 && cuts[i - 1] == atoms.count() - (cuts.size() - i) - 1) --i;
    if (i == 0) return std::nullopt;
    ++cuts[i - 1];
    for (std::size_t j = i; j < cuts.size(); ++j) cuts[j] = cuts[j - 1] + 1;
  }
  return std::nullopt;
}

std::optional<Stages> nextFit(const Problem& problem, double utilisation) {
  const Atoms atoms = atomsOf(problem);
  const std::vector<std::uint32_t> boards = boardsInOrder(problem);
  std::vector<std::uint32_t> missing(atoms.count()), queue;
  for (std::uint32_t a = 0; a < atoms.count(); ++a)
    if ((missing[a] = static_cast<std::uint32_t>(atoms.before[a].size())) == 0) queue.push_back(a);
  std::vector<std::vector<std::uint32_t>> parts(1);
  std::vector<double> used(problem.resources.size(), 0);
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const std::uint32_t a = queue[i];
    for (const std::uint32_t w : atoms.after[a])
      if (--missing[w] == 0) queue.push_back(w);
    bool fits = true;
    for (std::size_t r = 0; r < used.size(); ++r)
      fits = fits &&
             used[r] + atoms.size[r][a] <= utilisation * problem.boards[boards[parts.size() - 1]].capacity[r];
    if (!fits && !parts.back().empty()) {
      if (parts.size() == boards.size()) return std::nullopt;
      parts.emplace_back();
      std::fill(used.begin(), used.end(), 0.0);
    }
    parts.back().push_back(a);
    for (std::size_t r = 0; r < used.size(); ++r) used[r] += atoms.size[r][a];
  }
  std::vector<std::uint32_t> places(parts.size());
  for (std::uint32_t i = 0; i < parts.size(); ++i) places[i] = i;
  return ifFeasible(problem, stagesOf(atoms, parts, places, boards));
}

std::optional<Stages> balance(const Problem& problem) {
  Problem blind = problem;
  for (Board& board : blind.boards) board.transfers = Transfers::free;
  blind.topology = {};
  std::optional<Stages> stages = best(blind, atomsOf(blind), 1);
  if (!stages) return stages;
  return ifFeasible(problem, std::move(*stages));
}

std::optional<Stages> contractBranches(const Problem& problem) {
  const Atoms atoms = atomsOf(problem, harmlessMerges(problem));
  // A cut is allowed behind a position of the order if all that crosses it comes from one atom; constants, and what is
  // made of them without taking time, do not count.
  std::vector<bool> works(atoms.count(), false);
  for (std::uint32_t a = 0; a < atoms.count(); ++a) {
    works[a] = atoms.sum[0][a] > 0;
    for (const std::uint32_t u : atoms.before[a]) works[a] = works[a] || works[u];
  }
  std::vector<std::uint32_t> lastReader(atoms.count(), 0);
  for (const AtomTensor& tensor : atoms.tensors)
    lastReader[tensor.from] = std::max(lastReader[tensor.from], tensor.to.back());
  std::vector<Merge> merges = harmlessMerges(problem);
  for (std::uint32_t a = 0; a + 1 < atoms.count(); ++a) {
    std::uint32_t makers = 0;
    for (std::uint32_t u = 0; u <= a; ++u) makers += works[u] && lastReader[u] > a ? 1 : 0;
    if (makers > 1) merges.push_back({.node = atoms.nodes[a].front(), .with = atoms.nodes[a + 1].front()});
  }
  return best(problem, atomsOf(problem, merges), 1);
}

}  // namespace sluice::splits
