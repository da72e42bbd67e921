#include "dataflow/cover.h"

#include <algorithm>

/// Branch on the literals of a broken clause: in the i-th branch literal i holds and those before it do not,
/// so no vector is looked at twice. A clause with one literal left is forced. What is still to be paid is at
/// least the sum over broken clauses that share no variable of the cheapest literal of each.
///
/// Clauses that share no variable, not even through others, are problems of their own: long networks have
/// many small conflicts in different places, and each is solved once.
namespace sluice::dataflow {
namespace {

/// One group, its variables renumbered from 0.
struct Problem {
  struct Node {
    std::vector<std::uint64_t> x, below;  // x[v] is at least x, and under below
    std::uint64_t cost = 0;               // above the lowest values
  };
  struct Best {
    std::vector<std::uint64_t> x;
    std::uint64_t cost = 0;
  };
  std::vector<std::uint64_t> lowest, weight;
  std::vector<Clause> clauses;
  std::uint64_t bound = 0;  // known from before
  std::uint64_t nodesLeft = 0;
  Best best;

  [[nodiscard]] std::uint64_t cost(const std::vector<std::uint64_t>& x) const {
    std::uint64_t sum = 0;
    for (std::size_t v = 0; v < x.size(); ++v) sum += weight[v] * (x[v] - lowest[v]);
    return sum;
  }

  void solve(std::uint64_t mostNodes) {
    // A first answer: every broken clause by its cheapest literal.
    best.x = lowest;
    for (const Clause& clause : clauses) {
      if (satisfies(best.x, clause)) continue;
      const auto cheapest = std::min_element(clause.literals.begin(), clause.literals.end(),
                                             [&](const Clause::Literal& a, const Clause::Literal& b) {
                                               return (a.value - best.x[a.variable]) * weight[a.variable] <
                                                      (b.value - best.x[b.variable]) * weight[b.variable];
                                             });
      best.x[cheapest->variable] = cheapest->value;
    }
    best.cost = cost(best.x);
    nodesLeft = mostNodes;
    search({lowest, std::vector<std::uint64_t>(lowest.size(), ~std::uint64_t{0}), 0});
    if (nodesLeft > 0) bound = best.cost;
  }

