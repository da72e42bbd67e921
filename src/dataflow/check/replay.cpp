#include "dataflow/check/replay.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <stdexcept>

namespace sluice::dataflow::check {

namespace {

constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t mostListed = std::size_t{1} << 24;

/// The local times of an access in rising order.
class Cursor {
 public:
  explicit Cursor(const Access& access) {
    if (access.at.size() == 1 && nested(access.at[0])) {
      box_ = &access.at[0];
      index_.assign(box_->dims.size(), 0);
      now_ = box_->first;
      return;
    }
    for (const Access::Times& times : access.at) list(times, 0, times.first);
    std::sort(listed_.begin(), listed_.end());
    now_ = listed_.empty() ? none : listed_[0];
  }
  [[nodiscard]] std::int64_t now() const { return now_; }

  void next() {
    if (!box_) {
      now_ = ++position_ < listed_.size() ? listed_[position_] : none;
      return;
    }
    for (std::size_t d = box_->dims.size(); d-- > 0;) {
      const auto& [count, stride] = box_->dims[d];
      if (++index_[d] < count) {
        now_ += stride;
        return;
      }
      now_ -= (count - 1) * stride;
      index_[d] = 0;
    }
    now_ = none;
  }

 private:
  /// Whether counting up gives rising times: each stride steps over all that is inside.
  static bool nested(const Access::Times& times) {
    std::int64_t inside = 0;
    for (std::size_t d = times.dims.size(); d-- > 0;) {
      const auto& [count, stride] = times.dims[d];
      if (count > 1 && stride <= inside) return false;
      inside += (count - 1) * stride;
    }
    return true;
  }
  void list(const Access::Times& times, std::size_t dim, std::int64_t at) {
    if (dim == times.dims.size()) {
      if (listed_.size() >= mostListed)
        throw std::runtime_error("the accesses are too irregular to be replayed");
      return listed_.push_back(at);
    }
    for (std::int64_t k = 0; k < times.dims[dim].first; ++k)
      list(times, dim + 1, at + k * times.dims[dim].second);
  }

  const Access::Times* box_ = nullptr;
  std::vector<std::int64_t> index_, listed_;
  std::size_t position_ = 0;
  std::int64_t now_ = none;
};

struct Queue {
  std::deque<std::int64_t> beats;   ///< times of writes not yet read
  std::deque<std::int64_t> places;  ///< times at which places became free again, not yet used
  std::int64_t fresh = 0;           ///< places never used
};

struct Purse {
  Credit rule;
  std::int64_t unused = 0;         ///< credits there from the start
  std::deque<std::int64_t> given;  ///< times at which others came back
};

struct Actor {
  std::vector<Cursor> cursors;
  std::int64_t clock = 0, time = 0;
  bool started = false, finished = false;
};

class Player {
 public:
  Player(const Facts& facts, const std::vector<std::int64_t>& depth, const std::vector<std::int64_t>& delay,
         const std::vector<Credit>& credits)
      : facts_(facts), delay_(delay), queues_(facts.streams.size()), actors_(facts.processes.size()) {
    for (std::size_t s = 0; s < queues_.size(); ++s) queues_[s].fresh = depth[s];
    for (const Credit& credit : credits)
      purses_.push_back({.rule = credit, .unused = credit.count, .given = {}});
    for (std::size_t p = 0; p < actors_.size(); ++p)
      for (const Access& access : facts.processes[p].accesses) actors_[p].cursors.emplace_back(access);
    result_.start.resize(actors_.size());
    result_.finish.resize(actors_.size());
    result_.stalls.resize(actors_.size());
  }

