#include "kernel/unrolled/pattern_search.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "base/check.h"
#include "base/rng.h"

namespace sluice::kernel {
namespace {

constexpr std::uint32_t kNoLimit = 1u << 20;
constexpr Vertex kMaxVertices = 1u << 21;

std::uint32_t shifted(std::uint32_t mask, std::int32_t right) {
  return right >= 0 ? mask >> right : mask << -right;
}
std::int32_t powerOf(std::int32_t exponent, bool negative) {
  const std::int32_t power = 1 << exponent;
  return negative ? -power : power;
}

/// Takes digits of x that match digits of y from both, at most `limit` of them; `taken` is their sum, in units of x.
std::uint32_t takeMatches(std::int32_t& x, std::int32_t& y, std::int32_t shift, bool opposite,
                          std::uint32_t limit, std::int32_t& taken) {
  taken = 0;
  std::uint32_t steps = 0;
  while (steps < limit) {
    const ShortestDigits dx = shortestDigits(x), dy = shortestDigits(y);
    const std::uint32_t plus = dx.plus & shifted(opposite ? dy.minus : dy.plus, shift);
    const std::uint32_t minus = dx.minus & shifted(opposite ? dy.plus : dy.minus, shift);
    if ((plus | minus) == 0) break;
    const std::int32_t k = std::countr_zero(plus | minus);
    const bool negative = (plus >> k & 1) == 0;
    x -= powerOf(k, negative);
    y -= powerOf(k + shift, negative != opposite);
    taken += powerOf(k, negative);
    ++steps;
  }
  return steps;
}

/// The same for two digits of one number.
std::uint32_t takeOwnMatches(std::int32_t& x, std::int32_t shift, bool opposite, std::uint32_t limit,
                             std::int32_t& taken) {
  taken = 0;
  std::uint32_t steps = 0;
  while (steps < limit) {
    const ShortestDigits d = shortestDigits(x);
    const std::uint32_t plus = d.plus & shifted(opposite ? d.minus : d.plus, shift);
    const std::uint32_t minus = d.minus & shifted(opposite ? d.plus : d.minus, shift);
    bool found = false;
    for (std::uint32_t rest = plus | minus; rest != 0 && !found; rest &= rest - 1) {
      const std::int32_t k = std::countr_zero(rest);
      const bool negative = (plus >> k & 1) == 0;
      const std::int32_t after = x - powerOf(k, negative) - powerOf(k + shift, negative != opposite);
      if (digitCount(after) + 2 != d.count) continue;  // each may go, but not both
      x = after;
      taken += powerOf(k, negative);
      ++steps;
      found = true;
    }
    if (!found) break;
  }
  return steps;
}

/// Calls f(id, factor in x, factor in y) for what is in both lists.
template <typename F>
void forCommon(std::span<const Term> x, std::span<const Term> y, F&& f) {
  const auto search = [](std::span<const Term> in, Vertex v) {
    return std::lower_bound(in.begin(), in.end(), v, [](const Term& t, Vertex w) { return t.vertex < w; });
  };
  if (x.size() * 8 < y.size()) {
    for (const Term& t : x)
      if (const auto it = search(y, t.vertex); it != y.end() && it->vertex == t.vertex)
        f(t.vertex, t.factor, it->factor);
  } else if (y.size() * 8 < x.size()) {
    for (const Term& t : y)
      if (const auto it = search(x, t.vertex); it != x.end() && it->vertex == t.vertex)
        f(t.vertex, it->factor, t.factor);
  } else {
    for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
      if (x[i].vertex < y[j].vertex) {
        ++i;
      } else if (y[j].vertex < x[i].vertex) {
        ++j;
      } else {
        f(x[i].vertex, x[i].factor, y[j].factor);
        ++i, ++j;
      }
    }
  }
}

/// What a pair of vertices at these depths takes of a sum's slack when one vertex takes its place.
std::int64_t slackTaken(const SumNetwork& net, Vertex a, Vertex b) {
  return (std::int64_t{2} << std::max(net.depth(a), net.depth(b))) - (std::int64_t{1} << net.depth(a)) -
         (std::int64_t{1} << net.depth(b));
}
std::uint32_t limitIn(const SumNetwork& net, Vertex sum, std::int64_t taken) {
  return taken == 0 ? kNoLimit
                    : static_cast<std::uint32_t>(std::min<std::int64_t>(kNoLimit, net.slack(sum) / taken));
}

}  // namespace

