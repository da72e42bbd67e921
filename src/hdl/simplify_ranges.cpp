// What simplify knows before it writes: the ranges of all signals over all cycles, and the rules by which
// `automatic` becomes a style.
#include <algorithm>
#include <optional>

#include "hdl/builder_state.h"
#include "hdl/infer.h"
#include "hdl/order.h"
#include "hdl/simplify_steps.h"

namespace sluice::hdl {

std::vector<fixed::Interval> narrowRanges(const Module& m, const std::vector<Signal>& order) {
  constexpr int exactRounds = 3;  // after these a register that still grows gets its declared range
  std::vector<fixed::Interval> range(m.nodes.size());
  std::vector<bool> fixed(m.nodes.size(), false);
  const auto meet = [](fixed::Interval a, fixed::Interval b) {
    const fixed::Interval both{std::max(a.lo, b.lo), std::min(a.hi, b.hi)};
    return both.lo <= both.hi ? both : b;
  };
  for (const Signal s : order) {
    const Node& n = m.node(s);
    if (!n.isNumber()) continue;
    range[s.index] = *n.range;
    if (n.op != Op::reg) continue;
    const std::int64_t start = n.hasReset ? signExtend(n.words[0], n.width, n.isSigned) : 0;
    if (n.range->contains(start))
      range[s.index] = {start, start};
    else
      fixed[s.index] = true;
  }
  bool changed = true;
  for (int round = 0; changed; ++round) {
    changed = false;
    for (const Signal s : order) {
      const Node& n = m.node(s);
      if (!n.isNumber() || isState(m, n)) continue;
      std::vector<WideInterval> in;
      for (const Signal i : n.inputs)
        in.push_back(m.node(i).isNumber() ? widen(range[i.index])
                                          : valuesOf(std::min(m.node(i).width, 64u), false));
      const std::optional<WideInterval> wide = inferRange(n, in);
      if (wide && wide->fits64()) range[s.index] = meet(wide->narrow(), *n.range);
    }
    for (const Signal s : order) {
      const Node& n = m.node(s);
      if (n.op != Op::reg || !n.isNumber() || fixed[s.index]) continue;
      const fixed::Interval next = fixed::join(range[s.index], meet(range[n.inputs[0].index], *n.range));
      if (next == range[s.index]) continue;
      range[s.index] = round < exactRounds ? next : *n.range;
      changed = true;
    }
  }
  return range;
}

Style multiplyStyle(const Node& a, const Node& b, Style wish) {
  const WideInterval in[] = {valuesOf(a), valuesOf(b)};
  const std::uint32_t product = fixed::formatFor(inferRange({.op = Op::multiply}, in)->narrow()).bits;
  const std::uint32_t total = a.width + b.width;
  if (product < 9 || std::min(a.width, b.width) < 2) return Style::logic;
  if (wish == Style::dsp) return Style::dsp;
  const Node* constant = a.op == Op::constant ? &a : b.op == Op::constant ? &b : nullptr;
  if (constant != nullptr) {
    std::uint32_t digits = 0;  // of the canonical signed form
    for (std::int64_t rest = constant->range->lo; rest != 0; rest /= 2)
      if (rest % 2 != 0) rest -= (rest & 3) == 1 ? 1 : -1, ++digits;
    return digits <= 3 ? Style::logic : Style::dsp;
  }
  return total <= 10 ? Style::logic : Style::dsp;
}

Style memoryStyle(const Memory& memory) {
  const std::uint64_t bits = std::uint64_t{memory.words} * memory.width;
  const bool large = memory.words > 64 && bits >= 4096;  // a quarter of a RAMB18
  if (memory.synchronousRead && large) return Style::blockRam;
  if (!memory.contents.empty()) return Style::logic;
  return memory.words <= 2 ? Style::registers : Style::lutRam;
}

}  // namespace sluice::hdl
