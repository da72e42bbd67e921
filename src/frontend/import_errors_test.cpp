#include <cmath>

#include "frontend/frontend_testing.h"

namespace sluice::frontend {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

OnnxWriter reluNet(std::int64_t opset = 13, std::int64_t irVersion = 7) {
  OnnxWriter file(opset, irVersion);
  file.input("x", {-1, 2});
  file.node("Relu", {"x"}, {"y"});
  file.output("y");
  return file;
}

TEST(ImportErrors, EveryUnsupportedNodeIsListedOnceWithOperatorAndReason) {
  OnnxWriter file;
  file.input("x", {-1, 4});
  file.valueInfo("a", {-1, 4});
  file.node("LSTM", {"x"}, {"a"}, {}, "first");
  file.node("Relu", {"a"}, {"b"}, {}, "fine");
  file.node("Sinh", {"b"}, {"c"}, {}, "second");
  file.node("Softmax", {"x"}, {"d"}, {{"axis", 0}}, "third");
  file.node("Mystery", {"c"}, {"e"}, {}, "fourth", "com.example");
  file.node("Add", {"e", "d"}, {"y"}, {}, "behind");
  file.output("y");
  const auto graph = importWritten(file);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::unsupported);
  const std::string error = errorOf(graph);
  EXPECT_TRUE(has(error, "node 'first' (LSTM): recurrent layers are not yet supported")) << error;
  EXPECT_TRUE(has(error, "node 'second' (Sinh): the operator is not supported"));
  EXPECT_TRUE(has(error, "node 'third' (Softmax): it runs over axis 0"));
  EXPECT_TRUE(has(error, "node 'fourth' (Mystery): the operator is not supported (domain 'com.example')"));
  EXPECT_FALSE(has(error, "fine"));
  EXPECT_FALSE(has(error, "behind"));
  EXPECT_EQ(error.find("LSTM"), error.rfind("LSTM"));
}

TEST(ImportErrors, ProblemsBehindARefusedNodeAreFoundWhereTheFileDeclaresItsShape) {
  OnnxWriter file;
  file.input("x", {-1, 4});
  file.valueInfo("a", {-1, 4});
  file.node("Sinh", {"x"}, {"a"}, {}, "first");
  file.node("Transpose", {"a"}, {"y"}, {{"perm", std::vector<std::int64_t>{1, 0}}}, "second");
  file.output("y");
  const std::string error = errorOf(importWritten(file));
  EXPECT_TRUE(has(error, "node 'first'")) << error;
  EXPECT_TRUE(has(error, "node 'second' (Transpose): permutation [1, 0] moves the batch axis"));
}

TEST(ImportErrors, NodesThatNoOutputNeedsAreLeftOutAndCannotFail) {
  OnnxWriter file = reluNet();
  file.node("Sinh", {"x"}, {"unused"});
  EXPECT_EQ(opNames(imported(file)), (Names{"input", "unary"}));
}

TEST(ImportErrors, NodesInAnyOrderAreSortedAndNamed) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.node("Relu", {"b"}, {"y"});
  file.node("Neg", {"a"}, {"b"}, {}, "twin");
  file.node("Tanh", {"x"}, {"a"}, {}, "twin");
  file.output("y");
  const ir::Graph graph = imported(file);
  Names names;
  for (const ir::Node& node : graph.nodes) names.push_back(node.name);
  EXPECT_EQ(names, (Names{"x", "twin", "twin_2", "Relu_0"}));
}

TEST(ImportErrors, ACycleIsNamed) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.node("Add", {"x", "b"}, {"a"}, {}, "one");
  file.node("Relu", {"a"}, {"b"}, {}, "two");
  file.output("b");
  EXPECT_TRUE(has(errorOf(importWritten(file)), "node 'one' (Add): the nodes form a cycle"));
}

