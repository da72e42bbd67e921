// LUT mapping by cuts, the way ABC's `if` does it.
//
// A cut of a gate is a set of gates below it that together decide its value; a cut of at most k gates fits
// one LUT. Gates are visited from the inputs up; each keeps a few good cuts, made by joining cuts of its
// inputs, and a best one. Which cut is best depends on the pass:
//
//   delay   the earliest arrival; the network's delay under these choices is then the time everything must
//   keep flow    among cuts that keep the required time, the least area, where a gate that several others
//   read is paid by shares area    the same with exact area: how many LUTs would appear if this cut were
//   taken, with all others as they are
//
// Steps of carry chains and asynchronous memories are boxes: time passes through them, LUTs do not.
//
// Source  A. Mishchenko, S. Cho, S. Chatterjee, R. Brayton, "Combinational and sequential mapping with
// priority cuts", ICCAD
//         2007. Ours differs: no structural choices; and, xor and mux are gates of their own, which stands in
//         for the rewriting that ABC does first.
#include "hdl/lut_map.h"

#include <algorithm>
#include <limits>

namespace sluice::hdl {
namespace {

constexpr std::uint32_t kMostInputs = 8;
constexpr std::size_t kCuts = 8;     ///< kept per gate
constexpr std::size_t kMuxCuts = 5;  ///< of each input of a mux: three sets are joined
constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max() / 4;

struct Cut {
  std::uint32_t leaves[kMostInputs];
  std::uint32_t count = 0;
  std::uint64_t signature = 0;  ///< of the leaves: a cheap bound on the size of a union
  std::int32_t arrival = 0;
  float area = 0;
};

enum class Pass : std::uint8_t { delay, flow, area };

class Mapper {
 public:
  Mapper(const BitNetwork& network, std::span<const LutRoot> roots, const LutLibrary& library)
      : n_(network), roots_(roots), library_(library) {
    findOrder();
    const std::size_t size = n_.size();
    logic_.assign(size, 0), feedsLogic_.assign(size, 0);
    for (const std::uint32_t g : order_) {
      const GateKind kind = n_.gate(g).kind;
      logic_[g] = kind != GateKind::zero && kind != GateKind::leaf && kind != GateKind::box ? 1 : 0;
      if (logic_[g] != 0)
        for (const Lit in : n_.inputs(g)) feedsLogic_[gateOf(in)] = 1;
    }
    arrival_.assign(size, 0), required_.assign(size, kNever), flow_.assign(size, 0);
    best_.resize(size), first_.assign(size, 0), count_.assign(size, 0);
    estimate_.assign(size, 1), references_.assign(size, 0);
    for (const std::uint32_t g : order_)
      for (const Lit in : n_.inputs(g)) estimate_[gateOf(in)] += 1;
    for (const LutRoot& r : roots_) estimate_[gateOf(r.lit)] += 1;
    for (float& e : estimate_) e = std::max(1.0f, e - 1);
  }

  LutCover run() {
    for (const Pass pass : {Pass::delay, Pass::flow, Pass::flow, Pass::area, Pass::area}) {
      cuts_.clear();
      for (const std::uint32_t g : order_) visit(g, pass);
      cover(pass);
    }
    return count();
  }

 private:
  [[nodiscard]] bool isLogic(std::uint32_t g) const { return logic_[g] != 0; }

  /// What the roots need, inputs first: a gate's inputs always have smaller numbers.
  void findOrder() {
    std::vector<bool> needed(n_.size(), false);
    std::vector<std::uint32_t> open;
    const auto need = [&](Lit a) {
      if (!needed[gateOf(a)]) needed[gateOf(a)] = true, open.push_back(gateOf(a));
    };
    for (const LutRoot& r : roots_) need(r.lit);
    while (!open.empty()) {
      const std::uint32_t g = open.back();
      open.pop_back();
      for (const Lit in : n_.inputs(g)) need(in);
    }
    for (std::uint32_t g = 0; g < n_.size(); ++g)
      if (needed[g]) order_.push_back(g);
  }

