#pragma once

#include <algorithm>

#include "split/atoms.h"
#include "split/problem.h"
#include "split/seats.h"

/// What one step of a plan costs; problem.h says what is counted.
namespace sluice::splits {

/// Values closer than this, relatively, are taken as equal; a plan is better only if it is better by more.
constexpr double sameValue = 1e-12;

inline double stageLoad(const Board& board, double compute, double in, double out) {
  switch (board.transfers) {
    case Transfers::free:
      return compute;
    case Transfers::added:
      return compute + (in + out) / board.rate;
    case Transfers::overlapped:
      return std::max(compute, std::max(in, out) / board.rate);
  }
  return compute;
}

/// Behind a part set of nodes: what later parts still need.
struct Crossing {
  double amount = 0;
  bool any = false;
};

/// The value so far, taken over the way from one stage to the next; at least `impossible` if the limit is broken.
inline double overHop(const Objective& objective, double value, const Hop& hop, const Crossing& crossing) {
  const double load = hop.slowest * crossing.amount;
  if (objective.goal == Goal::load) return load > objective.loadLimit ? impossible : std::max(value, load);
  if (load > objective.loadLimit * (1 + sameValue)) return impossible;
  if (objective.goal == Goal::latency && crossing.any)
    return value + hop.latency + hop.inverse * crossing.amount;
  return value;
}

/// The same over a stage of load `stage`, whose cable takes `cableLoad`.
inline double overStage(const Objective& objective, double value, double stage, double cableLoad) {
  const double load = std::max(stage, cableLoad);
  if (load > objective.loadLimit * (1 + sameValue)) return impossible;
  switch (objective.goal) {
    case Goal::load:
      return std::max(value, load);
    case Goal::latency:
      return value + stage;
    case Goal::boards:
      return value + 1;
  }
  return value;
}

/// The three measures of a plan, counted afresh. `stages` put every node somewhere, in a legal order.
Measures measure(const Problem& problem, const Stages& stages);
/// The load of each stage's board.
std::vector<double> loadsOf(const Problem& problem, const Stages& stages);
double valueOf(Goal goal, const Measures& measures);
/// Whether every part fits its board, can run there, and no load is above the limit.
bool isFeasible(const Problem& problem, const Stages& stages, double loadLimit);

/// Lower bounds on what is left to do, by weights of atoms.
///
/// For numbers l_k >= 0, one per kind of board: whatever is left costs at least sum over its atoms of
/// min_k l_k * time_k, and boards that may be loaded up to T do at most T * sum_k l_k * left_k of it. So a seat from
/// which more is left than that leads to no plan of load T. One set of numbers per set of kinds that are left; they are
/// chosen to make the bound large at the start. Capacities give the same bound, for resources. And some stage must hold the
/// slowest of what is left: its load is at least that atom's time on the best board that is left, and so is the latency
/// still to come. (That is all there is to say where boards work on all nodes at once.)
struct WorkBound {
  struct Slow {
    double time = 0;  ///< the least over the kinds that are left; `impossible`: none of them can do it
    std::uint32_t atom = 0;
  };
  std::vector<std::vector<Slow>> slowest;        ///< per weighting: all atoms, slowest first
  std::vector<std::vector<double>> weights;      ///< per weighting, per atom
  std::vector<std::vector<double>> multipliers;  ///< per weighting, per board kind
  std::vector<std::uint32_t> weighting;          ///< per seat
  std::vector<double> worth;                     ///< per seat: sum_k l_k * left_k
  std::vector<std::vector<double>> room;         ///< per seat, per resource: capacity of all that is left
  std::vector<double> least;                     ///< per atom: the least latency it adds
};
WorkBound workBound(const Problem& problem, const Atoms& atoms, const Seats& seats);

/// No plan is better, by that bound alone.
double rootBound(const Problem& problem, const Atoms& atoms, const WorkBound& bound,
                 const Objective& objective);

}  // namespace sluice::splits
