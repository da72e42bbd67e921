#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hdl/module.h"

/// Private to the evaluator: a flat module compiled to operations on 64-bit words.
///
/// A slot is one word per lane. A signal of w bits is ceil(w/64) neighbouring slots; a number lies
/// sign-extended (or zero-extended) in its one slot, so arithmetic and comparisons are those of int64. All
/// that moves bits around (slice, concat) is one instruction per touched word. After an operation whose
/// result may leave its width, which only a broken promise can cause, the value is brought back into the
/// width as the hardware would.
namespace sluice::hdl {

enum class Code : std::uint8_t {
  field,       ///< dst  = ((a >> low) & mask) << high
  orField,     ///< dst |= the same
  signExtend,  ///< dst  = the low bits of a, read as a signed number: a << low >> low
  keepLow,     ///< dst  = a & mask
  add,
  subtract,
  multiply,
  negate,
  shiftLeft,
  shiftRight,
  clamp,  ///< between low and high
  equal,
  notEqual,
  less,
  lessEqual,
  mux,     ///< c ? a : b
  bitNot,  ///< ~a & mask
  bitAnd,
  bitOr,
  bitXor,
  anyBit,
  orAnyBit,  ///< dst = a != 0, and collecting
  allBits,
  andAllBits,  ///< dst = a == mask
  parity,
  xorParity,
  readRom,
  readRam,
  readShift,  ///< word `high` of the memory word at address a, << b >> b; memory `low`
  copy,
  // at the clock edge
  copyIf,      ///< dst = c ? a : dst
  writeRam,    ///< the word of memory `low` at address b takes the slots from a on, where c
  writeShift,  ///< memory `low` takes the slots from a on as its newest word, where c
};

struct Instruction {
  Code code = Code::copy;
  std::uint32_t dst = 0, a = 0, b = 0, c = 0;  // slots
  std::uint64_t mask = 0;
  std::int64_t low = 0, high = 0;
};

struct Storage {
  std::uint32_t words = 1;              ///< memory words
  std::uint32_t wordsPer = 1;           ///< 64-bit words in each
  std::vector<std::uint64_t> contents;  ///< ROM, shared by all lanes
};

struct PortSlots {
  std::string name;
  std::uint32_t slot = 0, width = 1;
  bool isSigned = false;
};

struct Compiled {
  std::vector<Instruction> settle;  ///< in topological order
  std::vector<Instruction> edge;    ///< no instruction writes what a later one reads
  std::uint32_t slots = 0;
  std::vector<std::pair<std::uint32_t, std::uint64_t>>
      powerUp;                        ///< slots that are not 0: constants, reset values
  std::vector<std::uint32_t> states;  ///< slots that reset() sets to 0 first
  std::vector<Storage> memories;
  std::vector<PortSlots> inputs, outputs;
};

/// Orders what happens at the clock edge so that nothing is overwritten before it is read. Where actions go
/// round in a circle (two registers that swap), the readers of one get a copy that is made first, in a new
/// slot.
std::vector<Instruction> orderEdge(std::vector<Instruction> actions, const std::vector<Storage>& memories,
                                   std::uint32_t& slots);

/// Requires check(module) and no instances.
Compiled compile(const Module& flat);

}  // namespace sluice::hdl
