#include <array>

#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/hls_cosim.h"
#include "flow/vendor/readers.h"

/// `MODULE_csynth.rpt`: what the high-level synthesiser expects of one module.
///
/// The file is a tree of headings ("== Performance Estimates", "+ Latency:", "* Summary:") with tables as leaves. A
/// table is known by the three headings above it. Versions differ in their columns: 2018 gives cycles only, 2020 adds
/// times, Vitis calls DSP48E just DSP. The report ends with "== Interface"; whatever is read comes before it.
///
/// hls4ml prints the same report into its log, stopped after the instances and followed by the co-simulation's. That
/// excerpt is read too, with the co-simulation's figures at their own stage.
namespace sluice::flow::vendor {
namespace {

constexpr std::string_view vivadoTitle = "== Vivado HLS Report for '";
constexpr std::string_view vitisTitle = "== Vitis HLS Report for '";

std::string at(std::size_t line) { return "line " + std::to_string(line); }

/// Titles of the columns of cycles, in all versions.
Status addCycles(Collector& collector, const Table& table, const Table::Row& row, const std::string& place) {
  SLUICE_RETURN_IF_ERROR(addRow(collector, table, row,
                                {{"Latency (cycles) min", "latency_min_cycles"},
                                 {"Latency (cycles) max", "latency_max_cycles"},
                                 {"Latency min", "latency_min_cycles"},
                                 {"Latency max", "latency_max_cycles"},
                                 {"Latency (absolute) min", "latency_min_ns"},
                                 {"Latency (absolute) max", "latency_max_ns"},
                                 {"Interval min", "interval_min_cycles"},
                                 {"Interval max", "interval_max_cycles"}},
                                place));
  if (const auto type = table.column("Pipeline Type")) collector.fact("pipeline", row.cells[*type], place);
  return {};
}

bool hasAny(const Table& table, std::initializer_list<std::string_view> titles) {
  for (const std::string_view title : titles)
    if (table.column(title)) return true;
  return false;
}

/// Errors: badInput if the table has none of each group of titles.
Status requireColumns(const Table& table,
                      std::initializer_list<std::initializer_list<std::string_view>> groups) {
  for (const auto& group : groups)
    if (!hasAny(table, group))
      return badInput("the table has no column '" + std::string(*group.begin()) +
                          "': it is damaged, or of a version not known",
                      at(table.line));
  return {};
}

Status addResources(Collector& collector, const Table& table, const Table::Row& row,
                    const std::string& place) {
  return addRow(collector, table, row,
                {{"BRAM_18K", "bram18"},
                 {"DSP48E", "dsp"},
                 {"DSP48", "dsp"},
                 {"DSP", "dsp"},
                 {"FF", "ff"},
                 {"LUT", "lut"},
                 {"URAM", "uram"}},
                place);
}

Status requireResources(const Table& table) {
  return requireColumns(table, {{"BRAM_18K"}, {"DSP", "DSP48E", "DSP48"}, {"FF"}, {"LUT"}});
}

/// One reading of one report.
class Report {
 public:
  explicit Report(std::string_view text) : lines_(text), collector_(metrics_, Stage::estimated) {}

  Result<Metrics> read() {
    SLUICE_RETURN_IF_ERROR(title());
    while (!ended_ && lines_.next()) SLUICE_RETURN_IF_ERROR(line());
    if (!ended_) return badInput("the report ends before its part '== Interface': it was cut off");
    SLUICE_RETURN_IF_ERROR(complete());
    if (cosimulated_) SLUICE_RETURN_IF_ERROR(readCosimulation(lines_, metrics_, collector_));
    return metrics_;
  }

 private:
  Status title() {
    while (lines_.next()) {
      std::string_view line = trim(lines_.line());
      if (line == "SYNTHESIS REPORT:") excerpt_ = true;
      for (const std::string_view start : {vivadoTitle, vitisTitle}) {
        if (!line.starts_with(start)) continue;
        line.remove_prefix(start.size());
        if (!line.ends_with('\'') || line.size() < 2)
          return badInput("the title does not name a module: is the file damaged?", lines_.where());
        metrics_.tool = start == vivadoTitle ? "Vivado HLS" : "Vitis HLS";
        metrics_.design = line.substr(0, line.size() - 1);
        return {};
      }
    }
    return badInput("the report has no title '== ... HLS Report for': it was cut off or damaged");
  }

  Status line() {
    const std::string_view line = trim(lines_.line());
    if (opensTable(line)) return table();
    if (line.starts_with("== ")) {
      if (line.starts_with(vivadoTitle) || line.starts_with(vitisTitle))
        return badInput("a second report begins here; give each its own file", lines_.where());
      section_ = line.substr(3);
      group_ = item_ = {};
      ended_ = section_ == "Interface";
    } else if (line.starts_with("+ ") && line.ends_with(':')) {
      group_ = trim(line.substr(2, line.size() - 3));
      item_ = {};
    } else if (line.starts_with("* ")) {
      std::string_view value;
      if (section_.empty() && keyed(line, "* Version", value))
        metrics_.version = value.substr(0, value.find(' '));
      if (section_.empty() && keyed(line, "* Target device", value)) metrics_.part = value;
      if (line.ends_with(':')) item_ = trim(line.substr(2, line.size() - 3));
    } else if (excerpt_ && line == "CO-SIMULATION RESULT:") {
      ended_ = cosimulated_ = true;
    } else if (excerpt_ && line.starts_with("Co-simulation report not found")) {
      ended_ = true;
    }
    return {};
  }

