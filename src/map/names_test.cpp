#include "map/names.h"

#include <gtest/gtest.h>

namespace sluice::map {
namespace {

TEST(Names, BecomeVerilogIdentifiers) {
  EXPECT_EQ(identifier("inp.1"), "inp_1");
  EXPECT_EQ(identifier("70"), "t70");
  EXPECT_EQ(identifier(""), "t");
  EXPECT_EQ(identifier("reg"), "t_reg");
  EXPECT_EQ(identifier("output"), "t_output");
  EXPECT_EQ(identifier("_a__b_"), "a_b");
  EXPECT_EQ(identifier("a/b:0"), "a_b_0");
}

TEST(Names, AreGivenOnce) {
  NamePool pool;
  EXPECT_EQ(pool.take("a.b"), "a_b");
  EXPECT_EQ(pool.take("a/b"), "a_b_2");
  EXPECT_EQ(pool.take("a_b"), "a_b_3");
}

}  // namespace
}  // namespace sluice::map
