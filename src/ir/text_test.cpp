#include "ir/text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "ir/random_graph.h"
#include "ir/testing.h"

namespace sluice::ir {
namespace {

/// Everything but the memory of constants.
void expectIdentical(const Graph& a, const Graph& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.outputs, b.outputs);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    EXPECT_EQ(a.tensors[i].name, b.tensors[i].name);
    EXPECT_EQ(a.tensors[i].type, b.tensors[i].type);
    EXPECT_EQ(a.tensors[i].producer, b.tensors[i].producer);
    ASSERT_EQ(a.tensors[i].isConstant(), b.tensors[i].isConstant());
    if (a.tensors[i].isConstant()) {
      EXPECT_EQ(*a.tensors[i].constant, *b.tensors[i].constant);
    }
  }
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(a.nodes[i].name, b.nodes[i].name);
    EXPECT_EQ(a.nodes[i].operation, b.nodes[i].operation);
    EXPECT_EQ(a.nodes[i].inputs, b.nodes[i].inputs);
    EXPECT_EQ(a.nodes[i].output, b.nodes[i].output);
    EXPECT_EQ(a.nodes[i].origins, b.nodes[i].origins);
  }
}

void expectRoundTrip(const Graph& graph) {
  const std::string text = print(graph);
  const auto again = parse(text);
  ASSERT_TRUE(again.ok()) << again.error().text() << "\n" << text;
  expectIdentical(graph, *again);
  EXPECT_EQ(print(*again), text);
}

std::string errorOf(std::string_view text) {
  const auto graph = parse(text, "net.slir");
  return graph.ok() ? "(no error)" : graph.error().text();
}

TEST(Text, PrintsASmallNetworkAsThePageOfTheGrammarShowsIt) {
  const std::string text = R"(graph kws
x = input [3] real
q = quantize x, scale 0.5, range [-4, 3]  # [3] codes [-4, 3] scale 0.5
w = constant [3, 2] codes [-1, 1] scale 0.25 {1 0 -1 1 0 1}
a = dense q, w  # [2] codes [-8, 7] scale 0.125
i = topK a, k 2  # [2] codes [0, 1]
output i
)";
  EXPECT_EQ(print(graphOf(text)), text);
}

TEST(Text, EveryOperationAndAttributeReadsBack) {
  const char* text = R"(
    graph "all of them"
    x = input [2, 3] real
    y = input [2, 3] codes [0, 15] scale [0.5, 0.25, 0.125] zeroPoint 7
    m = constant [3, 3] real {1e-30 -0 0.1 inf 1e300 2 3 4 5}
    p = constant [3] real {1 2 3}
    m3 = constant [2, 3] real {1 2 3 4 5 6}
    q = quantize x, scale [0.1, 0.2, 0.3], zeroPoint -1, range s8, rounding halfTowardZero
    b = bipolar x, scale 0.7
    mm = matMul b, m
    bn = batchNormalize mm, p, p, p, p, epsilon 0.001
    a1 = add bn, x; a2 = subtract a1, x; a3 = multiply a2, y; a4 = divide a3, p; a5 = power a4, p
    u1 = relu a5; u2 = sigmoid u1; u3 = tanh u2; u4 = negate u3; u5 = identity u4
    s = softmax u5
    r = reshape s, shape [3, 2]
    t = transpose r, permutation [1, 0]
    w = constant [3, 2] codes [-3, 3] scale 0.25 {1 2 3 -1 -2 -3}
    bias = constant [2] scale 0.175 {-5 5}
    d = dense b, w, bias
    th = constant [2, 2] {0 1 2 9}
    h = threshold d, th, base [3, -1], sign [-1, 1], scale [0.5, 0.25], zeroPoint 2
    one = constant [1, 2] {0 0}
    g = threshold d, one, scale 0.5
    table = constant [1, 8] scale 0.5 zeroPoint 1 {7 6 5 4 3 2 1 0}
    l = lookup h, table, first -1
    fa = constant [1] {3}; fb = constant [2] {-1 1}
    rs = rescale d, fa, fb, shift 2, range [-7, 7], tieToEven true, scale 0.5, zeroPoint 0
    me = merge rs, g, shift [1, 1]
    k = topK me, k 2
    qf = quantizeFloat x, exponentBits 2, mantissaBits 1, exponentBias 1, largest 6, rounding floor
    qp = quantizePower x, lowest -3, highest 0, rounding floor, negative false
    qe = quantize x, scale 1, range [-8, 7], overflow wrapSignMagnitude, ranges [s4, s2, [0, 0], s1, s2, u2]
    qz = quantize x, scale 1, range u4, overflow saturateToZero, zeroPoints [1, 2, 3]
    k3 = constant [2, 3, 4] real {1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24}
    cv = conv x, k3, padBefore 2, padAfter 2, strides 2, dilations 3
    ct = convTranspose x, k3, strides 2, padBefore 1, outputPad 1
    ln = layerNormalize x, m3, m3, axes 2, epsilon 0.5
    lr = leakyRelu x, alpha 0.1; cl = clip lr, alpha -1, beta 1; rr = rampRelu cl, alpha 0.5, beta inf, gamma 1
    mi = minimum x, lr
    cc = concat y, y, axis 1
    pa = pad y, before [1, 0], after [0, 2], between [1, 0], value 0
    sl = slice y, begin [0, 1], end [2, 3], step [1, 2]
    ex = expand y, shape [4, 2, 3]
    ix = constant [2] {1 0}
    ga = gather y, ix
    ri = resizeLinear y, shape [4, 3], coordinates asymmetric, factors [2, 1]
    rn = resizeNearest y, shape [4, 3], rounding ceil
    mp = maxPool y, kernel 2, strides 2
    ap = averagePool y, kernel 2, padBefore 1, countPads true
    sp = sumPool y, kernel 2
    re = reduceMax y, axes [0, 1], keepDims true
    ck = constant [2, 1, 3] scale 0.5 {1 2 3 4 5 6}
    cb = constant [3] scale 0.175 {1 2 3}
    bz = bipolar x
    cq = codeConv bz, ck, groups 3
    b4 = input [3] codes [-3, 3] scale 0.5 ranges [[-3, 3], [0, 0], [1, 1]]
    ck0 = constant [3, 2] scale 0.5 {1 2 3 4 5 6}
    ac = accumulateConv b4, ck0, shift 1, range s4, overflow saturate, rounding halfUp
    cm = codeMatMul bz, w
    cx = codeMultiply bz, bz; cn = codeMinimum bz, bz
    pt = constant [1, 9] {1 2 3 4 5 6 7 8 9}
    pl = pairLookup bz, bz, pt, first0 -1, first1 -1, span1 3
    rq = requantize cx, shift [1, 0, -1], range s4, rounding halfEven, overflow saturate, ranges [s4, s3, s2]
    output k, t
    output l)";
  const Graph graph = graphOf(text);
  for (const OpInfo& row : opTable())
    EXPECT_TRUE(std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](const Node& node) {
      return &info(node.operation) == &row;
    })) << row.name;
  expectRoundTrip(graph);
}

