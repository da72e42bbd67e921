#include "base/hash.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Hash, TheDigestOfNothingIsThePublishedOne) {
  // xxhsum -H2 of an empty file.
  EXPECT_EQ(digestOf("").hex(), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, ADigestIsReadAsItIsWrittenAndInNoOtherWay) {
  const Digest digest = digestOf("abc");
  EXPECT_EQ(parseDigest(digest.hex()), digest);
  for (const std::string text : {"", "99aa06d3014798d86001c324468d497", "99AA06D3014798D86001C324468D497F",
                                 "99aa06d3014798d86001c324468d497f0", "99aa06d3014798d86001c324468d497 "})
    EXPECT_FALSE(parseDigest(text)) << text;
}

TEST(Hash, PiecesGiveTheDigestOfTheWhole) {
  const std::string content(5000, 'x');
  Hasher hasher;
  hasher.update(std::string_view(content).substr(0, 17)).update(std::string_view(content).substr(17));
  EXPECT_EQ(hasher.digest(), digestOf(content));
}

TEST(Hash, FieldsCannotRunIntoOneAnother) {
  EXPECT_EQ(Hasher().update("ab").update("c").hex(), Hasher().update("a").update("bc").hex());
  EXPECT_NE(Hasher().field("ab").field("c").hex(), Hasher().field("a").field("bc").hex());
}

TEST(Hash, NumbersAreEightBytesLittleEndFirst) {
  EXPECT_EQ(Hasher().update(std::uint64_t{0x0102}).hex(),
            digestOf(std::string_view("\x02\x01\0\0\0\0\0\0", 8)).hex());
}

TEST(Hash, DigestMayBeAskedInTheMiddle) {
  Hasher hasher;
  hasher.update("a");
  EXPECT_EQ(hasher.digest(), digestOf("a"));
  hasher.update("b");
  EXPECT_EQ(hasher.digest(), digestOf("ab"));
}

}  // namespace
}  // namespace sluice
