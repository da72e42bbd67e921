#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "hdl/place_table.h"

/// Logic bit by bit: a graph of small gates, shared as it is written. What the LUT mapper maps.
namespace sluice::hdl {

/// A gate's output, or its inverse: 2 * gate + (1 if inverted). Gate 0 is the constant 0.
using Lit = std::uint32_t;
inline constexpr Lit kZero = 0, kOne = 1, kNoLit = 0xffffffffu;
inline Lit invert(Lit a) { return a ^ 1u; }
inline bool isInverted(Lit a) { return (a & 1u) != 0; }
inline std::uint32_t gateOf(Lit a) { return a >> 1; }

enum class GateKind : std::uint8_t {
  zero,
  leaf,   ///< from outside the logic: port, register, memory, DSP
  land,   ///< inputs[0] and inputs[1]
  lxor,   ///< of two gates, never inverted
  mux,    ///< inputs[0] ? inputs[1] : inputs[2]; inputs[0] and inputs[1] never inverted
  table,  ///< truth table `truth` of up to six inputs, never inverted
  box,    ///< a primitive that is no LUT: a step of a carry chain, an asynchronous memory
};

/// A position of a carry chain is read as its sum; where the next position reads it, as its carry.
enum class BoxKind : std::uint8_t {
  position,      ///< of a CARRY4: select, data, and the position before it, if there is one
  sum,           ///< one whose carry nobody reads: select and the position before it
  pairPosition,  ///< of half a CCU2C, which makes its select itself: both bits, position before it
  pairSum,       ///< the same, and nobody reads its carry
  carry,         ///< of a CARRY4, read as its carry: select, data, carry before it
  memory,        ///< one bit of an asynchronous memory: the address
};
constexpr bool hasCarry(BoxKind box) { return box == BoxKind::position || box == BoxKind::pairPosition; }
/// The kind of a position whose carry nobody reads.
constexpr BoxKind withoutCarry(BoxKind box) {
  return box == BoxKind::position ? BoxKind::sum : BoxKind::pairSum;
}
/// Which input is the position before it.
constexpr std::uint32_t chainInput(BoxKind box) {
  return box == BoxKind::memory ? 0xffu : box == BoxKind::sum ? 1 : 2;
}
inline constexpr std::int32_t kNoPath = -1;
/// Through a box from one of its inputs to what it is read as, or to its carry, picoseconds (Yosys' cell library); kNoPath:
/// there is no such path.
constexpr std::int32_t delayThrough(BoxKind box, std::uint32_t input, bool toCarry) {
  constexpr std::int32_t none = kNoPath, address = 642;
  constexpr std::int32_t out[6][3] = {{223, none, 240}, {223, 240, none}, {223, 223, 240},
                                      {223, 223, 240},  {360, 380, 30},   {address, address, address}};
  constexpr std::int32_t carry[6][3] = {{360, 380, 30},     {none, none, none}, {360, 360, 30},
                                        {none, none, none}, {none, none, none}, {none, none, none}};
  return (toCarry ? carry : out)[static_cast<std::size_t>(box)][input < 3 ? input : 2];
}

struct Gate {
  GateKind kind = GateKind::zero;
  std::uint8_t count = 0;  ///< of inputs
  BoxKind box = BoxKind::memory;
  std::uint32_t first = 0;   ///< of its inputs in BitNetwork::inputs
  std::int32_t arrival = 0;  ///< leaf: picoseconds after the clock
  std::uint32_t truth = 0;   ///< table: its place in BitNetwork::truths
};

class BitNetwork {
 public:
  BitNetwork();

  Lit leaf(std::int32_t arrivalPs);
  Lit land(Lit a, Lit b);
  Lit lor(Lit a, Lit b) { return invert(land(invert(a), invert(b))); }
  Lit lxor(Lit a, Lit b);
  Lit mux(Lit s, Lit ifOne, Lit ifZero);
  /// Bit k of `truth` is the value where input i is bit i of k. At most six inputs.
  Lit table(std::uint64_t truth, std::span<const Lit> inputs);
  Lit box(BoxKind kind, std::span<const Lit> inputs);
  /// Of a position nobody reads the carry.
  void dropCarry(std::uint32_t g);
  /// And / or over any number, as a balanced tree. Uses the literals' room.
  Lit all(std::span<Lit> of);
  Lit any(std::span<Lit> of);
  /// Empties it, with room for about so many gates.
  void reset(std::size_t gates);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(gates_.size()); }
  [[nodiscard]] const Gate& gate(std::uint32_t g) const { return gates_[g]; }
  [[nodiscard]] std::span<const Lit> inputs(std::uint32_t g) const {
    return {inputs_.data() + gates_[g].first, gates_[g].count};
  }

 private:
  Lit shared(GateKind kind, std::initializer_list<Lit> inputs);
  Lit append(GateKind kind, std::span<const Lit> inputs);
  [[nodiscard]] bool isAnd(Lit a) const { return gates_[gateOf(a)].kind == GateKind::land; }

  std::vector<Gate> gates_;
  std::vector<Lit> inputs_;
  std::vector<std::uint64_t> truths_;
  PlaceTable known_;  ///< gates by content
};

}  // namespace sluice::hdl
