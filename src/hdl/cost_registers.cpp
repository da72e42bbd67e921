// Registers as flip-flops of single bits, after the rule by which Yosys (opt_dff) gives them resets and
// enables.
//
// A register's next value is often a mux. Where one side of it is a constant, the flip-flop's own reset does
// the same without a LUT; where one side is the register itself, its enable does. The rule peels such muxes
// off, bit by bit: first resets (all to the same value), then enables; a register that had only an enable may
// get a reset afterwards, which then must be gated by the enable, because in these devices a reset needs no
// enable.
#include <algorithm>

#include "base/rng.h"
#include "hdl/builder_state.h"
#include "hdl/cost_lower.h"

namespace sluice::hdl {
void Lowering::declareState(Signal s) {
  Bits b;
  for (std::uint32_t i = 0; i < m_.node(s).width; ++i) b.push_back(n_.leaf(kFlipFlopClockToOutput));
  setBits(s, b);
  done_[s.index] = true;
}

void Lowering::driveState(Signal s) {
  const Node& n = m_.node(s);
  if (takenBy_[s.index].valid()) {
    takeIntoDsp(s);
    return;
  }
  if (n.op == Op::reg) {
    registerBits(s, extended(n.inputs[0], n.width));
    return;
  }
  const Bits read = readMemory(s);
  for (std::uint32_t i = 0; i < read.size(); ++i) {  // the word read is the state: join the two names
    const std::uint32_t from = gateOf(read[i]), declared = gateOf(bit(s, i));
    if (const std::uint32_t found = out_.flipFlopOf(from); found != kNoCell) {
      out_.flipFlops[found].q = declared;
      out_.flipFlopDrives(found, declared);
    } else if (const std::uint32_t cell = out_.cellOf(from); cell != kNoCell) {
      std::vector<std::uint32_t>& outputs = out_.cells[cell].outputs;
      std::replace(outputs.begin(), outputs.end(), from, declared);
      out_.cellDrives(cell, declared);
    }
  }
}

/// The bits of a register; those of one in a loop exist already.
void Lowering::registerBits(Signal s, BitsView next) {
  const Node& n = m_.node(s);
  Bits made;
  const Lit enable = n.inputs.size() > 1 ? bit(n.inputs[1], 0) : kOne;
  for (std::uint32_t i = 0; i < n.width; ++i) {
    const Lit q = loop_[s.index] ? bit(s, i) : kNoLit;
    const bool value = n.hasReset && (n.words[i / 64] >> (i % 64) & 1) != 0;
    made.push_back(flipFlop(q, {.d = next[i],
                                .enable = enable,
                                .reset = n.hasReset ? rst_ : kZero,
                                .hasReset = n.hasReset,
                                .value = value}));
  }
  if (!loop_[s.index]) setBits(s, made);
}

/// One flip-flop; `q` is its output if that exists already. Returns the output: of an equal flip-flop if
/// there is one, or the constant that it always holds.
Lit Lowering::flipFlop(Lit q, NextState next) {
  if (choiceOf(next.d) != nullptr) peelMuxes(q, next);
  const auto [d, enable, reset, hasReset, value] = next;
  if (q == kNoLit) {
    if (gateOf(d) == 0 && (!hasReset || (d == kOne) == value)) return d;
    const std::uint64_t hash =
        mix64(mix64(d + (std::uint64_t{enable} << 32)) + 2 * std::uint64_t{reset} + (value ? 1 : 0));
    const std::uint32_t known = flipFlops_.find(hash, [&](std::uint32_t number) {
      const FlipFlop& f = out_.flipFlops[number - 1];
      return f.d == next.d && f.enable == next.enable && f.reset == next.reset && f.resetValue == next.value;
    });
    if (known != 0) return 2 * out_.flipFlops[known - 1].q;
    flipFlops_.add(hash, static_cast<std::uint32_t>(out_.flipFlops.size() + 1));
    q = n_.leaf(kFlipFlopClockToOutput);
  }
  out_.flipFlopDrives(static_cast<std::uint32_t>(out_.flipFlops.size()), gateOf(q));
  out_.flipFlops.push_back({.q = gateOf(q), .d = d, .enable = enable, .reset = reset, .resetValue = value});
  return q;
}

/// Muxes in front of a flip-flop become its reset and enable.
void Lowering::peelMuxes(Lit q, NextState& next) {
  Bits resets, enables;
  // Muxes that came out as one literal may name each other as their sides: each is peeled once.
  Bits peeled;
  const auto nextChoice = [&] {
    return std::find(peeled.begin(), peeled.end(), next.d) == peeled.end() ? choiceOf(next.d) : nullptr;
  };
  const auto peel = [&](Lit to) {
    peeled.push_back(next.d);
    next.d = to;
  };
  const auto peelResets = [&] {
    for (const Choice* at = nextChoice(); at != nullptr; at = nextChoice()) {
      const auto [s, one, zero] = *at;
      const auto usable = [&](Lit a) {
        return gateOf(a) == 0 && (!next.hasReset || (a == kOne) == next.value);
      };
      const bool first = usable(one);
      if (!first && !usable(zero)) return;
      next.value = (first ? one : zero) == kOne, next.hasReset = true;
      resets.push_back(first ? s : invert(s));
      peel(first ? zero : one);
    }
  };
  const auto peelEnables = [&] {
    for (const Choice* at = nextChoice(); q != kNoLit && at != nullptr; at = nextChoice()) {
      const auto [s, one, zero] = *at;
      if (one != q && zero != q) return;
      enables.push_back(one == q ? invert(s) : s);
      peel(one == q ? zero : one);
    }
  };
  if (next.reset != kZero) resets.push_back(next.reset);
  bool gated = false;  // resets count only while enabled
  if (next.enable == kOne) {
    peelResets();
    peelEnables();
  } else {
    enables.push_back(next.enable);
    peelEnables();
    if (next.reset == kZero) {
      peelResets();
      gated = !resets.empty();
    }
  }
  next.enable = n_.all(enables);
  next.reset = n_.any(resets);
  if (gated) next.reset = n_.land(next.reset, next.enable);
}

}  // namespace sluice::hdl
