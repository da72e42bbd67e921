// A network falls into parts that touch nowhere but at leaves (registers, ports, memories); a cover of one says nothing about
// the others. Streamed hardware is lanes side by side: of 19,600 parts of a U-Net 556 differ. So each part is
// written down in numbers of its own, without names, truth tables and inverters, which covers do not depend on; what was
// seen before is not covered again. That is exact: the same cover as of the whole network at once, look-up table by look-up
// table.
//
// Parts share one thing, the delay of the whole network, which what is not critical may use up. A part whose longest path
// meets it even with a look-up table for every gate does not depend on it.
#include "hdl/lut_map.h"

#include <algorithm>
#include <deque>

#include "hdl/lut_part.h"

namespace sluice::hdl {
namespace {

using Text = std::vector<std::uint32_t>;

/// A part that was seen before. Placed look-up tables point into it: it stays where it is.
struct Seen {
  Text text;
  std::int32_t leastDelay = 0;                                   ///< of all covers
  std::int32_t mostDelay = 0;                                    ///< of a look-up table for every gate
  std::deque<std::pair<std::int32_t, std::vector<Lut>>> covers;  ///< by the delay that is asked
};

/// Reads what `Parts::write` has written.
void read(const Text& text, LutPart& part) {
  part.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t head = text[at++];
    LutPart::Gate gate{.kind = static_cast<LutPart::Kind>(head & 7u),
                       .first = static_cast<std::uint32_t>(part.inputs.size()),
                       .count = head >> 3 & 0xffu,
                       .box = static_cast<BoxKind>(head >> 12 & 7u),
                       .read = (head >> 15 & 1u) == 0};
    if (gate.kind == LutPart::Kind::leaf) gate.arrivalPs = static_cast<std::int32_t>(text[at++]);
    for (std::uint32_t i = 0; i < gate.count; ++i) part.inputs.push_back(text[at++]);
    if ((head >> 11 & 1u) != 0) {
      gate.roots = text[at++];
      gate.afterPs = static_cast<std::int32_t>(text[at++]);
    }
    part.gates.push_back(gate);
  }
}

std::int32_t mostDelay(const LutPart& part, std::int32_t levelPs) {
  std::vector<std::int32_t> arrival(part.gates.size(), 0), carry(part.gates.size(), 0);
  std::int32_t most = 0;
  for (std::uint32_t g = 0; g < part.gates.size(); ++g) {
    const LutPart::Gate& gate = part.gates[g];
    arrival[g] = gate.arrivalPs;
    if (gate.kind == LutPart::Kind::box)
      part.passThrough(g, arrival, carry);
    else
      for (const std::uint32_t in : part.inputsOf(g))
        arrival[g] = std::max(arrival[g], arrival[in] + levelPs);
    if (gate.roots > 0) most = std::max(most, arrival[g] + gate.afterPs);
  }
  return most;
}

/// A network's parts: the gates of each by rising number. Keeps its memory from one network to the next.
class Parts {
 public:
  void find(const BitNetwork& network, std::span<const LutRoot> roots,
            std::span<const std::uint32_t> readers) {
    n_ = &network;
    readers_ = readers;
    place_.assign(network.size(), {});
    needed_.clear();
    for (std::uint32_t g = 0; g < network.size(); ++g)
      if (readers[g] != 0) needed_.push_back(g);
    for (const LutRoot& r : roots) {
      place_[gateOf(r.lit)].roots += r.count;
      place_[gateOf(r.lit)].afterPs = std::max(place_[gateOf(r.lit)].afterPs, r.afterPs);
    }
    group();
  }

  [[nodiscard]] std::size_t size() const { return starts_.size() - 1; }
  /// All gates that the roots need, by rising number.
  [[nodiscard]] const std::vector<std::uint32_t>& needed() const { return needed_; }
  [[nodiscard]] bool isInner(std::uint32_t g) const {
    const GateKind kind = n_->gate(g).kind;
    return kind != GateKind::zero && kind != GateKind::leaf;
  }

