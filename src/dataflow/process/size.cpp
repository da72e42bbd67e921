#include "dataflow/process/size.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/usage.h"
#include "dataflow/process/hitting.h"

namespace sluice::dataflow::process {

namespace {

constexpr std::uint64_t unknownCost = std::uint64_t{1} << 61;
/// With more than these, a new search for each new conflict takes longer than what it saves.
constexpr std::size_t manyConflicts = 100;

class Sizer {
 public:
  Sizer(const Network& network, Evaluator& evaluator, std::uint64_t target, const SizingOptions& options)
      : network_(network),
        costs_(network, options.cost),
        evaluator_(evaluator),
        oracle_(evaluator, network, target,
                options.cost == CostKind::beats || options.cost == CostKind::bits),
        terms_(oracle_.terms()),
        begin_(threadProcessorSeconds()),
        limit_(options.timeLimit) {
    std::vector<std::uint64_t> weights;
    for (std::uint32_t term = 0; term < terms_.size(); ++term) weights.push_back(weight(term));
    cheapFirst_.resize(terms_.size());
    std::iota(cheapFirst_.begin(), cheapFirst_.end(), 0u);
    std::stable_sort(cheapFirst_.begin(), cheapFirst_.end(), [&](std::uint32_t a, std::uint32_t b) {
      if (weights[a] != weights[b]) return weights[a] < weights[b];
      return terms_.least(a) * (terms_.isRow(a) ? 0 : 1) > terms_.least(b) * (terms_.isRow(b) ? 0 : 1);
    });
  }

  /// `known`: conflicts of another target that hold for this one too.
  Result<Sizing> run(std::vector<Conflict> known = {}) {
    Sizing& s = sizing_;
    s.conflicts = std::move(known);
    s.terms = terms_;
    s.target = oracle_.target();
    s.cost = unknownCost;
    if (!oracle_.feasible(oracle_.unbounded())) return unreachable();
    if (const std::vector<std::uint64_t> top = startingPoint(); !top.empty()) descend(top);
    individualBounds();
    std::size_t used = 0;  // conflicts that the bound comes from
    s.lowerBound = costs_.total(std::vector<std::uint64_t>(network_.groups.size(), leastDepth));
    while (s.conflicts.size() < manyConflicts) {
      const Hitting hit =
          cheapest(s.conflicts, terms_, costs_, oracle_.most(), s.cost, [&]() { return late(); });
      if (!hit.complete) break;
      s.lowerBound = std::min(hit.cost, s.cost);
      used = s.conflicts.size();
      if (hit.depths.empty() && s.depths.empty()) return unreachable();
      if (s.lowerBound == s.cost || hit.depths.empty() || late()) break;
      explore(hit.depths);
    }
    if (s.lowerBound < s.cost && !late()) {
      diversify();
      const std::uint64_t exact = s.lowerBound;
      const std::size_t before = used;
      closeGap(used);
      if (s.depths.empty() && !late()) return unreachable();
      if (s.lowerBound < s.cost && used > before && !settleBound(used)) {
        s.lowerBound = exact;
        used = before;
      }
    }
    if (s.depths.empty())
      return Error{ErrorCode::gaveUp,
                   "no depths that meet the target were found in " + std::to_string(limit_) + " s",
                   network_.name};
    s.conflicts.resize(used);  // later ones could only prove more than was worked out
    dropImplied(s.conflicts);
    s.proven = s.lowerBound == s.cost;
    useNoMoreThanNeeded();
    s.cycles = evaluator_.run(evaluator_.exact(s.depths)).cycles;
    s.simulations = evaluator_.runs() + oracle_.runs();
    s.seconds = elapsed();
    return sizing_;
  }

 private:
  double elapsed() const { return threadProcessorSeconds() - begin_; }
  bool late() const { return elapsed() > limit_; }

  /// Cost of a place more: orders terms from cheap to dear.
  std::uint64_t weight(std::uint32_t term) const {
    if (!terms_.isRow(term)) return weightOf(term);
    std::uint64_t least = ~std::uint64_t{0};
    for (const std::uint32_t g : terms_.row(term)) least = std::min(least, weightOf(g));
    return least;
  }
  std::uint64_t weightOf(std::uint32_t g) const {
    const std::uint64_t far = std::max<std::uint64_t>(4096, oracle_.most()[g]);
    return (costs_.at(g, far) - costs_.at(g, leastDepth)) * 1024 / far;
  }

  /// A vector that meets the target: unbounded FIFOs, or shift registers where they are faster. Empty: none of those.
  std::vector<std::uint64_t> startingPoint() {
    std::vector<std::uint64_t> top(oracle_.most().begin(), oracle_.most().begin() + terms_.groups);
    if (feasible(top)) return top;
    std::vector<std::uint64_t> shallow = top;
    for (std::uint32_t g = 0; g < top.size(); ++g) shallow[g] = costs_.stepEnd(g, leastDepth, top[g], true);
    if (feasible(shallow)) return shallow;
    for (std::uint32_t g = 0; g < top.size(); ++g) {
      std::vector<std::uint64_t> mixed = top;
      mixed[g] = shallow[g];
      if (feasible(mixed)) return mixed;
      mixed = shallow;
      mixed[g] = top[g];
      if (feasible(mixed)) return mixed;
    }
    return {};
  }

