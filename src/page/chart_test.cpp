#include "page/chart.h"

#include <gtest/gtest.h>

#include "page/chart_parts.h"

namespace sluice::page {
namespace {

bool has(const Html& html, const std::string& part) { return html.markup().find(part) != std::string::npos; }
std::size_t count(const Html& html, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = html.markup().find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

TEST(ChartParts, TicksAreRoundAndCoverTheRange) {
  EXPECT_EQ(ticks(0, 97, 4), (std::vector<double>{0, 50, 100}));
  EXPECT_EQ(ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(ticks(-3, 3, 3), (std::vector<double>{-4, -2, 0, 2, 4}));
  EXPECT_GE(ticks(5, 5, 4).size(), 2u) << "an empty range still has an axis";
}

TEST(ChartParts, NumbersAreShownAsPeopleReadThem) {
  EXPECT_EQ(shownNumber(12345), "12,345");
  EXPECT_EQ(shownNumber(0.25), "0.25");
  EXPECT_EQ(shownNumber(2.5), "2.5");
  EXPECT_EQ(coordinate(12.504), "12.5");
  EXPECT_EQ(coordinate(-0.001), "0");
  EXPECT_EQ(coordinate(100), "100");
}

TEST(BarChart, ABarBeyondItsBudgetIsRedAndTheMarkStandsAtTheBudget) {
  BarChart chart;
  chart.ownScale = true;
  chart.bars = {{"LUT", {{50, ""}}, 200, "200"}, {"BRAM", {{400, ""}}, 100, "100"}};
  const Html html = barChart(chart);
  EXPECT_TRUE(has(html, "<i class=\"t-blue\" style=\"width:25%\" title=\"50\"></i><u style=\"left:100%\">"));
  EXPECT_TRUE(has(html, "<i class=\"t-red\" style=\"width:100%\" title=\"400\"></i><u style=\"left:25%\">"));
  EXPECT_TRUE(has(html, "<b>50</b> of 200"));
}

TEST(BarChart, CommonScaleMakesBarsCompare) {
  BarChart chart;
  chart.series = {"split", "monolithic"};
  chart.bars = {{"a", {{10, ""}, {5, ""}}, {}, ""}, {"b", {{20, "twenty"}, {0, ""}}, {}, ""}};
  const Html html = barChart(chart);
  EXPECT_TRUE(has(html, "width:50%"));
  EXPECT_TRUE(has(html, "width:25%"));
  EXPECT_TRUE(has(html, "<b>twenty</b> / <b>0</b>"));
  EXPECT_TRUE(has(html, "monolithic</span>"));
}

TEST(BarChart, NothingAtAllIsNoDivisionByZero) {
  BarChart chart;
  chart.bars = {{"DSP", {{0, ""}}, {}, ""}};
  EXPECT_TRUE(has(barChart(chart), "width:0%"));
  EXPECT_TRUE(has(lineChart({}), "<svg"));
  EXPECT_TRUE(has(timeline({}), "axis"));
  EXPECT_TRUE(dag({}).empty());
}

TEST(StackedChart, SegmentsAddUpAndEmptyOnesAreLeftOut) {
  const Html html = stackedChart({{"compute", "memory", "FIFO"}, {{"a", {30, 0, 10}, "", {}}}});
  EXPECT_TRUE(has(html, "width:75%"));
  EXPECT_TRUE(has(html, "width:25%"));
  EXPECT_EQ(count(html, "<i "), 2u);
  EXPECT_TRUE(has(html, "<b>40</b>"));
}

TEST(LineChart, AStepKeepsItsValueUntilTheNextPoint) {
  LineChart chart;
  chart.lines = {{"a", {{0, 0}, {5, 10}, {10, 0}}, true, false}};
  EXPECT_TRUE(has(lineChart(chart), "d=\"M0 1000H500V0H1000V1000\""));
  chart.lines[0].step = false;
  EXPECT_TRUE(has(lineChart(chart), "d=\"M0 1000L500 0L1000 1000\""));
}

TEST(Timeline, SpansLieInPercentOfTheWhole) {
  Timeline chart;
  chart.unit = "cycles";
  chart.lanes = {{"dense", {{0, 50, Tone::blue, "frame 0"}, {100, 200, Tone::teal, ""}}}};
  const Html html = timeline(chart);
  EXPECT_TRUE(has(html, "style=\"left:0%;width:25%\" title=\"frame 0\""));
  EXPECT_TRUE(has(html, "style=\"left:50%;width:50%\""));
  EXPECT_TRUE(has(html, "0 cycles"));
}

TEST(DagChart, DrawsEveryNodeAndEdgeOncePerOrientation) {
  Dag graph;
  graph.nodes = {{"a<b", {"line"}, Tone::blue, "", {}},
                 {"c", {}, Tone::teal, "hint", {}},
                 {"d", {}, Tone::teal, "", {}}};
  graph.edges = {{0, 1, "u3", false}, {1, 2, "", true}, {0, 2, "", false}};
  const Html html = dag(graph);
  EXPECT_EQ(count(html, "<rect"), 6u);
  EXPECT_EQ(count(html, "class=\"head"), 6u);
  EXPECT_EQ(count(html, "class=\"strong\""), 2u);
  EXPECT_EQ(count(html, "<title>a&lt;b</title>"), 2u);
  EXPECT_EQ(count(html, "<title>hint</title>"), 2u);
  EXPECT_EQ(html.markup(), dag(graph).markup());
}

TEST(DagChart, ALongChainGoesOnInTheNextLine) {
  Dag graph;
  for (std::uint32_t i = 0; i < 40; ++i) {
    graph.nodes.push_back({"kernel " + std::to_string(i), {}, Tone::blue, "", {}});
    if (i > 0) graph.edges.push_back({i - 1, i, "", false});
  }
  const std::string markup = dag(graph).markup();
  const std::size_t at = markup.find("class=\"wide\" width=\"");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LE(std::atof(markup.c_str() + at + 20), 1100.0);
  EXPECT_NE(markup.find("Q"), std::string::npos) << "edges run back around corners";
}

}  // namespace
}  // namespace sluice::page
