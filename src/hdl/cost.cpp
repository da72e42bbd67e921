#include "hdl/cost.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>

#include "base/threads.h"
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

/// What the outputs need.
struct Live {
  std::vector<std::uint32_t> readers;  ///< per gate: of gates and wires that are needed; 0: nothing needs it
  std::vector<std::uint8_t> flipFlops, cells;  ///< 1: needed
  std::vector<LutRoot> roots;                  ///< all wires
};

/// The bits of a word are neighbours and share their enable and reset.
void addRootsOfFlipFlops(const CellModule& m, Live& live) {
  const auto addRuns = [&](Lit FlipFlop::* input, std::int32_t setupPs) {
    LutRoot run{.count = 0};
    const auto end = [&] {
      if (run.count > 0) live.roots.push_back(run);
    };
    for (std::size_t f = 0; f < m.flipFlops.size(); ++f) {
      if (live.flipFlops[f] == 0) continue;
      const Lit lit = m.flipFlops[f].*input;
      if (run.count == 0 || lit != run.lit) {
        end();
        run = {lit, setupPs, 0};
      }
      run.count += 1;
    }
    end();
  };
  addRuns(&FlipFlop::d, 0);
  addRuns(&FlipFlop::enable, kEnableSetupPs);
  addRuns(&FlipFlop::reset, kResetSetupPs);
}

/// A carry that nobody reads is dropped from `m`, with what only it would need.
Live findLive(CellModule& m) {
  Live live{.readers = std::vector<std::uint32_t>(m.network.size(), 0),
            .flipFlops = std::vector<std::uint8_t>(m.flipFlops.size(), 0),
            .cells = std::vector<std::uint8_t>(m.cells.size(), 0),
            .roots = m.outputs};
  // Gates by falling number, as most are read by later ones only; the others wait in `open`.
  std::vector<std::uint32_t> open;
  std::uint32_t at = m.network.size();
  const auto need = [&](Lit a) {
    if (live.readers[gateOf(a)]++ == 0 && gateOf(a) >= at) open.push_back(gateOf(a));
  };
  const auto needRoot = [&](const LutRoot& r) { need(r.lit); };
  std::for_each(m.outputs.begin(), m.outputs.end(), needRoot);
  std::vector<std::uint8_t> carries(m.network.size(), 0);  // 1: the next position reads it
  const auto visitBox = [&](std::uint32_t g) {
    const std::span<const Lit> inputs = m.network.inputs(g);
    const BoxKind box = m.network.gate(g).box;
    for (std::uint32_t i = 0; i < inputs.size(); ++i) {
      if (delayThrough(box, i, false) == kNoPath) continue;  // unless its carry is read
      need(inputs[i]);
      const std::uint32_t before = gateOf(inputs[i]);
      if (i != chainInput(box) || !hasCarry(m.network.gate(before).box) || carries[before] != 0) continue;
      carries[before] = 1;
      if (m.network.gate(before).box == BoxKind::position) need(m.network.inputs(before)[1]);
    }
  };
  const auto visit = [&](std::uint32_t g) {
    if (m.network.gate(g).kind == GateKind::box)
      visitBox(g);
    else
      for (const Lit in : m.network.inputs(g)) need(in);
    if (const std::uint32_t f = m.flipFlopOf(g); f != kNoCell && live.flipFlops[f] == 0) {
      live.flipFlops[f] = 1;
      for (const Lit a : {m.flipFlops[f].d, m.flipFlops[f].enable, m.flipFlops[f].reset}) need(a);
    }
    if (const std::uint32_t cell = m.cellOf(g); cell != kNoCell && live.cells[cell] == 0) {
      live.cells[cell] = 1;
      std::for_each(m.cells[cell].roots.begin(), m.cells[cell].roots.end(), needRoot);
      live.roots.insert(live.roots.end(), m.cells[cell].roots.begin(), m.cells[cell].roots.end());
    }
  };
  while (at > 0)
    if (live.readers[--at] != 0) visit(at);
  while (!open.empty()) {
    const std::uint32_t g = open.back();
    open.pop_back();
    visit(g);
  }
  for (std::uint32_t g = 0; g < m.network.size(); ++g)
    if (live.readers[g] != 0 && hasCarry(m.network.gate(g).box) && carries[g] == 0) m.network.dropCarry(g);
  addRootsOfFlipFlops(m, live);
  return live;
}

