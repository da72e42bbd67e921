#include "link_timing.h"

#include <algorithm>
#include <cmath>

#include "split/seats.h"

namespace sluice::tool {
namespace {

constexpr double slowestLink = 1 << 16;  // cycles a beat

/// From stage to stage, with the bits of a frame.
struct Way {
  std::uint32_t from, to;
  double bits;
};

}  // namespace

std::vector<map::LinkTiming> linkTimings(const PlannedSplit& split) {
  const splits::Problem& problem = split.plan.network.problem;
  const splits::Stages& stages = split.plan.plan.stages;
  const map::Design& design = split.design;
  std::vector<Way> ways;
  for (const map::Cut& cut : design.cuts) {
    const map::Stream& stream = design.streams[cut.from.index];
    ways.push_back({stream.subgraph.index, design.streams[cut.to.index].subgraph.index,
                    static_cast<double>(stream.beat.width()) * static_cast<double>(stream.beatsPerFrame)});
  }
  const bool chain = problem.topology.kind == splits::Topology::Kind::chain;
  std::vector<map::LinkTiming> links;
  for (std::size_t c = 0; c < ways.size(); ++c) {
    map::LinkTiming link{.latency = design.cuts[c].latency, .interval = 1};
    const Way& way = ways[c];
    if (link.latency > 0) {
      double together = 0;
      for (const Way& other : ways)
        if (chain ? other.from < way.to && way.from < other.to : other.from == way.from && other.to == way.to)
          together += other.bits;
      const double slowest =
          splits::hopBetween(problem, stages[way.from].place, stages[way.to].place).slowest;
      const double width = design.streams[design.cuts[c].from.index].beat.width();
      const double cycles = width * slowest * split.boards[way.to].targetMhz * (together / way.bits);
      link.interval = static_cast<std::uint32_t>(std::clamp(std::ceil(cycles - 1e-9), 1.0, slowestLink));
    }
    links.push_back(link);
  }
  return links;
}

}  // namespace sluice::tool
