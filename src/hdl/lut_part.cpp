// LUT mapping by cuts, the way ABC's `if` does it.
//
// A cut of a gate is a set of gates below it that together decide its value; a cut of at most k gates fits one LUT. Gates are
// visited from the inputs up; each keeps a few good cuts, made by joining cuts of its inputs, and a best one. Which cut is
// best depends on the pass:
//
//   delay   the earliest arrival
//   flow    among cuts that keep the required time, the least area, where a gate that several others read is paid by shares
//   area    the same with exact area: how many LUTs would appear if this cut were taken, with all others as they are
//
// Steps of carry chains and asynchronous memories are boxes: time passes through them, LUTs do not.
//
// Source  A. Mishchenko, S. Cho, S. Chatterjee, R. Brayton, "Combinational and sequential mapping with priority cuts", ICCAD
//         2007. Ours differs: no structural choices; and, xor and mux are gates of their own, which stands in for the
//         rewriting that ABC does first.
#include "hdl/lut_part.h"

#include <algorithm>
#include <limits>

namespace sluice::hdl {
namespace {

constexpr std::size_t kCuts = 8;     ///< kept per gate
constexpr std::size_t kMuxCuts = 5;  ///< of each input of a mux: three sets are joined
constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max() / 4;

/// The next of a few cuts: the best ones and the trivial one, which stands last.
std::size_t nextOf(std::size_t i, std::size_t count) {
  return i + 1 < count && i + 2 >= kMuxCuts ? std::max(i + 1, count - 1) : i + 1;
}

}  // namespace

void PartMapper::start(const LutPart& part) {
  part_ = &part;
  const std::size_t size = part.gates.size();
  feedsLogic_.assign(size, 0), estimate_.assign(size, 0), references_.assign(size, 0);
  arrival_.resize(size), flow_.assign(size, 0), required_.assign(size, kNever);
  best_.resize(size), first_.resize(size), count_.resize(size);
  carryArrival_.resize(size), carryRequired_.resize(size);
  for (std::uint32_t g = 0; g < size; ++g) {
    if (part.gates[g].kind == LutPart::Kind::box)
      part.forPaths(g, [&](std::uint32_t in, bool, bool, std::int32_t) { estimate_[in] += 1; });
    else
      for (const std::uint32_t in : part.inputsOf(g)) estimate_[in] += 1, feedsLogic_[in] = 1;
    estimate_[g] += static_cast<float>(part.gates[g].roots);
  }
  for (float& e : estimate_) e = std::max(1.0f, e);
}

PartMapper::Cover PartMapper::cover(const LutPart& part, std::int32_t delayPs) {
  Cover cover;
  start(part);
  for (const Pass pass : {Pass::delay, Pass::flow, Pass::flow, Pass::area, Pass::area}) {
    changed_ = false;
    run(pass);
    if (pass == Pass::delay) cover.leastDelay = delay();
    if (pass == Pass::area && !changed_) break;  // another one would find the same
    chooseCover(delayPs);
  }
  for (std::uint32_t g = 0; g < part.gates.size(); ++g) {
    if (!part.isLogic(g) || references_[g] == 0) continue;
    cover.luts.push_back({.gate = g, .leaves = {}, .count = best_[g].count});
    std::copy_n(best_[g].leaves, best_[g].count, cover.luts.back().leaves.begin());
  }
  return cover;
}

std::int32_t PartMapper::leastDelay(const LutPart& part) {
  start(part);
  run(Pass::delay);
  return delay();
}

/// Of what the last pass has found.
std::int32_t PartMapper::delay() const {
  std::int32_t delay = 0;
  for (std::uint32_t g = 0; g < part_->gates.size(); ++g)
    if (part_->gates[g].roots > 0) delay = std::max(delay, arrival_[g] + part_->gates[g].afterPs);
  return delay;
}

void PartMapper::run(Pass pass) {
  cuts_.clear();
  for (std::uint32_t g = 0; g < part_->gates.size(); ++g) visit(g, pass);
}

// ---- cuts

PartMapper::Cut PartMapper::trivial(std::uint32_t g) {
  Cut cut;
  cut.leaves[0] = g, cut.count = 1, cut.signature = 1ull << (g % 64);
  return cut;
}

/// The union, if it fits.
bool PartMapper::join(const Cut& a, const Cut& b, Cut& to) const {
  to.signature = a.signature | b.signature;
  if (a.count + b.count > library_.mostInputs &&
      static_cast<std::uint32_t>(__builtin_popcountll(to.signature)) > library_.mostInputs)
    return false;
  std::uint32_t i = 0, j = 0, k = 0;
  while (i < a.count || j < b.count) {
    if (k == library_.mostInputs) return false;
    if (j == b.count || (i < a.count && a.leaves[i] < b.leaves[j]))
      to.leaves[k++] = a.leaves[i++];
    else if (i == a.count || b.leaves[j] < a.leaves[i])
      to.leaves[k++] = b.leaves[j++];
    else
      to.leaves[k++] = a.leaves[i++], ++j;
  }
  to.count = k;
  return true;
}

bool PartMapper::contains(const Cut& small, const Cut& large) {
  if (small.count > large.count || (small.signature & ~large.signature) != 0) return false;
  return std::includes(large.leaves, large.leaves + large.count, small.leaves, small.leaves + small.count);
}

std::int32_t PartMapper::arrival(const Cut& cut) const {
  std::int32_t latest = 0;
  for (std::uint32_t i = 0; i < cut.count; ++i) latest = std::max(latest, arrival_[cut.leaves[i]]);
  return latest + library_.levelPs;
}

void PartMapper::evaluate(Cut& cut, Pass pass) {
  if (pass == Pass::area) {
    cut.area = static_cast<float>(take(cut));
    release(cut);
    return;
  }
  cut.area = static_cast<float>(library_.weight[cut.count]);
  for (std::uint32_t i = 0; i < cut.count; ++i) cut.area += flow_[cut.leaves[i]];
}

bool PartMapper::better(const Cut& a, const Cut& b, Pass pass) {
  constexpr float same = 0.001f;
  if (pass == Pass::delay && a.arrival != b.arrival) return a.arrival < b.arrival;
  if (a.area < b.area - same) return true;
  if (a.area > b.area + same) return false;
  if (a.arrival != b.arrival && pass != Pass::delay) return a.arrival < b.arrival;
  return a.count < b.count;
}

/// Puts a cut into the sorted set `set_`, unless one in it is as good.
void PartMapper::offer(Cut& cut, std::uint32_t g, Pass pass) {
  for (const Cut& other : set_)
    if (contains(other, cut)) return;
  cut.arrival = arrival(cut);
  if (pass != Pass::delay && cut.arrival > required_[g]) return;
  evaluate(cut, pass);
  // What it is contained in is no better than it, so behind the last of a full set there is nothing to erase.
  if (set_.size() == kCuts && !better(cut, set_.back(), pass)) return;
  std::erase_if(set_, [&](const Cut& other) { return contains(cut, other); });
  const auto at =
      std::find_if(set_.begin(), set_.end(), [&](const Cut& other) { return better(cut, other, pass); });
  set_.insert(at, cut);
  if (set_.size() > kCuts) set_.pop_back();
}

/// `own`: room for the trivial cut of a leaf or box, which is not kept.
std::span<const PartMapper::Cut> PartMapper::cutsOf(std::uint32_t g, Cut& own) const {
  if (part_->isLogic(g)) return {cuts_.data() + first_[g], count_[g]};
  own = trivial(g);
  return {&own, 1};
}

void PartMapper::enumerate(std::uint32_t g, Pass pass) {
  const std::span<const std::uint32_t> in = part_->inputsOf(g);
  Cut joined, both, own[3];
  if (part_->gates[g].kind == LutPart::Kind::pair) {
    const std::span<const Cut> first = cutsOf(in[0], own[0]), second = cutsOf(in[1], own[1]);
    for (const Cut& a : first)
      for (const Cut& b : second)
        if (join(a, b, joined)) offer(joined, g, pass);
  } else if (part_->gates[g].kind == LutPart::Kind::mux) {
    const std::span<const Cut> steer = cutsOf(in[0], own[0]), one = cutsOf(in[1], own[1]),
                               zero = cutsOf(in[2], own[2]);
    for (std::size_t b = 0; b < one.size(); b = nextOf(b, one.size()))
      for (std::size_t c = 0; c < zero.size(); c = nextOf(c, zero.size())) {
        if (!join(one[b], zero[c], both)) continue;
        for (std::size_t a = 0; a < steer.size(); a = nextOf(a, steer.size()))
          if (join(steer[a], both, joined)) offer(joined, g, pass);
      }
  } else {
    Cut direct = trivial(in[0]);
    for (std::size_t i = 1; i < in.size(); ++i)
      if (join(direct, trivial(in[i]), both)) direct = both;
    if (direct.count <= library_.mostInputs) offer(direct, g, pass);
    for (std::size_t i = 0; i < in.size(); ++i) throughInput(g, in, i, pass);
  }
}

/// Cuts of a table that go through one input.
void PartMapper::throughInput(std::uint32_t g, std::span<const std::uint32_t> in, std::size_t through,
                              Pass pass) {
  if (!part_->isLogic(in[through])) return;
  Cut own;
  for (const Cut& base : cutsOf(in[through], own)) {
    Cut cut = base, next;
    bool fits = true;
    for (std::size_t i = 0; i < in.size() && fits; ++i) {
      if (i == through) continue;
      fits = join(cut, trivial(in[i]), next);
      cut = next;
    }
    if (fits) offer(cut, g, pass);
  }
}

/// Of leaves and boxes alone: there is one cut. True if `g` is such a gate.
bool PartMapper::visitSimple(std::uint32_t g, Pass pass) {
  const std::span<const std::uint32_t> in = part_->inputsOf(g);
  for (const std::uint32_t i : in)
    if (part_->isLogic(i)) return false;
  Cut& cut = best_[g];
  if (pass == Pass::delay) {
    cut = trivial(in[0]);
    Cut joined;
    for (std::size_t i = 1; i < in.size(); ++i) {
      join(cut, trivial(in[i]), joined);
      cut = joined;
    }
    cut.area = static_cast<float>(library_.weight[cut.count]);
  }
  cut.arrival = 0;
  for (const std::uint32_t i : in) cut.arrival = std::max(cut.arrival, arrival_[i]);
  arrival_[g] = cut.arrival += library_.levelPs;
  flow_[g] = cut.area / estimate_[g];
  if (feedsLogic_[g] != 0) set_.push_back(cut);
  return true;
}

void PartMapper::visit(std::uint32_t g, Pass pass) {
  const LutPart::Gate& gate = part_->gates[g];
  if (gate.kind == LutPart::Kind::leaf) {
    arrival_[g] = gate.arrivalPs;
    return;
  }
  if (gate.kind == LutPart::Kind::box) {
    part_->passThrough(g, arrival_, carryArrival_);
    return;
  }
  set_.clear();
  if (!visitSimple(g, pass)) {
    if (pass == Pass::area && references_[g] > 0) release(best_[g]);
    const Cut before = best_[g];
    if (pass != Pass::delay) {
      Cut again = before;
      offer(again, g, pass);
    }
    enumerate(g, pass);
    if (!set_.empty()) {
      best_[g] = set_.front();
      changed_ = changed_ || !std::ranges::equal(leavesOf(before), leavesOf(best_[g]));
    } else {
      best_[g].arrival = arrival(best_[g]);  // what it was came too late by now: it stays
      evaluate(best_[g], pass);
      set_.push_back(best_[g]);
    }
    arrival_[g] = best_[g].arrival;
    if (pass == Pass::area) {
      if (references_[g] > 0) take(best_[g]);
    } else {
      flow_[g] = best_[g].area / estimate_[g];
    }
  }
  if (feedsLogic_[g] == 0) return;
  first_[g] = static_cast<std::uint32_t>(cuts_.size());
  cuts_.insert(cuts_.end(), set_.begin(), set_.end());
  cuts_.push_back(trivial(g));
  count_[g] = static_cast<std::uint32_t>(cuts_.size()) - first_[g];
}

// ---- exact area: LUTs that appear when a cut is taken, or go when it is released

std::uint32_t PartMapper::take(const Cut& cut) {
  std::uint32_t area = library_.weight[cut.count];
  for (std::uint32_t i = 0; i < cut.count; ++i)
    if (references_[cut.leaves[i]]++ == 0 && part_->isLogic(cut.leaves[i]))
      area += take(best_[cut.leaves[i]]);
  return area;
}

void PartMapper::release(const Cut& cut) {
  for (std::uint32_t i = 0; i < cut.count; ++i)
    if (--references_[cut.leaves[i]] == 0 && part_->isLogic(cut.leaves[i])) release(best_[cut.leaves[i]]);
}

// ---- the cover that the best cuts make

void PartMapper::chooseCover(std::int32_t delayPs) {
  const std::vector<LutPart::Gate>& gates = part_->gates;
  for (std::size_t g = 0; g < gates.size(); ++g) {
    required_[g] = gates[g].roots > 0 ? delayPs - gates[g].afterPs : kNever;
    carryRequired_[g] = kNever;
    references_[g] = gates[g].roots;
  }
  for (auto g = static_cast<std::uint32_t>(gates.size()); g-- > 0;) {
    if (gates[g].kind == LutPart::Kind::box) {
      part_->forPaths(g, [&](std::uint32_t in, bool fromCarry, bool toCarry, std::int32_t delay) {
        references_[in] += 1;
        std::int32_t& before = (fromCarry ? carryRequired_ : required_)[in];
        before = std::min(before, (toCarry ? carryRequired_ : required_)[g] - delay);
      });
    } else if (part_->isLogic(g) && references_[g] > 0) {
      for (std::uint32_t i = 0; i < best_[g].count; ++i) {
        references_[best_[g].leaves[i]] += 1;
        require(best_[g].leaves[i], required_[g] - library_.levelPs);
      }
    }
  }
  for (std::size_t g = 0; g < gates.size(); ++g)
    estimate_[g] = std::max(1.0f, (2 * estimate_[g] + static_cast<float>(references_[g])) / 3);
}

}  // namespace sluice::hdl
