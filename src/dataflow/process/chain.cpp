#include "dataflow/process/chain.h"

#include <algorithm>
#include <optional>

namespace sluice::dataflow::process {

namespace {

constexpr std::size_t mostChains = 64;

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

/// The wait of one more chain in `all`, whose first lanes are those of the program.
void addCredits(Program& all, const Chain& chain) {
  const Lane first = all.lanes[chain.lanes.front()];
  const Lane last = all.lanes[chain.lanes.back()];
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
}

}  // namespace

std::vector<Chain> chains(const Network& network, const Program& program) {
  std::vector<std::uint32_t> lanesOfGroup(program.groups, 0);
  for (const Lane& lane : program.lanes) ++lanesOfGroup[lane.group];
  const auto alone = [&](std::uint32_t lane) { return lanesOfGroup[program.lanes[lane].group] == 1; };
  std::vector<Chain> all, ends;
  for (std::uint32_t lane = 0; lane < program.lanes.size(); ++lane)
    if (alone(lane))
      ends.push_back({.lanes = {lane},
                      .groups = {program.lanes[lane].group},
                      .within = 0,
                      .delay = network.timing.readToWrite,
                      .tokens = program.lanes[lane].tokens});
  while (!ends.empty()) {
    std::vector<Chain> longer;
    for (const Chain& chain : ends)
      for (std::uint32_t lane = 0; lane < program.lanes.size(); ++lane) {
        if (!alone(lane)) continue;
        const auto stage = stageBetween(network, program.lanes[chain.lanes.back()], program.lanes[lane]);
        if (!stage) continue;
        longer.push_back(chain);
        longer.back().lanes.push_back(lane);
        longer.back().groups.push_back(program.lanes[lane].group);
        longer.back().within += stage->within;
        longer.back().delay += stage->left + network.timing.readToWrite;
      }
    all.insert(all.end(), longer.begin(), longer.end());
    ends = all.size() < mostChains ? std::move(longer) : std::vector<Chain>{};
  }
  return all;
}

Program withCredits(const Program& program, std::span<const Chain> chains) {
  Program all = program;
  for (const Chain& chain : chains) addCredits(all, chain);
  return all;
}

}  // namespace sluice::dataflow::process
