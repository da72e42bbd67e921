// The main job over several boards, as a user has it: the built program plans the split, writes a folder per board, and the
// Verilog of all boards together does what the network does. On a small network whose layers have very different sizes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "flow/tools.h"
#include "networks.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class SplitJob : public ::testing::Test {
 protected:
  SplitJob() : folder_(fs::temp_directory_path() / ("sluice_split_job_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~SplitJob() override {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void SetUp() override {
    if (tests::sharedFolder().empty()) GTEST_SKIP() << "the shared models are not here; set SLUICE_SHARED";
  }

  /// The exit code; what it printed, errors included, is in said_.
  int run(const std::string& words) {
    const std::string command = tests::binaryFolder().string() + "/bin/sluice " + words + " 2>&1";
    said_.clear();
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> block{};
    while (std::fgets(block.data(), static_cast<int>(block.size()), pipe) != nullptr) said_ += block.data();
    const int status = ::pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int build(const std::string& more) {
    return run("build " + model() + " -o " + (folder_ / "out").string() +
               " --quiet --link aurora4x25 --board arty-a7-35t:3 " + more);
  }
  static std::string model() { return tests::sharedFolder() / "models/qonnx/qkeras_jettagging.onnx"; }
  json read(const std::string& name) { return json::parse(readFile(folder_ / "out" / name).value()); }

  /// A module with the ports that every subgraph has, placed with the constraints.
  void expectNextpnrTakes(const fs::path& constraints) {
    const auto yosys = flow::findYosys(), nextpnr = flow::findNextpnrEcp5();
    if (!yosys.ok() || !nextpnr.ok()) return;
    const fs::path folder = folder_ / "placed";
    fs::create_directories(folder);
    fs::copy_file(constraints, folder / "c.lpf");
    ASSERT_TRUE(writeFile(folder / "m.v",
                          "module m(input clk, input rst, input x, output reg y);\n"
                          "  always @(posedge clk) y <= !rst & x;\nendmodule\n")
                    .ok());
    const std::string command =
        "cd " + folder.string() + " && " + yosys->path +
        " -q -p 'read_verilog m.v; synth_ecp5 -top m -json m.json' 2>&1 && " + nextpnr->path +
        " --85k --package CABGA381 --speed 6 --json m.json --lpf c.lpf --lpf-allow-unconstrained 2>&1";
    std::string said;
    std::array<char, 4096> block{};
    FILE* const pipe = ::popen(command.c_str(), "r");
    while (std::fgets(block.data(), static_cast<int>(block.size()), pipe) != nullptr) said += block.data();
    EXPECT_EQ(::pclose(pipe), 0) << said;
    EXPECT_NE(said.find("constraining clock net 'clk' to 50.00 MHz"), std::string::npos) << said;
  }

  fs::path folder_;
  std::string said_;
};

TEST_F(SplitJob, PlansBuildsAndVerifiesANetworkOverThreeBoards) {
  ASSERT_EQ(build("--reuse-factor 64 --objective build-time --until simulate"), 0) << said_;
  const json deployment = read("deployment.json"), report = read("report.json");
  ASSERT_EQ(deployment["boards"].size(), 3u) << "the longest synthesis is shortest over all boards";
  std::set<std::string> nodes;
  for (const json& board : deployment["boards"]) {
    const fs::path folder = folder_ / "out" / board["folder"].get<std::string>();
    for (const json& node : board["nodes"])
      EXPECT_TRUE(nodes.insert(node.get<std::string>()).second) << "each node stands on one board";
    EXPECT_TRUE(fs::exists(folder / "links.json"));
    EXPECT_TRUE(fs::exists(folder / "constraints.xdc"));
    EXPECT_TRUE(fs::exists(folder / "resources.json"));
    EXPECT_TRUE(fs::exists(folder / "rtl" / (board["top_module"].get<std::string>() + ".v")));
  }
  EXPECT_GE(nodes.size(), 7u);
  EXPECT_EQ(deployment["wires"].size(), 2u) << "a chain of three: a cut between each two";
  const std::string checked = "split check " + (folder_ / "out/split/").string();
  EXPECT_EQ(run(checked + "problem.json " + (folder_ / "out/split/plan.json").string()), 0) << said_;
  EXPECT_EQ(run(checked + "build_time.problem.json " + (folder_ / "out/split/build_time.plan.json").string()),
            0)
      << said_;
  EXPECT_EQ(run("cluster simulate " + (folder_ / "out/split/plan.json").string() + " --frames 1000"), 0)
      << said_;

  // What was built stays where it is asked to.
  const json kept = deployment["boards"][1];
  ASSERT_EQ(build("--reuse-factor 64 --freeze " + kept["top_module"].get<std::string>() + " --until map"), 0)
      << said_;
  bool stands = false;
  const json after = read("deployment.json");
  for (const json& board : after["boards"]) stands = stands || board["nodes"] == kept["nodes"];
  EXPECT_TRUE(stands);
  EXPECT_EQ(build("--freeze nobody --until map"), 1);
  EXPECT_NE(said_.find("no subgraph is called 'nobody'"), std::string::npos) << said_;
}

TEST_F(SplitJob, PlansBuildsAndVerifiesANetworkOverBoardsOfTwoFamilies) {
  ASSERT_EQ(run("build " + model() + " -o " + (folder_ / "out").string() +
                " --quiet --link aurora4x25 --board ulx3s-85f:1 --board arty-a7-35t:1 --reuse-factor 64 "
                "--objective build-time --until simulate"),
            0)
      << said_;
  const json deployment = read("deployment.json"), report = read("report.json");
  ASSERT_EQ(deployment["boards"].size(), 2u);
  std::set<std::string> families;
  for (std::size_t p = 0; p < 2; ++p) {
    const json& board = deployment["boards"][p];
    const fs::path folder = folder_ / "out" / board["folder"].get<std::string>();
    families.insert(board["family"].get<std::string>());
    for (const auto& [resource, row] : board["planned"].items())
      EXPECT_LE(row["used"], row["plan_may_use"]) << resource << " of " << board["board"];
    // What is built differs from what was planned by no more than FIFOs, which were counted alone and are sized together.
    const json resources = json::parse(readFile(folder / "resources.json").value())["resources"];
    for (const auto& [resource, row] : resources.items()) {
      EXPECT_LE(row["used"], row["available"]) << resource << " of " << board["board"];
      if (resource == "DSP" || resource == "BRAM18") {
        EXPECT_EQ(row["used"], board["planned"][resource]["used"]) << resource << " of " << board["board"];
      }
    }
    // Tables of look-up tables are written as LUT6 where there are such.
    bool hasTables = false;
    for (const fs::directory_entry& file : fs::directory_iterator(folder / "rtl"))
      hasTables = hasTables || readFile(file.path()).value().find("LUT6 ") != std::string::npos;
    const bool isLattice = board["family"] == "ecp5";
    if (isLattice) {
      EXPECT_FALSE(hasTables);
    }
    EXPECT_EQ(fs::exists(folder / "constraints.lpf"), isLattice);
    EXPECT_EQ(fs::exists(folder / "constraints.xdc"), !isLattice);
    const std::string constraints =
        readFile(folder / (isLattice ? "constraints.lpf" : "constraints.xdc")).value();
    EXPECT_NE(constraints.find(isLattice ? "FREQUENCY PORT \"clk\" 50.000 MHz;" : "create_clock -name clk"),
              std::string::npos)
        << constraints;
    if (isLattice) expectNextpnrTakes(folder / "constraints.lpf");
  }
  EXPECT_EQ(families, (std::set<std::string>{"ecp5", "xc7"}));
  EXPECT_EQ(report["frame_interval"]["cycles"], 64);
  ASSERT_FALSE(report["verification"].empty());
  EXPECT_EQ(run("split check " + (folder_ / "out/split/problem.json").string() + " " +
                (folder_ / "out/split/plan.json").string()),
            0)
      << said_;
  EXPECT_EQ(run("cluster simulate " + (folder_ / "out/split/plan.json").string() + " --frames 1000"), 0)
      << said_;
  EXPECT_EQ(run("build " + model() + " -o " + (folder_ / "out").string() +
                " --quiet --board ulx3s-85f --board arty-a7-35t --family xc7 --until map"),
            1);
  EXPECT_NE(said_.find("boards of several families take a plan"), std::string::npos) << said_;
  EXPECT_EQ(run("split plan " + model() + " -o " + (folder_ / "plan.json").string() +
                " --board ulx3s-85f --board arty-a7-35t --objective pareto"),
            1);
  EXPECT_NE(said_.find("for boards of one family"), std::string::npos) << said_;
  const std::string plan = (folder_ / "three.json").string();
  ASSERT_EQ(
      run("split plan " + model() + " -o " + plan +
          " --board ulx3s-85f --board arty-a7-35t --board zcu102 --reuse-factor 64 --objective latency"),
      0)
      << said_;
  EXPECT_EQ(run("split check " + (folder_ / "three.problem.json").string() + " " + plan), 0) << said_;
}

TEST_F(SplitJob, ShowsTheFrontAndBuildsItsFastestPoint) {
  ASSERT_EQ(build("--objective pareto --until map"), 0) << said_;
  const json deployment = read("deployment.json");
  ASSERT_GE(deployment["front"].size(), 5u);
  EXPECT_TRUE(deployment["front"][0]["chosen"].get<bool>());
  double interval = 0, share = 1e9;
  for (const json& point : deployment["front"]) {
    EXPECT_GT(point["interval_us"].get<double>(), interval);
    EXPECT_LT(point["share"].get<double>(), share);
    interval = point["interval_us"];
    share = point["share"];
  }
  const std::string page = readFile(folder_ / "out/report.html").value();
  EXPECT_NE(page.find("The front of rate and hardware"), std::string::npos);
}

TEST_F(SplitJob, SaysOfBadInputWhatIsWrongAndWhatToDo) {
  struct Case {
    const char *words, *said;
    int exit;
  };
  for (const Case& one :
       {Case{"--board pynq-z9:2 --topology chain", "no board is called 'pynq-z9'; known: alveo-u200", 1},
        Case{"--board arty-a7-35t:2 --topology tree", "no topology is called 'tree'; known: chain, ring", 1},
        Case{"--board arty-a7-35t:2 --topology mesh:3", "a mesh says its columns, which divide its 2 boards",
             1},
        Case{"--board arty-a7-35t:2 --link string", "no link is called 'string'; known: ", 1},
        Case{"--board arty-a7-35t:2 --reuse-factor 1 --split-inside none",
             " LUT, and the largest board has 14560: ", 3}}) {
    EXPECT_EQ(run("split plan " + model() + " -o " + (folder_ / "plan.json").string() + " " + one.words),
              one.exit)
        << said_;
    EXPECT_NE(said_.find(one.said), std::string::npos) << said_;
  }
  // Which resource, by how much, and what would do.
  EXPECT_NE(said_.find(" too few; it must be split inside"), std::string::npos) << said_;
  EXPECT_NE(said_.find("--split-inside any"), std::string::npos) << said_;
  EXPECT_EQ(run("build " + model() + " -o " + (folder_ / "out").string() +
                " --quiet --split-before nobody --until map"),
            1);
  EXPECT_NE(said_.find("no node is called 'nobody'; it can be cut before Quant_8"), std::string::npos)
      << said_;
}

TEST_F(SplitJob, FifosBehindACutCoverTheWayThatIsSaid) {
  const auto deepest = [&](const std::string& more) {
    EXPECT_EQ(run("build " + model() + " -o " + (folder_ / "out").string() +
                  " --quiet --reuse-factor 64 --split-before MatMul_1 --until map" + more),
              0)
        << said_;
    std::uint64_t places = 0;
    const json design = read("design.json");
    for (const json& stream : design["streams"])
      places = std::max(places, stream["depth"].get<std::uint64_t>());
    return places;
  };
  const std::uint64_t wires = deepest(""), links = deepest(" --link-latency 50");
  EXPECT_LT(wires, 12u);
  EXPECT_GE(links, 25u) << "a beat every second cycle, 50 cycles on the way";
  EXPECT_EQ(run("build " + model() + " -o " + (folder_ / "out").string() +
                " --quiet --link-latency 50 --until map"),
            2);
  EXPECT_NE(said_.find("--link-latency is for the cuts of --split-before"), std::string::npos) << said_;
}

TEST_F(SplitJob, RefusesAPlanWhoseCutIsNotConvex) {
  const fs::path plan = folder_ / "plan.json", problem = folder_ / "plan.problem.json";
  ASSERT_EQ(run("split plan " + model() +
                " --board arty-a7-35t:3 --reuse-factor 64 --objective build-time -o " + plan.string()),
            0)
      << said_;
  ASSERT_EQ(run("split check " + problem.string() + " " + plan.string()), 0) << said_;
  json moved = json::parse(readFile(plan).value());
  ASSERT_EQ(moved["stages"].size(), 3u);
  // The last node to the first board: what comes between is computed after it.
  json& last = moved["stages"][2]["nodes"];
  moved["stages"][0]["nodes"].push_back(last.back());
  last.erase(last.size() - 1);
  ASSERT_TRUE(writeFile(plan, moved.dump()).ok());
  EXPECT_EQ(run("split check " + problem.string() + " " + plan.string()), 1);
  EXPECT_NE(said_.find("stages are not convex: the edge from node Quant_10 to node MatMul_3 leads back from "
                       "stage 2 to stage 0"),
            std::string::npos)
      << said_;
}

}  // namespace
}  // namespace sluice
