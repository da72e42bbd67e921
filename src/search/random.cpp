#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/hash.h"
#include "search/strategy.h"

/// Uniform and quasi-random points, and the set of points that were proposed.
namespace sluice::search {

namespace {

constexpr int mostTries = 100'000;

Error noPoint() {
  return {ErrorCode::gaveUp,
          "100,000 random points in a row break the constraints; narrow the parameters instead",
          "search space"};
}

class Random : public Strategy {
 public:
  Result<std::optional<Point>> propose(const View& view) override {
    Rng rng(view.seed, view.number);
    known_.follow(view.points);
    const auto draw = [&](int) {
      std::vector<double> unit(view.space.parameters.size());
      for (double& u : unit) u = rng.real();
      return pointAt(view.space, unit);
    };
    return freshPoint(view, known_, rng, draw);
  }

 private:
  PointSet known_;
};

/// Proposal n is the n-th point of the sequence that meets the constraints.
class QuasiRandom : public Strategy {
 public:
  Result<std::optional<Point>> propose(const View& view) override {
    if (!halton_) halton_.emplace(view.space.parameters.size(), view.seed);
    for (; accepted_ <= view.number; ++accepted_) {
      Point point;
      int tries = 0;
      do {
        if (tries++ == mostTries) return noPoint();
        point = pointAt(view.space, halton_->at(next_++));
      } while (!meetsConstraints(view.space, point));
      last_ = std::move(point);
    }
    return last_;
  }

 private:
  std::optional<Halton> halton_;
  std::uint64_t next_ = 0;    ///< index in the sequence
  std::size_t accepted_ = 0;  ///< points taken from it; `last_` is the newest
  std::optional<Point> last_;
};

std::vector<std::uint32_t> firstPrimes(std::size_t count) {
  std::vector<std::uint32_t> primes;
  for (std::uint32_t n = 2; primes.size() < count; ++n) {
    bool prime = true;
    for (const std::uint32_t p : primes) {
      if (p * p > n) break;
      if (n % p == 0) prime = false;
    }
    if (prime) primes.push_back(n);
  }
  return primes;
}

std::uint64_t keyOf(const Point& point) {
  std::uint64_t key = point.values.size();
  for (const auto& value : point.values)
    key = mix64(key + 0x9e3779b97f4a7c15ull) ^
          (value ? mix64(std::bit_cast<std::uint64_t>(*value + 0.0)) + 1 : 0);
  return mix64(key);
}

}  // namespace

std::unique_ptr<Strategy> makeRandom() { return std::make_unique<Random>(); }
std::unique_ptr<Strategy> makeQuasiRandom() { return std::make_unique<QuasiRandom>(); }

Result<Point> randomPoint(const Space& space, Rng& rng) {
  std::vector<double> unit(space.parameters.size());
  for (int attempt = 0; attempt < mostTries; ++attempt) {
    for (double& u : unit) u = rng.real();
    Point point = pointAt(space, unit);
    if (meetsConstraints(space, point)) return point;
  }
  return noPoint();
}

Halton::Halton(std::size_t dimensions, std::uint64_t seed) {
  constexpr std::uint64_t stream = 0x48616c746f6eull;  // apart from those of proposals
  Rng rng(seed, stream);
  for (const std::uint32_t base : firstPrimes(dimensions)) {
    Dimension dimension;
    dimension.base = base;
    dimension.places = static_cast<std::size_t>(std::ceil(53.0 / std::log2(static_cast<double>(base))));
    for (std::size_t place = 0; place < dimension.places; ++place) {
      std::vector<std::uint32_t> digits(base);
      std::iota(digits.begin(), digits.end(), 0u);
      for (std::size_t i = base - 1; i > 0; --i)
        std::swap(digits[i], digits[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(i)))]);
      dimension.permutations.insert(dimension.permutations.end(), digits.begin(), digits.end());
    }
    dimensions_.push_back(std::move(dimension));
  }
}

std::vector<double> Halton::at(std::uint64_t index) const {
  std::vector<double> unit;
  for (const Dimension& dimension : dimensions_) {
    double value = 0, weight = 1;
    std::uint64_t rest = index;
    for (std::size_t place = 0; place < dimension.places; ++place) {
      weight /= dimension.base;
      value += weight * dimension.permutations[place * dimension.base + rest % dimension.base];
      rest /= dimension.base;
    }
    unit.push_back(std::min(value, 0x1.fffffffffffffp-1));
  }
  return unit;
}

void PointSet::follow(const std::vector<Point>& points) {
  for (; taken_ < points.size(); ++taken_) keys_.insert(keyOf(points[taken_]));
}

bool PointSet::contains(const Point& point) const { return keys_.contains(keyOf(point)); }

}  // namespace sluice::search