  /// Writes part `p` in its own numbers and appends the gate of each to `names`.
  void write(std::uint32_t p, Text& text, std::vector<std::uint32_t>& names) {
    const std::size_t first = names.size();
    const auto name = [&](std::uint32_t g) {
      place_[g].part = p;
      place_[g].number = static_cast<std::uint32_t>(names.size() - first);
      names.push_back(g);
    };
    std::size_t at = 0;
    for (std::size_t k = starts_[p]; k < starts_[p + 1]; ++k) {
      const std::uint32_t g = sorted_[k];
      const Gate& gate = n_->gate(g);
      const std::span<const Lit> inputs = n_->inputs(g);
      if (text.size() < at + 3 * inputs.size() + 3) text.resize(2 * at + 3 * inputs.size() + 64);
      std::uint32_t* to = text.data() + at;
      for (const Lit in : inputs)
        if (place_[gateOf(in)].part != p) {
          name(gateOf(in));
          *to++ = head(LutPart::Kind::leaf, {}, false, false);
          *to++ = static_cast<std::uint32_t>(n_->gate(gateOf(in)).arrival);
        }
      name(g);
      const Place& place = place_[g];
      const bool carryOnly = hasCarry(gate.box) && readers_[g] == 1;  // the next position
      *to++ = head(kindOf(gate), gate, place.roots > 0, carryOnly);
      for (const Lit in : inputs) *to++ = place_[gateOf(in)].number;
      if (place.roots > 0) {
        *to++ = place.roots;
        *to++ = static_cast<std::uint32_t>(place.afterPs);
      }
      at = static_cast<std::size_t>(to - text.data());
    }
    text.resize(at);
  }

 private:
  struct Place {
    std::uint32_t part = 0xffffffffu, number = 0;  ///< the last part that has named the gate
    std::uint32_t roots = 0;
    std::int32_t afterPs = 0;
  };

  static LutPart::Kind kindOf(const Gate& gate) {
    if (gate.kind == GateKind::box) return LutPart::Kind::box;
    if (gate.count == 2) return LutPart::Kind::pair;
    return gate.kind == GateKind::mux ? LutPart::Kind::mux : LutPart::Kind::table;
  }
  static std::uint32_t head(LutPart::Kind kind, const Gate& gate, bool hasRoots, bool carryOnly) {
    return static_cast<std::uint32_t>(kind) | std::uint32_t{gate.count} << 3 | (hasRoots ? 1u << 11 : 0u) |
           static_cast<std::uint32_t>(gate.box) << 12 | (carryOnly ? 1u << 15 : 0u);
  }

  /// Gates that read one another share a part.
  void group() {
    above_.resize(n_->size());
    const auto find = [&](std::uint32_t g) {
      while (above_[g] != g) g = above_[g] = above_[above_[g]];
      return g;
    };
    for (const std::uint32_t g : needed_) {
      above_[g] = g;
      if (!isInner(g)) continue;
      std::uint32_t mine = g;
      for (const Lit in : n_->inputs(g)) {
        if (!isInner(gateOf(in))) continue;
        const std::uint32_t theirs = find(gateOf(in));
        if (theirs == mine) continue;
        above_[std::max(mine, theirs)] = std::min(mine, theirs);
        mine = std::min(mine, theirs);
      }
    }
    // Parts by their first gates; then every gate to its part.
    partOf_.resize(n_->size());
    starts_.assign(1, 0);
    for (const std::uint32_t g : needed_) {
      if (!isInner(g)) continue;
      const std::uint32_t first = find(g);
      if (first == g) {
        partOf_[g] = static_cast<std::uint32_t>(starts_.size() - 1);
        starts_.push_back(0);
      }
      partOf_[g] = partOf_[first];
      starts_[partOf_[g] + 1] += 1;
    }
    for (std::size_t p = 1; p < starts_.size(); ++p) starts_[p] += starts_[p - 1];
    sorted_.resize(starts_.back());
    std::vector<std::uint32_t> next = starts_;
    for (const std::uint32_t g : needed_)
      if (isInner(g)) sorted_[next[partOf_[g]]++] = g;
  }

  const BitNetwork* n_ = nullptr;
  std::span<const std::uint32_t> readers_;
  std::vector<std::uint32_t> needed_, sorted_, starts_;
  std::vector<Place> place_;
  std::vector<std::uint32_t> above_, partOf_;
};

}  // namespace

class LutMapper::State {
 public:
  explicit State(const LutLibrary& library) : library_(library), mapper_(library) {}

