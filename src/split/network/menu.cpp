#include "split/network/menu.h"

#include <algorithm>

#include "base/check.h"
#include "ir/regions.h"
#include "map/pace.h"
#include "map/partition_of.h"
#include "split/network/plan_network.h"
#include "split/network/subgraph_costs.h"

namespace sluice::splits {
namespace {

bool isWithin(const NodeChoice& a, const NodeChoice& b) {
  if (a.cycles > b.cycles) return false;
  for (std::size_t r = 0; r < a.size.size(); ++r)
    if (a.size[r] > b.size[r]) return false;
  return true;
}

/// Fastest first; of equal ones the one that was there first.
void prune(std::vector<NodeChoice>& choices) {
  std::vector<NodeChoice> kept;
  for (NodeChoice& choice : choices) {
    if (std::any_of(kept.begin(), kept.end(), [&](const NodeChoice& k) { return isWithin(k, choice); }))
      continue;
    std::erase_if(kept, [&](const NodeChoice& k) { return isWithin(choice, k); });
    kept.push_back(std::move(choice));
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [](const NodeChoice& a, const NodeChoice& b) { return a.cycles < b.cycles; });
  choices = std::move(kept);
}

struct Styles {
  kernel::MultiplierStyle multiplier = kernel::MultiplierStyle::automatic;
  kernel::WeightMemory weights = kernel::WeightMemory::automatic;
};

std::vector<double> totalCapacity(const ClusterSpec& cluster) {
  std::vector<double> total;
  for (const ClusterSpec::Kind& kind : cluster.kinds) {
    const std::vector<double> one = capacityOf(kind.board, cluster);
    total.resize(one.size(), 0.0);
    for (std::size_t r = 0; r < one.size(); ++r) total[r] += kind.count * one[r];
  }
  return total;
}

double shareOf(std::span<const double> size, std::span<const double> capacity) {
  double most = 0;
  for (std::size_t r = 0; r < size.size(); ++r)
    if (size[r] > 0) most = std::max(most, capacity[r] > 0 ? size[r] / capacity[r] : impossible);
  return most;
}

/// More weights than these are no table in logic that anybody would build.
constexpr std::int64_t mostInLogic = 4096;

/// Maps the network at one setting after another and reads off the nodes.
struct MenuMaker {
  const ir::Graph& lowered;
  const MenuOptions& options;
  map::MapOptions base;
  std::vector<ir::NodeId> nodes;
  map::Partition finest;
  std::vector<double> capacity;
  KernelCosts kernels;
  Menu menu;
  const ClusterSpec& cluster;

  [[nodiscard]] std::int64_t weightsOf(ir::NodeId id) const {
    const ir::Node& node = lowered.node(id);
    return node.inputs.size() > 1 ? ir::elements(lowered.tensor(node.inputs[1]).type.shape) : 0;
  }

