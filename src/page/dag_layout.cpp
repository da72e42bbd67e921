#include "page/dag_layout.h"

#include <algorithm>

namespace sluice::page {
namespace {

constexpr double thread = 14;  ///< room across that a passing edge takes
constexpr int sweeps = 6;

/// A node, or a point where a long edge passes a layer.
struct Item {
  std::uint32_t layer = 0;
  double extent = 0;    ///< across
  double position = 0;  ///< centre, across
  std::vector<std::uint32_t> before, after;
};

/// Sorts the items of a layer by the mean position of their neighbours, and puts them side by side around it.
void arrange(std::vector<Item>& items, std::vector<std::uint32_t>& layer, bool forward, double gap) {
  std::vector<double> wish(items.size(), 0);
  for (const std::uint32_t id : layer) {
    const auto& neighbours = forward ? items[id].before : items[id].after;
    double sum = 0;
    for (const std::uint32_t other : neighbours) sum += items[other].position;
    wish[id] = neighbours.empty() ? items[id].position : sum / static_cast<double>(neighbours.size());
  }
  std::stable_sort(layer.begin(), layer.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return wish[a] < wish[b]; });
  // From the left, each as near to its wish as its neighbour allows; then the whole layer moves by the mean
  // error.
  double free = -1e300, error = 0;
  for (const std::uint32_t id : layer) {
    const double half = items[id].extent / 2;
    items[id].position = std::max(wish[id], free + half);
    free = items[id].position + half + gap;
    error += items[id].position - wish[id];
  }
  for (const std::uint32_t id : layer) items[id].position -= error / static_cast<double>(layer.size());
}

}  // namespace

std::vector<std::uint32_t> longestPathLayers(std::uint32_t nodes, const std::vector<LayoutEdge>& edges) {
  std::vector<std::uint32_t> layer(nodes, 0), missing(nodes, 0), ready;
  std::vector<std::vector<std::uint32_t>> after(nodes);
  for (const LayoutEdge& edge : edges) {
    after[edge.from].push_back(edge.to);
    ++missing[edge.to];
  }
  for (std::uint32_t i = 0; i < nodes; ++i)
    if (missing[i] == 0) ready.push_back(i);
  for (std::size_t at = 0; at < ready.size(); ++at)
    for (const std::uint32_t next : after[ready[at]]) {
      layer[next] = std::max(layer[next], layer[ready[at]] + 1);
      if (--missing[next] == 0) ready.push_back(next);
    }
  return layer;
}

Layout layOut(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges, double alongGap,
              double acrossGap) {
  std::vector<Item> items;
  std::uint32_t layerCount = 0;
  for (const LayoutNode& node : nodes) {
    items.push_back({node.layer, node.across, 0, {}, {}});
    layerCount = std::max(layerCount, node.layer + 1);
  }
  std::vector<std::vector<std::uint32_t>> chains;
  for (const LayoutEdge& edge : edges) {
    std::vector<std::uint32_t> chain = {edge.from};
    for (std::uint32_t layer = nodes[edge.from].layer + 1; layer < nodes[edge.to].layer; ++layer) {
      chain.push_back(static_cast<std::uint32_t>(items.size()));
      items.push_back({layer, thread, 0, {}, {}});
    }
    chain.push_back(edge.to);
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
      items[chain[i]].after.push_back(chain[i + 1]);
      items[chain[i + 1]].before.push_back(chain[i]);
    }
    chains.push_back(std::move(chain));
  }
  std::vector<std::vector<std::uint32_t>> layers(layerCount);
  for (std::uint32_t i = 0; i < items.size(); ++i) layers[items[i].layer].push_back(i);
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    const bool forward = sweep % 2 == 0;
    for (std::uint32_t i = 0; i < layerCount; ++i)
      arrange(items, layers[forward ? i : layerCount - 1 - i], forward, acrossGap);
  }

  Layout layout;
  double least = 0, most = 0;
  bool any = false;
  for (const Item& item : items) {
    least = any ? std::min(least, item.position - item.extent / 2) : item.position - item.extent / 2;
    most = any ? std::max(most, item.position + item.extent / 2) : item.position + item.extent / 2;
    any = true;
  }
  layout.across = most - least;
  double at = 0;
  for (const auto& ids : layers) {
    Layout::Layer layer{at, at, 0, 0};
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Item& item = items[ids[i]];
      if (ids[i] < nodes.size()) layer.end = std::max(layer.end, at + nodes[ids[i]].along);
      const double low = item.position - item.extent / 2 - least, high = low + item.extent;
      layer.least = i == 0 ? low : std::min(layer.least, low);
      layer.most = i == 0 ? high : std::max(layer.most, high);
    }
    at = layer.end + alongGap;
    layout.layers.push_back(layer);
  }
  layout.along = layerCount > 0 ? layout.layers.back().end : 0;
  const auto place = [&](std::uint32_t id) {
    const Layout::Layer& layer = layout.layers[items[id].layer];
    return Place{(layer.begin + layer.end) / 2, items[id].position - least};
  };
  for (std::uint32_t i = 0; i < nodes.size(); ++i) layout.nodes.push_back(place(i));
  for (const auto& chain : chains) {
    layout.edges.emplace_back();
    for (const std::uint32_t id : chain) layout.edges.back().push_back(place(id));
  }
  return layout;
}

}  // namespace sluice::page
