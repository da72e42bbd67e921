#include "dataflow/csdf/graph.h"

#include <gtest/gtest.h>

#include "dataflow/csdf/read.h"

namespace sluice::dataflow::csdf {
namespace {

Graph pair(std::uint64_t gives, std::uint64_t takes) {
  return {"g", {{"a", {1}, true}, {"b", {1}, true}}, {{"x", 0, 1, {gives}, {takes}, 0}}};
}

std::string problem(const Graph& graph) {
  const auto result = check(graph);
  return result.ok() ? "" : result.error().message;
}

TEST(CsdfGraph, AnIterationFiresEveryActorSoOftenThatCountsComeBack) {
  const auto found = check(pair(4, 6));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->firings, (std::vector<std::uint64_t>{3, 2}));
  Graph phases = pair(1, 6);
  phases.actors[0].time = {1, 1};
  phases.channels[0].prod = {3, 1};
  EXPECT_EQ(check(phases)->firings, (std::vector<std::uint64_t>{6, 2}));  // three rounds of two phases
}

TEST(CsdfGraph, Rule1ActorsAndNames) {
  EXPECT_EQ(problem({}), "the graph has no actor");
  Graph graph = pair(1, 1);
  graph.actors[1].name = "a";
  EXPECT_EQ(problem(graph), "two actors are named 'a'");
  graph = pair(1, 1);
  graph.actors[0].time.clear();
  EXPECT_NE(problem(graph).find("has 0 phases"), std::string::npos);
}

TEST(CsdfGraph, Rule2Channels) {
  Graph graph = pair(1, 1);
  graph.channels[0].dst = 7;
  EXPECT_EQ(problem(graph), "channel 'x': no actor 7");
  graph = pair(0, 1);
  EXPECT_EQ(problem(graph), "channel 'x': moves no token (prod)");
  graph = pair(1, 1);
  graph.channels[0].cons = {1, 1};
  EXPECT_EQ(problem(graph), "channel 'x': 2 numbers in cons, but 'b' has 1 phases");
}

TEST(CsdfGraph, Rule3RatesAgree) {
  Graph graph = pair(1, 1);
  graph.channels.push_back({"y", 0, 1, {1}, {2}, 0});
  EXPECT_NE(problem(graph).find("channel 'y': the rates disagree"), std::string::npos);
}

TEST(CsdfGraph, Rule4Sizes) {
  EXPECT_NE(problem(pair(1, (1u << 23))).find("2^22"), std::string::npos);
  Graph graph = pair(1, 1);
  graph.actors[0].time = {std::uint64_t{1} << 41};
  EXPECT_NE(problem(graph).find("2^40"), std::string::npos);
  graph = pair(1, 1);
  graph.channels[0].initial = std::uint64_t{1} << 31;
  EXPECT_NE(problem(graph).find("2^30"), std::string::npos);
}

TEST(CsdfGraph, Rule5FiringsDoNotOvertake) {
  Graph graph = pair(1, 1);
  graph.actors[0] = {"a", {1, 2}, false};
  graph.channels[0].prod = {1, 1};
  EXPECT_NE(problem(graph).find("make it serial"), std::string::npos);
}

constexpr const char* text = R"({"format": "dataflow-json/1", "kind": "csdf", "name": "g",
  "actors": [{"name": "a", "time": [1, 3], "serial": true}, {"name": "b", "time": [2], "serial": false}],
  "channels": [{"name": "x", "src": "a", "dst": "b", "prod": [3, 1], "cons": [2], "initial": 1}]})";

std::string edited(const std::string& from, const std::string& to) {
  std::string copy = text;
  copy.replace(copy.find(from), from.size(), to);
  const auto result = parseGraph(copy, "f");
  return result.ok() ? "" : result.error().text();
}

TEST(CsdfRead, ReadsAGraph) {
  const auto graph = parseGraph(text, "f");
  ASSERT_TRUE(graph.ok()) << graph.error().text();
  EXPECT_EQ(graph->actors[0].time, (std::vector<std::uint64_t>{1, 3}));
  EXPECT_FALSE(graph->actors[1].serial);
  EXPECT_EQ(graph->channels[0].prod, (std::vector<std::uint64_t>{3, 1}));
  EXPECT_EQ(graph->channels[0].initial, 1u);
}

TEST(CsdfRead, NamesWhatIsWrongAndWhere) {
  EXPECT_EQ(edited("\"serial\": true", "\"serial\": true, \"speed\": 2"),
            "f: actors[0]: the key 'speed' is not known here");
  EXPECT_EQ(edited("\"initial\": 1", "\"initial\": -1"),
            "f: channels[0].initial: must be a whole number, not negative");
  EXPECT_EQ(edited("\"initial\": 1", "\"initial\": 1, \"initial\": 2"),
            "f: the key 'initial' stands twice in one object");
  EXPECT_EQ(edited("\"dst\": \"b\"", "\"dst\": \"c\""), "f: channels[0].dst: there is no actor 'c'");
  EXPECT_EQ(edited("\"time\": [2]", "\"time\": [2.5]"),
            "f: actors[1].time[0]: must be a whole number, not negative");
  EXPECT_EQ(edited(", \"initial\": 1", ""), "f: channels[0]: has no 'initial'");
  EXPECT_EQ(edited("\"csdf\"", "\"process-network\""), "f: the kind is not 'csdf'");
  EXPECT_NE(edited("}]}", "}]").find("f: is not JSON"), std::string::npos);
}

}  // namespace
}  // namespace sluice::dataflow::csdf
