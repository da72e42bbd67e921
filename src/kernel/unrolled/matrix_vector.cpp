#include "kernel/unrolled/matrix_vector.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hdl/builder.h"
#include "kernel/unrolled/cells.h"
#include "kernel/unrolled/stages.h"

namespace sluice::kernel {

MatrixVectorModule matrixVectorModule(const AdderGraph& graph, const std::string& name,
                                      std::uint32_t levelsPerStage) {
  // As cells, so that registers are placed as in whole networks.
  CellList cells;
  std::vector<CellId> cellOf;
  for (std::uint32_t i = 0; i < graph.inputs.size(); ++i)
    cellOf.push_back(cells.input(0, i, graph.inputs[i]));
  for (const AdderGraph::Op& op : graph.ops) cellOf.push_back(cells.sum(op, cellOf));
  PortCells ends;
  for (const AdderGraph::Output& out : graph.outputs) {
    if (!out.node) {
      ends.push_back(cells.constant(0));
    } else if (out.shift == 0 && out.sign > 0) {
      ends.push_back(cellOf[*out.node]);
    } else {
      const fixed::Interval r = graph.range(*out.node);
      const std::int64_t factor = out.sign * (std::int64_t{1} << out.shift);
      ends.push_back(cells.put(
          {.kind = Cell::Kind::add,
           .a = cellOf[*out.node],
           .shiftA = out.shift,
           .signA = out.sign,
           .range = {std::min(r.lo * factor, r.hi * factor), std::max(r.lo * factor, r.hi * factor)},
           .levels = out.sign < 0 ? 1u : 0u}));
    }
  }
  const bool clocked = levelsPerStage > 0;
  Stages stages{.of = std::vector<std::uint32_t>(cells.size(), 0), .portStage = {0}};
  if (clocked) stages = assignStages(cells, {ends}, levelsPerStage, 0);

  hdl::Builder b(name);
  std::vector<hdl::Signal> signals;
  const auto at = [&](CellId c, std::uint32_t stage) {
    return cells[c].kind == Cell::Kind::constant ? signals[c] : b.delay(signals[c], stage - stages.of[c]);
  };
  for (CellId c = 0; c < cells.size(); ++c) {
    const Cell& cell = cells[c];
    if (cell.kind == Cell::Kind::input) {
      const hdl::Signal x = b.input("x" + std::to_string(cell.element), cell.range);
      signals.push_back(clocked ? b.reg(x) : x);
      continue;
    }
    if (cell.kind == Cell::Kind::constant) {
      signals.push_back(b.constant(cell.value));
      continue;
    }
    const hdl::Signal x = b.shiftLeft(at(cell.a, stages.of[c]), cell.shiftA);
    hdl::Signal sum;
    if (cell.b == kNoCell) {
      sum = cell.signA > 0 ? b.add(x, b.constant(cell.value)) : b.subtract(b.constant(cell.value), x);
    } else {
      const hdl::Signal y = b.shiftLeft(at(cell.b, stages.of[c]), cell.shiftB);
      if (cell.signA > 0) {
        sum = cell.signB > 0 ? b.add(x, y) : b.subtract(x, y);
      } else {
        sum = cell.signB > 0 ? b.subtract(y, x) : b.negate(b.add(x, y));
      }
    }
    signals.push_back(
        b.assume(sum, cell.range));  // exact over all inputs together, where b sees two operands
  }
  for (std::uint32_t c = 0; c < ends.size(); ++c) {
    const hdl::Signal y = at(ends[c], stages.portStage[0]);
    b.output("y" + std::to_string(c), clocked ? b.reg(y) : y);
  }
  MatrixVectorModule result{.module = std::move(b).build()};
  if (clocked) {
    result.latency = stages.portStage[0] + 2;
    for (const hdl::Node& node : result.module.nodes)
      if (node.op == hdl::Op::reg) result.registerBits += node.width;
  }
  return result;
}

}  // namespace sluice::kernel
