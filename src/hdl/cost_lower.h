#pragma once

#include <boost/container/small_vector.hpp>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "hdl/cost_cells.h"

/// Private to the cost counter: writes a module as cells.
namespace sluice::hdl {

class Lowering {
 public:
  Lowering(const Module& module, Family family, CellModule& cells);
  void run() &&;

 private:
  using BitsView = std::span<const Lit>;
  /// Without memory of its own up to 32 bits.
  struct Bits : boost::container::small_vector<Lit, 32> {
    using small_vector::small_vector;
    operator BitsView() const { return {data(), size()}; }
    operator std::span<Lit>() { return {data(), size()}; }
  };

  // cost_lower.cpp: order, wiring, logic
  void findNeeded();
  void lower(Signal root);
  void lowerNode(Signal s);
  [[nodiscard]] Lit bit(Signal s, std::uint32_t i) const;
  [[nodiscard]] Bits extended(Signal s, std::uint32_t width) const;
  void setBits(Signal s, BitsView bits);
  std::uint32_t newCell(Cell cell);
  Lit output(std::uint32_t cell, Lit made);
  Lit leaf(std::uint32_t cell, std::int32_t arrival);
  Lit muxBit(Lit s, Lit ifOne, Lit ifZero);
  Bits clamp(const Node& n);

  // cost_arithmetic.cpp
  Bits add(BitsView a, BitsView b, bool subtract);
  void carryChain(BitsView a, BitsView b, bool subtract, std::size_t from, Bits& sum);
  void startChain() { out_.chains.push_back(static_cast<std::uint32_t>(out_.positions.size())); }
  Lit step(BoxKind kind, std::initializer_list<Lit> in, bool carries);
  Lit equal(BitsView a, BitsView b);
  Lit less(Signal a, Signal b, bool orEqual);
  Lit greater(Bits a, Bits b, bool isSigned, bool orEqual);
  Lit lookAhead(BitsView propagate, BitsView generate, bool carry);
  Bits multiply(Signal s);

  // cost_dsp.cpp
  void findDspParts();
  void takeIntoDsp(Signal s);
  void finishDsps();
  using Source = std::pair<Signal, std::uint32_t>;  ///< a bit of a signal that is no wiring
  [[nodiscard]] std::uint32_t trailingZeros(Signal s) const;
  [[nodiscard]] std::optional<Source> sourceOf(Signal s, std::uint32_t i) const;
  void readThroughRegisters(Signal operand, std::uint32_t levels, std::vector<LutRoot>& roots) const;

  // cost_registers.cpp
  void declareState(Signal s);
  void driveState(Signal s);
  void registerBits(Signal s, BitsView next);
  /// What a flip-flop does in every cycle.
  struct NextState {
    Lit d, enable = kOne, reset = kZero;
    bool hasReset = false, value = false;  ///< the value that it is reset to
  };
  Lit flipFlop(Lit q, NextState next);
  void peelMuxes(Lit q, NextState& next);

  // cost_memory.cpp
  Bits readMemory(Signal s);
  Bits table(const Memory& memory, BitsView address);
  Bits tableOfLuts(const Memory& memory, BitsView address);
  Lit tablePart(const Memory& memory, std::uint32_t bit, BitsView address, std::uint32_t bits,
                std::uint32_t base);
  void noteTableChoices(const Memory& memory, std::uint32_t bit, BitsView address);
  Bits selectWord(const std::vector<Bits>& words, BitsView address);
  Bits readArray(Signal s);
  Bits readShiftRegister(Signal s);
  struct Stored {  ///< a word of a memory in flip-flops
    const Memory* memory;
    std::uint32_t word;
    Bits q;       ///< kNoLit: not there yet
    Bits before;  ///< the word that is shifted in; empty: what is written
  };
  Bits stored(const Memory& memory, std::uint32_t word, BitsView before);
  Bits writeWord(const Stored& s);
  void finishWrites();

  const Module& m_;
  Family family_;
  CellModule& out_;
  BitNetwork& n_;
  Lit rst_ = kZero;
  struct Wires {
    std::uint32_t first = 0, count = 0;  ///< in wires_
  };
  std::vector<Wires> bits_;  ///< per node
  std::vector<Lit> wires_;
  std::vector<bool> done_, loop_;
  std::vector<std::uint32_t> needed_;  ///< per node: how many of its low bits are read
  std::vector<Signal> order_;
  std::vector<std::pair<Signal, std::size_t>> stack_;  ///< of `lower`
  std::vector<bool> kept_;                             ///< sums that are printed as kept wires
  struct Choice {
    Lit s, ifOne, ifZero;
  };
  void noteChoice(Lit made, const Choice& choice) {
    if (choiceAt_.size() <= made) choiceAt_.resize(2 * n_.size(), 0);
    if (choiceAt_[made] != 0) return;
    choices_.push_back(choice);
    choiceAt_[made] = static_cast<std::uint32_t>(choices_.size());
  }
  [[nodiscard]] const Choice* choiceOf(Lit a) const {
    return a < choiceAt_.size() && choiceAt_[a] != 0 ? &choices_[choiceAt_[a] - 1] : nullptr;
  }
  std::vector<std::uint32_t>
      choiceAt_;  ///< per literal: 1 + its place among the choices, if it is the output of a mux
  std::vector<Choice> choices_;
  PlaceTable flipFlops_;  ///< by their inputs: 1 + place
  /// A multiplication with what its block does besides; nodes that are not there are invalid.
  struct DspParts {
    Signal productRegister, sum, sumRegister, choice;
    Signal addend;            ///< what the sum adds to the product
    std::uint32_t zeros = 0;  ///< low bits of the product that are always 0
    std::uint32_t cell = 0;   ///< once the multiplication is lowered
  };
  std::map<Signal, DspParts> dsps_;  ///< by the multiplication
  /// What a memory that is read at once is written with may depend on what is read, so it is looked at when all is lowered.
  struct Write {
    std::uint32_t cell = 0;
    Signal from;
    std::uint32_t bit = 0;
    std::int32_t setupPs = 0;
  };
  std::vector<Write> writes_;
  std::vector<Stored> stored_;
  std::vector<Signal> takenBy_;  ///< per node: the multiplication whose block does it
};

}  // namespace sluice::hdl
