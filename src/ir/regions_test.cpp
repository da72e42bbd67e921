#include "ir/regions.h"

#include "ir/host.h"
#include "ir/testing.h"

namespace sluice::ir {
namespace {

std::vector<std::string> names(const Graph& graph, const std::vector<NodeId>& nodes) {
  std::vector<std::string> result;
  for (const NodeId id : nodes) result.push_back(graph.node(id).name);
  return result;
}
std::vector<std::string> names(const Graph& graph, const std::vector<TensorId>& tensors) {
  std::vector<std::string> result;
  for (const TensorId id : tensors) result.push_back(graph.tensor(id).name);
  return result;
}
using Names = std::vector<std::string>;

const char* const lowered = R"(
  x = input [4]
  half = constant [] real {0.5}
  s = multiply x, half
  q = quantize s, scale 0.5, range s4
  r = reshape q, shape [2, 2]
  w = constant [2, 3] {1 2 3 4 5 6}
  d = dense r, w
  f = reshape d, shape [6]
  y = softmax f
  output y)";

TEST(Regions, AreTheHostsStartTheMiddleAndTheHostsEnd) {
  const Graph graph = graphOf(lowered);
  const auto parts = regions(graph);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(names(graph, parts->prologue), (Names{"x", "s", "q"}));
  EXPECT_EQ(names(graph, parts->integer), (Names{"r", "d", "f"}));
  EXPECT_EQ(names(graph, parts->epilogue), (Names{"y"}));
  EXPECT_EQ(names(graph, parts->hardwareInputs), (Names{"q"}));
  EXPECT_EQ(names(graph, parts->hardwareOutputs), (Names{"f"}));
}

TEST(Regions, AnInputOfCodesEntersTheMiddleItself) {
  const Graph graph = graphOf("x = input [4] s4; y = topK x; output y");
  const auto parts = regions(graph);
  EXPECT_EQ(names(graph, parts->hardwareInputs), (Names{"x"}));
  EXPECT_EQ(names(graph, parts->hardwareOutputs), (Names{"y"}));
  EXPECT_EQ(names(graph, parts->prologue), (Names{"x"}));
}

TEST(Regions, HardwareOutputsStandInTheOrderOfTheOutputsTheyLeadTo) {
  const auto parts = regions(graphOf(R"(
    x = input [4] s4
    t = constant [1, 1] {0}
    a = threshold x, t
    b = topK a
    c = topK a, k 2
    rc = negate c
    sum = add rc, b
    output sum, b, a)"));
  ASSERT_TRUE(parts.ok());
  std::vector<std::uint32_t> order;
  for (const TensorId id : parts->hardwareOutputs) order.push_back(id.index);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{3, 4, 2}));  // b and c lead to sum; a is an output later
}

TEST(Regions, RealOperationsInTheMiddleAreNamed) {
  const auto parts = regions(graphOf(R"(
    x = input [2] s4
    t = constant [1, 1] {0}
    a = threshold x, t
    b = relu a
    c = sigmoid b
    q = quantize c, scale 0.5, range s4
    y = topK q
    output y)"));
  ASSERT_FALSE(parts.ok());
  EXPECT_EQ(parts.error().code, ErrorCode::unsupported);
  EXPECT_NE(parts.error().message.find("'b' (unary), 'c' (unary), 'q' (quantize)"), std::string::npos)
      << parts.error().message;
}

TEST(Regions, NodesThatNoOutputNeedsAreInNone) {
  const Graph graph = graphOf("x = input [2] s4; dead = topK x; r = negate dead; y = topK x, k 2; output y");
  const auto parts = regions(graph);
  EXPECT_EQ(names(graph, parts->integer), (Names{"y"}));
  EXPECT_TRUE(parts->epilogue.empty());
}

TEST(Regions, ThePrologueMayFeedTheEpilogue) {
  const Graph graph = graphOf(R"(
    x = input [2]
    q = quantize x, scale 1, range s4
    t = constant [1, 1] {0}
    a = threshold q, t
    y = add a, x
    output y)");
  const auto parts = regions(graph);
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(names(graph, parts->hardwareOutputs), (Names{"a"}));
  const auto values = outputValues(graph, *parts, {{1, 0}}, 1, {{0.25, -3}});
  ASSERT_TRUE(values.ok());
  EXPECT_EQ((*values)[0], (std::vector<double>{1.25, -3}));
  const auto without = outputValues(graph, *parts, {{1, 0}}, 1);
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().message, "input 'x' is needed, but no values are given for it");
}

TEST(Regions, CodesOfAnInputStandForItOnlyWhereItIsQuantizedOnce) {
  const auto error = [](const char* text) {
    const Graph graph = graphOf(text);
    const auto coded = codedInputs(graph, *regions(graph));
    return coded.ok() ? "" : coded.error().message;
  };
  EXPECT_EQ(error(lowered), "");
  EXPECT_NE(error(R"(x = input [2]; a = quantize x, scale 1, range s4; b = quantize x, scale 2, range s4
                     y = topK a; z = topK b; output y, z)")
                .find("'x' is quantized 2 times"),
            std::string::npos);
  EXPECT_NE(error("x = input [2]; z = input [2]; s = add x, z; q = quantize s, scale 1, range s4; y = topK "
                  "q; output y")
                .find("computed from several inputs"),
            std::string::npos);
  EXPECT_NE(error("x = input [2]; z = input [2]; q = quantize x, scale 1, range s4; y = topK q; r = relu z; "
                  "output y, r")
                .find("'z' is quantized 0 times"),
            std::string::npos);
}

TEST(Host, PrologueMiddleAndEpilogueMakeTheNetwork) {
  const Graph graph = graphOf(lowered);
  const auto parts = regions(graph);
  const std::vector<std::vector<double>> x{{1, -2, 3.3, 100, 0, 0, -0.5, 0.6}};
  const auto in = hardwareInputCodes(graph, *parts, x, 2);
  ASSERT_TRUE(in.ok());
  EXPECT_EQ((*in)[0], (std::vector<std::int64_t>{1, -2, 3, 7, 0, 0, 0, 1}));
  const auto engine = IntegerEngine::compile(graph);
  ASSERT_TRUE(engine.ok());
  const auto codes = engine->run(*in, 2);
  ASSERT_TRUE(codes.ok());
  EXPECT_EQ(*codes, *referenceCodes(graph, *parts, *in, 2));
  const auto values = outputValues(graph, *parts, *codes, 2);
  ASSERT_TRUE(values.ok());
  EXPECT_EQ((*values)[0], std::get<std::vector<double>>((*runReference(graph, x, 2))[0]));
}

TEST(Host, CodesMustBeIntegersInRange) {
  const Graph graph = graphOf(lowered);
  const auto parts = regions(graph);
  EXPECT_EQ((*hardwareInputCodes(graph, *parts, {{1, 2, 3, -8}}, 1, true))[0],
            (std::vector<std::int64_t>{1, 2, 3, -8}));
  EXPECT_EQ(hardwareInputCodes(graph, *parts, {{1, 2, 3, 0.5}}, 1, true).error().message,
            "'q': 0.5 is given as a code but is no integer");
  EXPECT_EQ(hardwareInputCodes(graph, *parts, {{1, 2, 3, 8}}, 1, true).error().message,
            "'q', sample 0: code 8 is not in [-8, 7]");
  EXPECT_EQ(hardwareInputCodes(graph, *parts, {}, 1, true).error().message,
            "0 inputs are given; the network has 1");
}

}  // namespace
}  // namespace sluice::ir
