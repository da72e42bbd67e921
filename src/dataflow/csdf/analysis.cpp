#include "dataflow/csdf/analysis.h"

#include <algorithm>
#include <numeric>

/// Throughput without waiting for the steady state.
///
/// Take the firings of one iteration as nodes. Firing v of iteration k starts at
///
///     start(v, k) = max over what it waits for, u of iteration k - d, of start(u, k - d) + time(u)
///
/// where u is the firing of a producer that brings the last token missing, the firing of a consumer that
/// releases the last place missing, or the actor's own firing before (its start if firings may overlap). Only
/// the last of these edges depend on capacities. By the theory of max-plus systems the steady period is the
/// greatest (sum of times) / (sum of distances) over the circles of this graph; a circle of distance 0 is a
/// deadlock.
///
/// "Is any circle's ratio above P / Q?" is the question whether a circle has a positive sum of Q * time -
/// P * distance. Longest paths are propagated in the order in which one iteration can be executed, so one
/// sweep is the simulation of an iteration in a clock that falls back by one period each time. Either the
/// sweeps come to rest, then the starts are potentials that prove the answer no; or the edges by which the
/// starts were raised last ("parents") close a circle, and that circle is the proof of the opposite and says
/// which channels to blame. Raising P / Q to the circle's ratio until no circle is left gives the exact period.
/// "Above or equal" is asked by giving circles of ratio exactly P / Q a small positive sum: everything times
/// more than any circle's distance, plus its distance.
///
/// Many simulated iterations may be needed until a graph with two nearly critical circles becomes periodic;
/// the sweeps need about as many as a longest path has edges into earlier iterations.
namespace sluice::dataflow::csdf {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::uint32_t noParent = 0xffffffffu;
constexpr std::uint32_t previousFiring = 0xfffffffeu;

/// The first firing after which an endless repetition of `after` has reached `tokens`, seen from iteration 0.
struct Reached {
  std::uint32_t firing = 0;
  std::uint32_t distance = 0;
};
Reached reached(const std::vector<std::uint64_t>& after, std::uint64_t missing, bool before) {
  // tokens wanted: `missing` if !before, else -missing (from earlier iterations). after[n]: after n firings.
  const std::uint64_t whole = after.back();
  std::uint64_t wanted = missing, distance = 0;
  if (before) {  // -missing = wanted - distance * whole, 1 <= wanted <= whole
    distance = missing / whole + 1;
    wanted = distance * whole - missing;
  }
  const auto found = std::lower_bound(after.begin() + 1, after.end(), wanted);
  return {static_cast<std::uint32_t>(found - after.begin() - 1), static_cast<std::uint32_t>(distance)};
}

}  // namespace

Analysis::Analysis(const Graph& graph, const Repetition& repetition)
    : graph_(graph), repetition_(repetition) {
  ends_.resize(graph.actors.size());
  for (std::size_t a = 0; a < graph.actors.size(); ++a) {
    const Actor& actor = graph.actors[a];
    first_.push_back(static_cast<std::uint32_t>(time_.size()));
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < repetition.firings[a]; ++n) {
      time_.push_back(actor.time[n % actor.time.size()]);
      sum += time_.back();
    }
    totalTime_ += sum;
    if (actor.serial && less(floor_, {sum, 1})) floor_ = {sum, 1};
  }
  parent_.resize(time_.size());
  mark_.resize(time_.size());
  const std::size_t channels = graph.channels.size();
  data_.resize(channels);
  room_.resize(channels);
  given_.resize(channels);
  taken_.resize(channels);
  capacities_.assign(channels, unlimited);
  for (std::size_t c = 0; c < channels; ++c) {
    const Channel& channel = graph.channels[c];
    given_[c].push_back(0);
    for (std::uint64_t n = 0; n < repetition.firings[channel.src]; ++n)
      given_[c].push_back(given_[c].back() + channel.prod[n % channel.prod.size()]);
    taken_[c].push_back(0);
    for (std::uint64_t n = 0; n < repetition.firings[channel.dst]; ++n)
      taken_[c].push_back(taken_[c].back() + channel.cons[n % channel.cons.size()]);
    for (std::uint64_t n = 0; n < repetition.firings[channel.dst]; ++n) {
      Edge edge{0, noEdge};
      if (taken_[c][n + 1] > taken_[c][n]) {
        const std::uint64_t wanted = taken_[c][n + 1];
        const Reached from = wanted > channel.initial ? reached(given_[c], wanted - channel.initial, false)
                                                      : reached(given_[c], channel.initial - wanted, true);
        edge = {first_[channel.src] + from.firing, from.distance};
        greatestDistance_ = std::max<std::uint64_t>(greatestDistance_, from.distance);
      }
      data_[c].push_back(edge);
    }
    room_[c].assign(repetition.firings[channel.src], Edge{0, noEdge});
    ends_[channel.dst].push_back({static_cast<std::uint32_t>(c), &data_[c], false});
    ends_[channel.src].push_back({static_cast<std::uint32_t>(c), &room_[c], true});
  }
}

