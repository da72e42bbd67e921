#include "emit/beats.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace sluice::emit {
namespace {

TEST(Beats, ElementsLieFromTheLowestBitUpwards) {
  const kernel::Beat beat{.elements = 3, .format = {.bits = 4, .isSigned = true}};
  EXPECT_EQ(packBeats(std::vector<std::int64_t>{1, -1, 2}, beat), std::vector<std::uint64_t>{0x2f1});
}

TEST(Beats, EveryFormatComesBackAcrossWordBorders) {
  Rng rng(1);
  for (std::uint32_t bits = 1; bits <= 63; ++bits)
    for (const bool isSigned : {false, true}) {
      const kernel::Beat beat{.elements = 1 + static_cast<std::uint32_t>(rng.bits() % 20),
                              .format = {.bits = bits, .isSigned = isSigned}};
      const fixed::Interval range = beat.format.range();
      std::vector<std::int64_t> codes(beat.elements * 5);
      for (std::int64_t& code : codes) code = rng.uniform(range.lo, range.hi);
      EXPECT_EQ(unpackBeats(packBeats(codes, beat), beat), codes) << bits << " bits, signed " << isSigned;
    }
}

}  // namespace
}  // namespace sluice::emit
