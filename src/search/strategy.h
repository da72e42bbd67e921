#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/rng.h"
#include "search/sampler.h"

/// What the methods behind Sampler share: the view of a history that a proposal may have, and draws.
namespace sluice::search {

/// A search as a method sees it. `seen`: the results a proposal may look at; `points`: all points before it.
struct View {
  const Space& space;
  const SamplerOptions& options;
  std::size_t losses;  ///< of a trial
  std::uint64_t seed;
  std::size_t number;  ///< of the proposal
  std::span<const Trial> seen;
  const std::vector<Point>& points;  ///< `number` of them
};

/// One method. It may remember what it made of `seen` and `points`: between two calls both only grow (else the
/// sampler makes a new one), and what it proposes may depend on the view alone.
class Strategy {
 public:
  virtual ~Strategy() = default;
  /// The next point; none: the end of a grid. Errors: gaveUp.
  virtual Result<std::optional<Point>> propose(const View& view) = 0;
  [[nodiscard]] virtual std::uint64_t size() const { return 0; }
};

Result<std::unique_ptr<Strategy>> makeGrid(const Space& space, const SamplerOptions& options);
std::unique_ptr<Strategy> makeRandom();
std::unique_ptr<Strategy> makeQuasiRandom();
std::unique_ptr<Strategy> makeNsga2();
std::unique_ptr<Strategy> makeMoead();
std::unique_ptr<Strategy> makeTpe();
std::unique_ptr<Strategy> makeGaussianProcess();

/// A uniform point that meets the constraints. Errors: gaveUp after many tries.
Result<Point> randomPoint(const Space& space, Rng& rng);

/// Point `index` of a scrambled Halton sequence, as positions in [0, 1).
///
/// Source  J. H. Halton, "On the efficiency of certain quasi-random sequences of points", Numerische Mathematik 2,
///         1960; the digits of each dimension go through random permutations, one per place, as in A. B. Owen, "A
///         randomized Halton algorithm in R", 2017 (arXiv:1706.02808)
class Halton {
 public:
  Halton(std::size_t dimensions, std::uint64_t seed);
  [[nodiscard]] std::vector<double> at(std::uint64_t index) const;

 private:
  struct Dimension {
    std::uint32_t base = 2;
    std::vector<std::uint32_t> permutations;  ///< place * base + digit -> digit
    std::size_t places = 0;                   ///< base^-places < 2^-53
  };
  std::vector<Dimension> dimensions_;
};

/// The points proposed so far, to propose none twice while there are others.
class PointSet {
 public:
  /// Takes in what came since the last call.
  void follow(const std::vector<Point>& points);
  [[nodiscard]] bool contains(const Point& point) const;

 private:
  std::unordered_set<std::uint64_t> keys_;  // only asked for membership: its order is never looked at
  std::size_t taken_ = 0;
};

/// Calls draw(attempt) until it gives a point that meets the constraints and was not proposed before; after some
/// tries takes a random point, at last one that was proposed before.
template <typename Draw>
Result<std::optional<Point>> freshPoint(const View& view, const PointSet& known, Rng& rng, Draw draw) {
  constexpr int tries = 24;
  for (int attempt = 0; attempt < tries; ++attempt) {
    Point point = draw(attempt);
    if (meetsConstraints(view.space, point) && !known.contains(point))
      return std::optional<Point>(std::move(point));
  }
  std::optional<Point> point;
  for (int attempt = 0; attempt < tries; ++attempt) {
    SLUICE_TRY(point, randomPoint(view.space, rng));
    if (!known.contains(*point)) break;
  }
  return point;
}

/// How many points methods that build a model of the results begin with, where the caller does not say.
inline constexpr std::size_t usualStartup = 20;

/// The quasi-random points with which methods begin that look at results: point `number` of the sequence, and where that
/// is not allowed or was proposed before, one far behind it.
class EvenStart {
 public:
  Result<std::optional<Point>> propose(const View& view, const PointSet& known, Rng& rng) {
    constexpr std::uint64_t apart = 1'000'003;  // farther than any search goes
    if (!halton_) halton_.emplace(view.space.parameters.size(), view.seed);
    return freshPoint(view, known, rng, [&](int attempt) {
      return pointAt(view.space, halton_->at(view.number + static_cast<std::uint64_t>(attempt) * apart));
    });
  }

 private:
  std::optional<Halton> halton_;
};

}  // namespace sluice::search
