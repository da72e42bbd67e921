#include "split/ideals.h"

#include <bit>

#include "base/rng.h"

namespace sluice::splits {
namespace {

constexpr std::uint32_t none = 0xffffffffu;
/// A state is refuted by a bound only if it fails by more than rounding could.
constexpr double surely = 1 + 5e-10;

/// Sets of atoms, numbered as they come, with a value per seat.
class States {
 public:
  States(std::size_t atoms, std::size_t seats)
      : words_((atoms + 63) / 64), seats_(seats), table_(1024, none) {}

  [[nodiscard]] std::size_t count() const { return hashes_.size(); }
  [[nodiscard]] std::size_t bytes() const {
    return count() * (words_ * 8 + 8 + seats_ * (sizeof(double) + 6)) + table_.size() * 4;
  }
  [[nodiscard]] const std::uint64_t* set(std::size_t i) const { return &sets_[i * words_]; }
  [[nodiscard]] std::uint64_t hash(std::size_t i) const { return hashes_[i]; }
  [[nodiscard]] std::size_t words() const { return words_; }
  double& value(std::size_t i, std::size_t seat) { return values_[i * seats_ + seat]; }
  std::uint32_t& parent(std::size_t i, std::size_t seat) { return parents_[i * seats_ + seat]; }
  std::uint16_t& step(std::size_t i, std::size_t seat) { return steps_[i * seats_ + seat]; }

  /// The number of a set; `isNew` if it was not there.
  std::uint32_t find(const std::vector<std::uint64_t>& set, std::uint64_t hash, bool& isNew) {
    isNew = false;
    std::size_t slot = hash & (table_.size() - 1);
    for (; table_[slot] != none; slot = (slot + 1) & (table_.size() - 1)) {
      const std::uint32_t i = table_[slot];
      if (hashes_[i] == hash && std::equal(set.begin(), set.end(), this->set(i))) return i;
    }
    const auto id = static_cast<std::uint32_t>(count());
    isNew = true;
    table_[slot] = id;
    hashes_.push_back(hash);
    sets_.insert(sets_.end(), set.begin(), set.end());
    values_.insert(values_.end(), seats_, impossible);
    parents_.insert(parents_.end(), seats_, none);
    steps_.insert(steps_.end(), seats_, std::uint16_t{0});
    if (count() * 2 > table_.size()) enlarge();
    return id;
  }

 private:
  void enlarge() {
    table_.assign(table_.size() * 2, none);
    for (std::uint32_t i = 0; i < count(); ++i) {
      std::size_t slot = hashes_[i] & (table_.size() - 1);
      while (table_[slot] != none) slot = (slot + 1) & (table_.size() - 1);
      table_[slot] = i;
    }
  }
  std::size_t words_, seats_;
  std::vector<std::uint64_t> sets_, hashes_;
  std::vector<double> values_;
  std::vector<std::uint32_t> parents_, table_;
  std::vector<std::uint16_t> steps_;
};

/// A way on from the ideal that is expanded: one seat, one step, the value when the next stage begins.
struct Way {
  double value = 0, cable = 0;
  std::uint32_t from = 0, seat = 0;
  std::uint16_t step = 0;
};

class Search {
 public:
  Search(const Problem& problem, const Atoms& atoms, const Seats& seats, const WorkBound& bound,
         const Objective& objective, double below, const SearchLimits& limits)
      : problem_(problem),
        atoms_(atoms),
        seats_(seats),
        bound_(bound),
        objective_(objective),
        limits_(limits),
        below_(below),
        states_(atoms.count(), seats.count()),
        keys_(atoms.count()),
        ways_(problem.boards.size()) {
    const std::size_t n = atoms.count();
    for (std::size_t a = 0; a < n; ++a) keys_[a] = randomBits(1, 0, a);
    for (std::size_t k = 0; k < problem.boards.size(); ++k) {
      const bool sums = problem.boards[k].work == Work::sum;
      time_.push_back(sums ? &atoms.sum[k] : &atoms.slowest[k]);
      sums_.push_back(sums);
    }
    for (std::uint32_t r = 0; r < problem.resources.size(); ++r) {
      double all = 0;
      for (const double size : atoms.size[r]) all += size;
      bool binds = false;
      for (const Board& board : problem.boards) binds = binds || all > board.capacity[r];
      if (binds) resources_.push_back(r);
    }
    // A frame of growth: compute per kind, size per resource, rest per weighting and per resource, in, out, least.
    restAt_ = problem.boards.size() + resources_.size();
    roomAt_ = restAt_ + bound.weights.size();
    stride_ = roomAt_ + resources_.size() + 3;
    arena_.resize(stride_ * (n + 1));
    missing_.resize(n);
    waiting_.resize(atoms.tensors.size());
    entered_.resize(atoms.tensors.size());
    behind_.resize(atoms.tensors.size());
    leftForGood_.resize(atoms.tensors.size());
    available_.resize((n + 63) / 64);
    set_.resize((n + 63) / 64);
    bySize_.resize(n + 1);
  }

