#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <numeric>
#include <string>
#include <vector>

#include "base/rng.h"
#include "dataflow/network.h"
#include "dataflow/simulate.h"

/// What the tests of this area share: small networks, random networks, and a second model of the firing rule.
namespace sluice::dataflow::testing {

inline Schedule pipe(std::uint32_t stage, std::uint32_t interval = 1) {
  return {{},
          interval,
          stage,
          {{.port = 0, .direction = Direction::read, .stage = 0, .when = {}},
           {.port = 1, .direction = Direction::write, .stage = stage, .when = {}}}};
}

inline Channel fifo(std::string name, std::uint32_t depth) {
  return {.name = std::move(name), .depth = depth};
}

/// source -> x -> a -> y -> sink; every actor of `stages` reads one beat and writes one, `stage` cycles
/// later.
inline Network chain(const std::vector<std::uint32_t>& stages, std::uint32_t depth, std::uint64_t beats) {
  Network n;
  for (std::uint32_t i = 0; i <= stages.size(); ++i)
    n.channels.push_back(fifo("c" + std::to_string(i), depth));
  for (std::uint32_t i = 0; i < stages.size(); ++i)
    n.actors.push_back({"a" + std::to_string(i), pipe(stages[i]), {ChannelId(i), ChannelId(i + 1)}});
  n.sources.push_back({"in", ChannelId(0), beats});
  n.sinks.push_back({"out", ChannelId(stages.size()), beats});
  return n;
}

/// The plain model: every cycle, every counter. It shares nothing with the engine but the network.
///
/// A FIFO is a queue of beats with the cycle they become visible, a counter of promised-or-filled places, and
/// the pops of this cycle (given back at its end). A kernel is its loop counters, a countdown to the next
/// issue and the list of its writes in flight.
struct Stepped {
  std::vector<std::vector<std::uint64_t>> pushes, pops;
  std::vector<std::uint32_t> peak;
};

inline Stepped step(const Network& n, const Stimulus& stimulus, std::uint64_t cycles) {
  struct Fifo {
    std::deque<std::uint64_t> visibleAt;
    std::uint32_t taken = 0, poppedNow = 0;
  };
  struct Flight {
    std::uint64_t due;
    std::size_t channel;
  };
  std::vector<Fifo> fifos(n.channels.size());
  Stepped out;
  out.pushes.resize(n.channels.size());
  out.pops.resize(n.channels.size());
  out.peak.resize(n.channels.size());
  for (std::size_t c = 0; c < fifos.size(); ++c)
    for (std::uint32_t k = 0; k < n.channels[c].initial; ++k) {
      fifos[c].visibleAt.push_back(0);
      out.peak[c] = ++fifos[c].taken;
    }
  std::vector<std::uint64_t> iteration(n.actors.size(), 0), wait(n.actors.size(), 0),
      given(n.sources.size(), 0);
  std::vector<Flight> flights;
  for (std::uint64_t t = 0; t < cycles; ++t) {
    const auto visible = [&](ChannelId c) {
      const auto& q = fifos[c.index].visibleAt;
      return !q.empty() && q.front() <= t;
    };
    const auto credit = [&](ChannelId c) { return fifos[c.index].taken < n.channels[c.index].depth; };
    // All decisions are taken on the registers as they stand at the beginning of the cycle.
    std::vector<std::size_t> popNow;
    std::vector<Flight> promiseNow;
    for (std::size_t a = 0; a < n.actors.size(); ++a) {
      const Actor& actor = n.actors[a];
      if (wait[a] > 0) {
        --wait[a];
        continue;
      }
      std::vector<std::size_t> reads;
      std::vector<Flight> writes;
      bool go = true;
      for (std::uint32_t p = 0; p < actor.ports.size(); ++p) {
        if (!accesses(actor.schedule, p, iteration[a])) continue;
        const Access& any = *std::find_if(actor.schedule.accesses.begin(), actor.schedule.accesses.end(),
                                          [&](const Access& x) { return x.port == p; });
        if (any.direction == Direction::read) {
          go = go && visible(actor.ports[p]);
          reads.push_back(actor.ports[p].index);
        } else {
          go = go && credit(actor.ports[p]);
          writes.push_back({t + any.stage, actor.ports[p].index});
        }
      }
      if (!go) continue;
      popNow.insert(popNow.end(), reads.begin(), reads.end());
      promiseNow.insert(promiseNow.end(), writes.begin(), writes.end());
      iteration[a] = (iteration[a] + 1) % iterations(actor.schedule);
      wait[a] = actor.schedule.interval - 1;
    }
    for (std::size_t s = 0; s < n.sources.size(); ++s)
      if (given[s] < stimulus.frames * n.sources[s].beatsPerFrame && stimulus.sources.open(s, t) &&
          credit(n.sources[s].channel)) {
        ++given[s];
        promiseNow.push_back({t, n.sources[s].channel.index});
      }
    for (std::size_t s = 0; s < n.sinks.size(); ++s)
      if (stimulus.sinks.open(s, t) && visible(n.sinks[s].channel))
        popNow.push_back(n.sinks[s].channel.index);
    for (const Link& link : n.links)
      if (visible(link.from) && credit(link.to)) {
        popNow.push_back(link.from.index);
        promiseNow.push_back({t + link.latency, link.to.index});
      }
    // The clock edge.
    for (const Flight& f : promiseNow) {
      out.peak[f.channel] = std::max(out.peak[f.channel], ++fifos[f.channel].taken);
      flights.push_back(f);
    }
    for (const std::size_t c : popNow) {
      fifos[c].visibleAt.pop_front();
      out.pops[c].push_back(t);
      --fifos[c].taken;
    }
    for (std::size_t i = 0; i < flights.size();) {
      if (flights[i].due != t) {
        ++i;
        continue;
      }
      out.pushes[flights[i].channel].push_back(t);
      fifos[flights[i].channel].visibleAt.push_back(t + n.channels[flights[i].channel].delay);
      flights.erase(flights.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return out;
}

/// A random loop nest whose ports are `reads` reads followed by `writes` writes; every port moves a beat.
inline Schedule randomSchedule(Rng& rng, std::uint32_t reads, std::uint32_t writes) {
  for (;;) {
    Schedule s;
    const auto loops = static_cast<std::uint32_t>(rng.uniform(0, 3));
    for (std::uint32_t l = 0; l < loops; ++l)
      s.loops.push_back({static_cast<std::uint32_t>(rng.uniform(1, 4))});
    s.interval = static_cast<std::uint32_t>(rng.chance(0.6) ? 1 : rng.uniform(1, 3));
    s.depth = static_cast<std::uint32_t>(rng.uniform(0, 7));
    for (std::uint32_t p = 0; p < reads + writes; ++p) {
      const bool write = p >= reads;
      const auto stage = static_cast<std::uint32_t>(write ? rng.uniform(0, s.depth) : 0);
      const auto sets = rng.chance(0.2) ? 2 : 1;
      for (int k = 0; k < sets; ++k) {
        Access a{p, write ? Direction::write : Direction::read, stage, {}};
        for (std::uint32_t l = 0; l < loops; ++l)
          if (rng.chance(0.4))
            a.when.push_back({l, static_cast<Relation>(rng.uniform(0, 2)),
                              static_cast<std::uint32_t>(rng.uniform(0, s.loops[l].extent))});
        s.accesses.push_back(a);
      }
    }
    bool all = true;
    for (std::uint32_t p = 0; p < reads + writes; ++p) all = all && beatsPerPass(s, p) > 0;
    if (all) return s;
  }
}

/// A random network with forks, joins, links, initial beats and cycles back. Not balanced: it may well
/// deadlock.
inline Network randomNetwork(std::uint64_t seed) {
  Rng rng(seed, 77);
  Network n;
  std::vector<std::uint32_t> open;  // channels with a writer and no reader yet
  const auto channel = [&] {
    Channel c = fifo("c" + std::to_string(n.channels.size()), static_cast<std::uint32_t>(rng.uniform(1, 9)));
    c.delay = rng.chance(0.8) ? 1 : 2;
    if (rng.chance(0.2)) c.initial = static_cast<std::uint32_t>(rng.uniform(0, c.depth));
    n.channels.push_back(c);
    return static_cast<std::uint32_t>(n.channels.size() - 1);
  };
  const auto take = [&] {
    const auto at = static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(open.size()) - 1));
    const std::uint32_t c = open[at];
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
    return c;
  };
  const auto sources = rng.uniform(1, 2);
  for (std::int64_t s = 0; s < sources; ++s) {
    open.push_back(channel());
    n.sources.push_back(
        {"in" + std::to_string(s), ChannelId(open.back()), static_cast<std::uint64_t>(rng.uniform(1, 12))});
  }
  const auto actors = rng.uniform(1, 6);
  for (std::int64_t a = 0; a < actors; ++a) {
    if (rng.chance(0.2)) {
      const std::uint32_t from = take();
      open.push_back(channel());
      n.links.push_back({"l" + std::to_string(a), ChannelId(from), ChannelId(open.back()),
                         static_cast<std::uint32_t>(rng.uniform(0, 3))});
      continue;
    }
    const auto reads = static_cast<std::uint32_t>(
        rng.uniform(1, std::min<std::int64_t>(3, static_cast<std::int64_t>(open.size()))));
    const auto writes = static_cast<std::uint32_t>(rng.uniform(1, 3));
    Actor actor{"a" + std::to_string(a), randomSchedule(rng, reads, writes), {}};
    for (std::uint32_t p = 0; p < reads; ++p) actor.ports.push_back(ChannelId(take()));
    for (std::uint32_t p = 0; p < writes; ++p) {
      open.push_back(channel());
      actor.ports.push_back(ChannelId(open.back()));
    }
    n.actors.push_back(actor);
  }
  // Sometimes a channel runs back: a new read port of an earlier actor takes an open channel that holds
  // beats.
  if (rng.chance(0.4) && !n.actors.empty() && open.size() > 1) {
    const auto a = static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(n.actors.size()) - 1));
    const std::uint32_t c = take();
    n.channels[c].initial = static_cast<std::uint32_t>(rng.uniform(1, n.channels[c].depth));
    const auto port = static_cast<std::uint32_t>(n.actors[a].ports.size());
    n.actors[a].ports.push_back(ChannelId(c));
    n.actors[a].schedule.accesses.push_back({port, Direction::read, 0, {}});
  }
  for (const std::uint32_t c : open)
    n.sinks.push_back(
        {"out" + std::to_string(c), ChannelId(c), static_cast<std::uint64_t>(rng.uniform(1, 6))});
  return n;
}

