#include "ir/random_twin.h"

#include "ir/testing.h"

namespace sluice::ir {
namespace {

// The reference on codes, the integer engine, and the same network on real numbers. One million of them:
// bench/quality/random_graphs.
TEST(RandomTwins, AgreeInEveryBit) {
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    const Status same = compareTwins(seed);
    ASSERT_TRUE(same.ok()) << same.error().text();
  }
}

TEST(RandomTwins, HoldEveryIntegerOperation) {
  std::vector<int> seen(opTable().size());
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    for (const Node& node : randomTwins(seed).codes.nodes) ++seen[node.operation.index()];
  for (std::size_t i = 0; i < seen.size(); ++i)
    EXPECT_TRUE(seen[i] > 0 || !opTable()[i].integer) << opTable()[i].name;
  for (const Operation& operation : std::vector<Operation>{Reshape{}, Transpose{}, Concat{}, Pad{}, Slice{},
                                                           Expand{}, Gather{}, Resize{}, Pool{}, Reduce{}})
    EXPECT_GT(seen[operation.index()], 0) << info(operation).name;
}

TEST(RandomTwins, AreTheSameForTheSameSeed) {
  EXPECT_EQ(print(randomTwins(3).codes), print(randomTwins(3).codes));
  EXPECT_EQ(print(randomTwins(3).reals), print(randomTwins(3).reals));
}

}  // namespace
}  // namespace sluice::ir