TEST(Text, RandomNetworksReadBackIdsIncluded) {
  for (std::uint64_t seed = 0; seed < 300; ++seed)
    expectRoundTrip(
        randomGraph(seed, {.operations = 8, .inputs = 2, .mostOutputs = 3, .leadingAxes = seed % 2 == 1}));
}

TEST(Text, DoublesReadBackExactly) {
  Graph graph;
  Rng rng(5);
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) {
    double value = 0;
    do {
      const std::uint64_t bits = rng.bits();
      std::memcpy(&value, &bits, sizeof value);
    } while (std::isnan(value));
    values.push_back(value);
  }
  const TensorId c = graph.addConstant("c", {.shape = {1000}, .codes = std::nullopt}, values);
  graph.outputs.push_back(*graph.addNode("y", Unary{}, {c}));
  expectRoundTrip(graph);
}

TEST(Text, NamesOfModelFilesReadBack) {
  Graph graph;
  const TensorId x = graph.addInput("/layer.0/MatMul_output:0", {.shape = {1}, .codes = std::nullopt});
  TensorId y = x;
  for (const char* name : {"input", "as", "\"quoted\"", "back\\slash", "two words", "new\nline\t\x01", "3rd",
                           "größe", "-x", "from"})
    y = *graph.addNode(name, Unary{}, {y}, {"output", "a b", ""});
  graph.nodes[2].name = "a name of its own";
  graph.outputs.push_back(y);
  expectRoundTrip(graph);
}

TEST(Text, AttributesAndTensorsMayShareNames) {
  const Graph graph = graphOf("scale = input [2]; y = quantize scale, scale 0.5, range s4; output y");
  EXPECT_EQ(graph.tensor(graph.nodes[1].inputs[0]).name, "scale");
  EXPECT_EQ(graph.tensor(graph.outputs[0]).type.codes->range, (fixed::Interval{-8, 7}));
  expectRoundTrip(graph);
}

TEST(Text, LongListsAreWrapped) {
  const Graph graph = graphOf("x = input [1]; y = reshape x, shape [1]; output y");
  Graph large = graph;
  std::vector<std::int64_t> weights(100 * 100, -123);
  const TensorType type{.shape = {100, 100},
                        .codes = Codes{.range = {-123, 0}, .scale = {1}, .zeroPoint = 0}};
  large.addConstant("w", type, weights);
  std::vector<double> scales(300, 0.1);
  large.tensors.back().type.codes->scale.assign(100, 0.3);
  std::size_t longest = 0, start = 0;
  const std::string text = print(large);
  for (std::size_t end = text.find('\n'); end != std::string::npos;
       start = end + 1, end = text.find('\n', start))
    longest = std::max(longest, end - start);
  EXPECT_LE(longest, 112u);
  expectRoundTrip(large);
}

