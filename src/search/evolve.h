#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "search/strategy.h"

/// What evolutionary methods share: individuals as positions in the unit cube, and variation of them.
namespace sluice::search {

/// A trial as a parent. `genes`: a position in [0, 1] per parameter; of parameters that do not count, random ones,
/// so that a child in which they do count gets something.
struct Individual {
  std::size_t trial = 0;
  Score score;
  std::vector<double> genes;
};

/// Trial `number` of a view. A failed one is outside all limits.
Individual individualOf(const View& view, std::size_t number);

/// The figures are those of bench/search: one set for all problems, chosen by their median hypervolume after 1,000 trials.
struct Variation {
  double crossover = 0.8;      ///< chance that two parents are mixed at all
  double crossoverIndex = 10;  ///< eta of simulated binary crossover: larger stays nearer to the parents
  double mutations = 1.5;      ///< expected number of parameters that mutate
  double mutationIndex = 10;   ///< eta of polynomial mutation
};
inline constexpr double differencesAmongChildren = 0.1;  ///< share that differenceOf() makes

/// A child of two parents: simulated binary crossover (numbers), uniform crossover (choices), polynomial mutation
/// (numbers), redraw (choices).
///
/// Source  K. Deb, R. B. Agrawal, "Simulated binary crossover for continuous search space", Complex Systems 9, 1995;
///         mutation: K. Deb, M. Goyal, "A combined genetic adaptive search (GeneAS) for engineering design", 1996, in the
///         form that respects bounds
std::vector<double> childOf(const Space& space, const Individual& a, const Individual& b,
                            const Variation& variation, Rng& rng);

/// Mutation alone, in place; `mutations` of them are expected.
void mutate(const Space& space, std::vector<double>& genes, double mutations, double index, Rng& rng);

/// `base` + (a - b) / 2 in about half of the numbers, as differential evolution has it; choices come from `a` where
/// a and b differ. Positions outside are put back between the base and the bound.
std::vector<double> differenceOf(const Space& space, const Individual& base, const Individual& a,
                                 const Individual& b, Rng& rng);

}  // namespace sluice::search