/// A random balanced network: every channel gets and gives the same number of beats in a frame. Forks, joins,
/// links, changes of rate, passes that do not fit a frame, sometimes a stream of tokens back. May deadlock
/// for want of depth.
inline Network balancedNetwork(std::uint64_t seed, std::uint32_t mostActors = 5,
                               std::uint32_t mostDepth = 8) {
  Rng rng(seed, 78);
  const auto pick = [&](std::uint32_t lo, std::uint32_t hi) {
    return static_cast<std::uint32_t>(rng.uniform(lo, hi));
  };
  struct Open {
    std::uint32_t channel;
    std::uint32_t beats;  // in two frames
  };
  Network n;
  std::vector<Open> open;
  const auto channel = [&] {
    n.channels.push_back(fifo("c" + std::to_string(n.channels.size()), pick(1, mostDepth)));
    return static_cast<std::uint32_t>(n.channels.size() - 1);
  };
  const auto take = [&] {
    const std::uint32_t at = pick(0, static_cast<std::uint32_t>(open.size()) - 1);
    const Open c = open[at];
    open.erase(open.begin() + at);
    return c;
  };
  const std::uint32_t beats = pick(1, 3) * pick(1, 4);
  open.push_back({channel(), 2 * beats});
  n.sources.push_back({"in", ChannelId(0), beats});
  std::vector<std::uint32_t> passes;  // in two frames, per actor
  const std::uint32_t actors = pick(1, mostActors);
  for (std::uint32_t a = 0; a < actors; ++a) {
    if (rng.chance(0.15)) {
      const Open from = take();
      open.push_back({channel(), from.beats});
      n.links.push_back({"l", ChannelId(from.channel), ChannelId(open.back().channel), pick(0, 3)});
    }
    std::vector<Open> in;
    std::uint32_t common = 0;
    for (std::uint32_t p = pick(1, std::min(3u, static_cast<std::uint32_t>(open.size()))); p > 0; --p) {
      in.push_back(take());
      common = std::gcd(common, in.back().beats);
    }
    std::uint32_t rate = common;
    do rate = pick(1, common);
    while (common % rate != 0 || (rate % 2 != 0 && rng.chance(0.8)));
    std::vector<std::uint32_t> moves;
    for (const Open& c : in) moves.push_back(c.beats / rate);
    const std::uint32_t outs = pick(1, 2);
    for (std::uint32_t p = 0; p < outs; ++p) moves.push_back(pick(1, 3) * (rate % 2 + 1));
    const std::uint32_t middle = *std::max_element(moves.begin(), moves.end());
    Actor actor{"a" + std::to_string(a), {}, {}};
    Schedule& s = actor.schedule;
    s.loops = {{pick(1, 3)}, {middle}, {pick(1, 3)}};
    s.interval = pick(1, 3);
    s.depth = pick(0, 6);
    for (std::uint32_t p = 0; p < moves.size(); ++p) {
      const bool write = p >= in.size();
      Access access{p, write ? Direction::write : Direction::read, write ? pick(0, s.depth) : 0, {}};
      access.when = {{0, Relation::equal, pick(0, s.loops[0].extent - 1)},
                     {2, Relation::equal, pick(0, s.loops[2].extent - 1)}};
      if (rng.chance(0.5))
        access.when.push_back({1, Relation::less, moves[p]});
      else
        access.when.push_back({1, Relation::greaterEqual, middle - moves[p]});
      s.accesses.push_back(access);
      if (write) open.push_back({channel(), rate * moves[p]});
      actor.ports.push_back(ChannelId(write ? open.back().channel : in[p].channel));
    }
    n.actors.push_back(actor);
    passes.push_back(rate);
  }
  if (rng.chance(0.3) && n.actors.size() > 1) {  // tokens back: one a pass, or as many as balance
    const std::uint32_t to = pick(0, static_cast<std::uint32_t>(n.actors.size()) - 1);
    const std::uint32_t from = pick(to, static_cast<std::uint32_t>(n.actors.size()) - 1);
    if (passes[to] == passes[from]) {
      const ChannelId c(channel());
      n.channels[c.index].depth += 2;
      n.channels[c.index].initial = pick(1, n.channels[c.index].depth);
      for (const bool write : {true, false}) {
        Actor& actor = n.actors[write ? from : to];
        Access access{static_cast<std::uint32_t>(actor.ports.size()),
                      write ? Direction::write : Direction::read,
                      write ? pick(0, actor.schedule.depth) : 0,
                      {}};
        for (std::uint32_t l = 0; l < 3; ++l) access.when.push_back({l, Relation::equal, 0});
        actor.schedule.accesses.push_back(access);
        actor.ports.push_back(c);
      }
    }
  }
  for (const Open& c : open) {
    if (c.beats % 2 != 0) return balancedNetwork(mix64(seed + 1), mostActors, mostDepth);
    n.sinks.push_back({"out" + std::to_string(c.channel), ChannelId(c.channel), c.beats / 2});
  }
  return n;
}

}  // namespace sluice::dataflow::testing