TEST(Text, ErrorsNameFileLineAndColumn) {
  EXPECT_EQ(errorOf("x = input [2]\ny = relu z"), "net.slir:2:10: no tensor 'z' is defined above");
  EXPECT_EQ(errorOf("x = input [2]; x = relu x"), "net.slir:1:16: 'x' is defined twice");
  EXPECT_EQ(errorOf("x = inputt [2]"), "net.slir:1:5: 'inputt' where an operation should stand");
  EXPECT_EQ(errorOf("x = input"), "net.slir:1:10: the statement ends where a shape should stand");
  EXPECT_EQ(errorOf("x = input [2]; y = relu x, gain 3"), "net.slir:1:28: relu has no attribute 'gain'");
  EXPECT_EQ(errorOf("x = input [2]; y = topK x, k 1.5"),
            "net.slir:1:30: '1.5' where an integer should stand");
  EXPECT_EQ(errorOf("x = input [2] real real"),
            "net.slir:1:20: 'real' where the end of the statement should stand");
  EXPECT_EQ(errorOf("c = constant [2] {1 2 3}"), "net.slir:1:18: 3 elements for a shape of 2");
  EXPECT_EQ(errorOf("c = constant [2] s4 {1 8}"),
            "net.slir:1:21: elements from 1 to 8 leave the range of the codes");
  EXPECT_EQ(errorOf("x = input [0]"), "net.slir:1:11: shape [0] has an extent below 1");
  EXPECT_EQ(errorOf("x = input [2] codes"),
            "net.slir:1:20: the statement ends where the range of the codes should stand");
  EXPECT_EQ(errorOf("x ! y"), "net.slir:1:3: a character that means nothing here (code 33)");
  EXPECT_EQ(errorOf("x = \"open"), "net.slir:1:5: a quoted name does not end on its line");
  EXPECT_EQ(errorOf("\"\\q\" = input [1]"),
            "net.slir:1:1: an unknown escape in a quoted name; known are \\\" \\\\ \\n \\t \\xHH");
  EXPECT_EQ(errorOf("]"), "net.slir:1:1: ']' closes nothing");
  EXPECT_EQ(errorOf("x = input [2"), "net.slir:1:13: the statement ends where ']' should stand");
  EXPECT_EQ(errorOf("x = input [2]; y = quantize x, range s4, scale 1, rounding up"),
            "net.slir:1:60: 'up' where a rounding mode (halfEven, floor, ...) should stand");
  EXPECT_EQ(errorOf("x = input [2] codes s99"),
            "net.slir:1:21: 's99' where a range such as [-8, 7] or s4 should stand");
  EXPECT_EQ(errorOf("x = input [99999999999999999999]"),
            "net.slir:1:12: '99999999999999999999' where an integer should stand");
}

TEST(Text, WhatInferenceRefusesIsToldAtTheStatement) {
  EXPECT_EQ(errorOf("x = input [2]\nw = constant [3, 1] {1 2 3}\ny = matMul x, w"),
            "net.slir:3:5: node 'y' (matMul): a matrix product takes x [..., n] and w [n, m], not 'x' [2] "
            "and 'w' [3, 1]");
}

TEST(Text, DamagedTextGivesAnErrorOrAGraphNeverACrash) {
  const std::string text = print(randomGraph(3, {.operations = 10}));
  Rng rng(11);
  for (int trial = 0; trial < 3000; ++trial) {
    std::string damaged = text;
    for (auto changes = rng.uniform(1, 4); changes > 0; --changes) {
      const auto at = static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(damaged.size()) - 1));
      switch (rng.uniform(0, 2)) {
        case 0:
          damaged[at] = static_cast<char>(rng.uniform(0, 255));
          break;
        case 1:
          damaged.erase(at, static_cast<std::size_t>(rng.uniform(1, 20)));
          break;
        default:
          damaged.insert(at, damaged.substr(at / 2, static_cast<std::size_t>(rng.uniform(1, 9))));
          break;
      }
      if (damaged.empty()) break;
    }
    const auto graph = parse(damaged);
    if (!graph.ok()) {
      EXPECT_FALSE(graph.error().where.empty());
    }
  }
}

TEST(Text, ANodePrintsOnOneLine) {
  const Graph graph = graphOf("x = input [2]; q = quantize x, scale [1, 2], range u2; output q");
  EXPECT_EQ(printNode(graph, NodeId(1)), "q = quantize x, scale [1, 2], range [0, 3]");
}

}  // namespace
}  // namespace sluice::ir
