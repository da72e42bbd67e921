// Engines against each other on random networks: the reference interpreter says the values, the dataflow simulator says
// the cycles, and the stitched hardware, stepped by the evaluator, must give both.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "base/rng.h"
#include "emit/stitch.h"
#include "flow/evaluate.h"
#include "flow/verify.h"
#include "ir/random_graph.h"
#include "ir/random_twin.h"
#include "ir/reference.h"
#include "ir/regions.h"
#include "ir/text.h"
#include "map/map.h"
#include "map/partition.h"

namespace sluice::flow {
namespace {

/// Random codes for every hardware input, and what the reference makes of them at every hardware output.
Frames randomFrames(const ir::Graph& graph, const map::Design& design, std::uint64_t count,
                    std::uint64_t seed) {
  const ir::Regions regions = ir::regions(graph).value();
  Frames frames{.count = count};
  std::vector<ir::Feed> feeds;
  Rng rng(seed);
  for (const map::DesignPort& port : design.ports) {
    if (!port.isInput) continue;
    const ir::TensorType& type = graph.tensor(port.tensor).type;
    std::vector<std::int64_t> codes(count * static_cast<std::size_t>(ir::elements(type.shape)));
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const fixed::Interval range =
          ir::rangeOf(*type.codes, static_cast<std::int64_t>(i) % ir::elements(type.shape));
      codes[i] = rng.uniform(range.lo, range.hi);
    }
    feeds.push_back({port.tensor, codes});
    frames.inputs.push_back(std::move(codes));
  }
  std::vector<ir::TensorId> wanted;
  for (const map::DesignPort& port : design.ports)
    if (!port.isInput) wanted.push_back(port.tensor);
  const auto values = ir::evaluate(graph, feeds, wanted, count);
  EXPECT_TRUE(values.ok()) << (values.ok() ? "" : values.error().text());
  for (const ir::ConstantData& codes : values.value())
    frames.outputs.push_back(std::get<std::vector<std::int64_t>>(codes));
  return frames;
}

/// Maps, sizes, stitches and runs a network; what differs, or "".
std::string difference(const ir::Graph& graph, const map::MapOptions& options, std::uint64_t seed,
                       std::uint64_t count) {
  Result<map::Design> design = map::mapGraph(graph, options);
  if (!design.ok() && design.error().message.find("there is nothing to build") != std::string::npos)
    return {};
  if (!design.ok() && design.error().code == ErrorCode::unsupported)
    return "no kernel: " + design.error().message;
  if (!design.ok()) return "map: " + design.error().text();
  if (const Status sized = map::sizeStreams(*design, hdl::Family::xc7); !sized.ok())
    return "size: " + sized.error().text();
  const Result<emit::Rtl> rtl = emit::stitch(*design, hdl::Family::xc7);
  if (!rtl.ok()) return "stitch: " + rtl.error().text();
  const Frames frames = randomFrames(graph, *design, count, seed);
  for (const std::uint32_t stall : {0u, 40u}) {
    const dataflow::Pattern sources{.seed = seed, .stallPercent = stall},
        sinks{.seed = seed + 1, .stallPercent = stall};
    const Result<PredictedBeats> predicted = predict(*design, frames.count, sources, sinks);
    if (!predicted.ok()) return "predict: " + predicted.error().text();
    const Result<std::vector<PortBeats>> seen = evaluateModule(
        *rtl->top, harnessPorts(*design),
        {.frames = frames.count, .sources = sources, .sinks = sinks, .cycleLimit = predicted->end + 100},
        inputWords(*design, frames));
    if (!seen.ok()) return "evaluate: " + seen.error().text();
    const Agreement agreement = compare(*design, frames, *predicted, *seen);
    if (!agreement.equal()) return "stall " + std::to_string(stall) + ": " + agreement.firstDifference;
  }
  return {};
}

std::string difference(std::uint64_t seed, map::Regime regime) {
  Rng rng(seed, 1);
  ir::RandomGraphOptions shape{.operations = 2 + static_cast<std::size_t>(rng.bits() % 6)};
  shape.inputs = 1 + static_cast<std::size_t>(rng.bits() % 2);
  shape.mostOutputs = 1 + static_cast<std::size_t>(rng.bits() % 2);
  const ir::Graph graph = ir::randomGraph(seed, shape);
  map::MapOptions options{.regime = regime, .reuseFactor = 1 + rng.bits() % 20};
  for (const std::string& name : map::legalSplits(graph))
    if (rng.chance(0.25)) options.splitBefore.push_back(name);
  return difference(graph, options, seed, 5);
}

/// Networks of every operation on feature maps, each built as `optionsOf(seed)` says; those with one that has no such kernel are
/// left out. Returns how many were built.
template <class OptionsOf>
int buildFeatureMaps(std::uint64_t seeds, std::size_t frames, const OptionsOf& optionsOf) {
  int built = 0;
  std::map<std::string, int> without;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const ir::Graph graph = ir::randomTwins(seed, 1 + seed % 6).codes;
    const std::string problem = difference(graph, optionsOf(seed), seed, frames);
    if (problem.starts_with("no kernel: ")) {
      ++without[problem];
      continue;
    }
    ++built;
    EXPECT_EQ(problem, "") << "seed " << seed << "\n" << ir::print(graph);
  }
  for (const auto& [problem, count] : without) std::printf("%d x %s\n", count, problem.c_str());
  return built;
}

