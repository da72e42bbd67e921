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
  std::uint32_t count = 1;   ///< so many of these
};

/// One look-up table (two or four with their muxes, if it has more inputs than one LUT): its gate is its output. In numbers
/// of the part of the network that it is in.
struct Lut {
  std::uint32_t gate = 0;
  std::array<std::uint32_t, 8> leaves;  ///< gates: `count` of them
  std::uint32_t count = 0;
};

/// One at its place in the network.
struct PlacedLut {
  const Lut* lut;
  const std::uint32_t* gates;  ///< of the network, by the part's numbers
  [[nodiscard]] std::uint32_t gate() const { return gates[lut->gate]; }
  [[nodiscard]] std::uint32_t inputs() const { return lut->count; }
  [[nodiscard]] std::uint32_t input(std::uint32_t i) const { return gates[lut->leaves[i]]; }
};

struct LutCover {
  std::uint64_t count = 0;           ///< LUTs, inverters included
  std::vector<PlacedLut> luts;       ///< without the inverters of leaves and boxes
  std::vector<std::uint32_t> wires;  ///< per literal: how many roots and boxes read it, each by a wire
};

/// Covers networks: shortest delay first, then least area on what is not critical. Remembers the parts it has seen, so
/// lanes that look alike, in one network or in several, are covered once.
class LutMapper {
 public:
  explicit LutMapper(const LutLibrary& library);
  ~LutMapper();
  /// `readers`: per gate, how many read it of the roots and of the gates that they need; 0: it is not needed. The cover
  /// stays what it is until the next one.
  const LutCover& map(const BitNetwork& network, std::span<const LutRoot> roots,
                      std::span<const std::uint32_t> readers);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::hdl
