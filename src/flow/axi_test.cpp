// Designs in their AXI skin through Verilator: lint, a model of bus and DMA engines, the integer engine's codes.
#include "flow/axi.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "dataflow/simulate.h"
#include "flow/tools.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/text.h"
#include "map/map.h"

namespace sluice::flow {
namespace {

namespace fs = std::filesystem;

const char* const kNetwork = R"(
x = input [4] s3
w = constant [4, 4] s3 {1 2 3 -1   -2 1 0 1   1 1 -1 -1   3 0 0 1}
a = dense x, w
b = dense a, w
output b
)";

const char* const kTwoIn = R"(
x = input [3, 3, 2] s4
z = input [3, 3, 2] u9
s = merge x, z, shift [0, 0]
u = merge s, x, shift [0, 0]
output s, u
)";

struct Dressed {
  ir::Graph graph;
  map::Design design;
  std::vector<emit::File> files;
  emit::AxiSkin skin;
  emit::AxiShell shell;
  Frames frames;
};

Result<Dressed> dress(const char* text, std::uint64_t reuse, std::size_t frames) {
  SLUICE_TRY(ir::Graph graph, ir::parse(text));
  SLUICE_TRY(map::Design design,
             map::mapGraph(graph, {.regime = map::Regime::streamed, .reuseFactor = reuse}));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, hdl::Family::xc7));
  SLUICE_TRY(const emit::Rtl rtl, emit::stitch(design, hdl::Family::xc7));
  SLUICE_TRY(emit::AxiSkin skin, emit::axiSkin(design, graph, digestOf(text)));
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(graph));
  Frames shown{.count = frames, .inputs = ir::randomCodes(graph, engine.regions(), frames, 3)};
  SLUICE_TRY(shown.outputs, engine.run(shown.inputs, frames));
  Dressed dressed{std::move(graph), std::move(design), emit::verilogFiles(rtl), std::move(skin), {},
                  std::move(shown)};
  dressed.shell = emit::axiShell(dressed.skin, rtl);
  return dressed;
}

void lint(const Dressed& dressed) {
  const Result<Tool> verilator = findVerilator();
  if (!verilator.ok()) GTEST_SKIP() << verilator.error().text();
  const fs::path folder = fs::path(::testing::TempDir()) / "sluice_axi_lint";
  fs::remove_all(folder);
  for (const auto* files : {&dressed.files, &dressed.shell.files})
    for (const emit::File& file : *files) ASSERT_TRUE(writeFile(folder / file.name, file.content).ok());
  ASSERT_EQ(std::system(("cd '" + folder.string() + "' && '" + verilator->path +  // NOLINT
                         "' --lint-only -Wall --top-module axi_top -f axi/axi.f > lint.txt 2>&1")
                            .c_str()),
            0)
      << readFile(folder / "lint.txt").value();
  fs::remove_all(folder);
}

void drive(const Dressed& dressed) {
  const Result<SimulationModel> model = compileAxi(dressed.files, dressed.shell, dressed.skin, nullptr);
  ASSERT_TRUE(model.ok()) << model.error().text();
  const Result<dataflow::Performance> performance = dataflow::measure(map::network(dressed.design));
  ASSERT_TRUE(performance.ok());
  for (const std::uint32_t stall : {0u, 40u, 70u})
    for (const bool hold : {false, true}) {
      const AxiRun run{.sources = {.seed = 5 + stall, .stallPercent = stall},
                       .sinks = {.seed = 6, .stallPercent = stall},
                       .framesPerPacket = stall == 40 ? 3u : 1u,
                       .hold = hold,
                       .seed = stall};
      const Result<AxiOutcome> outcome = runAxi(*model, dressed.design, dressed.skin, dressed.frames, run);
      ASSERT_TRUE(outcome.ok()) << outcome.error().text();
      EXPECT_TRUE(outcome->agreement.equal()) << outcome->agreement.firstDifference;
      EXPECT_EQ(outcome->registers.at("ID"), 0x534C5549u);
      EXPECT_EQ(outcome->registers.at("FRAMES_PER_PACKET"), run.framesPerPacket);
      EXPECT_EQ(outcome->registers.at("STATUS"), 7u);  // idle; latency and interval measured
      if (stall != 0 || hold) continue;
      if (dressed.skin.streams.size() == 2)
        EXPECT_EQ(outcome->registers.at("LATENCY"), performance->latency);
      else  // of the first input and output alone
        EXPECT_LE(outcome->registers.at("LATENCY"), performance->latency);
      EXPECT_EQ(outcome->registers.at("INTERVAL"), performance->initiationInterval);
    }
}

#define SKIP_WITHOUT_VERILATOR \
  if (const Result<Tool> tool = findVerilator(); !tool.ok()) GTEST_SKIP() << tool.error().text()

TEST(AxiShell, LintIsClean) {
  SKIP_WITHOUT_VERILATOR;
  for (const auto& [text, reuse] : {std::pair{kNetwork, 4u}, {kNetwork, 1u}, {kTwoIn, 4u}}) {
    const Result<Dressed> dressed = dress(text, reuse, 1);
    ASSERT_TRUE(dressed.ok()) << dressed.error().text();
    lint(*dressed);
  }
}

TEST(AxiShell, FramesGoThroughInThePredictedCyclesWithAllRulesKept) {
  SKIP_WITHOUT_VERILATOR;
  const Result<Dressed> dressed = dress(kNetwork, 4, 6);
  ASSERT_TRUE(dressed.ok()) << dressed.error().text();
  drive(*dressed);
}

TEST(AxiShell, SeveralStreamsOfSeveralWidthsGoThrough) {
  SKIP_WITHOUT_VERILATOR;
  const Result<Dressed> dressed = dress(kTwoIn, 4, 6);
  ASSERT_TRUE(dressed.ok()) << dressed.error().text();
  EXPECT_EQ(dressed->skin.streams.size(), 4u);
  drive(*dressed);
}

}  // namespace
}  // namespace sluice::flow
