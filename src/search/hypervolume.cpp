#include <algorithm>

#include "base/check.h"
#include "search/front.h"

/// Exact hypervolume. A set's volume is the sum over its points, in some order, of what each adds to those behind
/// it; and what a point adds is its own box less the part that the others cover of it: the volume of the others
/// *limited* to the box (each loss raised to the point's). Limited sets are small once the dominated points are
/// dropped, above all when the points come worst first in the last loss.
namespace sluice::search {

namespace {

using Points = std::vector<std::vector<double>>;

/// The points no other dominates, each once.
Points nonDominated(Points points) {
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  Points kept;
  for (std::vector<double>& point : points) {  // what dominates it comes before it
    const bool beaten = std::any_of(kept.begin(), kept.end(), [&](const std::vector<double>& other) {
      return dominates(std::span<const double>(other), std::span<const double>(point));
    });
    if (!beaten) kept.push_back(std::move(point));
  }
  return kept;
}

double sweep(Points points, std::span<const double> reference) {
  std::sort(points.begin(), points.end());
  double volume = 0, height = reference[1];
  for (const std::vector<double>& point : points) {
    if (point[1] >= height) continue;
    volume += (reference[0] - point[0]) * (height - point[1]);
    height = point[1];
  }
  return volume;
}

/// `points` lie below the reference in the first reference.size() losses; more losses are not looked at.
double volumeOf(Points points, std::span<const double> reference) {
  const std::size_t losses = reference.size();
  if (points.empty()) return 0;
  if (losses == 1) {
    double least = reference[0];
    for (const auto& point : points) least = std::min(least, point[0]);
    return reference[0] - least;
  }
  if (losses == 2) return sweep(std::move(points), reference);
  // Worst first in the last loss: limiting those behind to a point then sets their last loss to the point's, so
  // that what they cover of its box is a volume in one loss less, times the box's last side.
  std::sort(points.begin(), points.end(), [&](const std::vector<double>& a, const std::vector<double>& b) {
    return a[losses - 1] != b[losses - 1] ? a[losses - 1] > b[losses - 1] : a < b;
  });
  double volume = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::vector<double>& point = points[i];
    double box = 1;
    for (std::size_t k = 0; k + 1 < losses; ++k) box *= reference[k] - point[k];
    Points limited;
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      std::vector<double> other(losses - 1);
      for (std::size_t k = 0; k + 1 < losses; ++k) other[k] = std::max(points[j][k], point[k]);
      limited.push_back(std::move(other));
    }
    const double covered = volumeOf(nonDominated(std::move(limited)), reference.first(losses - 1));
    volume += (reference[losses - 1] - point[losses - 1]) * (box - covered);
  }
  return volume;
}

}  // namespace

double hypervolume(Points points, std::span<const double> reference) {
  SLUICE_CHECK(!reference.empty(), "a volume has a dimension");
  std::erase_if(points, [&](const std::vector<double>& point) {
    SLUICE_CHECK(point.size() == reference.size(), "as many losses as the reference");
    for (std::size_t k = 0; k < reference.size(); ++k)
      if (!(point[k] < reference[k])) return true;
    return false;
  });
  return volumeOf(reference.size() > 2 ? nonDominated(std::move(points)) : std::move(points), reference);
}

std::vector<double> contributionsOf(const Points& points, std::span<const double> reference) {
  std::vector<double> contributions;
  const double whole = hypervolume(points, reference);
  for (std::size_t i = 0; i < points.size(); ++i) {
    Points others = points;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    contributions.push_back(std::max(0.0, whole - hypervolume(std::move(others), reference)));
  }
  return contributions;
}

}  // namespace sluice::search
