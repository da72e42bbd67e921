#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/objectives.h"
#include "search/space.h"

/// Samplers: which point to try next.
///
/// A search is a function of its seed. Trials have numbers 0, 1, 2, ...; proposal n depends on space, objectives,
/// options, seed and the results of trials 0 to n - w alone, w being the *window*: as many trials may run at the
/// same time as the window is wide, whatever the number of workers and whichever ends first, and the points are
/// the same. With w = 1 every trial waits for the one before it.
///
///   std::vector<Trial> history;                            // trial n stands at position n
///   SLUICE_TRY(Sampler sampler, Sampler::make(space, objectives, options, seed));
///   SLUICE_TRY(const auto points, sampler.propose(history, options.window));   // the next `window` trials
namespace sluice::search {

enum class Method : std::uint8_t {
  grid,         ///< all combinations, the last parameter fastest; a continuum in `gridPoints`, ends included
  random,       ///< uniform
  quasiRandom,  ///< scrambled Halton points: as random, but more even
  nsga2,        ///< evolution: non-dominated rank, then crowding
  moead,        ///< evolution: one scalar problem per direction
  tpe,          ///< density of good trials over density of the others
  gaussianProcess,  ///< a Gaussian process of the losses in a random direction; expected improvement
};

/// "grid", "random", "quasi-random", "nsga2", "moead", "tpe", "gp".
std::string_view nameOf(Method method);
/// Whether proposals depend on results.
bool looksAtResults(Method method);
/// Errors: badInput, listing the names.
Result<Method> methodNamed(std::string_view name);

struct SamplerOptions {
  Method method = Method::nsga2;
  std::size_t window = 1;      ///< w above, at least 1
  std::size_t population = 0;  ///< nsga2, moead; 0: the method's own
  std::size_t startup = 0;     ///< trials before a method looks at results; 0: the method's own
  std::size_t gridPoints = 5;  ///< grid: values taken of a continuum, and at most of an integer range
  bool operator==(const SamplerOptions&) const = default;
};

enum class State : std::uint8_t {
  pending,  ///< proposed; no result yet
  done,     ///< `score` is what came out
  failed,   ///< ended without metrics: worse than anything that ended
};

struct Trial {
  Point point;
  State state = State::pending;
  Score score;
};

/// How many results (those of trials 0, 1, ...) proposal `number` may look at.
inline std::size_t resultsBefore(std::size_t number, std::size_t window) {
  return number + 1 > window ? number + 1 - window : 0;
}

class Sampler {
 public:
  /// Errors  badInput: space, objectives or options make no sense
  static Result<Sampler> make(Space space, Objectives objectives, SamplerOptions options, std::uint64_t seed);
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;
  ~Sampler();

  /// The points of trials history.size(), history.size() + 1, ..., `count` of them; fewer at the end of a grid.
  /// A sampler remembers what it made of a history, so that the next call with a longer one is fast; the points
  /// are those a fresh sampler would give.
  /// Errors  badInput: a result that a proposal may look at is still pending; gaveUp: no allowed point found
  Result<std::vector<Point>> propose(std::span<const Trial> history, std::size_t count);

  /// Proposals there are in all; 0: no end.
  [[nodiscard]] std::uint64_t size() const;

 private:
  struct Body;
  explicit Sampler(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

/// The same without memory: a fresh sampler, asked once.
Result<std::vector<Point>> propose(const Space& space, const Objectives& objectives,
                                   const SamplerOptions& options, std::span<const Trial> history,
                                   std::uint64_t seed, std::size_t count);

}  // namespace sluice::search
