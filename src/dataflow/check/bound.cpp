#include "dataflow/check/bound.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace sluice::dataflow::check {

namespace {

/// Depths rise from 2. Where they lie in a conflict, one of its groups must rise above its range: each is tried, the
/// ones tried before it staying within. A branch ends when what it must still pay reaches the limit.
class Enumeration {
 public:
  Enumeration(const std::vector<Ranges>& conflicts, const std::vector<Total>& totals,
              const std::function<std::int64_t(std::size_t, std::int64_t)>& cost, std::int64_t limit)
      : conflicts_(conflicts), totals_(totals), cost_(cost), limit_(limit) {}

  void visit(std::vector<std::int64_t> depths, std::vector<std::int64_t> most, std::int64_t paid) {
    if (++steps_ > 20'000'000) throw std::runtime_error("the bound takes too many steps to check");
    struct Way {
      std::int64_t price;
      std::size_t group;
      std::int64_t above;
    };
    std::vector<Way> ways;  // out of the conflict that is dearest to leave
    std::vector<std::pair<std::int64_t, const Ranges*>> violated;  // with the price of leaving
    for (const Ranges& conflict : conflicts_) {
      const bool inside = std::all_of(conflict.begin(), conflict.end(), [&](const auto& range) {
        return range.second.first <= depths[range.first] && depths[range.first] <= range.second.second;
      });
      if (!inside) continue;
      std::vector<Way> out;
      for (const auto& [group, range] : conflict)
        if (range.second < most[group])
          out.push_back({cost_(group, range.second + 1) - cost_(group, depths[group]), group, range.second});
      std::sort(out.begin(), out.end(), [](const Way& a, const Way& b) { return a.price < b.price; });
      if (out.empty() || paid + out[0].price >= limit_) return;
      const bool harder = violated.empty() || out[0].price > ways[0].price ||
                          (out[0].price == ways[0].price && out.size() < ways.size());
      violated.emplace_back(out[0].price, &conflict);
      if (harder) ways = std::move(out);
    }
    const Total* short_ = nullptr;  // a total that is not reached, the dearest to reach
    std::int64_t shortBy = 0, shortPrice = -1;
    std::size_t filler = 0;  // its group in which a place costs least
    for (const Total& total : totals_) {
      std::int64_t have = 0, could = 0;
      const std::size_t* cheapest = nullptr;
      for (const std::size_t& group : total.groups) {
        have += depths[group];
        could += most[group];
        if (depths[group] < most[group] && (cheapest == nullptr || place(group) < place(*cheapest)))
          cheapest = &group;
      }
      if (have >= total.least) continue;
      if (could < total.least) return;
      const std::int64_t price = (total.least - have) * place(*cheapest);
      if (paid + price >= limit_) return;
      if (price <= shortPrice) continue;
      short_ = &total;
      shortBy = total.least - have;
      shortPrice = price;
      filler = *cheapest;
    }
    if (violated.empty() && short_ == nullptr) {
      limit_ = paid;
      best_ = paid;
      return;
    }
    std::stable_sort(violated.begin(), violated.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::set<std::size_t> taken;
    std::int64_t more = 0;
    for (const auto& [price, conflict] : violated) {
      const bool apart = std::none_of(conflict->begin(), conflict->end(),
                                      [&](const auto& range) { return taken.contains(range.first); });
      if (!apart) continue;
      more += price;
      for (const auto& [group, range] : *conflict) taken.insert(group);
    }
    if (short_ != nullptr && std::none_of(short_->groups.begin(), short_->groups.end(),
                                          [&](std::size_t group) { return taken.contains(group); }))
      more += shortPrice;
    if (paid + more >= limit_) return;
    if (short_ != nullptr && (violated.empty() || shortPrice > violated.front().first)) {
      // Its cheapest group takes all that is missing, or less.
      const std::int64_t full = std::min(most[filler], depths[filler] + shortBy);
      std::vector<std::int64_t> next = depths;
      next[filler] = full;
      visit(std::move(next), most, paid + cost_(filler, full) - cost_(filler, depths[filler]));
      most[filler] = full - 1;
      return visit(std::move(depths), std::move(most), paid);
    }
    for (const Way& way : ways) {
      std::vector<std::int64_t> next = depths;
      next[way.group] = way.above + 1;
      if (paid + way.price < limit_) visit(std::move(next), most, paid + way.price);
      most[way.group] = way.above;
    }
  }
  [[nodiscard]] std::int64_t place(std::size_t group) const { return cost_(group, 3) - cost_(group, 2); }
  [[nodiscard]] std::optional<std::int64_t> best() const { return best_; }

 private:
  const std::vector<Ranges>& conflicts_;
  const std::vector<Total>& totals_;
  const std::function<std::int64_t(std::size_t, std::int64_t)>& cost_;
  std::int64_t limit_;
  std::optional<std::int64_t> best_;
  std::uint64_t steps_ = 0;
};

}  // namespace

std::optional<std::int64_t> leastOutside(const std::vector<Ranges>& conflicts,
                                         const std::vector<Total>& totals,
                                         const std::vector<std::int64_t>& most,
                                         const std::function<std::int64_t(std::size_t, std::int64_t)>& cost,
                                         std::int64_t limit) {
  std::int64_t paid = 0;
  for (std::size_t g = 0; g < most.size(); ++g) paid += cost(g, 2);
  if (paid >= limit) return std::nullopt;
  Enumeration search(conflicts, totals, cost, limit);
  search.visit(std::vector<std::int64_t>(most.size(), 2), most, paid);
  return search.best();
}

}  // namespace sluice::dataflow::check
