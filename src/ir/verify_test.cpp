#include "ir/verify.h"

#include <cmath>

#include "ir/testing.h"

namespace sluice::ir {
namespace {

/// x (real) -> q (codes) -> a (codes): small, and every rule can be broken in it.
Graph validGraph() {
  return graphOf(R"(
    x = input [2] real
    q = quantize x, scale 0.5, range [-4, 3]
    w = constant [2, 1] {1 -1}
    a = dense q, w
    output a)");
}

std::vector<int> rulesOf(const Graph& graph) {
  std::vector<int> rules;
  for (const Violation& violation : violations(graph)) rules.push_back(violation.rule);
  return rules;
}
Tensor& tensor(Graph& graph, const char* name) { return graph.tensors[graph.findTensor(name)->index]; }
Node& node(Graph& graph, const char* name) { return graph.nodes[graph.findNode(name)->index]; }

TEST(Verify, AValidGraphBreaksNoRule) { EXPECT_TRUE(violations(validGraph()).empty()); }

TEST(Verify, Rule1IdsLieInTheirLists) {
  Graph graph = validGraph();
  node(graph, "a").inputs[0] = TensorId(99);
  EXPECT_EQ(rulesOf(graph), std::vector<int>{1});
  graph = validGraph();
  graph.outputs[0] = TensorId();
  EXPECT_EQ(rulesOf(graph), std::vector<int>{1});
  graph = validGraph();
  tensor(graph, "a").producer = NodeId(99);
  EXPECT_EQ(rulesOf(graph), std::vector<int>{1});
}

TEST(Verify, Rule2NodesReadWhatIsBeforeThem) {
  Graph graph = graphOf("x = input [2]; y = relu x; z = relu y; output z");
  std::swap(graph.nodes[1].inputs, graph.nodes[2].inputs);  // y reads y, z reads x
  EXPECT_EQ(rulesOf(graph), std::vector<int>{2});
}

TEST(Verify, Rule3EveryTensorHasOneProducerAndNamesIt) {
  Graph graph = validGraph();
  tensor(graph, "q").producer = NodeId(0);
  EXPECT_EQ(rulesOf(graph), std::vector<int>{3});
  graph = validGraph();
  tensor(graph, "w").producer = NodeId(0);
  EXPECT_EQ(rulesOf(graph), std::vector<int>{3});
  graph = validGraph();
  graph.tensors.push_back(Tensor{.name = "orphan", .type = {.shape = {1}, .codes = std::nullopt}});
  EXPECT_EQ(rulesOf(graph), std::vector<int>{3});
}

TEST(Verify, Rule4NamesAreUnique) {
  Graph graph = validGraph();
  tensor(graph, "w").name = "q";
  EXPECT_EQ(rulesOf(graph), std::vector<int>{4});
  graph = validGraph();
  node(graph, "a").name = "q";
  EXPECT_EQ(rulesOf(graph), std::vector<int>{4});
  graph = validGraph();
  tensor(graph, "w").name.clear();
  EXPECT_EQ(rulesOf(graph), std::vector<int>{4});
}

TEST(Verify, Rule5TypesAreLegal) {
  const auto broken = [](auto change) {
    Graph graph = graphOf("x = input [2] s4 scale 0.5; output x");
    change(graph.tensors[0].type);
    return rulesOf(graph);
  };
  EXPECT_EQ(broken([](TensorType& type) { type.shape = {0}; }), std::vector<int>{5});
  EXPECT_EQ(broken([](TensorType& type) { type.shape = {1 << 20, 1 << 20}; }), std::vector<int>{5});
  EXPECT_EQ(broken([](TensorType& type) { type.shape = Shape(17, 1); }), std::vector<int>{5});
  EXPECT_EQ(broken([](TensorType& type) { type.codes->range = {1, 0}; }), std::vector<int>{5});
  EXPECT_EQ(broken([](TensorType& type) { type.codes->range.hi = INT64_MAX; }), std::vector<int>{5});
  EXPECT_EQ(broken([](TensorType& type) { type.codes->scale = {0}; }), std::vector<int>{5});
  EXPECT_EQ(broken([](TensorType& type) { type.codes->scale = {1, 2, 3}; }), std::vector<int>{5});
  EXPECT_EQ(broken([](TensorType& type) { type.codes->scale = {}; }), std::vector<int>{5});
}

TEST(Verify, Rule6ConstantsMatchTheirTypes) {
  const auto broken = [](ConstantData data) {
    Graph graph = validGraph();
    tensor(graph, "w").constant = std::make_shared<const ConstantData>(std::move(data));
    return rulesOf(graph);
  };
  EXPECT_EQ(broken(std::vector<std::int64_t>{1}), std::vector<int>{6});
  EXPECT_EQ(broken(std::vector<std::int64_t>{1, 2}), std::vector<int>{6});
  EXPECT_EQ(broken(std::vector<double>{1, -1}), std::vector<int>{6});
  Graph graph = graphOf("x = input [1]; c = constant [1] real {1}; y = add x, c; output y");
  tensor(graph, "c").constant = std::make_shared<const ConstantData>(std::vector<double>{std::nan("")});
  EXPECT_EQ(rulesOf(graph), std::vector<int>{6});
}

TEST(Verify, Rule7IntegerOperationsReadNoRealTensor) {
  Graph graph = validGraph();
  node(graph, "a").inputs[0] = *graph.findTensor("x");
  EXPECT_EQ(rulesOf(graph), std::vector<int>{7});
}

TEST(Verify, Rule7LeavesTopKOfRealNumbersAlone) {
  EXPECT_TRUE(violations(graphOf("x = input [3]; y = topK x; output y")).empty());
}

TEST(Verify, Rule8ResultsHaveTheInferredType) {
  Graph graph = validGraph();
  tensor(graph, "a").type.codes->range.hi += 1;
  EXPECT_EQ(rulesOf(graph), std::vector<int>{8});
  graph = validGraph();
  node(graph, "a").inputs.pop_back();
  EXPECT_EQ(rulesOf(graph), std::vector<int>{8});
}

TEST(Verify, Rule9InputsAreTheOutputsOfInputNodes) {
  Graph graph = validGraph();
  graph.inputs.clear();
  EXPECT_EQ(rulesOf(graph), std::vector<int>{9});
  graph = validGraph();
  graph.inputs.push_back(graph.inputs[0]);
  EXPECT_EQ(rulesOf(graph), std::vector<int>{9});
  graph = validGraph();
  graph.inputs.push_back(*graph.findTensor("q"));
  EXPECT_EQ(rulesOf(graph), std::vector<int>{9});
  graph = validGraph();
  node(graph, "x").inputs.push_back(*graph.findTensor("w"));
  EXPECT_EQ(rulesOf(graph), std::vector<int>{9});
}

TEST(Verify, Rule10OutputsAreComputedAndListedOnce) {
  Graph graph = validGraph();
  graph.outputs.clear();
  EXPECT_EQ(rulesOf(graph), std::vector<int>{10});
  graph = validGraph();
  graph.outputs.push_back(graph.outputs[0]);
  EXPECT_EQ(rulesOf(graph), std::vector<int>{10});
  graph = validGraph();
  graph.outputs.push_back(*graph.findTensor("w"));
  EXPECT_EQ(rulesOf(graph), std::vector<int>{10});
}

TEST(Verify, ReportsEveryViolationAtOnce) {
  Graph graph = validGraph();
  tensor(graph, "w").name = "q";
  tensor(graph, "a").type.codes->range.hi += 1;
  graph.outputs.push_back(graph.outputs[0]);
  const Status status = verify(graph);
  ASSERT_FALSE(status.ok());
  for (const char* part : {"rule 4: two tensors are called 'q'", "rule 8: tensor 'a' is [1] codes [-7, 8]",
                           "rule 10: output 'a' is listed twice"})
    EXPECT_NE(status.error().text().find(part), std::string::npos) << status.error().text();
}

}  // namespace
}  // namespace sluice::ir
