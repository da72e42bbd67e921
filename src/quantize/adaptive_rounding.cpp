#include "quantize/adaptive_rounding.h"

#include <algorithm>
#include <cmath>

namespace sluice::quantize {

double cost(const QuadraticForm& form, const std::vector<double>& w) {
  double sum = 0;
  for (std::size_t i = 0; i < form.terms; ++i) {
    if (w[i] == 0) continue;
    double row = -2 * form.g[i];
    for (std::size_t j = 0; j < form.terms; ++j) row += form.h[i * form.terms + j] * w[j];
    sum += w[i] * row;
  }
  return sum;
}

std::vector<std::int64_t> roundAdaptively(const QuadraticForm& form, const std::vector<double>& weights,
                                          const Grid& grid, const RoundingOptions& options) {
  const std::size_t n = form.terms;
  double ridge = 0;
  for (std::size_t i = 0; i < n; ++i) ridge += form.h[i * n + i];
  ridge = std::max(options.ridge * ridge / static_cast<double>(n), 1e-30);

  std::vector<std::int64_t> codes(n), low(n), high(n);
  std::vector<double> slope(n);  // half the gradient of the cost with the ridge
  for (std::size_t i = 0; i < n; ++i) {
    codes[i] = grid.code(weights[i]);
    const double steps = weights[i] / grid.scale;
    const auto limit = [&](double code) {
      return std::clamp(static_cast<std::int64_t>(code), grid.range.lo, grid.range.hi);
    };
    const double far = static_cast<double>(options.reach - 1);
    low[i] = std::min(codes[i], limit(std::floor(steps) - far));
    high[i] = std::max(codes[i], limit(std::ceil(steps) + far));
    slope[i] = -form.g[i];
  }
  for (std::size_t j = 0; j < n; ++j) {
    const double w = grid.scale * static_cast<double>(codes[j]);
    slope[j] += ridge * (w - weights[j]);
    if (w == 0) continue;
    for (std::size_t i = 0; i < n; ++i) slope[i] += form.h[j * n + i] * w;
  }
  for (std::uint32_t sweep = 0; sweep < options.mostSweeps; ++sweep) {
    bool changed = false;
    for (std::size_t i = 0; i < n; ++i) {
      const double curvature = form.h[i * n + i] + ridge;
      const double best = static_cast<double>(codes[i]) - slope[i] / (curvature * grid.scale);
      const std::int64_t code = std::clamp(
          static_cast<std::int64_t>(std::nearbyint(std::clamp(best, -1e15, 1e15))), low[i], high[i]);
      if (code == codes[i]) continue;
      const double step = grid.scale * static_cast<double>(code - codes[i]);
      // The change of the cost; above minus a rounding error it would go round in circles.
      const double change = step * (2 * slope[i] + step * curvature);
      if (change > -1e-12 * step * step * curvature) continue;
      for (std::size_t j = 0; j < n; ++j) slope[j] += form.h[i * n + j] * step;
      slope[i] += ridge * step;
      codes[i] = code;
      changed = true;
    }
    if (!changed) break;
  }
  return codes;
}

}  // namespace sluice::quantize
