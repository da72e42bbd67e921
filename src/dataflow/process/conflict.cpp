#include "dataflow/process/conflict.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/check.h"

namespace sluice::dataflow::process {

bool contains(const Conflict& conflict, const std::vector<std::uint64_t>& depths) {
  return std::all_of(conflict.begin(), conflict.end(), [&](const Literal& literal) {
    return literal.lo <= depths[literal.group] && depths[literal.group] <= literal.hi;
  });
}

Oracle::Oracle(Evaluator& evaluator, const Network& network, std::uint64_t target)
    : evaluator_(evaluator),
      target_(target),
      most_(network.groups.size(), leastDepth),
      steps_(network.groups.size()) {
  std::vector<std::set<std::uint64_t, std::greater<>>> steps(network.groups.size());
  for (const Lane& lane : evaluator.program().lanes) {
    most_[lane.group] = std::max(most_[lane.group], lane.tokens);
    if (lane.srlDepth >= leastDepth) steps[lane.group].insert(lane.srlDepth + 1);
  }
  for (std::size_t g = 0; g < steps.size(); ++g) steps_[g].assign(steps[g].begin(), steps[g].end());
  settings_.resize(evaluator.program().lanes.size());
}

bool Oracle::feasible(const std::vector<std::uint64_t>& depths) {
  return evaluator_.run(evaluator_.exact(depths), target_).within(target_);
}

bool Oracle::feasible(const std::vector<Literal>& box) {
  settle(box);
  return evaluator_.run(settings_, target_).within(target_);
}

std::optional<std::uint64_t> Oracle::cycles(const Conflict& conflict) {
  std::vector<Literal> box;
  for (std::uint32_t g = 0; g < most_.size(); ++g)
    box.push_back({.group = g, .lo = leastDepth, .hi = most_[g]});
  for (const Literal& literal : conflict) box[literal.group] = literal;
  settle(box);
  const Outcome outcome = evaluator_.run(settings_);
  if (outcome.kind != Outcome::Kind::finished) return std::nullopt;
  return outcome.cycles;
}

/// The most places and the shortest delays of a box.
void Oracle::settle(const std::vector<Literal>& box) {
  const std::vector<Lane>& lanes = evaluator_.program().lanes;
  const Timing& timing = evaluator_.timing();
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    const Literal& range = box[lanes[i].group];
    const auto delay = [&](std::uint64_t depth) {
      return depth <= lanes[i].srlDepth ? timing.writeToReadSrl : timing.writeToReadRam;
    };
    settings_[i] = {.depth = range.hi, .writeToRead = std::min(delay(range.lo), delay(range.hi))};
  }
}

/// Unbounded where the conflict does not need a group. Conflicts come in families: what the last few were about is
/// tried at once.
void Oracle::widen(std::vector<Literal>& box, const std::vector<std::uint32_t>& raiseFirst) {
  for (const std::vector<bool>& support : supports_) {
    std::vector<Literal> wide = box;
    for (Literal& literal : wide)
      if (!support[literal.group]) literal.hi = most_[literal.group];
    if (feasible(wide)) continue;
    box = std::move(wide);
    break;
  }
  for (const std::uint32_t g : raiseFirst) {
    const std::uint64_t hi = box[g].hi;
    if (hi >= most_[g]) continue;
    box[g].hi = most_[g];
    if (feasible(box)) box[g].hi = hi;
  }
  std::vector<bool> support(box.size());
  for (const Literal& literal : box) support[literal.group] = literal.hi < most_[literal.group];
  std::erase(supports_, support);
  supports_.insert(supports_.begin(), std::move(support));
  if (supports_.size() > 4) supports_.pop_back();
}

std::uint64_t Oracle::raise(std::vector<Literal>& box, std::uint32_t g) {
  Literal& literal = box[g];
  const std::uint64_t known = literal.hi;
  if (known >= most_[g]) return known;
  literal.hi = most_[g];
  if (!feasible(box)) return most_[g];
  std::uint64_t bad = known, good = most_[g];
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

Conflict Oracle::conflict(const std::vector<std::uint64_t>& depths,
                          const std::vector<std::uint32_t>& raiseFirst) {
  std::vector<Literal> box;
  for (std::uint32_t g = 0; g < depths.size(); ++g)
    box.push_back({.group = g, .lo = leastDepth, .hi = std::min(depths[g], most_[g])});
  if (feasible(box)) {  // only the delay of RAM makes it late: fall back to it, group by group
    for (std::uint32_t g = 0; g < depths.size(); ++g) box[g].lo = depths[g];
    SLUICE_CHECK(!feasible(box), "a conflict is asked for around an infeasible vector");
    for (const std::uint32_t g : raiseFirst) {
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
  // Whole groups first: what can be unbounded is no part of the conflict. Then the others, as far as they go. A raise
  // may make the delay of a lower end irrelevant; lower ends are tried again at the end.
  widen(box, raiseFirst);
  for (const std::uint32_t g : raiseFirst) raise(box, g);
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
  std::erase_if(box, [&](const Literal& l) { return l.lo == leastDepth && l.hi >= most_[l.group]; });
  return box;
}

}  // namespace sluice::dataflow::process