TEST(ImportErrors, TensorsMadeTwiceOrNeverAreNamed) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.node("Relu", {"x"}, {"y"}, {}, "one");
  file.node("Relu", {"ghost"}, {"y"}, {}, "two");
  file.output("y");
  file.output("nowhere");
  const auto graph = importWritten(file);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, ErrorCode::badInput);
  EXPECT_TRUE(has(errorOf(graph), "node 'two' (Relu): tensor 'y' is made twice")) << errorOf(graph);
  EXPECT_TRUE(has(errorOf(graph), "input 'ghost' is made by no node"));
  EXPECT_TRUE(has(errorOf(graph), "output 'nowhere' is made by no node"));
}

TEST(ImportErrors, InitializersMayBeListedAsInputsToo) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.input("w", {2, 1});
  file.tensor("w", {2, 1}, {1, 2});
  file.node("MatMul", {"x", "w"}, {"y"});
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(graph.inputs.size(), 1u);
  EXPECT_EQ(run(graph, {3, 4}), std::vector<double>{11});
}

TEST(ImportErrors, VersionsTooOldAreRefusedAndNewerOnesAreTaken) {
  EXPECT_TRUE(has(errorOf(importWritten(reluNet(5))), "operator set 5"));
  EXPECT_TRUE(has(errorOf(importWritten(reluNet(13, 2))), "IR version 2"));
  EXPECT_TRUE(importWritten(reluNet(999, 99)).ok());
}

TEST(ImportErrors, DeclaredShapesMustAgreeWithWhatTheNodesGive) {
  OnnxWriter file = reluNet();
  file.valueInfo("y", {-1, 2});
  EXPECT_TRUE(importWritten(file).ok());
  OnnxWriter wrong = reluNet();
  wrong.node("Neg", {"y"}, {"z"}, {}, "n");
  wrong.valueInfo("z", {-1, 3});
  wrong.output("z");
  EXPECT_TRUE(
      has(errorOf(importWritten(wrong)), "the file declares shape [-1, 3] for 'z', its node gives [-1, 2]"))
      << errorOf(importWritten(wrong));
}

TEST(ImportErrors, InputsWithoutShapeOrWithOpenOrAbsurdExtentsAreRefused) {
  const auto message = [](const std::vector<std::int64_t>& shape, std::int32_t type = 1) {
    OnnxWriter file;
    file.input("x", shape, type);
    file.node("Relu", {"x"}, {"y"});
    file.output("y");
    return errorOf(importWritten(file));
  };
  EXPECT_TRUE(has(message({}), "the file does not give its shape"));
  EXPECT_TRUE(has(message({1, -1}), "leaves more than the batch open"));
  EXPECT_TRUE(has(message({1, std::int64_t{1} << 40}), "2^40"));
  EXPECT_TRUE(has(message({1, INT64_MAX, INT64_MAX}), "2^40"));
  EXPECT_TRUE(has(message({1, 2}, 8), "its elements are STRING"));
}

TEST(ImportErrors, OutputsBesideTheFirstAreRefusedWhereTheyAreUsed) {
  OnnxWriter file(11);
  file.input("x", {-1, 2});
  file.node("Dropout", {"x"}, {"a", "mask"}, {}, "drop");
  file.node("Add", {"a", "mask"}, {"y"});
  file.output("y");
  EXPECT_TRUE(has(errorOf(importWritten(file)), "node 'drop' (Dropout): output 1 ('mask') is used"));
}

TEST(ImportErrors, AConstantOutputIsRefused) {
  OnnxWriter file = reluNet();
  file.scalar("c", 1);
  file.output("c");
  EXPECT_TRUE(has(errorOf(importWritten(file)), "output 'c': it is a constant"));
}

