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

struct Gate {
  GateKind kind = GateKind::zero;
  std::uint8_t count = 0;    ///< of inputs
  std::uint32_t first = 0;   ///< of its inputs in BitNetwork::inputs
  std::int32_t arrival = 0;  ///< leaf: picoseconds after the clock
  std::uint32_t extra = 0;   ///< table: place of its truth; box: of its delays
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
  /// delaysPs: from each input. A box without inputs is a leaf.
  Lit box(std::span<const Lit> inputs, std::span<const std::int32_t> delaysPs);
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
  /// Of a box's inputs.
  [[nodiscard]] std::span<const std::int32_t> delays(std::uint32_t g) const {
    return {delays_.data() + gates_[g].extra, gates_[g].count};
  }

 private:
  Lit shared(GateKind kind, std::initializer_list<Lit> inputs);
  Lit append(GateKind kind, std::span<const Lit> inputs);
  [[nodiscard]] bool isAnd(Lit a) const { return gates_[gateOf(a)].kind == GateKind::land; }

  std::vector<Gate> gates_;
  std::vector<Lit> inputs_;
  std::vector<std::int32_t> delays_;
  std::vector<std::uint64_t> truths_;
  PlaceTable known_;  ///< gates by content
};

}  // namespace sluice::hdl
