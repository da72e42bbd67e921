#include <algorithm>
#include <array>

#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/readers.h"
#include "flow/vendor/vivado_header.h"

/// `report_timing_summary`: slacks of the whole design and of each clock.
///
/// Its tables have no bars; a line of dashes under the titles marks the columns, and figures end where their dashes
/// end, so that a clock without, say, hold paths leaves blanks that are still told apart:
///
///     Clock       WNS(ns)      TNS(ns)  TNS Failing Endpoints
///     -----       -------      -------  ---------------------
///     ap_clk       -2.280   -51671.352                  52022
///
/// "NA" everywhere says that the design has no constraints. Older versions do not state whether the design was routed;
/// then the nets of the first path tell: "(fo=1, routed)", "(fo=1, estimated)" after placement, "(fo=1, unplaced)".
namespace sluice::flow::vendor {
namespace {

struct Column {
  std::size_t begin = 0, end = 0;
};

/// The runs of dashes of an underline; empty if the line is none.
std::vector<Column> columnsOf(std::string_view line) {
  constexpr std::size_t mostColumns = 32;
  std::vector<Column> columns;
  for (std::size_t i = 0; i < line.size();) {
    if (line[i] == ' ') {
      ++i;
      continue;
    }
    const std::size_t end = std::min(line.find_first_not_of('-', i), line.size());
    if (end == i || columns.size() == mostColumns) return {};
    columns.push_back({i, end});
    i = end;
  }
  return columns;
}

constexpr std::array<std::string_view, 12> slackNames = {
    "wns_ns",       "tns_ns",         "setup_failing", "setup_endpoints", "whs_ns",        "ths_ns",
    "hold_failing", "hold_endpoints", "wpws_ns",       "tpws_ns",         "pulse_failing", "pulse_endpoints"};
constexpr std::array<std::string_view, 12> slackTitles = {
    "WNS(ns)",  "TNS(ns)",  "TNS Failing Endpoints",  "TNS Total Endpoints",
    "WHS(ns)",  "THS(ns)",  "THS Failing Endpoints",  "THS Total Endpoints",
    "WPWS(ns)", "TPWS(ns)", "TPWS Failing Endpoints", "TPWS Total Endpoints"};

/// Whether the titles end where the columns do, in the order in which they are read.
bool hasSlackTitles(std::string_view titles, const std::vector<Column>& columns, std::size_t first) {
  if (columns.size() != first + slackTitles.size()) return false;
  for (std::size_t i = 0; i < slackTitles.size(); ++i) {
    const std::size_t end = columns[first + i].end;
    const std::string_view title = slackTitles[i];
    if (end > titles.size() || end < title.size() || titles.substr(end - title.size(), title.size()) != title)
      return false;
  }
  return true;
}

/// Adds the figures of a row by the column in which each ends.
Status addSlacks(Collector& collector, std::string_view line, const std::vector<Column>& columns,
                 std::size_t first, const std::string& place, const std::string& where) {
  // The name before the figures is left-aligned; it ends before the second column's title can begin.
  std::size_t i = first == 0 ? 0 : std::min(line.find("  ", line.find_first_not_of(' ')), line.size());
  while ((i = line.find_first_not_of(' ', i)) != std::string_view::npos) {
    const std::size_t end = std::min(line.find(' ', i), line.size());
    const auto column = std::find_if(columns.begin() + static_cast<std::ptrdiff_t>(first), columns.end(),
                                     [&](const Column& candidate) { return candidate.end == end; });
    if (column == columns.end())
      return badInput("a figure stands below no title: is the file damaged?", where);
    const auto index = static_cast<std::size_t>(column - columns.begin()) - first;
    SLUICE_RETURN_IF_ERROR(collector.add(slackNames[index], line.substr(i, end - i), place, where));
    i = end;
  }
  return {};
}

class Report {
 public:
  explicit Report(std::string_view text) : lines_(text), collector_(metrics_, Stage::notStated) {}

  Result<Metrics> read() {
    SLUICE_TRY(const Stage stage, readVivadoHeader(lines_, metrics_));
    collector_.setStage(stage);
    while (lines_.next()) {
      const std::string_view line = trim(lines_.line());
      if (line.starts_with("| ") && line.size() > 2 && line[2] != '-') section_ = trim(line.substr(2));
      if (section_ == "Timing Details") break;
      SLUICE_RETURN_IF_ERROR(read(line));
    }
    if (section_ != "Timing Details")
      return badInput("the report ends before its part 'Timing Details': it was cut off or damaged");
    if (!summary_ || !verdict_)
      return badInput(
          "the part 'Design Timing Summary' lacks its figures or its verdict: is the file damaged?");
    if (metrics_.metrics.empty())
      collector_.note("the design has no timing constraints: there are no slacks");
    if (stage == Stage::notStated) SLUICE_RETURN_IF_ERROR(stageFromNets());
    return metrics_;
  }

