#include "dataflow/process/hitting.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace sluice::dataflow::process {

namespace {

constexpr std::uint64_t infinite = ~std::uint64_t{0} >> 1;

/// Groups that conflicts join, the conflicts and the rows among them.
struct Component {
  std::vector<std::uint32_t> groups, rows;  ///< rows: terms that occur in conflicts
  std::vector<const Conflict*> conflicts;
};

std::vector<Component> components(const std::vector<Conflict>& conflicts, const Terms& terms) {
  std::vector<std::uint32_t> parent(terms.size());
  std::vector<bool> occurs(terms.size(), false);
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&](std::uint32_t t) {
    while (parent[t] != t) t = parent[t] = parent[parent[t]];
    return t;
  };
  for (const Conflict& conflict : conflicts)
    for (const Literal& literal : conflict) {
      parent[root(literal.term)] = root(conflict.front().term);
      occurs[literal.term] = true;
    }
  for (std::uint32_t row = terms.groups; row < terms.size(); ++row)
    if (occurs[row])
      for (const std::uint32_t g : terms.row(row)) parent[root(g)] = root(row);
  std::vector<std::uint32_t> indexOf(terms.size(), ~0u);
  std::vector<Component> all;
  for (std::uint32_t g = 0; g < terms.groups; ++g) {
    std::uint32_t& index = indexOf[root(g)];
    if (index == ~0u) {
      index = static_cast<std::uint32_t>(all.size());
      all.emplace_back();
    }
    all[index].groups.push_back(g);
  }
  for (std::uint32_t row = terms.groups; row < terms.size(); ++row)
    if (occurs[row]) all[indexOf[root(row)]].rows.push_back(row);
  for (const Conflict& conflict : conflicts)
    all[indexOf[root(conflict.front().term)]].conflicts.push_back(&conflict);
  return all;
}

/// Depth-first branch and bound on one component. Vectors are by term of the whole problem.
class Search {
 public:
  Search(const Component& component, const Terms& terms, const GroupCosts& costs,
         const std::function<bool()>& stop)
      : component_(component), terms_(terms), costs_(costs), stop_(stop), used_(terms.groups, 0) {}

  /// What is left: depths and sums within [least, most]. The least depths may miss the least sums.
  struct Node {
    std::vector<std::uint64_t> least, most;
    std::uint64_t cost = 0;  ///< of the least depths, groups of the component only
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
  std::uint64_t place(std::uint32_t g) const { return costs_.at(g, 3) - costs_.at(g, 2); }

  /// The group of a row in which a place costs least; nothing if all are at their most.
  std::optional<std::uint32_t> cheapestOf(const Node& node, std::uint32_t row) const {
    std::optional<std::uint32_t> found;
    for (const std::uint32_t g : terms_.row(row))
      if (node.least[g] < node.most[g] && (!found || place(g) < place(*found))) found = g;
    return found;
  }

  /// What raising the literal above its hi adds to the cost at `node`; infinite if it may not be.
  std::uint64_t raise(const Node& node, const Literal& l) const {
    if (l.hi >= node.most[l.term]) return infinite;
    if (!terms_.isRow(l.term)) return costs_.at(l.term, l.hi + 1) - costs_.at(l.term, node.least[l.term]);
    const std::optional<std::uint32_t> cheapest = cheapestOf(node, l.term);
    return cheapest ? (l.hi + 1 - terms_.value(l.term, node.least)) * place(*cheapest) : infinite;
  }

  void set(Node& node, const Literal& l) const {
    if (!terms_.isRow(l.term))
      node.cost += costs_.at(l.term, l.hi + 1) - costs_.at(l.term, node.least[l.term]);
    node.least[l.term] = l.hi + 1;
  }

  /// Whether the least depths lie in the conflict and no sum is to leave it anyway.
  bool inside(const Node& node, const Conflict& conflict) const {
    return std::all_of(conflict.begin(), conflict.end(), [&](const Literal& l) {
      const std::uint64_t value = terms_.value(l.term, node.least);
      return l.lo <= value && value <= l.hi && node.least[l.term] <= l.hi;
    });
  }

  /// A conflict that the least depths lie in, or a row whose sum they miss; what that adds to the cost at least.
  struct Violated {
    std::uint64_t price = 0;
    const Conflict* conflict = nullptr;
    std::uint32_t row = 0;  ///< if there is no conflict
  };

