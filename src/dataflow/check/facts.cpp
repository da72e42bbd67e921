#include "dataflow/check/facts.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace sluice::dataflow::check {

namespace {

using nlohmann::json;

std::int64_t whole(const json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >> 60 != 0)
    throw std::runtime_error("a number is not a whole number in range: " + value.dump());
  return value.get<std::int64_t>();
}

std::size_t indexOf(const std::map<std::string, std::size_t>& names, const std::string& name) {
  const auto found = names.find(name);
  if (found == names.end()) throw std::runtime_error("'" + name + "' is not known");
  return found->second;
}

std::int64_t blocks(std::int64_t depth, std::int64_t width) {
  const std::pair<std::int64_t, std::int64_t> shapes[] = {
      {1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}};
  std::int64_t count = 0;
  for (const auto& [places, bits] : shapes) {
    count += (width / bits) * ((depth + places - 1) / places);
    width %= bits;
    if (depth <= places) {
      if (width > 0) ++count;
      break;
    }
  }
  return count;
}

std::int64_t counters(std::int64_t depth) {
  std::int64_t bits = 0;
  while ((std::int64_t{1} << bits) < depth) ++bits;
  return 2 * bits + 6;
}
std::int64_t shiftRegister(std::int64_t depth, std::int64_t width) {
  return counters(depth) + (depth <= 17 ? (width + 1) / 2 : width * ((depth - 1 + 31) / 32));
}
std::int64_t lookUpTables(std::int64_t depth, std::int64_t width, std::int64_t deepest) {
  if (depth <= deepest) return shiftRegister(depth, width);
  const std::int64_t block = 323 * blocks(depth, width), banks = (depth + 63) / 64;
  const std::int64_t luts = 8 * banks * ((width + 6) / 7) + (banks > 1 ? width * ((banks + 3) / 4) : 0);
  const std::int64_t memory = depth * width <= 4096 ? std::min(block, luts) : block;
  return std::max(shiftRegister(deepest, width), counters(depth) + memory);
}

}  // namespace

Facts readFacts(std::string_view text) {
  const json file = json::parse(text);
  if (file.at("format") != "dataflow-json/1" || file.at("kind") != "process-network")
    throw std::runtime_error("is no process network of format dataflow-json/1");
  Facts facts;
  facts.name = file.at("name").get<std::string>();
  const json& timing = file.at("timing");
  facts.srlDelay = whole(timing.at("write_to_read_srl"));
  facts.ramDelay = whole(timing.at("write_to_read_ram"));
  facts.freeDelay = whole(timing.at("read_to_write"));
  facts.srlDepth = whole(timing.at("srl_max_depth"));
  facts.srlBits = whole(timing.at("srl_max_bits"));

  std::map<std::string, std::size_t> processes, groups;
  for (const json& process : file.at("processes"))
    processes.emplace(process.at("name").get<std::string>(), processes.size());
  // Which accesses a FIFO occurs in: FIFOs with the same list, group and width are one stream.
  std::map<std::size_t, std::vector<std::size_t>> uses;
  std::size_t number = 0;
  for (const json& process : file.at("processes"))
    for (const json& phase : process.at("phases"))
      for (const json& access : phase.at("accesses")) {
        for (const json& fifo : access.at("fifos"))
          uses[static_cast<std::size_t>(whole(fifo))].push_back(number);
        ++number;
      }
  std::map<std::tuple<std::size_t, std::int64_t, std::vector<std::size_t>>, std::size_t> known;
  std::vector<std::size_t> streamOf;
  for (const json& fifo : file.at("fifos")) {
    const auto [group, isNew] = groups.emplace(fifo.at("group").get<std::string>(), groups.size());
    if (isNew) {
      facts.groups.push_back(group->first);
      facts.given.push_back(1);
      facts.most.push_back(2);
    }
    const std::int64_t width = whole(fifo.at("width_bits")), tokens = whole(fifo.at("tokens"));
    facts.given[group->second] = std::max(facts.given[group->second], whole(fifo.at("depth")));
    facts.most[group->second] = std::max(facts.most[group->second], tokens);
    const auto [stream, first] =
        known.emplace(std::tuple{group->second, width, uses[streamOf.size()]}, facts.streams.size());
    if (first)
      facts.streams.push_back({.group = group->second,
                               .width = width,
                               .tokens = tokens,
                               .fifos = 0,
                               .reader = indexOf(processes, fifo.at("dst").get<std::string>()),
                               .writer = indexOf(processes, fifo.at("src").get<std::string>())});
    ++facts.streams[stream->second].fifos;
    streamOf.push_back(stream->second);
  }
  for (const json& process : file.at("processes")) {
    Process p{.name = process.at("name").get<std::string>(),
              .latency = whole(process.at("latency")),
              .after = {},
              .accesses = {}};
    for (const json& after : process.at("after"))
      p.after.emplace_back(indexOf(processes, after.at("process").get<std::string>()),
                           whole(after.at("delay")));
    for (const json& phase : process.at("phases")) {
      const std::int64_t start = whole(phase.at("start")), ii = whole(phase.at("ii"));
      for (const json& access : phase.at("accesses")) {
        Access a{.read = access.at("op") == "read", .streams = {}, .at = {}};
        for (const json& fifo : access.at("fifos"))
          a.streams.push_back(streamOf.at(static_cast<std::size_t>(whole(fifo))));
        std::sort(a.streams.begin(), a.streams.end());
        a.streams.erase(std::unique(a.streams.begin(), a.streams.end()), a.streams.end());
        for (const json& box : access.at("at")) {
          Access::Times times{.first = start + whole(access.at("stage")) + ii * whole(box.at("first")),
                              .dims = {}};
          for (const json& dim : box.at("dims"))
            times.dims.emplace_back(whole(dim.at(0)), ii * whole(dim.at(1)));
          a.at.push_back(std::move(times));
        }
        p.accesses.push_back(std::move(a));
      }
    }
    facts.processes.push_back(std::move(p));
  }
  return facts;
}

std::int64_t srlLimit(const Facts& facts, const Stream& stream) {
  return std::max(facts.srlDepth, facts.srlBits / stream.width);
}

std::int64_t groupCost(const Facts& facts, const std::string& kind, std::size_t group, std::int64_t depth) {
  std::int64_t sum = 0;
  for (const Stream& stream : facts.streams) {
    if (stream.group != group) continue;
    const bool small = depth <= srlLimit(facts, stream);
    std::int64_t one = 0;
    if (kind == "beats")
      one = depth;
    else if (kind == "bits")
      one = depth * stream.width;
    else if (kind == "bram18")
      one = small ? 0 : blocks(depth, stream.width);
    else if (kind == "luts")
      one = lookUpTables(depth, stream.width, srlLimit(facts, stream));
    else
      throw std::runtime_error("'" + kind + "' is no cost kind");
    sum += one * stream.fifos;
  }
  return sum;
}

}  // namespace sluice::dataflow::check
