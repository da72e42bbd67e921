// Networks with weights that come over a port: values and cycles, in the evaluator and through Verilator.
#include <gtest/gtest.h>

#include "flow/evaluate.h"
#include "flow/tools.h"
#include "flow/verify.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/text.h"
#include "map/map.h"

namespace sluice::flow {
namespace {

const char* const kChain = R"(
x = input [4] s3
w = constant [4, 4] s3 {1 2 3 -1   -2 1 0 1   1 1 -1 -1   3 0 0 1}
v = constant [4, 2] s3 {1 2   -3 1   0 2   -1 1}
b = constant [2] s8 {5 -100}
a = dense x, w
c = dense a, v, b
output c
)";

/// A convolution of 3 x 3 over 6 x 6 pixels.
std::string convolution() {
  std::string weights;
  for (int i = 0; i < 36; ++i) weights += std::to_string(i * 5 % 7 - 3) + " ";
  return "x = input [6, 6, 2] s4\nk = constant [3, 3, 2, 2] s3 {" + weights +
         "}\nc = codeConv x, k, padBefore [1, 1], padAfter [1, 1]\noutput c\n";
}

struct Made {
  ir::Graph graph;
  map::Design design;
  emit::Rtl rtl;
  Frames frames;
};

Result<Made> make(const std::string& text, const std::string& settings, map::MapOptions options) {
  SLUICE_TRY(ir::Graph graph, ir::parse(text));
  options.regime = map::Regime::streamed;
  SLUICE_TRY(options.nodes, map::parseNodeOptions(settings));
  SLUICE_TRY(map::Design design, map::mapGraph(graph, options));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, hdl::Family::xc7));
  SLUICE_TRY(emit::Rtl rtl, emit::stitch(design, hdl::Family::xc7));
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(graph));
  Frames frames{.count = 5, .inputs = ir::randomCodes(graph, engine.regions(), 5, 3)};
  SLUICE_TRY(frames.outputs, engine.run(frames.inputs, frames.count));
  addStreamedWeights(design, frames);
  return Made{std::move(graph), std::move(design), std::move(rtl), std::move(frames)};
}

void expectAgreement(const Made& made) {
  for (const std::uint32_t stall : {0u, 40u}) {
    const dataflow::Pattern sources{.seed = 4, .stallPercent = stall},
        sinks{.seed = 5, .stallPercent = stall};
    const Result<PredictedBeats> predicted = predict(made.design, made.frames.count, sources, sinks);
    ASSERT_TRUE(predicted.ok()) << predicted.error().text();
    const SimulationRun run{.frames = made.frames.count,
                            .sources = sources,
                            .sinks = sinks,
                            .cycleLimit = 2 * predicted->end + 100};
    const Result<std::vector<PortBeats>> seen =
        evaluateModule(*made.rtl.top, harnessPorts(made.design), run, inputWords(made.design, made.frames));
    ASSERT_TRUE(seen.ok()) << seen.error().text();
    const Agreement agreement = compare(made.design, made.frames, *predicted, *seen);
    EXPECT_TRUE(agreement.equal()) << agreement.firstDifference;
  }
}

TEST(StreamedWeights, OfADenseLayerComeOncePerFrameInTheOrderTheyAreRead) {
  const Result<Made> made = make(kChain, "c weights=stream simd=2 pe=1", {.reuseFactor = 4});
  ASSERT_TRUE(made.ok()) << made.error().text();
  ASSERT_EQ(made->design.ports.size(), 3u);
  EXPECT_EQ(made->design.ports[1].name, "v");
  EXPECT_EQ(made->design.ports[1].weights, (std::vector<std::int64_t>{1, -3, 0, -1, 2, 1, 2, 1}));
  expectAgreement(*made);
}

TEST(StreamedWeights, OfAConvolutionAreKeptForAllPixels) {
  const Result<Made> made = make(convolution(), "c weights=stream", {.targetInterval = 200});
  ASSERT_TRUE(made.ok()) << made.error().text();
  EXPECT_EQ(made->design.ports[1].weights.size(), 36u);
  expectAgreement(*made);
}

TEST(StreamedWeights, ThatTrickleInAreTakenAFrameAheadAndCostNoTime) {
  const Result<Made> wide = make(convolution(), "c weights=stream", {.targetInterval = 160});
  const Result<Made> narrow = make(convolution(), "c weights=stream weight-port=1", {.targetInterval = 160});
  ASSERT_TRUE(wide.ok() && narrow.ok()) << narrow.error().text();
  expectAgreement(*narrow);
  const auto interval = [](const Made& made) {
    return dataflow::measure(map::network(made.design))->initiationInterval;
  };
  EXPECT_EQ(interval(*narrow), interval(*wide));
  // The FIFO in front of the buffer holds what came ahead.
  const auto places = [](const Made& made) {
    std::uint32_t most = 0;
    for (const map::Stream& stream : made.design.streams)
      if (stream.reader.valid() && made.design.kernels[stream.reader.index].kernel.family == "weight buffer")
        most = std::max(most, stream.depth * stream.beat.elements);
    return most;
  };
  EXPECT_GT(places(*narrow), places(*wide));
}

TEST(StreamedWeights, ThroughVerilator) {
  if (const Result<Tool> tool = findVerilator(); !tool.ok()) GTEST_SKIP() << tool.error().text();
  const Result<Made> made = make(convolution(), "c weights=stream weight-port=2", {.targetInterval = 160});
  ASSERT_TRUE(made.ok()) << made.error().text();
  const Result<SimulationModel> model =
      compileModel(emit::verilogFiles(made->rtl), harnessPorts(made->design), nullptr);
  ASSERT_TRUE(model.ok()) << model.error().text();
  const Result<PredictedBeats> predicted = predict(made->design, made->frames.count);
  ASSERT_TRUE(predicted.ok());
  const Result<std::vector<PortBeats>> seen =
      runModel(*model, {.frames = made->frames.count, .cycleLimit = 2 * predicted->end + 100},
               inputWords(made->design, made->frames));
  ASSERT_TRUE(seen.ok()) << seen.error().text();
  const Agreement agreement = compare(made->design, made->frames, *predicted, *seen);
  EXPECT_TRUE(agreement.equal()) << agreement.firstDifference;
}

TEST(StreamedWeights, AreRefusedWhereThereAreNone) {
  const std::string text =
      "x = input [4] s3\nt = constant [1, 3] s8 {-1 0 1}\nu = threshold x, t\noutput u\n";
  const Result<Made> made = make(text, "u weights=stream", {});
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().text().find("weights=stream"), std::string::npos) << made.error().text();
  EXPECT_FALSE(make(kChain, "c weights=stream weight-port=3", {}).ok());
}

}  // namespace
}  // namespace sluice::flow
