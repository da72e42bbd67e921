// Registers as flip-flops of single bits, after the rule by which Yosys (opt_dff) gives them resets and
// enables.
//
// A register's next value is often a mux. Where one side of it is a constant, the flip-flop's own reset does
// the same without a LUT; where one side is the register itself, its enable does. The rule peels such muxes
// off, bit by bit: first resets (all to the same value), then enables; a register that had only an enable may
// get a reset afterwards, which then must be gated by the enable, because in these devices a reset needs no
// enable.
#include <algorithm>

#include "hdl/builder_state.h"
#include "hdl/cost_lower.h"

namespace sluice::hdl {
namespace {

constexpr std::int32_t kClockToOutput = 303;

}  // namespace

void Lowering::declareState(Signal s) {
  Bits& b = bits_[s.index];
  for (std::uint32_t i = 0; i < m_.node(s).width; ++i) b.push_back(n_.leaf(kClockToOutput));
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
  const Bits declared = bits_[s.index];
  const Bits read = readMemory(s);
  for (std::size_t i = 0; i < declared.size(); ++i) {  // the word read is the state: join the two names
    const std::uint32_t found = out_.cellOf(gateOf(read[i]));
    if (found == kNoCell) continue;
    Cell& cell = out_.cells[found];
    std::replace(cell.outputs.begin(), cell.outputs.end(), gateOf(read[i]), gateOf(declared[i]));
    if (cell.q == gateOf(read[i])) cell.q = gateOf(declared[i]);
    out_.drives(found, gateOf(declared[i]));
  }
}

/// The bits of a register; those of one in a loop exist already.
void Lowering::registerBits(Signal s, const Bits& next) {
  const Node& n = m_.node(s);
  const Lit enable = n.inputs.size() > 1 ? bit(n.inputs[1], 0) : kOne;
  for (std::uint32_t i = 0; i < n.width; ++i) {
    const Lit q = loop_[s.index] ? bits_[s.index][i] : kNoLit;
    const bool value = n.hasReset && (n.words[i / 64] >> (i % 64) & 1) != 0;
    const Lit made = flipFlop(q, next[i], enable, n.hasReset ? rst_ : kZero, n.hasReset, value);
    if (q == kNoLit) bits_[s.index].push_back(made);
  }
}

/// One flip-flop; `q` is its output if that exists already. Returns the output: of an equal flip-flop if
/// there is one, or the constant that it always holds.
Lit Lowering::flipFlop(Lit q, Lit d, Lit enable, Lit reset, bool hasReset, bool value) {
  std::vector<Lit> resets, enables;
  const auto peelResets = [&] {
    // Two muxes that came out as one literal may name each other as their sides: each is peeled once.
    std::vector<Lit> peeled;
    for (const Choice* at = choiceOf(d); at != nullptr; at = choiceOf(d)) {
      if (std::find(peeled.begin(), peeled.end(), d) != peeled.end()) return;
      peeled.push_back(d);
      const auto [s, one, zero] = *at;
      const auto usable = [&](Lit a) { return gateOf(a) == 0 && (!hasReset || (a == kOne) == value); };
      const bool first = usable(one);
      if (!first && !usable(zero)) return;
      value = (first ? one : zero) == kOne, hasReset = true;
      resets.push_back(first ? s : invert(s));
      d = first ? zero : one;
    }
  };
  const auto peelEnables = [&] {
    for (const Choice* at = choiceOf(d); q != kNoLit && at != nullptr; at = choiceOf(d)) {
      const auto [s, one, zero] = *at;
      if (one != q && zero != q) return;
      enables.push_back(one == q ? invert(s) : s);
      d = one == q ? zero : one;
    }
  };
  if (reset != kZero) resets.push_back(reset);
  bool gated = false;  // resets count only while enabled
  if (enable == kOne) {
    peelResets();
    peelEnables();
  } else {
    enables.push_back(enable);
    peelEnables();
    if (reset == kZero) {
      peelResets();
      gated = !resets.empty();
    }
  }
  enable = n_.all(enables);
  reset = n_.any(resets);
  if (gated) reset = n_.land(reset, enable);
  if (gateOf(d) == 0 && (!hasReset || (d == kOne) == value)) {
    if (q == kNoLit) return d;
  }
  if (q == kNoLit) {
    const FlipFlopKey key{d, enable, reset, value};
    const auto [at, isNew] = flipFlops_.try_emplace(key, kNoLit);
    if (!isNew) return at->second;
    at->second = q = n_.leaf(kClockToOutput);
  }
  const auto cell = static_cast<std::uint32_t>(out_.cells.size());
  out_.drives(cell, gateOf(q));
  out_.cells.push_back({.kind = Cell::Kind::flipFlop,
                        .roots = {},
                        .outputs = {},
                        .cost = {.ff = 1},
                        .q = gateOf(q),
                        .d = d,
                        .enable = enable,
                        .reset = reset,
                        .resetValue = value});
  return q;
}

}  // namespace sluice::hdl