  // ---- cuts

  static Cut trivial(std::uint32_t g) {
    Cut cut;
    cut.leaves[0] = g, cut.count = 1, cut.signature = 1ull << (g % 64);
    return cut;
  }

  /// The union, if it fits.
  bool join(const Cut& a, const Cut& b, Cut& to) const {
    to.signature = a.signature | b.signature;
    if (static_cast<std::uint32_t>(__builtin_popcountll(to.signature)) > library_.mostInputs) return false;
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

  static bool contains(const Cut& small, const Cut& large) {
    if (small.count > large.count || (small.signature & ~large.signature) != 0) return false;
    return std::includes(large.leaves, large.leaves + large.count, small.leaves, small.leaves + small.count);
  }

  void evaluate(Cut& cut, Pass pass) {
    cut.arrival = 0;
    for (std::uint32_t i = 0; i < cut.count; ++i)
      cut.arrival = std::max(cut.arrival, arrival_[cut.leaves[i]]);
    cut.arrival += library_.levelPs;
    if (pass == Pass::area) {
      cut.area = static_cast<float>(take(cut));
      release(cut);
      return;
    }
    cut.area = static_cast<float>(library_.weight[cut.count]);
    for (std::uint32_t i = 0; i < cut.count; ++i) cut.area += flow_[cut.leaves[i]];
  }

  static bool better(const Cut& a, const Cut& b, Pass pass) {
    constexpr float same = 0.001f;
    if (pass == Pass::delay && a.arrival != b.arrival) return a.arrival < b.arrival;
    if (a.area < b.area - same) return true;
    if (a.area > b.area + same) return false;
    if (a.arrival != b.arrival && pass != Pass::delay) return a.arrival < b.arrival;
    return a.count < b.count;
  }

  /// Puts a cut into the sorted set `set_`, unless one in it is as good.
  void offer(Cut& cut, std::uint32_t g, Pass pass) {
    for (const Cut& other : set_)
      if (contains(other, cut)) return;
    evaluate(cut, pass);
    if (pass != Pass::delay && cut.arrival > required_[g]) return;
    std::erase_if(set_, [&](const Cut& other) { return contains(cut, other); });
    const auto at =
        std::find_if(set_.begin(), set_.end(), [&](const Cut& other) { return better(cut, other, pass); });
    if (at == set_.end() && set_.size() == kCuts) return;
    set_.insert(at, cut);
    if (set_.size() > kCuts) set_.pop_back();
  }

  /// `own`: room for the trivial cut of a leaf or box, which is not kept.
  [[nodiscard]] std::span<const Cut> cutsOf(std::uint32_t g, Cut& own) const {
    if (logic_[g]) return {cuts_.data() + first_[g], count_[g]};
    own = trivial(g);
    return {&own, 1};
  }

  void enumerate(std::uint32_t g, Pass pass) {
    const std::span<const Lit> in = n_.inputs(g);
    Cut joined, both, own[3];
    if (in.size() == 2) {
      const std::span<const Cut> first = cutsOf(gateOf(in[0]), own[0]),
                                 second = cutsOf(gateOf(in[1]), own[1]);
      for (const Cut& a : first)
        for (const Cut& b : second)
          if (join(a, b, joined)) offer(joined, g, pass);
    } else if (n_.gate(g).kind == GateKind::mux) {
      const std::span<const Cut> steer = cutsOf(gateOf(in[0]), own[0]), one = cutsOf(gateOf(in[1]), own[1]),
                                 zero = cutsOf(gateOf(in[2]), own[2]);
      for (std::size_t b = 0; b < one.size(); b = nextOf(b, one.size()))
        for (std::size_t c = 0; c < zero.size(); c = nextOf(c, zero.size())) {
          if (!join(one[b], zero[c], both)) continue;
          for (std::size_t a = 0; a < steer.size(); a = nextOf(a, steer.size()))
            if (join(steer[a], both, joined)) offer(joined, g, pass);
        }
    } else {
      Cut direct = trivial(gateOf(in[0]));
      for (std::size_t i = 1; i < in.size(); ++i)
        if (join(direct, trivial(gateOf(in[i])), both)) direct = both;
      if (direct.count <= library_.mostInputs) offer(direct, g, pass);
      for (std::size_t i = 0; i < in.size(); ++i) throughInput(g, in, i, pass);
    }
  }

  /// Cuts of a table that go through one input.
  void throughInput(std::uint32_t g, std::span<const Lit> in, std::size_t through, Pass pass) {
    if (!isLogic(gateOf(in[through]))) return;
    Cut own;
    for (const Cut& base : cutsOf(gateOf(in[through]), own)) {
      Cut cut = base, next;
      bool fits = true;
      for (std::size_t i = 0; i < in.size() && fits; ++i) {
        if (i == through) continue;
        fits = join(cut, trivial(gateOf(in[i])), next);
        cut = next;
      }
      if (fits) offer(cut, g, pass);
    }
  }

  /// The next of a few cuts: the best ones and the trivial one, which stands last.
  static std::size_t nextOf(std::size_t i, std::size_t count) {
    return i + 1 < count && i + 2 >= kMuxCuts ? std::max(i + 1, count - 1) : i + 1;
  }

  /// Of leaves and boxes alone: there is one cut. True if `g` is such a gate.
  bool visitSimple(std::uint32_t g, Pass pass) {
    const std::span<const Lit> in = n_.inputs(g);
    for (const Lit a : in)
      if (isLogic(gateOf(a))) return false;
    Cut& cut = best_[g];
    if (pass == Pass::delay) {
      cut = trivial(gateOf(in[0]));
      Cut joined;
      for (std::size_t i = 1; i < in.size(); ++i) {
        join(cut, trivial(gateOf(in[i])), joined);
        cut = joined;
      }
      cut.area = static_cast<float>(library_.weight[cut.count]);
    }
    cut.arrival = 0;
    for (const Lit a : in) cut.arrival = std::max(cut.arrival, arrival_[gateOf(a)]);
    arrival_[g] = cut.arrival += library_.levelPs;
    flow_[g] = cut.area / estimate_[g];
    if (feedsLogic_[g] != 0) set_.push_back(cut);
    return true;
  }

  void visit(std::uint32_t g, Pass pass) {
    set_.clear();
    if (isLogic(g) && visitSimple(g, pass)) {
    } else if (isLogic(g)) {
      if (pass == Pass::area && references_[g] > 0) release(best_[g]);
      if (pass != Pass::delay) {
        Cut before = best_[g];
        offer(before, g, pass);
      }
      enumerate(g, pass);
      if (!set_.empty()) {
        best_[g] = set_.front();
      } else {
        evaluate(best_[g], pass);  // what it was came too late by now: it stays
        set_.push_back(best_[g]);
      }
      arrival_[g] = best_[g].arrival;
      if (pass == Pass::area) {
        if (references_[g] > 0) take(best_[g]);
      } else {
        flow_[g] = best_[g].area / estimate_[g];
      }
    } else if (n_.gate(g).kind == GateKind::box) {
      arrival_[g] = 0;
      for (std::size_t i = 0; i < n_.inputs(g).size(); ++i)
        arrival_[g] = std::max(arrival_[g], arrival_[gateOf(n_.inputs(g)[i])] + n_.delays(g)[i]);
    } else {
      arrival_[g] = n_.gate(g).arrival;
    }
    if (!isLogic(g) || feedsLogic_[g] == 0) return;
    first_[g] = static_cast<std::uint32_t>(cuts_.size());
    cuts_.insert(cuts_.end(), set_.begin(), set_.end());
    cuts_.push_back(trivial(g));
    count_[g] = static_cast<std::uint32_t>(cuts_.size()) - first_[g];
  }

  // ---- exact area: LUTs that appear when a cut is taken, or go when it is released

  std::uint32_t take(const Cut& cut) {
    std::uint32_t area = library_.weight[cut.count];
    for (std::uint32_t i = 0; i < cut.count; ++i)
      if (references_[cut.leaves[i]]++ == 0 && isLogic(cut.leaves[i])) area += take(best_[cut.leaves[i]]);
    return area;
  }
  void release(const Cut& cut) {
    for (std::uint32_t i = 0; i < cut.count; ++i)
      if (--references_[cut.leaves[i]] == 0 && isLogic(cut.leaves[i])) release(best_[cut.leaves[i]]);
  }

  // ---- the cover that the best cuts make

  void cover(Pass pass) {
    if (pass == Pass::delay)
      for (const LutRoot& r : roots_) delay_ = std::max(delay_, arrival_[gateOf(r.lit)] + r.afterPs);
    std::fill(required_.begin(), required_.end(), kNever);
    std::fill(references_.begin(), references_.end(), 0);
    for (const LutRoot& r : roots_) {
      references_[gateOf(r.lit)] += 1;
      require(gateOf(r.lit), delay_ - r.afterPs);
    }
    for (std::size_t i = order_.size(); i-- > 0;) {
      const std::uint32_t g = order_[i];
      if (n_.gate(g).kind == GateKind::box) {
        for (std::size_t k = 0; k < n_.inputs(g).size(); ++k) {
          references_[gateOf(n_.inputs(g)[k])] += 1;
          require(gateOf(n_.inputs(g)[k]), required_[g] - n_.delays(g)[k]);
        }
      } else if (isLogic(g) && references_[g] > 0) {
        for (std::uint32_t k = 0; k < best_[g].count; ++k) {
          references_[best_[g].leaves[k]] += 1;
          require(best_[g].leaves[k], required_[g] - library_.levelPs);
        }
      }
    }
    for (const std::uint32_t g : order_)
      estimate_[g] = std::max(1.0f, (2 * estimate_[g] + static_cast<float>(references_[g])) / 3);
  }
  void require(std::uint32_t g, std::int32_t time) { required_[g] = std::min(required_[g], time); }

  [[nodiscard]] LutCover count() const {
    LutCover result;
    std::vector<std::uint8_t> wanted(n_.size(), 0);  // 1: as it is, 2: inverted, as a wire
    const auto want = [&](Lit a) {
      wanted[gateOf(a)] = static_cast<std::uint8_t>(wanted[gateOf(a)] | (isInverted(a) ? 2u : 1u));
    };
    for (const LutRoot& r : roots_) want(r.lit);
    for (const std::uint32_t g : order_)
      if (n_.gate(g).kind == GateKind::box) std::for_each(n_.inputs(g).begin(), n_.inputs(g).end(), want);
    for (const std::uint32_t g : order_) {
      const GateKind kind = n_.gate(g).kind;
      if (isLogic(g) && references_[g] > 0) {
        result.count += library_.luts[best_[g].count] + (wanted[g] == 3 ? 1 : 0);
        result.luts.push_back({.gate = g, .leaves = {}, .count = best_[g].count});
        std::copy_n(best_[g].leaves, best_[g].count, result.luts.back().leaves.begin());
      } else if ((kind == GateKind::leaf || kind == GateKind::box) && (wanted[g] & 2) != 0) {
        result.count += 1;
      }
    }
    return result;
  }

  const BitNetwork& n_;
  std::span<const LutRoot> roots_;
  LutLibrary library_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint8_t> logic_, feedsLogic_;  ///< per gate: is no leaf or box; is read by such a gate
  std::vector<std::int32_t> arrival_, required_;
  std::vector<float> flow_, estimate_;
  std::vector<Cut> best_, cuts_, set_;
  std::vector<std::uint32_t> first_, count_, references_;
  std::int32_t delay_ = 0;
};

}  // namespace

LutCover mapLuts(const BitNetwork& network, std::span<const LutRoot> roots, const LutLibrary& library) {
  return Mapper(network, roots, library).run();
}

}  // namespace sluice::hdl