std::uint64_t PatternSearch::pack(const Pattern& p) {
  return (std::uint64_t{p.ofSums} << 63) | (std::uint64_t{p.a} << 42) | (std::uint64_t{p.b} << 21) |
         (static_cast<std::uint64_t>(p.shift + 64) << 1) | (p.opposite ? 1u : 0u);
}
PatternSearch::Pattern PatternSearch::unpack(std::uint64_t code) {
  return {.ofSums = (code >> 63) != 0,
          .a = static_cast<Vertex>((code >> 42) & (kMaxVertices - 1)),
          .b = static_cast<Vertex>((code >> 21) & (kMaxVertices - 1)),
          .shift = static_cast<std::int32_t>((code >> 1) & 0xff) - 64,
          .opposite = (code & 1) != 0};
}

void PatternSearch::tallyPairs(const ShortestDigits& x, const ShortestDigits& y, Vertex other, bool same) {
  if (touched_.size() < touchedCount_ + 4096) touched_.resize(touched_.size() * 2 + 8192);
  std::uint16_t* tally = tally_.data() + (std::size_t{other} << 7);
  const auto add = [&](std::uint32_t slot) {
    touched_[touchedCount_] = (other << 7) | slot;
    touchedCount_ += tally[slot]++ == 0;
  };
  for (std::uint32_t restX = x.plus | x.minus; restX != 0; restX &= restX - 1) {
    const int i = std::countr_zero(restX);
    const std::uint32_t plusX = x.plus >> i & 1, minusX = x.minus >> i & 1;
    const std::uint32_t beyond = same ? ~((std::uint32_t{2} << i) - 1) : ~0u;
    const std::uint32_t equal = ((plusX ? y.plus : 0) | (minusX ? y.minus : 0)) & beyond;
    const std::uint32_t opposite = ((plusX ? y.minus : 0) | (minusX ? y.plus : 0)) & beyond;
    for (std::uint32_t rest = equal; rest != 0; rest &= rest - 1)
      add(static_cast<std::uint32_t>(std::countr_zero(rest) - i + 32) << 1);
    for (std::uint32_t rest = opposite; rest != 0; rest &= rest - 1)
      add(static_cast<std::uint32_t>(std::countr_zero(rest) - i + 32) << 1 | 1);
  }
  work_ += 4 + 4 * x.count * y.count;
}

/// Queues every pattern of v with another one (from `from` on, and not among those done) that may occur twice.
void PatternSearch::collect(Vertex v, bool ofSums, Vertex from, const std::vector<bool>* done) {
  tally_.resize(std::size_t{net_->size()} << 7);
  for (const Term& near : ofSums ? net_->terms(v) : net_->uses(v)) {
    const ShortestDigits x = shortestDigits(near.factor);
    const auto others = ofSums ? net_->uses(near.vertex) : net_->terms(near.vertex);
    for (std::size_t k = others.size(); k-- > 0 && others[k].vertex >= from;)
      if (done == nullptr || !(*done)[others[k].vertex])
        tallyPairs(x, shortestDigits(others[k].factor), others[k].vertex, others[k].vertex == v);
  }
  for (std::size_t k = 0; k < touchedCount_; ++k) {
    const std::uint32_t slot = touched_[k];
    const std::uint32_t times = tally_[slot];
    tally_[slot] = 0;
    if (times < 2) continue;
    Pattern p{.ofSums = ofSums,
              .a = v,
              .b = slot >> 7,
              .shift = static_cast<std::int32_t>(slot >> 1 & 63) - 32,
              .opposite = (slot & 1) != 0};
    if (p.a > p.b) std::swap(p.a, p.b), p.shift = -p.shift;
    push(pack(p), times);
    work_ += 10;
  }
  touchedCount_ = 0;
}

