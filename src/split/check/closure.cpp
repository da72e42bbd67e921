#include "split/check/closure.h"

#include <algorithm>
#include <map>
#include <set>

namespace sluice::splits::checking {
namespace {

/// What sums of numbers in another order may differ by.
constexpr double rounding = 1e-12;

/// Items that stay together, by the files' groups, by cycles that these close, and by merges that were justified.
class Blocks {
 public:
  explicit Blocks(const Facts& facts) : facts_(facts), head_(facts.items.size()) {
    for (int v = 0; v < static_cast<int>(head_.size()); ++v) head_[size(v)] = v;
    std::map<std::string, int> groups;
    for (int v = 0; v < static_cast<int>(head_.size()); ++v)
      if (const std::string& group = facts.items[size(v)].group; !group.empty())
        join(v, groups.try_emplace(group, v).first->second);
    while (breakCycle()) {
    }
  }

  [[nodiscard]] int of(int v) const { return head_[size(v)]; }
  void join(int a, int b) {
    const int from = of(a), to = of(b);
    for (int& head : head_)
      if (head == from) head = to;
  }

  /// Throws unless item a's block may stay with b's without loss (split/atoms.h).
  void justify(int a, int b, const std::vector<bool>& scarce) const {
    const int block = of(a), other = of(b);
    const auto wrong = [&](const std::string& what) {
      throw std::runtime_error("certificate: node " + facts_.items[size(a)].id +
                               " cannot be merged with node " + facts_.items[size(b)].id + ": " + what);
    };
    if (block == other) wrong("they are together already");
    if (facts_.topology == "ring" && facts_.cables.size() > 1) wrong("the ring's cables differ");
    for (int v = 0; v < static_cast<int>(head_.size()); ++v) {
      if (of(v) != block) continue;
      for (const double time : facts_.items[size(v)].time)
        if (time != 0) wrong("it takes time");
      for (std::size_t r = 0; r < scarce.size(); ++r)
        if (scarce[r] && facts_.items[size(v)].size[r] != 0) wrong("it takes room");
    }
    std::set<int> readers, makers;
    double in = 0, alone = 0, out = 0;
    for (const Flow& flow : facts_.flows) {
      std::set<int> to;
      for (const int v : flow.to)
        if (of(v) != of(flow.from)) to.insert(of(v));
      if (to.empty()) continue;
      if (of(flow.from) == block) {
        out += flow.amount;
        readers.insert(to.begin(), to.end());
      } else if (to.contains(block)) {
        in += flow.amount;
        if (to.size() == 1) alone += flow.amount;
        makers.insert(of(flow.from));
      }
    }
    const double slack = 1e-12 * (in + out);
    if (readers == std::set<int>{other} && in <= out + slack) return;
    if (makers == std::set<int>{other} && out <= alone + slack) return;
    wrong("it is not a harmless one");
  }

 private:
  static std::size_t size(int v) { return static_cast<std::size_t>(v); }

  /// Finds one cycle of blocks, if there is any, and joins it.
  bool breakCycle() {
    std::map<int, std::set<int>> before;
    std::map<int, int> readers;
    std::set<int> open;
    for (const int head : head_) open.insert(head);
    for (const Flow& flow : facts_.flows)
      for (const int v : flow.to)
        if (of(v) != of(flow.from)) before[of(v)].insert(of(flow.from));
    for (bool again = true; again;) {
      again = false;
      for (auto it = open.begin(); it != open.end();) {
        const std::set<int>& needed = before[*it];
        if (std::none_of(needed.begin(), needed.end(), [&](int u) { return open.contains(u); })) {
          it = open.erase(it);
          again = true;
        } else {
          ++it;
        }
      }
    }
    if (open.empty()) return false;
    // Everyone who is left waits for someone who is left: going back ends in a circle.
    std::vector<int> path = {*open.begin()};
    for (;;) {
      int next = -1;
      for (const int u : before[path.back()])
        if (open.contains(u)) next = u;
      const auto seen = std::find(path.begin(), path.end(), next);
      if (seen != path.end()) {
        for (auto it = seen; it != path.end(); ++it) join(*it, next);
        return true;
      }
      path.push_back(next);
    }
  }

