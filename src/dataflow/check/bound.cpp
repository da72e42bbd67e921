#include "dataflow/check/bound.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

namespace sluice::dataflow::check {

namespace {

/// Depths rise from 2. Where they lie in a conflict, one of its groups or rows must rise above its range: each is tried,
/// the ones tried before it staying within. A row whose sum must rise is owed places until its groups have them: its
/// cheapest group takes all of them, or less. A branch ends when what it must still pay reaches the limit.
class Enumeration {
 public:
  /// What is left: depths and sums from `floor` to `most`.
  struct State {
    std::vector<std::int64_t> depths, most, sumFloor, sumMost;
    std::int64_t paid = 0;
    std::vector<const Conflict*> conflicts;  ///< that depths from these on can still lie in
  };

  Enumeration(const std::vector<std::vector<std::size_t>>& rows,
              const std::function<std::int64_t(std::size_t, std::int64_t)>& cost, std::int64_t limit)
      : rows_(rows), cost_(cost), limit_(limit) {
    for (std::size_t row = 0; row < rows.size(); ++row)
      for (const std::size_t group : rows[row]) {
        if (place_.size() <= group) place_.resize(group + 1, 0);
        place_[group] = cost(group, 3) - cost(group, 2);
      }
  }

  void visit(State state) {
    if (++steps_ > 20'000'000) throw std::runtime_error("the bound takes too many steps to check");
    std::vector<Need> needs;
    owe(state);
    std::erase_if(state.conflicts, [&](const Conflict* conflict) { return left(state, *conflict); });
    if (!look(state, needs)) return;
    if (needs.empty()) {
      limit_ = state.paid;
      best_ = state.paid;
      return;
    }
    std::stable_sort(needs.begin(), needs.end(),
                     [](const Need& a, const Need& b) { return a.price > b.price; });
    if (state.paid + apart(needs) >= limit_) return;
    std::stable_partition(needs.begin(), needs.end(), [](const Need& n) { return n.conflict != nullptr; });
    const Need& need = needs.front();
    if (need.conflict == nullptr) {
      const std::size_t group = *cheapest(state, need.row);
      const std::int64_t full =
          std::min(state.most[group], state.depths[group] + state.sumFloor[need.row] - sum(state, need.row));
      State next = state;
      rise(next, group, full);
      visit(std::move(next));
      state.most[group] = full - 1;
      return visit(std::move(state));
    }
    for (const Way& way : need.ways) {
      if (state.paid + way.price < limit_) {
        State next = state;
        if (way.isRow)
          next.sumFloor[way.index] = way.above + 1;
        else
          rise(next, way.index, way.above + 1);
        visit(std::move(next));
      }
      std::int64_t& most = way.isRow ? state.sumMost[way.index] : state.most[way.index];
      most = std::min(most, way.above);
    }
  }
  [[nodiscard]] std::optional<std::int64_t> best() const { return best_; }

 private:
  /// Out of a conflict: a group or a row rises above its range.
  struct Way {
    std::int64_t price;
    bool isRow;
    std::size_t index;
    std::int64_t above;
  };
  /// A conflict to leave, or a row to be paid what it is owed.
  struct Need {
    std::int64_t price = 0;
    const Conflict* conflict = nullptr;
    std::size_t row = 0;
    std::vector<Way> ways;
  };

  [[nodiscard]] std::int64_t place(std::size_t group) const { return place_[group]; }
  [[nodiscard]] std::int64_t sum(const State& state, std::size_t row) const {
    std::int64_t total = 0;
    for (const std::size_t group : rows_[row]) total += state.depths[group];
    return total;
  }
  void rise(State& state, std::size_t group, std::int64_t depth) const {
    state.paid += cost_(group, depth) - cost_(group, state.depths[group]);
    state.depths[group] = depth;
  }

  /// The group of a row that can still rise and in which a place costs least.
  [[nodiscard]] std::optional<std::size_t> cheapest(const State& state, std::size_t row) const {
    std::optional<std::size_t> found;
    for (const std::size_t group : rows_[row])
      if (state.depths[group] < state.most[group] && (!found || place(group) < place(*found))) found = group;
    return found;
  }

  [[nodiscard]] bool inside(const State& state, const Conflict& conflict) const {
    for (const auto& [group, range] : conflict.depths)
      if (state.depths[group] < range.first || state.depths[group] > range.second) return false;
    for (const auto& [row, hi] : conflict.sums)
      if (state.sumFloor[row] > hi || sum(state, row) > hi) return false;
    return true;
  }

