#pragma once

#include <array>
#include <cstdint>

/// Shortest signed-digit forms of integers.
///
/// A number has one canonical form (CSD, `signedDigits` in adder_graph.h) but often several of the same
/// length: 3 = 4 - 1 = 2 + 1, 11 = 8 + 4 - 1 = 8 + 2 + 1 = 16 - 4 - 1. A search that only sees the canonical
/// digits misses that 3 a - b holds a + b. It needs the digits of *any* shortest form: d is one exactly if
/// w - d is one digit shorter than w. If d and e are such digits of w and e is one of w - d too, both can be
/// taken; taking never adds new ones (a shortest form of w - d with d put back is one of w).
namespace sluice::kernel {

/// Bit k: the digit +1 (or -1) at 2^k occurs in some shortest form.
struct ShortestDigits {
  std::uint32_t plus = 0, minus = 0;
  std::uint32_t count = 0;  ///< digits of a shortest form
};

constexpr std::uint32_t countDigits(std::int64_t number) {
  const std::uint64_t n =
      number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  std::uint64_t v = (3 * n) ^ n;  // a bit per digit of the canonical form
  v -= (v >> 1) & 0x5555555555555555u;
  v = (v & 0x3333333333333333u) + ((v >> 2) & 0x3333333333333333u);
  return static_cast<std::uint32_t>((((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u) >> 56);
}

/// |number| < 2^31.
constexpr ShortestDigits findShortestDigits(std::int64_t number) {
  ShortestDigits digits{.count = countDigits(number)};
  const std::int64_t reach = 2 * (number < 0 ? -number : number);
  for (std::uint32_t k = 0; k < 32 && (std::int64_t{1} << k) <= reach; ++k) {
    if (countDigits(number - (std::int64_t{1} << k)) < digits.count) digits.plus |= 1u << k;
    if (countDigits(number + (std::int64_t{1} << k)) < digits.count) digits.minus |= 1u << k;
  }
  return digits;
}

/// Numbers of up to 10 bits are looked up.
constexpr std::int32_t kTabulatedDigits = 512;
inline constexpr auto kDigitTable = [] {
  std::array<ShortestDigits, 2 * kTabulatedDigits> table{};
  for (std::int32_t w = -kTabulatedDigits; w < kTabulatedDigits; ++w)
    table[static_cast<std::size_t>(w + kTabulatedDigits)] = findShortestDigits(w);
  return table;
}();

inline ShortestDigits shortestDigits(std::int32_t number) {
  if (number >= -kTabulatedDigits && number < kTabulatedDigits)
    return kDigitTable[static_cast<std::size_t>(number + kTabulatedDigits)];
  return findShortestDigits(number);
}
inline std::uint32_t digitCount(std::int32_t number) { return shortestDigits(number).count; }

}  // namespace sluice::kernel
