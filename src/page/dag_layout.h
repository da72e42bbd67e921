#pragma once

#include <cstdint>
#include <vector>

/// Where the nodes and edges of a layered drawing go. Coordinates: `along` grows from layer to layer,
/// `across` within one; the caller turns them into x and y.
namespace sluice::page {

struct LayoutNode {
  std::uint32_t layer = 0;
  double along = 0, across = 0;  ///< extent, in; the drawing leaves gaps between
};
struct LayoutEdge {
  std::uint32_t from = 0, to = 0;
};
struct Place {
  double along = 0, across = 0;  ///< centre
};
struct Layout {
  std::vector<Place> nodes;
  std::vector<std::vector<Place>>
      edges;                     ///< the points an edge passes: both ends and one per layer it crosses
  double along = 0, across = 0;  ///< extent of the whole
  struct Layer {
    double begin = 0, end = 0;   ///< along
    double least = 0, most = 0;  ///< across: what its nodes and passing edges take
  };
  std::vector<Layer> layers;
};

/// Layers by longest path: a node stands one behind the last of those before it. Needs edges that form no
/// cycle; nodes of a cycle get the layer 0.
std::vector<std::uint32_t> longestPathLayers(std::uint32_t nodes, const std::vector<LayoutEdge>& edges);

/// Source  Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures",
/// 1981: edges over
///         several layers become chains of points, order within layers by barycentres, a fixed number of
///         sweeps.
Layout layOut(const std::vector<LayoutNode>& nodes, const std::vector<LayoutEdge>& edges, double alongGap,
              double acrossGap);

}  // namespace sluice::page