  const LutCover& map(const BitNetwork& network, std::span<const LutRoot> roots,
                      std::span<const std::uint32_t> readers) {
    parts_.find(network, roots, readers);
    known_.clear(), names_.clear(), starts_.clear();
    std::int32_t delay = 0;
    for (const LutRoot& r : roots)
      if (!parts_.isInner(gateOf(r.lit)))
        delay = std::max(delay, network.gate(gateOf(r.lit)).arrival + r.afterPs);
    for (std::uint32_t p = 0; p < parts_.size(); ++p) {
      starts_.push_back(names_.size());
      parts_.write(p, text_, names_);
      known_.push_back(find(delay));
      delay = std::max(delay, seen_[known_.back()].leastDelay);
    }
    cover_.count = 0;
    cover_.luts.clear();
    for (std::size_t p = 0; p < parts_.size(); ++p)
      for (const Lut& lut : coverOf(seen_[known_[p]], delay)) {
        cover_.luts.push_back({&lut, names_.data() + starts_[p]});
        cover_.count += library_.luts[lut.count];
      }
    findWires(network, roots);
    cover_.count += inverters(network);
    return cover_;
  }

 private:
  /// The number of the part whose text is in `text_`; `delay`: what the whole network has at least.
  std::uint32_t find(std::int32_t delay) {
    std::uint64_t hash = text_.size();
    for (const std::uint32_t word : text_) hash = (hash ^ word) * 0x9e3779b97f4a7c15ull, hash ^= hash >> 32;
    const std::uint32_t found =
        places_.find(hash, [&](std::uint32_t n) { return seen_[n - 1].text == text_; });
    if (found != 0) return found - 1;
    read(text_, part_);
    const auto number = static_cast<std::uint32_t>(seen_.size());
    Seen& part = seen_.emplace_back(Seen{.text = text_, .mostDelay = mostDelay(part_, library_.levelPs)});
    if (part.mostDelay <= delay) {  // it will be asked for
      PartMapper::Cover cover = mapper_.cover(part_, part.mostDelay);
      part.leastDelay = cover.leastDelay;
      part.covers.emplace_back(part.mostDelay, std::move(cover.luts));
    } else {
      part.leastDelay = mapper_.leastDelay(part_);
    }
    places_.add(hash, number + 1);
    return number;
  }

  const std::vector<Lut>& coverOf(Seen& part, std::int32_t delay) {
    delay = std::min(delay, part.mostDelay);
    for (const auto& [asked, luts] : part.covers)
      if (asked == delay) return luts;
    read(part.text, part_);
    return part.covers.emplace_back(delay, mapper_.cover(part_, delay).luts).second;
  }

  void findWires(const BitNetwork& network, std::span<const LutRoot> roots) {
    cover_.wires.assign(2 * network.size(), 0);
    for (const LutRoot& r : roots) cover_.wires[r.lit] += r.count;
    for (const std::uint32_t g : parts_.needed())
      if (network.gate(g).kind == GateKind::box)
        for (const Lit in : network.inputs(g)) cover_.wires[in] += 1;
  }

  /// Of wires that are wanted as they are and inverted, and of inverted leaves and boxes.
  [[nodiscard]] std::uint64_t inverters(const BitNetwork& network) const {
    const std::vector<std::uint32_t>& wires = cover_.wires;
    std::uint64_t count = 0;
    for (const PlacedLut& lut : cover_.luts)
      count += wires[2 * lut.gate()] != 0 && wires[2 * lut.gate() + 1] != 0 ? 1 : 0;
    for (const std::uint32_t g : parts_.needed()) {
      const GateKind kind = network.gate(g).kind;
      count += (kind == GateKind::leaf || kind == GateKind::box) && wires[2 * g + 1] != 0 ? 1 : 0;
    }
    return count;
  }

  LutLibrary library_;
  PartMapper mapper_;
  Parts parts_;
  std::vector<std::uint32_t> known_;  ///< per part of the network: which of those seen it is
  std::vector<std::uint32_t> names_;  ///< the gates of all parts, one part after the other
  std::vector<std::size_t> starts_;   ///< of each part in `names_`
  LutPart part_;
  Text text_;
  LutCover cover_;  ///< the last one
  std::deque<Seen> seen_;
  PlaceTable places_;  ///< of those seen, by text
};

LutMapper::LutMapper(const LutLibrary& library) : state_(std::make_unique<State>(library)) {}
LutMapper::~LutMapper() = default;

const LutCover& LutMapper::map(const BitNetwork& network, std::span<const LutRoot> roots,
                               std::span<const std::uint32_t> readers) {
  return state_->map(network, roots, readers);
}

}  // namespace sluice::hdl