  /// Halves the gap again and again: either something cheaper than its middle is found, or nothing is.
  void closeGap(std::size_t& used) {
    Sizing& s = sizing_;
    const auto test = [&](const std::vector<std::uint64_t>& least) -> std::optional<Conflict> {
      const std::vector<std::uint64_t> depths =
          withFreePlaces({least.begin(), least.begin() + terms_.groups});
      if (feasible(depths)) return std::nullopt;
      return oracle_.conflict(depths, cheapFirst_);
    };
    while (s.lowerBound < s.cost && !late()) {
      const std::uint64_t below = s.lowerBound + (s.cost - s.lowerBound + 1) / 2;
      const Hitting hit = cheapestFeasible(
          s.conflicts, terms_, costs_, oracle_.most(), below, [&]() { return late(); }, test);
      if (!hit.complete) return;
      s.lowerBound = hit.cost;
      used = s.conflicts.size();
    }
  }

  /// An open bound is to be what its conflicts leave, which can be more than the middle of a gap. False: it takes too long.
  bool settleBound(std::size_t used) {
    Sizing& s = sizing_;
    s.conflicts.resize(used);
    const double deadline = elapsed() + 1 + limit_ / 10;
    const Hitting hit =
        cheapest(s.conflicts, terms_, costs_, oracle_.most(), s.cost, [&]() { return elapsed() > deadline; });
    if (hit.complete) s.lowerBound = std::min(hit.cost, s.cost);
    return hit.complete;
  }

  /// The same costs and kinds.
  std::vector<std::uint64_t> withFreePlaces(std::vector<std::uint64_t> depths) const {
    for (std::uint32_t g = 0; g < depths.size(); ++g)
      depths[g] = costs_.stepEnd(g, depths[g], oracle_.most()[g]);
    return depths;
  }

  /// Why no depths meet the target.
  Error unreachable() {
    const Outcome best = evaluator_.run(evaluator_.exact(oracle_.most()));
    const std::string reason = best.kind == Outcome::Kind::deadlock
                                   ? "stands still even with unbounded FIFOs: " +
                                         deadlockText(network_, evaluator_.program(), best.deadlock)
                                   : "takes " + std::to_string(best.cycles) +
                                         " cycles with unbounded FIFOs; no depths reach the target of " +
                                         std::to_string(oracle_.target());
    return infeasible(reason, network_.name);
  }

  void accept(std::vector<std::uint64_t> depths) {
    const std::uint64_t cost = costs_.total(depths);
    if (cost >= sizing_.cost) return;
    sizing_.depths = std::move(depths);
    sizing_.cost = cost;
  }

  bool feasible(const std::vector<std::uint64_t>& depths) {
    const bool yes = oracle_.feasible(depths);
    if (yes) accept(depths);
    return yes;
  }

  /// Other descents: every group once the first to be lowered.
  void diversify() {
    const std::vector<std::uint64_t> top = startingPoint();
    for (std::uint32_t g = 0; g < network_.groups.size() && !top.empty() && !late(); ++g) descend(top, g);
  }

  /// Lowers one group after the other as far as the target allows: `first`, then the dearest first.
  void descend(std::vector<std::uint64_t> depths, std::optional<std::uint32_t> first = {}) {
    std::vector<std::uint32_t> order;
    for (auto term = cheapFirst_.rbegin(); term != cheapFirst_.rend(); ++term)
      if (!terms_.isRow(*term)) order.push_back(*term);
    if (first) order.insert(order.begin(), *first);
    for (const std::uint32_t g : order) {
      std::uint64_t good = depths[g], bad = leastDepth - 1;
      while (good - bad > 1) {
        depths[g] = bad + (good - bad) / 2;
        (feasible(depths) ? good : bad) = depths[g];
      }
      depths[g] = good;
    }
    accept(depths);
  }

  /// Where places are free, the answer has more than it needs.
  void useNoMoreThanNeeded() {
    std::vector<std::uint64_t>& depths = sizing_.depths;
    for (std::uint32_t g = 0; g < depths.size(); ++g) {
      std::uint64_t good = depths[g], bad = leastDepth - 1;
      while (good - bad > 1) {
        depths[g] = bad + (good - bad) / 2;
        (oracle_.feasible(depths) ? good : bad) = depths[g];
      }
      depths[g] = good;
    }
  }

  /// The least depth of each group alone, all others unbounded: conflicts of one literal. The same of rows, where that
  /// says more than their groups.
  void individualBounds() {
    std::vector<std::uint64_t> least(terms_.groups, leastDepth);
    for (std::uint32_t term = 0; term < terms_.size() && !late(); ++term) {
      const std::uint64_t alone = oracle_.leastFeasible(term);
      if (alone <= terms_.value(term, least)) continue;
      sizing_.conflicts.push_back({{.term = term, .lo = terms_.least(term), .hi = alone - 1}});
      if (!terms_.isRow(term)) least[term] = alone;
    }
  }

