#include "frontend/frontend_testing.h"

namespace sluice::frontend {
namespace {

using List = std::vector<std::int64_t>;

/// x [batch, 1, 2, 3] through one node with these attributes; y is the output.
OnnxWriter oneNode(const std::string& op, const std::vector<WrittenAttribute>& attributes,
                   std::int64_t batch = -1, std::int64_t opset = 13) {
  OnnxWriter file(opset);
  file.input("x", {batch, 1, 2, 3});
  file.node(op, {"x"}, {"y"}, attributes, "n");
  file.output("y");
  return file;
}
OnnxWriter reshapeTo(const List& shape, std::int64_t batch, std::int64_t allowZero = 0) {
  OnnxWriter file(14);
  file.input("x", {batch, 1, 2, 3});
  file.integers("shape", {static_cast<std::int64_t>(shape.size())}, shape);
  file.node("Reshape", {"x", "shape"}, {"y"}, {{"allowzero", allowZero}}, "n");
  file.output("y");
  return file;
}
ir::Shape outputShape(const ir::Graph& graph) {
  return graph.outputs.empty() ? ir::Shape{-1} : graph.tensor(graph.outputs[0]).type.shape;
}

TEST(ImportShape, TheFirstAxisIsTheBatchAndIsDropped) {
  EXPECT_EQ(outputShape(imported(oneNode("Relu", {}, 1))), (ir::Shape{1, 2, 3}));
  EXPECT_EQ(outputShape(imported(oneNode("Relu", {}, 7))), (ir::Shape{1, 2, 3}));
  EXPECT_EQ(outputShape(imported(oneNode("Relu", {}, -1))), (ir::Shape{1, 2, 3}));
}

TEST(ImportShape, FlattenKeepsTheBatchAndFlattensTheRest) {
  EXPECT_EQ(outputShape(imported(oneNode("Flatten", {{"axis", 1}}))), ir::Shape{6});
  EXPECT_EQ(outputShape(imported(oneNode("Flatten", {{"axis", -3}}))), ir::Shape{6});
  EXPECT_EQ(outputShape(imported(oneNode("Flatten", {{"axis", 2}}))), ir::Shape{6});  // d1 is 1
  EXPECT_EQ(outputShape(imported(oneNode("Flatten", {{"axis", 0}}, 1))), ir::Shape{6});
  EXPECT_NE(errorOf(importWritten(oneNode("Flatten", {{"axis", 0}}, 2))).find("would mix the batch axis"),
            std::string::npos);
  EXPECT_NE(errorOf(importWritten(oneNode("Flatten", {{"axis", 3}}))).find("would mix the batch axis"),
            std::string::npos);
}

TEST(ImportShape, ReshapeTakesEveryWayOfWritingTheBatch) {
  EXPECT_EQ(outputShape(imported(reshapeTo({-1, 6}, -1))), ir::Shape{6});  // inferred
  EXPECT_EQ(outputShape(imported(reshapeTo({0, -1}, -1))), ir::Shape{6});  // copied
  EXPECT_EQ(outputShape(imported(reshapeTo({1, -1}, 1))), ir::Shape{6});   // named
  EXPECT_EQ(outputShape(imported(reshapeTo({5, 3, 2}, 5))), (ir::Shape{3, 2}));
  EXPECT_EQ(outputShape(imported(reshapeTo({1, -1}, -1))), ir::Shape{6});  // exported with batch 1
  EXPECT_EQ(outputShape(imported(reshapeTo({0, 0, 6}, -1))),
            (ir::Shape{1, 6}));  // 0 copies the axis of its own place
}

TEST(ImportShape, ReshapeThatMixesSamplesOrDoesNotFitIsRefused) {
  EXPECT_NE(errorOf(importWritten(reshapeTo({-1, 3}, -1))).find("mix the batch axis"), std::string::npos);
  EXPECT_NE(errorOf(importWritten(reshapeTo({6}, 1))).find("mix the batch axis"), std::string::npos);
  EXPECT_NE(errorOf(importWritten(reshapeTo({-1, -1}, 1))).find("several extents open"), std::string::npos);
  EXPECT_NE(errorOf(importWritten(reshapeTo({1, 7}, 1))).find("mix the batch axis"), std::string::npos);
  EXPECT_NE(errorOf(importWritten(reshapeTo({2, 3}, 1))).find("mix the batch axis"), std::string::npos);
}

TEST(ImportShape, ShapeArithmeticFoldsAwayForAFixedAndForAnOpenBatch) {
  for (const std::int64_t batch : {std::int64_t{1}, std::int64_t{-1}}) {
    OnnxWriter file(9);
    file.input("x", {batch, 1, 2, 3});
    file.integers("first", {}, {0});
    file.integers("rest", {1}, {-1});
    file.node("Shape", {"x"}, {"s"});
    file.node("Gather", {"s", "first"}, {"n"}, {{"axis", 0}});
    file.node("Unsqueeze", {"n"}, {"n1"}, {{"axes", List{0}}});
    file.node("Concat", {"n1", "rest"}, {"to"}, {{"axis", 0}});
    file.node("Reshape", {"x", "to"}, {"y"});
    file.output("y");
    const ir::Graph graph = imported(file);
    EXPECT_EQ(opNames(graph), (Names{"input", "reshape"}));
    EXPECT_EQ(outputShape(graph), ir::Shape{6});
    EXPECT_EQ(graph.nodes.back().origins,
              (Names{"Shape_0", "Gather_1", "Unsqueeze_2", "Concat_3", "Reshape_4"}));
  }
}

TEST(ImportShape, ArithmeticWithAnOpenBatchIsUnsupported) {
  OnnxWriter file;
  file.input("x", {-1, 4});
  file.integers("two", {}, {2});
  file.node("Shape", {"x"}, {"s"});
  file.node("Mul", {"s", "two"}, {"t"}, {}, "twice");
  file.node("Reshape", {"x", "t"}, {"y"});
  file.output("y");
  EXPECT_NE(errorOf(importWritten(file)).find("node 'twice' (Mul): it computes with the batch size"),
            std::string::npos);
}

TEST(ImportShape, TransposeMovesAxesOfASampleButNotTheBatch) {
  const ir::Graph graph = imported(oneNode("Transpose", {{"perm", List{0, 3, 2, 1}}}));
  EXPECT_EQ(outputShape(graph), (ir::Shape{3, 2, 1}));
  EXPECT_EQ(run(graph, {1, 2, 3, 4, 5, 6}), (std::vector<double>{1, 4, 2, 5, 3, 6}));
  EXPECT_NE(
      errorOf(importWritten(oneNode("Transpose", {{"perm", List{1, 0, 2, 3}}}))).find("moves the batch axis"),
      std::string::npos);
  EXPECT_NE(errorOf(importWritten(oneNode("Transpose", {}))).find("moves the batch axis"), std::string::npos);
  EXPECT_NE(
      errorOf(importWritten(oneNode("Transpose", {{"perm", List{0, 1, 1, 2}}}))).find("does not permute"),
      std::string::npos);
}

TEST(ImportShape, SqueezeAndUnsqueezeTakeTheirAxesFromTheAttributeOrTheInput) {
  EXPECT_EQ(outputShape(imported(oneNode("Squeeze", {{"axes", List{1}}}, -1, 11))), (ir::Shape{2, 3}));
  EXPECT_EQ(outputShape(imported(oneNode("Unsqueeze", {{"axes", List{-1, 1}}}, -1, 11))),
            (ir::Shape{1, 1, 2, 3, 1}));
  EXPECT_NE(errorOf(importWritten(oneNode("Squeeze", {{"axes", List{2}}}))).find("has extent 2, not 1"),
            std::string::npos);
  EXPECT_NE(errorOf(importWritten(oneNode("Squeeze", {{"axes", List{0}}}, 1))).find("removes the batch axis"),
            std::string::npos);
  EXPECT_NE(errorOf(importWritten(oneNode("Unsqueeze", {{"axes", List{0}}}))).find("before the batch axis"),
            std::string::npos);
  EXPECT_NE(errorOf(importWritten(oneNode("Squeeze", {}, 1))).find("name the axes"), std::string::npos);
  OnnxWriter file(13);
  file.input("x", {-1, 2});
  file.integers("axes", {1}, {2});
  file.node("Unsqueeze", {"x", "axes"}, {"y"});
  file.output("y");
  EXPECT_EQ(outputShape(imported(file)), (ir::Shape{2, 1}));
}

TEST(ImportShape, IdentityDropoutAndCastVanishAndAnOutputKeepsTheFilesName) {
  OnnxWriter file(11);
  file.input("x", {-1, 2});
  file.node("Identity", {"x"}, {"a"}, {}, "same");
  file.node("Dropout", {"a"}, {"b", "mask"}, {{"ratio", 0.5f}}, "drop");
  file.node("Cast", {"b"}, {"c"}, {{"to", 1}}, "cast");
  file.node("Relu", {"c"}, {"d"}, {}, "relu");
  file.node("Identity", {"d"}, {"y"}, {}, "out");
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(opNames(graph), (Names{"input", "unary", "reshape"}));
  EXPECT_EQ(graph.tensor(graph.outputs[0]).name, "y");
  EXPECT_EQ(graph.nodes[2].name, "out");
  EXPECT_EQ(graph.nodes[1].origins, (Names{"same", "drop", "cast", "relu"}));
}

TEST(ImportShape, SliceAndConstantsOfAnyKindFold) {
  OnnxWriter file(13);
  file.input("x", {-1, 6});
  file.node("Constant", {}, {"c"}, {{"value", WrittenTensor{"", {4}, List{9, 2, 3, 9}}}});
  file.node("Constant", {}, {"from"}, {{"value", WrittenTensor{"", {1}, List{1}}}});
  file.node("Constant", {}, {"to"}, {{"value", WrittenTensor{"", {1}, List{3}}}});
  file.node("Constant", {}, {"batch"}, {{"value_int", -1}});
  file.node("Constant", {}, {"zero"}, {{"value", WrittenTensor{"", {1}, List{0}}}});
  file.node("Unsqueeze", {"batch", "zero"}, {"b1"});
  file.node("Slice", {"c", "from", "to"}, {"mid"});
  file.node("Concat", {"b1", "mid"}, {"shape"}, {{"axis", 0}});
  file.node("Reshape", {"x", "shape"}, {"y"});
  file.output("y");
  EXPECT_EQ(outputShape(imported(file)), (ir::Shape{2, 3}));
}

TEST(ImportShape, AnInputOfRankOneHasNoBatch) {
  OnnxWriter file;
  file.input("x", {3});
  file.tensor("w", {3, 1}, {1, 10, 100});
  file.node("MatMul", {"x", "w"}, {"y"});
  file.output("y");
  EXPECT_EQ(run(imported(file), {1, 2, 3}), std::vector<double>{321});
}

}  // namespace
}  // namespace sluice::frontend