  /// Reads the table at hand if it is one that we know.
  Status table() {
    const bool performance = section_ == "Performance Estimates";
    const bool utilization = section_ == "Utilization Estimates";
    const bool summary = item_ == "Summary";
    const bool detail = group_ == "Detail";
    using Use = Status (Report::*)(const Table&);
    Use use = nullptr;
    if (performance && summary && group_.starts_with("Timing")) use = &Report::timing;
    if (performance && summary && group_.starts_with("Latency")) use = &Report::latency;
    if (performance && detail && item_ == "Instance") use = &Report::instancesTiming;
    if (performance && detail && item_ == "Loop") use = &Report::loops;
    if (utilization && summary && group_.empty()) use = &Report::resources;
    if (utilization && detail && item_ == "Instance") use = &Report::instancesResources;
    if (utilization && detail && (item_ == "FIFO" || item_ == "Memory")) use = &Report::memories;
    if (use == nullptr) return {};
    SLUICE_TRY(const Table table, readTable(lines_));
    return (this->*use)(table);
  }

  Status timing(const Table& table) {
    SLUICE_RETURN_IF_ERROR(requireColumns(table, {{"Clock"}, {"Target"}, {"Estimated"}}));
    // A report has one clock; should one have more, the first is the whole design's.
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const std::string clock(trim(table.rows[i].cells[*table.column("Clock")]));
      if (i == 0) collector_.fact("clock", clock, {});
      SLUICE_RETURN_IF_ERROR(addRow(collector_, table, table.rows[i],
                                    {{"Target", "clock_target_ns"},
                                     {"Estimated", "clock_estimated_ns"},
                                     {"Uncertainty", "clock_uncertainty_ns"}},
                                    i == 0 ? "" : "clock:" + clock));
    }
    return {};
  }

  Status latency(const Table& table) {
    SLUICE_RETURN_IF_ERROR(requireColumns(table, {{"Latency (cycles) min", "Latency min"},
                                                  {"Latency (cycles) max", "Latency max"},
                                                  {"Interval min"},
                                                  {"Interval max"}}));
    if (table.rows.size() != 1)
      return badInput("the table of the whole latency has not one row: is the file damaged?", at(table.line));
    latency_ = true;
    return addCycles(collector_, table, table.rows.front(), {});
  }

  Status instancesTiming(const Table& table) {
    SLUICE_RETURN_IF_ERROR(requireColumns(
        table, {{"Instance"}, {"Module"}, {"Latency (cycles) max", "Latency max"}, {"Interval max"}}));
    for (const Table::Row& row : table.rows) {
      const std::string place = "instance:" + std::string(trim(row.cells[*table.column("Instance")]));
      collector_.fact("module", row.cells[*table.column("Module")], place);
      SLUICE_RETURN_IF_ERROR(addCycles(collector_, table, row, place));
    }
    return {};
  }

  /// Loops are nested by the signs before their names: "- a", " + b", "  ++ c".
  Status loops(const Table& table) {
    SLUICE_RETURN_IF_ERROR(requireColumns(table, {{"Loop Name"}, {"Trip Count"}}));
    constexpr std::size_t deepest = 32;
    std::vector<std::string> path;
    for (const Table::Row& row : table.rows) {
      std::string_view name = trim(row.cells[*table.column("Loop Name")]);
      const std::size_t signs = name.find_first_not_of('+');
      const std::size_t depth = name.starts_with('-') ? 0 : signs;
      if (depth > path.size() || depth > deepest || name.empty() || (depth == 0 && !name.starts_with('-')))
        return badInput("a loop is nested in none: is the file damaged?", at(row.line));
      name = trim(name.substr(depth == 0 ? 1 : signs));
      path.resize(depth);
      path.emplace_back(name);
      const std::string place = "loop:" + join(path, "/");
      if (const auto title = table.column("Pipelined")) collector_.fact("pipeline", row.cells[*title], place);
      SLUICE_RETURN_IF_ERROR(addRow(collector_, table, row,
                                    {{"Latency (cycles) min", "latency_min_cycles"},
                                     {"Latency (cycles) max", "latency_max_cycles"},
                                     {"Latency min", "latency_min_cycles"},
                                     {"Latency max", "latency_max_cycles"},
                                     {"Initiation Interval achieved", "interval_cycles"},
                                     {"Initiation Interval target", "interval_target_cycles"}},
                                    place));
      if (const auto title = table.column("Trip Count"))
        SLUICE_RETURN_IF_ERROR(
            collector_.addRange("trip_count_min", "trip_count_max", row.cells[*title], place, at(row.line)));
      if (const auto title = table.column("Iteration Latency"))
        SLUICE_RETURN_IF_ERROR(collector_.addRange("iteration_latency_min_cycles",
                                                   "iteration_latency_max_cycles", row.cells[*title], place,
                                                   at(row.line)));
    }
    return {};
  }