  /// Leaves out conflicts that others contain.
  static void dropImplied(std::vector<Conflict>& conflicts) {
    std::vector<Conflict> kept;
    for (std::size_t i = 0; i < conflicts.size(); ++i) {
      bool implied = false;
      for (std::size_t j = 0; j < conflicts.size() && !implied; ++j)
        implied =
            j != i && within(conflicts[i], conflicts[j]) && (j < i || !within(conflicts[j], conflicts[i]));
      if (!implied) kept.push_back(conflicts[i]);
    }
    conflicts = std::move(kept);
  }

  /// From a vector that the conflicts allow, up along the cheapest ways out of new conflicts, until it is feasible
  /// or costs too much.
  void explore(std::vector<std::uint64_t> depths) {
    while (!late()) {
      const std::vector<std::uint64_t> wide = withFreePlaces(depths);
      if (feasible(wide)) return;
      Conflict conflict = oracle_.conflict(wide, cheapFirst_);
      std::uint64_t cheapest = ~std::uint64_t{0};
      const Literal* way = nullptr;
      for (const Literal& literal : conflict) {
        if (literal.hi >= oracle_.most()[literal.term]) continue;
        const std::uint64_t price = costs_.total(raised(depths, literal)) - costs_.total(depths);
        if (price < cheapest) {
          cheapest = price;
          way = &literal;
        }
      }
      const bool out = way && costs_.total(depths) + cheapest < sizing_.cost;
      if (out) depths = raised(depths, *way);
      sizing_.conflicts.push_back(std::move(conflict));
      if (!out) return;
    }
  }

  /// Depths with the literal's term above its range: of a row its cheapest group takes all.
  std::vector<std::uint64_t> raised(std::vector<std::uint64_t> depths, const Literal& literal) const {
    if (!terms_.isRow(literal.term)) {
      depths[literal.term] = literal.hi + 1;
      return depths;
    }
    const std::vector<std::uint32_t>& row = terms_.row(literal.term);
    const std::uint32_t g = *std::min_element(
        row.begin(), row.end(), [&](std::uint32_t a, std::uint32_t b) { return weight(a) < weight(b); });
    depths[g] += literal.hi + 1 - terms_.value(literal.term, depths);
    return depths;
  }

  const Network& network_;
  GroupCosts costs_;
  Evaluator& evaluator_;
  Oracle oracle_;
  const Terms& terms_;
  double begin_;
  double limit_;
  std::vector<std::uint32_t> cheapFirst_;
  Sizing sizing_;
};

}  // namespace

namespace {

/// Errors: infeasible, if the given depths stand still and so set no target.
Result<std::uint64_t> targetOf(const Network& network, Evaluator& evaluator, const SizingOptions& options) {
  if (options.targetCycles) return *options.targetCycles;
  const Outcome given = evaluator.run(evaluator.exact(givenDepths(network)));
  if (given.kind == Outcome::Kind::deadlock)
    return infeasible("stands still at the given depths, so they set no target: " +
                          deadlockText(network, evaluator.program(), given.deadlock),
                      network.name);
  return given.cycles;
}

}  // namespace

Result<Sizing> sizeFifos(const Network& network, const SizingOptions& options) {
  SLUICE_TRY(const Program program, compile(network));
  Evaluator evaluator(program, network.timing);
  SLUICE_TRY(const std::uint64_t target, targetOf(network, evaluator, options));
  SLUICE_TRY(Sizing sizing, Sizer(network, evaluator, target, options).run());
  sizing.targetAsked = options.targetCycles.has_value();
  return sizing;
}

Result<Front> paretoFront(const Network& network, const SizingOptions& options) {
  const double begin = threadProcessorSeconds();
  SLUICE_TRY(const Program program, compile(network));
  Evaluator evaluator(program, network.timing);
  SLUICE_TRY(std::uint64_t target, targetOf(network, evaluator, options));
  Front front;
  std::vector<Conflict> known;
  for (;;) {
    SizingOptions left = options;
    left.timeLimit -= threadProcessorSeconds() - begin;
    SLUICE_TRY(Sizing sizing, Sizer(network, evaluator, target, left).run(known));
    sizing.targetAsked = options.targetCycles.has_value() || !front.points.empty();
    const bool proven = sizing.proven;
    Oracle oracle(evaluator, network, target,
                  options.cost == CostKind::beats || options.cost == CostKind::bits);
    std::vector<std::pair<std::uint64_t, Conflict>> breaks;
    std::uint64_t next = noLimit;
    known.clear();
    for (const Conflict& conflict : sizing.conflicts) {
      const std::uint64_t cycles = oracle.cycles(conflict).value_or(noLimit);
      next = std::min(next, cycles);
      breaks.emplace_back(cycles, conflict);
    }
    for (auto& [cycles, conflict] : breaks)
      if (cycles > next || cycles == noLimit) known.push_back(std::move(conflict));
    if (front.points.empty() || sizing.cost < front.points.back().cost)
      front.points.push_back(std::move(sizing));
    front.complete = proven;
    if (!proven || next == noLimit) return front;
    target = next;
  }
}

}  // namespace sluice::dataflow::process