void Analysis::setRoom(const Capacities& capacities) {
  for (std::size_t c = 0; c < capacities.size(); ++c) {
    if (capacities[c] == capacities_[c]) continue;
    capacities_[c] = capacities[c];
    ordered_ = false;
    const std::uint64_t whole = given_[c].back();
    if (capacities[c] == unlimited) {
      std::fill(room_[c].begin(), room_[c].end(), Edge{0, noEdge});
      continue;
    }
    const std::uint64_t free = capacities[c] - graph_.channels[c].initial;
    // The places wanted grow with n, so the firing that releases them moves on: no search.
    const std::uint64_t start = given_[c][1] > free ? 0 : (free - given_[c][1]) / whole + 1;
    std::uint64_t distance = start;
    std::uint32_t firing = 0;
    const auto firings = static_cast<std::uint32_t>(taken_[c].size() - 1);
    for (std::size_t n = 0; n < room_[c].size(); ++n) {
      if (given_[c][n + 1] == given_[c][n]) continue;
      // released after `firing` of `distance` iterations ago: taken[firing + 1] - distance * whole
      while (taken_[c][firing + 1] + free < given_[c][n + 1] + distance * whole) {
        if (++firing == firings) {
          firing = 0;
          --distance;
        }
      }
      room_[c][n] = {first_[graph_.channels[c].dst] + firing, static_cast<std::uint32_t>(distance)};
    }
    greatestDistance_ = std::max<std::uint64_t>(greatestDistance_, start);
  }
}

/// Executes one iteration as far as it gets: an order of the nodes in which edges of distance 0 lead forwards.
/// False: a deadlock, told in `answer`.
bool Analysis::order(Answer& answer) {
  if (ordered_) {
    answer = stuck_;
    return !answer.deadlock;
  }
  ordered_ = true;
  stuck_ = {};
  runs_.clear();
  const std::size_t actors = graph_.actors.size();
  std::vector<std::uint32_t> next(actors, 0);
  const auto blocking = [&](std::size_t a) -> const End* {
    for (const End& end : ends_[a]) {
      const Edge& edge = (*end.edges)[next[a]];
      if (edge.distance != 0) continue;
      const std::uint32_t other =
          end.room ? graph_.channels[end.channel].dst : graph_.channels[end.channel].src;
      if (edge.node >= first_[other] + next[other]) return &end;
    }
    return nullptr;
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (std::uint32_t a = 0; a < actors; ++a) {
      const std::uint32_t from = next[a];
      while (next[a] < repetition_.firings[a] && blocking(a) == nullptr) ++next[a];
      if (next[a] == from) continue;
      runs_.push_back({a, from, next[a]});
      moved = true;
    }
  }
  std::size_t at = 0;
  while (at < actors && next[at] == repetition_.firings[at]) ++at;
  if (at == actors) return true;
  // Follow what each waits for until an actor comes again.
  std::vector<std::size_t> path;
  while (std::find(path.begin(), path.end(), at) == path.end()) {
    path.push_back(at);
    const Channel& channel = graph_.channels[blocking(at)->channel];
    at = blocking(at)->room ? channel.dst : channel.src;
  }
  stuck_.deadlock = stuck_.bad = true;
  for (auto p = std::find(path.begin(), path.end(), at); p != path.end(); ++p) {
    const End* end = blocking(*p);
    const Channel& channel = graph_.channels[end->channel];
    if (end->room) stuck_.channels.push_back(end->channel);
    stuck_.waits.push_back("actor '" + graph_.actors[*p].name + "' waits for " +
                           (end->room ? "room in '" + channel.name + "' (capacity " +
                                            std::to_string(capacities_[end->channel]) + "), which '" +
                                            graph_.actors[channel.dst].name + "' must release"
                                      : "tokens in '" + channel.name + "', which '" +
                                            graph_.actors[channel.src].name + "' must give"));
  }
  std::sort(stuck_.channels.begin(), stuck_.channels.end());
  answer = stuck_;
  return false;
}

template <typename Value>
bool Analysis::sweep(const Problem& problem, std::vector<Value>& start, std::vector<Value>& finish) {
  bool changed = false;
  const Value perCycle = static_cast<Value>(problem.scale) * static_cast<Value>(problem.magnify);
  const Value perDistance = static_cast<Value>(problem.price) * static_cast<Value>(problem.magnify) -
                            static_cast<Value>(problem.extra);
  for (const Run& run : runs_) {
    const std::uint32_t base = first_[run.actor];
    const auto firings = static_cast<std::uint32_t>(repetition_.firings[run.actor]);
    const bool serial = graph_.actors[run.actor].serial;
    const std::vector<End>& ends = ends_[run.actor];
    for (std::uint32_t n = run.from; n < run.to; ++n) {
      const std::uint32_t node = base + n, before = n == 0 ? base + firings - 1 : node - 1;
      Value best = (serial ? finish[before] : start[before]) - (n == 0 ? perDistance : 0);
      std::uint32_t parent = previousFiring;
      for (std::uint32_t e = 0; e < ends.size(); ++e) {
        const Edge& edge = (*ends[e].edges)[n];
        if (edge.distance == noEdge) continue;
        const Value value = finish[edge.node] - perDistance * static_cast<Value>(edge.distance);
        if (value > best) {
          best = value;
          parent = e;
        }
      }
      if (best <= start[node]) continue;
      start[node] = best;
      finish[node] = best + perCycle * static_cast<Value>(time_[node]);
      parent_[node] = parent;
      changed = true;
    }
  }
  return changed;
}

