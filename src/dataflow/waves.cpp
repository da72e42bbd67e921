#include "dataflow/waves.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace sluice::dataflow {

namespace {

using Json = nlohmann::ordered_json;

/// Places filled after each cycle in which that changes.
void filled(std::size_t signal, std::uint64_t initial, const std::vector<std::uint64_t>& pushes,
            const std::vector<std::uint64_t>& pops, std::vector<WaveChange>& changes) {
  std::uint64_t places = initial;
  changes.push_back({0, signal, places});
  for (std::size_t push = 0, pop = 0; push < pushes.size() || pop < pops.size();) {
    const std::uint64_t none = ~std::uint64_t{0};
    const std::uint64_t in = push < pushes.size() ? pushes[push] : none;
    const std::uint64_t out = pop < pops.size() ? pops[pop] + 1 : none;
    const std::uint64_t cycle = std::min(in, out);
    for (; push < pushes.size() && pushes[push] == cycle; ++push) ++places;
    for (; pop < pops.size() && pops[pop] + 1 == cycle; ++pop) --places;
    changes.push_back({cycle, signal, places});
  }
}

/// Names of who writes and who reads each channel.
struct Ends {
  std::vector<std::string> writer, reader;
};

Ends endsOf(const Network& network) {
  Ends ends;
  ends.writer.resize(network.channels.size());
  ends.reader.resize(network.channels.size());
  for (const Actor& actor : network.actors)
    for (const Access& access : actor.schedule.accesses)
      (access.direction == Direction::read ? ends.reader : ends.writer)[actor.ports[access.port].index] =
          actor.name;
  for (const Link& link : network.links) {
    ends.reader[link.from.index] = link.name;
    ends.writer[link.to.index] = link.name;
  }
  for (const Port& source : network.sources) ends.writer[source.channel.index] = source.name;
  for (const Port& sink : network.sinks) ends.reader[sink.channel.index] = sink.name;
  return ends;
}

Json processJson(const Network& network, const Ends& ends, const std::string& name, const char* kind,
                 const ActorProfile& profile) {
  std::vector<Waiting> waits;
  for (const Waiting& wait : profile.waits)
    if (wait.cycles > 0 && wait.channel.valid()) waits.push_back(wait);
  std::stable_sort(waits.begin(), waits.end(),
                   [](const Waiting& a, const Waiting& b) { return a.cycles > b.cycles; });
  Json list = Json::array();
  for (const Waiting& wait : waits) {
    const std::size_t channel = wait.channel.index;
    list.push_back({{"fifo", network.channels[channel].name},
                    {"reason", wait.forBeat ? "empty" : "full"},
                    {"for", (wait.forBeat ? ends.writer : ends.reader)[channel]},
                    {"cycles", wait.cycles}});
  }
  return {{"name", name},
          {"kind", kind},
          {"issues", profile.issues},
          {"utilisation", profile.utilisation},
          {"waits", std::move(list)}};
}

}  // namespace

Waveform waveform(const Network& network, const std::string& name, const Trace& trace) {
  const std::size_t channels = network.channels.size();
  Waveform wave{.top = name, .bits = {}, .signals = {}, .changes = {}};
  for (std::size_t c = 0; c < channels; ++c) {
    wave.bits.push_back(32);
    wave.signals.push_back({"fifos", network.channels[c].name, c});
    filled(c, network.channels[c].initial, trace.pushes[c], trace.pops[c], wave.changes);
  }
  for (std::size_t s = 0; s < network.sinks.size(); ++s) {
    wave.bits.push_back(1);
    wave.signals.push_back({"frames", network.sinks[s].name, channels + s});
    wave.changes.push_back({0, channels + s, 0});
    for (const std::uint64_t cycle : trace.outputs[s]) {
      wave.changes.push_back({cycle, channels + s, 1});
      wave.changes.push_back({cycle + 1, channels + s, 0});
    }
  }
  return wave;
}

std::string profileJson(const Network& network, const Profile& profile) {
  const Ends ends = endsOf(network);
  Json fifos = Json::array(), processes = Json::array();
  for (std::size_t c = 0; c < network.channels.size(); ++c) {
    const ChannelProfile& channel = profile.channels[c];
    Json curve = Json::array();
    for (const OccupancyStep& step : channel.curve) curve.push_back({step.cycle, step.places});
    fifos.push_back({{"name", network.channels[c].name},
                     {"depth", network.channels[c].depth},
                     {"peak", channel.peak},
                     {"mean", channel.mean},
                     {"occupancy", std::move(curve)}});
  }
  for (std::size_t a = 0; a < network.actors.size(); ++a)
    processes.push_back(processJson(network, ends, network.actors[a].name, "kernel", profile.actors[a]));
  for (std::size_t l = 0; l < network.links.size(); ++l)
    processes.push_back(processJson(network, ends, network.links[l].name, "link", profile.links[l]));
  for (std::size_t s = 0; s < network.sources.size(); ++s)
    processes.push_back(processJson(network, ends, network.sources[s].name, "source", profile.sources[s]));
  for (std::size_t s = 0; s < network.sinks.size(); ++s)
    processes.push_back(processJson(network, ends, network.sinks[s].name, "sink", profile.sinks[s]));
  const Json whole = {{"format", "sluice profile 1"},     {"start", profile.start},
                      {"cycles", profile.cycles},         {"frames", profile.frames},
                      {"steady", profile.steady},         {"fifos", std::move(fifos)},
                      {"processes", std::move(processes)}};
  return whole.dump(1, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice::dataflow
