#include "search/evolve.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::search {

Individual individualOf(const View& view, std::size_t number) {
  constexpr std::uint64_t stream = 0x67656e6573ull;  // apart from those of proposals
  const Trial& trial = view.seen[number];
  Individual individual{number, trial.score, std::vector<double>(view.space.parameters.size())};
  if (trial.state == State::failed)
    individual.score = {std::vector<double>(view.losses, std::numeric_limits<double>::infinity()),
                        std::numeric_limits<double>::infinity()};
  for (std::size_t i = 0; i < individual.genes.size(); ++i) {
    const auto& value = trial.point.values[i];
    individual.genes[i] =
        value ? unitOf(view.space.parameters[i], *value)
              : static_cast<double>(randomBits(view.seed, stream + i, number) >> 11) * 0x1.0p-53;
  }
  return individual;
}

namespace {

/// One number of a child. Spread factors that would leave [0, 1] are not drawn.
double crossed(double a, double b, double index, Rng& rng) {
  if (std::abs(a - b) < 1e-14) return a;
  const double lo = std::min(a, b), hi = std::max(a, b);
  const bool low = rng.chance(0.5);
  const double beta = 1 + 2 * (low ? lo : 1 - hi) / (hi - lo);
  const double alpha = 2 - std::pow(beta, -(index + 1));
  const double u = rng.real();
  const double spread =
      u <= 1 / alpha ? std::pow(u * alpha, 1 / (index + 1)) : std::pow(1 / (2 - u * alpha), 1 / (index + 1));
  const double child = 0.5 * ((lo + hi) + (low ? -spread : spread) * (hi - lo));
  return std::clamp(child, 0.0, 1.0);
}

double mutated(double gene, double index, Rng& rng) {
  const double u = rng.real(), power = 1 / (index + 1);
  double step = 0;
  if (u < 0.5)
    step = std::pow(2 * u + (1 - 2 * u) * std::pow(1 - gene, index + 1), power) - 1;
  else
    step = 1 - std::pow(2 * (1 - u) + 2 * (u - 0.5) * std::pow(gene, index + 1), power);
  return std::clamp(gene + step, 0.0, 1.0);
}

}  // namespace

void mutate(const Space& space, std::vector<double>& genes, double mutations, double index, Rng& rng) {
  const double rate = std::min(1.0, mutations / static_cast<double>(genes.size()));
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (!rng.chance(rate)) continue;
    const Parameter& parameter = space.parameters[i];
    if (parameter.kind == Kind::categorical) {
      genes[i] = rng.real();
      continue;
    }
    // A range of few numbers: a step that stays in the part of its level changes nothing, so at least one level.
    const double before = genes[i];
    genes[i] = mutated(before, index, rng);
    const auto levels = static_cast<double>(parameter.levels());
    if (levels > 1 && levels < 1000 && valueAt(parameter, genes[i]) == valueAt(parameter, before)) {
      const double part = 1 / levels;
      genes[i] = std::clamp(before + (rng.chance(0.5) ? part : -part), 0.0, 1.0);
    }
  }
}

std::vector<double> childOf(const Space& space, const Individual& a, const Individual& b,
                            const Variation& variation, Rng& rng) {
  std::vector<double> genes = a.genes;
  if (rng.chance(variation.crossover))
    for (std::size_t i = 0; i < genes.size(); ++i) {
      if (!rng.chance(0.5)) continue;
      genes[i] = space.parameters[i].kind == Kind::categorical
                     ? b.genes[i]
                     : crossed(a.genes[i], b.genes[i], variation.crossoverIndex, rng);
    }
  mutate(space, genes, variation.mutations, variation.mutationIndex, rng);
  return genes;
}

std::vector<double> differenceOf(const Space& space, const Individual& base, const Individual& a,
                                 const Individual& b, Rng& rng) {
  std::vector<double> genes = base.genes;
  const auto always = static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(genes.size()) - 1));
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (i != always && !rng.chance(0.5)) continue;
    if (space.parameters[i].kind == Kind::categorical) {
      if (a.genes[i] != b.genes[i]) genes[i] = a.genes[i];
      continue;
    }
    const double gene = base.genes[i] + 0.5 * (a.genes[i] - b.genes[i]);
    if (gene < 0)
      genes[i] = base.genes[i] * rng.real();
    else if (gene > 1)
      genes[i] = 1 - (1 - base.genes[i]) * rng.real();
    else
      genes[i] = gene;
  }
  return genes;
}

}  // namespace sluice::search
