#include "kernel/unrolled/adder_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <queue>
#include <unordered_map>

#include "base/check.h"
#include "base/rng.h"

namespace sluice::kernel {
namespace {

using Node = std::uint32_t;

/// The terms of one node in one column: bit k of `positive` is the term +(node << k).
struct Terms {
  std::uint32_t positive = 0, negative = 0;
  [[nodiscard]] bool empty() const { return (positive | negative) == 0; }
};

/// a + sign * (b << shift), a <= b by id; where shift is negative the new node is (a << -shift) + sign * b.
struct Pattern {
  Node a = 0, b = 0;
  std::int32_t shift = 0;
  bool subtracts = false;
};

constexpr std::uint32_t kMaxNodes = 1u << 21;

std::uint64_t pack(const Pattern& p) {
  return (std::uint64_t{p.a} << 43) | (std::uint64_t{p.b} << 22) |
         (static_cast<std::uint64_t>(p.shift + 64) << 1) | (p.subtracts ? 1u : 0u);
}
Pattern unpack(std::uint64_t code) {
  return {static_cast<Node>(code >> 43), static_cast<Node>((code >> 22) & (kMaxNodes - 1)),
          static_cast<std::int32_t>((code >> 1) & 0xff) - 64, (code & 1) != 0};
}

std::uint32_t count(std::uint32_t v) {  // x86-64 without extensions has no instruction for it
  v -= (v >> 1) & 0x55555555u;
  v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
  return (((v + (v >> 4)) & 0x0f0f0f0fu) * 0x01010101u) >> 24;
}
std::uint32_t shifted(std::uint32_t mask, std::int32_t right) {
  return right >= 0 ? mask >> right : mask << -right;
}

/// Bits of numbers from lo to hi.
std::uint32_t widthOf(double lo, double hi) {
  std::uint32_t bits = lo < 0 ? 1 : 0;
  for (double v = 1; v < std::max(hi + 1, -lo); v *= 2) ++bits;
  return bits;
}

/// Linear forms by fingerprint. Inputs get random residues modulo the prime 2^61 - 1, sums and shifts follow;
/// a shift is a rotation of 61 bits there and a negation the complement, so "equal up to shift and sign" is
/// "equal least rotation". Two different forms agree with probability below 2^-54; verify would tell.
namespace fingerprint {
constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
std::uint64_t shiftLeft(std::uint64_t x, std::uint32_t bits) {
  bits %= 61;
  return bits == 0 ? x : ((x << bits) & kPrime) | (x >> (61 - bits));
}
std::uint64_t add(std::uint64_t x, std::uint64_t y) {
  const std::uint64_t sum = x + y;
  return sum >= kPrime ? sum - kPrime : sum;
}
std::uint64_t negate(std::uint64_t x) { return x == 0 ? 0 : kPrime - x; }

struct Normal {
  std::uint64_t value = 0;     ///< the least of all rotations of x and -x
  std::uint32_t rotation = 0;  ///< value = x (or -x) << rotation
  bool negated = false;
};
Normal normal(std::uint64_t x) {
  Normal best{.value = x};
  const std::uint64_t minus = negate(x);
  for (std::uint32_t r = 0; r < 61; ++r) {
    const std::uint64_t plusRotated = shiftLeft(x, r), minusRotated = shiftLeft(minus, r);
    if (plusRotated < best.value) best = {plusRotated, r, false};
    if (minusRotated < best.value) best = {minusRotated, r, true};
  }
  return best;
}
}  // namespace fingerprint

class Search {
 public:
  Search(const MatrixVector& problem, std::uint32_t depthLimit, const SearchRule& rule);
  AdderGraph run();

 private:
  struct Candidate {
    std::uint64_t score = 0, code = 0;
    bool operator<(const Candidate& o) const { return score != o.score ? score < o.score : code > o.code; }
  };
  struct Known {
    Node node = 0;
    fingerprint::Normal normal;
  };
  struct Term {
    Node node = 0;
    std::uint32_t shift = 0;
    bool negative = false;
  };

