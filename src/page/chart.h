#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "page/html.h"

/// Charts as pieces of a page. Boxes are placed in percent, and drawings stretch while their labels keep
/// their size, so the same chart reads well on a desk and on a phone. Colours follow the page's scheme.
namespace sluice::page {

// ---- Bars
// --------------------------------------------------------------------------------------------------------

struct BarValue {
  double value = 0;
  std::string text;  ///< as shown behind the bar; empty: the value itself
};
struct Bar {
  Html label;
  std::vector<BarValue> values;  ///< one per series
  std::optional<double> budget;  ///< a mark; a bar beyond it turns red
  std::string budgetText;        ///< "53,200"; shown as "of 53,200"
};
/// Horizontal bars, one group per label. Drawn to a common scale, or (`ownScale`) each label to its own
/// budget, for quantities that do not compare. Values are >= 0.
struct BarChart {
  std::vector<std::string> series;  ///< names; fewer than two: no legend
  std::vector<Bar> bars;
  bool ownScale = false;
  std::vector<Tone> tones;  ///< of the series; missing ones as seriesTone says
};
Html barChart(const BarChart& chart);

/// One bar per label, made of a segment per series, all to a common scale.
struct StackedBar {
  Html label;
  std::vector<double> segments;  ///< one per series, >= 0
  std::string text;              ///< behind the bar; empty: the sum
  std::optional<double> budget;
};
struct StackedChart {
  std::vector<std::string> series;
  std::vector<StackedBar> bars;
};
Html stackedChart(const StackedChart& chart);

// ---- Lines
// -------------------------------------------------------------------------------------------------------

struct Point {
  double x = 0, y = 0;
};
struct Line {
  std::string name;
  std::vector<Point> points;  ///< ascending in x
  bool step = false;          ///< keeps its value until the next point
  bool area = false;          ///< shaded down to zero
};
struct LineChart {
  std::string xTitle, yTitle;  ///< with units
  std::vector<Line> lines;
  bool yFromZero = true;
  std::vector<Point> marks;  ///< dashed lines across: at height y; x is not used
};
Html lineChart(const LineChart& chart);

// ---- Time
// --------------------------------------------------------------------------------------------------------

struct Span {
  double begin = 0, end = 0;
  Tone tone = Tone::blue;
  std::string hint;  ///< shown when pointed at
};
struct Lane {
  Html label;
  std::vector<Span> spans;
};
/// When what was at work: one lane per thing, over a common time axis from 0.
struct Timeline {
  std::string unit;  ///< "cycles"
  std::vector<Lane> lanes;
  std::vector<std::pair<std::string, Tone>> legend;
};
Html timeline(const Timeline& chart);

// ---- Graphs
// ------------------------------------------------------------------------------------------------------

struct DagNode {
  std::string title;
  std::vector<std::string> lines;  ///< smaller, below the title
  Tone tone = Tone::blue;
  std::string hint;                    ///< shown when pointed at; empty: the full title
  std::optional<std::uint32_t> layer;  ///< none: one behind the last node before it
};
struct DagEdge {
  std::uint32_t from = 0, to = 0;  ///< indices of nodes; no cycles
  std::string label;
  bool strong = false;  ///< red and dashed: a cut
};
/// Nodes in layers, left to right on a wide screen and top to bottom on a narrow one.
struct Dag {
  std::vector<DagNode> nodes;
  std::vector<DagEdge> edges;
  std::vector<std::pair<std::string, Tone>> legend;
};
Html dag(const Dag& graph);

}  // namespace sluice::page
