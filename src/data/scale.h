#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/column.h"

/// Means and deviations in one pass, the same to the bit however the work is divided.
///
/// The numbers of a block are summed in eight fixed lanes; blocks are merged as a binary counter carries: two of a size
/// become one of twice the size. So the order of every addition depends on the numbers' positions alone, and the error
/// grows with the logarithm of the rows, not with the rows.
///
/// Source  B. P. Welford, Technometrics 4(3), 1962; merging: T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae
///         and a pairwise algorithm for computing sample variances", 1979
namespace sluice::data {

struct Moments {
  std::uint64_t count = 0;
  double mean = 0;
  double squares = 0;  ///< sum of (x - mean)^2
  bool operator==(const Moments&) const = default;
};

/// Of values in a block; NaN is left out.
Moments momentsOf(std::span<const double> values);
Moments merged(const Moments& a, const Moments& b);

/// Moments of many blocks, in their order.
class MomentTree {
 public:
  void add(const Moments& block);
  [[nodiscard]] Moments total() const;

 private:
  std::vector<Moments> levels_;  ///< of 2^i blocks each; where bit i of `blocks_` is set
  std::uint64_t blocks_ = 0;
};

/// x -> (x - mean) / deviation, with the deviation of all values (not of a sample); 1 where all are equal.
struct Scaler {
  double mean = 0, deviation = 1;
  bool operator==(const Scaler&) const = default;
};
Scaler scalerOf(const Moments& moments);
void scale(const Scaler& scaler, std::span<const double> values, std::span<float> scaled);

}  // namespace sluice::data