  /// Raises groups that the others cannot make up for. False: no depths give the sum below the ceiling.
  bool reach(Node& node, std::uint32_t row, bool& changed, std::vector<Violated>& violated) {
    const std::vector<std::uint32_t>& groups = terms_.row(row);
    std::uint64_t most = 0;
    for (const std::uint32_t g : groups) most += node.most[g];
    const std::uint64_t least = node.least[row];
    if (most < least) return false;
    for (const std::uint32_t g : groups) {
      const std::uint64_t others = most - node.most[g];
      if (others + node.least[g] >= least) continue;
      set(node, {.term = g, .hi = least - others - 1});
      changed = true;
    }
    const std::uint64_t have = terms_.value(row, node.least);
    if (have > node.most[row]) return false;
    if (have >= least) return true;
    const std::optional<std::uint32_t> cheapest = cheapestOf(node, row);
    if (!cheapest) return false;
    const std::uint64_t price = (least - have) * place(*cheapest);
    if (node.cost + price >= ceiling()) return false;
    violated.push_back({.price = price, .conflict = nullptr, .row = row});
    return true;
  }

  /// Forces what is forced. `violated`: what the least depths violate, the hardest to mend first. False: no vector below
  /// the ceiling is left.
  bool propagate(Node& node, std::vector<Violated>& violated) {
    for (bool changed = true; changed;) {
      changed = false;
      violated.clear();
      for (const Conflict* conflict : component_.conflicts) {
        if (!inside(node, *conflict)) continue;
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
          violated.push_back({.price = cheapest, .conflict = conflict, .row = 0});
        }
      }
      for (const std::uint32_t row : component_.rows)
        if (!reach(node, row, changed, violated)) return false;
    }
    std::stable_sort(violated.begin(), violated.end(),
                     [](const Violated& a, const Violated& b) { return a.price > b.price; });
    return node.cost + disjoint(violated) < ceiling();
  }

  /// Prices of what shares no group, taken greedily.
  std::uint64_t disjoint(const std::vector<Violated>& violated) {
    ++stamp_;
    std::uint64_t sum = 0;
    std::vector<std::uint32_t> groups;
    for (const Violated& one : violated) {
      groups.clear();
      const auto add = [&](std::uint32_t term) {
        if (terms_.isRow(term))
          groups.insert(groups.end(), terms_.row(term).begin(), terms_.row(term).end());
        else
          groups.push_back(term);
      };
      if (one.conflict)
        for (const Literal& l : *one.conflict) add(l.term);
      else
        add(one.row);
      if (std::any_of(groups.begin(), groups.end(), [&](std::uint32_t g) { return used_[g] == stamp_; }))
        continue;
      for (const std::uint32_t g : groups) used_[g] = stamp_;
      sum += one.price;
    }
    return sum;
  }

  /// The cheapest group of the row takes all that is missing, or less.
  void share(Node node, std::uint32_t row) {
    const std::uint32_t g = *cheapestOf(node, row);
    const std::uint64_t missing = node.least[row] - terms_.value(row, node.least);
    const std::uint64_t least = std::min(node.most[g], node.least[g] + missing);
    Node child = node;
    set(child, {.term = g, .hi = least - 1});
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
    if (!violated.front().conflict) return share(std::move(node), violated.front().row);
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
      node.most[literal->term] = std::min(node.most[literal->term], literal->hi);
    }
  }

  const Component& component_;
  const Terms& terms_;
  const GroupCosts& costs_;
  const std::function<bool()>& stop_;
  std::vector<std::uint64_t> depths_, used_;
  std::uint64_t best_ = infinite, limit_ = infinite, nodes_ = 0, stamp_ = 0;
  bool stopped_ = false;
};

}  // namespace

Hitting cheapest(const std::vector<Conflict>& conflicts, const Terms& terms, const GroupCosts& costs,
                 const std::vector<std::uint64_t>& most, std::uint64_t known,
                 const std::function<bool()>& stop) {
  Hitting result;
  for (const Conflict& conflict : conflicts)
    if (conflict.empty()) return {.depths = {}, .cost = known, .complete = true, .nodes = 0};
  std::vector<std::uint64_t> bottom, top(most.begin(), most.begin() + terms.groups);
  for (std::uint32_t term = 0; term < terms.size(); ++term) bottom.push_back(terms.least(term));
  for (std::uint32_t row = terms.groups; row < terms.size(); ++row) top.push_back(terms.value(row, most));
  result.depths.assign(terms.groups, leastDepth);
  std::uint64_t least = costs.total(result.depths);
  for (const Component& part : components(conflicts, terms)) {
    std::uint64_t base = 0;
    for (const std::uint32_t g : part.groups) base += costs.at(g, leastDepth);
    Search search(part, terms, costs, stop);
    const std::uint64_t others =
        least - base;  // of the other components, as far as they are known: least costs
    search.run({.least = bottom, .most = top, .cost = base}, known > others ? known - others : 0);
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
