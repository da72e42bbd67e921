#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "hdl/bit_network.h"

/// Covers a bit network with look-up tables.
namespace sluice::hdl {

/// What a look-up table of n inputs weighs when covers are compared, and how many LUTs it is.
struct LutLibrary {
  std::uint32_t mostInputs = 6;
  std::uint32_t weight[9] = {0, 2, 2, 3, 5, 5, 5, 10, 20};
  std::uint32_t luts[9] = {0, 1, 1, 1, 1, 1, 1, 2, 4};
  std::int32_t levelPs = 301;  ///< one LUT and the wire in front of it
};

/// A literal that must exist as a wire: a port, an input of a register or of a primitive.
struct LutRoot {
  Lit lit = kZero;
  std::int32_t afterPs = 0;  ///< what follows it on the same path
};

/// One look-up table (two or four with their muxes, if it has more inputs than one LUT): its gate is its output.
struct Lut {
  std::uint32_t gate = 0;
  std::array<std::uint32_t, 8> leaves;  ///< gates: `count` of them
  std::uint32_t count = 0;
  [[nodiscard]] std::span<const std::uint32_t> inputs() const { return {leaves.data(), count}; }
};

struct LutCover {
  std::uint64_t count = 0;  ///< LUTs, inverters included
  std::vector<Lut> luts;    ///< without the inverters of leaves and boxes
};

/// Covers networks: shortest delay first, then least area on what is not critical. Remembers the parts it has seen, so
/// lanes that look alike, in one network or in several, are covered once.
class LutMapper {
 public:
  explicit LutMapper(const LutLibrary& library);
  ~LutMapper();
  /// `needed`: per gate, whether a root reads it, through other gates or at once.
  LutCover map(const BitNetwork& network, std::span<const LutRoot> roots,
               std::span<const std::uint8_t> needed);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::hdl
