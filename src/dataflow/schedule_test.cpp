#include "dataflow/schedule.h"

#include <gtest/gtest.h>

#include "dataflow/runs.h"
#include "dataflow/testing.h"

namespace sluice::dataflow {
namespace {

/// The dense layer of schedule.h: 2 output folds of 4 input folds.
Schedule dense() {
  return {{{2}, {4}},
          1,
          5,
          {{0, Direction::read, 0, {{0, Relation::equal, 0}}},
           {1, Direction::write, 5, {{1, Relation::equal, 3}}}}};
}

TEST(Schedule, CountsIterationsAndBeats) {
  EXPECT_EQ(iterations(dense()), 8u);
  EXPECT_EQ(beatsPerPass(dense(), 0), 4u);
  EXPECT_EQ(beatsPerPass(dense(), 1), 2u);
  EXPECT_EQ(iterations(Schedule{}), 1u);
}

TEST(Schedule, SaysInWhichIterationsAPortMovesABeat) {
  std::string reads, writes;
  for (std::uint64_t i = 0; i < 8; ++i) {
    reads += accesses(dense(), 0, i) ? 'x' : '.';
    writes += accesses(dense(), 1, i) ? 'x' : '.';
  }
  EXPECT_EQ(reads, "xxxx....");
  EXPECT_EQ(writes, "...x...x");
}

TEST(Schedule, SeveralAccessesOfAPortAreTheUnionOfTheirIterations) {
  Schedule s = dense();
  s.accesses.push_back({1, Direction::write, 5, {{0, Relation::greaterEqual, 1}, {1, Relation::less, 2}}});
  s.accesses.push_back({1, Direction::write, 5, {{0, Relation::equal, 1}, {1, Relation::equal, 0}}});
  std::string writes;
  for (std::uint64_t i = 0; i < 8; ++i) writes += accesses(s, 1, i) ? 'x' : '.';
  EXPECT_EQ(writes, "...xxx.x");
  EXPECT_EQ(beatsPerPass(s, 1), 4u);
}

TEST(Runs, WalkTheSameBeatsAsTheCountersPassAfterPass) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Rng rng(seed);
    const Schedule s = testing::randomSchedule(rng, 2, 2);
    const RunTree tree(s);
    RunCursor cursor(tree);
    for (int pass = 0; pass < 3; ++pass) {
      std::uint64_t i = 0;
      for (bool over = false; !over; over = cursor.advance()) {
        const std::uint64_t mask = cursor.mask() == 0 ? 0 : tree.masks()[cursor.mask() - 1];
        for (std::uint64_t k = 0; k < cursor.iterations(); ++k, ++i)
          for (std::uint32_t p = 0; p < 4; ++p) ASSERT_EQ((mask >> p & 1u) != 0, accesses(s, p, i)) << seed;
      }
      ASSERT_EQ(i, iterations(s)) << seed;
    }
  }
}

TEST(Runs, DoNotGrowWithTheExtents) {
  // A 3x3 window over 100,000 x 100,000 pixels of 64 channels: 6.4e11 iterations, counted at once.
  Schedule s;
  s.loops = {{100000}, {100000}, {64}};
  s.accesses = {{0, Direction::read, 0, {{2, Relation::equal, 0}}},
                {1, Direction::write, 0, {{0, Relation::greaterEqual, 2}, {1, Relation::greaterEqual, 2}}}};
  EXPECT_EQ(beatsPerPass(s, 0), 10000000000u);
  EXPECT_EQ(beatsPerPass(s, 1), 99998ull * 99998ull * 64ull);
}

}  // namespace
}  // namespace sluice::dataflow
