#pragma once

#include <cstdint>
#include <unordered_map>
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
  std::vector<LutRoot> roots;          ///< inputs that are wires; of boxes, those that are not timed
  std::vector<std::uint32_t> outputs;  ///< gates: leaves or boxes
  Cost cost;                           ///< if it exists; a carry chain's comes from its live length
  // flipFlop
  Lit d = kZero, enable = kOne, reset = kZero;
  bool resetValue = false;
  // memory
  std::uint32_t words = 0;
};

struct CellModule {
  BitNetwork network;
  std::vector<Cell> cells;
  std::unordered_map<std::uint32_t, std::uint32_t> cellOf;  ///< gate -> cell that drives it
  std::vector<LutRoot> outputs;                             ///< ports and instance inputs
};

/// The gates and cells that synthesis makes of a module (instances are outside of it), before LUT mapping.
CellModule cellsOf(const Module& module, Family family);

/// Those primitives of a memory that are not ordinary gates and flip-flops, for `width` bits that are read by
/// `reads` ports.
Cost memoryPrimitives(const Memory& memory, std::uint32_t width, std::uint32_t reads, Family family);
/// Look-up tables and flip-flops of one bit of a shift register; `fixed` if it is only read at its end.
Cost shiftRegisterBit(std::uint32_t words, bool fixed);

}  // namespace sluice::hdl
