#include <algorithm>

#include "passes/passes.h"
#include "passes/products.h"

namespace sluice::passes {
namespace {

bool isSumOfProducts(const ir::Node& node) {
  return std::holds_alternative<ir::Dense>(node.operation) ||
         std::holds_alternative<ir::CodeConv>(node.operation);
}

/// A sum that a product takes up.
struct Fold {
  const ir::Node* product = nullptr;
  std::vector<std::int64_t> steps;
};

Fold foldOf(const ir::Graph& graph, const Rewrite& rewrite, const ir::Node& node) {
  const auto* binary = std::get_if<ir::Binary>(&node.operation);
  if (binary == nullptr || (binary->kind != ir::BinaryKind::add && binary->kind != ir::BinaryKind::subtract))
    return {};
  const bool subtracts = binary->kind == ir::BinaryKind::subtract;
  for (const std::size_t k : {0u, 1u}) {
    if (subtracts && k == 1) continue;  // constant - product is no sum with the product
    const ir::Tensor& x = graph.tensor(node.inputs[k]);
    if (!x.producer.valid() || rewrite.readers(node.inputs[k]) != 1) continue;
    const ir::Node& product = graph.node(x.producer);
    if (!isSumOfProducts(product) || x.type.shape != graph.tensor(node.output).type.shape) continue;
    auto steps = biasSteps(graph.tensor(node.inputs[1 - k]), x.type.shape, x.type.codes->scale, subtracts);
    if (steps) return {&product, std::move(*steps)};
  }
  return {};
}

}  // namespace

Result<Change> foldBias(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  // Per product the sum that swallows it, decided first, as the product comes earlier in the graph.
  std::vector<Fold> folds(graph.nodes.size());
  std::vector<bool> swallowed(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    folds[i] = foldOf(graph, rewrite, graph.nodes[i]);
    if (folds[i].product != nullptr) swallowed[graph.tensor(folds[i].product->output).producer.index] = true;
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    if (swallowed[i]) continue;
    if (folds[i].product == nullptr) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    const ir::Node& product = *folds[i].product;
    std::vector<std::int64_t>& steps = folds[i].steps;
    if (product.inputs.size() == 3) {
      const auto& earlier = ir::codesOf(graph.tensor(product.inputs[2]));
      for (std::size_t j = 0; j < steps.size(); ++j) steps[j] += earlier[j];
    }
    const fixed::Interval range = rangeOf(steps);
    const ir::TensorType type{
        .shape = {static_cast<std::int64_t>(steps.size())},
        .codes = ir::Codes{
            .range = range, .scale = graph.tensor(product.output).type.codes->scale, .zeroPoint = 0}};
    const ir::TensorId bias = rewrite.addConstant(product.name + ".bias", type, std::move(steps));
    std::vector<std::string> origins = originsOf(product);
    for (std::string& origin : originsOf(node)) origins.push_back(std::move(origin));
    SLUICE_TRY(const ir::TensorId added,
               rewrite.replace(node, product.operation,
                               {rewrite.at(product.inputs[0]), rewrite.at(product.inputs[1]), bias},
                               std::move(origins), product.name));
    (void)added;
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes
