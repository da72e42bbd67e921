#include "dataflow/process/conflict.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/check.h"

namespace sluice::dataflow::process {

bool contains(const Conflict& conflict, const Terms& terms, const std::vector<std::uint64_t>& depths) {
  return std::all_of(conflict.begin(), conflict.end(), [&](const Literal& literal) {
    const std::uint64_t value = terms.value(literal.term, depths);
    return literal.lo <= value && value <= literal.hi;
  });
}

bool within(const Conflict& part, const Conflict& whole) {
  return std::all_of(whole.begin(), whole.end(), [&](const Literal& wide) {
    return std::any_of(part.begin(), part.end(), [&](const Literal& narrow) {
      return narrow.term == wide.term && wide.lo <= narrow.lo && narrow.hi <= wide.hi;
    });
  });
}

Oracle::Oracle(Evaluator& evaluator, const Network& network, std::uint64_t target, bool withRows)
    : evaluator_(evaluator), target_(target), steps_(network.groups.size()) {
  const Program& program = evaluator.program();
  if (withRows) chains_ = chains(network, program);
  terms_.groups = static_cast<std::uint32_t>(network.groups.size());
  for (const Chain& chain : chains_) terms_.rows.push_back(chain.groups);
  most_.assign(network.groups.size(), leastDepth);
  std::vector<std::set<std::uint64_t, std::greater<>>> steps(network.groups.size());
  for (const Lane& lane : program.lanes) {
    most_[lane.group] = std::max(most_[lane.group], lane.tokens);
    if (lane.srlDepth >= leastDepth) steps[lane.group].insert(lane.srlDepth + 1);
  }
  for (std::uint32_t term = terms_.groups; term < terms_.size(); ++term)
    most_.push_back(std::max(terms_.least(term), chains_[term - terms_.groups].tokens));
  for (std::size_t g = 0; g < steps.size(); ++g) steps_[g].assign(steps[g].begin(), steps[g].end());
}

bool Oracle::feasible(const std::vector<std::uint64_t>& depths) {
  return evaluator_.run(evaluator_.exact(depths), target_).within(target_);
}

bool Oracle::feasible(const std::vector<Literal>& box) { return run(box, target_).within(target_); }

std::vector<Literal> Oracle::unbounded() const {
  std::vector<Literal> box;
  for (std::uint32_t term = 0; term < terms_.size(); ++term)
    box.push_back({.term = term, .lo = terms_.least(term), .hi = most_[term]});
  return box;
}

std::uint64_t Oracle::leastFeasible(std::uint32_t term) {
  std::vector<Literal> box = unbounded();
  std::uint64_t good = most_[term], bad = terms_.least(term) - 1;
  while (good - bad > 1) {
    box[term].hi = bad + (good - bad) / 2;
    (feasible(box) ? good : bad) = box[term].hi;
  }
  return good;
}

std::optional<std::uint64_t> Oracle::cycles(const Conflict& conflict) {
  std::vector<Literal> box = unbounded();
  for (const Literal& literal : conflict) box[literal.term] = literal;
  const Outcome outcome = run(box, noLimit);
  if (outcome.kind != Outcome::Kind::finished) return std::nullopt;
  return outcome.cycles;
}

std::uint64_t Oracle::runs() const {
  std::uint64_t sum = 0;
  for (const auto& [bounded, rowed] : rowed_) sum += rowed->evaluator.runs();
  return sum;
}

/// With the most places and the shortest delays of the box. Rows that are unbounded take no part in the run.
Outcome Oracle::run(const std::vector<Literal>& box, std::uint64_t limit) {
  const std::vector<Lane>& lanes = evaluator_.program().lanes;
  const Timing& timing = evaluator_.timing();
  settings_.clear();
  for (const Lane& lane : lanes) {
    const Literal& range = box[lane.group];
    const auto delay = [&](std::uint64_t depth) {
      return depth <= lane.srlDepth ? timing.writeToReadSrl : timing.writeToReadRam;
    };
    settings_.push_back({.depth = range.hi, .writeToRead = std::min(delay(range.lo), delay(range.hi))});
  }
  std::vector<bool> bounded(chains_.size(), false);
  bool any = false;
  for (std::size_t i = 0; i < chains_.size(); ++i) {
    const std::uint64_t places = box[terms_.groups + i].hi;
    if (places >= most_[terms_.groups + i]) continue;
    any = bounded[i] = true;
    settings_.push_back({.depth = places + chains_[i].within, .writeToRead = chains_[i].delay});
  }
  if (!any) return evaluator_.run(settings_, limit);
  std::unique_ptr<Rowed>& rowed = rowed_[bounded];
  if (!rowed) {
    std::vector<Chain> rows;
    for (std::size_t i = 0; i < chains_.size(); ++i)
      if (bounded[i]) rows.push_back(chains_[i]);
    rowed = std::make_unique<Rowed>(withCredits(evaluator_.program(), rows), timing);
  }
  return rowed->evaluator.run(settings_, limit);
}

/// Unbounded where the conflict does not need a group. Conflicts come in families: what the last few were about is
/// tried at once.
void Oracle::widen(std::vector<Literal>& box, const std::vector<std::uint32_t>& raiseFirst) {
  for (const std::vector<bool>& support : supports_) {
    std::vector<Literal> wide = box;
    for (Literal& literal : wide)
      if (!support[literal.term]) literal.hi = most_[literal.term];
    if (feasible(wide)) continue;
    box = std::move(wide);
    break;
  }
  for (const std::uint32_t term : raiseFirst) {
    const std::uint64_t hi = box[term].hi;
    if (hi >= most_[term]) continue;
    box[term].hi = most_[term];
    if (feasible(box)) box[term].hi = hi;
  }
  std::vector<bool> support(box.size());
  for (const Literal& literal : box) support[literal.term] = literal.hi < most_[literal.term];
  std::erase(supports_, support);
  supports_.insert(supports_.begin(), std::move(support));
  if (supports_.size() > 4) supports_.pop_back();
}

std::uint64_t Oracle::raise(std::vector<Literal>& box, std::uint32_t term) {
  Literal& literal = box[term];
  const std::uint64_t known = literal.hi;
  if (known >= most_[term]) return known;
  literal.hi = most_[term];
  if (!feasible(box)) return most_[term];
  std::uint64_t bad = known, good = most_[term];
  std::uint64_t step = 1;  // small raises are the common case
  while (bad + step < good) {
    literal.hi = bad + step;
    if (feasible(box)) {
      good = literal.hi;
      break;
    }
    bad = literal.hi;
    step *= 4;
  }
  while (good - bad > 1) {
    literal.hi = bad + (good - bad) / 2;
    (feasible(box) ? good : bad) = literal.hi;
  }
  literal.hi = bad;
  return bad;
}

/// A box that begins at the depths themselves where the shift register's delay would meet the target.
void Oracle::beginLower(std::vector<Literal>& box, const std::vector<std::uint64_t>& depths,
                        const std::vector<std::uint32_t>& raiseFirst) {
  for (std::uint32_t g = 0; g < depths.size(); ++g) box[g].lo = depths[g];
  SLUICE_CHECK(!feasible(box), "a conflict is asked for around an infeasible vector");
  for (const std::uint32_t g : raiseFirst) {
    if (terms_.isRow(g)) continue;
    const std::uint64_t exact = box[g].lo;
    box[g].lo = leastDepth;
    if (!feasible(box)) continue;
    box[g].lo = exact;
    for (const std::uint64_t step : steps_[g])
      if (step <= exact) {
        box[g].lo = step;
        break;
      }
  }
}

Conflict Oracle::conflict(const std::vector<std::uint64_t>& depths,
                          const std::vector<std::uint32_t>& raiseFirst) {
  std::vector<Literal> box = unbounded();
  for (Literal& literal : box)  // rows say nothing that depths do not say, and stay when those are raised
    literal.hi = std::min(terms_.value(literal.term, depths), most_[literal.term]);
  if (feasible(box)) beginLower(box, depths, raiseFirst);
  // Whole terms first: what can be unbounded is no part of the conflict. Then the others, as far as they go. A raise
  // may make the delay of a lower end irrelevant; lower ends are tried again at the end.
  widen(box, raiseFirst);
  for (const std::uint32_t term : raiseFirst) raise(box, term);
  for (std::uint32_t g = 0; g < depths.size(); ++g) {
    if (box[g].lo == leastDepth) continue;
    const std::uint64_t lo = box[g].lo;
    std::vector<std::uint64_t> lower = {leastDepth};
    lower.insert(lower.end(), steps_[g].rbegin(), steps_[g].rend());
    for (const std::uint64_t step : lower) {
      box[g].lo = step;
      if (step == lo || !feasible(box)) break;
    }
  }
  std::erase_if(box, [&](const Literal& l) { return l.lo == terms_.least(l.term) && l.hi >= most_[l.term]; });
  return box;
}

}  // namespace sluice::dataflow::process