  Status resources(const Table& table) {
    SLUICE_RETURN_IF_ERROR(requireResources(table));
    const auto name = table.column("Name");
    if (!name) return badInput("the table has no column 'Name': is the file damaged?", at(table.line));
    for (const Table::Row& row : table.rows) {
      const std::string_view label = trim(row.cells[*name]);
      const bool region = label == "Available SLR";
      if (label == "Available" || region) {
        SLUICE_RETURN_IF_ERROR(addRow(collector_, table, row,
                                      {{"BRAM_18K", "bram18_available"},
                                       {"DSP48E", "dsp_available"},
                                       {"DSP48", "dsp_available"},
                                       {"DSP", "dsp_available"},
                                       {"FF", "ff_available"},
                                       {"LUT", "lut_available"},
                                       {"URAM", "uram_available"}},
                                      region ? "slr" : ""));
      } else if (label == "Total") {
        total_ = row.line;
        SLUICE_RETURN_IF_ERROR(addResources(collector_, table, row, {}));
      } else if (!label.starts_with("Utilization")) {
        const std::string component(label);
        components_.push_back("component:" + component);
        SLUICE_RETURN_IF_ERROR(addResources(collector_, table, row, components_.back()));
      }
    }
    return {};
  }

  Status instancesResources(const Table& table) {
    SLUICE_RETURN_IF_ERROR(requireResources(table));
    SLUICE_RETURN_IF_ERROR(requireColumns(table, {{"Instance"}, {"Module"}}));
    for (const Table::Row& row : table.rows) {
      const std::string_view label = trim(row.cells[*table.column("Instance")]);
      const std::string_view module = trim(row.cells[*table.column("Module")]);
      if (label == "Total" && module.empty()) continue;  // the component "Instance" says it
      const std::string place = "instance:" + std::string(label);
      collector_.fact("module", module, place);
      SLUICE_RETURN_IF_ERROR(addResources(collector_, table, row, place));
    }
    return {};
  }

  Status memories(const Table& table) {
    const bool fifo = item_ == "FIFO";
    const std::string_view title = fifo ? "Name" : "Memory";
    SLUICE_RETURN_IF_ERROR(requireColumns(
        table, {{"BRAM_18K"}, {"FF"}, {"LUT"}, {title}, {fifo ? "Depth" : "Words"}, {"Bits"}}));
    for (const Table::Row& row : table.rows) {
      const std::string_view label = trim(row.cells[*table.column(title)]);
      if (label == "Total") continue;
      const std::string place = (fifo ? "fifo:" : "memory:") + std::string(label);
      SLUICE_RETURN_IF_ERROR(addResources(collector_, table, row, place));
      SLUICE_RETURN_IF_ERROR(addRow(
          collector_, table, row,
          {{"Depth", "depth_words"}, {"Words", "depth_words"}, {"Bits", "width_bits"}, {"Banks", "banks"}},
          place));
    }
    return {};
  }

  /// All that every version has was there, and the components are the whole.
  Status complete() {
    if (metrics_.version.empty() || metrics_.part.empty())
      return badInput("the report gives no version or no target device: is the file damaged?");
    SLUICE_RETURN_IF_ERROR(collector_.require({"clock_target_ns", "clock_estimated_ns"}, "Timing, Summary"));
    if (!latency_) return badInput("the report has no table of the whole latency: is the file damaged?");
    SLUICE_RETURN_IF_ERROR(collector_.require(
        {"bram18", "dsp", "ff", "lut", "bram18_available", "dsp_available", "ff_available", "lut_available"},
        "Utilization Estimates, Summary"));
    for (const std::string_view resource : {"bram18", "dsp", "ff", "lut", "uram"}) {
      double sum = 0;
      for (const std::string& component : components_) sum += collector_.get(resource, component);
      if (collector_.has(resource) && sum != collector_.get(resource))
        return badInput("the components have " + formatDouble(sum) + " " + std::string(resource) +
                            ", but Total says " + formatDouble(collector_.get(resource)) +
                            ": is the file damaged?",
                        at(total_));
    }
    return {};
  }

  Metrics metrics_;
  Lines lines_;
  Collector collector_;
  std::string_view section_, group_, item_;
  std::vector<std::string> components_;
  std::size_t total_ = 0;
  bool excerpt_ = false, cosimulated_ = false, ended_ = false, latency_ = false;
};

}  // namespace

bool isHlsReport(std::string_view head) {
  for (const std::string_view title : {vivadoTitle, vitisTitle}) {
    const std::size_t at = head.find(title);
    if (at != std::string_view::npos && at > 0 && head[at - 1] == '\n') return true;
  }
  return false;
}

Result<Metrics> readHlsReport(std::string_view text) { return Report(text).read(); }

}  // namespace sluice::flow::vendor
