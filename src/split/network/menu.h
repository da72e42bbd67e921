#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "map/map.h"
#include "split/network/cluster_spec.h"
#include "split/problem.h"

/// What each layer may be: for every node of a network its folds and memory styles, with the cycles and the hardware of each,
/// the node standing in a subgraph of its own.
///
/// The network is mapped at one setting for all nodes, setting after setting (reuse factors, target intervals; weights in
/// logic or block RAM, multipliers in logic or DSP blocks), and each node is read off. So a menu of k settings for n nodes
/// stands for k^n designs at the price of k, and a network whose layers all have one reuse factor is always among them.
///
/// Where neighbours of different settings meet, the width converter between them may differ from the one that was counted, and
/// FIFOs are counted at their least depth: what is chosen from a menu is mapped and sized again before it is built.
namespace sluice::splits {

struct NodeChoice {
  map::NodeOptions options;
  std::uint64_t cycles = 1;  ///< a frame
  std::vector<double> size;  ///< in the order of device::usage
};

struct Menu {
  std::vector<std::vector<NodeChoice>>
      choices;  ///< per node: fastest first, none beaten in everything by another
  /// The network at one reuse factor for all layers: what there is without choosing layer by layer.
  struct Uniform {
    std::uint64_t reuseFactor = 1, cycles = 1;
    std::vector<double> size;       ///< of the whole
    std::vector<NodeChoice> nodes;  ///< what each node is in it
  };
  std::vector<Uniform> uniform;  ///< fastest first
  Problem problem;               ///< without times and sizes
  std::uint32_t mappings = 0;
};

struct MenuOptions {
  map::MapOptions map;  ///< streamed; settings of single nodes stand and are not chosen
  std::uint64_t largestFactor = 4096;
  bool styles = true;     ///< also where weights lie and what multiplies
  double mostFull = 1.1;  ///< designs that take more of all boards together are not looked at
};

/// Errors: those of mapGraph at the slowest pace.
Result<Menu> menuOf(const ir::Graph& lowered, const ClusterSpec& cluster, const MenuOptions& options);

/// One choice per node.
struct Selection {
  std::vector<std::uint32_t> choice;
  std::uint64_t cycles = 1;  ///< of the slowest node
  double share = 0;          ///< the largest, over resources, of what it takes of `capacity`
  double bound = 0;          ///< no selection that keeps the interval has a smaller share
  [[nodiscard]] bool proven() const { return share <= bound * (1 + 1e-9); }
};

/// Of all selections whose nodes take at most `cycles` a frame, one whose largest share of `capacity` is least: a knapsack of
/// multiple choice with several resources, by branch and bound over weights of resources. `most`: nodes of the search tree,
/// then the best is given with its bound. Nothing if a node is too slow in all its choices.
std::optional<Selection> leastShare(const Menu& menu, std::uint64_t cycles, std::span<const double> capacity,
                                    std::uint64_t most = 200'000);

/// The options that map a selection.
map::MapOptions optionsOf(const Menu& menu, const Selection& selection, const map::MapOptions& options);

/// For every node a choice that is nowhere worse than what it is at one reuse factor for all.
Selection noWorseThan(const Menu& menu, const Menu::Uniform& uniform, std::span<const double> capacity);

/// The problem in which the nodes are as given, or as selected: times in microseconds.
Problem problemOf(const Menu& menu, const std::vector<NodeChoice>& nodes, const ClusterSpec& cluster);
Problem problemOf(const Menu& menu, const Selection& selection, const ClusterSpec& cluster);

/// Settings that say of every node what `map` says of it and of all.
map::NodeOptionsMap settingsOf(const Problem& problem, const map::MapOptions& map);

/// Settings of a node as `--node-options` takes them; "" if there are none.
std::string settingsText(const map::NodeOptions& options);

}  // namespace sluice::splits
