#include "quantize/moments.h"

#include <algorithm>

#include "ir/geometry.h"

namespace sluice::quantize {
namespace {

/// Where the patches lie: for each position and each term of group 0 an element of a sample of x, or -1 (padding).
struct Patches {
  std::size_t positions = 1, terms = 0, groups = 1, groupIn = 0;
  std::vector<std::int64_t> sources;  ///< [positions, places]: index of the first channel, or -1
};

Result<Patches> patchesOf(const ir::Operation& operation, const ir::Shape& input, const ir::Shape& weights) {
  Patches p;
  if (std::holds_alternative<ir::MatMul>(operation)) {
    p.terms = p.groupIn = static_cast<std::size_t>(weights[0]);
    p.positions = static_cast<std::size_t>(ir::elements(input)) / p.terms;
    for (std::size_t i = 0; i < p.positions; ++i) p.sources.push_back(static_cast<std::int64_t>(i * p.terms));
    return p;
  }
  const auto* conv = std::get_if<ir::Conv>(&operation);
  if (conv == nullptr) return unsupported("moments are those of convolutions and matrix products");
  SLUICE_TRY(const ir::ConvShape shape, ir::convShape(input, weights, conv->window, conv->groups));
  p.groups = static_cast<std::size_t>(shape.groups);
  p.groupIn = static_cast<std::size_t>(shape.groupIn());
  p.terms = static_cast<std::size_t>(shape.places()) * p.groupIn;
  p.sources = ir::windowSources(shape.axes);
  p.positions = p.sources.size() / static_cast<std::size_t>(shape.places());
  for (std::int64_t& source : p.sources)
    if (source >= 0) source *= shape.channelsIn;
  return p;
}

/// matrix[i, j] += sum of rows[r, i] * other[r, j], four rows at a time.
void addProducts(const std::vector<double>& rows, std::size_t n, const std::vector<double>& other,
                 std::size_t m, std::size_t count, double* matrix, bool upper) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const double* a = rows.data() + r * n;
    const double* b = other.data() + r * m;
    for (std::size_t i = 0; i < n; ++i) {
      const double a0 = a[i], a1 = a[n + i], a2 = a[2 * n + i], a3 = a[3 * n + i];
      if (a0 == 0 && a1 == 0 && a2 == 0 && a3 == 0) continue;
      double* to = matrix + i * m;
      for (std::size_t j = upper ? i : 0; j < m; ++j)
        to[j] += a0 * b[j] + a1 * b[m + j] + a2 * b[2 * m + j] + a3 * b[3 * m + j];
    }
  }
  for (; r < count; ++r)
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = upper ? i : 0; j < m; ++j) matrix[i * m + j] += rows[r * n + i] * other[r * m + j];
}

constexpr std::size_t blockRows = 256;

}  // namespace

Result<Moments> momentsOf(const ir::Operation& operation, const ir::Shape& input, const ir::Shape& weights,
                          const std::vector<double>& x, const std::vector<double>& target,
                          std::size_t samples, const MomentOptions& options) {
  SLUICE_TRY(const Patches p, patchesOf(operation, input, weights));
  if (p.terms > options.mostTerms)
    return unsupported("a product of " + std::to_string(p.terms) +
                       " terms; second moments are computed up to " + std::to_string(options.mostTerms));
  const std::size_t n = p.terms, outputs = static_cast<std::size_t>(weights.back());
  const std::size_t perGroup = outputs / p.groups;
  const auto sampleSize = static_cast<std::size_t>(ir::elements(input));
  const std::size_t all = samples * p.positions;
  const std::size_t wanted = std::min(all, std::max(options.mostPatches, 8 * n));
  Moments m{.terms = n, .groups = p.groups};
  m.covariance.assign(p.groups * n * n, 0);
  m.mean.assign(p.groups * n, 0);
  m.cross.assign(outputs * n, 0);
  m.targetMean.assign(outputs, 0);
  m.targetSquare.assign(outputs, 0);

  std::vector<double> rows(blockRows * n), wantedRows(blockRows * perGroup), crossed(n * perGroup);
  const std::size_t places = n / p.groupIn;
  for (std::size_t group = 0; group < p.groups; ++group) {
    double* covariance = m.covariance.data() + group * n * n;
    double* mean = m.mean.data() + group * n;
    std::fill(crossed.begin(), crossed.end(), 0.0);
    for (std::size_t first = 0; first < wanted; first += blockRows) {
      const std::size_t count = std::min(blockRows, wanted - first);
      for (std::size_t r = 0; r < count; ++r) {
        // Spread evenly over all patches of all samples.
        const std::size_t patch = (first + r) * all / wanted;
        const double* sample = x.data() + patch / p.positions * sampleSize;
        const std::int64_t* source = p.sources.data() + patch % p.positions * places;
        for (std::size_t place = 0; place < places; ++place) {
          double* to = rows.data() + r * n + place * p.groupIn;
          if (source[place] < 0) {
            std::fill(to, to + p.groupIn, 0.0);
          } else {
            const double* from = sample + source[place] + group * p.groupIn;
            std::copy(from, from + p.groupIn, to);
          }
        }
        const double* t = target.data() + patch * outputs + group * perGroup;
        std::copy(t, t + perGroup, wantedRows.data() + r * perGroup);
        for (std::size_t i = 0; i < n; ++i) mean[i] += rows[r * n + i];
        for (std::size_t j = 0; j < perGroup; ++j) {
          m.targetMean[group * perGroup + j] += t[j];
          m.targetSquare[group * perGroup + j] += t[j] * t[j];
        }
      }
      addProducts(rows, n, rows, n, count, covariance, true);
      addProducts(rows, n, wantedRows, perGroup, count, crossed.data(), false);
    }
    // From sums to moments about the means.
    const auto total = static_cast<double>(wanted);
    for (std::size_t i = 0; i < n; ++i) mean[i] /= total;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i; j < n; ++j) {
        covariance[i * n + j] = covariance[i * n + j] / total - mean[i] * mean[j];
        covariance[j * n + i] = covariance[i * n + j];
      }
    for (std::size_t j = 0; j < perGroup; ++j) {
      const std::size_t output = group * perGroup + j;
      m.targetMean[output] /= total;
      m.targetSquare[output] =
          std::max(0.0, m.targetSquare[output] / total - m.targetMean[output] * m.targetMean[output]);
      for (std::size_t i = 0; i < n; ++i)
        m.cross[output * n + i] = crossed[i * perGroup + j] / total - mean[i] * m.targetMean[output];
    }
  }
  return m;
}

}  // namespace sluice::quantize