  SearchResult run(bool keepReached) {
    SearchResult result;
    bool isNew = false;
    const std::vector<std::uint64_t> empty(set_.size(), 0);
    states_.find(empty, 0, isNew);
    states_.value(0, 0) = 0;
    bySize_[0].push_back(0);
    bool complete = true;
    for (std::size_t size = 0; size < atoms_.count() && complete; ++size)
      for (const std::uint32_t ideal : bySize_[size])
        if (!(complete = expand(ideal))) break;
    result.complete = complete;
    result.steps = steps_;
    result.ideals = states_.count();
    result.found = full_ != none;
    if (result.found) {
      result.value = states_.value(full_, fullSeat_);
      result.stages = path();
    }
    if (complete && keepReached) keep(result);
    return result;
  }

 private:
  [[nodiscard]] double limit() const { return below_ * (1 - sameValue); }
  /// Whether a state may still lead to a plan below the limit. `frame` says what is left, `set` what is not.
  [[nodiscard]] bool hopeful(std::uint32_t seat, const double* frame, double value, std::size_t atoms,
                             const std::uint64_t* set) const {
    if (seats_.steps[seat].empty() && atoms < atoms_.count()) return false;
    const double cap =
        objective_.goal == Goal::load ? std::min(below_, objective_.loadLimit) : objective_.loadLimit;
    if (frame[restAt_ + bound_.weighting[seat]] > cap * bound_.worth[seat] * surely) return false;
    for (std::size_t r = 0; r < resources_.size(); ++r)
      if (frame[roomAt_ + r] > bound_.room[seat][resources_[r]] * surely) return false;
    if (objective_.goal == Goal::latency && value + frame[stride_ - 1] > below_ * surely) return false;
    for (const WorkBound::Slow& slow : bound_.slowest[bound_.weighting[seat]]) {
      if ((set[slow.atom / 64] >> (slow.atom % 64) & 1) != 0) continue;
      if (slow.time == impossible || slow.time > cap * surely) return false;
      return objective_.goal != Goal::latency || value + slow.time <= below_ * surely;
    }
    return true;
  }