std::uint32_t PatternSearch::shareable(const Pattern& p) {
  share_.fill(0);
  std::uint32_t digits = 0;
  std::uint64_t kraft = 0;
  const auto add = [&](Vertex v, std::uint32_t steps) {
    share_[net_->depth(v)] += steps;
    digits += steps;
    kraft += std::uint64_t{steps} << net_->depth(v);
  };
  std::int32_t taken = 0;
  if (p.a == p.b) {
    for (const Term& t : net_->terms(p.a)) {
      std::int32_t x = t.factor;
      add(t.vertex, takeOwnMatches(x, p.shift, p.opposite, kNoLimit, taken));
    }
  } else {
    forCommon(net_->terms(p.a), net_->terms(p.b), [&](Vertex v, std::int32_t x, std::int32_t y) {
      add(v, takeMatches(x, y, p.shift, p.opposite, kNoLimit, taken));
    });
  }
  if (!net_->bounded() || digits < 2) return digits;
  const std::uint64_t whole = std::bit_ceil(kraft);
  const auto waste = static_cast<std::int64_t>(whole - kraft);
  if (p.a == p.b ? 2 * waste <= net_->slack(p.a) : waste <= std::min(net_->slack(p.a), net_->slack(p.b)))
    return digits;
  // Deepest first, powers of two fill half of it without a rest.
  std::uint64_t room = whole / 2;
  digits = 0;
  for (std::size_t depth = 64; depth-- > 0;) {
    if (share_[depth] == 0) continue;
    share_[depth] = static_cast<std::uint32_t>(std::min<std::uint64_t>(share_[depth], room >> depth));
    room -= std::uint64_t{share_[depth]} << depth;
    digits += share_[depth];
  }
  return digits;
}

std::uint32_t PatternSearch::count(const Pattern& p) {
  if (p.ofSums) {
    work_ += 20 + 8 * std::min(net_->terms(p.a).size(), net_->terms(p.b).size());
    return shareable(p);
  }
  work_ += 20 + 8 * std::min(net_->uses(p.a).size(), net_->uses(p.b).size());
  const std::int64_t slack = slackTaken(*net_, p.a, p.b);
  std::uint32_t times = 0;
  std::int32_t taken = 0;
  if (p.a == p.b) {
    for (const Term& use : net_->uses(p.a)) {
      std::int32_t x = use.factor;
      times += takeOwnMatches(x, p.shift, p.opposite, limitIn(*net_, use.vertex, slack), taken);
    }
  } else {
    forCommon(net_->uses(p.a), net_->uses(p.b), [&](Vertex sum, std::int32_t x, std::int32_t y) {
      times += takeMatches(x, y, p.shift, p.opposite, limitIn(*net_, sum, slack), taken);
    });
  }
  return times;
}

void PatternSearch::takeVertices(const Pattern& p) {
  const std::int64_t slack = slackTaken(*net_, p.a, p.b);
  const Vertex made = net_->addInner(std::max(net_->depth(p.a), net_->depth(p.b)) + 1);
  SLUICE_CHECK(made < kMaxVertices, "check bounds the digits, and each inner sum takes one away");
  const std::int32_t shiftA = std::max(-p.shift, 0), shiftB = std::max(p.shift, 0);
  around_.assign(net_->uses(p.a).begin(), net_->uses(p.a).end());
  for (const Term& use : around_) {
    std::int32_t x = use.factor, taken = 0;
    const std::uint32_t limit = limitIn(*net_, use.vertex, slack);
    if (p.a == p.b) {
      if (takeOwnMatches(x, p.shift, p.opposite, limit, taken) == 0) continue;
    } else {
      std::int32_t y = net_->factor(use.vertex, p.b);
      if (y == 0 || takeMatches(x, y, p.shift, p.opposite, limit, taken) == 0) continue;
      net_->setFactor(use.vertex, p.b, y);
    }
    net_->setFactor(use.vertex, p.a, x);
    net_->setFactor(use.vertex, made, taken / (1 << shiftA));
  }
  if (p.a == p.b) {
    net_->setFactor(made, p.a, powerOf(shiftA, false) + powerOf(shiftB, p.opposite));
  } else {
    net_->setFactor(made, p.a, powerOf(shiftA, false));
    net_->setFactor(made, p.b, powerOf(shiftB, p.opposite));
  }
  if (rule_.ofVertices) collect(made, false, 0, nullptr);
}

