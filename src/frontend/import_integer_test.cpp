#include "frontend/frontend_testing.h"

/// ONNX's own integers beyond what the recorded variants say: what becomes of them in the graph, and refusals.
namespace sluice::frontend {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A tensor of small integers of an ONNX type (2 uint8, 3 int8): dims 1, data_type 2, int32_data 5, name 8.
void smallIntegers(OnnxWriter& file, const std::string& name, std::uint64_t type,
                   const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& elements) {
  WireWriter tensor;
  for (const std::int64_t extent : shape) tensor.varint(1, static_cast<std::uint64_t>(extent));
  tensor.varint(2, type).bytes(8, name);
  for (const std::int64_t element : elements) tensor.varint(5, static_cast<std::uint64_t>(element));
  file.graphField(5, tensor);
}

OnnxWriter pairOf(std::int64_t zero, std::uint64_t type = 2) {
  OnnxWriter file;
  file.input("x", {-1, 5});
  file.scalar("s", 1);
  smallIntegers(file, "z", type, {}, {zero});
  file.node("QuantizeLinear", {"x", "s", "z"}, {"q"}, {}, "q");
  return file;
}

TEST(ImportQuantizeLinear, RoundsBeforeItAddsTheZeroPoint) {
  for (const std::int64_t zero : {0, 1, 128}) {
    OnnxWriter file = pairOf(zero);
    file.node("DequantizeLinear", {"q", "s", "z"}, {"y"}, {}, "dq");
    file.output("y");
    const ir::Graph graph = imported(file);
    // Ties go to the even quotient, whatever the zero point.
    EXPECT_EQ(run(graph, {0.5, 1.5, 2.5, 300, -300}),
              (std::vector<double>{0, 2, 2, static_cast<double>(255 - zero), static_cast<double>(-zero)}));
    const auto& codes = graph.tensor(graph.nodes[1].output).type.codes;
    ASSERT_TRUE(codes);
    EXPECT_EQ(codes->zeroPoint, 0);
    EXPECT_EQ(codes->range, (fixed::Interval{-zero, 255 - zero}));
  }
}

TEST(ImportQuantizeLinear, WithAClipIsOneQuantizerOfTheNarrowRange) {
  OnnxWriter file = pairOf(0, 3);
  smallIntegers(file, "lo", 3, {}, {-8});
  smallIntegers(file, "hi", 3, {}, {7});
  file.node("Clip", {"q", "lo", "hi"}, {"c"}, {}, "clip");
  file.node("DequantizeLinear", {"c", "s", "z"}, {"d"}, {}, "dq");
  file.node("Relu", {"d"}, {"y"}, {}, "relu");
  file.output("y");
  const ir::Graph graph = imported(file);
  EXPECT_EQ(opNames(graph), (Names{"input", "quantize", "unary"}));
  EXPECT_EQ(graph.tensor(graph.nodes[1].output).type.codes->range, (fixed::Interval{-8, 7}));
  EXPECT_EQ(nodeOf(graph, "relu")->origins, (Names{"clip", "dq", "relu"}));
}

TEST(ImportQuantizeLinear, AClipOfIntegersThatOthersReadUnclippedIsAQuantizerOfItsOwn) {
  OnnxWriter file = pairOf(0, 3);
  smallIntegers(file, "lo", 3, {}, {-8});
  file.node("Clip", {"q", "lo"}, {"c"}, {}, "clip");
  file.node("DequantizeLinear", {"c", "s", "z"}, {"a"});
  file.node("DequantizeLinear", {"q", "s", "z"}, {"b"});
  file.node("Add", {"a", "b"}, {"y"});
  file.output("y");
  EXPECT_EQ(run(imported(file), {-100, -8, 0, 3, 200}), (std::vector<double>{-108, -16, 0, 6, 254}));
}

TEST(ImportQuantizeLinear, ItsIntegersReachOnlyOperatorsThatMoveThem) {
  OnnxWriter file = pairOf(0);
  file.node("Relu", {"q"}, {"r"}, {}, "relu");
  file.node("Mul", {"q", "s"}, {"m"}, {}, "mul");
  file.output("r");
  file.output("m");
  const std::string error = errorOf(importWritten(file));
  EXPECT_TRUE(has(error,
                  "node 'relu' (Relu): 'q' holds the integers of a QuantizeLinear; a DequantizeLinear must "
                  "come before this operator"))
      << error;
  EXPECT_TRUE(has(error, "node 'mul' (Mul): 'q' holds the integers"));
}

TEST(ImportQuantizeLinear, WithAScaleThatIsComputedOrNotPositiveIsRefused) {
  OnnxWriter file;
  file.input("x", {-1, 4});
  file.scalar("bad", 0);
  smallIntegers(file, "z", 2, {}, {0});
  smallIntegers(file, "far", 2, {}, {300});
  file.scalar("s", 1);
  file.node("ReduceMax", {"x"}, {"m"}, {{"axes", std::vector<std::int64_t>{1}}}, "max");
  file.node("QuantizeLinear", {"x", "m", "z"}, {"a"}, {}, "computed");
  file.node("QuantizeLinear", {"x", "bad", "z"}, {"b"}, {}, "zero");
  file.node("QuantizeLinear", {"x", "s", "far"}, {"c"}, {}, "outside");
  file.node("DynamicQuantizeLinear", {"x"}, {"d", "ds", "dz"}, {}, "dynamic");
  for (const char* output : {"a", "b", "c", "d"}) file.output(output);
  const std::string error = errorOf(importWritten(file));
  EXPECT_TRUE(has(error, "node 'computed' (QuantizeLinear): its scale or zero point is computed")) << error;
  EXPECT_TRUE(has(error, "node 'zero' (QuantizeLinear): the scale 0.000000 is not a positive number"));
  EXPECT_TRUE(has(error, "node 'outside' (QuantizeLinear): the zero point 300 is outside its type"));
  EXPECT_TRUE(has(error, "node 'dynamic' (DynamicQuantizeLinear): its scale is computed at run time"));
}

TEST(ImportDequantizeLinear, OfAWeightGivesCodesWithoutZeroPoint) {
  OnnxWriter file;
  file.input("x", {-1, 2});
  smallIntegers(file, "w", 2, {2, 2}, {118, 120, 121, 130});
  file.tensor("s", {2}, {0.5f, 0.25f});
  smallIntegers(file, "z", 2, {2}, {120, 128});
  file.node("DequantizeLinear", {"w", "s", "z"}, {"wd"}, {{"axis", 1}}, "dq");
  file.node("MatMul", {"x", "wd"}, {"y"});
  file.output("y");
  const ir::Graph graph = imported(file);
  const ir::Tensor& w = graph.tensor(*graph.findTensor("wd"));
  EXPECT_EQ(ir::codesOf(w), (std::vector<std::int64_t>{-2, -8, 1, 2}));
  EXPECT_EQ(w.type.codes->scale, (std::vector<double>{0.5, 0.25}));
  EXPECT_EQ(w.type.codes->zeroPoint, 0);
  EXPECT_EQ(run(graph, {1, 1}), (std::vector<double>{-0.5, -1.5}));
}

TEST(ImportDequantizeLinear, WithOtherParametersThanItsQuantizeLinearRescales) {
  OnnxWriter file = pairOf(3);
  file.scalar("s2", 0.5f);
  smallIntegers(file, "z2", 2, {}, {1});
  file.node("DequantizeLinear", {"q", "s2", "z2"}, {"y"});
  file.output("y");
  // q = x + 3, y = (q - 1) / 2
  EXPECT_EQ(run(imported(file), {0, 1, 2, 10, -3}), (std::vector<double>{1, 1.5, 2, 6, -0.5}));
}

}  // namespace
}  // namespace sluice::frontend
