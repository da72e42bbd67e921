#include "split/network/menu.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "ir/regions.h"
#include "map/pace.h"
#include "map/partition_of.h"
#include "split/network/node_choices.h"
#include "split/network/subgraph_costs.h"

namespace sluice::splits {
namespace {

bool isWithin(const NodeChoice& a, const NodeChoice& b) {
  if (a.cycles > b.cycles || a.writes != b.writes || a.reads != b.reads) return false;
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

/// Ways to set memories and multipliers; the first is mapping's own.
std::vector<map::NodeOptions> stylesOf(const ir::Graph& graph, const ir::Node& node,
                                       const map::NodeOptions& said) {
  using kernel::BufferStyle;
  using kernel::MultiplierStyle;
  using kernel::WeightMemory;
  const bool isConv = std::holds_alternative<ir::CodeConv>(node.operation);
  std::vector<map::NodeOptions> products = {{}};
  if (isConv || std::holds_alternative<ir::Dense>(node.operation)) {
    if (said.weights == WeightMemory::automatic) {
      if (ir::elements(graph.tensor(node.inputs[1]).type.shape) <= mostInLogic)
        products.push_back({.weights = WeightMemory::logic});
      products.push_back({.weights = WeightMemory::blockRam});
    }
    if (said.multiplier == MultiplierStyle::automatic)
      for (const MultiplierStyle style : {MultiplierStyle::logic, MultiplierStyle::dsp})
        products.push_back({.multiplier = style});
  }
  std::vector<map::NodeOptions> styles;
  for (const map::NodeOptions& product : products)
    for (const BufferStyle rows : {BufferStyle::automatic, BufferStyle::lutRam, BufferStyle::blockRam}) {
      if (rows != BufferStyle::automatic && (!isConv || said.rows != BufferStyle::automatic)) continue;
      styles.push_back(product);
      styles.back().rows = rows;
    }
  return styles;
}

constexpr std::size_t lutOf = 0, dspOf = 4, bramOf = 5;  // in the order of device::usage

/// A node's folds as a producer meets them.
using Key = std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>;

/// Asks mapping for folds, node by node, and prices them.
struct MenuMaker {
  const ir::Graph& lowered;
  const MenuOptions& options;
  map::MapOptions base;
  std::vector<double> capacity;             ///< of all boards together
  std::vector<std::vector<double>> single;  ///< of one board, of each kind
  Prices prices;
  std::vector<NodeFacts> facts;
  std::vector<std::map<Key, bool>> known;  ///< folds that were priced, in every style: whether one fits
  Menu menu;

  ChoiceMaker maker() { return {.graph = lowered, .options = base, .prices = prices, .facts = facts}; }
  [[nodiscard]] const ir::Node& node(std::uint32_t v) const { return lowered.node(facts[v].id); }
  [[nodiscard]] const map::NodeOptions* said(std::uint32_t v) const {
    const auto own = base.nodes.find(node(v).name);
    return own == base.nodes.end() ? nullptr : &own->second;
  }
  static Key keyOf(const NodeChoice& folded) {
    const map::NodeOptions& o = folded.options;
    return {folded.reads,
            {folded.writes, o.simd.value_or(0), o.pe.value_or(0), o.pack.value_or(0),
             o.positionsAtOnce.value_or(0)}};
  }

  /// More multipliers than a board can hold, taking a product of a and b bits for a * b / 2 look-up tables at least: not even
  /// counted, since the memory that takes grows with the hardware.
  [[nodiscard]] bool isBeyond(std::uint32_t v, const NodeChoice& folded) const {
    if (folded.multipliers == 0 || menu.choices[v].empty()) return false;
    const auto bits = [&](ir::TensorId tensor) {
      return static_cast<double>(fixed::formatFor(lowered.tensor(tensor).type.codes->range).bits);
    };
    const double each = std::max(1.0, bits(node(v).inputs[0]) * bits(node(v).inputs[1]) / 2);
    return std::all_of(single.begin(), single.end(), [&](const std::vector<double>& board) {
      return folded.multipliers > board[lutOf] / each + 2 * board[dspOf];
    });
  }
  /// Whether some board holds it.
  [[nodiscard]] bool isHeld(const NodeChoice& choice) const {
    return std::any_of(single.begin(), single.end(),
                       [&](const std::vector<double>& board) { return shareOf(choice.size, board) <= 1; });
  }
  /// Prices a fold in all its styles, if it is new. Whether the cheapest of them fits a board.
  Result<bool> add(std::uint32_t v, const NodeChoice& folded, const map::Pace& pace) {
    if (isBeyond(v, folded)) {
      menu.isBoardBound = true;
      return false;
    }
    if (const auto found = known[v].find(keyOf(folded)); found != known[v].end()) return found->second;
    bool fits = false;
    int number = 0;
    NodeChoice own;  // in mapping's own style
    const map::NodeOptions settings = said(v) != nullptr ? *said(v) : map::NodeOptions();
    std::vector<map::NodeOptions> styles = stylesOf(lowered, node(v), settings);
    if (!options.styles) styles.resize(1);
    for (const map::NodeOptions& style : styles) {
      NodeChoice styled = folded;
      // What mapping's own choice is already.
      using kernel::MultiplierStyle;
      using kernel::WeightMemory;
      if (number > 0 &&
          ((style.multiplier == MultiplierStyle::dsp && own.size[dspOf] >= folded.multipliers) ||
           (style.multiplier == MultiplierStyle::logic && own.size[dspOf] == 0) ||
           (style.weights == WeightMemory::blockRam && own.size[bramOf] > 0) ||
           (style.weights == WeightMemory::logic && own.size[bramOf] == 0)))
        continue;
      if (number > 0) {
        if (style.multiplier != kernel::MultiplierStyle::automatic)
          styled.options.multiplier = style.multiplier;
        if (style.weights != kernel::WeightMemory::automatic) styled.options.weights = style.weights;
        if (style.rows != kernel::BufferStyle::automatic) styled.options.rows = style.rows;
      }
      const Result<NodeChoice> priced = maker().price(v, styled, pace);
      if (!priced.ok()) {
        if (number == 0) return priced.error();
        continue;  // that style is not for this fold
      }
      if (number++ == 0) own = *priced;
      const bool holds = isHeld(*priced);
      fits = fits || holds;
      if (holds || menu.choices[v].empty()) menu.choices[v].push_back(*priced);
    }
    menu.isBoardBound = menu.isBoardBound || !fits;
    known[v][keyOf(folded)] = fits;
    return fits;
  }
  /// Beats that come in where each producer writes as in `walk`.
  std::vector<std::uint32_t> offered(std::uint32_t v, const std::vector<NodeChoice>& walk) const {
    std::vector<std::uint32_t> beats;
    for (const NodeFacts::Input& input : facts[v].inputs)
      beats.push_back(input.from ? walk[*input.from].writes : 0);
    return beats;
  }
  /// The whole network at one setting, as mapping would do it. Whether it fits all boards together.
  Result<bool> walk(const map::NodeOptions& setting, const map::Pace& pace,
                    std::optional<std::uint64_t> uniform) {
    std::vector<NodeChoice> chosen;
    bool fits = true;
    for (std::uint32_t v = 0; v < facts.size(); ++v) {
      const map::NodeOptions own = said(v) != nullptr ? *said(v) : setting;
      SLUICE_TRY(NodeChoice folded, maker().fold(v, own, pace, offered(v, chosen)));
      SLUICE_TRY(const bool holds, add(v, folded, pace));
      fits = fits && holds;
      if (uniform) {
        SLUICE_TRY(folded, maker().price(v, folded, pace));
        fits = fits && isHeld(folded);
      }
      if (!fits && !menu.choices.back().empty()) return false;  // faster walks take more still
      chosen.push_back(std::move(folded));
    }
    if (!uniform) return fits;
    std::vector<double> whole(capacity.size(), 0.0);
    for (const NodeChoice& choice : chosen)
      for (std::size_t r = 0; r < whole.size(); ++r) whole[r] += choice.size[r];
    fits = fits && shareOf(whole, capacity) <= options.mostFull;
    if (fits) menu.uniform.push_back({.reuseFactor = *uniform, .nodes = std::move(chosen)});
    return fits;
  }
  /// A node at one setting after another, from slow to fast, beside producers of every beat there is.
  Status meet(std::uint32_t v, const std::vector<std::uint64_t>& intervals) {
    if (said(v) != nullptr) return {};
    std::set<std::uint32_t> beats;
    for (const NodeFacts::Input& input : facts[v].inputs)
      if (input.from)
        for (const NodeChoice& choice : menu.choices[*input.from]) beats.insert(choice.writes);
    const std::size_t mostBeats = facts.size() <= 16 ? 8 : 4;  // each is worth a minute in a large network
    std::vector<std::uint32_t> some(beats.begin(), beats.end());
    if (some.size() > mostBeats) {
      std::vector<std::uint32_t> spread;
      for (std::size_t i = 0; i < mostBeats; ++i)
        spread.push_back(some[i * (some.size() - 1) / (mostBeats - 1)]);
      some = std::move(spread);
    }
    if (some.empty()) some = {0};
    for (const std::uint32_t beat : some)
      for (auto interval = intervals.rbegin(); interval != intervals.rend(); ++interval) {
        const std::vector<std::uint32_t> offered(facts[v].inputs.size(), beat);
        const map::Pace pace{.frame = *interval};
        SLUICE_TRY(const NodeChoice folded, maker().fold(v, {.targetInterval = *interval}, pace, offered));
        SLUICE_TRY(const bool fits, add(v, folded, pace));
        if (!fits) break;
      }
    return {};
  }
  void joinAll() {
    for (std::uint32_t v = 0; v < facts.size(); ++v)
      for (std::uint32_t i = 0; i < facts[v].inputs.size(); ++i) {
        if (!facts[v].inputs[i].from) continue;
        MenuEdge edge{.from = *facts[v].inputs[i].from, .to = v, .input = i, .joins = {}, .cuts = {}};
        const NodeFacts& from = facts[edge.from];
        std::set<std::uint32_t> writes, reads;
        for (const NodeChoice& choice : menu.choices[edge.from]) writes.insert(choice.writes);
        for (const NodeChoice& choice : menu.choices[v]) reads.insert(choice.reads[i]);
        for (const std::uint32_t written : writes) {
          edge.cuts[written] = prices.fifo(written * from.beat.format.bits, true);
          for (const std::uint32_t read : reads)
            if (auto join = maker().join(from, written, read))
              edge.joins.emplace(std::pair(written, read), std::move(*join));
        }
        menu.edges.push_back(std::move(edge));
      }
  }
};

void addTo(std::vector<double>& sum, const std::vector<double>& size) {
  for (std::size_t r = 0; r < sum.size(); ++r) sum[r] += size[r];
}

/// None if the two cannot be joined.
const MenuEdge::Join* joinOf(const Menu& menu, const MenuEdge& edge,
                             const std::vector<std::uint32_t>& choice) {
  const auto join = edge.joins.find({menu.choices[edge.from][choice[edge.from]].writes,
                                     menu.choices[edge.to][choice[edge.to]].reads[edge.input]});
  return join == edge.joins.end() ? nullptr : &join->second;
}

}  // namespace

Result<Menu> menuOf(const ir::Graph& lowered, const ClusterSpec& cluster, const MenuOptions& options) {
  if (familiesOf(cluster).size() > 1)
    return unsupported(
        "folds and memories are chosen layer by layer for boards of one family; of boards of several, plans "
        "are made for "
        "rate, latency, boards and build-time");
  map::MapOptions base = options.map;
  base.regime = map::Regime::streamed;
  base.family = cluster.kinds[0].board.part.family;
  base.splitBefore.clear();
  base.reuseFactor.reset();
  base.targetInterval.reset();
  MenuMaker maker{lowered, options, base, totalCapacity(cluster), {}, Prices(base.family), {}, {}, {}};
  for (const ClusterSpec::Kind& kind : cluster.kinds) maker.single.push_back(capacityOf(kind.board, cluster));
  SLUICE_TRY(const std::vector<ir::NodeId> nodes, map::kernelNodes(lowered, base.regime));
  SLUICE_TRY(const map::Partition finest, map::finestPartition(lowered, base.regime));
  SLUICE_TRY(const ir::Regions regions, ir::regions(lowered));
  SLUICE_TRY(maker.facts, nodeFacts(lowered, nodes, regions));
  maker.known.resize(nodes.size());
  maker.menu.choices.resize(nodes.size());
  {
    map::MapOptions slowest = base;
    slowest.reuseFactor = options.largestFactor;
    SLUICE_TRY(const map::Design design, map::mapGraph(lowered, slowest, finest));
    std::vector<std::string> names;
    for (const ir::NodeId id : nodes) names.push_back(lowered.node(id).name);
    maker.menu.problem = problemOf(design, lowered.name, names, cluster, Work::slowest);
  }
  // From slow to fast, until the boards could not hold it.
  for (std::uint64_t factor = options.largestFactor; factor >= 1; factor /= 2) {
    map::MapOptions uniform = base;
    uniform.reuseFactor = factor;
    const map::Pace pace = map::paceOf(lowered, regions.integer, uniform);
    SLUICE_TRY(const bool fits,
               maker.walk({.reuseFactor = factor, .targetInterval = pace.frame}, pace, factor));
    if (!fits) break;
  }
  std::reverse(maker.menu.uniform.begin(), maker.menu.uniform.end());
  std::vector<std::uint64_t> intervals;
  std::uint64_t most = 16;
  for (const ir::NodeId id : nodes) {
    const ir::Node& node = lowered.node(id);
    const map::Product product = map::productOf(lowered, node);
    most = std::max({most, product.vectors * product.inputs * product.outputs,
                     static_cast<std::uint64_t>(ir::elements(lowered.tensor(node.output).type.shape))});
  }
  for (std::uint64_t interval = 4; interval < 2 * most; interval *= 2) {
    intervals.push_back(interval);
    intervals.push_back(interval + interval / 2);
  }
  for (auto interval = intervals.rbegin(); interval != intervals.rend(); ++interval) {
    SLUICE_TRY(const bool fits,
               maker.walk({.targetInterval = *interval}, {.frame = *interval}, std::nullopt));
    if (!fits) break;
  }
  for (std::uint32_t v = 0; v < nodes.size(); ++v) {
    SLUICE_RETURN_IF_ERROR(maker.meet(v, intervals));
    prune(maker.menu.choices[v]);
  }
  maker.joinAll();
  maker.menu.priced = maker.prices.priced();
  return std::move(maker.menu);
}

std::optional<Selection> measureSelection(const Menu& menu, std::vector<std::uint32_t> choice,
                                          std::span<const double> capacity, std::span<const double> beyond) {
  Selection selection{.choice = std::move(choice), .cycles = 1};
  for (std::size_t v = 0; v < menu.choices.size(); ++v)
    selection.cycles = std::max(selection.cycles, menu.choices[v][selection.choice[v]].cycles);
  for (const MenuEdge& edge : menu.edges) {
    const MenuEdge::Join* join = joinOf(menu, edge, selection.choice);
    if (join == nullptr) return std::nullopt;
    selection.cycles = std::max(selection.cycles, join->cycles);
  }
  std::vector<double> size = sizeOf(menu, selection);
  for (std::size_t r = 0; r < beyond.size(); ++r) size[r] += beyond[r];
  selection.share = shareOf(size, capacity);
  return selection;
}

std::vector<double> sizeOf(const Menu& menu, const Selection& selection) {
  std::vector<double> size(menu.choices[0][0].size.size(), 0.0);
  for (std::size_t v = 0; v < menu.choices.size(); ++v)
    addTo(size, menu.choices[v][selection.choice[v]].size);
  for (const MenuEdge& edge : menu.edges) {
    const MenuEdge::Join* join = joinOf(menu, edge, selection.choice);
    SLUICE_CHECK(join != nullptr, "the choices can be joined");
    addTo(size, join->size);
  }
  return size;
}

map::MapOptions optionsOf(const Menu& menu, const Selection& selection, const map::MapOptions& options) {
  map::MapOptions map = options;
  map.regime = map::Regime::streamed;
  map.reuseFactor = 1;
  map.targetInterval.reset();
  for (std::size_t v = 0; v < menu.choices.size(); ++v)
    map.nodes[menu.problem.nodes[v].name] = menu.choices[v][selection.choice[v]].options;
  return map;
}

Selection noWorseThan(const Menu& menu, const Menu::Uniform& uniform, std::span<const double> capacity) {
  std::vector<std::uint32_t> choice;
  for (std::size_t v = 0; v < menu.choices.size(); ++v) {
    const std::vector<NodeChoice>& choices = menu.choices[v];
    const auto found = std::find_if(choices.begin(), choices.end(),
                                    [&](const NodeChoice& c) { return isWithin(c, uniform.nodes[v]); });
    SLUICE_CHECK(found != choices.end(), "choices are dropped for better ones only");
    choice.push_back(static_cast<std::uint32_t>(found - choices.begin()));
  }
  std::optional<Selection> selection = measureSelection(menu, std::move(choice), capacity);
  SLUICE_CHECK(selection.has_value(), "what was mapped can be joined");
  return *selection;
}

Problem problemOf(const Menu& menu, const Selection& selection, const ClusterSpec& cluster) {
  Problem problem = menu.problem;
  std::vector<std::uint64_t> cycles;
  for (std::size_t v = 0; v < problem.nodes.size(); ++v) {
    const NodeChoice& one = menu.choices[v][selection.choice[v]];
    problem.nodes[v].size = one.size;
    cycles.push_back(one.cycles);
  }
  for (const MenuEdge& edge : menu.edges) {
    const std::uint32_t written = menu.choices[edge.from][selection.choice[edge.from]].writes;
    const MenuEdge::Join* join = joinOf(menu, edge, selection.choice);
    SLUICE_CHECK(join != nullptr, "the choices can be joined");
    addTo(problem.nodes[edge.to].size, join->size);
    addTo(problem.nodes[edge.from].size, edge.cuts.at(written));
    cycles[edge.to] = std::max(cycles[edge.to], join->cycles);
  }
  for (std::size_t v = 0; v < problem.nodes.size(); ++v) {
    problem.nodes[v].time.clear();
    for (const ClusterSpec::Kind& kind : cluster.kinds)
      problem.nodes[v].time.push_back(static_cast<double>(cycles[v]) / kind.board.targetMhz);
  }
  return problem;
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
  if (options.multiplier == kernel::MultiplierStyle::dspPairs) say("multiplier=dsp2");
  if (options.weights == kernel::WeightMemory::logic) say("weights=logic");
  if (options.weights == kernel::WeightMemory::blockRam) say("weights=bram");
  if (options.rows == BufferStyle::shiftRegister) say("rows=srl");
  if (options.rows == BufferStyle::lutRam) say("rows=lutram");
  if (options.rows == BufferStyle::blockRam) say("rows=bram");
  return text;
}

}  // namespace sluice::splits
