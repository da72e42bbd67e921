#include "hdl/bit_network.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/rng.h"

namespace sluice::hdl {

namespace {

std::uint64_t hashOf(std::uint64_t content, std::span<const Lit> inputs) {
  for (const Lit a : inputs) content = std::rotl(content, 32) * 0x9e3779b97f4a7c15ull + a;
  return mix64(content);
}

}  // namespace

BitNetwork::BitNetwork() { gates_.push_back({}); }

void BitNetwork::reset(std::size_t gates) {
  gates_.clear(), inputs_.clear(), truths_.clear();
  gates_.reserve(gates);
  inputs_.reserve(2 * gates);
  known_.reset(gates / 2);
  gates_.push_back({});
}

Lit BitNetwork::append(GateKind kind, std::span<const Lit> inputs) {
  gates_.push_back({.kind = kind,
                    .count = static_cast<std::uint8_t>(inputs.size()),
                    .first = static_cast<std::uint32_t>(inputs_.size())});
  inputs_.insert(inputs_.end(), inputs.begin(), inputs.end());
  return 2 * (size() - 1);
}

Lit BitNetwork::shared(GateKind kind, std::initializer_list<Lit> in) {
  const std::uint64_t hash = hashOf(static_cast<std::uint64_t>(kind) << 30, {in.begin(), in.size()});
  const std::uint32_t found = known_.find(
      hash, [&](std::uint32_t g) { return gates_[g].kind == kind && std::ranges::equal(inputs(g), in); });
  if (found != 0) return 2 * found;
  const Lit made = append(kind, {in.begin(), in.size()});
  known_.add(hash, gateOf(made));
  return made;
}

Lit BitNetwork::leaf(std::int32_t arrivalPs) {
  const Lit made = append(GateKind::leaf, {});
  gates_.back().arrival = arrivalPs;
  return made;
}

Lit BitNetwork::land(Lit a, Lit b) {
  if (a > b) std::swap(a, b);
  if (a == kZero || a == invert(b)) return kZero;
  if (a == kOne || a == b) return b;
  // One level down: what one side already says about the other.
  for (int swapped = 0; swapped < 2; ++swapped, std::swap(a, b)) {
    if (!isAnd(a)) continue;
    const std::span<const Lit> in = inputs(gateOf(a));
    if (!isInverted(a)) {
      if (in[0] == b || in[1] == b) return a;
      if (in[0] == invert(b) || in[1] == invert(b)) return kZero;
    } else {
      if (in[0] == invert(b) || in[1] == invert(b)) return b;
      if (in[0] == b) return land(b, invert(in[1]));
      if (in[1] == b) return land(b, invert(in[0]));
    }
  }
  return shared(GateKind::land, {a, b});
}

Lit BitNetwork::lxor(Lit a, Lit b) {
  const Lit sign = (a ^ b) & 1u;
  a &= ~1u, b &= ~1u;
  if (a > b) std::swap(a, b);
  if (a == b) return sign;
  if (a == kZero) return b ^ sign;
  return shared(GateKind::lxor, {a, b}) ^ sign;
}

Lit BitNetwork::mux(Lit s, Lit ifOne, Lit ifZero) {
  if (isInverted(s)) s = invert(s), std::swap(ifOne, ifZero);
  if (s == kZero) return ifZero;
  if (ifOne == ifZero) return ifOne;
  if (gateOf(ifOne) == gateOf(s)) ifOne = ifOne == s ? kOne : kZero;
  if (gateOf(ifZero) == gateOf(s)) ifZero = ifZero == s ? kZero : kOne;
  if (ifOne == invert(ifZero)) return lxor(s, ifZero);
  if (ifOne == kZero) return land(invert(s), ifZero);
  if (ifOne == kOne) return lor(s, ifZero);
  if (ifZero == kZero) return land(s, ifOne);
  if (ifZero == kOne) return lor(invert(s), ifOne);
  const Lit sign = ifOne & 1u;
  return shared(GateKind::mux, {s, ifOne ^ sign, ifZero ^ sign}) ^ sign;
}

namespace {

/// The truth table without input i where it is `value`.
std::uint64_t cofactor(std::uint64_t truth, std::uint32_t i, std::uint32_t inputs, bool value) {
  std::uint64_t result = 0;
  for (std::uint32_t k = 0, to = 0; k < (1u << inputs); ++k) {
    if ((k >> i & 1u) != (value ? 1u : 0u)) continue;
    result |= (truth >> k & 1u) << to++;
  }
  return result;
}

}  // namespace

Lit BitNetwork::table(std::uint64_t truth, std::span<const Lit> inputs) {
  SLUICE_CHECK(inputs.size() <= 6, "a table has at most six inputs");
  std::array<Lit, 6> in;
  std::copy(inputs.begin(), inputs.end(), in.begin());
  auto count = static_cast<std::uint32_t>(inputs.size());
  const auto mask = [&] { return count == 6 ? ~0ull : (1ull << (1u << count)) - 1; };
  const auto erase = [&](std::uint32_t i) {
    std::copy(in.begin() + i + 1, in.begin() + count--, in.begin() + i);
  };
  truth &= mask();
  for (std::uint32_t i = 0; i < count;) {
    const std::uint64_t zero = cofactor(truth, i, count, false), one = cofactor(truth, i, count, true);
    const auto same =
        std::find_if(in.begin(), in.begin() + i, [&](Lit a) { return gateOf(a) == gateOf(in[i]); });
    if (gateOf(in[i]) == 0 || zero == one) {  // constant, or makes no difference
      truth = in[i] == kOne ? one : zero;
      erase(i);
    } else if (same != in.begin() + i) {  // the same signal twice
      const auto j = static_cast<std::uint32_t>(same - in.begin());
      const bool equal = *same == in[i];
      std::uint64_t result = 0;
      for (std::uint32_t k = 0; k < (1u << (count - 1)); ++k) {
        const bool value = ((k >> j & 1u) != 0) == equal;
        result |= ((value ? one : zero) >> k & 1u) << k;
      }
      truth = result;
      erase(i);
    } else if (isInverted(in[i])) {
      std::uint64_t result = 0;
      for (std::uint32_t k = 0; k < (1u << count); ++k) result |= (truth >> (k ^ (1u << i)) & 1u) << k;
      truth = result;
      in[i] = invert(in[i]);
    } else {
      ++i;
    }
  }
  const Lit sign = truth & 1u;
  if (sign != 0) truth = ~truth & mask();
  if (truth == 0) return sign;
  if (count == 1) return in[0] ^ sign;
  if (count == 2) {
    const Lit a = in[0], b = in[1];
    if (truth == 0b0110) return lxor(a, b) ^ sign;
    if (truth == 0b1110) return lor(a, b) ^ sign;
    return land(truth == 0b0100 ? invert(a) : a, truth == 0b0010 ? invert(b) : b) ^ sign;
  }
  const std::span<const Lit> left(in.data(), count);
  const std::uint64_t hash = hashOf(truth, left);
  const std::uint32_t found = known_.find(hash, [&](std::uint32_t g) {
    return gates_[g].kind == GateKind::table && truths_[gates_[g].truth] == truth &&
           std::ranges::equal(this->inputs(g), left);
  });
  if (found != 0) return (2 * found) ^ sign;
  const Lit made = append(GateKind::table, left);
  gates_.back().truth = static_cast<std::uint32_t>(truths_.size());
  truths_.push_back(truth);
  known_.add(hash, gateOf(made));
  return made ^ sign;
}

Lit BitNetwork::box(BoxKind kind, std::span<const Lit> in) {
  SLUICE_CHECK(in.size() < 256 && (kind == BoxKind::memory || in.size() <= 3), "no such box");
  const Lit made = append(GateKind::box, in);
  gates_.back().box = kind;
  return made;
}

void BitNetwork::dropCarry(std::uint32_t g) {
  Gate& gate = gates_[g];
  if (gate.box == BoxKind::position) {  // only its carry reads its data
    std::copy(inputs_.begin() + gate.first + 2, inputs_.begin() + gate.first + gate.count,
              inputs_.begin() + gate.first + 1);
    gate.count -= 1;
  }
  gate.box = withoutCarry(gate.box);
}

Lit BitNetwork::all(std::span<Lit> of) {
  if (of.empty()) return kOne;
  for (std::size_t count = of.size(); count > 1; count = (count + 1) / 2)
    for (std::size_t i = 0; i < count; i += 2) of[i / 2] = i + 1 < count ? land(of[i], of[i + 1]) : of[i];
  return of[0];
}

Lit BitNetwork::any(std::span<Lit> of) {
  for (Lit& a : of) a = invert(a);
  return invert(all(of));
}

}  // namespace sluice::hdl