  const Facts& facts_;
  std::vector<int> head_;
};

struct BlockFlow {
  int from = 0;
  std::vector<int> to;
  double amount = 0;
};

class Closure {
 public:
  Closure(const Facts& facts, const Claim& claim) : facts_(facts), claim_(claim) {
    scarce_.assign(facts.resources.size(), false);
    for (std::size_t r = 0; r < scarce_.size(); ++r) {
      double all = 0;
      for (const Item& item : facts.items) all += item.size[r];
      for (const Kind& kind : facts.kinds)
        if (all > kind.room[r]) scarce_[r] = true;
    }
    Blocks blocks(facts);
    for (const auto& [a, b] : claim.merges) {
      blocks.justify(a, b, scarce_);
      blocks.join(a, b);
    }
    std::map<int, int> numbers;
    for (int v = 0; v < static_cast<int>(facts.items.size()); ++v) {
      const int block = numbers.try_emplace(blocks.of(v), static_cast<int>(numbers.size())).first->second;
      blockOf_.push_back(block);
      if (block == static_cast<int>(members_.size())) members_.emplace_back();
      members_[at(block)].push_back(v);
    }
    const std::size_t n = members_.size();
    makes_.resize(n), reads_.resize(n), after_.resize(n), before_.resize(n);
    for (const Flow& flow : facts.flows) {
      BlockFlow made{blockOf_[at(flow.from)], {}, flow.amount};
      std::set<int> to;
      for (const int v : flow.to) to.insert(blockOf_[at(v)]);
      to.erase(made.from);
      if (to.empty()) continue;
      made.to.assign(to.begin(), to.end());
      const int id = static_cast<int>(flows_.size());
      makes_[at(made.from)].push_back(id);
      for (const int b : made.to) {
        reads_[at(b)].push_back(id);
        after_[at(made.from)].insert(b);
        before_[at(b)].insert(made.from);
      }
      flows_.push_back(made);
    }
    for (const Weights& weights : claim.weights) {
      std::vector<double> multipliers(facts.kinds.size(), 0);
      std::set<int> left;
      for (std::size_t i = 0; i < weights.left.size(); ++i) {
        const int kind = weights.left[i];
        if (!(weights.multipliers.at(i) >= 0))
          throw std::runtime_error("certificate: a multiplier is negative");
        // What works on all nodes at once has no sum of times that could bound it.
        multipliers[at(kind)] = facts.kinds[at(kind)].adds ? weights.multipliers[i] : 0;
        left.insert(kind);
      }
      multipliers_[left] = multipliers;
    }
    for (const std::vector<int>& members : members_) {
      double least = never;
      for (std::size_t k = 0; k < facts.kinds.size(); ++k) {
        double sum = 0;
        for (const int v : members) sum += facts.items[at(v)].time[k];
        least = std::min(least, sum);
      }
      leastTime_.push_back(least < never ? least : 0);
    }
    allAdd_ = std::all_of(facts.kinds.begin(), facts.kinds.end(), [](const Kind& kind) { return kind.adds; });
  }

