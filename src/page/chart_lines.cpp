// Lines and timelines. The drawing is an SVG of 1000 x 1000 units that stretches to its box (strokes keep
// their width); axis labels are text beside it, placed in percent.

#include <algorithm>

#include "page/chart.h"
#include "page/chart_parts.h"

namespace sluice::page {
namespace {

/// Labels along a horizontal axis; the outermost stay inside.
Html horizontalAxis(const std::vector<double>& values, double low, double high) {
  Html labels;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string place = i == 0 ? "first" : i + 1 == values.size() ? "last" : "";
    labels += element("span", {{"class", place}, {"style", "left:" + percent(values[i] - low, high - low)}},
                      shownNumber(values[i]));
  }
  return element("div", {{"class", "axis"}}, labels);
}

}  // namespace

Html lineChart(const LineChart& chart) {
  bool any = false;
  double left = 0, right = 1, low = 0, high = 1;
  const auto see = [&](double x, double y) {
    left = any ? std::min(left, x) : x;
    right = any ? std::max(right, x) : x;
    low = any ? std::min(low, y) : y;
    high = any ? std::max(high, y) : y;
    any = true;
  };
  for (const Line& line : chart.lines)
    for (const Point& point : line.points) see(point.x, point.y);
  for (const Point& mark : chart.marks)
    if (any) see(left, mark.y);
  if (chart.yFromZero) low = std::min(low, 0.0), high = std::max(high, 0.0);
  if (!(right > left)) right = left + 1;
  const std::vector<double> rows = ticks(low, high, 4);
  low = rows.front(), high = rows.back();
  std::vector<double> columns;
  for (const double x : ticks(left, right, 5))
    if (x >= left && x <= right) columns.push_back(x);

  const auto atX = [&](double x) { return coordinate(side * (x - left) / (right - left)); };
  const auto atY = [&](double y) { return coordinate(side * (high - y) / (high - low)); };
  std::string drawing;
  for (const double y : rows) drawing += "<path class=\"grid\" d=\"M0 " + atY(y) + "H1000\"/>";
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const Line& line = chart.lines[i];
    if (line.points.empty()) continue;
    std::string path;
    for (std::size_t p = 0; p < line.points.size(); ++p) {
      const std::string x = atX(line.points[p].x), y = atY(line.points[p].y);
      if (p == 0) {
        path += "M" + x + " " + y;
      } else if (line.step) {
        path += "H" + x + "V" + y;
      } else {
        path += "L" + x + " " + y;
      }
    }
    const std::string tone = toneClass(seriesTone(i)), zero = atY(std::clamp(0.0, low, high));
    if (line.area)
      drawing += "<path class=\"area " + tone + "\" d=\"" + path + "V" + zero + "H" +
                 atX(line.points.front().x) + "Z\"/>";
    drawing += "<path class=\"curve " + tone + "\" d=\"" + path + "\"/>";
  }
  for (const Point& mark : chart.marks) drawing += "<path class=\"mark\" d=\"M0 " + atY(mark.y) + "H1000\"/>";

  Html rowLabels;
  for (const double y : rows)
    // The visible label hangs at its height; an invisible copy gives the column its width.
    rowLabels += element("span", {{"style", "top:" + percent(high - y, high - low)}}, shownNumber(y)) +
                 element("b", {}, shownNumber(y));
  std::vector<std::pair<std::string, Tone>> keys;
  for (std::size_t i = 0; i < chart.lines.size(); ++i)
    if (!chart.lines[i].name.empty()) keys.emplace_back(chart.lines[i].name, seriesTone(i));

  const Html svg =
      Html::trusted("<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" aria-hidden=\"true\">" +
                    drawing + "</svg>");
  return legend(keys.size() > 1 ? keys : decltype(keys){}) +
         element("div", {{"class", "plot"}},
                 (chart.yTitle.empty() ? Html() : element("div", {{"class", "over"}}, chart.yTitle)) +
                     element("div", {{"class", "y"}}, rowLabels) + svg +
                     horizontalAxis(columns, left, right) +
                     (chart.xTitle.empty() ? Html() : element("div", {{"class", "title"}}, chart.xTitle)));
}

Html timeline(const Timeline& chart) {
  double end = 0;
  for (const Lane& lane : chart.lanes)
    for (const Span& span : lane.spans) end = std::max(end, span.end);
  if (!(end > 0)) end = 1;
  Html rows;
  for (const Lane& lane : chart.lanes) {
    Html spans;
    for (const Span& span : lane.spans)
      spans += element(
          "i",
          {{"class", toneClass(span.tone)},
           {"style", "left:" + percent(span.begin, end) + ";width:" + percent(span.end - span.begin, end)},
           {"title", span.hint}},
          {});
    rows += element("div", {{"class", "name"}}, lane.label) + element("div", {{"class", "lane"}}, spans) +
            Html::trusted("\n");
  }
  std::vector<double> marks;
  for (const double x : ticks(0, end, 4))
    if (x <= end) marks.push_back(x);
  Html axis;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    // The unit stands at the first mark; a mark close to the right edge hangs to the left of its place.
    const std::string place = i == 0 ? "first" : marks[i] > 0.93 * end ? "last" : "";
    axis += element("span", {{"class", place}, {"style", "left:" + percent(marks[i], end)}},
                    shownNumber(marks[i]) + (i == 0 && !chart.unit.empty() ? " " + chart.unit : ""));
  }
  return legend(chart.legend) +
         element("div", {{"class", "spans"}},
                 rows + element("div", {}, {}) + element("div", {{"class", "axis"}}, axis));
}

}  // namespace sluice::page