  void search(Node node) {
    if (nodesLeft == 0 || best.cost == bound) return;
    --nodesLeft;
    struct Broken {
      const Clause* clause;
      std::uint64_t cheapest;
      std::uint32_t options;
    };
    std::vector<Broken> broken;
    for (bool again = true; again;) {  // forced literals, until there are none
      again = false;
      broken.clear();
      for (const Clause& clause : clauses) {
        if (satisfies(node.x, clause)) continue;
        Broken b{&clause, ~std::uint64_t{0}, 0};
        const Clause::Literal* only = nullptr;
        for (const Clause::Literal& l : clause.literals) {
          if (l.value >= node.below[l.variable]) continue;
          ++b.options;
          only = &l;
          b.cheapest = std::min(b.cheapest, (l.value - node.x[l.variable]) * weight[l.variable]);
        }
        if (b.options == 0) return;
        if (b.options > 1) {
          broken.push_back(b);
          continue;
        }
        node.cost += (only->value - node.x[only->variable]) * weight[only->variable];
        node.x[only->variable] = only->value;
        if (node.cost >= best.cost) return;
        again = true;
      }
    }
    if (broken.empty()) {
      if (node.cost < best.cost) {
        best.x = std::move(node.x);
        best.cost = node.cost;
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
    if (node.cost + rest >= best.cost) return;
    const Broken& chosen =
        *std::min_element(broken.begin(), broken.end(), [](const Broken& a, const Broken& b) {
          return a.options != b.options ? a.options < b.options : a.cheapest > b.cheapest;
        });
    std::vector<Clause::Literal> literals;
    for (const Clause::Literal& l : chosen.clause->literals)
      if (l.value < node.below[l.variable]) literals.push_back(l);
    const auto price = [&](const Clause::Literal& l) {
      return (l.value - node.x[l.variable]) * weight[l.variable];
    };
    std::stable_sort(literals.begin(), literals.end(),
                     [&](const auto& a, const auto& b) { return price(a) < price(b); });
    for (const Clause::Literal& l : literals) {
      if (l.value >= node.below[l.variable]) continue;
      if (node.cost + price(l) < best.cost) {
        Node child = node;
        child.cost += price(l);
        child.x[l.variable] = l.value;
        search(std::move(child));
      }
      node.below[l.variable] = l.value;
    }
  }
};

}  // namespace

Cover::Cover(std::vector<std::uint64_t> lowest, std::vector<std::uint64_t> weight)
    : lowest_(std::move(lowest)), weight_(std::move(weight)), x_(lowest_) {
  groups_.resize(lowest_.size());
  for (std::uint32_t v = 0; v < lowest_.size(); ++v) {
    groups_[v].variables = {v};
    groups_[v].solved = true;
    groupOf_.push_back(v);
  }
}

std::uint64_t Cover::cost(const std::vector<std::uint64_t>& x) const {
  std::uint64_t sum = 0;
  for (std::size_t v = 0; v < x.size(); ++v) sum += weight_[v] * x[v];
  return sum;
}

bool satisfies(const std::vector<std::uint64_t>& x, const Clause& clause) {
  return std::any_of(clause.literals.begin(), clause.literals.end(),
                     [&](const Clause::Literal& l) { return x[l.variable] >= l.value; });
}

void Cover::add(Clause clause) {
  const auto largest = std::max_element(clause.literals.begin(), clause.literals.end(),
                                        [&](const Clause::Literal& a, const Clause::Literal& b) {
                                          return groups_[groupOf_[a.variable]].variables.size() <
                                                 groups_[groupOf_[b.variable]].variables.size();
                                        });
  const std::uint32_t into = groupOf_[largest->variable];
  Group& group = groups_[into];
  for (const Clause::Literal& l : clause.literals) {
    const std::uint32_t from = groupOf_[l.variable];
    if (from == into) continue;
    Group& other = groups_[from];
    for (const std::uint32_t v : other.variables) groupOf_[v] = into;
    group.variables.insert(group.variables.end(), other.variables.begin(), other.variables.end());
    group.clauses.insert(group.clauses.end(), other.clauses.begin(), other.clauses.end());
    group.bound += other.bound;
    other = {};
    other.solved = true;
  }
  group.clauses.push_back(static_cast<std::uint32_t>(clauses_.size()));
  group.solved = false;
  clauses_.push_back(std::move(clause));
}

void Cover::solve(Group& group, std::uint64_t mostNodes) {
  std::sort(group.variables.begin(), group.variables.end());
  Problem problem;
  for (const std::uint32_t v : group.variables) {
    problem.lowest.push_back(lowest_[v]);
    problem.weight.push_back(weight_[v]);
  }
  for (const std::uint32_t c : group.clauses) {
    problem.clauses.push_back(clauses_[c]);
    for (Clause::Literal& l : problem.clauses.back().literals)
      l.variable = static_cast<std::uint32_t>(
          std::lower_bound(group.variables.begin(), group.variables.end(), l.variable) -
          group.variables.begin());
  }
  problem.bound = group.bound;
  problem.solve(mostNodes);
  group.cost = problem.best.cost;
  group.bound = problem.bound;
  for (std::size_t v = 0; v < group.variables.size(); ++v) x_[group.variables[v]] = problem.best.x[v];
  group.solved = true;
}

Cover::Answer Cover::solve(std::uint64_t mostNodes) {
  Answer answer{.x = {}, .cost = 0, .bound = cost(lowest_)};
  for (Group& group : groups_) {
    if (!group.solved) solve(group, mostNodes);
    answer.bound += group.bound;
  }
  answer.x = x_;
  answer.cost = cost(x_);
  return answer;
}

}  // namespace sluice::dataflow