  Terms& terms(Node n, std::uint32_t c) { return terms_[std::size_t{n} * columns_ + c]; }
  [[nodiscard]] const Terms& terms(Node n, std::uint32_t c) const {
    return terms_[std::size_t{n} * columns_ + c];
  }
  /// What replacing a and b by their sum adds to a column's Kraft sum.
  [[nodiscard]] std::uint64_t budgetFor(Node a, Node b, std::uint32_t depth) const {
    return (std::uint64_t{1} << depth) - (std::uint64_t{1} << depth_[a]) - (std::uint64_t{1} << depth_[b]);
  }
  [[nodiscard]] std::uint32_t matches(const Pattern& p, std::uint32_t c) const;
  [[nodiscard]] std::uint64_t occurrences(const Pattern& p) const;
  [[nodiscard]] std::uint64_t score(const Pattern& p, std::uint64_t occurrences) const;
  [[nodiscard]] std::uint64_t overlap(const Pattern& p) const;
  [[nodiscard]] std::uint32_t adderBits(Node a, Node b, std::int32_t shift, bool subtracts) const;
  Node addNode(Node a, std::uint32_t shiftA, bool negA, Node b, std::uint32_t shiftB, bool negB);
  void putTerm(Node n, std::uint32_t c, std::uint32_t shift, bool negative);
  void collect(Node n, bool lowerOnly);
  void apply(const Pattern& p);
  AdderGraph::Output sumColumn(std::uint32_t c);