  bool expand(std::uint32_t ideal) {
    const std::size_t n = atoms_.count();
    double* frame = arena_.data();
    std::fill(frame, frame + stride_, 0.0);
    count_ = 0;
    for (std::size_t w = 0; w < set_.size(); ++w) set_[w] = states_.set(ideal)[w];
    for (std::size_t a = 0; a < n; ++a) {
      if (contains(set_, a)) {
        ++count_;
        continue;
      }
      for (std::size_t m = 0; m < bound_.weights.size(); ++m) frame[restAt_ + m] += bound_.weights[m][a];
      for (std::size_t r = 0; r < resources_.size(); ++r) frame[roomAt_ + r] += atoms_.size[resources_[r]][a];
      frame[stride_ - 1] += bound_.least[a];
    }
    Crossing crossing;
    for (std::size_t t = 0; t < atoms_.tensors.size(); ++t) {
      const AtomTensor& tensor = atoms_.tensors[t];
      std::uint32_t left = 0;
      for (const std::uint32_t to : tensor.to) left += contains(set_, to) ? 0 : 1;
      waiting_[t] = left;
      behind_[t] = contains(set_, tensor.from) ? 1 : 0;
      entered_[t] = 1u - behind_[t];  // what a part makes itself does not enter it
      if (left > 0 && behind_[t] != 0) {
        crossing.amount += tensor.amount;
        crossing.any = true;
      }
    }
    kinds_ = 0;
    for (auto& ways : ways_) ways.clear();
    for (std::uint32_t seat = 0; seat < seats_.count(); ++seat) {
      const double value = states_.value(ideal, seat);
      if (!(value < limit()) || !hopeful(seat, frame, value, count_, set_.data())) continue;
      for (std::size_t i = 0; i < seats_.steps[seat].size(); ++i) {
        const SeatStep& step = seats_.steps[seat][i];
        const double begin =
            seats_.last[seat] == nowhere ? value : overHop(objective_, value, step.hop, crossing);
        if (!(begin < limit())) continue;
        ways_[step.board].push_back({.value = begin,
                                     .cable = step.cable,
                                     .from = seat,
                                     .seat = step.seat,
                                     .step = static_cast<std::uint16_t>(i)});
        kinds_ |= 1u << step.board;
      }
    }
    if (kinds_ == 0) return true;
    for (std::size_t a = 0; a < n; ++a) {
      missing_[a] = 0;
      for (const std::uint32_t u : atoms_.before[a]) missing_[a] += contains(set_, u) ? 0 : 1;
    }
    std::fill(available_.begin(), available_.end(), std::uint64_t{0});
    for (std::size_t a = 0; a < n; ++a)
      if (missing_[a] == 0 && !contains(set_, a)) available_[a / 64] |= std::uint64_t{1} << (a % 64);
    ideal_ = ideal;
    return grow(0, 0, kinds_, states_.hash(ideal), 0);
  }

  /// Adds atoms from `first` on to the part of depth `depth`. What is passed over stays out for good, and so do the
  /// tensors it reads: `forGood` of them leave the part whatever else is added. False: a limit was met.
  bool grow(std::size_t depth, std::size_t first, std::uint32_t kinds, std::uint64_t hash, double forGood) {
    const std::size_t passedBefore = passed_.size();
    bool goesOn = true;
    for (std::size_t w = first / 64; w < available_.size() && kinds != 0 && goesOn; ++w) {
      std::uint64_t bits = available_[w];
      if (w == first / 64) bits &= ~std::uint64_t{0} << (first % 64);
      for (; bits != 0 && kinds != 0; bits &= bits - 1) {
        const std::size_t a = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        if (++steps_ > limits_.steps) {
          goesOn = false;
          break;
        }
        if (const std::uint32_t able = add(depth, a, kinds, forGood); able != 0) {
          enter(a);
          const std::uint64_t next = hash ^ keys_[a];
          goesOn = relax(depth + 1, able, next) && grow(depth + 1, a + 1, able, next, forGood);
          leave(a);
          if (!goesOn) break;
        }
        kinds = passOver(depth, a, kinds, forGood);
      }
    }
    for (; passed_.size() > passedBefore; passed_.pop_back()) leftForGood_[passed_.back()] = 0;
    return goesOn;
  }

  /// `a` stays out of the part; the kinds that can still hold what the part may become.
  std::uint32_t passOver(std::size_t depth, std::size_t a, std::uint32_t kinds, double& forGood) {
    const double before = forGood;
    for (const std::uint32_t t : atoms_.reads[a])
      if (behind_[t] == 0 && leftForGood_[t] == 0) {
        leftForGood_[t] = 1;
        passed_.push_back(t);
        forGood += atoms_.tensors[t].amount;
      }
    if (forGood == before) return kinds;
    const double* frame = &arena_[depth * stride_];
    std::uint32_t able = 0;
    for (std::uint32_t rest = kinds; rest != 0; rest &= rest - 1) {
      const auto k = static_cast<std::size_t>(std::countr_zero(rest));
      if (stageLoad(problem_.boards[k], frame[k], frame[stride_ - 3], forGood) <= partLimit())
        able |= 1u << k;
    }
    return able;
  }

  [[nodiscard]] double partLimit() const {
    const double most = objective_.loadLimit * (1 + sameValue);
    return objective_.goal == Goal::load ? std::min(limit(), most) : most;
  }

