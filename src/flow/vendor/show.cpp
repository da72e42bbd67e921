#include <nlohmann/json.hpp>

#include "base/text.h"
#include "flow/vendor/read.h"

namespace sluice::flow::vendor {
namespace {

/// A text as JSON. Names come from files, so bytes that are no UTF-8 are replaced.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

using Row = std::vector<std::pair<const char*, std::string>>;

std::string object(const Row& row) {
  std::string text = "{";
  for (std::size_t i = 0; i < row.size(); ++i)
    text += (i == 0 ? "\"" : ", \"") + std::string(row[i].first) + "\": " + row[i].second;
  return text + "}";
}

/// A list with a row per line.
template <typename Items, typename Text>
std::string list(const Items& items, const std::string& indent, Text text) {
  if (items.empty()) return "[]";
  std::string result = "[";
  for (std::size_t i = 0; i < items.size(); ++i) result += (i == 0 ? "\n" : ",\n") + indent + text(items[i]);
  return result + "]";
}

std::string metricJson(const Metric& metric) {
  return object({{"name", quoted(metric.name)},
                 {"value", formatDouble(metric.value)},
                 {"unit", quoted(metric.unit)},
                 {"stage", quoted(std::string(stageName(metric.stage)))},
                 {"place", quoted(metric.place)}});
}

std::string reportJson(const Survey::Report& report) {
  const Metrics& metrics = report.metrics;
  const std::string head = object({{"file", quoted(report.file)},
                                   {"format", quoted(metrics.format)},
                                   {"tool", quoted(metrics.tool)},
                                   {"version", quoted(metrics.version)},
                                   {"part", quoted(metrics.part)},
                                   {"design", quoted(metrics.design)}});
  return head.substr(0, head.size() - 1) + ",\n   \"metrics\": " + list(metrics.metrics, "    ", metricJson) +
         ",\n   \"facts\": " +
         list(
             metrics.facts, "    ",
             [](const Fact& fact) {
               return object(
                   {{"name", quoted(fact.name)}, {"text", quoted(fact.text)}, {"place", quoted(fact.place)}});
             }) +
         ",\n   \"notes\": " + list(metrics.notes, "    ", quoted) + "}";
}

std::string otherJson(const Survey::Other& other) {
  return object({{"file", quoted(other.file)}, {"reason", quoted(other.reason)}});
}

/// "54 cycle" of the figures that are worth a line, where a report has them.
std::string headline(const Metrics& metrics) {
  std::string text;
  for (const char* name :
       {"latency_max_cycles", "latency_cycles", "block_latency_max_cycles", "interval_max_cycles",
        "interval_cycles", "block_interval_max_cycles", "clock_estimated_ns", "clock_achieved_ns", "fmax_mhz",
        "wns_ns", "lut", "alut", "alm", "ff", "dsp", "bram18", "bram_tile", "intel_ram", "uram"})
    for (const Metric& metric : metrics.metrics)
      if (metric.name == name && metric.place.empty())
        text += "    " + metric.name + " " + formatDouble(metric.value) + " (" +
                std::string(stageName(metric.stage)) + ")\n";
  return text;
}

}  // namespace

std::string surveyJson(const Survey& survey) {
  return "{\"kind\": \"sluice-metrics\", \"version\": 1,\n \"reports\": " +
         list(survey.reports, "  ", reportJson) +
         ",\n \"skipped\": " + list(survey.skipped, "  ", otherJson) +
         ",\n \"damaged\": " + list(survey.damaged, "  ", otherJson) + "}\n";
}

std::string surveyText(const Survey& survey) {
  std::string text;
  for (const Survey::Report& report : survey.reports) {
    const Metrics& metrics = report.metrics;
    text += report.file + "\n  " + metrics.format;
    for (const std::string& part : {metrics.tool + " " + metrics.version, metrics.part, metrics.design})
      if (!trim(part).empty()) text += ", " + std::string(trim(part));
    text += "; " + countOf(static_cast<std::int64_t>(metrics.metrics.size()), "metric") + "\n" +
            headline(metrics);
    for (const std::string& note : metrics.notes) text += "    note: " + note + "\n";
  }
  for (const Survey::Other& other : survey.skipped)
    text += "skipped " + other.file + ": " + other.reason + "\n";
  for (const Survey::Other& other : survey.damaged)
    text += "damaged " + other.file + ": " + other.reason + "\n";
  text += countOf(static_cast<std::int64_t>(survey.reports.size()), "report") + ", " +
          std::to_string(survey.skipped.size()) + " skipped, " + std::to_string(survey.damaged.size()) +
          " damaged\n";
  return text;
}

}  // namespace sluice::flow::vendor
