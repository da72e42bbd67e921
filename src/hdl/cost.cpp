#include "hdl/cost.h"

#include <algorithm>
#include <map>

#include "hdl/cost_cells.h"

namespace sluice::hdl {
namespace {

LutLibrary libraryOf(Family family) {
  LutLibrary library;
  if (family == Family::ecp5) {
    library.mostInputs = 7;
    const std::uint32_t weight[9] = {0, 1, 1, 1, 1, 2, 4, 8, 16}, luts[9] = {0, 1, 1, 1, 1, 2, 4, 8, 16};
    std::copy(std::begin(weight), std::end(weight), library.weight);
    std::copy(std::begin(luts), std::end(luts), library.luts);
  } else {
    library.mostInputs = 8;
  }
  return library;
}

/// Gates and cells that the outputs need.
struct Live {
  std::vector<bool> gates, cells;
  std::vector<LutRoot> roots;  ///< all wires that are needed, in a fixed order
};

Live findLive(const CellModule& m) {
  Live live{.gates = std::vector<bool>(m.network.size(), false),
            .cells = std::vector<bool>(m.cells.size(), false)};
  std::vector<std::uint32_t> open;
  const auto need = [&](Lit a) {
    if (live.gates[gateOf(a)]) return;
    live.gates[gateOf(a)] = true;
    open.push_back(gateOf(a));
  };
  for (const LutRoot& r : m.outputs) need(r.lit);
  while (!open.empty()) {
    const std::uint32_t g = open.back();
    open.pop_back();
    for (const Lit in : m.network.inputs(g)) need(in);
    const std::uint32_t cell = m.cellOf(g);
    if (cell == kNoCell || live.cells[cell]) continue;
    live.cells[cell] = true;
    forRoots(m.cells[cell], [&](const LutRoot& r) { need(r.lit); });
  }
  live.roots = m.outputs;
  for (std::size_t c = 0; c < m.cells.size(); ++c)
    if (live.cells[c]) forRoots(m.cells[c], [&](const LutRoot& r) { live.roots.push_back(r); });
  return live;
}

/// Flip-flops in a row, same enable, no reset, nothing reads in between: three and more become a shift
/// register in LUTs. Returns how their cost differs from that of flip-flops.
void replaceRowsByShiftRegisters(const CellModule& m, const Live& live, Cost& total) {
  std::vector<std::uint32_t> readers(m.network.size(), 0);
  for (std::uint32_t g = 0; g < m.network.size(); ++g)
    if (live.gates[g])
      for (const Lit in : m.network.inputs(g)) readers[gateOf(in)] += 1;
  for (const LutRoot& r : live.roots) readers[gateOf(r.lit)] += 1;
  constexpr std::uint32_t none = 0xffffffffu;
  std::vector<std::uint32_t> before(m.cells.size(), none);
  std::vector<bool> hasNext(m.cells.size(), false);
  for (std::uint32_t c = 0; c < m.cells.size(); ++c) {
    const Cell& cell = m.cells[c];
    if (!live.cells[c] || cell.kind != Cell::Kind::flipFlop || cell.reset != kZero || isInverted(cell.d))
      continue;
    const std::uint32_t from = m.cellOf(gateOf(cell.d));
    if (from == kNoCell || from == c) continue;
    const Cell& other = m.cells[from];
    if (other.kind != Cell::Kind::flipFlop || other.reset != kZero || other.enable != cell.enable ||
        readers[gateOf(cell.d)] != 1)
      continue;
    before[c] = from;
    hasNext[from] = true;
  }
  for (std::uint32_t c = 0; c < m.cells.size(); ++c) {
    if (hasNext[c] || before[c] == none) continue;
    std::uint32_t length = 1;
    for (std::uint32_t k = c; before[k] != none; k = before[k]) ++length;
    if (length < 3) continue;
    total.ff -= length;
    total += shiftRegisterBit(length, true);
  }
}

/// Yosys (xilinx_dffopt) undoes a flip-flop's enable and reset where the look-up table that makes the signal serves this
/// flip-flop alone and the one in front of its data input has room for all. Returns how many look-up tables go that way.
std::uint64_t controlsInDataLuts(const CellModule& m, const Live& live, const LutCover& cover) {
  std::vector<const Lut*> lutOf(m.network.size(), nullptr);
  for (const Lut& lut : cover.luts) lutOf[lut.gate] = &lut;
  // Readers of every wire, that is of every literal: the one in which a gate is wanted as a wire is also what LUTs read.
  std::vector<std::uint32_t> readers(2 * m.network.size(), 0);
  for (const LutRoot& r : live.roots) readers[r.lit] += 1;
  for (std::uint32_t g = 0; g < m.network.size(); ++g)
    if (live.gates[g] && m.network.gate(g).kind == GateKind::box)
      for (const Lit in : m.network.inputs(g)) readers[in] += 1;
  std::vector<std::uint32_t> inLuts(m.network.size(), 0);
  for (const Lut& lut : cover.luts)
    for (const std::uint32_t g : lut.inputs()) inLuts[g] += 1;
  for (std::uint32_t g = 0; g < m.network.size(); ++g) {
    const bool asInverse = lutOf[g] != nullptr && readers[2 * g] == 0;
    readers[2 * g + (asInverse ? 1 : 0)] += inLuts[g];
  }
  using Inputs = std::vector<std::uint32_t>;
  const auto isLut = [&](Lit a) { return gateOf(a) != 0 && (lutOf[gateOf(a)] != nullptr || isInverted(a)); };
  const auto inputsOf = [&](Lit a) {
    const Lut* const lut = lutOf[gateOf(a)];
    return lut != nullptr ? Inputs(lut->inputs().begin(), lut->inputs().end()) : Inputs{gateOf(a)};
  };
  const auto join = [](Inputs a, const Inputs& b) {
    for (const std::uint32_t g : b)
      if (std::find(a.begin(), a.end(), g) == a.end()) a.push_back(g);
    return a;
  };
  std::uint64_t gone = 0;
  for (std::size_t c = 0; c < m.cells.size(); ++c) {
    const Cell& cell = m.cells[c];
    if (!live.cells[c] || cell.kind != Cell::Kind::flipFlop || !isLut(cell.d) || readers[cell.d] != 1)
      continue;
    if (gateOf(cell.enable) == 0 && gateOf(cell.reset) == 0) continue;
    Inputs all = inputsOf(cell.d);
    std::uint64_t here = 0;
    if (gateOf(cell.enable) != 0) {
      all = join(join(std::move(all), inputsOf(cell.enable)), {cell.q});
      if (all.size() > 6) continue;
      here += isLut(cell.enable) && readers[cell.enable] == 1 ? 1 : 0;
    }
    if (gateOf(cell.reset) != 0 && isLut(cell.reset) && readers[cell.reset] == 1 &&
        join(all, inputsOf(cell.reset)).size() <= 6)
      here += 1;
    gone += here;
  }
  return gone;
}

Cost costOfModule(const Module& module, Family family) {
  const CellModule cells = cellsOf(module, family);
  const Live live = findLive(cells);
  Cost total;
  for (std::size_t c = 0; c < cells.cells.size(); ++c) {
    if (!live.cells[c]) continue;
    const Cell& cell = cells.cells[c];
    total += cell.cost;
    if (cell.kind != Cell::Kind::carryChain) continue;
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < cell.outputs.size(); ++i)
      if (cell.outputs[i] != 0 && live.gates[cell.outputs[i]]) length = i + 1;
    total.carry += family == Family::ecp5 ? (length + 1) / 2 : (length + 3) / 4;
  }
  if (family != Family::ecp5) replaceRowsByShiftRegisters(cells, live, total);
  const LutCover cover = mapLuts(cells.network, live.roots, libraryOf(family));
  total.lut += cover.count;
  if (family != Family::ecp5) total.lut -= controlsInDataLuts(cells, live, cover);
  return total;
}

using Known = std::map<const Module*, Cost>;

Cost costWithInstances(const Module& module, Family family, Known& known) {
  Cost total = costOfModule(module, family);
  for (const Instance& i : module.instances) {
    auto at = known.find(i.module.get());
    if (at == known.end())
      at = known.emplace(i.module.get(), costWithInstances(*i.module, family, known)).first;
    total += at->second;
  }
  return total;
}

}  // namespace

const char* familyName(Family family) {
  switch (family) {
    case Family::xc7:
      return "xc7";
    case Family::xcup:
      return "xcup";
    case Family::ecp5:
      return "ecp5";
  }
  return "";
}

Cost& Cost::operator+=(const Cost& other) {
  lut += other.lut;
  lutRam += other.lutRam;
  srl += other.srl;
  ff += other.ff;
  carry += other.carry;
  dsp += other.dsp;
  bram18 += other.bram18;
  return *this;
}

Cost cost(const Module& module, Family family) {
  Known known;
  return costWithInstances(module, family, known);
}

}  // namespace sluice::hdl
