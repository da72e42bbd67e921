#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "page/chart.h"
#include "quantize/compare.h"

namespace sluice::quantize {
namespace {

std::string percent(double share) {
  if (std::isinf(share)) return "infinite";
  if (share != 0 && std::abs(share) < 5e-6) return (share < 0 ? "-" : "") + std::string("< 0.001 %");
  return formatFixed(100 * share, 3) + " %";
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  return right ? space + text : text + space;
}

/// "It starts at ...": the sentences that are read first.
std::vector<std::string> findings(const Comparison& c) {
  std::vector<std::string> list;
  for (const std::size_t i : c.outputs)
    list.push_back("Output " + c.tensors[i].b + " differs by " + percent(c.tensors[i].error) +
                   " of its spread.");
  if (c.start)
    list.push_back("It starts at " + c.tensors[*c.start].b + " (" + c.tensors[*c.start].operation +
                   "): the first beyond " + percent(c.threshold) + ".");
  else
    list.push_back("No tensor differs by more than " + percent(c.threshold) + ".");
  if (c.step && c.start)
    list.push_back("It rises most at " + c.tensors[*c.step].b + " (" + c.tensors[*c.step].operation +
                   "), to " + percent(c.tensors[*c.step].error) + ".");
  return list;
}

}  // namespace

std::string comparisonText(const Comparison& c) {
  std::vector<std::vector<std::string>> rows = {
      {"tensor", "against", "operation", "error", "largest", "shift"}};
  for (const ComparedTensor& row : c.tensors)
    rows.push_back({row.b, row.a == row.b ? "" : row.a + (row.byName ? "" : " (by order)"), row.operation,
                    percent(row.error), percent(row.largest), percent(row.shift)});
  std::vector<std::size_t> width(rows[0].size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += (i == 0 ? "" : "  ") + padded(row[i], width[i], i >= 3);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  text +=
      "\n" + countOf(static_cast<std::int64_t>(c.samples), "sample") + ". " + join(findings(c), " ") + "\n";
  if (c.unmatched > 0)
    text +=
        countOf(static_cast<std::int64_t>(c.unmatched), "tensor") + " of " + c.b + " without counterpart.\n";
  return text;
}

std::string comparisonJson(const Comparison& c) {
  using Json = nlohmann::ordered_json;
  Json json = {{"format", "sluice compare 1"},
               {"a", c.a},
               {"b", c.b},
               {"samples", c.samples},
               {"threshold", c.threshold},
               {"unmatched", c.unmatched}};
  json["starts_at"] = c.start ? Json(c.tensors[*c.start].b) : Json(nullptr);
  json["rises_most_at"] = c.step ? Json(c.tensors[*c.step].b) : Json(nullptr);
  json["outputs"] = Json::array();
  for (const std::size_t i : c.outputs) json["outputs"].push_back(c.tensors[i].b);
  json["tensors"] = Json::array();
  for (const ComparedTensor& row : c.tensors)
    json["tensors"].push_back({{"a", row.a},
                               {"b", row.b},
                               {"operation", row.operation},
                               {"elements", row.elements},
                               {"matched_by", row.byName ? "name" : "order"},
                               {"error", row.error},
                               {"largest", row.largest},
                               {"shift", row.shift}});
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string comparisonPage(const Comparison& c) {
  page::Page result{
      .title = c.b + " against " + c.a,
      .subtitle = page::Html("layer by layer, on " + countOf(static_cast<std::int64_t>(c.samples), "sample")),
      .lead = {},
      .sections = {},
      .footer = {}};
  for (const std::string& sentence : findings(c)) result.lead += page::paragraph(sentence);
  page::BarChart chart{.series = {"error"}, .bars = {}};
  page::Table table{
      .columns = {{.title = "tensor"},
                  {.title = "against"},
                  {.title = "operation"},
                  {.title = "error", .numeric = true, .hint = "root mean square, of the spread"},
                  {.title = "largest", .numeric = true, .hint = "of the range"},
                  {.title = "shift", .numeric = true, .hint = "mean difference, of the spread"}},
      .rows = {},
      .totals = {}};
  for (const ComparedTensor& row : c.tensors) {
    const double shown = std::isfinite(row.error) ? row.error : 1e3;
    chart.bars.push_back({.label = row.b, .values = {{.value = 100 * shown, .text = percent(row.error)}}});
    table.rows.push_back({row.b, row.a == row.b ? std::string() : row.a + (row.byName ? "" : " (by order)"),
                          row.operation, percent(row.error), percent(row.largest), percent(row.shift)});
  }
  result.sections.push_back(
      {.id = "errors",
       .title = "Error from input to output",
       .content = page::figure(page::barChart(chart),
                               "Root mean square of the difference, relative to the spread of the tensor.")});
  result.sections.push_back({.id = "tensors", .title = "All tensors", .content = page::table(table)});
  return page::print(result);
}

}  // namespace sluice::quantize