/// Flip-flops in a row, same enable, no reset, nothing reads in between: three and more become a shift
/// register in LUTs. Changes `total` by the difference.
void replaceRowsByShiftRegisters(const CellModule& m, const Live& live, Cost& total) {
  constexpr std::uint32_t none = 0xffffffffu;
  std::vector<std::uint32_t> before(m.flipFlops.size(), none);
  std::vector<std::uint8_t> hasNext(m.flipFlops.size(), 0);
  for (std::uint32_t f = 0; f < m.flipFlops.size(); ++f) {
    const FlipFlop& own = m.flipFlops[f];
    if (live.flipFlops[f] == 0 || own.reset != kZero || isInverted(own.d)) continue;
    const std::uint32_t from = m.flipFlopOf(gateOf(own.d));
    if (from == kNoCell || from == f) continue;
    const FlipFlop& other = m.flipFlops[from];
    if (other.reset != kZero || other.enable != own.enable || live.readers[gateOf(own.d)] != 1) continue;
    before[f] = from;
    hasNext[from] = 1;
  }
  for (std::uint32_t f = 0; f < m.flipFlops.size(); ++f) {
    if (hasNext[f] != 0 || before[f] == none) continue;
    std::uint32_t length = 1;
    for (std::uint32_t k = f; before[k] != none; k = before[k]) ++length;
    if (length < 3) continue;
    total.ff -= length;
    total += shiftRegisterBit(length, true);
  }
}

/// Yosys (xilinx_dffopt) undoes a flip-flop's enable and reset where the look-up table that makes the signal serves this
/// flip-flop alone and the one in front of its data input has room for all. Returns how many look-up tables go that way.
std::uint64_t controlsInDataLuts(const CellModule& m, const Live& live, const LutCover& cover) {
  std::vector<const PlacedLut*> lutOf(m.network.size(), nullptr);
  for (const PlacedLut& lut : cover.luts) lutOf[lut.gate()] = &lut;
  // Readers of every wire, that is of every literal: the one in which a gate is wanted as a wire is also what LUTs read.
  std::vector<std::uint32_t> readers = cover.wires;
  for (const PlacedLut& lut : cover.luts)
    for (std::uint32_t i = 0; i < lut.inputs(); ++i) {
      const std::uint32_t g = lut.input(i);
      const bool asInverse = lutOf[g] != nullptr && cover.wires[2 * g] == 0;
      readers[2 * g + (asInverse ? 1 : 0)] += 1;
    }
  using Inputs = std::vector<std::uint32_t>;
  const auto isLut = [&](Lit a) { return gateOf(a) != 0 && (lutOf[gateOf(a)] != nullptr || isInverted(a)); };
  const auto inputsOf = [&](Lit a) {
    const PlacedLut* const lut = lutOf[gateOf(a)];
    if (lut == nullptr) return Inputs{gateOf(a)};
    Inputs inputs;
    for (std::uint32_t i = 0; i < lut->inputs(); ++i) inputs.push_back(lut->input(i));
    return inputs;
  };
  const auto join = [](Inputs a, const Inputs& b) {
    for (const std::uint32_t g : b)
      if (std::find(a.begin(), a.end(), g) == a.end()) a.push_back(g);
    return a;
  };
  std::uint64_t gone = 0;
  for (std::size_t f = 0; f < m.flipFlops.size(); ++f) {
    const FlipFlop& own = m.flipFlops[f];
    if (live.flipFlops[f] == 0 || !isLut(own.d) || readers[own.d] != 1) continue;
    if (gateOf(own.enable) == 0 && gateOf(own.reset) == 0) continue;
    Inputs all = inputsOf(own.d);
    std::uint64_t here = 0;
    if (gateOf(own.enable) != 0) {
      all = join(join(std::move(all), inputsOf(own.enable)), {own.q});
      if (all.size() > 6) continue;
      here += isLut(own.enable) && readers[own.enable] == 1 ? 1 : 0;
    }
    if (gateOf(own.reset) != 0 && isLut(own.reset) && readers[own.reset] == 1 &&
        join(all, inputsOf(own.reset)).size() <= 6)
      here += 1;
    gone += here;
  }
  return gone;
}

