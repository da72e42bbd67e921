#include "architecture.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <map>

#include "base/file.h"
#include "base/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

/// A made-up tree with two areas, `base` above `ir`, both described.
class ArchitectureTest : public testing::Test {
 protected:
  ArchitectureTest() {
    std::string pattern = (fs::temp_directory_path() / "sluice-architecture-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    put("ARCHITECTURE.md",
        "# x\n### `base`\nwhat everybody needs and nobody owns\n### `ir`: graphs\nthe graph and its numbered "
        "rules\n");
    put("src/base/text.h", "#include <string>\n");
    put("src/base/text.cpp", "#include \"base/text.h\"\n");
    put("src/ir/graph.cpp", "#include \"ir/graph.h\"\n\n#include \"base/text.h\"\n");
    put("src/ir/graph.h", "");
  }
  ~ArchitectureTest() override { fs::remove_all(root_); }
  void put(const std::string& name, const std::string& content) const {
    ASSERT_TRUE(writeFile(root_ / name, content).ok());
  }
  [[nodiscard]] std::string problems() const {
    return join(architectureProblems(root_, {"base", "ir"}), "\n");
  }
  fs::path root_;
};

TEST_F(ArchitectureTest, ATreeInOrderHasNoProblems) { EXPECT_EQ(problems(), ""); }

TEST_F(ArchitectureTest, AnIncludeThatPointsDownIsFoundWithFileAndLine) {
  put("src/base/deep/file.cpp", "// text\n#include \"base/text.h\"\n  #  include \"ir/graph.h\"\n");
  EXPECT_EQ(
      problems(),
      "src/base/deep/file.cpp:3: includes \"ir/graph.h\", but 'base' stands above 'ir' and may not know it");
}

TEST_F(ArchitectureTest, AngleBracketsDoNotHideIt) {
  put("src/base/file.h", "#include <ir/graph.h>\n");
  EXPECT_NE(problems().find("src/base/file.h:1: includes \"ir/graph.h\""), std::string::npos);
}

TEST_F(ArchitectureTest, ASystemIncludeIsNobodysArea) {
  put("src/base/file.h", "#include <sys/stat.h>\n#include \"generated.pb.h\"\n");
  EXPECT_EQ(problems(), "");
}

TEST_F(ArchitectureTest, AnIncludeOfANeighbourIsWrittenWithItsArea) {
  put("src/ir/file.cpp", "#include \"graph.h\"\n");
  EXPECT_EQ(problems(), "src/ir/file.cpp:1: includes \"graph.h\"; write it with its area, \"ir/graph.h\"");
}

TEST_F(ArchitectureTest, AFolderThatIsNoAreaIsFound) {
  put("src/misc/x.h", "");
  EXPECT_EQ(problems(), "src/misc: is no area; SLUICE_AREAS in CMakeLists.txt gives them their order");
}

TEST_F(ArchitectureTest, AnAreaWithoutDescriptionIsFound) {
  put("ARCHITECTURE.md", "### `base`\nwhat everybody needs and nobody owns\n");
  EXPECT_EQ(problems(), "src/ir: has no heading \"### `ir`\" in the code map of ARCHITECTURE.md");
}

TEST_F(ArchitectureTest, AHeadingWithNothingBelowItIsNoDescription) {
  put("ARCHITECTURE.md", "### `base`\nwhat everybody needs and nobody owns\n### `ir`\nlater\n");
  EXPECT_EQ(problems(), "ARCHITECTURE.md:3: says nothing about 'ir'");
}

TEST_F(ArchitectureTest, DescriptionsOfWhatIsNotThereAndOutOfOrderAreFound) {
  put("ARCHITECTURE.md",
      "### `ir`\nthe graph and its numbered rules\n### `base`\nwhat everybody needs and nobody owns\n### "
      "`map`\nis "
      "not there, is it?\n");
  EXPECT_EQ(problems(),
            "ARCHITECTURE.md: 'base' stands out of the order of the areas\n"
            "ARCHITECTURE.md: describes 'map', but there is no src/map");
}

TEST_F(ArchitectureTest, AMissingPageIsAProblem) {
  fs::remove(root_ / "ARCHITECTURE.md");
  EXPECT_NE(problems().find("ARCHITECTURE.md: cannot be read"), std::string::npos);
}

TEST(Areas, AreReadFromTheBuild) {
  EXPECT_EQ(areasOf("x\nset(SLUICE_AREAS base page\n  ir)\n"),
            (std::vector<std::string>{"base", "page", "ir"}));
  EXPECT_TRUE(areasOf("set(OTHER base)").empty());
}

TEST(Architecture, OfThisTreeIsAsDescribed) {
  const char* source = std::getenv("SLUICE_SOURCE");
  if (source == nullptr) GTEST_SKIP() << "SLUICE_SOURCE does not say where the sources are";
  const std::vector<std::string> areas = areasOf(readFile(fs::path(source) / "CMakeLists.txt").value());
  ASSERT_GE(areas.size(), 15u);
  EXPECT_EQ(join(architectureProblems(source, areas), "\n"), "");
}

}  // namespace
}  // namespace sluice
