#include "dataflow/process/read.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "dataflow/process/evaluate.h"

namespace sluice::dataflow::process {
namespace {

using nlohmann::json;

json small() {
  return json::parse(R"({"format": "dataflow-json/1", "kind": "process-network", "name": "n",
   "timing": {"write_to_read_srl": 1, "write_to_read_ram": 2, "read_to_write": 1, "srl_max_depth": 2, "srl_max_bits": 1024},
   "fifos": [{"name": "f", "width_bits": 8, "depth": 4, "group": "g", "src": "a", "dst": "b", "tokens": 4}],
   "processes": [
    {"name": "a", "latency": 6, "after": [], "phases": [{"loops": [2, 2], "trip": 4, "start": 1, "ii": 1,
      "iteration_latency": 2, "accesses": [{"op": "write", "stage": 1, "fifos": [0], "at": [{"first": 0, "dims": [[4, 1]]}]}]}]},
    {"name": "b", "latency": 6, "after": [], "phases": [{"loops": [4], "trip": 4, "start": 1, "ii": 1,
      "iteration_latency": 2, "accesses": [{"op": "read", "stage": 1, "fifos": [0], "at": [{"first": 0, "dims": [[4, 1]]}]}]}]}]})");
}

/// The message for the small network changed by `change`; empty if it is read all the same.
std::string messageFor(const std::function<void(json&)>& change) {
  json file = small();
  change(file);
  const auto network = parseNetwork(file.dump(), "n.json");
  if (!network.ok()) return network.error().text();
  const auto program = compile(*network);
  return program.ok() ? "" : program.error().text();
}

TEST(ProcessFiles, ASmallNetworkIsRead) {
  EXPECT_EQ(messageFor([](json&) {}), "");
  const auto network = parseNetwork(small().dump(), "n.json");
  ASSERT_TRUE(network.ok());
  EXPECT_EQ(simulate(*network, {4})->cycles, 7u);
}

TEST(ProcessFiles, EachMistakeIsOneErrorWithItsPlace) {
  const struct {
    const char* message;
    std::function<void(json&)> change;
  } cases[] = {
      {"n.json: fifos[0]: the key 'colour' is not known here",
       [](json& f) { f["fifos"][0]["colour"] = "red"; }},
      {"n.json: the key 'extra' is not known here", [](json& f) { f["extra"] = 1; }},
      {"n.json: processes[0]: has no 'latency'", [](json& f) { f["processes"][0].erase("latency"); }},
      {"n.json: fifos[0].depth: must be a whole number from 0 to 1152921504606846976, not -3",
       [](json& f) { f["fifos"][0]["depth"] = -3; }},
      {"n.json: fifos[0].depth: must be a whole number from 0 to 1152921504606846976, not 1.5",
       [](json& f) { f["fifos"][0]["depth"] = 1.5; }},
      {"n.json: n: fifo 'f': depth must be from 1 to 1099511627776, not 0",
       [](json& f) { f["fifos"][0]["depth"] = 0; }},
      {"n.json: fifos[0].src: there is no process 'z'", [](json& f) { f["fifos"][0]["src"] = "z"; }},
      {"n.json: n: fifo 'f': process 'a' writes and reads it; a FIFO joins two processes",
       [](json& f) { f["fifos"][0]["dst"] = "a"; }},
      {"n.json: n: fifo 'f': is written 4 times and read 0 times, but has 4 tokens; the three must agree and "
       "be at least 1",
       [](json& f) { f["processes"][1]["phases"][0]["accesses"] = json::array(); }},
      {"n.json: n: process 'a', phase 0: trip is 4, but the loops multiply to 6; it must be their product "
       "and at least 1",
       [](json& f) { f["processes"][0]["phases"][0]["loops"][1] = 3; }},
      {"n.json: n: process 'a', phase 0: stage 7 is not below iteration_latency 2",
       [](json& f) { f["processes"][0]["phases"][0]["accesses"][0]["stage"] = 7; }},
      {"n.json: n: process 'a', phase 0: a box reaches iteration 4, but the last is 3",
       [](json& f) { f["processes"][0]["phases"][0]["accesses"][0]["at"][0]["first"] = 1; }},
      {"n.json: n: process 'a', phase 0: ends at 6, after the process's latency of 5",
       [](json& f) { f["processes"][0]["latency"] = 5; }},
      {"n.json: n: processes: FIFOs and arrays form a cycle: a -> b -> a; a run from empty FIFOs could not "
       "begin",
       [](json& f) { f["processes"][0]["after"].push_back({{"process", "b"}, {"delay", 1}}); }},
      {"n.json: kind: is 'csdf'; a 'process-network' is wanted here", [](json& f) { f["kind"] = "csdf"; }},
      {"n.json: n: processes: latencies, delays and tokens add up to more than 2^60 cycles; times would "
       "overflow",
       [](json& f) { f["processes"][0]["latency"] = std::uint64_t{1} << 60; }},
      {"process 'a': a FIFO is accessed twice at the same nominal time; boxes of one FIFO must not overlap",
       [](json& f) {
         f["processes"][0]["phases"][0]["accesses"][0]["at"] =
             json::parse(R"([{"first":0,"dims":[[2,1],[2,1]]}])");
       }},
      {"n.json: n: fifo 'f': width_bits must be from 1 to 1048576, not 0",
       [](json& f) { f["fifos"][0]["width_bits"] = 0; }},
      {"n.json: n: timing.read_to_write: must be from 1 to 1000, not 0",
       [](json& f) { f["timing"]["read_to_write"] = 0; }},
  };
  for (const auto& one : cases) EXPECT_EQ(messageFor(one.change), one.message);
}

TEST(ProcessFiles, WhatIsNoNetworkAtAllIsSaidSo) {
  EXPECT_EQ(parseNetwork("[]", "n").error().text(), "n: must be an object");
  EXPECT_EQ(parseNetwork("{}", "n").error().text(), "n: has no 'format' and 'kind'; is it a dataflow file?");
  EXPECT_NE(parseNetwork("{\"a\": 1", "n").error().text().find("n: is not JSON"), std::string::npos);
  EXPECT_EQ(parseNetwork(R"({"a": 1, "a": 2})", "n").error().text(),
            "n: the key 'a' stands twice in one object");
}

TEST(ProcessFiles, AbsurdSizesTakeNoTimeAndNoMemory) {
  EXPECT_NE(messageFor([](json& f) { f["fifos"][0]["tokens"] = std::uint64_t{1} << 59; }), "");
  EXPECT_NE(messageFor([](json& f) {
              f["processes"][0]["phases"][0]["accesses"][0]["at"][0]["dims"] =
                  json::array({json::array({std::uint64_t{1} << 40, std::uint64_t{1} << 40})});
            }),
            "");
}

TEST(ProcessFiles, DepthsAreReadByGroupOrByFifo) {
  const auto network = parseNetwork(small().dump(), "n.json");
  const auto file = std::filesystem::temp_directory_path() / "sluice_process_depths_test.json";
  const auto depths = [&](const char* text) {
    EXPECT_TRUE(writeFile(file, text).ok());
    return readDepths(file, *network);
  };
  EXPECT_EQ(depths(R"({"g": 3})")->at(0), 3u);
  EXPECT_EQ(depths(R"({"depths": {"f": 7}, "cycles": 1})")->at(0), 7u);
  EXPECT_FALSE(depths(R"({"h": 3})").ok());
  EXPECT_FALSE(depths(R"({})").ok());
  EXPECT_FALSE(depths(R"({"g": 0})").ok());
  EXPECT_FALSE(depths(R"({"g": 3, "f": 4})").ok());
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace sluice::dataflow::process