  void run() {
    if (claim_.below <= 0) return;  // nothing costs less than nothing
    for (const State& state : claim_.states) {
      std::vector<bool> set = blockSet(state.items);
      for (const Seat& seat : state.seats) {
        if (seat.place < -1 || seat.place >= facts_.places() || seat.used.size() != facts_.kinds.size())
          throw std::runtime_error("certificate: a seat is out of range");
        listed_[set][{seat.place, seat.used}] = seat.value;
      }
    }
    const std::vector<bool> empty(members_.size(), false);
    const Seat start{.place = -1, .used = std::vector<int>(facts_.kinds.size(), 0), .value = 0};
    arrive(empty, start);
    for (const auto& [set, seats] : listed_) expand(set, seats);
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  [[nodiscard]] double bound() const { return claim_.below * (1 - tolerance); }

  std::vector<bool> blockSet(const std::vector<bool>& items) const {
    std::vector<bool> set(members_.size(), false);
    for (std::size_t b = 0; b < members_.size(); ++b) {
      set[b] = items[at(members_[b].front())];
      for (const int v : members_[b])
        if (items[at(v)] != set[b])
          throw std::runtime_error("certificate: a state parts what stays together");
    }
    for (std::size_t b = 0; b < members_.size(); ++b)
      for (const int u : before_[b])
        if (set[b] && !set[at(u)])
          throw std::runtime_error("certificate: a state is not closed under what comes before");
    return set;
  }

  [[nodiscard]] std::vector<int> leftOf(const Seat& seat) const {
    std::vector<int> left(facts_.kinds.size(), 0);
    if (!facts_.order.empty())
      for (int p = seat.place + 1; p < static_cast<int>(facts_.order.size()); ++p)
        ++left[at(facts_.order[at(p)])];
    else
      for (std::size_t k = 0; k < left.size(); ++k) left[k] = facts_.kinds[k].count - seat.used[k];
    return left;
  }

  /// What bounds the way on for a set of kinds that are left: per block, the least weighted time and the least time.
  struct Least {
    bool any = false;  ///< a board is left
    std::vector<double> weighted;
    std::vector<double> multipliers;
    std::vector<double> alone;  ///< per block: its time on the best of these boards
  };
  const Least& leastFor(const std::vector<int>& left) {
    std::uint32_t mask = 0;
    for (std::size_t k = 0; k < left.size(); ++k) mask |= left[k] > 0 ? 1u << k : 0u;
    const auto [it, isNew] = least_.try_emplace(mask);
    if (!isNew) return it->second;
    Least& least = it->second;
    least.any = mask != 0;
    std::set<int> kinds;
    for (int k = 0; k < static_cast<int>(left.size()); ++k)
      if (left[at(k)] > 0) kinds.insert(k);
    for (const std::vector<int>& block : members_) {
      double best = never;
      for (const int k : kinds) {
        double sum = 0, most = 0;
        for (const int v : block) {
          sum += facts_.items[at(v)].time[at(k)];
          most = std::max(most, facts_.items[at(v)].time[at(k)]);
        }
        best = std::min(best, facts_.kinds[at(k)].adds ? sum : most);
      }
      least.alone.push_back(best);
    }
    const auto weights = multipliers_.find(kinds);
    if (weights == multipliers_.end()) return least;
    least.multipliers = weights->second;
    for (std::size_t b = 0; b < members_.size(); ++b) {
      double value = never;
      for (const int k : kinds) {
        double sum = 0;
        for (const int v : members_[b]) sum += facts_.items[at(v)].time[at(k)];
        if (sum < never) value = std::min(value, least.multipliers[at(k)] * sum);
      }
      least.weighted.push_back(value < never ? value : 0);
    }
    return least;
  }

  /// Whether no way on from here stays below the bound, because too much is left.
  [[nodiscard]] bool hopeless(const std::vector<bool>& set, const Seat& seat) {
    const std::vector<int> left = leftOf(seat);
    const Least& least = leastFor(left);
    if (!least.any || seat.place + 1 >= facts_.places()) return true;  // no board, or no place behind
    for (std::size_t r = 0; r < scarce_.size(); ++r) {
      if (!scarce_[r]) continue;
      double needed = 0, room = 0;
      for (std::size_t b = 0; b < set.size(); ++b)
        if (!set[b])
          for (const int v : members_[b]) needed += facts_.items[at(v)].size[r];
      for (std::size_t k = 0; k < left.size(); ++k)
        if (left[k] > 0) room += facts_.kinds[k].room[r] * left[k];
      if (needed > room) return true;
    }
    const double limit = claim_.limit * (1 + rounding);
    const double most = claim_.goal == "load" ? std::min(bound(), limit) : limit;
    if (!least.weighted.empty() && most < never) {
      double needed = 0, worth = 0;
      for (std::size_t b = 0; b < set.size(); ++b)
        if (!set[b]) needed += least.weighted[b];
      for (std::size_t k = 0; k < left.size(); ++k) worth += least.multipliers[k] * left[k];
      if (needed > most * worth) return true;
    }
    // Some stage behind here holds the slowest block that is left.
    double slowest = 0;
    for (std::size_t b = 0; b < set.size(); ++b)
      if (!set[b]) slowest = std::max(slowest, least.alone[b]);
    if (slowest >= never || slowest > limit) return true;
    if (claim_.goal == "load" && slowest >= bound()) return true;
    if (claim_.goal == "latency" && seat.value + slowest >= bound()) return true;
    if (claim_.goal == "latency" && allAdd_) {
      double needed = seat.value;
      for (std::size_t b = 0; b < set.size(); ++b)
        if (!set[b]) needed += leastTime_[b];
      if (needed >= bound()) return true;
    }
    return false;
  }

  void arrive(const std::vector<bool>& set, const Seat& seat) {
    if (seat.value >= bound()) return;
    const auto found = listed_.find(set);
    if (found != listed_.end()) {
      const auto known = found->second.find({seat.place, seat.used});
      if (known != found->second.end()) {
        if (claim_.goal == "load" || seat.value >= known->second * (1 - tolerance)) return;
        throw std::runtime_error("certificate: a state is reached from " + describe() +
                                 " with less than it says");
      }
    }
    if (hopeless(set, seat)) return;
    const bool whole = std::find(set.begin(), set.end(), false) == set.end();
    throw std::runtime_error(whole ? "certificate: a plan below the bound exists; it ends from " + describe()
                                   : "certificate: its states are not closed: a step from " + describe() +
                                         " below the bound leads to one that is not listed");
  }

  using Listed = std::map<std::pair<int, std::vector<int>>, double>;

  /// A seat to go on from, by a board at a place, and its value when that stage begins.
  struct Way {
    Seat before, behind;
    int kind = 0;
  };

  void expand(const std::vector<bool>& set, const Listed& seats) {
    ideal_ = set;
    double crossing = 0;
    bool anything = false;
    for (const BlockFlow& flow : flows_) {
      if (!set[at(flow.from)]) continue;
      if (std::all_of(flow.to.begin(), flow.to.end(), [&](int b) { return set[at(b)]; })) continue;
      crossing += flow.amount;
      anything = true;
    }
    ways_.clear();
    for (const auto& [key, value] : seats) {
      Seat seat{.place = key.first, .used = key.second, .value = value};
      const std::vector<int> left = leftOf(seat);
      const bool sideBySide = facts_.order.empty() && !facts_.placesDiffer();
      const int end = sideBySide ? std::min(seat.place + 2, facts_.places()) : facts_.places();
      for (int place = seat.place + 1; place < end; ++place)
        for (int k = 0; k < static_cast<int>(left.size()); ++k) {
          if (facts_.order.empty() ? left[at(k)] == 0 : facts_.order[at(place)] != k) continue;
          Way way{.before = seat, .behind = seat, .kind = k};
          way.behind.place = place;
          if (facts_.order.empty()) ++way.behind.used[at(k)];
          double load = 0, delay = 0;
          if (seat.place >= 0)
            for (const Cable& cable : facts_.way(seat.place, place)) {
              load = std::max(load, crossing / cable.rate);
              delay += cable.latency + crossing / cable.rate;
            }
          if (facts_.topology == "star" || facts_.topology == "switch") load = 0;  // counted at the boards
          if (load > claim_.limit * (1 + rounding)) continue;
          if (claim_.goal == "load") way.behind.value = std::max(seat.value, load);
          if (claim_.goal == "latency" && anything) way.behind.value += delay;
          if (way.behind.value < bound()) ways_.push_back(std::move(way));
        }
    }
    if (ways_.empty()) return;
    part_.clear();
    now_ = set;
    entered_.assign(flows_.size(), false);
    std::vector<int> ready;
    for (int b = 0; b < static_cast<int>(set.size()); ++b)
      if (!set[at(b)] && isReady(b)) ready.push_back(b);
    grow(ready, std::vector<double>(facts_.kinds.size(), 0), std::vector<double>(facts_.resources.size(), 0),
         0);
  }

  [[nodiscard]] bool isReady(int b) const {
    return std::all_of(before_[at(b)].begin(), before_[at(b)].end(), [&](int u) { return now_[at(u)]; });
  }
  [[nodiscard]] double loadOn(const Kind& kind, double work, double in, double out) const {
    if (kind.transfers == '0') return work;
    return kind.transfers == '+' ? work + (in + out) / kind.rate
                                 : std::max({work, in / kind.rate, out / kind.rate});
  }

  /// Every set of blocks that can be added: the first of it is one of `ready`; those before it stay out.
  void grow(const std::vector<int>& ready, const std::vector<double>& work, const std::vector<double>& size,
            double in) {
    const double most = claim_.goal == "load" ? std::min(bound(), claim_.limit * (1 + rounding))
                                              : claim_.limit * (1 + rounding);
    for (std::size_t i = 0; i < ready.size(); ++i) {
      const int block = ready[i];
      std::vector<double> nextWork = work, nextSize = size;
      for (std::size_t k = 0; k < nextWork.size(); ++k)
        for (const int v : members_[at(block)]) {
          const double time = facts_.items[at(v)].time[k];
          nextWork[k] = facts_.kinds[k].adds ? nextWork[k] + time : std::max(nextWork[k], time);
        }
      for (std::size_t r = 0; r < nextSize.size(); ++r)
        for (const int v : members_[at(block)]) nextSize[r] += facts_.items[at(v)].size[r];
      double nextIn = in;
      std::vector<int> entering;
      for (const int t : reads_[at(block)])
        if (ideal_[at(flows_[at(t)].from)] && !entered_[at(t)]) {
          nextIn += flows_[at(t)].amount;
          entering.push_back(t);
        }
      std::vector<bool> able(nextWork.size());
      for (std::size_t k = 0; k < able.size(); ++k) {
        able[k] = nextWork[k] < never && loadOn(facts_.kinds[k], nextWork[k], nextIn, 0) <= most;
        for (std::size_t r = 0; r < nextSize.size(); ++r)
          able[k] = able[k] && nextSize[r] <= facts_.kinds[k].room[r];
      }
      if (std::none_of(ways_.begin(), ways_.end(), [&](const Way& way) { return able[at(way.kind)]; }))
        continue;
      now_[at(block)] = true;
      part_.push_back(block);
      for (const int t : entering) entered_[at(t)] = true;
      stop(able, nextWork, nextIn);
      std::vector<int> next(ready.begin() + static_cast<std::ptrdiff_t>(i) + 1, ready.end());
      for (const int b : after_[at(block)])
        if (isReady(b)) next.push_back(b);
      grow(next, nextWork, nextSize, nextIn);
      for (const int t : entering) entered_[at(t)] = false;
      part_.pop_back();
      now_[at(block)] = false;
    }
  }

  /// The part as it is, as a stage of every way.
  void stop(const std::vector<bool>& able, const std::vector<double>& work, double in) {
    double out = 0;
    for (const int block : part_)
      for (const int t : makes_[at(block)])
        if (std::any_of(flows_[at(t)].to.begin(), flows_[at(t)].to.end(),
                        [&](int b) { return !now_[at(b)]; }))
          out += flows_[at(t)].amount;
    for (const Way& way : ways_) {
      if (!able[at(way.kind)]) continue;
      const double stage = loadOn(facts_.kinds[at(way.kind)], work[at(way.kind)], in, out);
      const double load = std::max(stage, facts_.ownCable(way.behind.place) * std::max(in, out));
      if (load > claim_.limit * (1 + rounding)) continue;
      Seat seat = way.behind;
      if (claim_.goal == "load") {
        seat.value = std::max(seat.value, load);
      } else {
        seat.value += claim_.goal == "latency" ? stage : 1;
      }
      if (seat.value < bound()) arrive(now_, seat);
    }
  }
  [[nodiscard]] std::string describe() const {
    if (part_.empty()) return "the start";
    const auto count = std::count(ideal_.begin(), ideal_.end(), true);
    return "the state of " + std::to_string(count) + " blocks, with node " +
           facts_.items[at(members_[at(part_.back())].front())].id + " last";
  }

  const Facts& facts_;
  const Claim& claim_;
  std::vector<bool> scarce_;
  std::vector<int> blockOf_;
  std::vector<std::vector<int>> members_, makes_, reads_;
  std::vector<std::set<int>> after_, before_;
  std::vector<BlockFlow> flows_;
  std::map<std::set<int>, std::vector<double>> multipliers_;
  std::map<std::uint32_t, Least> least_;
  std::vector<double> leastTime_;  ///< per block, on whichever kind is fastest
  bool allAdd_ = false;
  std::map<std::vector<bool>, Listed> listed_;
  std::vector<bool> ideal_, now_, entered_;
  std::vector<int> part_;
  std::vector<Way> ways_;
};

}  // namespace

void checkClosure(const Facts& facts, const Claim& claim) { Closure(facts, claim).run(); }

}  // namespace sluice::splits::checking