TEST(ImportErrors, AFileThatIsNoModelSaysSo) {
  EXPECT_TRUE(has(errorOf(importOnnxBytes("", "net")), "net: the file is empty"));
  EXPECT_TRUE(has(errorOf(importOnnxBytes("This is a README.", "net")), "no ONNX file"));
  EXPECT_TRUE(has(errorOf(importOnnxBytes(std::string("\x08\x07", 2), "net")), "holds no graph"));
  const auto missing = importOnnx("/nonexistent/net.onnx");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::io);
}

/// A TensorProto by hand: dims 1, data_type 2, name 8, raw_data 9, data_location 14, external_data 13.
std::string withTensor(const WireWriter& tensor) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.graphField(5, tensor);
  file.node("Add", {"x", "c"}, {"y"});
  file.output("y");
  return errorOf(importOnnxBytes(file.bytes(), "net"));
}

TEST(ImportErrors, StoredTensorsThatCannotBeReadAreNamed) {
  WireWriter shortData;
  shortData.varint(1, 2).varint(2, 1).bytes(8, "c").bytes(9, "12345");
  EXPECT_TRUE(has(withTensor(shortData), "tensor 'c': shape [2] of FLOAT needs 8 bytes, the file holds 5"))
      << withTensor(shortData);
  WireWriter absurd;
  absurd.varint(1, std::uint64_t{1} << 62).varint(2, 1).bytes(8, "c").bytes(9, "12345678");
  EXPECT_TRUE(has(withTensor(absurd), "more than 2^40 elements"));
  WireWriter negative;
  negative.varint(1, ~std::uint64_t{0}).varint(2, 1).bytes(8, "c").bytes(9, "12345678");
  EXPECT_TRUE(has(withTensor(negative), "negative extent"));
  WireWriter text;
  text.varint(1, 2).varint(2, 8).bytes(8, "c").bytes(9, "ab");
  EXPECT_TRUE(has(withTensor(text), "elements of STRING are not supported"));
  WireWriter outside;
  outside.varint(1, 2).varint(2, 1).bytes(8, "c").varint(14, 1);
  EXPECT_TRUE(has(withTensor(outside), "save the model as one file"));
  WireWriter infinite;
  infinite.varint(1, 1).varint(2, 1).bytes(8, "c").bytes(9, std::string("\x00\x00\x80\x7f", 4));
  EXPECT_TRUE(has(withTensor(infinite), "a NaN or an infinity"));
}

TEST(ImportErrors, HalfPrecisionAndTypedFieldsAreReadExactly) {
  WireWriter half;  // 1.5, and the smallest subnormal
  half.varint(1, 2).varint(2, 10).bytes(8, "c").bytes(9, std::string("\x00\x3e\x01\x00", 4));
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.graphField(5, half);
  file.node("Add", {"x", "c"}, {"y"});
  file.output("y");
  EXPECT_EQ(run(imported(file), {0, 0}), (std::vector<double>{1.5, 0x1p-24}));
}

TEST(ImportErrors, ASmallFileThatUnfoldsIntoALargeConstantIsStopped) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.integers("shape", {2}, {1 << 19, 1 << 19});
  file.node("ConstantOfShape", {"shape"}, {"huge"}, {}, "boom");
  file.node("Add", {"x", "huge"}, {"y"});
  file.output("y");
  EXPECT_TRUE(has(errorOf(importWritten(file)),
                  "node 'boom' (ConstantOfShape): folding its constants takes far more elements"));
}

TEST(ImportErrors, ALongChainOfConstantsTakesLinearTime) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  file.scalar("c0", 0);
  file.scalar("one", 1);
  for (int i = 0; i < 20000; ++i)
    file.node("Add", {"c" + std::to_string(i), "one"}, {"c" + std::to_string(i + 1)}, {}, "same");
  file.node("Add", {"x", "c20000"}, {"y"}, {}, "last");
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(run(graph, {0, 1}), (std::vector<double>{20000, 20001}));
  EXPECT_EQ(nodeOf(graph, "last")->origins.size(), 20001u);
}

}  // namespace
}  // namespace sluice::frontend
