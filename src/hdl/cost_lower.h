#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/rng.h"
#include "hdl/cost_cells.h"

/// Private to the cost counter: writes a module as cells.
namespace sluice::hdl {

class Lowering {
 public:
  Lowering(const Module& module, Family family);
  CellModule run() &&;

 private:
  using Bits = std::vector<Lit>;

  // cost_lower.cpp: order, wiring, logic
  void findNeeded();
  void lower(Signal root);
  void lowerNode(Signal s);
  [[nodiscard]] Lit bit(Signal s, std::uint32_t i) const;
  [[nodiscard]] Bits extended(Signal s, std::uint32_t width) const;
  Lit leaf(std::uint32_t cell, std::int32_t arrival);
  Lit muxBit(Lit s, Lit ifOne, Lit ifZero);
  Bits clamp(const Node& n);

  // cost_arithmetic.cpp
  Bits add(const Bits& a, const Bits& b, bool subtract);
  Bits carryChain(const Bits& a, const Bits& b, std::size_t from, Lit carry);
  Lit equal(const Bits& a, const Bits& b);
  Lit less(Signal a, Signal b, bool orEqual);
  Lit greater(Bits a, Bits b, bool isSigned, bool orEqual);
  Lit lookAhead(const Bits& propagate, const Bits& generate, bool carry);
  Bits multiply(Signal s);
  [[nodiscard]] std::int32_t delay(std::int32_t ps) const { return ps; }

  // cost_dsp.cpp
  void findDspParts();
  void takeIntoDsp(Signal s);
  void finishDsps();
  using Source = std::pair<Signal, std::uint32_t>;  ///< a bit of a signal that is no wiring
  [[nodiscard]] std::optional<Source> sourceOf(Signal s, std::uint32_t i) const;
  void readThroughRegisters(Signal operand, std::uint32_t levels, std::vector<LutRoot>& roots) const;

  // cost_registers.cpp
  void declareState(Signal s);
  void driveState(Signal s);
  void registerBits(Signal s, const Bits& next);
  Lit flipFlop(Lit q, Lit d, Lit enable, Lit reset, bool hasReset, bool value);

  // cost_memory.cpp
  Bits readMemory(Signal s);
  Bits table(const Memory& memory, const Bits& address);
  Bits tableOfLuts(const Memory& memory, const Bits& address);
  Lit tablePart(const Memory& memory, std::uint32_t bit, const Bits& address, std::uint32_t bits,
                std::uint32_t base);
  void noteTableChoices(const Memory& memory, std::uint32_t bit, const Bits& address);
  Bits selectWord(const std::vector<Bits>& words, const Bits& address);
  Bits readArray(Signal s);
  Bits readShiftRegister(Signal s);

  const Module& m_;
  Family family_;
  CellModule out_;
  BitNetwork& n_;
  Lit rst_;
  std::vector<Bits> bits_;
  std::vector<bool> done_, loop_;
  std::vector<std::uint32_t> needed_;  ///< per node: how many of its low bits are read
  std::vector<Signal> order_;
  std::vector<bool> kept_;  ///< sums that are printed as kept wires
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
  struct FlipFlopKey {
    Lit d, enable, reset;
    bool value;
    bool operator==(const FlipFlopKey&) const = default;
  };
  struct FlipFlopHash {
    std::size_t operator()(const FlipFlopKey& k) const {
      return mix64(mix64(k.d + (std::uint64_t{k.enable} << 32)) + 2 * std::uint64_t{k.reset} +
                   (k.value ? 1 : 0));
    }
  };
  std::unordered_map<FlipFlopKey, Lit, FlipFlopHash> flipFlops_;  ///< -> q
  std::vector<std::uint32_t> memoryCell_;
  /// A multiplication with what its block does besides; nodes that are not there are invalid.
  struct DspParts {
    Signal productRegister, sum, sumRegister, choice;
    Signal addend;           ///< what the sum adds to the product
    std::uint32_t cell = 0;  ///< once the multiplication is lowered
  };
  std::map<Signal, DspParts> dsps_;  ///< by the multiplication
  std::vector<Signal> takenBy_;      ///< per node: the multiplication whose block does it
};

}  // namespace sluice::hdl
