#include "dataflow/process/chain.h"

#include <algorithm>
#include <optional>

namespace sluice::dataflow::process {

namespace {

/// Local times of a lane's accesses on one side, where they are a single box.
struct Times {
  std::int64_t first = 0;
  std::vector<Dim> dims;  ///< counts above 1 only
};

std::optional<Times> timesOf(const Network& network, std::uint32_t fifo, Direction direction) {
  std::optional<Times> found;
  const Fifo& f = network.fifos[fifo];
  for (const Phase& phase : network.processes[direction == Direction::read ? f.dst : f.src].phases)
    for (const Access& access : phase.accesses) {
      if (access.direction != direction ||
          std::find(access.fifos.begin(), access.fifos.end(), fifo) == access.fifos.end())
        continue;
      if (found || access.at.size() != 1) return std::nullopt;
      found = Times{
          .first = static_cast<std::int64_t>(phase.start + access.stage + phase.ii * access.at[0].first),
          .dims = {}};
      for (const Dim& dim : access.at[0].dims)
        if (dim.count > 1) found->dims.push_back({.count = dim.count, .stride = dim.stride * phase.ii});
    }
  return found;
}

/// Least cycles between two successive accesses; 0 if counting up does not give rising times.
std::uint64_t leastGap(const Times& times) {
  std::uint64_t inside = 0, gap = ~std::uint64_t{0};
  for (auto dim = times.dims.rbegin(); dim != times.dims.rend(); ++dim) {
    if (dim->stride <= inside) return 0;
    gap = std::min(gap, dim->stride - inside);
    inside += (dim->count - 1) * dim->stride;
  }
  return times.dims.empty() ? 1 : gap;
}

struct Stage {
  std::uint64_t within = 0, left = 0;  ///< q and d of the essay
};

/// The stage between two lanes, if the reads of the first and the writes of the second are the same set, moved.
std::optional<Stage> stageBetween(const Network& network, const Lane& first, const Lane& second) {
  if (first.dst != second.src) return std::nullopt;
  const auto reads = timesOf(network, first.fifos.front(), Direction::read);
  const auto writes = timesOf(network, second.fifos.front(), Direction::write);
  if (!reads || !writes || reads->dims != writes->dims) return std::nullopt;
  const std::uint64_t gap = leastGap(*reads);
  if (gap == 0) return std::nullopt;
  const std::int64_t later = writes->first - reads->first;
  const auto step = static_cast<std::int64_t>(gap);
  const std::int64_t within = later > 0 ? (later + step - 1) / step : 0;
  return Stage{.within = static_cast<std::uint64_t>(within),
               .left = static_cast<std::uint64_t>(within * step - later)};
}

/// The program with the chain's wait as one more lane: its reader gives back credits, its writer takes them.
Program withCredits(const Program& program, const Chain& chain) {
  Program all = program;
  const Lane& first = program.lanes[chain.lanes.front()];
  const Lane& last = program.lanes[chain.lanes.back()];
  const auto credits = static_cast<std::uint32_t>(all.lanes.size());
  all.lanes.push_back({.group = 0,
                       .src = last.dst,
                       .dst = first.src,
                       .tokens = first.tokens,
                       .srlDepth = 0,
                       .fifos = {},
                       .credits = true});
  for (const bool taking : {true, false}) {
    ProgramOf& process = all.processes[taking ? first.src : last.dst];
    const std::uint32_t lane = taking ? chain.lanes.front() : chain.lanes.back();
    const std::vector<std::uint32_t> refs = std::move(process.refs);
    process.refs.clear();
    for (Op& op : process.ops) {
      std::vector<std::uint32_t> reads(refs.begin() + op.first, refs.begin() + op.first + op.reads);
      std::vector<std::uint32_t> writes(refs.begin() + op.first + op.reads,
                                        refs.begin() + op.first + op.reads + op.writes);
      const std::vector<std::uint32_t>& side = taking ? writes : reads;
      if (std::find(side.begin(), side.end(), lane) != side.end())
        (taking ? reads : writes).push_back(credits);
      op = {.first = static_cast<std::uint32_t>(process.refs.size()),
            .reads = static_cast<std::uint32_t>(reads.size()),
            .writes = static_cast<std::uint32_t>(writes.size())};
      process.refs.insert(process.refs.end(), reads.begin(), reads.end());
      process.refs.insert(process.refs.end(), writes.begin(), writes.end());
    }
  }
  return all;
}

}  // namespace

std::vector<Chain> chains(const Network& network, const Program& program) {
  std::vector<std::uint32_t> lanesOfGroup(program.groups, 0);
  for (const Lane& lane : program.lanes) ++lanesOfGroup[lane.group];
  const auto alone = [&](std::uint32_t lane) { return lanesOfGroup[program.lanes[lane].group] == 1; };
  std::vector<Chain> all, ends;
  for (std::uint32_t lane = 0; lane < program.lanes.size(); ++lane)
    if (alone(lane)) ends.push_back({.lanes = {lane}, .within = 0, .delay = network.timing.readToWrite});
  while (!ends.empty()) {
    std::vector<Chain> longer;
    for (const Chain& chain : ends)
      for (std::uint32_t lane = 0; lane < program.lanes.size(); ++lane) {
        if (!alone(lane)) continue;
        const auto stage = stageBetween(network, program.lanes[chain.lanes.back()], program.lanes[lane]);
        if (!stage) continue;
        longer.push_back(chain);
        longer.back().lanes.push_back(lane);
        longer.back().within += stage->within;
        longer.back().delay += stage->left + network.timing.readToWrite;
      }
    all.insert(all.end(), longer.begin(), longer.end());
    ends = all.size() < 500 ? std::move(longer) : std::vector<Chain>{};
  }
  return all;
}

Sum leastSum(const Chain& chain, const Program& program, const Timing& timing, std::uint64_t target,
             std::uint64_t& simulations) {
  const Program credits = withCredits(program, chain);
  Evaluator evaluator(credits, timing);
  std::vector<LaneSetting> settings;
  for (const Lane& lane : program.lanes) {  // the fastest that any depths could be
    const std::uint64_t most = std::max<std::uint64_t>(2, lane.tokens);
    const auto delay = [&](std::uint64_t depth) {
      return depth <= lane.srlDepth ? timing.writeToReadSrl : timing.writeToReadRam;
    };
    settings.push_back({.depth = most, .writeToRead = std::min(delay(2), delay(most))});
  }
  settings.push_back({.depth = 0, .writeToRead = chain.delay});
  Sum sum;
  for (const std::uint32_t lane : chain.lanes) sum.groups.push_back(program.lanes[lane].group);
  const std::uint64_t tokens = program.lanes[chain.lanes.front()].tokens;
  std::uint64_t bad = 2 * chain.lanes.size() - 1, good = std::max(bad + 1, tokens);
  const auto feasible = [&](std::uint64_t places) {
    settings.back().depth = places + chain.within;
    return evaluator.run(settings, target).within(target);
  };
  while (good - bad > 1) {
    const std::uint64_t middle = bad + (good - bad) / 2;
    (feasible(middle) ? good : bad) = middle;
  }
  sum.least = good;
  simulations += evaluator.runs();
  return sum;
}

}  // namespace sluice::dataflow::process