  std::optional<Replay> play() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t p = 0; p < actors_.size(); ++p) moved = run(p) || moved;
    }
    for (const Actor& actor : actors_)
      if (!actor.finished) return std::nullopt;
    for (const std::int64_t finish : result_.finish) result_.cycles = std::max(result_.cycles, finish);
    return std::move(result_);
  }

 private:
  /// As far as process p can go; whether it did anything.
  bool run(std::size_t p) {
    Actor& actor = actors_[p];
    const Process& process = facts_.processes[p];
    if (actor.finished) return false;
    if (!actor.started) {
      for (const auto& [other, wait] : process.after) {
        if (!actors_[other].finished) return false;
        actor.time = std::max(actor.time, result_.finish[other] + wait);
      }
      actor.started = true;
      result_.start[p] = actor.time;
    }
    bool moved = false;
    while (event(p)) moved = true;
    std::int64_t next = none;
    for (const Cursor& cursor : actor.cursors) next = std::min(next, cursor.now());
    if (next != none) return moved;
    actor.finished = true;
    result_.finish[p] = actor.time + process.latency - actor.clock;
    return true;
  }

  /// All accesses of the next local time, if their beats and places are decided.
  bool event(std::size_t p) {
    Actor& actor = actors_[p];
    const std::vector<Access>& accesses = facts_.processes[p].accesses;
    std::int64_t clock = none;
    for (const Cursor& cursor : actor.cursors) clock = std::min(clock, cursor.now());
    if (clock == none) return false;
    const std::int64_t due = actor.time + clock - actor.clock;
    std::int64_t time = due;
    for (std::size_t a = 0; a < accesses.size(); ++a) {
      if (actor.cursors[a].now() != clock) continue;
      for (const std::size_t s : accesses[a].streams) {
        const Queue& queue = queues_[s];
        if (accesses[a].read) {
          if (queue.beats.empty()) return false;
          time = std::max(time, queue.beats.front() + delay_[s]);
          continue;
        }
        for (const Purse& purse : purses_) {
          if (s != purse.rule.first || purse.unused > 0) continue;
          if (purse.given.empty()) return false;
          time = std::max(time, purse.given.front() + purse.rule.delay);
        }
        if (queue.fresh == 0) {
          if (queue.places.empty()) return false;
          time = std::max(time, queue.places.front() + facts_.freeDelay);
        }
      }
    }
    for (std::size_t a = 0; a < accesses.size(); ++a) {
      if (actor.cursors[a].now() != clock) continue;
      actor.cursors[a].next();
      for (const std::size_t s : accesses[a].streams) {
        Queue& queue = queues_[s];
        if (accesses[a].read) {
          queue.beats.pop_front();
          queue.places.push_back(time);
          for (Purse& purse : purses_)
            if (s == purse.rule.last) purse.given.push_back(time);
        } else {
          for (Purse& purse : purses_) {
            if (s != purse.rule.first) continue;
            if (purse.unused > 0)
              --purse.unused;
            else
              purse.given.pop_front();
          }
          if (queue.fresh > 0)
            --queue.fresh;
          else
            queue.places.pop_front();
          queue.beats.push_back(time);
        }
      }
    }
    if (time > due) stalled(result_.stalls[p], clock, time - due);
    actor.clock = clock;
    actor.time = time;
    return true;
  }

  static void stalled(std::vector<StallRun>& runs, std::int64_t clock, std::int64_t cycles) {
    if (!runs.empty() && runs.back().cycles == cycles) {
      StallRun& run = runs.back();
      const std::int64_t gap = clock - (run.clock + (run.count - 1) * run.every);
      if (run.count == 1 || gap == run.every) {
        run.every = gap;
        ++run.count;
        return;
      }
    }
    runs.push_back({.clock = clock, .cycles = cycles, .count = 1, .every = 0});
  }

  const Facts& facts_;
  const std::vector<std::int64_t>& delay_;
  std::vector<Purse> purses_;
  std::vector<Queue> queues_;
  std::vector<Actor> actors_;
  Replay result_;
};

}  // namespace

std::optional<Replay> replay(const Facts& facts, const std::vector<std::int64_t>& depth,
                             const std::vector<std::int64_t>& delay, const std::vector<Credit>& credits) {
  return Player(facts, depth, delay, credits).play();
}

}  // namespace sluice::dataflow::check