  /// Groups rise to what the others of their row cannot make up for.
  void owe(State& state) const {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      std::int64_t could = 0;
      for (const std::size_t group : rows_[row]) could += state.most[group];
      for (const std::size_t group : rows_[row]) {
        const std::int64_t needed = state.sumFloor[row] - (could - state.most[group]);
        if (needed > state.depths[group] && needed <= state.most[group]) rise(state, group, needed);
      }
    }
  }

  /// Whether depths that only rise can never lie in it again.
  [[nodiscard]] bool left(const State& state, const Conflict& conflict) const {
    for (const auto& [group, range] : conflict.depths)
      if (state.depths[group] > range.second || state.most[group] < range.first) return true;
    for (const auto& [row, hi] : conflict.sums)
      if (state.sumFloor[row] > hi || sum(state, row) > hi) return true;
    return false;
  }

  /// What the depths still violate. False: no cost below the limit is left.
  bool look(const State& state, std::vector<Need>& needs) const {
    for (const Conflict* live : state.conflicts) {
      const Conflict& conflict = *live;
      if (!inside(state, conflict)) continue;
      Need need{.price = 0, .conflict = live, .row = 0, .ways = {}};
      for (const auto& [group, range] : conflict.depths)
        if (range.second < state.most[group])
          need.ways.push_back({cost_(group, range.second + 1) - cost_(group, state.depths[group]), false,
                               group, range.second});
      for (const auto& [row, hi] : conflict.sums)
        if (const auto group = cheapest(state, row); group && hi < state.sumMost[row])
          need.ways.push_back({(hi + 1 - sum(state, row)) * place(*group), true, row, hi});
      std::sort(need.ways.begin(), need.ways.end(), [](const Way& a, const Way& b) {
        return std::tie(a.price, a.isRow, a.index) < std::tie(b.price, b.isRow, b.index);
      });
      if (need.ways.empty() || state.paid + need.ways[0].price >= limit_) return false;
      need.price = need.ways[0].price;
      needs.push_back(std::move(need));
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const std::int64_t have = sum(state, row);
      if (have > state.sumMost[row]) return false;
      if (have >= state.sumFloor[row]) continue;
      std::int64_t could = 0;
      for (const std::size_t group : rows_[row]) could += state.most[group];
      if (could < state.sumFloor[row]) return false;
      const std::int64_t price = (state.sumFloor[row] - have) * place(*cheapest(state, row));
      if (state.paid + price >= limit_) return false;
      needs.push_back({.price = price, .conflict = nullptr, .row = row, .ways = {}});
    }
    return true;
  }

  /// Prices of needs that share no group.
  [[nodiscard]] std::int64_t apart(const std::vector<Need>& needs) const {
    std::set<std::size_t> taken;
    std::int64_t total = 0;
    for (const Need& need : needs) {
      std::vector<std::size_t> groups;
      if (need.conflict != nullptr) {
        for (const auto& [group, range] : need.conflict->depths) groups.push_back(group);
        for (const auto& [row, hi] : need.conflict->sums)
          groups.insert(groups.end(), rows_[row].begin(), rows_[row].end());
      } else {
        groups = rows_[need.row];
      }
      if (std::any_of(groups.begin(), groups.end(), [&](std::size_t g) { return taken.contains(g); }))
        continue;
      total += need.price;
      taken.insert(groups.begin(), groups.end());
    }
    return total;
  }

  const std::vector<std::vector<std::size_t>>& rows_;
  const std::function<std::int64_t(std::size_t, std::int64_t)>& cost_;
  std::int64_t limit_;
  std::vector<std::int64_t> place_;  ///< what a place costs, of groups in rows
  std::optional<std::int64_t> best_;
  std::uint64_t steps_ = 0;
};

}  // namespace

std::optional<std::int64_t> leastOutside(const std::vector<Conflict>& conflicts,
                                         const std::vector<std::vector<std::size_t>>& rows,
                                         const std::vector<std::int64_t>& most,
                                         const std::function<std::int64_t(std::size_t, std::int64_t)>& cost,
                                         std::int64_t limit) {
  Enumeration::State all{.depths = std::vector<std::int64_t>(most.size(), 2),
                         .most = most,
                         .sumFloor = std::vector<std::int64_t>(rows.size(), 0),
                         .sumMost = {},
                         .paid = 0,
                         .conflicts = {}};
  for (const Conflict& conflict : conflicts) all.conflicts.push_back(&conflict);
  for (const std::vector<std::size_t>& row : rows) {
    all.sumMost.push_back(0);
    for (const std::size_t group : row) all.sumMost.back() += most[group];
  }
  for (std::size_t g = 0; g < most.size(); ++g) all.paid += cost(g, 2);
  if (all.paid >= limit) return std::nullopt;
  Enumeration search(rows, cost, limit);
  search.visit(std::move(all));
  return search.best();
}

}  // namespace sluice::dataflow::check
