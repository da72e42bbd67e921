// A peer of bench/search/fronts: pagmo's NSGA-II on the same problems, in a program of its own (pagmo is
// GPL-3 or LGPL-3: nothing of Sluice is linked to it).
//
//     pagmo_front PROBLEM VARIABLES EVALUATIONS SEED POPULATION CROSSOVER CROSSOVER_INDEX MUTATION MUTATION_INDEX
//
// Prints the version, then the seconds of processor spent in pagmo (first population and evolution), then the losses of every
// evaluation, one per line.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include <pagmo/algorithm.hpp>
#include <pagmo/algorithms/nsga2.hpp>
#include <pagmo/config.hpp>
#include <pagmo/population.hpp>
#include <pagmo/problem.hpp>

namespace {

std::vector<std::vector<double>> evaluated;  // all losses, in order

struct Front {
  std::string name;
  std::size_t variables = 10;

  [[nodiscard]] std::vector<double> losses(const std::vector<double>& x) const {
    if (name == "dtlz2") {
      double g = 0;
      for (std::size_t i = 2; i < x.size(); ++i) g += (x[i] - 0.5) * (x[i] - 0.5);
      const double a = x[0] * M_PI / 2, b = x[1] * M_PI / 2;
      return {(1 + g) * std::cos(a) * std::cos(b), (1 + g) * std::cos(a) * std::sin(b),
              (1 + g) * std::sin(a)};
    }
    double sum = 0;
    for (std::size_t i = 1; i < x.size(); ++i) sum += x[i];
    const double g = 1 + 9 * sum / static_cast<double>(x.size() - 1), share = x[0] / g;
    return {x[0], g * (name == "zdt1" ? 1 - std::sqrt(share) : 1 - share * share)};
  }
  [[nodiscard]] std::vector<double> fitness(const std::vector<double>& x) const {
    evaluated.push_back(losses(x));
    return evaluated.back();
  }
  [[nodiscard]] std::vector<double>::size_type get_nobj() const { return name == "dtlz2" ? 3 : 2; }
  [[nodiscard]] std::pair<std::vector<double>, std::vector<double>> get_bounds() const {
    return {std::vector<double>(variables, 0), std::vector<double>(variables, 1)};
  }
  template <typename Archive>
  void serialize(Archive& archive, unsigned) {
    archive & name & variables;
  }
};

}  // namespace

PAGMO_S11N_PROBLEM_EXPORT(Front)

int main(int argc, char** argv) {
  if (argc != 10) return 2;
  const auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
  const auto real = [&](int i) { return std::strtod(argv[i], nullptr); };
  const unsigned long evaluations = number(3), population = number(5);
  const auto seed = static_cast<unsigned>(number(4));
  double seconds = 1e9;
  for (int repeat = 0; repeat < 3; ++repeat) {  // the least of three
    evaluated.clear();
    const std::clock_t start = std::clock();
    pagmo::population people{pagmo::problem{Front{argv[1], number(2)}}, population, seed};
    pagmo::algorithm algorithm{pagmo::nsga2(static_cast<unsigned>(evaluations / population - 1), real(6),
                                            real(7), real(8), real(9), seed)};
    people = algorithm.evolve(people);
    seconds = std::min(seconds, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  std::printf("pagmo %s\n%.9f\n", PAGMO_VERSION, seconds);
  for (const auto& losses : evaluated) {
    for (const double loss : losses) std::printf("%.17g ", loss);
    std::printf("\n");
  }
}
