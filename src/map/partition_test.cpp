#include "map/partition.h"

#include <gtest/gtest.h>

#include "ir/testing.h"

namespace sluice::map {
namespace {

const char* const kChain = R"(
x = input [2] real
q = quantize x, scale 1, range [-4, 3]
w = constant [2, 2] s3 {1 2 3 -1}
a = dense q, w from MatMul_1
t = constant [1, 3] s8 {-3 0 3}
b = threshold a, t from BatchNorm_2, Relu_3, Quant_4
c = dense b, w from MatMul_5
output c
)";

std::vector<std::uint32_t> stages(const ir::Graph& graph, const std::vector<std::string>& nodes,
                                  const std::vector<std::string>& splitBefore) {
  const Result<Partition> result = partition(graph, splitBefore);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
  std::vector<std::uint32_t> found;
  for (const std::string& node : nodes) found.push_back(result->stage[graph.findNode(node)->index]);
  return found;
}

TEST(Partition, WithoutNamesThereIsOneSubgraph) {
  const ir::Graph graph = ir::graphOf(kChain);
  EXPECT_EQ(stages(graph, {"a", "b", "c"}, {}), (std::vector<std::uint32_t>{0, 0, 0}));
}

TEST(Partition, EveryNamedNodeOfAChainStartsASubgraph) {
  const ir::Graph graph = ir::graphOf(kChain);
  EXPECT_EQ(stages(graph, {"a", "b", "c"}, {"b", "c"}), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(partition(graph, {"b", "c"})->stages, 3u);
}

TEST(Partition, ANameOfTheModelFileMeansTheNodeThatBeginsWithIt) {
  const ir::Graph graph = ir::graphOf(kChain);
  EXPECT_EQ(stages(graph, {"a", "b", "c"}, {"BatchNorm_2"}), (std::vector<std::uint32_t>{0, 1, 1}));
}

TEST(Partition, ANameInsideAFusedStepIsRefusedWithTheLegalOnes) {
  const Result<Partition> result = partition(ir::graphOf(kChain), {"Quant_4"});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("computed inside 'b'"), std::string::npos) << result.error().message;
  EXPECT_NE(result.error().message.find("b, c"), std::string::npos) << result.error().message;
}

TEST(Partition, NothingIsCutOffBeforeTheFirstKernel) {
  const ir::Graph graph = ir::graphOf(kChain);
  EXPECT_EQ(legalSplits(graph), (std::vector<std::string>{"b", "c"}));
  EXPECT_FALSE(partition(graph, {"a"}).ok());
  EXPECT_FALSE(partition(graph, {"q"}).ok());
  EXPECT_FALSE(partition(graph, {"nobody"}).ok());
}

TEST(Partition, OneNameInEachOfTwoParallelBranchesMakesOneWideCut) {
  const ir::Graph graph = ir::graphOf(R"(
x = input [2] real
q = quantize x, scale 1, range [-4, 3]
w = constant [2, 2] s3 {1 2 3 -1}
a = dense q, w
b1 = dense a, w
d1 = dense a, w
b2 = dense b1, w
d2 = dense d1, w
c = merge b2, d2, shift [0, 0]
output c
)");
  EXPECT_EQ(stages(graph, {"a", "b1", "d1", "b2", "d2", "c"}, {"b2", "d2"}),
            (std::vector<std::uint32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(stages(graph, {"a", "b1", "d1", "b2", "d2", "c"}, {"b2"}),
            (std::vector<std::uint32_t>{0, 0, 0, 1, 0, 1}));
}

}  // namespace
}  // namespace sluice::map
