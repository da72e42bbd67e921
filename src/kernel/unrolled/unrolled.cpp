#include "kernel/unrolled/unrolled.h"

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "kernel/unrolled/emit_cells.h"
#include "kernel/unrolled/lower.h"
#include "kernel/unrolled/stages.h"

namespace sluice::kernel {
namespace {

struct Plan {
  LoweredNodes lowered;
  Stages stages;
};

Result<Plan> plan(const UnrolledParams& params) {
  SLUICE_CHECK(params.graph != nullptr, "an unrolled pipeline belongs to a graph");
  Plan result;
  SLUICE_TRY(result.lowered, lowerNodes(params));
  result.stages =
      assignStages(result.lowered.cells, result.lowered.writes, params.levelsPerStage, params.inputLevels);
  return result;
}

StreamPort portFor(const ir::Tensor& tensor, dataflow::Direction direction, const char* letter,
                   std::size_t index, std::size_t count) {
  const ir::Codes& codes = *tensor.type.codes;
  return {.name = count == 1 ? letter : letter + std::to_string(index),
          .direction = direction,
          .beat = {.elements = static_cast<std::uint32_t>(ir::elements(tensor.type.shape)),
                   .format = codes.format()},
          .range = codes.range};
}

}  // namespace

Result<Kernel> unrolledPipeline(std::string name, const UnrolledParams& params) {
  SLUICE_TRY(Plan made, plan(params));
  const auto shared = std::make_shared<const Plan>(std::move(made));
  const UnrolledPorts& ports = shared->lowered.ports;
  Kernel kernel;
  kernel.family = "unrolled";
  kernel.name = std::move(name);
  const auto add = [&](ir::TensorId id, dataflow::Direction direction, std::size_t index, std::size_t count,
                       std::uint32_t stage) {
    const bool read = direction == dataflow::Direction::read;
    kernel.schedule.accesses.push_back({.port = static_cast<std::uint32_t>(kernel.ports.size()),
                                        .direction = direction,
                                        .stage = stage,
                                        .when = {}});
    kernel.ports.push_back(portFor(params.graph->tensor(id), direction, read ? "x" : "y", index, count));
  };
  for (std::size_t p = 0; p < ports.reads.size(); ++p)
    add(ports.reads[p], dataflow::Direction::read, p, ports.reads.size(), 0);
  for (std::size_t p = 0; p < ports.writes.size(); ++p)
    add(ports.writes[p], dataflow::Direction::write, p, ports.writes.size(), shared->stages.portStage[p]);
  kernel.schedule.depth = shared->stages.depth;
  kernel.datapath = [shared](Pipeline& pipeline) {
    const LoweredNodes& lowered = shared->lowered;
    emitCells(pipeline, lowered.cells, shared->stages, static_cast<std::uint32_t>(lowered.ports.reads.size()),
              lowered.writes);
  };
  SLUICE_RETURN_IF_ERROR(check(kernel));
  return kernel;
}

Result<UnrolledSummary> unrolledSummary(const UnrolledParams& params) {
  SLUICE_TRY(const Plan made, plan(params));
  const CellList& cells = made.lowered.cells;
  UnrolledSummary summary{.registerBits = made.stages.registerBits, .depth = made.stages.depth};
  for (CellId c = 0; c < cells.size(); ++c) {
    const Cell& cell = cells[c];
    summary.levels = std::max(summary.levels, cells.arrival(c));
    summary.comparisons += cell.kind == Cell::Kind::atLeast || cell.kind == Cell::Kind::notLess;
    summary.tables += cell.kind == Cell::Kind::table;
    if (cell.kind == Cell::Kind::addMultiple && cell.a != kNoCell) {
      ++summary.adders;
      summary.adderBits +=
          fixed::formatFor(cell.range).bits - std::min(fixed::formatFor(cell.range).bits, cell.shiftB);
    }
    if (cell.kind != Cell::Kind::add || cell.levels == 0) continue;
    ++summary.adders;
    const std::uint32_t width = fixed::formatFor(cell.range).bits;
    const bool aLow = cell.b == kNoCell || cell.shiftA <= cell.shiftB;
    const std::uint32_t low = cell.b == kNoCell ? 0
                              : aLow            ? cell.shiftB - cell.shiftA
                                                : cell.shiftA - cell.shiftB;
    summary.adderBits += (aLow ? cell.signA : cell.signB) > 0 ? width - std::min(width, low) : width;
  }
  return summary;
}

}  // namespace sluice::kernel
