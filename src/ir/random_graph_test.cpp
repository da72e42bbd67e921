#include "ir/random_graph.h"

#include "ir/regions.h"
#include "ir/testing.h"

namespace sluice::ir {
namespace {

TEST(RandomGraph, IsLegalLoweredAndWhollyNeeded) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Graph graph =
        randomGraph(seed, {.operations = 1 + seed % 9, .inputs = 1 + seed % 3, .mostOutputs = 2});
    EXPECT_TRUE(violations(graph).empty());
    const auto parts = regions(graph);
    ASSERT_TRUE(parts.ok()) << parts.error().text();
    EXPECT_EQ(parts->prologue.size() + parts->integer.size(), graph.nodes.size()) << print(graph);
    EXPECT_FALSE(parts->integer.empty());
  }
}

TEST(RandomGraph, IsTheSameForTheSameSeedAndOptions) {
  EXPECT_EQ(print(randomGraph(7)), print(randomGraph(7)));
  EXPECT_NE(print(randomGraph(7)), print(randomGraph(8)));
}

TEST(RandomGraph, HoldsEveryOperationThatIsAllowedAndNoOther) {
  std::vector<int> seen(opTable().size());
  const RandomGraphOptions options{.operations = 8, .leadingAxes = true, .transpose = true};
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (const Node& node : randomGraph(seed, options).nodes) ++seen[node.operation.index()];
  for (const Operation& operation :
       std::vector<Operation>{Dense{}, Threshold{}, Lookup{}, Rescale{}, Merge{}, TopK{}, Reshape{},
                              Transpose{}, Quantize{}, Input{}})
    EXPECT_GT(seen[operation.index()], 0) << info(operation).name;
  const RandomGraphOptions few{.realInputs = false,
                               .lookup = false,
                               .rescale = false,
                               .merge = false,
                               .topK = false,
                               .reshape = false};
  for (std::uint64_t seed = 0; seed < 100; ++seed)
    for (const Node& node : randomGraph(seed, few).nodes)
      EXPECT_TRUE(std::holds_alternative<Input>(node.operation) ||
                  std::holds_alternative<Dense>(node.operation) ||
                  std::holds_alternative<Threshold>(node.operation))
          << info(node.operation).name;
}

}  // namespace
}  // namespace sluice::ir
