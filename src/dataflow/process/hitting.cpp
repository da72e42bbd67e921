#include "dataflow/process/hitting.h"

#include <algorithm>
#include <deque>
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
         const std::function<bool()>& stop, const Test& test)
      : component_(component),
        conflicts_(component.conflicts),
        terms_(terms),
        costs_(costs),
        stop_(stop),
        test_(test),
        used_(terms.groups, 0),
        rowsOf_(terms.groups) {
    for (const std::uint32_t row : component.rows)
      for (const std::uint32_t g : terms.row(row)) rowsOf_[g].push_back(row);
    for (std::uint32_t g = 0; g < terms.groups; ++g) place_.push_back(costs.at(g, 3) - costs.at(g, 2));
  }

  /// Below `limit`, with depths up to `most`; best() stays infinite if there is nothing.
  void run(const std::vector<std::uint64_t>& most, std::uint64_t limit) {
    limit_ = limit;
    Node node;
    node.most = most;
    for (std::uint32_t term = 0; term < terms_.size(); ++term) node.least.push_back(terms_.least(term));
    node.value = node.least;
    for (std::uint32_t row = terms_.groups; row < terms_.size(); ++row)
      node.most.push_back(terms_.value(row, most));
    for (const std::uint32_t g : component_.groups) node.cost += costs_.at(g, leastDepth);
    visit(std::move(node));
  }
  [[nodiscard]] std::uint64_t best() const { return best_; }
  [[nodiscard]] const std::vector<std::uint64_t>& depths() const { return depths_; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] std::uint64_t nodes() const { return nodes_; }
  [[nodiscard]] const std::deque<Conflict>& found() const { return found_; }

 private:
  /// What is left: terms within [least, most]. `value`: of the least depths; of a row it may miss its least.
  struct Node {
    std::vector<std::uint64_t> least, value, most;
    std::uint64_t cost = 0;                  ///< of the least depths, groups of the component only
    std::vector<const Conflict*> conflicts;  ///< that no depths from `least` on have left for ever
    std::size_t known = 0;                   ///< conflicts_ looked at
  };

  /// A conflict that the least depths lie in, or a row whose sum they miss; what that adds to the cost at least.
  struct Violated {
    std::uint64_t price = 0;
    const Conflict* conflict = nullptr;
    std::uint32_t row = 0;  ///< if there is no conflict
  };

  std::uint64_t ceiling() const { return std::min(best_, limit_); }
  /// The group of a row in which a place costs least; nothing if all are at their most.
  std::optional<std::uint32_t> cheapestOf(const Node& node, std::uint32_t row) const {
    std::optional<std::uint32_t> found;
    for (const std::uint32_t g : terms_.row(row))
      if (node.least[g] < node.most[g] && (!found || place_[g] < place_[*found])) found = g;
    return found;
  }

  /// What raising the literal above its hi adds to the cost at `node`; infinite if it may not be.
  std::uint64_t raise(const Node& node, const Literal& l) const {
    if (l.hi >= node.most[l.term]) return infinite;
    if (!terms_.isRow(l.term)) return costs_.at(l.term, l.hi + 1) - costs_.at(l.term, node.least[l.term]);
    const std::optional<std::uint32_t> cheapest = cheapestOf(node, l.term);
    return cheapest ? (l.hi + 1 - node.value[l.term]) * place_[*cheapest] : infinite;
  }

  void set(Node& node, std::uint32_t term, std::uint64_t least) const {
    if (!terms_.isRow(term)) {
      node.cost += costs_.at(term, least) - costs_.at(term, node.least[term]);
      for (const std::uint32_t row : rowsOf_[term]) node.value[row] += least - node.least[term];
      node.value[term] = least;
    }
    node.least[term] = least;
  }

  /// The conflicts that depths from the least on can still lie in.
  void filter(Node& node) const {
    node.conflicts.insert(node.conflicts.end(), conflicts_.begin() + static_cast<std::ptrdiff_t>(node.known),
                          conflicts_.end());
    node.known = conflicts_.size();
    std::erase_if(node.conflicts, [&](const Conflict* conflict) {
      return std::any_of(conflict->begin(), conflict->end(), [&](const Literal& l) {
        return std::max(node.value[l.term], node.least[l.term]) > l.hi || node.most[l.term] < l.lo;
      });
    });
  }

  /// Whether the least depths lie in one of node.conflicts.
  bool inside(const Node& node, const Conflict& conflict) const {
    return std::all_of(conflict.begin(), conflict.end(), [&](const Literal& l) {
      const std::uint64_t value = node.value[l.term];
      return l.lo <= value && value <= l.hi && node.least[l.term] <= l.hi;
    });
  }

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
      set(node, g, least - others);
      changed = true;
    }
    const std::uint64_t have = node.value[row];
    if (have > node.most[row]) return false;
    if (have >= least) return true;
    const std::optional<std::uint32_t> cheapest = cheapestOf(node, row);
    if (!cheapest) return false;
    const std::uint64_t price = (least - have) * place_[*cheapest];
    if (node.cost + price >= ceiling()) return false;
    violated.push_back({.price = price, .conflict = nullptr, .row = row});
    return true;
  }

  /// Forces what is forced. `violated`: what the least depths violate, conflicts before rows, the hardest to mend first.
  /// False: no vector below the ceiling is left.
  bool propagate(Node& node, std::vector<Violated>& violated) {
    filter(node);
    for (bool changed = true; changed;) {
      changed = false;
      violated.clear();
      for (const Conflict* conflict : node.conflicts) {
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
          set(node, only->term, only->hi + 1);
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
    if (node.cost + disjoint(violated) >= ceiling()) return false;
    std::stable_partition(violated.begin(), violated.end(), [](const Violated& v) { return v.conflict; });
    return true;
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

  /// Tries depths that lie in no known conflict. False: they lie in a new one.
  bool accept(const Node& node) {
    if (test_) {
      std::optional<Conflict> conflict = test_(node.least);
      if (conflict) {
        found_.push_back(std::move(*conflict));
        conflicts_.push_back(&found_.back());
        return false;
      }
    }
    best_ = node.cost;
    depths_.assign(node.least.begin(), node.least.begin() + terms_.groups);
    return true;
  }

  void visit(Node node) {
    std::vector<Violated> violated;
    for (;;) {
      if ((++nodes_ & 63) == 0 && stop_()) stopped_ = true;
      if (stopped_ || !propagate(node, violated)) return;
      if (violated.empty()) {
        if (accept(node)) return;
        continue;
      }
      if (violated.front().conflict) return branch(std::move(node), *violated.front().conflict);
      // The cheapest group of a row takes all that is missing, or less.
      const std::uint32_t row = violated.front().row, g = *cheapestOf(node, row);
      const std::uint64_t least = std::min(node.most[g], node.least[g] + node.least[row] - node.value[row]);
      Node child = node;
      set(child, g, least);
      visit(std::move(child));
      node.most[g] = least - 1;
    }
  }

  void branch(Node node, const Conflict& conflict) {
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
        set(child, literal->term, literal->hi + 1);
        visit(std::move(child));
      }
      node.most[literal->term] = std::min(node.most[literal->term], literal->hi);
    }
  }

  const Component& component_;
  std::vector<const Conflict*> conflicts_;
  const Terms& terms_;
  const GroupCosts& costs_;
  const std::function<bool()>& stop_;
  const Test& test_;
  std::vector<std::uint64_t> depths_, used_;
  std::vector<std::vector<std::uint32_t>> rowsOf_;  ///< rows of the component, per group
  std::vector<std::uint64_t> place_;                ///< what a place of a group costs
  std::deque<Conflict> found_;
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
  const std::vector<std::uint64_t> top(most.begin(), most.begin() + terms.groups);
  const Test noTest;
  result.depths.assign(terms.groups, leastDepth);
  std::uint64_t least = costs.total(result.depths);
  for (const Component& part : components(conflicts, terms)) {
    std::uint64_t base = 0;
    for (const std::uint32_t g : part.groups) base += costs.at(g, leastDepth);
    Search search(part, terms, costs, stop, noTest);
    const std::uint64_t others =
        least - base;  // of the other components, as far as they are known: least costs
    search.run(top, known > others ? known - others : 0);
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

Hitting cheapestFeasible(std::vector<Conflict>& conflicts, const Terms& terms, const GroupCosts& costs,
                         const std::vector<std::uint64_t>& most, std::uint64_t below,
                         const std::function<bool()>& stop, const Test& test) {
  Component all;
  for (std::uint32_t g = 0; g < terms.groups; ++g) all.groups.push_back(g);
  for (std::uint32_t row = terms.groups; row < terms.size(); ++row) all.rows.push_back(row);
  for (const Conflict& conflict : conflicts) all.conflicts.push_back(&conflict);
  Search search(all, terms, costs, stop, test);
  search.run({most.begin(), most.begin() + terms.groups}, below);
  const bool none = search.best() >= below;
  Hitting result{.depths = none ? std::vector<std::uint64_t>{} : search.depths(),
                 .cost = none ? below : search.best(),
                 .complete = !search.stopped(),
                 .nodes = search.nodes()};
  conflicts.insert(conflicts.end(), search.found().begin(), search.found().end());
  return result;
}

}  // namespace sluice::dataflow::process
