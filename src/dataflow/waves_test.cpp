#include "dataflow/waves.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

/// Values of a dump by time, of one signal.
std::vector<std::pair<std::uint64_t, std::uint64_t>> values(const std::string& text,
                                                            const std::string& name) {
  std::istringstream lines(text);
  std::string line, code;
  std::uint64_t time = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::vector<std::string> word;
    for (std::string one; words >> one;) word.push_back(one);
    if (word.size() == 6 && word[0] == "$var" && word[4] == name) code = word[3];
    if (word.empty() || line[0] == '$') continue;
    if (line[0] == '#') time = std::stoull(line.substr(1));
    if (word.size() == 2 && word[1] == code)
      all.emplace_back(time, std::stoull(word[0].substr(1), nullptr, 2));
    if (word.size() == 1 && line.substr(1) == code && line[0] != '#')
      all.emplace_back(time, line[0] == '1' ? 1 : 0);
  }
  return all;
}

TEST(Waves, ADumpCountsTheBeatsBetweenPushAndPop) {
  Network network = testing::chain({1, 1}, 4, 10);
  network.actors[1].schedule.interval = 3;
  const auto outcome = simulate(network, {.frames = 2});
  ASSERT_TRUE(outcome.ok());
  const Trace& trace = outcome->trace;
  const std::string text = vcd(network, "a net", trace);
  EXPECT_NE(text.find("$scope module a_net $end"), std::string::npos);
  for (std::size_t c = 0; c < network.channels.size(); ++c) {
    const auto steps = values(text, network.channels[c].name);
    ASSERT_FALSE(steps.empty());
    std::size_t at = 0;
    for (std::uint64_t cycle = 0; cycle <= trace.end + 2; ++cycle) {
      while (at + 1 < steps.size() && steps[at + 1].first <= cycle) ++at;
      std::uint64_t places = network.channels[c].initial;
      for (const std::uint64_t push : trace.pushes[c]) places += push <= cycle ? 1 : 0;
      for (const std::uint64_t pop : trace.pops[c]) places -= pop < cycle ? 1 : 0;
      ASSERT_EQ(steps[at].second, places) << network.channels[c].name << " in cycle " << cycle;
    }
  }
  const auto frames = values(text, network.sinks[0].name);
  ASSERT_EQ(frames.size(), 5u);  // low, and twice high for a cycle
  EXPECT_EQ(frames[1].first, trace.outputs[0][0]);
  EXPECT_EQ(frames[3].first, trace.outputs[0][1]);
}

TEST(Waves, TheProfileSaysWhoKeepsWhomWaiting) {
  Network network = testing::chain({1, 1, 1}, 4, 10);
  network.actors[1].schedule.interval = 3;
  const auto found = profile(network);
  ASSERT_TRUE(found.ok());
  const auto json = nlohmann::json::parse(profileJson(network, *found));
  EXPECT_EQ(json["cycles"], 30);
  EXPECT_TRUE(json["steady"]);
  EXPECT_EQ(json["fifos"].size(), network.channels.size());
  EXPECT_EQ(json["fifos"][1]["peak"], 4);
  const auto& first = json["processes"][0];
  EXPECT_EQ(first["kind"], "kernel");
  ASSERT_EQ(first["waits"].size(), 1u);
  EXPECT_EQ(first["waits"][0]["reason"], "full");
  EXPECT_EQ(first["waits"][0]["for"], network.actors[1].name);
  EXPECT_EQ(first["waits"][0]["cycles"], 20);
  const auto& last = json["processes"][2];
  ASSERT_EQ(last["waits"].size(), 1u);
  EXPECT_EQ(last["waits"][0]["reason"], "empty");
  EXPECT_EQ(last["waits"][0]["for"], network.actors[1].name);
}

}  // namespace
}  // namespace sluice::dataflow
