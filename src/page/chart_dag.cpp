// A graph is drawn twice, left to right and top to bottom; the style sheet shows the one that fits the
// screen. What is too long for a line from left to right goes on in the next one, as text does: the edges
// between two lines run back through the room between them.

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "page/chart.h"
#include "page/chart_parts.h"
#include "page/dag_layout.h"

namespace sluice::page {
namespace {

constexpr double titleWidth = 7.4, lineWidth = 6.7, edgeWidth = 6.1;  // of a character, with some to spare
constexpr double lineHeight = 17, margin = 12, arrow = 7;
constexpr double widest = 1100;      // of the page's column
constexpr double turning = 16;       // room at both ends for edges that run back
constexpr std::size_t longest = 26;  // characters of a line before it is cut

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// At most `longest` characters: beginning and end, for names differ at the end.
std::string shortened(const std::string& text) {
  if (characters(text) <= longest || characters(text) != text.size()) return text;
  return text.substr(0, longest - 10) + "\xe2\x80\xa6" + text.substr(text.size() - 9);
}

struct Box {
  double width, height;
};

Box boxOf(const DagNode& node) {
  double width = titleWidth * static_cast<double>(characters(shortened(node.title)));
  for (const std::string& line : node.lines)
    width = std::max(width, lineWidth * static_cast<double>(characters(shortened(line))));
  return {std::max(48.0, width + 22), lineHeight * static_cast<double>(1 + node.lines.size()) + 13};
}

std::string xy(const Point& point) { return coordinate(point.x) + " " + coordinate(point.y); }

/// Consecutive layers on one line of the drawing.
struct Row {
  std::size_t first = 0;       ///< layer
  double begin = 0;            ///< along, of its first layer
  double least = 0, most = 0;  ///< across
  double top = 0;              ///< where `least` comes to lie
  std::size_t returns = 0;     ///< edges that run back from it to the next
};

class Drawing {
 public:
  Drawing(const Dag& graph, bool leftToRight) : graph_(graph), leftToRight_(leftToRight) {}

  Html draw() {
    std::vector<LayoutEdge> links;
    ins_.assign(graph_.nodes.size(), 0);
    outs_.assign(graph_.nodes.size(), 0);
    for (const DagEdge& edge : graph_.edges) {
      SLUICE_CHECK(edge.from < graph_.nodes.size() && edge.to < graph_.nodes.size(),
                   "edges join nodes of the graph");
      links.push_back({edge.from, edge.to});
      ++outs_[edge.from];
      ++ins_[edge.to];
    }
    const std::vector<std::uint32_t> layers =
        longestPathLayers(static_cast<std::uint32_t>(graph_.nodes.size()), links);
    std::vector<LayoutNode> nodes;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Box box = boxOf(graph_.nodes[i]);
      boxes_.push_back(box);
      layerOf_.push_back(graph_.nodes[i].layer.value_or(layers[i]));
      nodes.push_back(
          {layerOf_[i], leftToRight_ ? box.width : box.height, leftToRight_ ? box.height : box.width});
    }
    gap_ = leftToRight_ ? 34 : 30;
    for (const DagEdge& edge : graph_.edges) {
      const auto label = static_cast<double>(characters(edge.label));
      if (label > 0) gap_ = std::max(gap_, leftToRight_ ? label * edgeWidth + 20 : 40);
    }
    const Layout layout = layOut(nodes, links, gap_, leftToRight_ ? 18 : 22);
    makeRows(layout);

    std::string edges, labels, shapes;
    for (std::size_t i = 0; i < graph_.edges.size(); ++i)
      drawEdge(layout, graph_.edges[i], layout.edges[i], edges, labels);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      drawNode(graph_.nodes[i], boxes_[i], turn(layout.nodes[i], layerOf_[i]), shapes);
    left_ = std::floor(left_);
    width_ = std::max(width_, right_) - left_;
    return Html::trusted("<svg class=\"" + std::string(leftToRight_ ? "wide" : "narrow") + "\" width=\"" +
                         coordinate(width_) + "\" height=\"" + coordinate(height_) + "\" viewBox=\"" +
                         coordinate(left_) + " 0 " + xy({width_, height_}) + "\" role=\"img\">" + edges +
                         shapes + labels + "</svg>");
  }