  /// The frame of the part with `a`; the kinds that can still hold it, and be fast enough.
  std::uint32_t add(std::size_t depth, std::size_t a, std::uint32_t kinds, double forGood) {
    const double* before = &arena_[depth * stride_];
    double* frame = &arena_[(depth + 1) * stride_];
    double in = before[stride_ - 3], out = before[stride_ - 2];
    for (const std::uint32_t t : atoms_.reads[a]) {
      const AtomTensor& tensor = atoms_.tensors[t];
      if (entered_[t] == 0) in += tensor.amount;
      if (waiting_[t] == 1 && behind_[t] == 0)
        out -= tensor.amount;  // its last reader, in the part that makes it
    }
    for (const std::uint32_t t : atoms_.makes[a]) out += atoms_.tensors[t].amount;
    frame[stride_ - 3] = in;
    frame[stride_ - 2] = out;
    frame[stride_ - 1] = before[stride_ - 1] - bound_.least[a];
    const std::size_t kindCount = problem_.boards.size();
    for (std::size_t r = 0; r < resources_.size(); ++r) {
      frame[kindCount + r] = before[kindCount + r] + atoms_.size[resources_[r]][a];
      frame[roomAt_ + r] = before[roomAt_ + r] - atoms_.size[resources_[r]][a];
    }
    for (std::size_t m = 0; m < bound_.weights.size(); ++m)
      frame[restAt_ + m] = before[restAt_ + m] - bound_.weights[m][a];
    const double cap = partLimit();
    std::uint32_t able = 0;
    for (std::uint32_t rest = kinds; rest != 0; rest &= rest - 1) {
      const auto k = static_cast<std::size_t>(std::countr_zero(rest));
      const double time = (*time_[k])[a];
      const double compute = sums_[k] ? before[k] + time : std::max(before[k], time);
      frame[k] = compute;
      if (compute == impossible || stageLoad(problem_.boards[k], compute, in, forGood) > cap) continue;
      bool fits = true;
      for (std::size_t r = 0; r < resources_.size(); ++r)
        fits = fits && frame[kindCount + r] <= problem_.boards[k].capacity[resources_[r]];
      if (fits) able |= 1u << k;
    }
    return able;
  }

  void enter(std::size_t a) {
    set_[a / 64] |= std::uint64_t{1} << (a % 64);
    ++count_;
    for (const std::uint32_t t : atoms_.reads[a]) {
      --waiting_[t];
      ++entered_[t];
    }
    for (const std::uint32_t w : atoms_.after[a])
      if (--missing_[w] == 0) available_[w / 64] |= std::uint64_t{1} << (w % 64);
  }
  void leave(std::size_t a) {
    set_[a / 64] &= ~(std::uint64_t{1} << (a % 64));
    --count_;
    for (const std::uint32_t t : atoms_.reads[a]) {
      ++waiting_[t];
      --entered_[t];
    }
    for (const std::uint32_t w : atoms_.after[a])
      if (missing_[w]++ == 0) available_[w / 64] &= ~(std::uint64_t{1} << (w % 64));
  }

  /// The part of this depth as a stage. False: out of memory.
  bool relax(std::size_t depth, std::uint32_t able, std::uint64_t hash) {
    const double* frame = &arena_[depth * stride_];
    const double in = frame[stride_ - 3], out = frame[stride_ - 2];
    std::uint32_t id = none;
    for (std::uint32_t rest = able; rest != 0; rest &= rest - 1) {
      const auto k = static_cast<std::size_t>(std::countr_zero(rest));
      const double stage = stageLoad(problem_.boards[k], frame[k], in, out);
      if (objective_.goal == Goal::load && !(stage < limit())) continue;
      for (const Way& way : ways_[k]) {
        const double value = overStage(objective_, way.value, stage, way.cable * std::max(in, out));
        if (!(value < limit()) || !hopeful(way.seat, frame, value, count_, set_.data())) continue;
        if (id == none) {
          bool isNew = false;
          id = states_.find(set_, hash, isNew);
          if (isNew) {
            bySize_[count_].push_back(id);
            if (states_.bytes() > limits_.bytes) return false;
          }
        }
        double& known = states_.value(id, way.seat);
        if (!(value < known * (1 - sameValue)) && known != impossible) continue;
        known = value;
        states_.parent(id, way.seat) = ideal_;
        // The seat we come from, as a number below 4096.
        states_.step(id, way.seat) = static_cast<std::uint16_t>(way.from);
        if (count_ == atoms_.count()) {
          full_ = id;
          fullSeat_ = way.seat;
          below_ = value;
        }
      }
    }
    return true;
  }

