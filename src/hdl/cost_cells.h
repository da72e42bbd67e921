#pragma once

#include <cstdint>
#include <vector>

#include "hdl/bit_network.h"
#include "hdl/cost.h"
#include "hdl/lut_map.h"
#include "hdl/module.h"

/// Private to the cost counter: a module as synthesis sees it, gates and cells of single bits.
namespace sluice::hdl {

/// A primitive or several, with what drives it. It exists if something live reads one of its outputs.
struct Cell {
  enum class Kind : std::uint8_t {
    flipFlop,
    carryChain,  ///< positions: one entry in `outputs` per bit, lowest first
    memory,      ///< `perOutput` counts live outputs
    dsp,
  };
  Kind kind = Kind::flipFlop;
  std::vector<LutRoot>
      roots;  ///< inputs that are wires; of boxes, those that are not timed. Flip-flops: below
  std::vector<std::uint32_t> outputs;  ///< gates: leaves or boxes. Of flip-flops `q` alone
  Cost cost;                           ///< if it exists; a carry chain's comes from its live length
  // flipFlop
  std::uint32_t q = 0;
  Lit d = kZero, enable = kOne, reset = kZero;
  bool resetValue = false;
  // memory
  std::uint32_t words = 0;
};

inline constexpr std::uint32_t kNoCell = 0xffffffffu;

struct CellModule {
  BitNetwork network;
  std::vector<Cell> cells;
  std::vector<LutRoot> outputs;  ///< ports and instance inputs

  /// The cell that drives a gate, or kNoCell.
  [[nodiscard]] std::uint32_t cellOf(std::uint32_t gate) const {
    return gate < driver.size() ? driver[gate] : kNoCell;
  }
  void drives(std::uint32_t cell, std::uint32_t gate) {
    if (driver.size() <= gate) driver.resize(network.size(), kNoCell);
    driver[gate] = cell;
  }
  std::vector<std::uint32_t> driver;
};

/// Calls `visit` for all inputs of a cell that are wires.
template <typename Visit>
void forRoots(const Cell& cell, Visit visit) {
  constexpr std::int32_t enableSetup = 109, resetSetup = 404;
  for (const LutRoot& r : cell.roots) visit(r);
  if (cell.kind != Cell::Kind::flipFlop) return;
  visit({cell.d, 0});
  visit({cell.enable, enableSetup});
  visit({cell.reset, resetSetup});
}

/// The gates and cells that synthesis makes of a module (instances are outside of it), before LUT mapping.
CellModule cellsOf(const Module& module, Family family);

/// Those primitives of a memory that are not ordinary gates and flip-flops, for `width` bits that are read by
/// `reads` ports.
Cost memoryPrimitives(const Memory& memory, std::uint32_t width, std::uint32_t reads, Family family);
/// Look-up tables and flip-flops of one bit of a shift register; `fixed` if it is only read at its end.
Cost shiftRegisterBit(std::uint32_t words, bool fixed);

}  // namespace sluice::hdl
