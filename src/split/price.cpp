#include "split/price.h"

#include <cmath>
#include <map>

namespace sluice::splits {
namespace {

bool boundsWork(const Board& board) { return board.work == Work::sum; }

/// The largest sum of min_k l_k t_k over sum of l_k n_k, climbing one multiplier at a time through the ratios of times
/// at which the smallest changes.
std::vector<double> multipliersFor(const Problem& problem, const Atoms& atoms,
                                   const std::vector<std::uint32_t>& kinds) {
  std::vector<double> multipliers(problem.boards.size(), 0);
  for (const std::uint32_t k : kinds) {
    if (!boundsWork(problem.boards[k])) return std::vector<double>(problem.boards.size(), 0);
    multipliers[k] = 1;
  }
  const auto worth = [&](const std::vector<double>& l) {
    double left = 0, boards = 0;
    for (std::size_t a = 0; a < atoms.count(); ++a) {
      double least = impossible;
      for (const std::uint32_t k : kinds) {
        if (atoms.sum[k][a] != impossible) least = std::min(least, l[k] * atoms.sum[k][a]);
      }
      if (least != impossible) left += least;
    }
    for (const std::uint32_t k : kinds) boards += l[k] * problem.boards[k].count;
    return boards > 0 ? left / boards : 0;
  };
  constexpr int rounds = 4;
  constexpr std::size_t mostCandidates = 48;
  double best = worth(multipliers);
  for (int round = 0; round < rounds && kinds.size() > 1; ++round)
    for (std::size_t i = 1; i < kinds.size(); ++i) {
      const std::uint32_t k = kinds[i];
      std::vector<double> candidates;
      for (std::size_t a = 0; a < atoms.count(); ++a)
        for (const std::uint32_t j : kinds)
          if (j != k && atoms.sum[k][a] > 0 && atoms.sum[k][a] != impossible && atoms.sum[j][a] != impossible)
            candidates.push_back(multipliers[j] * atoms.sum[j][a] / atoms.sum[k][a]);
      std::sort(candidates.begin(), candidates.end());
      candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
      const std::size_t step = candidates.size() / mostCandidates + 1;
      for (std::size_t c = 0; c < candidates.size(); c += step) {
        std::vector<double> tried = multipliers;
        tried[k] = candidates[c];
        if (const double value = worth(tried); value > best) {
          best = value;
          multipliers = tried;
        }
      }
    }
  return multipliers;
}

}  // namespace

namespace {

/// What enters and leaves each stage, and what crosses behind it.
struct Flows {
  std::vector<double> in, out;
  std::vector<Crossing> behind;
};

Flows flowsOf(const Problem& problem, const Stages& stages) {
  std::vector<std::uint32_t> stageOf(problem.nodes.size(), 0);
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    for (const std::uint32_t v : stages[s].nodes) stageOf[v] = s;
  Flows flows{.in = std::vector<double>(stages.size(), 0),
              .out = std::vector<double>(stages.size(), 0),
              .behind = std::vector<Crossing>(stages.size())};
  auto& [in, out, behind] = flows;
  for (const Tensor& tensor : problem.tensors) {
    const std::uint32_t from = stageOf[tensor.from];
    std::uint32_t last = from;
    std::vector<std::uint32_t> seen;
    for (const std::uint32_t to : tensor.to) {
      const std::uint32_t s = stageOf[to];
      if (s == from || std::find(seen.begin(), seen.end(), s) != seen.end()) continue;
      seen.push_back(s);
      in[s] += tensor.amount;
      last = std::max(last, s);
    }
    if (!seen.empty()) out[from] += tensor.amount;
    for (std::uint32_t s = from; s < last; ++s) {
      behind[s].amount += tensor.amount;
      behind[s].any = true;
    }
  }
  return flows;
}

double loadOf(const Problem& problem, const Stage& stage, double in, double out) {
  const Board& board = problem.boards[stage.board];
  double compute = 0;
  for (const std::uint32_t v : stage.nodes) {
    const double time = problem.nodes[v].time[stage.board];
    compute = board.work == Work::sum ? compute + time : std::max(compute, time);
  }
  return stageLoad(board, compute, in, out);
}

}  // namespace

std::vector<double> loadsOf(const Problem& problem, const Stages& stages) {
  const Flows flows = flowsOf(problem, stages);
  std::vector<double> loads;
  for (std::size_t s = 0; s < stages.size(); ++s)
    loads.push_back(loadOf(problem, stages[s], flows.in[s], flows.out[s]));
  return loads;
}

Measures measure(const Problem& problem, const Stages& stages) {
  Measures result;
  const auto [in, out, behind] = flowsOf(problem, stages);
  for (std::uint32_t s = 0; s < stages.size(); ++s) {
    const Stage& stage = stages[s];
    const double load = loadOf(problem, stage, in[s], out[s]);
    result.load = std::max({result.load, load, cableOf(problem, stage.place) * std::max(in[s], out[s])});
    result.latency += load;
    if (s + 1 < stages.size()) {
      const Hop hop = hopBetween(problem, stage.place, stages[s + 1].place);
      result.load = std::max(result.load, hop.slowest * behind[s].amount);
      if (behind[s].any) result.latency += hop.latency + hop.inverse * behind[s].amount;
    }
    ++result.boards;
  }
  return result;
}

double valueOf(Goal goal, const Measures& measures) {
  return goal == Goal::load ? measures.load : goal == Goal::latency ? measures.latency : measures.boards;
}

bool isFeasible(const Problem& problem, const Stages& stages, double loadLimit) {
  for (const Stage& stage : stages)
    for (std::size_t r = 0; r < problem.resources.size(); ++r) {
      double size = 0;
      for (const std::uint32_t v : stage.nodes) size += problem.nodes[v].size[r];
      if (size > problem.boards[stage.board].capacity[r]) return false;
    }
  const double load = measure(problem, stages).load;
  return load != impossible && load <= loadLimit * (1 + sameValue);
}

WorkBound workBound(const Problem& problem, const Atoms& atoms, const Seats& seats) {
  WorkBound bound;
  std::map<std::vector<std::uint32_t>, std::uint32_t> known;
  for (std::size_t s = 0; s < seats.count(); ++s) {
    std::vector<std::uint32_t> kinds;
    for (std::uint32_t k = 0; k < problem.boards.size(); ++k)
      if (seats.left[s][k] > 0) kinds.push_back(k);
    const auto [it, isNew] = known.try_emplace(kinds, static_cast<std::uint32_t>(bound.weights.size()));
    if (isNew) {
      bound.multipliers.push_back(multipliersFor(problem, atoms, kinds));
      std::vector<double> weights(atoms.count(), 0);
      for (std::size_t a = 0; a < atoms.count(); ++a) {
        double least = impossible;
        for (const std::uint32_t k : kinds)
          if (atoms.sum[k][a] != impossible)
            least = std::min(least, bound.multipliers.back()[k] * atoms.sum[k][a]);
        weights[a] =
            least == impossible ? 0 : least;  // (no board that is left can do it: found when it is tried)
      }
      bound.weights.push_back(std::move(weights));
      std::vector<WorkBound::Slow> slowest;
      for (std::uint32_t a = 0; a < atoms.count(); ++a) {
        double least = impossible;
        for (const std::uint32_t k : kinds)
          least =
              std::min(least, problem.boards[k].work == Work::sum ? atoms.sum[k][a] : atoms.slowest[k][a]);
        slowest.push_back({least, a});
      }
      std::stable_sort(slowest.begin(), slowest.end(),
                       [](const auto& x, const auto& y) { return x.time > y.time; });
      bound.slowest.push_back(std::move(slowest));
    }
    bound.weighting.push_back(it->second);
    double worth = 0;
    for (const std::uint32_t k : kinds) worth += bound.multipliers[it->second][k] * seats.left[s][k];
    bound.worth.push_back(worth);
    std::vector<double> room(problem.resources.size(), 0);
    for (std::size_t r = 0; r < room.size(); ++r)
      for (const std::uint32_t k : kinds)
        if (seats.left[s][k] > 0) room[r] += problem.boards[k].capacity[r] * seats.left[s][k];
    bound.room.push_back(std::move(room));
  }
  bool adds = true;
  for (const Board& board : problem.boards) adds = adds && boundsWork(board);
  bound.least.assign(atoms.count(), 0);
  for (std::size_t a = 0; adds && a < atoms.count(); ++a) {
    double least = impossible;
    for (std::size_t k = 0; k < problem.boards.size(); ++k) least = std::min(least, atoms.sum[k][a]);
    bound.least[a] = least == impossible ? 0 : least;
  }
  return bound;
}

double rootBound(const Problem& problem, const Atoms& atoms, const WorkBound& bound,
                 const Objective& objective) {
  double work = 0, most = 0, latency = 0;
  for (std::size_t a = 0; a < atoms.count(); ++a) {
    work += bound.weights[bound.weighting[0]][a];
    latency += bound.least[a];
    double least = impossible;
    for (std::size_t k = 0; k < problem.boards.size(); ++k)
      least = std::min(least, problem.boards[k].work == Work::sum ? atoms.sum[k][a] : atoms.slowest[k][a]);
    most = std::max(most, least);
  }
  switch (objective.goal) {
    case Goal::load:
      return std::max(most, bound.worth[0] > 0 ? work / bound.worth[0] : 0);
    case Goal::latency:
      return std::max(latency, most);
    case Goal::boards:
      return 1;
  }
  return 0;
}

}  // namespace sluice::splits