void PatternSearch::takeSums(const Pattern& p) {
  shareable(p);
  std::uint64_t kraft = 0;
  for (std::size_t depth = 0; depth < 64; ++depth) kraft += std::uint64_t{share_[depth]} << depth;
  const Vertex made =
      net_->addInner(net_->bounded() ? static_cast<std::uint32_t>(std::bit_width(kraft - 1)) : 0);
  SLUICE_CHECK(made < kMaxVertices, "check bounds the digits, and each inner sum takes one away");
  std::vector<Term> shared;
  std::uint32_t bits = 0;
  around_.assign(net_->terms(p.a).begin(), net_->terms(p.a).end());
  for (const Term& term : around_) {
    std::int32_t x = term.factor, taken = 0;
    std::uint32_t& left = share_[net_->depth(term.vertex)];
    if (p.a == p.b) {
      left -= takeOwnMatches(x, p.shift, p.opposite, left, taken);
    } else {
      std::int32_t y = net_->factor(p.b, term.vertex);
      if (y == 0) continue;
      left -= takeMatches(x, y, p.shift, p.opposite, left, taken);
      net_->setFactor(p.b, term.vertex, y);
    }
    if (taken == 0) continue;
    net_->setFactor(p.a, term.vertex, x);
    shared.push_back({term.vertex, taken});
    bits |= static_cast<std::uint32_t>(taken);
  }
  const std::int32_t low = std::countr_zero(bits);
  for (const Term& t : shared) net_->setFactor(made, t.vertex, t.factor / (1 << low));
  if (p.a == p.b) {
    net_->setFactor(p.a, made, powerOf(low, false) + powerOf(low + p.shift, p.opposite));
  } else {
    net_->setFactor(p.a, made, powerOf(low, false));
    net_->setFactor(p.b, made, powerOf(low + p.shift, p.opposite));
  }
  if (rule_.ofSums) collect(made, true, 0, nullptr);
  if (rule_.ofVertices) collect(made, false, 0, nullptr);
}

void PatternSearch::push(std::uint64_t code, std::uint32_t times) {
  if (times >= queue_.size()) queue_.resize(times + 1);
  queue_[times].push_back(code);
  most_ = std::max(most_, times);
}

void PatternSearch::drain() {
  for (; most_ >= 2; --most_)
    while (most_ < queue_.size() && !queue_[most_].empty()) {
      std::vector<std::uint64_t>& equals = queue_[most_];
      const std::size_t pick =
          rule_.seed == 0 ? equals.size() - 1 : randomBits(rule_.seed, 1, drawn_++) % equals.size();
      const std::uint64_t code = equals[pick];
      equals[pick] = equals.back();
      equals.pop_back();
      const Pattern p = unpack(code);
      const std::uint32_t times = count(p);
      if (times < 2) continue;
      if (times < most_) {
        push(code, times);
      } else if (p.ofSums) {
        takeSums(p);
      } else {
        takeVertices(p);
      }
    }
}

void PatternSearch::run(SumNetwork& network, const PatternRule& rule) {
  net_ = &network, rule_ = rule;
  if (rule.ofVertices)
    for (Vertex v = 0; v < network.size(); ++v) collect(v, false, v, nullptr);
  if (rule.ofSums)
    for (Vertex v = network.inputs(); v < network.size(); ++v) collect(v, true, v, nullptr);
  drain();
}

void PatternSearch::runAround(SumNetwork& network, const PatternRule& rule,
                              const std::vector<Vertex>& vertices, const std::vector<Vertex>& sums) {
  net_ = &network, rule_ = rule;
  std::vector<bool> done(network.size(), false);
  if (rule.ofVertices)
    for (const Vertex v : vertices) {
      collect(v, false, 0, &done);
      done[v] = true;
    }
  done.assign(network.size(), false);
  if (rule.ofSums)
    for (const Vertex v : sums) {
      collect(v, true, 0, &done);
      done[v] = true;
    }
  drain();
}

}  // namespace sluice::kernel