 private:
  void makeRows(const Layout& layout) {
    const bool folded = leftToRight_ && layout.along + 2 * margin > widest;
    rowOf_.assign(layout.layers.size(), 0);
    side_ = margin + (folded ? turning : 0);
    for (std::size_t i = 0; i < layout.layers.size(); ++i) {
      const Layout::Layer& layer = layout.layers[i];
      if (rows_.empty() || (folded && layer.end - rows_.back().begin + 2 * side_ > widest))
        rows_.push_back({i, layer.begin, layer.least, layer.most, 0, 0});
      Row& row = rows_.back();
      row.least = std::min(row.least, layer.least);
      row.most = std::max(row.most, layer.most);
      rowOf_[i] = rows_.size() - 1;
      across_ = std::max(across_, layer.end - row.begin);
    }
    for (std::size_t i = 0; i < graph_.edges.size(); ++i)
      for (std::size_t r = rowOf_[layerOf_[graph_.edges[i].from]]; r < rowOf_[layerOf_[graph_.edges[i].to]];
           ++r)
        ++rows_[r].returns;
    double top = margin;
    for (Row& row : rows_) {
      row.top = top;
      top += row.most - row.least + 44 + 14 * static_cast<double>(row.returns);
    }
    taken_.assign(rows_.size(), 0);
    labelled_.assign(rows_.size(), 0);
    const double down = rows_.back().top + rows_.back().most - rows_.back().least + margin;
    width_ = leftToRight_ ? across_ + 2 * side_ : rows_[0].most - rows_[0].least + 2 * margin;
    height_ = leftToRight_ ? down : layout.along + 2 * margin;
  }

  [[nodiscard]] Point turn(const Place& place, std::size_t layer) const {
    const Row& row = rows_[rowOf_[layer]];
    const double along = place.along - row.begin + side_, across = place.across - row.least + row.top;
    return leftToRight_ ? Point{along, across} : Point{across, along};
  }

  static void drawNode(const DagNode& node, const Box& box, const Point& centre, std::string& out) {
    const double left = centre.x - box.width / 2, top = centre.y - box.height / 2;
    const std::string middle = coordinate(centre.x);
    out += "<g class=\"" + toneClass(node.tone) + "\"><title>" +
           escape(node.hint.empty() ? node.title : node.hint) + "</title><rect x=\"" + coordinate(left) +
           "\" y=\"" + coordinate(top) + "\" width=\"" + coordinate(box.width) + "\" height=\"" +
           coordinate(box.height) + "\" rx=\"6\"/>";
    double y = top + 6.5 + 12.5;
    out += "<text x=\"" + middle + "\" y=\"" + coordinate(y) + "\" text-anchor=\"middle\">" +
           escape(shortened(node.title)) + "</text>";
    for (const std::string& line : node.lines)
      out += "<text class=\"sub\" x=\"" + middle + "\" y=\"" + coordinate(y += lineHeight) +
             "\" text-anchor=\"middle\">" + escape(shortened(line)) + "</text>";
    out += "</g>\n";
  }

  /// From the end of one row to the start of the next; returns where the way back runs.
  Point drawReturn(const Point& from, const Point& to, std::size_t rowIndex, std::string& path) {
    const Row& row = rows_[rowIndex];
    const double nth = static_cast<double>(taken_[rowIndex]++);
    const double y = row.top + row.most - row.least + 22 + 14 * nth;
    const double right = width_ - margin / 2 - 4 * std::fmod(nth, 4),
                 left = margin / 2 + 4 * std::fmod(nth, 4);
    constexpr double r = 7;
    const auto corner = [&](const Point& at, const Point& before, const Point& after) {
      path += "L" + xy(before) + "Q" + xy(at) + " " + xy(after);
    };
    corner({right, from.y}, {right - r, from.y}, {right, from.y + r});
    corner({right, y}, {right, y - r}, {right - r, y});
    corner({left, y}, {left + r, y}, {left, y + r});
    corner({left, to.y}, {left, to.y - r}, {left + r, to.y});
    path += "L" + xy(to);
    return {left, y};
  }

