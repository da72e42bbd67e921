#include "dataflow/network.h"

#include <numeric>
#include <optional>

#include "dataflow/runs.h"

/// The rules of a network, each with a smallest violating test in network_test.cpp:
///   1  every loop runs at least once and a pass has at most 2^40 iterations
///   2  the interval of an actor is 1 to 2^20 cycles, its depth at most 2^20
///   3  every access names a port of its actor, and every test a loop of it
///   4  reads are at stage 0, writes at a stage not above the depth
///   5  the accesses of one port agree in direction and stage
///   6  every port moves at least one beat in a pass; an actor has 1 to 64 ports
///   7  ports, sources, sinks and links name channels of the network
///   8  every channel has exactly one writer and exactly one reader
///   9  a channel has depth >= leastDepth >= 1, delay >= 1, initial <= depth
///  10  sources and sinks move at least one beat a frame, and there is a source or a sink
namespace sluice::dataflow {
namespace {

constexpr std::uint64_t mostIterations = std::uint64_t{1} << 40;
constexpr std::uint32_t mostCycles = 1u << 20;

std::string quoted(const std::string& name) { return "'" + name + "'"; }

struct Problems {
  std::string text;
  void add(const std::string& line) {
    if (!text.empty()) text += '\n';
    text += line;
  }
};

bool checkActor(const Actor& actor, std::size_t channels, Problems& problems) {
  const std::string who = "actor " + quoted(actor.name);
  const std::string before = problems.text;
  const Schedule& schedule = actor.schedule;
  std::uint64_t product = 1;
  for (const Loop& loop : schedule.loops) {
    if (loop.extent == 0) {
      problems.add(who + ": a loop has extent 0");
      return false;
    }
    product = product > mostIterations ? product : product * loop.extent;
  }
  if (product > mostIterations) problems.add(who + ": a pass has more than 2^40 iterations");
  if (schedule.interval == 0 || schedule.interval > mostCycles)
    problems.add(who + ": interval " + std::to_string(schedule.interval) + " is not in 1 .. 2^20");
  if (schedule.depth > mostCycles)
    problems.add(who + ": depth " + std::to_string(schedule.depth) + " is above 2^20");
  if (actor.ports.empty() || actor.ports.size() > 64)
    problems.add(who + ": " + std::to_string(actor.ports.size()) + " ports; 1 to 64 are possible");
  std::vector<const Access*> first(actor.ports.size(), nullptr);
  bool namesAreLegal = true;
  for (const Access& access : schedule.accesses) {
    const std::string port = who + ", port " + std::to_string(access.port);
    for (const When& when : access.when)
      if (when.loop >= schedule.loops.size()) {
        problems.add(port + ": a test names loop " + std::to_string(when.loop) + " of " +
                     std::to_string(schedule.loops.size()));
        namesAreLegal = false;
      }
    if (access.port >= actor.ports.size()) {
      problems.add(port + ": the actor has " + std::to_string(actor.ports.size()) + " ports");
      namesAreLegal = false;
      continue;
    }
    if (access.direction == Direction::read && access.stage != 0)
      problems.add(port + ": reads at stage " + std::to_string(access.stage) +
                   "; reads pop at issue, stage 0");
    if (access.direction == Direction::write && access.stage > schedule.depth)
      problems.add(port + ": writes at stage " + std::to_string(access.stage) + ", the depth is " +
                   std::to_string(schedule.depth));
    const Access*& known = first[access.port];
    if (known == nullptr) known = &access;
    if (known->direction != access.direction)
      problems.add(port + ": is both read and written");
    else if (known->stage != access.stage)
      problems.add(port + ": accesses at stages " + std::to_string(known->stage) + " and " +
                   std::to_string(access.stage));
  }
  for (std::size_t p = 0; p < actor.ports.size(); ++p) {
    const std::string port = who + ", port " + std::to_string(p);
    if (!actor.ports[p].valid() || actor.ports[p].index >= channels)
      problems.add(port + ": joined to no channel of the network");
    if (first[p] == nullptr)
      problems.add(port + ": has no access");
    else if (namesAreLegal && actor.ports.size() <= 64 && product <= mostIterations &&
             beatsPerPass(schedule, static_cast<std::uint32_t>(p)) == 0)
      problems.add(port + ": moves no beat in a pass");
  }
  return problems.text == before;
}

/// Who stands at the two ends of every channel.
struct Ends {
  std::vector<std::vector<std::string>> writers, readers;
};

void checkEnds(const Network& network, Ends& ends, Problems& problems) {
  const auto note = [&](ChannelId channel, bool writes, const std::string& who) {
    if (channel.valid() && channel.index < network.channels.size())
      (writes ? ends.writers : ends.readers)[channel.index].push_back(who);
    else
      problems.add(who + ": joined to no channel of the network");
  };
  ends.writers.resize(network.channels.size());
  ends.readers.resize(network.channels.size());
  for (const Actor& actor : network.actors) {
    std::vector<bool> seen(actor.ports.size(), false);
    for (const Access& access : actor.schedule.accesses) {
      if (access.port >= actor.ports.size() || seen[access.port]) continue;
      seen[access.port] = true;
      if (actor.ports[access.port].valid() && actor.ports[access.port].index < network.channels.size())
        note(actor.ports[access.port], access.direction == Direction::write, "actor " + quoted(actor.name));
    }
  }
  for (const Port& port : network.sources) note(port.channel, true, "source " + quoted(port.name));
  for (const Port& port : network.sinks) note(port.channel, false, "sink " + quoted(port.name));
  for (const Link& link : network.links) {
    note(link.from, false, "link " + quoted(link.name));
    note(link.to, true, "link " + quoted(link.name));
  }
}

}  // namespace

Status check(const Network& network) {
  Problems problems;
  for (const Actor& actor : network.actors) checkActor(actor, network.channels.size(), problems);
  Ends ends;
  checkEnds(network, ends, problems);
  for (std::size_t c = 0; c < network.channels.size(); ++c) {
    const Channel& channel = network.channels[c];
    const std::string who = "channel " + quoted(channel.name);
    const auto one = [&](const std::vector<std::string>& list, const char* what) {
      if (list.size() == 1) return;
      std::string text = who + " has " + std::to_string(list.size()) + " " + what + (list.empty() ? "" : ":");
      for (std::size_t i = 0; i < list.size(); ++i) text += (i == 0 ? " " : ", ") + list[i];
      problems.add(text);
    };
    one(ends.writers[c], "writers");
    one(ends.readers[c], "readers");
    if (channel.leastDepth == 0 || channel.depth < channel.leastDepth)
      problems.add(who + ": depth " + std::to_string(channel.depth) + ", least depth " +
                   std::to_string(channel.leastDepth) + "; depth >= least depth >= 1 is needed");
    if (channel.delay == 0 || channel.delay > mostCycles)
      problems.add(who + ": delay " + std::to_string(channel.delay) + " is not in 1 .. 2^20");
    if (channel.initial > channel.depth)
      problems.add(who + ": " + std::to_string(channel.initial) + " initial beats in " +
                   std::to_string(channel.depth) + " places");
  }
  for (const auto* ports : {&network.sources, &network.sinks})
    for (const Port& port : *ports)
      if (port.beatsPerFrame == 0) problems.add("port " + quoted(port.name) + ": moves no beat in a frame");
  for (const Link& link : network.links)
    if (link.latency > mostCycles)
      problems.add("link " + quoted(link.name) + ": latency " + std::to_string(link.latency) +
                   " is above 2^20");
  if (network.sources.empty() && network.sinks.empty()) problems.add("the network has no source and no sink");
  if (!problems.text.empty()) return badInput(problems.text);
  return {};
}

// Balance. Every actor does some rational number of passes per frame, every link some number of beats; a
// source or sink fixes the number for its channel, and a channel carries it from one end to the other. The
// equations are solved by walking from the ports; each equation not used for solving is checked.
namespace {

struct Ratio {  // positive, in lowest terms
  std::uint64_t top = 1, bottom = 1;
  bool operator==(const Ratio&) const = default;
  [[nodiscard]] std::string text() const {
    return std::to_string(top) + (bottom == 1 ? "" : "/" + std::to_string(bottom));
  }
};

__extension__ typedef unsigned __int128 Unsigned;

std::uint64_t saturated(Unsigned x) {
  return x > ~std::uint64_t{0} ? ~std::uint64_t{0} : static_cast<std::uint64_t>(x);
}

Ratio ratio(Unsigned top, Unsigned bottom) {
  Unsigned a = top, b = bottom;
  while (b != 0) {
    const auto rest = a % b;
    a = b;
    b = rest;
  }
  return {saturated(top / a), saturated(bottom / a)};
}
Ratio times(Ratio x, std::uint64_t n) { return ratio(static_cast<Unsigned>(x.top) * n, x.bottom); }
Ratio over(Ratio x, std::uint64_t n) { return ratio(x.top, static_cast<Unsigned>(x.bottom) * n); }

}  // namespace

Result<Balance> balance(const Network& network) {
  // Nodes: actors, then links, then sources, then sinks. An edge is one end of a channel with its beats per
  // firing.
  struct End {
    std::size_t node;
    std::uint64_t beats;
  };
  const std::size_t links = network.actors.size(), sources = links + network.links.size(),
                    sinks = sources + network.sources.size(), nodes = sinks + network.sinks.size();
  std::vector<End> writer(network.channels.size()), reader(network.channels.size());
  std::vector<std::vector<std::size_t>> channelsOf(nodes);
  const auto join = [&](std::vector<End>& side, ChannelId c, std::size_t node, std::uint64_t beats) {
    side[c.index] = {node, beats};
    channelsOf[node].push_back(c.index);
  };
  for (std::size_t a = 0; a < network.actors.size(); ++a) {
    const Actor& actor = network.actors[a];
    const RunTree tree(actor.schedule);
    std::vector<bool> seen(actor.ports.size(), false);
    for (const Access& access : actor.schedule.accesses) {
      if (seen[access.port]) continue;
      seen[access.port] = true;
      join(access.direction == Direction::write ? writer : reader, actor.ports[access.port], a,
           tree.beats(access.port));
    }
  }
  for (std::size_t l = 0; l < network.links.size(); ++l) {
    join(reader, network.links[l].from, links + l, 1);
    join(writer, network.links[l].to, links + l, 1);
  }
  std::vector<std::optional<Ratio>> rate(nodes);
  std::vector<std::size_t> open;
  const auto port = [&](std::vector<End>& side, const Port& p, std::size_t node) {
    join(side, p.channel, node, 1);
    rate[node] = Ratio{p.beatsPerFrame, 1};
    open.push_back(node);
  };
  for (std::size_t s = 0; s < network.sources.size(); ++s) port(writer, network.sources[s], sources + s);
  for (std::size_t s = 0; s < network.sinks.size(); ++s) port(reader, network.sinks[s], sinks + s);

  constexpr std::uint64_t sane = std::uint64_t{1} << 60;
  while (!open.empty()) {
    const std::size_t node = open.back();
    open.pop_back();
    for (const std::size_t c : channelsOf[node])
      for (const auto& [here, there] : {std::pair{writer[c], reader[c]}, std::pair{reader[c], writer[c]}}) {
        if (here.node != node || rate[there.node].has_value()) continue;
        const Ratio found = over(times(*rate[node], here.beats), there.beats);
        if (found.top > sane || found.bottom > sane)
          return badInput("the rates of the network are too large");
        rate[there.node] = found;
        open.push_back(there.node);
      }
  }
  std::string problems;
  const auto problem = [&](const std::string& line) { problems += (problems.empty() ? "" : "\n") + line; };
  for (std::size_t a = 0; a < network.actors.size(); ++a)
    if (!rate[a].has_value())
      problem("actor " + quoted(network.actors[a].name) +
              ": no source or sink says how often it runs in a frame");
  for (std::size_t c = 0; c < network.channels.size(); ++c) {
    if (!rate[writer[c].node].has_value() || !rate[reader[c].node].has_value()) continue;
    const Ratio in = times(*rate[writer[c].node], writer[c].beats);
    const Ratio out = times(*rate[reader[c].node], reader[c].beats);
    if (in != out)
      problem("channel " + quoted(network.channels[c].name) + " gets " + in.text() +
              " beats a frame and gives " + out.text());
  }
  if (!problems.empty()) return badInput(problems);

  Balance result;
  for (std::size_t n = 0; n < sources; ++n) {
    if (!rate[n].has_value()) continue;
    const std::uint64_t bottom = rate[n]->bottom / std::gcd(rate[n]->bottom, result.frames);
    if (bottom > (std::uint64_t{1} << 20) / result.frames)
      return badInput("actors do whole passes only every 2^20 frames or more");
    result.frames *= bottom;
  }
  for (std::size_t n = 0; n < sources; ++n) {
    const Ratio total =
        rate[n].has_value() ? times(*rate[n], result.frames) : Ratio{0, 1};  // whole: see frames
    (n < links ? result.passes : result.linkBeats).push_back(total.top);
  }
  return result;
}

}  // namespace sluice::dataflow
