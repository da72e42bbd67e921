#include "split/orders.h"

#include "base/rng.h"

namespace sluice::splits {
namespace {

/// Takes ready atoms by `choose`, which gets the list of those that are ready, in the order in which they became so.
template <typename Choose>
std::vector<std::uint32_t> orderBy(const Atoms& atoms, Choose choose) {
  std::vector<std::uint32_t> missing(atoms.count()), ready, order;
  for (std::uint32_t a = 0; a < atoms.count(); ++a) {
    missing[a] = static_cast<std::uint32_t>(atoms.before[a].size());
    if (missing[a] == 0) ready.push_back(a);
  }
  while (!ready.empty()) {
    const std::size_t i = choose(ready);
    const std::uint32_t a = ready[i];
    ready.erase(ready.begin() + static_cast<std::ptrdiff_t>(i));
    order.push_back(a);
    for (const std::uint32_t w : atoms.after[a])
      if (--missing[w] == 0) ready.push_back(w);
  }
  return order;
}

struct Cell {
  double value = impossible;
  std::uint32_t parent = 0, seat = 0;
};

}  // namespace

std::vector<std::uint32_t> topologicalOrder(const Atoms& atoms, std::uint64_t seed) {
  if (seed == 0) {
    std::vector<std::uint32_t> order(atoms.count());
    for (std::uint32_t a = 0; a < order.size(); ++a) order[a] = a;
    return order;
  }
  Rng random(seed, 1);
  return orderBy(atoms, [&](const std::vector<std::uint32_t>& ready) {
    // Depth first: one of the youngest few; else any.
    const auto most = static_cast<std::int64_t>(ready.size()) - 1;
    if (seed % 2 == 0) return static_cast<std::size_t>(random.uniform(0, most));
    return static_cast<std::size_t>(random.uniform(std::max<std::int64_t>(0, most - 1), most));
  });
}

std::vector<std::uint32_t> orderAround(const Atoms& atoms, const Stages& stages, std::uint64_t seed) {
  std::size_t nodes = 0;
  for (const Stage& stage : stages) nodes += stage.nodes.size();
  std::vector<std::uint32_t> stageOf(nodes, 0);
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    for (const std::uint32_t v : stages[s].nodes) stageOf[v] = s;
  Rng random(seed, 2);
  return orderBy(atoms, [&](const std::vector<std::uint32_t>& ready) {
    std::size_t best = 0;
    std::uint64_t key = ~std::uint64_t{0};
    for (std::size_t i = 0; i < ready.size(); ++i) {
      // Earliest stage first; within one, the youngest or any.
      const std::uint64_t tie = seed % 2 == 0
                                    ? random.bits() >> 32
                                    : static_cast<std::uint64_t>(ready.size() - i) + (random.bits() >> 62);
      const std::uint64_t mine = (std::uint64_t{stageOf[atoms.nodes[ready[i]][0]]} << 32) + tie;
      if (mine < key) {
        key = mine;
        best = i;
      }
    }
    return best;
  });
}

OrderResult bestAlong(const std::vector<std::uint32_t>& order, const Problem& problem, const Atoms& atoms,
                      const Seats& seats, const Objective& objective, double below) {
  const std::size_t n = order.size(), kinds = problem.boards.size(), places = seats.count();
  std::vector<Cell> cells((n + 1) * places);
  cells[0].value = 0;
  std::vector<std::uint32_t> position(n);
  for (std::uint32_t i = 0; i < n; ++i) position[order[i]] = i;
  std::vector<std::uint32_t> waiting(atoms.tensors.size()), seen(atoms.tensors.size());
  std::vector<double> compute(kinds), size(problem.resources.size());
  const double limit = below * (1 - sameValue);
  double best = limit;
  for (std::uint32_t begin = 0; begin < n; ++begin) {
    bool any = false;
    for (std::size_t s = 0; s < places; ++s) any = any || cells[begin * places + s].value < best;
    if (!any) continue;
    Crossing crossing;
    for (std::size_t t = 0; t < waiting.size(); ++t) {
      const AtomTensor& tensor = atoms.tensors[t];
      waiting[t] = 0;
      for (const std::uint32_t to : tensor.to) waiting[t] += position[to] >= begin ? 1 : 0;
      seen[t] = position[tensor.from] < begin ? 0 : 1;
      if (waiting[t] > 0 && seen[t] == 0) {
        crossing.amount += tensor.amount;
        crossing.any = true;
      }
    }
    struct Way {
      double value, cable;
      std::uint32_t from, seat, board;
    };
    std::vector<Way> ways;
    std::vector<bool> able(kinds, false);
    for (std::uint32_t s = 0; s < places; ++s) {
      const double value = cells[begin * places + s].value;
      if (!(value < best)) continue;
      for (const SeatStep& step : seats.steps[s]) {
        const double start = seats.last[s] == nowhere ? value : overHop(objective, value, step.hop, crossing);
        if (!(start < best)) continue;
        ways.push_back({start, step.cable, s, step.seat, step.board});
        able[step.board] = true;
      }
    }
    if (ways.empty()) continue;
    std::fill(compute.begin(), compute.end(), 0.0);
    std::fill(size.begin(), size.end(), 0.0);
    double in = 0, out = 0;
    for (std::uint32_t end = begin; end < n; ++end) {
      const std::uint32_t a = order[end];
      for (const std::uint32_t t : atoms.reads[a]) {
        const bool behind = position[atoms.tensors[t].from] < begin;
        if (behind && seen[t] == 0) in += atoms.tensors[t].amount;
        seen[t] = 1;
        if (--waiting[t] == 0 && !behind) out -= atoms.tensors[t].amount;
      }
      for (const std::uint32_t t : atoms.makes[a]) out += atoms.tensors[t].amount;
      for (std::size_t r = 0; r < size.size(); ++r) size[r] += atoms.size[r][a];
      bool goesOn = false;
      for (std::size_t k = 0; k < kinds; ++k) {
        if (!able[k]) continue;
        const Board& board = problem.boards[k];
        compute[k] = board.work == Work::sum ? compute[k] + atoms.sum[k][a]
                                             : std::max(compute[k], atoms.slowest[k][a]);
        bool fits = compute[k] != impossible && compute[k] <= objective.loadLimit * (1 + sameValue);
        if (objective.goal == Goal::load) fits = fits && compute[k] < best;
        for (std::size_t r = 0; r < size.size(); ++r) fits = fits && size[r] <= board.capacity[r];
        if (!fits) able[k] = false;
        goesOn = goesOn || fits;
      }
      if (!goesOn) break;
      for (const Way& way : ways) {
        if (!able[way.board]) continue;
        const double stage = stageLoad(problem.boards[way.board], compute[way.board], in, out);
        const double value = overStage(objective, way.value, stage, way.cable * std::max(in, out));
        Cell& cell = cells[(end + 1) * places + way.seat];
        if (!(value < best) || !(value < cell.value)) continue;
        cell = {.value = value, .parent = begin, .seat = way.from};
        if (end + 1 == n) best = value;
      }
    }
  }
  OrderResult result;
  std::uint32_t seat = nowhere;
  for (std::uint32_t s = 0; s < places; ++s)
    if (cells[n * places + s].value < limit &&
        (seat == nowhere || cells[n * places + s].value < cells[n * places + seat].value))
      seat = s;
  if (seat == nowhere) return result;
  result.found = true;
  result.value = cells[n * places + seat].value;
  std::vector<std::vector<std::uint32_t>> parts;
  std::vector<std::uint32_t> at, boards;
  for (std::uint32_t end = static_cast<std::uint32_t>(n); end > 0;) {
    const Cell& cell = cells[end * places + seat];
    parts.insert(parts.begin(), std::vector<std::uint32_t>(order.begin() + cell.parent, order.begin() + end));
    for (const SeatStep& step : seats.steps[cell.seat])
      if (step.seat == seat) {
        at.insert(at.begin(), step.place);
        boards.insert(boards.begin(), step.board);
        break;
      }
    end = cell.parent;
    seat = cell.seat;
  }
  result.stages = stagesOf(atoms, parts, at, boards);
  return result;
}

OrderResult goodPlan(const Problem& problem, const Atoms& atoms, const Seats& seats,
                     const Objective& objective, std::uint32_t orders) {
  OrderResult best;
  const auto take = [&](const std::vector<std::uint32_t>& order) {
    OrderResult tried =
        bestAlong(order, problem, atoms, seats, objective, best.found ? best.value : impossible);
    if (tried.found) best = std::move(tried);
  };
  for (std::uint32_t i = 0; i < orders; ++i) {
    take(topologicalOrder(atoms, i));
    if (best.found && i > 0) take(orderAround(atoms, best.stages, i));
  }
  return best;
}

}  // namespace sluice::splits