/// Of every chain as much as is read; one primitive has four positions (ECP5: two).
std::uint64_t carryPrimitives(const CellModule& m, const Live& live, Family family) {
  const std::size_t each = family == Family::ecp5 ? 2 : 4;
  std::uint64_t count = 0;
  for (std::size_t c = 0; c < m.chains.size(); ++c) {
    const std::size_t first = m.chains[c],
                      last = c + 1 < m.chains.size() ? m.chains[c + 1] : m.positions.size();
    std::size_t length = last - first;
    while (length > 0 &&
           (m.positions[first + length - 1] == 0 || live.readers[m.positions[first + length - 1]] == 0))
      --length;
    count += (length + each - 1) / each;
  }
  return count;
}

Cost costOfModule(const Module& module, Family family, CellModule& cells, LutMapper& mapper) {
  cellsOf(module, family, cells);
  const Live live = findLive(cells);
  Cost total;
  for (std::size_t c = 0; c < cells.cells.size(); ++c) {
    if (live.cells[c] == 0) continue;
    const Cell& cell = cells.cells[c];
    total += cell.cost;
    if (cell.kind == Cell::Kind::table)
      for (std::size_t i = 0; i < cell.outputs.size(); ++i)
        if (live.readers[cell.outputs[i]] != 0) total.lut += cell.luts[i];
  }
  total.carry += carryPrimitives(cells, live, family);
  total.ff += static_cast<std::uint64_t>(std::count(live.flipFlops.begin(), live.flipFlops.end(), 1));
  if (family != Family::ecp5) replaceRowsByShiftRegisters(cells, live, total);
  const LutCover& cover = mapper.map(cells.network, live.roots, live.readers);
  total.lut += cover.count;
  if (family != Family::ecp5) total.lut -= controlsInDataLuts(cells, live, cover);
  return total;
}

using Costs = std::map<const Module*, Cost>;

/// Every module below this one and itself once, what is inside before what it is inside of; an entry for each.
void collect(const Module& module, std::vector<const Module*>& list, Costs& costs) {
  if (!costs.try_emplace(&module).second) return;
  for (const Instance& i : module.instances) collect(*i.module, list, costs);
  list.push_back(&module);
}

/// Each without its instances: the largest first, on as many threads as there is work for.
void countEach(std::vector<const Module*> modules, Family family, Costs& costs) {
  constexpr std::size_t nodesPerThread = 1500;
  std::ranges::stable_sort(modules, std::ranges::greater(), [](const Module* m) { return m->nodes.size(); });
  std::size_t nodes = 0;
  for (const Module* m : modules) nodes += m->nodes.size();
  const std::size_t workers = std::min<std::size_t>(
      {std::max<std::size_t>(1, nodes / nodesPerThread), defaultThreads(), modules.size()});
  std::atomic<std::size_t> next = 0;
  parallelFor(workers, static_cast<unsigned>(workers), [&](std::size_t, std::size_t, unsigned) {
    CellModule cells;
    LutMapper mapper(libraryOf(family));
    for (std::size_t k = next++; k < modules.size(); k = next++)
      costs.at(modules[k]) = costOfModule(*modules[k], family, cells, mapper);
  });
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
  std::vector<const Module*> modules;
  Costs costs;
  collect(module, modules, costs);
  countEach(modules, family, costs);
  for (const Module* m : modules)
    for (const Instance& i : m->instances) costs.at(m) += costs.at(i.module.get());
  return costs.at(&module);
}

}  // namespace sluice::hdl
