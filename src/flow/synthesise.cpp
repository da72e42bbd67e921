#include "flow/synthesise.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "flow/tools.h"
#include "flow/yosys.h"
#include "jobs/pool.h"

namespace sluice::flow {
namespace {

/// Modules are built out of context: no pads, no clock buffers. DSP and memory mapping as the family has them.
std::string script(const SynthesisTask& task) {
  std::string text;
  switch (task.family) {
    case hdl::Family::xc7:
      text += "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top " + task.top + "\n";
      break;
    case hdl::Family::xcup:
      text += "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -top " + task.top + "\n";
      break;
    case hdl::Family::ecp5:
      text += "synth_ecp5 -top " + task.top + "\n";
      break;
  }
  return text + "tee -q -o stat.json stat -json -top " + task.top + "\n";
}

/// One cell of each type, in primitives. LUT-sized resources only: what no counter counts is zero.
struct CellCost {
  const char* type;
  hdl::Cost cost;
};

const std::vector<CellCost>& xilinxCells() {
  static const std::vector<CellCost> cells = {
      {"LUT1", {.lut = 1}},
      {"LUT2", {.lut = 1}},
      {"LUT3", {.lut = 1}},
      {"LUT4", {.lut = 1}},
      {"LUT5", {.lut = 1}},
      {"LUT6", {.lut = 1}},
      {"INV", {.lut = 1}},
      {"MUXF5", {}},
      {"MUXF6", {}},
      {"MUXF7", {}},
      {"MUXF8", {}},
      {"MUXF9", {}},
      {"VCC", {}},
      {"GND", {}},
      {"BUFG", {}},
      {"CARRY4", {.carry = 1}},
      {"CARRY8", {.carry = 1}},
      {"FDRE", {.ff = 1}},
      {"FDSE", {.ff = 1}},
      {"FDCE", {.ff = 1}},
      {"FDPE", {.ff = 1}},
      {"FDRE_1", {.ff = 1}},
      {"SRL16E", {.srl = 1}},
      {"SRLC16E", {.srl = 1}},
      {"SRLC32E", {.srl = 1}},
      {"RAM32X1D", {.lutRam = 2}},
      {"RAM64X1D", {.lutRam = 2}},
      {"RAM128X1D", {.lutRam = 4}},
      {"RAM32M", {.lutRam = 4}},
      {"RAM64M", {.lutRam = 4}},
      {"RAM32M16", {.lutRam = 8}},
      {"RAM64M8", {.lutRam = 8}},
      {"RAM32X1S", {.lutRam = 1}},
      {"RAM64X1S", {.lutRam = 1}},
      {"RAM128X1S", {.lutRam = 2}},
      {"RAM256X1S", {.lutRam = 4}},
      {"RAM256X1D", {.lutRam = 8}},
      {"DSP48E1", {.dsp = 1}},
      {"DSP48E2", {.dsp = 1}},
      {"RAMB18E1", {.bram18 = 1}},
      {"RAMB36E1", {.bram18 = 2}},
      {"RAMB18E2", {.bram18 = 1}},
      {"RAMB36E2", {.bram18 = 2}},
  };
  return cells;
}

const std::vector<CellCost>& latticeCells() {
  static const std::vector<CellCost> cells = {
      {"LUT4", {.lut = 1}},
      {"PFUMX", {}},
      {"L6MUX21", {}},
      {"CCU2C", {.carry = 1}},
      {"TRELLIS_FF", {.ff = 1}},
      {"MULT18X18D", {.dsp = 1}},
      {"ALU54B", {}},
      {"DP16KD", {.bram18 = 1}},
      {"PDPW16KD", {.bram18 = 1}},
      {"TRELLIS_DPR16X4", {.lutRam = 4}},
  };
  return cells;
}

Result<SynthesisReport> reportOf(const SynthesisTask& task, const jobs::Command& command,
                                 const Result<jobs::Outcome>& result) {
  if (!result.ok()) return result.error();
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, *result));
  SynthesisReport report{.seconds = result->seconds,
                         .processorSeconds = result->processorSeconds,
                         .peakMemoryMiB = static_cast<double>(result->peakMemoryMiB),
                         .fromCache = result->fromCache};
  try {
    const auto json = nlohmann::json::parse(result->outputs.at("stat.json"));
    // Yosys names a module with a backslash; "design" holds the sums over all.
    for (const auto& [type, count] : json.at("design").at("num_cells_by_type").items())
      if (type.empty() || type[0] != '$') report.cells[type] = count.get<std::uint64_t>();
  } catch (const std::exception& problem) {
    return ioError(std::string("Yosys' statistics cannot be read: ") + problem.what(), task.name);
  }
  SLUICE_TRY(report.cost, costOfCells(report.cells, task.family));
  return report;
}

}  // namespace

Result<hdl::Cost> costOfCells(const std::map<std::string, std::uint64_t>& cells, hdl::Family family) {
  hdl::Cost total;
  std::vector<std::string> unknown;
  for (const auto& [type, count] : cells) {
    const std::vector<CellCost>& table = family == hdl::Family::ecp5 ? latticeCells() : xilinxCells();
    const auto row =
        std::find_if(table.begin(), table.end(), [&](const CellCost& cell) { return type == cell.type; });
    if (row == table.end()) {
      unknown.push_back(type);
      continue;
    }
    total.lut += count * row->cost.lut;
    total.lutRam += count * row->cost.lutRam;
    total.srl += count * row->cost.srl;
    total.ff += count * row->cost.ff;
    total.carry += count * row->cost.carry;
    total.dsp += count * row->cost.dsp;
    total.bram18 += count * row->cost.bram18;
  }
  if (!unknown.empty())
    return unsupported("Yosys used cells whose cost is not known here: " + join(unknown, ", ") +
                       " (add them to src/flow/synthesise.cpp)");
  return total;
}

Result<std::vector<SynthesisReport>> synthesise(const std::vector<SynthesisTask>& tasks, unsigned workers,
                                                const jobs::Store* store) {
  SLUICE_TRY(const Tool yosys, findYosys());
  std::vector<jobs::Command> commands;
  for (const SynthesisTask& task : tasks)
    commands.push_back(yosysCommand(yosys, task.name, task.files, script(task), "stat.json"));
  const std::vector<Result<jobs::Outcome>> outcomes = jobs::runAll(store, commands, {.workers = workers});
  std::vector<SynthesisReport> reports;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    SLUICE_TRY(SynthesisReport report, reportOf(tasks[t], commands[t], outcomes[t]));
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace sluice::flow
