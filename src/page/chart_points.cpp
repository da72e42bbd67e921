// Dots and parallel axes. As in chart_lines.cpp the drawing is stretched to its box; a dot is a line of no length with
// round ends, which stays round because strokes keep their width.

#include "page/chart_points.h"

#include <algorithm>

#include "page/chart_parts.h"

namespace sluice::page {
namespace {

Html drawingOf(const std::string& content) {
  return Html::trusted("<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\">" + content + "</svg>");
}

std::string path(const std::string& classes, const std::string& style, const std::string& d,
                 const std::string& hint) {
  return "<path class=\"" + classes + "\" style=\"" + style + "\" d=\"" + d + "\"" +
         (hint.empty() ? "/>" : "><title>" + escape(hint) + "</title></path>");
}

}  // namespace

Html scatter(const Scatter& chart) {
  bool any = false;
  double left = 0, right = 1, low = 0, high = 1;
  for (const Dots& dots : chart.dots)
    for (const Point& point : dots.points) {
      left = any ? std::min(left, point.x) : point.x;
      right = any ? std::max(right, point.x) : point.x;
      low = any ? std::min(low, point.y) : point.y;
      high = any ? std::max(high, point.y) : point.y;
      any = true;
    }
  const std::vector<double> columns = ticks(left, right, 5), rows = ticks(low, high, 4);
  left = columns.front(), right = columns.back(), low = rows.front(), high = rows.back();
  const auto atX = [&](double x) { return coordinate(side * (x - left) / (right - left)); };
  const auto atY = [&](double y) { return coordinate(side * (high - y) / (high - low)); };
  std::string drawing;
  for (const double y : rows) drawing += "<path class=\"grid\" d=\"M0 " + atY(y) + "H1000\"/>";
  std::vector<std::pair<std::string, Tone>> keys;
  for (const Dots& dots : chart.dots) {
    if (!dots.name.empty() && !dots.points.empty()) keys.emplace_back(dots.name, dots.tone);
    const std::string classes = "curve " + toneClass(dots.tone);
    if (dots.joined && !dots.points.empty()) {
      std::vector<Point> ordered = dots.points;
      std::sort(ordered.begin(), ordered.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
      std::string line = "M" + atX(ordered[0].x) + " " + atY(ordered[0].y);
      for (const Point& point : ordered) line += "H" + atX(point.x) + "V" + atY(point.y);
      drawing += path(classes, "stroke-width:1", line, "");
    }
    for (std::size_t i = 0; i < dots.points.size(); ++i)
      drawing += path(classes, "stroke-width:7;stroke-linecap:round",
                      "M" + atX(dots.points[i].x) + " " + atY(dots.points[i].y) + "h0",
                      i < dots.hints.size() ? dots.hints[i] : "");
  }
  Html rowLabels, columnLabels;
  for (const double y : rows)
    rowLabels += element("span", {{"style", "top:" + percent(high - y, high - low)}}, shownNumber(y)) +
                 element("b", {}, shownNumber(y));
  for (std::size_t i = 0; i < columns.size(); ++i)
    columnLabels += element("span",
                            {{"class", i == 0                    ? "first"
                                       : i + 1 == columns.size() ? "last"
                                                                 : ""},
                             {"style", "left:" + percent(columns[i] - left, right - left)}},
                            shownNumber(columns[i]));
  return legend(keys.size() > 1 ? keys : decltype(keys){}) +
         element("div", {{"class", "plot"}},
                 element("div", {{"class", "over"}}, chart.yTitle) +
                     element("div", {{"class", "y"}}, rowLabels) + drawingOf(drawing) +
                     element("div", {{"class", "axis"}}, columnLabels) +
                     element("div", {{"class", "title"}}, chart.xTitle));
}

Html parallel(const Parallel& chart) {
  const std::size_t axes = chart.axes.size();
  const auto atX = [&](std::size_t i) {
    return axes < 2 ? side / 2 : side * (0.5 + static_cast<double>(i)) / static_cast<double>(axes);
  };
  std::string drawing;
  for (std::size_t i = 0; i < axes; ++i)
    drawing += "<path class=\"grid\" d=\"M" + coordinate(atX(i)) + " 0V1000\"/>";
  for (const bool strong : {false, true})
    for (const ParallelLine& line : chart.lines) {
      if (line.strong != strong) continue;
      std::string d;
      bool pen = false;
      for (std::size_t i = 0; i < axes && i < line.at.size(); ++i) {
        if (line.at[i])
          d += (pen ? "L" : "M") + coordinate(atX(i)) + " " + coordinate(side * (1 - *line.at[i]));
        pen = line.at[i].has_value();
      }
      drawing += path("curve " + toneClass(line.tone),
                      strong ? "stroke-width:2" : "stroke-width:1;opacity:.35", d, line.hint);
    }
  Html tops, bottoms;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::string style = "left:" + percent(atX(i), side) + ";transform:translateX(-50%)";
    tops += element("span", {{"style", style}}, chart.axes[i].high);
    bottoms += element("span", {{"style", style}}, chart.axes[i].low) +
               element("span", {{"style", style + ";top:1.2rem"}}, chart.axes[i].title);
  }
  const auto row = [](const Html& labels, const char* height) {
    return element("div", {{"class", "axis"}, {"style", std::string("height:") + height}}, labels);
  };
  return legend(chart.legend) + element("div", {{"class", "plot"}},
                                        row(tops, "1.4rem") + element("div", {{"class", "y"}}, {}) +
                                            drawingOf(drawing) + row(bottoms, "2.8rem"));
}

}  // namespace sluice::page
