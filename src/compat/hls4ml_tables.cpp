#include "compat/hls4ml_tables.h"

#include <bit>
#include <cmath>

#include "compat/hls4ml_emit.h"

/// Entries are C++ of hls4ml said again: where it holds a float, a float stands here, and the same functions of the C
/// library are called, for an entry may lie just beside a step of its type.
namespace sluice::compat {
namespace {

float at(Curve curve, std::int64_t i, std::int64_t size) {
  const auto n = static_cast<float>(size);
  const auto ii = static_cast<double>(i);
  switch (curve) {
    case Curve::sigmoid: {
      const auto x = static_cast<float>(2 * 8.0 * (ii - n / 2.0) / n);
      return static_cast<float>(1.0 / (1 + std::exp(-x)));
    }
    case Curve::tanh:
      return std::tanh(static_cast<float>(2 * 4.0 * (ii - n / 2.0) / n));
    case Curve::softplus: {
      const auto x = static_cast<float>(2 * 8.0 * (ii - n / 2.0) / n);
      return static_cast<float>(std::log(std::exp(x) + 1.));
    }
    case Curve::softsign: {
      const auto x = static_cast<float>(2 * 8.0 * (ii - n / 2.0) / n);
      return static_cast<float>(x / (std::abs(x) + 1.));
    }
    case Curve::elu:
      return static_cast<float>(std::exp(static_cast<float>(-8.0 * ii / n)) - 1.);
    case Curve::selu:
      return static_cast<float>(
          1.0507009873554804934193349852946 *
          (1.6732632423543772848170429916717 * (std::exp(static_cast<float>(-8.0 * ii / n)) - 1.)));
    case Curve::expLegacy:
      return std::exp(static_cast<float>(2 * 8.0 * (ii - n / 2.0) / n));
    case Curve::inverseLegacy: {
      const auto x = static_cast<float>(64.0 * ii / n);
      return x > 0.0f ? static_cast<float>(1.0 / x) : 0.0f;
    }
  }
  return 0;
}

/// The number of the type whose top bits are `entry`.
float topBits(std::int64_t entry, std::int64_t size, const fixed::ApFormat& type) {
  const int address = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(size) - 1));
  const int below = type.width - address;
  std::int64_t code = entry << below;
  if (type.isSigned && entry >> (address - 1) != 0) code -= std::int64_t{1} << type.width;
  return static_cast<float>(std::ldexp(static_cast<double>(code), -type.fraction()));
}

}  // namespace

std::vector<std::int64_t> curveTable(Curve curve, std::int64_t size, const fixed::ApFormat& type) {
  std::vector<std::int64_t> table;
  for (std::int64_t i = 0; i < size; ++i) {
    // The legacy inverse alone is assigned without passing a float.
    const auto x =
        static_cast<float>(64.0 * static_cast<double>(i) / static_cast<double>(static_cast<float>(size)));
    const double value = curve == Curve::inverseLegacy ? (x > 0 ? 1.0 / static_cast<double>(x) : 0.0)
                                                       : static_cast<double>(at(curve, i, size));
    table.push_back(codeOf(value, type));
  }
  return table;
}

std::vector<std::int64_t> expTable(std::int64_t size, const fixed::ApFormat& index, bool negative,
                                   const fixed::ApFormat& type) {
  std::vector<std::int64_t> table;
  for (std::int64_t i = 0; i < size; ++i) {
    const float x = topBits(i, size, index);
    table.push_back(codeOf(static_cast<double>(std::exp(negative ? -x : x)), type));
  }
  return table;
}

std::vector<std::int64_t> inverseTable(std::int64_t size, const fixed::ApFormat& index,
                                       const fixed::ApFormat& type) {
  std::vector<std::int64_t> table;
  for (std::int64_t i = 0; i < size; ++i)
    table.push_back(codeOf(static_cast<double>(1 / topBits(i, size, index)), type));
  return table;
}

std::vector<std::int64_t> converted(std::vector<std::int64_t> codes, const fixed::ApFormat& from,
                                    const fixed::ApFormat& to) {
  for (std::int64_t& code : codes) code = static_cast<std::int64_t>(fixed::convert({from, code}, to).code);
  return codes;
}

}  // namespace sluice::compat
