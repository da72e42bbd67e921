#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"
#include "ir/regions.h"
#include "kernel/kernel.h"
#include "map/kernel_choice.h"
#include "split/network/menu.h"

/// Single nodes as choices of a menu. Private to the folder.
namespace sluice::splits {

/// What kernels and FIFOs cost, kept. One kernel is held at a time, however many are priced.
class Prices {
 public:
  explicit Prices(hdl::Family family) : family_(family) {}
  /// A kernel is decided by whose it is, by its ports and schedule, and by how memories and multipliers are set.
  const std::vector<double>& of(const kernel::Kernel& kernel, std::size_t owner, int styles);
  /// A FIFO of two places. `isPort`: its writer stands in another subgraph.
  const std::vector<double>& fifo(std::uint32_t bits, bool isPort);
  [[nodiscard]] hdl::Family family() const { return family_; }
  [[nodiscard]] std::uint32_t priced() const { return static_cast<std::uint32_t>(known_.size()); }

 private:
  hdl::Family family_;
  std::map<std::vector<std::int64_t>, std::vector<double>> known_;
  std::map<std::string, std::int64_t> families_;
  std::map<std::pair<std::uint32_t, bool>, std::vector<double>> fifos_;
};

/// What is read of a graph once.
struct NodeFacts {
  ir::NodeId id;
  struct Input {
    std::optional<std::uint32_t> from;  ///< the node it comes from; none: from outside
    std::uint64_t elements = 1;
    bool isFirstReader = false;  ///< of what comes from outside
  };
  std::vector<Input> inputs;
  std::uint64_t elements = 1;  ///< of the output
  std::uint32_t uses = 0;      ///< readers and outputs
  std::uint32_t outputs = 0;   ///< of the design
  kernel::Beat beat;           ///< of the output; its elements are a choice's
  fixed::Interval range;
};

/// Facts of the nodes with a kernel, in order; beats and ranges are still to fill in.
Result<std::vector<NodeFacts>> nodeFacts(const ir::Graph& lowered, const std::vector<ir::NodeId>& nodes,
                                         const ir::Regions& regions);

/// A node as mapping would choose it beside producers of these beats (0: none, it comes from outside), its folds pinned.
struct ChoiceMaker {
  const ir::Graph& graph;
  const map::MapOptions& options;
  Prices& prices;
  std::vector<NodeFacts>& facts;

  /// Settings of folds; nothing is priced. Fills in beat and range of the node. Errors: those of map::chooseKernel.
  Result<NodeChoice> fold(std::uint32_t v, const map::NodeOptions& setting, const map::Pace& pace,
                          const std::vector<std::uint32_t>& offered);
  /// The same folds with cycles and hardware.
  Result<NodeChoice> price(std::uint32_t v, const NodeChoice& folded, const map::Pace& pace);
  /// The way between two nodes, if there is one.
  std::optional<MenuEdge::Join> join(const NodeFacts& from, std::uint32_t written, std::uint32_t read);

 private:
  Result<map::Choice> choose(std::uint32_t v, const map::NodeOptions& setting, const map::Pace& pace,
                             const std::vector<std::uint32_t>& offered) const;
  void addWay(NodeChoice& choice, std::uint64_t elements, const kernel::StreamPort& from, std::uint32_t to);
};

}  // namespace sluice::splits
