#include <gtest/gtest.h>

#include <algorithm>

#include "dataflow/simulate.h"
#include "ir/testing.h"
#include "map/conv_fold.h"
#include "map/map.h"

/// How networks over feature maps become kernels.
namespace sluice::map {
namespace {

/// "k = constant [3, 3, 2, 4] s3 {1 -2 3 ..}"
std::string constant(const std::string& name, const std::vector<int>& shape) {
  std::string text = name + " = constant [";
  int count = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
    count *= shape[i];
  }
  text += "] s3 {";
  for (int i = 0; i < count; ++i) text += std::to_string(i * 5 % 7 - 3) + " ";
  return text + "}\n";
}

/// A padded convolution, a rescale-free pool, and a skip connection around a pointwise convolution.
ir::Graph smallNetwork() {
  return ir::graphOf("graph small\nx = input [6, 6, 2] s3\n" + constant("k", {3, 3, 2, 4}) +
                     constant("p", {1, 1, 4, 4}) +
                     R"(a = codeConv x, k, padBefore [1, 1], padAfter [1, 1]
t = constant [1, 3] s8 {-9 0 9}
b = threshold a, t
c = codeConv b, p
u = threshold c, t
d = merge u, b, shift [0, 0]
e = maxPool d, kernel [2, 2], strides [2, 2]
output e
)");
}

std::vector<std::string> families(const Design& design) {
  std::vector<std::string> all;
  for (const KernelInstance& kernel : design.kernels) all.push_back(kernel.kernel.family);
  std::sort(all.begin(), all.end());
  return all;
}

TEST(MapConvolution, AWindowStandsBeforeTheProductUnlessTheKernelIsOnePixel) {
  const Result<Design> design =
      mapGraph(smallNetwork(), {.regime = Regime::streamed, .targetInterval = 36 * 72});
  ASSERT_TRUE(design.ok()) << design.error().text();
  const std::vector<std::string> all = families(*design);
  EXPECT_EQ(std::count(all.begin(), all.end(), "window"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "conv"), 2);
  EXPECT_EQ(std::count(all.begin(), all.end(), "pool"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "fork"), 1);
  EXPECT_EQ(std::count(all.begin(), all.end(), "merge"), 1);
}

TEST(MapConvolution, TheTargetIntervalIsKeptFromOnePixelACycleToOneMultiplier) {
  for (const std::uint64_t target : {49u, 72u, 100u, 300u, 1000u, 2592u, 9999u}) {
    Result<Design> design = mapGraph(smallNetwork(), {.regime = Regime::streamed, .targetInterval = target});
    ASSERT_TRUE(design.ok()) << design.error().text();
    ASSERT_TRUE(sizeStreams(*design, hdl::Family::xc7).ok());
    const auto performance = dataflow::measure(network(*design));
    ASSERT_TRUE(performance.ok()) << performance.error().text();
    EXPECT_LE(performance->initiationInterval, target);
  }
}

TEST(MapConvolution, AnIntervalBelowOneGridPositionACycleIsRefusedWithTheLeast) {
  const auto design = mapGraph(smallNetwork(), {.regime = Regime::streamed, .targetInterval = 40});
  ASSERT_FALSE(design.ok());
  EXPECT_EQ(design.error().code, ErrorCode::infeasible);
  EXPECT_NE(design.error().message.find("ask for --target-ii 49 or more"), std::string::npos)
      << design.error().message;
}

TEST(MapConvolution, WithoutAWishTheBusiestLayerHasTheDefaultReuseFactorAndOthersFollow) {
  const auto design = mapGraph(smallNetwork(), {.regime = Regime::streamed});
  ASSERT_TRUE(design.ok()) << design.error().text();
  EXPECT_EQ(design->targetInterval, 36u * 64u);
  for (const KernelInstance& kernel : design->kernels)
    if (kernel.kernel.family == "conv") {
      const std::uint64_t least = (kernel.multiplications + 36 * 64 - 1) / (36 * 64);
      EXPECT_GE(kernel.multipliers, least) << kernel.name;
      EXPECT_LE(kernel.multipliers, least + 1) << kernel.name;
    }
}

TEST(MapConvolution, AReuseFactorIsThatOfEveryPixel) {
  const auto design = mapGraph(smallNetwork(), {.regime = Regime::streamed, .reuseFactor = 8});
  ASSERT_TRUE(design.ok()) << design.error().text();
  for (const KernelInstance& kernel : design->kernels)
    if (kernel.kernel.family == "conv") {
      EXPECT_EQ(dataflow::iterations(kernel.kernel.schedule), 8u) << kernel.name;
    }
}

TEST(MapConvolution, APadBeforeAConvolutionIsDoneByItsWindow) {
  const std::string head = "graph g\nx = input [5, 5, 1] s3\n" + constant("k", {3, 3, 1, 2});
  const auto inside =
      mapGraph(ir::graphOf(head + R"(p = pad x, before [1, 1, 0], after [1, 1, 0], between [1, 1, 0]
y = codeConv p, k
output y
)"),
               {.regime = Regime::streamed, .nodes = {{"y", NodeOptions{.simd = 1, .pe = 1}}}});
  ASSERT_TRUE(inside.ok()) << inside.error().text();
  EXPECT_EQ(families(*inside), (std::vector<std::string>{"conv", "window"}));
  const auto apart = mapGraph(ir::graphOf(head + R"(p = pad x, before [1, 1, 0], after [1, 1, 0], value 1
y = codeConv p, k
output y
)"),
                              {.regime = Regime::streamed});
  ASSERT_TRUE(apart.ok()) << apart.error().text();
  const std::vector<std::string> all = families(*apart);
  EXPECT_EQ(std::count(all.begin(), all.end(), "pad"), 1);
}

TEST(MapConvolution, InsertedPixelsAreWorkedOnByPhasesWhereThatIsCheaper) {
  const auto design = mapGraph(ir::graphOf("graph g\nx = input [8, 8, 4] s3\n" + constant("k", {2, 2, 4, 4}) +
                                           R"(p = pad x, before [1, 1, 0], after [1, 1, 0], between [1, 1, 0]
y = codeConv p, k
output y
)"),
                               {.regime = Regime::streamed, .targetInterval = 1024});
  ASSERT_TRUE(design.ok()) << design.error().text();
  const std::vector<std::string> all = families(*design);
  EXPECT_EQ(std::count(all.begin(), all.end(), "permute"), 1);
  std::uint32_t multipliers = 0;
  for (const KernelInstance& kernel : design->kernels) multipliers += kernel.multipliers;
  // 8 x 8 pixels of 4 channels to 2 x 2 x 4 outputs each; over the inserted pixels it would be four times that.
  EXPECT_EQ(multipliers, 4u);
}

TEST(MapConvolution, NodeOptionsHaveTheLastWord) {
  const auto options =
      parseNodeOptions("# of the second\n c  pe=4 simd=2 \n\na reuse-factor=36 weights=bram");
  ASSERT_TRUE(options.ok()) << options.error().text();
  const auto design =
      mapGraph(smallNetwork(), {.regime = Regime::streamed, .reuseFactor = 8, .nodes = *options});
  ASSERT_TRUE(design.ok()) << design.error().text();
  for (const KernelInstance& kernel : design->kernels) {
    if (kernel.kernel.family != "conv") continue;
    EXPECT_EQ(dataflow::iterations(kernel.kernel.schedule), kernel.name == "a_i" ? 36u : 2u) << kernel.name;
  }
}

TEST(MapConvolution, NodeOptionsForNobodyOrWithoutSenseAreRefused) {
  const auto textOf = [](const char* text) { return parseNodeOptions(text).error().text(); };
  EXPECT_EQ(textOf("a pe=0"), "line 1: pe is a number from 1 to 16777216, not '0'");
  EXPECT_EQ(textOf("\na"), "line 2: nothing is said of node 'a'");
  EXPECT_EQ(textOf("a rows=ram"), "line 1: rows is one of auto, srl, lutram, bram, not 'ram'");
  EXPECT_NE(textOf("a folds=2").find("'folds=2' is no setting"), std::string::npos);
  EXPECT_EQ(textOf("a pe=1\na pe=2"), "line 2: node 'a' was there before");
  const auto nobody =
      mapGraph(smallNetwork(), {.regime = Regime::streamed, .nodes = {{"z", NodeOptions{.pe = 1}}}});
  ASSERT_FALSE(nobody.ok());
  EXPECT_NE(nobody.error().message.find("no node in hardware is called so"), std::string::npos);
  const auto illegal =
      mapGraph(smallNetwork(), {.regime = Regime::streamed, .nodes = {{"a", NodeOptions{.pe = 3}}}});
  ASSERT_FALSE(illegal.ok());
  EXPECT_NE(illegal.error().text().find("no fold has pe=3"), std::string::npos) << illegal.error().text();
}

TEST(ConvFold, KeepsThePaceWhereAnyFoldDoesAndUsesFewMultipliers) {
  kernel::ConvParams conv{.window = {.height = 8,
                                     .width = 8,
                                     .channels = 6,
                                     .kernelHeight = 3,
                                     .kernelWidth = 3,
                                     .padTop = 1,
                                     .padLeft = 1,
                                     .padBottom = 1,
                                     .padRight = 1,
                                     .input = {0, 7}},
                          .outChannels = 12};
  for (const std::uint32_t groups : {1u, 2u, 6u})
    for (const std::uint64_t cycles : {81u, 128u, 500u, 2000u, 20000u}) {
      conv.groups = groups;
      const auto choice = chooseConvFold(conv, {.window = cycles, .product = cycles}, 2);
      ASSERT_TRUE(choice.ok());
      EXPECT_LE(choice->facts.windowIterations, cycles);
      EXPECT_LE(choice->facts.productIterations, cycles);
      // No fewer than the work asks for, and no more than three times as many.
      const std::uint64_t least = (choice->facts.multiplications + cycles - 1) / cycles;
      EXPECT_GE(choice->multipliers, least);
      EXPECT_LE(choice->multipliers, 3 * least + 2) << groups << " groups, " << cycles << " cycles";
    }
}

}  // namespace
}  // namespace sluice::map
