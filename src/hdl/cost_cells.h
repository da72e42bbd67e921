#pragma once

#include <cstdint>
#include <vector>

#include "hdl/bit_network.h"
#include "hdl/cost.h"
#include "hdl/lut_map.h"
#include "hdl/module.h"

/// Private to the cost counter: a module as synthesis sees it, gates and cells of single bits.
namespace sluice::hdl {

struct FlipFlop {
  std::uint32_t q = 0;  ///< gate
  Lit d = kZero, enable = kOne, reset = kZero;
  bool resetValue = false;
};

/// Any other primitive, or several, with what drives it.
struct Cell {
  enum class Kind : std::uint8_t {
    memory,
    dsp,
    table,  ///< of a constant table: each output is `luts` of its own
  };
  Kind kind = Kind::memory;
  std::vector<LutRoot> roots;          ///< inputs that are wires; of boxes, those that are not timed
  std::vector<std::uint32_t> outputs;  ///< gates: leaves or boxes
  std::vector<std::uint32_t> luts;     ///< table: of each output
  Cost cost;                           ///< if it exists
};

inline constexpr std::uint32_t kNoCell = 0xffffffffu;

/// Flip-flops and cells exist if something live reads one of their outputs, carry chains up to the last one that is read.
struct CellModule {
  BitNetwork network;
  std::vector<FlipFlop> flipFlops;
  std::vector<Cell> cells;
  std::vector<std::uint32_t> chains;  ///< where each starts in `positions`
  std::vector<std::uint32_t>
      positions;                 ///< of carry chains, lowest first: the box that comes out; 0: nothing does
  std::vector<LutRoot> outputs;  ///< ports and instance inputs

  /// Empties it, with room for about so many gates.
  void reset(std::size_t gates) {
    network.reset(gates);
    flipFlops.clear(), cells.clear(), chains.clear(), positions.clear(), outputs.clear(), driver_.clear();
  }

  /// The flip-flop, or other cell, that drives a gate, or kNoCell.
  [[nodiscard]] std::uint32_t flipFlopOf(std::uint32_t gate) const {
    const std::uint32_t d = driverOf(gate);
    return d != kNoCell && (d & 1u) != 0 ? d >> 1 : kNoCell;
  }
  [[nodiscard]] std::uint32_t cellOf(std::uint32_t gate) const {
    const std::uint32_t d = driverOf(gate);
    return d != kNoCell && (d & 1u) == 0 ? d >> 1 : kNoCell;
  }
  void cellDrives(std::uint32_t cell, std::uint32_t gate) { drives(2 * cell, gate); }
  void flipFlopDrives(std::uint32_t flipFlop, std::uint32_t gate) { drives(2 * flipFlop + 1, gate); }

 private:
  [[nodiscard]] std::uint32_t driverOf(std::uint32_t gate) const {
    return gate < driver_.size() ? driver_[gate] : kNoCell;
  }
  void drives(std::uint32_t driver, std::uint32_t gate) {
    if (driver_.size() <= gate) driver_.resize(network.size(), kNoCell);
    driver_[gate] = driver;
  }
  std::vector<std::uint32_t> driver_;
};

/// Before the clock's edge (Yosys' cell library).
inline constexpr std::int32_t kEnableSetupPs = 109, kResetSetupPs = 404;
/// After it.
inline constexpr std::int32_t kFlipFlopClockToOutput = 303;

/// Writes the gates and cells that synthesis makes of a module (instances are outside of it), before LUT mapping. What was
/// in `cells` is lost, its memory is used again.
void cellsOf(const Module& module, Family family, CellModule& cells);

/// Those primitives of a memory that are not ordinary gates and flip-flops, for `width` bits that are read by
/// `reads` ports.
Cost memoryPrimitives(const Memory& memory, std::uint32_t width, std::uint32_t reads, Family family);
/// Look-up tables and flip-flops of one bit of a shift register; `fixed` if it is only read at its end.
Cost shiftRegisterBit(std::uint32_t words, bool fixed);

}  // namespace sluice::hdl
