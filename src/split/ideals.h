#pragma once

#include <cstdint>
#include <vector>

#include "split/price.h"

/// The exact search, over ideals.
///
/// An ideal is a set of atoms that holds, with each atom, all that comes before it. The first i stages of any plan are
/// one, and the best plan that ends in an ideal with certain boards used (a state) does not care how it came to be
/// there. So plans are paths from the empty ideal to the full one; a step is a part. The number of ideals grows with
/// the width of the graph, not its length: chains have n + 1, 177 layers of ResNet-50 have 242.
///
/// What makes it fast: parts are grown node by node in ascending order, so that each is met once, and growth ends where
/// the board is full or already slower than the best known plan; a state from which too much is left for the boards
/// that are left (WorkBound) is not kept. On networks whose stages balance well little survives: the states lie in
/// narrow bands around 1/K, 2/K, ... of the work. Parts that are too small are met, but they lead to states outside the
/// bands, and are forgotten at once.
///
///   a -> b -> d      ideals {} {a} {a,b} {a,c} {a,b,c} {a,b,c,d}; from {a} the parts grown are b, bc, bcd, c
///   a -> c -> d
///
/// Source   dynamic programming over ideals as in "Efficient Algorithms for Device Placement of DNN Graph Operators"
///          (NeurIPS 2020), section 5. Ours differs: ideals are made only as they are reached; the bound on what is
///          left; boards of several kinds, orders, links; other objectives; steps are counted, and a search that is cut
///          short says so.
namespace sluice::splits {

struct IdealState {
  std::uint32_t seat = 0;
  double value = 0;
};
/// All that was reached and not refuted, for the certificate.
struct ReachedIdeal {
  std::vector<std::uint32_t> atoms;  ///< ascending
  std::vector<IdealState> states;
};

struct SearchLimits {
  std::uint64_t steps = 3'000'000'000;  ///< atoms added to growing parts
  std::uint64_t bytes = std::uint64_t{32}
                        << 20;  ///< of states; vectors that grow take up to three times as much
};

struct SearchResult {
  bool complete = false;  ///< nothing better exists; false: a limit was met
  bool found = false;
  double value = 0;  ///< of the plan below, less than what was asked
  Stages stages;
  std::vector<ReachedIdeal> reached;  ///< if complete and asked for
  std::uint64_t steps = 0, ideals = 0;
};

/// The best plan of value below `below`.
SearchResult searchIdeals(const Problem& problem, const Atoms& atoms, const Seats& seats,
                          const WorkBound& bound, const Objective& objective, double below,
                          const SearchLimits& limits, bool keepReached);

}  // namespace sluice::splits