 private:
  Status read(std::string_view line) {
    const std::vector<Column> columns =
        line.starts_with("---") ? columnsOf(lines_.line()) : std::vector<Column>{};
    if (section_ == "Design Timing Summary") {
      if (columns.size() > 1) return summary(columns);
      if (line == "All user specified timing constraints are met." ||
          line == "Timing constraints are not met.") {
        verdict_ = true;
        return collector_.put("timing_met", line.starts_with("All") ? 1 : 0, {}, lines_.where());
      }
      if (line.starts_with("There are no user specified timing constraints")) verdict_ = true;
    } else if (section_ == "Clock Summary" && columns.size() == 4) {
      return clocks();
    } else if (section_ == "Intra Clock Table" && columns.size() > 1) {
      return slacksOfClocks(columns);
    }
    previous_ = lines_.line();
    return {};
  }

  Status summary(const std::vector<Column>& columns) {
    if (summary_ || !hasSlackTitles(previous_, columns, 0))
      return badInput("the titles of the timing summary are not the known ones: is the file damaged?",
                      lines_.where());
    if (!lines_.next() || !lines_.whole())
      return badInput("the report ends at its timing summary: it was cut off");
    summary_ = true;
    const std::string where = lines_.where();
    SLUICE_RETURN_IF_ERROR(addSlacks(collector_, lines_.line(), columns, 0, {}, where));
    // All of them, or none where nothing is constrained.
    if (!metrics_.metrics.empty() || lines_.line().find("NA") == std::string_view::npos)
      return collector_.require({"wns_ns", "tns_ns", "setup_failing", "setup_endpoints"},
                                "Design Timing Summary");
    return {};
  }

  /// "ap_clk  {0.000 2.500}        5.000           200.000", indented below the clock that it is made from.
  Status clocks() {
    while (lines_.next() && !trim(lines_.line()).empty()) {
      const std::string_view line = trim(lines_.line());
      const std::size_t open = line.find('{'), close = line.find('}');
      if (open == line.npos || close == line.npos || close < open || open == 0)
        return badInput("the clock has no waveform {rise fall}: is the file damaged?", lines_.where());
      const std::string place = "clock:" + std::string(trim(line.substr(0, open)));
      const std::string_view figures = trim(line.substr(close + 1));
      const std::size_t gap = figures.find(' ');
      if (gap == figures.npos)
        return badInput("the clock has no frequency: is the file damaged?", lines_.where());
      SLUICE_RETURN_IF_ERROR(
          collector_.add("clock_period_ns", figures.substr(0, gap), place, lines_.where()));
      SLUICE_RETURN_IF_ERROR(
          collector_.add("clock_frequency_mhz", trim(figures.substr(gap)), place, lines_.where()));
    }
    return {};
  }

  Status slacksOfClocks(const std::vector<Column>& columns) {
    if (!hasSlackTitles(previous_, columns, 1))
      return badInput("the titles of the clocks' slacks are not the known ones: is the file damaged?",
                      lines_.where());
    while (lines_.next() && !trim(lines_.line()).empty()) {
      const std::string_view line = trim(lines_.line());
      const std::string place = "clock:" + std::string(line.substr(0, line.find("  ")));
      SLUICE_RETURN_IF_ERROR(addSlacks(collector_, lines_.line(), columns, 1, place, lines_.where()));
    }
    return {};
  }

  Status stageFromNets() {
    Stage stage = Stage::notStated;
    while (stage == Stage::notStated && lines_.next()) {
      const std::string_view line = lines_.line();
      if (line.find("net (fo=") == std::string_view::npos) continue;
      if (line.find(", routed)") != std::string_view::npos) stage = Stage::routed;
      if (line.find(", estimated)") != std::string_view::npos) stage = Stage::placed;
      if (line.find(", unplaced)") != std::string_view::npos) stage = Stage::synthesised;
    }
    for (Metric& metric : metrics_.metrics) metric.stage = stage;
    collector_.note(stage == Stage::notStated
                        ? "the report does not say whether the design was placed or routed"
                        : "the stage was seen from the nets of the first path; the report does not state it");
    return {};
  }

  Metrics metrics_;
  Lines lines_;
  Collector collector_;
  std::string_view section_, previous_;
  bool summary_ = false, verdict_ = false;
};

}  // namespace

bool isVivadoTiming(std::string_view head) {
  return head.find("| Tool Version") != std::string_view::npos &&
         head.find("\nTiming Summary Report") != std::string_view::npos;
}

Result<Metrics> readVivadoTiming(std::string_view text) { return Report(text).read(); }

}  // namespace sluice::flow::vendor