  /// A smooth line through the gaps: it leaves and enters along, and passes a crossed layer straight.
  void drawEdge(const Layout& layout, const DagEdge& edge, std::vector<Place> points, std::string& out,
                std::string& labels) {
    const auto extent = [&](std::uint32_t node) {
      return leftToRight_ ? boxes_[node].width : boxes_[node].height;
    };
    const std::size_t first = layerOf_[edge.from], last = points.size() - 1;
    points.front().along += extent(edge.from) / 2;
    const Place tip = {points.back().along - extent(edge.to) / 2 - 1, points.back().across};
    points.back() = {tip.along - arrow, tip.across};
    std::string path = "M" + xy(turn(points[0], first));
    Point back;
    bool returned = false;
    std::size_t returnRow = 0;
    for (std::size_t i = 1; i < points.size(); ++i) {
      const Place &a = points[i - 1], &b = points[i];
      const std::size_t layer = first + i;
      if (rowOf_[layer] != rowOf_[layer - 1]) {
        back = drawReturn(turn(a, layer - 1), turn(b, layer), rowOf_[layer - 1], path);
        returned = true;
        returnRow = rowOf_[layer - 1];
        continue;
      }
      // A crossed layer is passed straight, along all of its depth: its nodes stand beside.
      const double from = i == 1 ? a.along : layout.layers[layer - 1].end;
      const double to = i == last ? b.along : layout.layers[layer].begin;
      if (i > 1) path += "L" + xy(turn({from, a.across}, layer - 1));
      const double middle = (from + to) / 2;
      path += "C" + xy(turn({middle, a.across}, layer)) + " " + xy(turn({middle, b.across}, layer)) + " " +
              xy(turn({to, b.across}, layer));
    }
    out += std::string("<path") + (edge.strong ? " class=\"strong\"" : "") + " d=\"" + path + "\"/>";
    const std::size_t end = first + last;
    out += std::string("<path class=\"head") + (edge.strong ? " strong" : "") + "\" d=\"M" +
           xy(turn(tip, end)) + "L" + xy(turn({tip.along - arrow, tip.across - 3.5}, end)) + "L" +
           xy(turn({tip.along - arrow, tip.across + 3.5}, end)) + "Z\"/>\n";
    if (edge.label.empty()) return;
    if (returned) {
      double& at = labelled_[returnRow];  // labels of one way stand one behind the other
      label(edge.label, {back.x + 14 + at, back.y - 5}, "", labels);
      at += edgeWidth * static_cast<double>(characters(edge.label)) + 16;
    } else if (ins_[edge.to] > 1 && outs_[edge.from] == 1) {
      labelBeside(edge.label, turn({points[0].along + gap_ / 2, points[0].across}, first),
                  points[1].across - points[0].across, labels);
    } else if (last > 1) {
      labelBeside(edge.label, turn(points[1], first + 1), 0, labels);
    } else {
      labelBeside(edge.label, turn({tip.along - gap_ / 2, tip.across}, end), points[0].across - tip.across,
                  labels);
    }
  }

  /// On the side of the line to which it does not bend.
  void labelBeside(const std::string& text, const Point& at, double bend, std::string& labels) {
    if (leftToRight_) {
      label(text, {at.x, bend < -1 ? at.y + 14 : at.y - 6}, "middle", labels);
    } else {
      label(text, {bend > 1 ? at.x - 7 : at.x + 7, at.y + 4}, bend > 1 ? "end" : "", labels);
    }
  }

  void label(const std::string& text, const Point& at, const std::string& anchor, std::string& labels) {
    const double wide = edgeWidth * static_cast<double>(characters(text)) + 4;
    const double begin = anchor == "end" ? at.x - wide : anchor == "middle" ? at.x - wide / 2 : at.x;
    left_ = std::min(left_, begin);
    right_ = std::max(right_, begin + wide);
    labels += "<text class=\"edge\" x=\"" + coordinate(at.x) + "\" y=\"" + coordinate(at.y) + "\"" +
              (anchor.empty() ? "" : " text-anchor=\"" + anchor + "\"") + ">" + escape(text) + "</text>\n";
  }

  const Dag& graph_;
  bool leftToRight_;
  std::vector<Box> boxes_;
  std::vector<std::uint32_t> layerOf_, ins_, outs_;  // per node
  std::vector<std::size_t> rowOf_;                   // per layer
  std::vector<Row> rows_;
  std::vector<std::size_t> taken_;  // per row: ways back drawn so far
  std::vector<double> labelled_;    // per row: length of the labels on the ways back
  double left_ = 0, right_ = 0;     // how far labels reach
  double gap_ = 0, side_ = margin, across_ = 0, width_ = 0, height_ = 0;
};

}  // namespace

Html dag(const Dag& graph) {
  if (graph.nodes.empty()) return {};
  return legend(graph.legend) +
         element("div", {{"class", "scroll dag"}, {"tabindex", "0"}},
                 Drawing(graph, true).draw() + Html::trusted("\n") + Drawing(graph, false).draw());
}

}  // namespace sluice::page