  [[nodiscard]] Stages path() {
    std::vector<std::vector<std::uint32_t>> parts;
    std::vector<std::uint32_t> places, boards;
    std::uint32_t ideal = full_, seat = fullSeat_;
    while (ideal != 0) {
      const std::uint32_t before = states_.parent(ideal, seat);
      const std::uint32_t from = states_.step(ideal, seat);
      std::vector<std::uint32_t> part;
      for (std::uint32_t a = 0; a < atoms_.count(); ++a) {
        const auto in = [&](std::uint32_t i) { return (states_.set(i)[a / 64] >> (a % 64) & 1) != 0; };
        if (in(ideal) && !in(before)) part.push_back(a);
      }
      for (const SeatStep& step : seats_.steps[from])
        if (step.seat == seat) {
          places.insert(places.begin(), step.place);
          boards.insert(boards.begin(), step.board);
          break;
        }
      parts.insert(parts.begin(), std::move(part));
      ideal = before;
      seat = from;
    }
    return stagesOf(atoms_, parts, places, boards);
  }

  /// What the certificate lists: states below the value that was proven and not refuted by the bound.
  void keep(SearchResult& result) {
    for (const auto& ideals : bySize_)
      for (const std::uint32_t ideal : ideals) {
        ReachedIdeal reached;
        double* frame = arena_.data();
        std::fill(frame, frame + stride_, 0.0);
        for (std::uint32_t a = 0; a < atoms_.count(); ++a) {
          if ((states_.set(ideal)[a / 64] >> (a % 64) & 1) != 0) {
            reached.atoms.push_back(a);
            continue;
          }
          for (std::size_t m = 0; m < bound_.weights.size(); ++m) frame[restAt_ + m] += bound_.weights[m][a];
          for (std::size_t r = 0; r < resources_.size(); ++r)
            frame[roomAt_ + r] += atoms_.size[resources_[r]][a];
          frame[stride_ - 1] += bound_.least[a];
        }
        if (reached.atoms.size() == atoms_.count()) continue;
        for (std::uint32_t seat = 0; seat < seats_.count(); ++seat) {
          const double value = states_.value(ideal, seat);
          if (value < limit() && hopeful(seat, frame, value, reached.atoms.size(), states_.set(ideal)))
            reached.states.push_back({seat, value});
        }
        if (!reached.states.empty()) result.reached.push_back(std::move(reached));
      }
  }

  [[nodiscard]] static bool contains(const std::vector<std::uint64_t>& set, std::size_t a) {
    return (set[a / 64] >> (a % 64) & 1) != 0;
  }

  const Problem& problem_;
  const Atoms& atoms_;
  const Seats& seats_;
  const WorkBound& bound_;
  const Objective& objective_;
  const SearchLimits& limits_;
  double below_;
  States states_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::vector<Way>> ways_;
  std::vector<const std::vector<double>*> time_;
  std::vector<bool> sums_;
  std::vector<std::uint32_t> resources_;  ///< those that can be short
  std::size_t restAt_ = 0, roomAt_ = 0, stride_ = 0, count_ = 0;
  std::vector<double> arena_;
  std::vector<std::uint32_t> missing_, waiting_;
  std::vector<std::uint32_t>
      entered_;  ///< per tensor: readers in the part; one more if it is made behind the ideal
  std::vector<std::uint8_t> leftForGood_;  ///< per tensor: a reader of it was passed over
  std::vector<std::uint32_t> passed_;      ///< those, in the order in which they were found
  std::vector<std::uint8_t> behind_;       ///< per tensor: made in the ideal that is expanded
  std::vector<std::uint64_t> available_, set_;
  std::vector<std::vector<std::uint32_t>> bySize_;
  std::uint32_t kinds_ = 0, ideal_ = 0, full_ = none, fullSeat_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace

SearchResult searchIdeals(const Problem& problem, const Atoms& atoms, const Seats& seats,
                          const WorkBound& bound, const Objective& objective, double below,
                          const SearchLimits& limits, bool keepReached) {
  return Search(problem, atoms, seats, bound, objective, below, limits).run(keepReached);
}

}  // namespace sluice::splits
