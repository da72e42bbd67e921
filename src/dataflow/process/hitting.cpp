#include "dataflow/process/hitting.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace sluice::dataflow::process {

namespace {

constexpr std::uint64_t infinite = ~std::uint64_t{0} >> 1;

/// Groups that conflicts join, and the conflicts among them.
struct Component {
  std::vector<std::uint32_t> groups;
  std::vector<const Conflict*> conflicts;
  std::vector<const Sum*> sums;
};

std::vector<Component> components(const std::vector<Conflict>& conflicts, const std::vector<Sum>& sums,
                                  std::size_t groups) {
  std::vector<std::uint32_t> parent(groups);
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&](std::uint32_t g) {
    while (parent[g] != g) g = parent[g] = parent[parent[g]];
    return g;
  };
  for (const Conflict& conflict : conflicts)
    for (const Literal& literal : conflict) parent[root(literal.group)] = root(conflict.front().group);
  for (const Sum& sum : sums)
    for (const std::uint32_t g : sum.groups) parent[root(g)] = root(sum.groups.front());
  std::vector<std::uint32_t> indexOf(groups, ~0u);
  std::vector<Component> all;
  for (std::uint32_t g = 0; g < groups; ++g) {
    std::uint32_t& index = indexOf[root(g)];
    if (index == ~0u) {
      index = static_cast<std::uint32_t>(all.size());
      all.emplace_back();
    }
    all[index].groups.push_back(g);
  }
  for (const Conflict& conflict : conflicts)
    all[indexOf[root(conflict.front().group)]].conflicts.push_back(&conflict);
  for (const Sum& sum : sums) all[indexOf[root(sum.groups.front())]].sums.push_back(&sum);
  return all;
}

/// Depth-first branch and bound on one component. Vectors are by group of the whole problem.
class Search {
 public:
  Search(const Component& component, const GroupCosts& costs, const std::function<bool()>& stop)
      : component_(component), costs_(costs), stop_(stop), used_(costs.groups(), 0) {}

  struct Node {
    std::vector<std::uint64_t> least, most;
    std::uint64_t cost = 0;  ///< of `least`, groups of the component only
  };

  /// Below `limit`; best() stays infinite if there is nothing.
  void run(Node node, std::uint64_t limit) {
    limit_ = limit;
    visit(std::move(node));
  }
  [[nodiscard]] std::uint64_t best() const { return best_; }
  [[nodiscard]] const std::vector<std::uint64_t>& depths() const { return depths_; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] std::uint64_t nodes() const { return nodes_; }

 private:
  std::uint64_t ceiling() const { return std::min(best_, limit_); }

  /// What raising the literal above its hi adds to the cost at `node`; infinite if it may not be.
  std::uint64_t raise(const Node& node, const Literal& l) const {
    if (l.hi >= node.most[l.group]) return infinite;
    return costs_.at(l.group, l.hi + 1) - costs_.at(l.group, node.least[l.group]);
  }

  void set(Node& node, const Literal& l) const {
    node.cost += costs_.at(l.group, l.hi + 1) - costs_.at(l.group, node.least[l.group]);
    node.least[l.group] = l.hi + 1;
  }

  /// What a conflict that contains the corner, or a sum that it misses, adds to the cost at least.
  struct Violated {
    std::uint64_t price = 0;
    const Conflict* conflict = nullptr;
    const Sum* sum = nullptr;  ///< one of the two
  };

  std::uint64_t missing(const Node& node, const Sum& sum) const {
    std::uint64_t have = 0;
    for (const std::uint32_t g : sum.groups) have += node.least[g];
    return have >= sum.least ? 0 : sum.least - have;
  }

  /// The group of the sum in which a place costs least; nothing if all are at their most.
  std::optional<std::uint32_t> cheapestOf(const Node& node, const Sum& sum) const {
    std::optional<std::uint32_t> found;
    for (const std::uint32_t g : sum.groups)
      if (node.least[g] < node.most[g] && (!found || place(g) < place(*found))) found = g;
    return found;
  }
  std::uint64_t place(std::uint32_t g) const { return costs_.at(g, 3) - costs_.at(g, 2); }

  /// Raises groups that the others cannot make up for. False: the sum cannot be reached below the ceiling.
  bool reach(Node& node, const Sum& sum, bool& changed, std::vector<Violated>& violated) {
    std::uint64_t most = 0;
    for (const std::uint32_t g : sum.groups) most += node.most[g];
    if (most < sum.least) return false;
    for (const std::uint32_t g : sum.groups) {
      const std::uint64_t others = most - node.most[g];
      if (others + node.least[g] >= sum.least) continue;
      set(node, {.group = g, .hi = sum.least - others - 1});
      changed = true;
    }
    const std::uint64_t lack = missing(node, sum);
    if (lack == 0) return true;
    const std::uint64_t price = lack * place(*cheapestOf(node, sum));
    if (node.cost + price >= ceiling()) return false;
    violated.push_back({.price = price, .conflict = nullptr, .sum = &sum});
    return true;
  }

