// A design behind its board's serial port, bit by bit through Icarus Verilog: bytes in, bytes out, against the integer
// engine. And what is read of nextpnr's answers.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "emit/beats.h"
#include "emit/serial_shell.h"
#include "flow/place.h"
#include "flow/verify.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/testing.h"
#include "map/map.h"
#include "map/testing.h"

namespace sluice::flow {
namespace {

namespace fs = std::filesystem;

/// Sends bytes_in one after the other and prints every byte that comes back.
std::string bench(std::uint32_t divider, const std::vector<unsigned>& bytes, std::size_t expected) {
  std::string text =
      "module bench;\n  reg clk = 0; always #1 clk = ~clk;\n  reg rxd = 1; wire txd, led;\n"
      "  shell board(clk, rxd, txd, led);\n"
      "  task send(input [7:0] b); integer i; begin\n"
      "    rxd = 0; repeat(D) @(posedge clk);\n"
      "    for (i = 0; i < 8; i = i + 1) begin rxd = b[i]; repeat(D) @(posedge clk); end\n"
      "    rxd = 1; repeat(D) @(posedge clk);\n  end endtask\n"
      "  reg [7:0] b; integer k; integer count = 0;\n"
      "  initial forever begin\n    @(negedge txd); repeat(D / 2) @(posedge clk);\n"
      "    for (k = 0; k < 8; k = k + 1) begin repeat(D) @(posedge clk); b[k] = txd; end\n"
      "    repeat(D) @(posedge clk);\n    $display(\"%0d %0d\", b, txd); count = count + 1;\n"
      "    if (count == " +
      std::to_string(expected) +
      ") begin $display(\"led %0d\", led); $finish; end\n  end\n"
      "  initial begin repeat(40) @(posedge clk);\n";
  for (const unsigned byte : bytes) text += "    send(8'd" + std::to_string(byte) + ");\n";
  text += "    repeat(4000 * D) @(posedge clk); $display(\"too late\"); $finish;\n  end\nendmodule\n";
  std::string with;
  for (const std::string& part : split(text, 'D'))
    with += (with.empty() ? "" : std::to_string(divider)) + part;
  return with;
}

/// Whole bytes of packed beats, lowest first.
std::vector<unsigned> bytesOf(const std::vector<std::uint64_t>& words, std::uint32_t wordsPerBeat,
                              std::uint32_t bytesPerBeat) {
  std::vector<unsigned> bytes;
  for (std::size_t beat = 0; beat < words.size(); beat += wordsPerBeat)
    for (std::uint32_t b = 0; b < bytesPerBeat; ++b)
      bytes.push_back((words[beat + b / 8] >> (8 * (b % 8))) & 255);
  return bytes;
}

TEST(SerialShell, ADesignBehindItAnswersAsTheIntegerEngineDoes) {
  if (std::system("command -v iverilog > /dev/null") != 0)
    GTEST_SKIP() << "iverilog is not installed";  // NOLINT
  const ir::Graph graph = ir::graphOf(map::kTwoProducts);
  Result<map::Design> design = map::mapGraph(graph, {.regime = map::Regime::streamed, .reuseFactor = 4});
  ASSERT_TRUE(design.ok());
  ASSERT_TRUE(map::sizeStreams(*design, hdl::Family::ecp5).ok());
  const Result<emit::Rtl> rtl = emit::stitch(*design, hdl::Family::ecp5);
  ASSERT_TRUE(rtl.ok());
  const Result<ir::IntegerEngine> engine = ir::IntegerEngine::compile(graph);
  ASSERT_TRUE(engine.ok());
  constexpr std::size_t frames = 5;
  const ir::CodeRows inputs = ir::randomCodes(graph, engine->regions(), frames, 3);
  const Result<ir::CodeRows> outputs = engine->run(inputs, frames);
  ASSERT_TRUE(outputs.ok());

  const std::vector<emit::HarnessPort> ports = harnessPorts(*design);
  const Result<emit::SerialShell> shell = emit::serialShell(
      ports, {"G2", "M1", "L4", "B2", 25}, 2'500'000);  // ten cycles a bit: quick to simulate
  ASSERT_TRUE(shell.ok()) << shell.error().text();
  EXPECT_EQ(shell->divider, 10u);
  const kernel::Beat inBeat = design->streams[design->ports[0].stream.index].beat;
  const kernel::Beat outBeat = design->streams[design->ports[1].stream.index].beat;
  const std::vector<unsigned> sent =
      bytesOf(emit::packBeats(inputs[0], inBeat), emit::wordsPerBeat(inBeat), shell->bytesIn);
  const std::vector<unsigned> expected =
      bytesOf(emit::packBeats((*outputs)[0], outBeat), emit::wordsPerBeat(outBeat), shell->bytesOut);

  const fs::path folder = fs::path(::testing::TempDir()) / "sluice_serial_shell";
  fs::remove_all(folder);
  std::string list;
  std::vector<emit::File> files = emit::verilogFiles(*rtl);
  files.insert(files.end(), shell->files.begin(), shell->files.end());
  files.push_back({"bench.v", bench(shell->divider, sent, expected.size())});
  for (const emit::File& file : files) {
    ASSERT_TRUE(writeFile(folder / file.name, file.content).ok());
    if (file.name.ends_with(".v")) list += " " + file.name;
  }
  ASSERT_EQ(std::system(("cd '" + folder.string() + "' && iverilog -g2005 -s bench -o sim" + list +  // NOLINT
                         " && vvp sim > answers.txt")
                            .c_str()),
            0);
  std::string wanted;
  for (const unsigned byte : expected) wanted += std::to_string(byte) + " 1\n";  // each with its stop bit
  EXPECT_EQ(readFile(folder / "answers.txt").value(), wanted + "led 0\n");
  fs::remove_all(folder);
}

TEST(SerialShell, WantsOneStreamEachWayAndTimeForABit) {
  const emit::SerialPins pins{"G2", "M1", "L4", "B2", 25};
  const emit::HarnessPort in{"x", true, 12, 1}, out{"y", false, 20, 1};
  EXPECT_FALSE(emit::serialShell({in, in, out}, pins).ok());
  EXPECT_FALSE(emit::serialShell({in, out}, pins, 10'000'000).ok());
  const Result<emit::SerialShell> shell = emit::serialShell({in, out}, pins);
  ASSERT_TRUE(shell.ok());
  EXPECT_EQ(shell->bytesIn, 2u);
  EXPECT_EQ(shell->bytesOut, 3u);
  EXPECT_EQ(shell->divider, 217u);
}

TEST(Place, APathIsToldInTermsOfTheNetwork) {
  EXPECT_EQ(instanceOf("network.sub0.MatMul_22.n511_LUT4_Z"), "MatMul_22");
  EXPECT_EQ(instanceOf("in_word_TRELLIS_FF_Q"), "");
  const std::vector<PathStep> path = {{"network.sub0.fifo_t40.data", false, 0.5},
                                      {"network.sub0.MatMul_22.a", true, 1.0},
                                      {"network.sub0.MatMul_22.a", false, 0.25},
                                      {"network.sub0.MatMul_22.b", true, 0.35}};
  EXPECT_EQ(pathText(path), "fifo_t40 -> MatMul_22 (2 cells, 2.10 ns, 64% of it wires)");
}

TEST(Place, PartsOfOtherMakersAreRefusedBeforeAnythingRuns) {
  const auto placed = placeAndRoute({.name = "x", .part = "xc7z020clg400-1"}, {1}, 1, nullptr);
  ASSERT_FALSE(placed.ok());
  EXPECT_NE(placed.error().text().find("xc7z020clg400-1"), std::string::npos);
}

}  // namespace
}  // namespace sluice::flow
