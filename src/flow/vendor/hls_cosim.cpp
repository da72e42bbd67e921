#include "flow/vendor/hls_cosim.h"

#include "base/text.h"
#include "flow/vendor/readers.h"

/// `TOP_cosim.rpt`: one table with a row per language. The language that was not simulated has "NA" everywhere. The
/// interval is "NA" where the test bench ran a single transaction; newer tools add the cycles of the whole run.
namespace sluice::flow::vendor {
namespace {

Status addRun(Collector& collector, const Table& table, const Table::Row& row, std::size_t status,
              const std::string& place) {
  const std::string_view outcome = trim(row.cells[status]);
  const std::string where = "line " + std::to_string(row.line);
  if (outcome != "Pass" && outcome != "Fail")
    return badInput("the status of the co-simulation is neither Pass nor Fail nor NA: is the file damaged?",
                    where);
  collector.fact("status", outcome, place);
  SLUICE_RETURN_IF_ERROR(collector.put("passed", outcome == "Pass" ? 1 : 0, place, where));
  return addRow(collector, table, row,
                {{"Latency(Clock Cycles) min", "latency_min_cycles"},
                 {"Latency(Clock Cycles) avg", "latency_avg_cycles"},
                 {"Latency(Clock Cycles) max", "latency_max_cycles"},
                 {"Latency min", "latency_min_cycles"},
                 {"Latency avg", "latency_avg_cycles"},
                 {"Latency max", "latency_max_cycles"},
                 {"Interval(Clock Cycles) min", "interval_min_cycles"},
                 {"Interval(Clock Cycles) avg", "interval_avg_cycles"},
                 {"Interval(Clock Cycles) max", "interval_max_cycles"},
                 {"Interval min", "interval_min_cycles"},
                 {"Interval avg", "interval_avg_cycles"},
                 {"Interval max", "interval_max_cycles"},
                 {"Total Execution Time (Clock Cycles)", "execution_cycles"}},
                place);
}

}  // namespace

Status readCosimulation(Lines& lines, Metrics& metrics, Collector& collector) {
  collector.setStage(Stage::simulated);
  bool found = false;
  while (!found && lines.next()) {
    std::string_view value;
    if (keyed(lines.line(), "Simulation tool", value)) {
      if (value.ends_with('.')) value.remove_suffix(1);
      collector.fact("simulator", value, {});
    }
    found = opensTable(lines.line());
  }
  if (!found) return badInput("the report of the co-simulation has no table of results: it was cut off");
  SLUICE_TRY(const Table table, readTable(lines));
  const auto language = table.column("RTL");
  const auto status = table.column("Status");
  const bool latency =
      table.column("Latency(Clock Cycles) max").has_value() || table.column("Latency max").has_value();
  if (!language || !status || !latency)
    return badInput("the table of results has no columns RTL, Status and Latency: is the file damaged?",
                    "line " + std::to_string(table.line));
  std::vector<const Table::Row*> runs;
  for (const Table::Row& row : table.rows) {
    const std::string_view name = trim(row.cells[*language]);
    if (name != "VHDL" && name != "Verilog" && name != "SystemC")
      return badInput(
          "the table of results has a row that is none of VHDL, Verilog, SystemC: is the file damaged?",
          "line " + std::to_string(row.line));
    if (trim(row.cells[*status]) != "NA") runs.push_back(&row);
  }
  if (runs.empty()) return badInput("no language was simulated: there are no results");
  for (const Table::Row* row : runs) {
    const std::string name(trim(row->cells[*language]));
    const std::string place = runs.size() == 1 ? "" : "rtl:" + name;
    collector.fact("language", name, place);
    SLUICE_RETURN_IF_ERROR(addRun(collector, table, *row, *status, place));
    if (!collector.has("latency_max_cycles", place))
      collector.note("the co-simulation in " + name + " gave no latency");
  }
  if (metrics.tool.empty()) metrics.tool = "HLS co-simulation";
  return {};
}

bool isHlsCosimulation(std::string_view head) {
  return head.find("\nSimulation tool ") != std::string_view::npos &&
         head.find("   RTL    +  Status  +") != std::string_view::npos;
}

Result<Metrics> readHlsCosimulation(std::string_view text) {
  Metrics metrics;
  Collector collector(metrics, Stage::simulated);
  Lines lines(text);
  SLUICE_RETURN_IF_ERROR(readCosimulation(lines, metrics, collector));
  return metrics;
}

}  // namespace sluice::flow::vendor