  /// Forces what is forced. `violated`: the conflicts that contain the corner, the hardest to leave first. False: no
  /// vector below the ceiling is left.
  bool propagate(Node& node, std::vector<Violated>& violated) {
    for (bool changed = true; changed;) {
      changed = false;
      violated.clear();
      for (const Conflict* conflict : component_.conflicts) {
        if (!contains(*conflict, node.least)) continue;
        const Literal* only = nullptr;
        std::size_t open = 0;
        std::uint64_t cheapest = infinite;
        for (const Literal& literal : *conflict) {
          const std::uint64_t price = raise(node, literal);
          if (price >= infinite || node.cost + price >= ceiling()) continue;
          ++open;
          only = &literal;
          cheapest = std::min(cheapest, price);
        }
        if (open == 0) return false;
        if (open == 1) {
          set(node, *only);
          changed = true;
        } else {
          violated.push_back({.price = cheapest, .conflict = conflict, .sum = nullptr});
        }
      }
      for (const Sum* sum : component_.sums)
        if (!reach(node, *sum, changed, violated)) return false;
    }
    std::stable_sort(violated.begin(), violated.end(),
                     [](const Violated& a, const Violated& b) { return a.price > b.price; });
    return node.cost + disjoint(violated) < ceiling();
  }

  /// Cheapest raises of conflicts that share no group, taken greedily.
  std::uint64_t disjoint(const std::vector<Violated>& violated) {
    ++stamp_;
    std::uint64_t sum = 0;
    std::vector<std::uint32_t> groups;
    for (const Violated& one : violated) {
      groups.clear();
      if (one.sum) groups = one.sum->groups;
      if (one.conflict)
        for (const Literal& l : *one.conflict) groups.push_back(l.group);
      if (std::any_of(groups.begin(), groups.end(), [&](std::uint32_t g) { return used_[g] == stamp_; }))
        continue;
      for (const std::uint32_t g : groups) used_[g] = stamp_;
      sum += one.price;
    }
    return sum;
  }

  /// The cheapest group of the sum takes all that is missing, or less.
  void share(Node node, const Sum& sum) {
    const std::uint32_t g = *cheapestOf(node, sum);
    const std::uint64_t least = std::min(node.most[g], node.least[g] + missing(node, sum));
    Node child = node;
    set(child, {.group = g, .hi = least - 1});
    visit(std::move(child));
    node.most[g] = least - 1;
    visit(std::move(node));
  }

  void visit(Node node) {
    if ((++nodes_ & 255) == 0 && stop_()) stopped_ = true;
    if (stopped_) return;
    std::vector<Violated> violated;
    if (!propagate(node, violated)) return;
    if (violated.empty()) {
      best_ = node.cost;
      depths_ = node.least;
      return;
    }
    if (violated.front().sum) return share(std::move(node), *violated.front().sum);
    const Conflict& conflict = *violated.front().conflict;
    std::vector<std::pair<std::uint64_t, const Literal*>> choices;
    for (const Literal& literal : conflict) {
      const std::uint64_t price = raise(node, literal);
      if (price < infinite) choices.emplace_back(price, &literal);
    }
    std::stable_sort(choices.begin(), choices.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [price, literal] : choices) {
      if (stopped_) return;
      if (node.cost + price < ceiling()) {
        Node child = node;
        set(child, *literal);
        visit(std::move(child));
      }
      node.most[literal->group] = std::min(node.most[literal->group], literal->hi);
    }
  }

  const Component& component_;
  const GroupCosts& costs_;
  const std::function<bool()>& stop_;
  std::vector<std::uint64_t> depths_, used_;
  std::uint64_t best_ = infinite, limit_ = infinite, nodes_ = 0, stamp_ = 0;
  bool stopped_ = false;
};

}  // namespace

Hitting cheapest(const std::vector<Conflict>& conflicts, const std::vector<Sum>& sums,
                 const GroupCosts& costs, const std::vector<std::uint64_t>& most, std::uint64_t known,
                 const std::function<bool()>& stop) {
  Hitting result;
  result.depths.assign(most.size(), leastDepth);
  for (const Conflict& conflict : conflicts)
    if (conflict.empty()) return {.depths = {}, .cost = known, .complete = true, .nodes = 0};
  const std::vector<Component> parts = components(conflicts, sums, most.size());
  std::uint64_t least = costs.total(result.depths);
  for (const Component& part : parts) {
    std::uint64_t base = 0;
    for (const std::uint32_t g : part.groups) base += costs.at(g, leastDepth);
    Search search(part, costs, stop);
    const std::uint64_t others =
        least - base;  // of the other components, as far as they are known: least costs
    search.run({.least = std::vector<std::uint64_t>(most.size(), leastDepth), .most = most, .cost = base},
               known > others ? known - others : 0);
    result.nodes += search.nodes();
    if (search.stopped()) {
      result.complete = false;
      continue;  // its least cost stays at the bottom: weak, but true
    }
    if (search.best() == infinite)
      return {.depths = {}, .cost = known, .complete = true, .nodes = result.nodes};
    least = others + search.best();
    for (const std::uint32_t g : part.groups) result.depths[g] = search.depths()[g];
  }
  result.cost = least;
  if (!result.complete) result.depths.clear();
  return result;
}

}  // namespace sluice::dataflow::process