/// The circle of parents with the greatest ratio, if there is any.
bool Analysis::circleOfParents(Circle& best) {
  bool found = false;
  std::fill(mark_.begin(), mark_.end(), 0);
  std::uint32_t stamp = 0;
  std::uint32_t actor = 0;
  const auto actorOf = [&](std::uint32_t node) {
    return static_cast<std::uint32_t>(std::upper_bound(first_.begin(), first_.end(), node) - first_.begin() -
                                      1);
  };
  const auto step = [&](std::uint32_t node, std::uint32_t a, Edge& edge, std::uint32_t& channel) {
    channel = noEdge;
    if (parent_[node] == previousFiring) {
      const std::uint32_t n = node - first_[a];
      edge = n == 0 ? Edge{first_[a] + static_cast<std::uint32_t>(repetition_.firings[a]) - 1, 1}
                    : Edge{node - 1, 0};
      return;
    }
    const End& end = ends_[a][parent_[node]];
    edge = (*end.edges)[node - first_[a]];
    if (end.room) channel = end.channel;
  };
  for (std::uint32_t start = 0; start < time_.size(); ++start) {
    if (mark_[start] != 0) continue;
    ++stamp;
    std::uint32_t node = start;
    Edge edge;
    std::uint32_t channel = 0;
    while (mark_[node] == 0 && parent_[node] != noParent) {
      mark_[node] = stamp;
      step(node, actorOf(node), edge, channel);
      node = edge.node;
    }
    if (mark_[node] != stamp || parent_[node] == noParent) {
      if (mark_[node] == 0) mark_[node] = stamp;
      continue;
    }
    Circle circle{{0, 0}, {}};
    const std::uint32_t first = node;
    do {
      actor = actorOf(node);
      step(node, actor, edge, channel);
      if (channel != noEdge) circle.channels.push_back(channel);
      const bool overlaps = parent_[node] == previousFiring && !graph_.actors[actor].serial;
      circle.period.cycles += overlaps ? 0 : time_[edge.node];
      circle.period.iterations += edge.distance;
      node = edge.node;
    } while (node != first);
    std::sort(circle.channels.begin(), circle.channels.end());
    circle.channels.erase(std::unique(circle.channels.begin(), circle.channels.end()), circle.channels.end());
    if (!found || less(best.period, circle.period)) best = std::move(circle);
    found = true;
  }
  return found;
}

template <typename Value>
bool Analysis::findCircleIn(const Problem& problem, Circle& best) {
  std::vector<Value> start(time_.size(), 0), finish;
  const Value perCycle = static_cast<Value>(problem.scale) * static_cast<Value>(problem.magnify);
  for (const std::uint64_t time : time_) finish.push_back(perCycle * static_cast<Value>(time));
  std::fill(parent_.begin(), parent_.end(), noParent);
  while (sweep(problem, start, finish))
    if (circleOfParents(best)) return true;
  return false;
}

bool Analysis::findCircle(const Problem& problem, Circle& best) {
  ++evaluations_;
  const Wide most = Wide{1} << 60;
  const Wide distances = static_cast<Wide>(greatestDistance_) * static_cast<Wide>(time_.size());
  const bool small = static_cast<Wide>(totalTime_) * problem.scale < most / problem.magnify &&
                     (static_cast<Wide>(problem.price) * problem.magnify + problem.extra) < most / distances;
  return small ? findCircleIn<std::int64_t>(problem, best) : findCircleIn<Wide>(problem, best);
}

Analysis::Answer Analysis::live(const Capacities& capacities) {
  ++evaluations_;
  Answer answer;
  setRoom(capacities);
  order(answer);
  return answer;
}

Analysis::Answer Analysis::exact(const Capacities& capacities) {
  Answer answer;
  setRoom(capacities);
  if (!order(answer)) return answer;
  answer.period = floor_;
  for (Circle circle; findCircle({answer.period.iterations, answer.period.cycles, 1, 0}, circle);) {
    const std::uint64_t common = std::gcd(circle.period.cycles, circle.period.iterations);
    answer.period = {circle.period.cycles / common, circle.period.iterations / common};
    answer.channels = circle.channels;
  }
  return answer;
}

Analysis::Answer Analysis::decide(const Capacities& capacities, const Period& limit, bool strict) {
  Answer answer;
  setRoom(capacities);
  if (!order(answer)) return answer;
  const std::uint64_t magnify = strict ? greatestDistance_ * time_.size() + 1 : 1;
  Circle circle;
  answer.bad = findCircle({limit.iterations, limit.cycles, magnify, strict ? 1u : 0u}, circle);
  if (answer.bad) {
    answer.period = circle.period;
    answer.channels = circle.channels;
  }
  return answer;
}

}  // namespace sluice::dataflow::csdf
