#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "map/map.h"
#include "split/network/cluster_spec.h"
#include "split/problem.h"

/// What each layer may be, and what it costs to join two layers: for every node of a network its folds and memory styles, with
/// the cycles and the hardware of each.
///
/// A choice is pinned: every fold is said (simd, pe, pack, positions), so that its kernels are the same ones whatever its
/// neighbours are. What does depend on the neighbours is the way between two of them: a FIFO where the beats that one writes
/// are those that the other reads; else a width converter between two FIFOs, which costs more the less the beats divide each
/// other. That is a price for every pair of beats of every edge. So what a selection costs as a whole is the sum over its
/// nodes and edges, with nothing left out but the depths of the FIFOs, which are counted at their least: what is chosen from a
/// menu is sized before it is built.
///
/// Which folds a node may have is asked of mapping itself: what it would choose at one setting after another (reuse factors,
/// target intervals; line buffers, weights in logic or block RAM, multipliers in logic or DSP blocks), beside producers of
/// all the beats that there are. So a network at one reuse factor for all is among the selections, exactly as it is mapped.
namespace sluice::splits {

struct NodeChoice {
  map::NodeOptions options;
  std::uint64_t cycles = 1;  ///< a frame
  std::vector<double>
      size;  ///< in the order of device::usage: its kernels, what joins them, the fork and port FIFOs behind
  std::vector<std::uint32_t> reads;  ///< elements of the beats of each streamed input
  std::uint32_t writes = 1;          ///< and of its output
  std::uint32_t multipliers = 0;     ///< working at once
};

/// The way from a node to a reader of it.
struct MenuEdge {
  std::uint32_t from = 0, to = 0;
  std::uint32_t input = 0;  ///< which of the reader's
  struct Join {
    std::uint64_t cycles = 1;  ///< a frame
    std::vector<double> size;
  };
  /// By the elements of the beats written and read. A pair that is not there cannot be joined.
  std::map<std::pair<std::uint32_t, std::uint32_t>, Join> joins;
  /// By the elements of the beats written: the FIFO more that a cut takes.
  std::map<std::uint32_t, std::vector<double>> cuts;
};

struct Menu {
  std::vector<std::vector<NodeChoice>>
      choices;  ///< per node: fastest first, of those with the same beats none beaten in everything by another
  std::vector<MenuEdge> edges;
  /// The network at one reuse factor for all layers: what there is without choosing layer by layer.
  struct Uniform {
    std::uint64_t reuseFactor = 1;
    std::vector<NodeChoice> nodes;  ///< what each node is in it
  };
  std::vector<Uniform> uniform;  ///< fastest first
  Problem problem;               ///< without times and sizes
  std::uint32_t priced = 0;      ///< kernels whose hardware was counted
  bool isBoardBound = false;     ///< faster folds of some node were left out: no board alone holds them
};

struct MenuOptions {
  map::MapOptions map;  ///< streamed; settings of single nodes stand and are not chosen
  std::uint64_t largestFactor = 4096;
  bool styles = true;     ///< also where weights and lines lie and what multiplies
  double mostFull = 1.1;  ///< networks at one factor that take more of all boards together are not looked at
};

/// Errors: those of mapGraph at the slowest pace; unsupported: boards of several families, as a choice has one price.
Result<Menu> menuOf(const ir::Graph& lowered, const ClusterSpec& cluster, const MenuOptions& options);

/// One choice per node.
struct Selection {
  std::vector<std::uint32_t> choice;
  std::uint64_t cycles = 1;  ///< of the slowest node or join
  double share = 0;          ///< the largest, over resources, of what it takes of `capacity`
  double bound = 0;          ///< no selection that keeps the interval has a smaller share
  [[nodiscard]] bool proven() const { return share <= bound * (1 + 1e-9); }
};

/// Cycles and share of a selection in one piece. Nothing if two of its choices cannot be joined. `beyond`: hardware that comes
/// on top of what the menu counts, such as the places of FIFOs beyond two; where it is less than the menu counts,
/// below 0.
std::optional<Selection> measureSelection(const Menu& menu, std::vector<std::uint32_t> choice,
                                          std::span<const double> capacity,
                                          std::span<const double> beyond = {});
/// What a selection takes in one piece; its choices can be joined.
std::vector<double> sizeOf(const Menu& menu, const Selection& selection);

struct ShareLimits {
  std::uint64_t nodes = 100'000;  ///< of the search tree; then the best is given with its bound
  std::uint32_t rounds = 120;     ///< of moving weights
};

/// Of all selections whose nodes and joins take at most `cycles` a frame, one whose largest share of `capacity` is least.
/// Nothing if there is none.
///
/// Source  for fixed weights of the resources the problem is a sum over nodes and edges, made least exactly by bucket
///         elimination (Dechter, "Bucket elimination", Artificial Intelligence 113, 1999), whose tables are then an exact look
///         ahead for branch and bound. Ours differs: tables of beats instead of choices, one set of tables for the weights and
///         one for each resource alone; weights by multiplicative updates
std::optional<Selection> leastShare(const Menu& menu, std::uint64_t cycles, std::span<const double> capacity,
                                    const ShareLimits& limits = {}, std::span<const double> beyond = {});

/// The options that map a selection, nobody else being held to an interval.
map::MapOptions optionsOf(const Menu& menu, const Selection& selection, const map::MapOptions& options);

/// For every node a choice with the same beats that is nowhere worse than what it is at one reuse factor for all.
Selection noWorseThan(const Menu& menu, const Menu::Uniform& uniform, std::span<const double> capacity);

/// The problem in which the nodes are as selected, each in a subgraph of its own: times in microseconds.
Problem problemOf(const Menu& menu, const Selection& selection, const ClusterSpec& cluster);

/// Settings that say of every node what `map` says of it and of all.
map::NodeOptionsMap settingsOf(const Problem& problem, const map::MapOptions& map);

/// Settings of a node as `--node-options` takes them; "" if there are none.
std::string settingsText(const map::NodeOptions& options);

}  // namespace sluice::splits
