#include "dataflow/waves.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "dataflow/fst.h"
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
  const std::string text = vcdText(waveform(network, "a net", trace));
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

/// What GTKWave's own reader makes of a file; nothing where that is not installed.
std::optional<std::string> throughGtkwave(const std::string& bytes) {
  const auto folder = std::filesystem::temp_directory_path() / ("sluice-fst-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const auto in = folder / "w.fst", out = folder / "w.vcd";
  std::optional<std::string> text;
  if (writeFile(in, bytes).ok() &&
      std::system(("fst2vcd -f " + in.string() + " -o " + out.string() + " >/dev/null 2>&1").c_str()) == 0)
    if (auto read = readFile(out); read.ok()) text = *read;
  std::filesystem::remove_all(folder);
  return text;
}

/// Changes per name, with the identifiers that the writer chose.
std::map<std::string, std::vector<std::pair<std::uint64_t, std::uint64_t>>> allValues(
    const std::string& text) {
  std::map<std::string, std::vector<std::pair<std::uint64_t, std::uint64_t>>> all;
  std::istringstream words(text);
  std::map<std::string, std::vector<std::string>> names;
  std::uint64_t time = 0;
  std::string word;
  const auto saw = [&](const std::string& code, const std::string& digits) {
    if (digits.find_first_of("xz") != std::string::npos) return;
    for (const std::string& name : names[code]) {
      auto& list = all[name];
      const std::uint64_t value = std::stoull(digits, nullptr, 2);
      if (list.empty() || list.back().second != value) list.emplace_back(time, value);
    }
  };
  while (words >> word) {
    if (word == "$var") {
      std::string kind, bits, code, name;
      words >> kind >> bits >> code >> name;
      names[code].push_back(name);
    }
    if (word[0] == '$') {
      while (word != "$end" && word != "$dumpvars" && words >> word) {
      }
    } else if (word[0] == '#') {
      time = std::stoull(word.substr(1));
    } else if (word[0] == 'b') {
      std::string code;
      words >> code;
      saw(code, word.substr(1));
    } else {
      saw(word.substr(1), word.substr(0, 1));
    }
  }
  return all;
}

TEST(Waves, GtkwaveReadsTheSameOutOfFstAsOutOfADump) {
  std::vector<Waveform> waves;
  // All corners of the format: names that share a value, values of 1, 2, 31 and 64 bits, long pauses, chains that are
  // worth compressing, a value that never changes, one that is never known.
  Waveform wave{
      .top = "two words",
      .bits = {64, 1, 31, 2, 8, 5},
      .signals = {{"f", "a", 0}, {"f", "b", 1}, {"f", "a2", 0}, {"g", "c", 2}, {"g", "d", 3}, {"g", "e", 5}},
      .changes = {{0, 0, 5}, {0, 3, 2}, {0, 2, 0}, {7, 0, ~std::uint64_t{0}}, {7, 4, 1}}};
  for (std::uint64_t t = 1; t < 3000; ++t) {
    wave.changes.push_back({t * t * 1000, 1, t % 2});
    wave.changes.push_back({t * 3, 2, t * 7919 % 1000});
  }
  waves.push_back(wave);
  waves.push_back({.top = "still", .bits = {1}, .signals = {{"f", "a", 0}}, .changes = {{0, 0, 1}}});
  Network network = testing::chain({1, 1, 1}, 4, 10);
  network.actors[1].schedule.interval = 3;
  const auto outcome = simulate(network, {.frames = 20});
  ASSERT_TRUE(outcome.ok());
  waves.push_back(waveform(network, "a net", outcome->trace));
  for (const Waveform& one : waves) {
    const std::string bytes = fstBytes(one);
    EXPECT_EQ(bytes, fstBytes(one));
    const auto text = throughGtkwave(bytes);
    if (!text.has_value()) GTEST_SKIP() << "fst2vcd (Debian: gtkwave) is not installed";
    const auto expected = allValues(vcdText(one));
    EXPECT_FALSE(expected.empty());
    auto seen = allValues(*text);
    EXPECT_EQ(seen, expected) << one.top << "\n" << text->substr(0, 2000);
  }
}

}  // namespace
}  // namespace sluice::dataflow
