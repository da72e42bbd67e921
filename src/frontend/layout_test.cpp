#include "frontend/layout.h"

#include "frontend/frontend_testing.h"

namespace sluice::frontend {
namespace {

TEST(Layout, AnOrderAndItsInverseGiveTheIdentity) {
  const Order order{2, 0, 3, 1};
  const Order inverse = inverseOrder(order);
  for (std::size_t j = 0; j < order.size(); ++j)
    EXPECT_EQ(inverse[static_cast<std::size_t>(order[j])], static_cast<std::int64_t>(j));
  EXPECT_TRUE(layoutOf({0, 1, 2}).isPlain());
  EXPECT_EQ(withLast(3, 0), (Order{1, 2, 0}));
  EXPECT_EQ(withoutAxes({1, 2, 0}, {1}), (Order{1, 0}));
  EXPECT_EQ(fileShapeOf({5, 6, 3}, layoutOf({1, 2, 0})), (ir::Shape{3, 5, 6}));
}

TEST(Layout, PermutingExtentsOfOneMovesNothing) {
  EXPECT_TRUE(movesNothing({1, 5, 6}, {1, 2, 0}));
  EXPECT_TRUE(movesNothing({1, 1, 6}, {2, 0, 1}));
  EXPECT_FALSE(movesNothing({2, 1, 6}, {2, 0, 1}));
}

TEST(Layout, FlatPositionsSayWhereTheFileHasEachElement) {
  // The graph holds [2 pixels, 3 channels] of a file's [3, 2].
  EXPECT_EQ(flatPositions({.shape = {2, 3}, .order = {1, 0}}), (std::vector<std::int64_t>{0, 2, 4, 1, 3, 5}));
}

/// conv -> relu -> flatten -> dense in a channels-first file: one Transpose, at the input.
TEST(Layout, AConvolutionAndTheDenseLayerBehindItNeedNoTransposeInBetween) {
  OnnxWriter file;
  file.input("x", {-1, 2, 3, 3});
  file.tensor("w", {2, 2, 1, 1}, {1, 0, 0, 1});  // the identity on channels
  std::vector<float> rows(18);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i + 1);
  file.tensor("d", {18, 1}, rows);
  file.node("Conv", {"x", "w"}, {"c"}, {}, "conv");
  file.node("Relu", {"c"}, {"r"}, {}, "relu");
  file.node("Flatten", {"r"}, {"f"}, {}, "flat");
  file.node("MatMul", {"f", "d"}, {"y"}, {}, "dense");
  file.output("y", {-1, 1});
  const ir::Graph graph = imported(file);
  EXPECT_EQ(opNames(graph), (Names{"input", "transpose", "conv", "unary", "reshape", "matMul"}));
  std::vector<double> x(18);
  double expected = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<double>(i * i);
    expected += x[i] * rows[i];
  }
  EXPECT_EQ(run(graph, x), std::vector<double>{expected});
}

TEST(Layout, TransposesAroundAConvolutionVanish) {
  OnnxWriter file;
  file.input("x", {-1, 3, 3, 2});
  file.tensor("w", {1, 2, 1, 1}, {1, 10});
  file.node("Transpose", {"x"}, {"t"}, {{"perm", std::vector<std::int64_t>{0, 3, 1, 2}}});
  file.node("Conv", {"t", "w"}, {"c"});
  file.node("Transpose", {"c"}, {"y"}, {{"perm", std::vector<std::int64_t>{0, 2, 3, 1}}});
  file.output("y", {-1, 3, 3, 1});
  const ir::Graph graph = imported(file);
  EXPECT_EQ(opNames(graph), (Names{"input", "conv", "reshape"}));  // the last gives the output its name
}

TEST(Layout, AChannelsFirstOutputHasTheFilesOrderAndName) {
  OnnxWriter file;
  file.input("x", {-1, 2, 1, 3});
  file.tensor("w", {2, 2, 1, 1}, {0, 1, 1, 0});  // exchanges the channels
  file.node("Conv", {"x", "w"}, {"y"}, {}, "conv");
  file.output("y", {-1, 2, 1, 3});
  const ir::Graph graph = imported(file);
  EXPECT_EQ(graph.tensor(graph.outputs[0]).name, "y");
  EXPECT_EQ(run(graph, {1, 2, 3, 4, 5, 6}), (std::vector<double>{4, 5, 6, 1, 2, 3}));
}

TEST(Layout, NotesSayWhereTheFilesTensorsAre) {
  OnnxWriter file;
  file.input("x", {-1, 2, 3, 3});
  file.tensor("w", {4, 2, 1, 1}, std::vector<float>(8, 1));
  file.node("Conv", {"x", "w"}, {"c"});
  file.node("Flatten", {"c"}, {"y"});
  file.output("y", {-1, 36});
  ImportNotes notes;
  ASSERT_TRUE(importOnnxBytes(file.bytes(), "net", {}, &notes).ok());
  ASSERT_EQ(notes.places.size(), 2u);
  EXPECT_EQ(notes.places[0].order, (Order{1, 2, 0}));
  EXPECT_EQ(notes.places[1].flattened, (ir::Shape{3, 3, 4}));
}

TEST(Layout, InputShapesCanBeReplaced) {
  OnnxWriter file;
  file.input("x", {1, 1, 64, 64});
  file.valueInfo("c", {1, 1, 64, 64});
  file.tensor("w", {1, 1, 1, 1}, {2});
  file.node("Conv", {"x", "w"}, {"c"});
  file.node("Relu", {"c"}, {"y"});
  file.output("y", {1, 1, 64, 64});
  const auto graph = importOnnxBytes(file.bytes(), "net", {.inputShapes = {{"x", {1, 1, 8, 8}}}});
  ASSERT_TRUE(graph.ok()) << graph.error().text();
  EXPECT_EQ(graph->tensor(graph->outputs[0]).type.shape, (ir::Shape{1, 8, 8}));
}

}  // namespace
}  // namespace sluice::frontend
