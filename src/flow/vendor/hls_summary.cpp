#include <map>

#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/readers.h"

/// `csynth.rpt` of Vitis HLS: one table with a row per module and loop, the tree drawn by spaces.
///
///     |+ myproject          |  Timing| -0.32|  54| 179.820| ... | 5 (5%)|  796 (1206%)| ...
///     | + grp_dense_fu_95   |  Timing| -0.27|   6|  19.980| ... |      -|   247 (374%)| ...
///     |  o Loop_1           | ...
///
/// "+" is a module, "o" a loop, "*" behind a name a dataflow region. `BRAM` counts RAMB18, as in the module's own
/// report. Latency and interval are one figure each, of which the report does not say whether it is the greatest.
namespace sluice::flow::vendor {
namespace {

constexpr std::string_view titleStart = "== Synthesis Summary Report of '";

/// A row's name cell: how deep it stands, what it is, what it is called.
struct Node {
  std::size_t depth = 0;
  bool loop = false, dataflow = false;
  std::string name;
};

Result<Node> node(std::string_view cell, const std::string& where) {
  Node node;
  node.depth = std::min(cell.find_first_not_of(' '), cell.size());
  cell.remove_prefix(node.depth);
  if (cell.size() < 3 || (cell[0] != '+' && cell[0] != 'o') || cell[1] != ' ')
    return badInput("the row is neither a module ('+') nor a loop ('o'): is the file damaged?", where);
  node.loop = cell[0] == 'o';
  std::string_view name = trim(cell.substr(2));
  if (name.ends_with('*')) {
    node.dataflow = true;
    name = trim(name.substr(0, name.size() - 1));
  }
  if (name.empty()) return badInput("the row has no name: is the file damaged?", where);
  node.name = name;
  return node;
}

/// "796 (1206%)" without its share.
std::string_view withoutShare(std::string_view cell) {
  cell = trim(cell);
  const std::size_t open = cell.find(" (");
  return open != std::string_view::npos && cell.ends_with("%)") ? cell.substr(0, open) : cell;
}

Status addNode(Collector& collector, const Table& table, const Table::Row& row, const std::string& place) {
  const std::string where = "line " + std::to_string(row.line);
  const std::initializer_list<Column> figures = {{"Latency (cycles)", "latency_cycles"},
                                                 {"Latency (ns)", "latency_ns"},
                                                 {"Interval", "interval_cycles"},
                                                 {"Slack", "slack_ns"},
                                                 {"BRAM", "bram18"},
                                                 {"DSP", "dsp"},
                                                 {"FF", "ff"},
                                                 {"LUT", "lut"},
                                                 {"URAM", "uram"}};
  for (const Column& column : figures)
    if (const auto at = table.column(column.title))
      SLUICE_RETURN_IF_ERROR(collector.add(column.name, withoutShare(row.cells[*at]), place, where));
  if (const auto at = table.column("Iteration Latency"))
    SLUICE_RETURN_IF_ERROR(collector.addRange("iteration_latency_min_cycles", "iteration_latency_max_cycles",
                                              row.cells[*at], place, where));
  if (const auto at = table.column("Trip Count"))
    SLUICE_RETURN_IF_ERROR(
        collector.addRange("trip_count_min", "trip_count_max", row.cells[*at], place, where));
  if (const auto at = table.column("Pipelined")) collector.fact("pipeline", row.cells[*at], place);
  if (const auto at = table.column("Issue Type")) collector.fact("issue", row.cells[*at], place);
  return {};
}

/// The tree. A resource of the top that the report leaves out ("-") is none of it: 0.
Status addTree(Collector& collector, const Table& table, Metrics& metrics) {
  const std::string start = "line " + std::to_string(table.line);
  const auto name = table.column("Modules & Loops");
  if (!name) return badInput("the table has no column 'Modules & Loops': is the file damaged?", start);
  for (const std::string_view title : {"Latency (cycles)", "Interval", "BRAM", "DSP", "FF", "LUT"})
    if (!table.column(title))
      return badInput("the table has no column '" + std::string(title) + "': is the file damaged?", start);
  if (table.rows.empty()) return badInput("the table has no rows: it was cut off", start);
  constexpr std::size_t deepest = 64;
  std::vector<std::string> path;  // without the top
  std::map<std::string, std::size_t> times;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Table::Row& row = table.rows[i];
    const std::string where = "line " + std::to_string(row.line);
    SLUICE_TRY(const Node here, node(row.cells[*name], where));
    if ((i == 0) != (here.depth == 0) || here.depth > path.size() + 1 || here.depth > deepest)
      return badInput("the row stands below no other: is the file damaged?", where);
    std::string place;
    if (i == 0) {
      if (here.name != metrics.design)
        return badInput("the first row is not '" + metrics.design + "': is the file damaged?", where);
    } else {
      path.resize(here.depth - 1);
      path.push_back(here.name);
      place = (here.loop ? "loop:" : "module:") + join(path, "/");
      // The same module may be called twice by one parent; later ones are told apart by a number.
      const std::size_t count = ++times[place];
      if (count > 1) {
        path.back() += "#" + std::to_string(count);
        place += "#" + std::to_string(count);
      }
    }
    if (here.dataflow) collector.fact("dataflow", "yes", place);
    SLUICE_RETURN_IF_ERROR(addNode(collector, table, row, place));
  }
  for (const std::string_view resource : {"bram18", "bram_tile", "dsp", "ff", "lut", "uram"})
    if (!collector.has(resource)) SLUICE_RETURN_IF_ERROR(collector.put(resource, 0, {}, start));
  return {};
}

}  // namespace

bool isHlsSummary(std::string_view head) {
  const std::size_t at = head.find(titleStart);
  return at != std::string_view::npos && at > 0 && head[at - 1] == '\n';
}

Result<Metrics> readHlsSummary(std::string_view text) {
  Metrics metrics;
  Collector collector(metrics, Stage::estimated);
  Lines lines(text);
  bool estimates = false, found = false;
  while (!found && lines.next()) {
    const std::string_view line = trim(lines.line());
    std::string_view value;
    if (line.starts_with(titleStart) && line.ends_with('\''))
      metrics.design = line.substr(titleStart.size(), line.size() - titleStart.size() - 1);
    if (keyed(line, "* Version", value)) metrics.version = value.substr(0, value.find(' '));
    if (keyed(line, "* Target device", value)) metrics.part = value;
    if (line.starts_with("+ Performance & Resource Estimates")) estimates = true;
    found = estimates && opensTable(line);
  }
  if (!found)
    return badInput(
        "the report has no table '+ Performance & Resource Estimates': it was cut off or damaged");
  if (metrics.design.empty() || metrics.version.empty() || metrics.part.empty())
    return badInput("the report names no design, no version or no target device: is the file damaged?");
  metrics.tool = "Vitis HLS";
  SLUICE_TRY(const Table table, readTable(lines));
  SLUICE_RETURN_IF_ERROR(addTree(collector, table, metrics));
  return metrics;
}

}  // namespace sluice::flow::vendor
