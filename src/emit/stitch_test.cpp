#include "emit/stitch.h"

#include <gtest/gtest.h>

#include <set>

#include "ir/testing.h"
#include "map/map.h"
#include "map/testing.h"

namespace sluice::emit {
namespace {

map::Design designOf(const std::vector<std::string>& splitBefore) {
  const ir::Graph graph = ir::graphOf(map::kTwoProducts);
  Result<map::Design> design =
      map::mapGraph(graph, {.regime = map::Regime::streamed, .reuseFactor = 4, .splitBefore = splitBefore});
  EXPECT_TRUE(design.ok());
  EXPECT_TRUE(map::sizeStreams(*design, hdl::Family::xc7).ok());
  return std::move(design).value();
}

std::set<std::string> portNames(const hdl::Module& module) {
  std::set<std::string> names;
  for (const hdl::Port& port : module.inputs) names.insert(port.name);
  for (const hdl::Port& port : module.outputs) names.insert(port.name);
  return names;
}

TEST(Stitch, TheTopHasReadyValidPortsNamedAfterTheNetworks) {
  const Result<Rtl> rtl = stitch(designOf({}), hdl::Family::xc7);
  ASSERT_TRUE(rtl.ok());
  EXPECT_EQ(rtl->top->name, "top");
  EXPECT_EQ(portNames(*rtl->top),
            (std::set<std::string>{"x_data", "x_valid", "x_ready", "b_data", "b_valid", "b_ready"}));
}

TEST(Stitch, EverySubgraphStandsOnItsOwnBehindReadyValidPorts) {
  const Result<Rtl> rtl = stitch(designOf({"b"}), hdl::Family::xc7);
  ASSERT_TRUE(rtl.ok());
  ASSERT_EQ(rtl->subgraphs.size(), 2u);
  for (const auto& subgraph : rtl->subgraphs) EXPECT_EQ(portNames(*subgraph).size(), 6u) << subgraph->name;
}

TEST(Stitch, FilesComeLeavesFirstAndTheListNamesThemAll) {
  const Result<Rtl> rtl = stitch(designOf({"b"}), hdl::Family::xc7);
  ASSERT_TRUE(rtl.ok());
  const std::vector<File> files = verilogFiles(*rtl);
  ASSERT_GE(files.size(), 2u);
  EXPECT_EQ(files[files.size() - 2].name, "rtl/top.v");
  std::string list;
  for (std::size_t f = 0; f + 1 < files.size(); ++f) list += files[f].name + "\n";
  EXPECT_EQ(files.back().name, "rtl/top.f");
  EXPECT_EQ(files.back().content, list);
}

TEST(Stitch, TheSameDesignGivesTheSameBytes) {
  const Result<Rtl> a = stitch(designOf({"b"}), hdl::Family::xc7),
                    b = stitch(designOf({"b"}), hdl::Family::xc7);
  ASSERT_TRUE(a.ok() && b.ok());
  const std::vector<File> one = verilogFiles(*a), two = verilogFiles(*b);
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t f = 0; f < one.size(); ++f) EXPECT_EQ(one[f].content, two[f].content) << one[f].name;
}

}  // namespace
}  // namespace sluice::emit