  /// How full all boards would be; nothing if it cannot be mapped so.
  Result<std::optional<double>> add(const map::NodeOptions& setting, int styles,
                                    std::optional<std::uint64_t> uniform) {
    map::MapOptions map = base;
    map.reuseFactor = uniform.value_or(1);
    map.targetInterval.reset();
    for (const ir::NodeId id : nodes) {
      const auto [own, isNew] = map.nodes.try_emplace(lowered.node(id).name, setting);
      if (isNew && setting.weights == kernel::WeightMemory::logic && weightsOf(id) > mostInLogic)
        own->second.weights = kernel::WeightMemory::automatic;
    }
    const Result<map::Design> design = map::mapGraph(lowered, map, finest);
    ++menu.mappings;
    if (!design.ok()) return design.error();
    const std::vector<hdl::Cost> costs = costsOf(*design, base.family, kernels, styles);
    const std::vector<std::uint64_t> cycles = cyclesOf(*design);
    std::vector<double> whole(capacity.size(), 0.0);
    std::vector<std::vector<double>> sizes;
    for (const hdl::Cost& cost : costs) {
      sizes.push_back(sizesOf(cost));
      for (std::size_t r = 0; r < whole.size(); ++r) whole[r] += sizes.back()[r];
    }
    const double full = shareOf(whole, capacity);
    if (full > options.mostFull && !menu.choices.empty() && !menu.choices[0].empty())
      return std::optional(full);
    if (menu.choices.empty()) {
      menu.choices.resize(nodes.size());
      std::vector<std::string> names;
      for (const ir::NodeId id : nodes) names.push_back(lowered.node(id).name);
      menu.problem = problemOf(*design, lowered.name, names, cluster, Work::slowest);
    }
    std::vector<NodeChoice> read;
    for (std::size_t v = 0; v < nodes.size(); ++v)
      read.push_back({.options = map.nodes.at(lowered.node(nodes[v]).name),
                      .cycles = cycles[v],
                      .size = std::move(sizes[v])});
    if (uniform)
      menu.uniform.push_back({.reuseFactor = *uniform,
                              .cycles = *std::max_element(cycles.begin(), cycles.end()),
                              .size = std::move(whole),
                              .nodes = read});
    for (std::size_t v = 0; v < nodes.size(); ++v) menu.choices[v].push_back(std::move(read[v]));
    return std::optional(full);
  }
};

}  // namespace

Result<Menu> menuOf(const ir::Graph& lowered, const ClusterSpec& cluster, const MenuOptions& options) {
  using kernel::MultiplierStyle;
  using kernel::WeightMemory;
  map::MapOptions base = options.map;
  base.regime = map::Regime::streamed;
  base.family = cluster.kinds[0].board.part.family;
  base.splitBefore.clear();
  base.reuseFactor.reset();
  base.targetInterval.reset();
  MenuMaker maker{lowered, options, base, {}, {}, totalCapacity(cluster), KernelCosts(base.family),
                  {},      cluster};
  SLUICE_TRY(maker.nodes, map::kernelNodes(lowered, base.regime));
  SLUICE_TRY(maker.finest, map::finestPartition(lowered, base.regime));
  SLUICE_TRY(const ir::Regions regions, ir::regions(lowered));
  // From slow to fast, until the boards could not hold it.
  for (std::uint64_t factor = options.largestFactor; factor >= 1; factor /= 2) {
    map::MapOptions uniform = base;
    uniform.reuseFactor = factor;
    const map::Pace pace = map::paceOf(lowered, regions.integer, uniform);
    SLUICE_TRY(const std::optional<double> full,
               maker.add({.reuseFactor = factor, .targetInterval = pace.frame}, 0, factor));
    if (*full > options.mostFull) break;
  }
  std::reverse(maker.menu.uniform.begin(), maker.menu.uniform.end());
  std::vector<std::uint64_t> intervals;
  std::uint64_t most = 16;
  for (const ir::NodeId id : maker.nodes) {
    const ir::Node& node = lowered.node(id);
    const map::Product product = map::productOf(lowered, node);
    most = std::max({most, product.vectors * product.inputs * product.outputs,
                     static_cast<std::uint64_t>(ir::elements(lowered.tensor(node.output).type.shape))});
  }
  for (std::uint64_t interval = 4; interval < 2 * most; interval *= 2) {
    intervals.push_back(interval);
    intervals.push_back(interval + interval / 2);
  }
  std::vector<Styles> styles = {{}};
  if (options.styles)
    styles = {{},
              {.weights = WeightMemory::logic},
              {.weights = WeightMemory::blockRam},
              {.multiplier = MultiplierStyle::logic},
              {.multiplier = MultiplierStyle::dsp}};
  for (std::size_t s = 0; s < styles.size(); ++s)
    for (auto interval = intervals.rbegin(); interval != intervals.rend(); ++interval) {
      SLUICE_TRY(const std::optional<double> full, maker.add({.targetInterval = *interval,
                                                              .multiplier = styles[s].multiplier,
                                                              .weights = styles[s].weights},
                                                             static_cast<int>(s), std::nullopt));
      if (*full > options.mostFull) break;
    }
  for (std::vector<NodeChoice>& choices : maker.menu.choices) prune(choices);
  return std::move(maker.menu);
}

map::MapOptions optionsOf(const Menu& menu, const Selection& selection, const map::MapOptions& options) {
  map::MapOptions map = options;
  map.regime = map::Regime::streamed;
  map.reuseFactor.reset();
  map.targetInterval = selection.cycles;
  for (std::size_t v = 0; v < menu.choices.size(); ++v)
    map.nodes[menu.problem.nodes[v].name] = menu.choices[v][selection.choice[v]].options;
  return map;
}

Selection noWorseThan(const Menu& menu, const Menu::Uniform& uniform, std::span<const double> capacity) {
  Selection selection{.choice = {}, .cycles = 1};
  std::vector<double> size(capacity.size(), 0.0);
  for (std::size_t v = 0; v < menu.choices.size(); ++v) {
    const std::vector<NodeChoice>& choices = menu.choices[v];
    const auto found = std::find_if(choices.begin(), choices.end(), [&](const NodeChoice& choice) {
      return isWithin(choice, uniform.nodes[v]);
    });
    SLUICE_CHECK(found != choices.end(), "choices are dropped for better ones only");
    selection.choice.push_back(static_cast<std::uint32_t>(found - choices.begin()));
    selection.cycles = std::max(selection.cycles, found->cycles);
    for (std::size_t r = 0; r < size.size(); ++r) size[r] += found->size[r];
  }
  selection.share = shareOf(size, capacity);
  return selection;
}

Problem problemOf(const Menu& menu, const std::vector<NodeChoice>& nodes, const ClusterSpec& cluster) {
  Problem problem = menu.problem;
  for (std::size_t v = 0; v < problem.nodes.size(); ++v) {
    problem.nodes[v].size = nodes[v].size;
    problem.nodes[v].time.clear();
    for (const ClusterSpec::Kind& kind : cluster.kinds)
      problem.nodes[v].time.push_back(static_cast<double>(nodes[v].cycles) / kind.board.targetMhz);
  }
  return problem;
}

Problem problemOf(const Menu& menu, const Selection& selection, const ClusterSpec& cluster) {
  std::vector<NodeChoice> nodes;
  for (std::size_t v = 0; v < menu.choices.size(); ++v) nodes.push_back(menu.choices[v][selection.choice[v]]);
  return problemOf(menu, nodes, cluster);
}

map::NodeOptionsMap settingsOf(const Problem& problem, const map::MapOptions& map) {
  map::NodeOptionsMap settings;
  for (const Node& node : problem.nodes) {
    map::NodeOptions options;
    if (const auto own = map.nodes.find(node.name); own != map.nodes.end()) options = own->second;
    if (!options.reuseFactor && !options.targetInterval) {
      options.targetInterval = map.targetInterval;
      if (!map.targetInterval) options.reuseFactor = map.reuseFactor;
    }
    if (options != map::NodeOptions()) settings[node.name] = options;
  }
  return settings;
}

std::string settingsText(const map::NodeOptions& options) {
  using kernel::BufferStyle;
  std::string text;
  const auto say = [&](const std::string& word) { text += (text.empty() ? "" : " ") + word; };
  const auto number = [&](const char* name, const auto& value) {
    if (value) say(name + ("=" + std::to_string(*value)));
  };
  number("reuse-factor", options.reuseFactor);
  number("target-ii", options.targetInterval);
  number("pack", options.pack);
  number("positions", options.positionsAtOnce);
  number("simd", options.simd);
  number("pe", options.pe);
  if (options.multiplier == kernel::MultiplierStyle::logic) say("multiplier=logic");
  if (options.multiplier == kernel::MultiplierStyle::dsp) say("multiplier=dsp");
  if (options.weights == kernel::WeightMemory::logic) say("weights=logic");
  if (options.weights == kernel::WeightMemory::blockRam) say("weights=bram");
  if (options.rows == BufferStyle::shiftRegister) say("rows=srl");
  if (options.rows == BufferStyle::lutRam) say("rows=lutram");
  if (options.rows == BufferStyle::blockRam) say("rows=bram");
  return text;
}

}  // namespace sluice::splits
