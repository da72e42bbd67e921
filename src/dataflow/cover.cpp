#include "dataflow/cover.h"

#include <algorithm>

/// Branch on the literals of a broken clause: in the i-th branch literal i holds and those before it do not,
/// so no vector is looked at twice. A clause with one literal left is forced. What is still to be paid is at
/// least the sum over broken clauses that share no variable of the cheapest literal of each.
namespace sluice::dataflow {

std::uint64_t Cover::cost(const std::vector<std::uint64_t>& x) const {
  std::uint64_t sum = 0;
  for (std::size_t v = 0; v < x.size(); ++v) sum += weight_[v] * x[v];
  return sum;
}

bool Cover::satisfies(const std::vector<std::uint64_t>& x, const Clause& clause) const {
  return std::any_of(clause.literals.begin(), clause.literals.end(),
                     [&](const Clause::Literal& l) { return x[l.variable] >= l.value; });
}

void Cover::search(Node node) {
  if (nodesLeft_ == 0 || best_.cost == bound_) return;
  --nodesLeft_;
  struct Broken {
    const Clause* clause;
    std::uint64_t cheapest;
    std::uint32_t options;
  };
  std::vector<Broken> broken;
  for (bool again = true; again;) {  // forced literals, until there are none
    again = false;
    broken.clear();
    for (const Clause& clause : clauses_) {
      if (satisfies(node.x, clause)) continue;
      Broken b{&clause, ~std::uint64_t{0}, 0};
      const Clause::Literal* only = nullptr;
      for (const Clause::Literal& l : clause.literals) {
        if (l.value >= node.below[l.variable]) continue;
        ++b.options;
        only = &l;
        b.cheapest = std::min(b.cheapest, (l.value - node.x[l.variable]) * weight_[l.variable]);
      }
      if (b.options == 0) return;
      if (b.options > 1) {
        broken.push_back(b);
        continue;
      }
      node.cost += (only->value - node.x[only->variable]) * weight_[only->variable];
      node.x[only->variable] = only->value;
      if (node.cost >= best_.cost) return;
      again = true;
    }
  }
  if (broken.empty()) {
    if (node.cost < best_.cost) {
      best_.x = std::move(node.x);
      best_.cost = node.cost;
    }
    return;
  }
  std::stable_sort(broken.begin(), broken.end(),
                   [](const Broken& a, const Broken& b) { return a.cheapest > b.cheapest; });
  std::uint64_t rest = 0;
  std::vector<bool> used(node.x.size(), false);
  for (const Broken& b : broken) {
    const auto open = [&](const Clause::Literal& l) { return l.value < node.below[l.variable]; };
    bool shares = false;
    for (const Clause::Literal& l : b.clause->literals) shares = shares || (open(l) && used[l.variable]);
    if (shares) continue;
    rest += b.cheapest;
    for (const Clause::Literal& l : b.clause->literals)
      if (open(l)) used[l.variable] = true;
  }
  if (node.cost + rest >= best_.cost) return;
  const Broken& chosen =
      *std::min_element(broken.begin(), broken.end(), [](const Broken& a, const Broken& b) {
        return a.options != b.options ? a.options < b.options : a.cheapest > b.cheapest;
      });
  std::vector<Clause::Literal> literals;
  for (const Clause::Literal& l : chosen.clause->literals)
    if (l.value < node.below[l.variable]) literals.push_back(l);
  const auto price = [&](const Clause::Literal& l) {
    return (l.value - node.x[l.variable]) * weight_[l.variable];
  };
  std::stable_sort(literals.begin(), literals.end(),
                   [&](const auto& a, const auto& b) { return price(a) < price(b); });
  for (const Clause::Literal& l : literals) {
    if (l.value >= node.below[l.variable]) continue;
    if (node.cost + price(l) < best_.cost) {
      Node child = node;
      child.cost += price(l);
      child.x[l.variable] = l.value;
      search(std::move(child));
    }
    node.below[l.variable] = l.value;
  }
}

Cover::Answer Cover::solve(std::uint64_t mostNodes) {
  // A first answer: every broken clause by its cheapest literal.
  best_ = {};
  best_.x = lowest_;
  for (const Clause& clause : clauses_) {
    if (satisfies(best_.x, clause)) continue;
    const auto cheapest = std::min_element(clause.literals.begin(), clause.literals.end(),
                                           [&](const Clause::Literal& a, const Clause::Literal& b) {
                                             return (a.value - best_.x[a.variable]) * weight_[a.variable] <
                                                    (b.value - best_.x[b.variable]) * weight_[b.variable];
                                           });
    best_.x[cheapest->variable] = cheapest->value;
  }
  best_.cost = cost(best_.x);
  nodesLeft_ = mostNodes;
  search({lowest_, std::vector<std::uint64_t>(lowest_.size(), ~std::uint64_t{0}), cost(lowest_)});
  if (nodesLeft_ > 0 || best_.cost == bound_) bound_ = best_.cost;
  best_.bound = bound_;
  return best_;
}

}  // namespace sluice::dataflow
