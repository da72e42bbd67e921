#pragma once

#include <cstdint>
#include <vector>

#include "fixed/ap_fixed.h"

/// The tables of hls4ml's activations (nnet_activation.h): float arithmetic as its C++ does it, then assigned to the
/// table's type.
namespace sluice::compat {

/// What a table of `size` entries holds at entry i:
enum class Curve : std::uint8_t {
  sigmoid,        ///< x from -8 to 8
  tanh,           ///< x from -4 to 4
  softplus,       ///< x from -8 to 8
  softsign,       ///< x from -8 to 8
  elu,            ///< exp(x) - 1, x from 0 down to -8
  selu,           ///< x from 0 down to -8
  expLegacy,      ///< exp(x), x from -8 to 8
  inverseLegacy,  ///< 1 / x, x from 0 to 64; 0 at 0
};
std::vector<std::int64_t> curveTable(Curve curve, std::int64_t size, const fixed::ApFormat& type);

/// exp(x) or exp(-x), x being the number of `index` type whose top bits are the entry's number.
std::vector<std::int64_t> expTable(std::int64_t size, const fixed::ApFormat& index, bool negative,
                                   const fixed::ApFormat& type);
/// 1 / x likewise.
std::vector<std::int64_t> inverseTable(std::int64_t size, const fixed::ApFormat& index,
                                       const fixed::ApFormat& type);

/// Codes of `from` assigned to `to`.
std::vector<std::int64_t> converted(std::vector<std::int64_t> codes, const fixed::ApFormat& from,
                                    const fixed::ApFormat& to);

}  // namespace sluice::compat
