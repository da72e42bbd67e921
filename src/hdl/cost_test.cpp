#include "hdl/cost.h"

#include <gtest/gtest.h>

namespace sluice::hdl {
namespace {

TEST(BlockRams, AreAsManyAsYosysBuilds) {
  struct Case {
    std::uint32_t width, words;
    std::uint64_t blocks;
  };
  // synth_xilinx -family xc7 and synth_ecp5 of Yosys 0.70, one write and one read port.
  for (const Case& c : {Case{50, 1200, 5}, Case{37, 2100, 7}, Case{46, 600, 3}, Case{28, 1400, 3},
                        Case{41, 1537, 5}, Case{65, 1100, 6}, Case{20, 3000, 5}, Case{73, 700, 5},
                        Case{12, 4500, 5}, Case{10, 2500, 3}, Case{5, 9000, 5}, Case{37, 1246, 4}})
    EXPECT_EQ(blockRams(c.width, c.words), c.blocks) << c.width << " x " << c.words;
}

TEST(BlockRams, OneBlockHoldsEachOfItsShapes) {
  for (const auto& [width, words] :
       {std::pair{36u, 512u}, {18u, 1024u}, {9u, 2048u}, {4u, 4096u}, {2u, 8192u}, {1u, 16384u}})
    EXPECT_EQ(blockRams(width, words), 1u) << width << " x " << words;
}

}  // namespace
}  // namespace sluice::hdl