  std::uint32_t columns_, depthLimit_;
  SearchRule rule_;
  AdderGraph graph_;
  std::vector<Terms> terms_;                           // [node][column]
  std::vector<std::uint32_t> depth_;                   // per node, less the least input depth
  std::vector<double> lo_, hi_;                        // per node, interval arithmetic; a guide only
  std::vector<std::uint32_t> width_;                   // per node, from those
  std::vector<std::uint32_t> termCount_;               // per node, terms in all columns
  std::vector<std::uint64_t> print_;                   // per node, fingerprint
  std::unordered_map<std::uint64_t, Known> known_;     // by normal form
  std::vector<std::vector<std::uint32_t>> columnsOf_;  // per node, columns that hold it (or held it)
  std::vector<std::vector<Node>> nodesIn_;             // per column, nodes it holds (or held)
  std::vector<std::uint64_t> slack_;                   // per column, 2^limit - sum 2^depth
  std::priority_queue<Candidate> queue_;
  std::vector<std::uint32_t> seen_;  // scratch: per node, stamp
  std::uint32_t stamp_ = 0;
};

Search::Search(const MatrixVector& problem, std::uint32_t depthLimit, const SearchRule& rule)
    : columns_(problem.columns), rule_(rule) {
  const std::uint32_t rows = problem.rows;
  graph_.inputs = problem.inputs;
  graph_.inputDepth = problem.inputDepth;
  if (graph_.inputDepth.empty()) graph_.inputDepth.assign(rows, 0);
  const std::uint32_t base =
      rows == 0 ? 0 : *std::min_element(graph_.inputDepth.begin(), graph_.inputDepth.end());
  depthLimit_ = depthLimit - base;
  terms_.resize(std::size_t{rows} * columns_);
  columnsOf_.resize(rows);
  nodesIn_.resize(columns_);
  slack_.assign(columns_, std::uint64_t{1} << depthLimit_);
  for (Node i = 0; i < rows; ++i) {
    depth_.push_back(graph_.inputDepth[i] - base);
    lo_.push_back(static_cast<double>(problem.inputs[i].lo));
    hi_.push_back(static_cast<double>(problem.inputs[i].hi));
    width_.push_back(widthOf(lo_[i], hi_[i]));
    termCount_.push_back(0);
    print_.push_back(randomBits(1, 0, i) % fingerprint::kPrime);
    const fingerprint::Normal normal = fingerprint::normal(print_[i]);
    known_.emplace(normal.value, Known{i, normal});
    for (std::uint32_t c = 0; c < columns_; ++c) {
      const SignedDigits digits = signedDigits(problem.weights[std::size_t{i} * columns_ + c]);
      Terms& t = terms(i, c);
      t = {static_cast<std::uint32_t>(digits.positive), static_cast<std::uint32_t>(digits.negative)};
      if (t.empty()) continue;
      columnsOf_[i].push_back(c);
      nodesIn_[c].push_back(i);
      termCount_[i] += count(t.positive | t.negative);
      slack_[c] -= std::uint64_t{count(t.positive | t.negative)} << depth_[i];
    }
  }
}

/// Bit k set: terms a << k and b << (k + shift) of column c form the pattern. For a == b bits may share a
/// term.
std::uint32_t Search::matches(const Pattern& p, std::uint32_t c) const {
  const Terms &a = terms(p.a, c), &b = terms(p.b, c);
  const std::uint32_t plus = shifted(b.positive, p.shift), minus = shifted(b.negative, p.shift);
  return p.subtracts ? (a.positive & minus) | (a.negative & plus)
                     : (a.positive & plus) | (a.negative & minus);
}

/// How often the pattern can be taken now. Never grows, as long as no term of a or b is added.
std::uint64_t Search::occurrences(const Pattern& p) const {
  const std::uint64_t budget = budgetFor(p.a, p.b, std::max(depth_[p.a], depth_[p.b]) + 1);
  const auto& where = columnsOf_[columnsOf_[p.b].size() <= columnsOf_[p.a].size() ? p.b : p.a];
  std::uint64_t total = 0;
  for (const std::uint32_t c : where) {
    std::uint32_t mask = matches(p, c);
    if (mask == 0) continue;
    if (p.a == p.b)
      for (std::uint32_t rest = mask; rest != 0; rest &= rest - 1) {
        const auto k = static_cast<std::uint32_t>(std::countr_zero(rest));
        if (mask >> k & 1) mask &= ~shifted(1u << k, -p.shift);
      }
    std::uint64_t here = count(mask);
    if (budget != 0) here = std::min(here, slack_[c] / budget);
    total += here;
  }
  return total;
}

/// Bits of the adder, about. Shift is b's against a's.
std::uint32_t Search::adderBits(Node a, Node b, std::int32_t shift, bool subtracts) const {
  const double scaleA = shift < 0 ? static_cast<double>(std::uint64_t{1} << -shift) : 1.0;
  const double scaleB = shift > 0 ? static_cast<double>(std::uint64_t{1} << shift) : 1.0;
  const double lo = lo_[a] * scaleA + (subtracts ? -hi_[b] : lo_[b]) * scaleB;
  const double hi = hi_[a] * scaleA + (subtracts ? -lo_[b] : hi_[b]) * scaleB;
  const std::uint32_t bits = widthOf(lo, hi);
  const bool lowBitsFree =
      shift >= 0 || !subtracts;  // low bits of a subtracted operand must still be negated
  const auto low = static_cast<std::uint32_t>(std::abs(shift));
  return lowBitsFree ? (bits > low ? bits - low : 0) : bits;
}

/// Significant: gain (28 bits), rareness (13), newness or a draw (13), and 10 bits so that few are equal.
std::uint64_t Search::score(const Pattern& p, std::uint64_t occurrences) const {
  std::uint64_t gain = occurrences;
  if (rule_.weight == SearchRule::Weight::overlap) gain = occurrences * (20 + overlap(p));
  if (rule_.weight == SearchRule::Weight::bits)
    gain = (occurrences - 1) * adderBits(p.a, p.b, p.shift, p.subtracts);
  const std::uint64_t rare = 8191 - std::min<std::uint64_t>(std::min(termCount_[p.a], termCount_[p.b]), 8191);
  const std::uint64_t last = rule_.seed == 0 ? std::min<std::uint64_t>((std::uint64_t{p.a} + p.b) / 2, 8191)
                                             : randomBits(rule_.seed, 1, pack(p)) & 8191;
  return (std::min<std::uint64_t>(gain, (1u << 28) - 1) << 36) | (rare << 23) | (last << 10);
}

/// Bits in which both operands are present.
std::uint64_t Search::overlap(const Pattern& p) const {
  const auto a = static_cast<std::int64_t>(width_[p.a]), b = static_cast<std::int64_t>(width_[p.b]);
  const std::int64_t both =
      p.shift >= 0 ? std::min(a, b + p.shift) - p.shift : std::min(b, a - p.shift) + p.shift;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(both, 0));
}

Node Search::addNode(Node a, std::uint32_t shiftA, bool negA, Node b, std::uint32_t shiftB, bool negB) {
  const Node n = static_cast<Node>(depth_.size());
  SLUICE_CHECK(n < kMaxNodes, "an adder graph of millions of adders is refused by check");
  graph_.ops.push_back({.a = a,
                        .shiftA = shiftA,
                        .signA = negA ? -1 : 1,
                        .b = b,
                        .shiftB = shiftB,
                        .signB = negB ? -1 : 1,
                        .range = {},
                        .depth = 0});
  const double scaleA = static_cast<double>(std::uint64_t{1} << shiftA),
               scaleB = static_cast<double>(std::uint64_t{1} << shiftB);
  lo_.push_back((negA ? -hi_[a] : lo_[a]) * scaleA + (negB ? -hi_[b] : lo_[b]) * scaleB);
  hi_.push_back((negA ? -lo_[a] : hi_[a]) * scaleA + (negB ? -lo_[b] : hi_[b]) * scaleB);
  depth_.push_back(std::max(depth_[a], depth_[b]) + 1);
  const std::uint64_t printA = fingerprint::shiftLeft(print_[a], shiftA),
                      printB = fingerprint::shiftLeft(print_[b], shiftB);
  print_.push_back(fingerprint::add(negA ? fingerprint::negate(printA) : printA,
                                    negB ? fingerprint::negate(printB) : printB));
  columnsOf_.emplace_back();
  width_.push_back(widthOf(lo_[n], hi_[n]));
  termCount_.push_back(0);
  terms_.resize(terms_.size() + columns_);
  return n;
}

/// Adds a term to a column; one that meets its like or its opposite carries or cancels.
void Search::putTerm(Node n, std::uint32_t c, std::uint32_t shift, bool negative) {
  Terms& t = terms(n, c);
  if (t.empty()) {
    columnsOf_[n].push_back(c);
    nodesIn_[c].push_back(n);
  }
  const std::uint64_t weight = std::uint64_t{1} << depth_[n];
  for (;; ++shift) {
    SLUICE_CHECK(shift < 32, "terms stay within 32 digits");
    const std::uint32_t bit = 1u << shift;
    std::uint32_t &same = negative ? t.negative : t.positive, &opposite = negative ? t.positive : t.negative;
    if (opposite & bit) {
      opposite &= ~bit;
      --termCount_[n];
      slack_[c] += weight;
      return;
    }
    if (!(same & bit)) {
      same |= bit;
      ++termCount_[n];
      slack_[c] -= weight;
      return;
    }
    same &= ~bit;
    --termCount_[n];
    slack_[c] += weight;
  }
}

/// Queues every pattern of n with another node (with a lower id only, if asked) that occurs twice or more.
void Search::collect(Node n, bool lowerOnly) {
  seen_.resize(depth_.size(), 0);
  ++stamp_;
  std::array<std::uint16_t, 2 * 128> tally{};
  std::vector<std::uint32_t> touched;
  for (const std::uint32_t home : columnsOf_[n]) {
    if (terms(n, home).empty()) continue;
    auto& present = nodesIn_[home];
    std::erase_if(present, [&](Node m) { return terms(m, home).empty(); });
    for (const Node m : present) {
      if (seen_[m] == stamp_ || (lowerOnly && m > n)) continue;
      seen_[m] = stamp_;
      const Node a = std::min(n, m), b = std::max(n, m);
      touched.clear();
      for (const std::uint32_t c : columnsOf_[n]) {
        const Terms &ta = terms(a, c), &tb = terms(b, c);
        if (ta.empty() || tb.empty()) continue;
        for (std::uint32_t restA = ta.positive | ta.negative; restA != 0; restA &= restA - 1) {
          const int i = std::countr_zero(restA);
          for (std::uint32_t restB = tb.positive | tb.negative; restB != 0; restB &= restB - 1) {
            const int j = std::countr_zero(restB);
            if (a == b && j <= i) continue;
            const std::uint32_t subtracts = (ta.negative >> i & 1) ^ (tb.negative >> j & 1);
            const std::uint32_t slot = static_cast<std::uint32_t>(j - i + 64) * 2 + subtracts;
            if (tally[slot]++ == 0) touched.push_back(slot);
          }
        }
      }
      for (const std::uint32_t slot : touched) {
        const std::uint32_t times = tally[slot];
        tally[slot] = 0;
        if (times < 2) continue;
        const Pattern p{a, b, static_cast<std::int32_t>(slot / 2) - 64, (slot & 1) != 0};
        queue_.push({score(p, times), pack(p)});
      }
    }
  }
}

/// Builds the pattern's node (or finds that its value is there already) and puts it wherever the budget
/// allows.
void Search::apply(const Pattern& p) {
  const std::uint32_t depth = std::max(depth_[p.a], depth_[p.b]) + 1;
  const std::uint32_t shiftA = p.shift < 0 ? static_cast<std::uint32_t>(-p.shift) : 0;
  const std::uint32_t shiftB = p.shift > 0 ? static_cast<std::uint32_t>(p.shift) : 0;
  const std::uint64_t printB = fingerprint::shiftLeft(print_[p.b], shiftB);
  const std::uint64_t print = fingerprint::add(fingerprint::shiftLeft(print_[p.a], shiftA),
                                               p.subtracts ? fingerprint::negate(printB) : printB);
  const fingerprint::Normal normal = fingerprint::normal(print);
  Node n = 0;
  std::uint32_t extraShift = 0;
  bool flips = false, isNew = true;
  if (const auto it = known_.find(normal.value); it != known_.end() && depth_[it->second.node] <= depth) {
    // x << r = y << s (all modulo rotation), so x = y << (s - r).
    const std::uint32_t shift = (it->second.normal.rotation + 61 - normal.rotation) % 61;
    if (shift < 8) {
      n = it->second.node;
      extraShift = shift;
      flips = it->second.normal.negated != normal.negated;
      isNew = false;
    }
  }
  if (isNew) {
    n = addNode(p.a, shiftA, false, p.b, shiftB, p.subtracts);
    known_.emplace(normal.value, Known{n, normal});
  }
  const std::uint64_t budget = budgetFor(p.a, p.b, depth);
  const auto where = columnsOf_[columnsOf_[p.b].size() <= columnsOf_[p.a].size() ? p.b : p.a];
  for (const std::uint32_t c : where) {
    for (std::uint32_t rest = matches(p, c); rest != 0; rest &= rest - 1) {
      const auto i = static_cast<std::uint32_t>(std::countr_zero(rest));
      const std::uint32_t bitA = 1u << i, bitB = shifted(bitA, -p.shift);
      if (p.a == p.b && !(matches(p, c) & bitA)) continue;  // its term went to the match before
      if (slack_[c] < budget) break;
      Terms &a = terms(p.a, c), &b = terms(p.b, c);
      const bool negative = (a.negative & bitA) != 0;
      const std::uint32_t shift = i - shiftA + extraShift;
      --termCount_[p.a];
      --termCount_[p.b];
      a.positive &= ~bitA;
      a.negative &= ~bitA;
      b.positive &= ~bitB;
      b.negative &= ~bitB;
      slack_[c] += (std::uint64_t{1} << depth_[p.a]) + (std::uint64_t{1} << depth_[p.b]);
      putTerm(n, c, shift, negative != flips);
    }
  }
  for (const Node m : {p.a, p.b})
    std::erase_if(columnsOf_[m], [&](std::uint32_t c) { return terms(m, c).empty(); });
  collect(n, false);
}

/// Sums what is left of a column, shallow terms first, as narrow as the column's own least depth allows.
AdderGraph::Output Search::sumColumn(std::uint32_t c) {
  std::vector<Term> left;
  std::uint64_t kraft = 0;
  std::sort(nodesIn_[c].begin(), nodesIn_[c].end());
  nodesIn_[c].erase(std::unique(nodesIn_[c].begin(), nodesIn_[c].end()), nodesIn_[c].end());
  for (const Node n : nodesIn_[c]) {
    const Terms t = terms(n, c);
    for (std::uint32_t rest = t.positive | t.negative; rest != 0; rest &= rest - 1) {
      const auto k = static_cast<std::uint32_t>(std::countr_zero(rest));
      left.push_back({n, k, (t.negative >> k & 1) != 0});
      kraft += std::uint64_t{1} << depth_[n];
    }
  }
  if (left.empty()) return {};
  std::uint64_t slack = std::bit_ceil(kraft) - kraft;
  while (left.size() > 1) {
    std::size_t first = 0;
    for (std::size_t k = 1; k < left.size(); ++k)
      if (std::pair(depth_[left[k].node], left[k].shift) <
          std::pair(depth_[left[first].node], left[first].shift))
        first = k;
    std::size_t second = left.size();
    std::pair<std::uint32_t, std::uint32_t> best{};
    for (std::size_t k = 0; k < left.size(); ++k) {
      const Term &x = left[first], &y = left[k];
      if (k == first || budgetFor(x.node, y.node, std::max(depth_[x.node], depth_[y.node]) + 1) > slack)
        continue;
      const std::uint32_t bits =
          adderBits(x.node, y.node, static_cast<std::int32_t>(y.shift) - static_cast<std::int32_t>(x.shift),
                    x.negative != y.negative);
      const std::pair cost{bits, depth_[y.node]};
      if (second == left.size() || cost < best) best = cost, second = k;
    }
    SLUICE_CHECK(second < left.size(), "the two shallowest terms always fit the budget");
    Term x = left[first], y = left[second];
    slack -= budgetFor(x.node, y.node, std::max(depth_[x.node], depth_[y.node]) + 1);
    if (x.negative && !y.negative) std::swap(x, y);
    const std::uint32_t low = std::min(x.shift, y.shift);
    const Node n = addNode(x.node, x.shift - low, false, y.node, y.shift - low, x.negative != y.negative);
    left[first] = {n, low, x.negative};
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(second));
  }
  return {.node = left[0].node, .shift = left[0].shift, .sign = left[0].negative ? -1 : 1};
}

AdderGraph Search::run() {
  const auto rows = static_cast<Node>(graph_.inputs.size());
  for (Node n = 0; n < rows; ++n) collect(n, true);
  while (!queue_.empty()) {
    const Candidate top = queue_.top();
    queue_.pop();
    const Pattern p = unpack(top.code);
    const std::uint64_t times = occurrences(p);
    if (times < 2) continue;
    const std::uint64_t now = score(p, times);
    if (now < top.score)
      queue_.push({now, top.code});
    else
      apply(p);
  }
  for (std::uint32_t c = 0; c < columns_; ++c) graph_.outputs.push_back(sumColumn(c));
  return std::move(graph_);
}

}  // namespace

AdderGraph searchAdderGraph(const MatrixVector& problem, std::uint32_t depthLimit, const SearchRule& rule) {
  return Search(problem, depthLimit, rule).run();
}

}  // namespace sluice::kernel
