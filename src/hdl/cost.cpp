#include "hdl/cost.h"

#include <algorithm>
#include <map>

#include "hdl/cost_cells.h"
#include "hdl/simplify.h"

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
    const auto cell = m.cellOf.find(g);
    if (cell == m.cellOf.end() || live.cells[cell->second]) continue;
    live.cells[cell->second] = true;
    for (const LutRoot& r : m.cells[cell->second].roots) need(r.lit);
  }
  live.roots = m.outputs;
  for (std::size_t c = 0; c < m.cells.size(); ++c)
    if (live.cells[c]) live.roots.insert(live.roots.end(), m.cells[c].roots.begin(), m.cells[c].roots.end());
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
    const auto from = m.cellOf.find(gateOf(cell.d));
    if (from == m.cellOf.end() || from->second == c) continue;
    const Cell& other = m.cells[from->second];
    if (other.kind != Cell::Kind::flipFlop || other.reset != kZero || other.enable != cell.enable ||
        readers[gateOf(cell.d)] != 1)
      continue;
    before[c] = from->second;
    hasNext[from->second] = true;
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
      if (live.gates[cell.outputs[i]]) length = i + 1;
    total.carry += family == Family::ecp5 ? (length + 1) / 2 : (length + 3) / 4;
  }
  if (family != Family::ecp5) replaceRowsByShiftRegisters(cells, live, total);
  total.lut += mapLuts(cells.network, live.roots, libraryOf(family)).luts;
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
  return costWithInstances(simplify(module), family, known);
}

}  // namespace sluice::hdl