TEST(Engines, FeatureMapsStreamedGiveTheReferencesValuesInTheSimulatorsCycles) {
  const int built = buildFeatureMaps(200, 3, [](std::uint64_t seed) {
    map::MapOptions options{.regime = map::Regime::streamed};
    if (seed % 3 == 1) options.reuseFactor = 1 + seed % 7;
    return options;
  });
  EXPECT_GE(built, 40);
}

TEST(Engines, AConvolutionalNetworkWithASkipConnectionIsExactAtEveryPace) {
  const auto weights = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += std::to_string(i * 5 % 7 - 3) + " ";
    return "{" + list + "}";
  };
  const Result<ir::Graph> graph =
      ir::parse("x = input [6, 5, 2] s3\nk = constant [3, 3, 2, 4] s3 " + weights(72) +
                "\np = constant [1, 1, 4, 4] s3 " + weights(16) + R"(
a = codeConv x, k, padBefore [1, 1], padAfter [1, 1]
t = constant [1, 3] s8 {-9 0 9}
b = threshold a, t
c = codeConv b, p
u = threshold c, t
d = merge u, b, shift [0, 0]
e = maxPool d, kernel [2, 2], strides [2, 2]
output e
)");
  ASSERT_TRUE(graph.ok()) << graph.error().text();
  for (const std::uint64_t cycles : {42u, 90u, 700u, 2160u})
    EXPECT_EQ(difference(*graph, {.regime = map::Regime::streamed, .targetInterval = cycles}, cycles, 4), "")
        << cycles << " cycles";
}

TEST(Engines, StreamedHardwareGivesTheReferencesValuesInTheSimulatorsCycles) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::string problem = difference(seed, map::Regime::streamed);
    ASSERT_EQ(problem, "") << "seed " << seed;
  }
}

TEST(Engines, UnrolledHardwareGivesTheReferencesValuesInTheSimulatorsCycles) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::string problem = difference(seed, map::Regime::unrolled);
    ASSERT_EQ(problem, "") << "seed " << seed;
  }
}

/// Whole frames a beat.
TEST(Engines, FeatureMapsUnrolledGiveTheReferencesValuesInTheSimulatorsCycles) {
  const int built = buildFeatureMaps(100, 4, [](std::uint64_t seed) {
    return map::MapOptions{.regime = map::Regime::unrolled,
                           .levelsPerStage = 1 + static_cast<std::uint32_t>(seed % 4)};
  });
  EXPECT_GE(built, 70);
}

}  // namespace
}  // namespace sluice::flow
