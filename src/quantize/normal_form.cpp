#include "quantize/normal_form.h"

#include <algorithm>
#include <cmath>

#include "passes/rewrite.h"

namespace sluice::quantize {
namespace {

bool isQuantizer(const ir::Operation& operation) {
  return std::holds_alternative<ir::Quantize>(operation) || std::holds_alternative<ir::Bipolar>(operation) ||
         std::holds_alternative<ir::QuantizeFloat>(operation) ||
         std::holds_alternative<ir::QuantizePower>(operation);
}

/// Whether the node is a product of something computed with real constant weights.
bool isProduct(const ir::Graph& graph, const ir::Node& node) {
  const bool matrix = std::holds_alternative<ir::MatMul>(node.operation);
  if (!matrix && !std::holds_alternative<ir::Conv>(node.operation) &&
      !std::holds_alternative<ir::ConvTranspose>(node.operation))
    return false;
  const ir::Tensor& w = graph.tensor(node.inputs[1]);
  if (!w.isConstant() || !w.type.isReal() || graph.tensor(node.inputs[0]).isConstant()) return false;
  if (matrix && w.type.shape.size() != 2) return false;
  return node.inputs.size() < 3 || (graph.tensor(node.inputs[2]).isConstant() &&
                                    perChannelReals(graph.tensor(node.inputs[2]), w.type.shape).has_value());
}

/// y = factor * x + summand, per channel.
struct Affine {
  std::vector<double> factor, summand;

  void then(const std::vector<double>& times, const std::vector<double>& plus) {
    for (std::size_t c = 0; c < factor.size(); ++c) {
      factor[c] *= times[c];
      summand[c] = summand[c] * times[c] + plus[c];
    }
  }
};

/// The affine function that the node computes of operand `from`, if it is one per channel.
std::optional<Affine> affineOf(const ir::Graph& graph, const ir::Node& node, ir::TensorId from) {
  const ir::Shape& shape = graph.tensor(from).type.shape;
  const auto channels = static_cast<std::size_t>(ir::channels(shape));
  Affine result{std::vector<double>(channels, 1), std::vector<double>(channels, 0)};
  const auto list = [&](std::size_t operand) {
    return perChannelReals(graph.tensor(node.inputs[operand]), shape);
  };
  if (const auto* norm = std::get_if<ir::BatchNormalize>(&node.operation)) {
    const auto gamma = list(1), beta = list(2), mean = list(3), variance = list(4);
    if (node.inputs[0] != from || !gamma || !beta || !mean || !variance) return std::nullopt;
    for (std::size_t c = 0; c < channels; ++c) {
      result.factor[c] = (*gamma)[c] / std::sqrt((*variance)[c] + norm->epsilon);
      result.summand[c] = (*beta)[c] - (*mean)[c] * result.factor[c];
    }
    return result;
  }
  const auto* binary = std::get_if<ir::Binary>(&node.operation);
  if (binary == nullptr || node.inputs[0] == node.inputs[1]) return std::nullopt;
  const bool first = node.inputs[0] == from;
  const auto other = list(first ? 1 : 0);
  if (!other || graph.tensor(node.output).type.shape != shape) return std::nullopt;
  switch (binary->kind) {
    case ir::BinaryKind::add:
      result.summand = *other;
      return result;
    case ir::BinaryKind::subtract:
      result.summand = *other;
      for (std::size_t c = 0; c < channels; ++c) (first ? result.summand : result.factor)[c] *= -1;
      return result;
    case ir::BinaryKind::multiply:
      result.factor = *other;
      return result;
    case ir::BinaryKind::divide:
      if (!first) return std::nullopt;
      for (std::size_t c = 0; c < channels; ++c) result.factor[c] = 1 / (*other)[c];
      return result;
    default:
      return std::nullopt;
  }
}

/// Leaves out what is the default: one way to write a window.
void shorten(ir::Window& window) {
  const auto all = [](const std::vector<std::int64_t>& list, std::int64_t value) {
    return std::all_of(list.begin(), list.end(), [&](std::int64_t entry) { return entry == value; });
  };
  if (all(window.strides, 1)) window.strides.clear();
  if (all(window.dilations, 1)) window.dilations.clear();
  if (all(window.padBefore, 0) && all(window.padAfter, 0)) {
    window.padBefore.clear();
    window.padAfter.clear();
  }
}

class Folder {
 public:
  explicit Folder(const ir::Graph& graph)
      : rewrite_(graph), graph_(graph), users_(ir::allUsers(graph)), gone_(graph.nodes.size()) {}

  Result<ir::Graph> run() {
    // A layer is made where the last of its nodes stands, so that all that it reads is there.
    std::vector<const ir::Node*> productAt(graph_.nodes.size(), nullptr);
    std::vector<Affine> affineAt(graph_.nodes.size());
    for (const ir::Node& node : graph_.nodes) {
      if (!isProduct(graph_, node)) continue;
      const auto channels = static_cast<std::size_t>(ir::channels(graph_.tensor(node.inputs[1]).type.shape));
      Affine affine{std::vector<double>(channels, 1), std::vector<double>(channels, 0)};
      if (node.inputs.size() == 3)
        affine.summand =
            *perChannelReals(graph_.tensor(node.inputs[2]), graph_.tensor(node.output).type.shape);
      const ir::Node* last = &node;
      while (rewrite_.readers(last->output) == 1 && users_[last->output.index].size() == 1) {
        const ir::Node& next = graph_.node(users_[last->output.index][0]);
        const auto more = affineOf(graph_, next, last->output);
        if (!more) break;
        affine.then(more->factor, more->summand);
        gone_[indexOf(*last)] = true;
        last = &next;
      }
      productAt[indexOf(*last)] = &node;
      affineAt[indexOf(*last)] = std::move(affine);
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const ir::Node& node = graph_.nodes[i];
      if (isQuantizer(node.operation))
        return badInput("the network has quantizers already; quantize the float network it came from",
                        "node '" + node.name + "'");
      if (productAt[i] != nullptr) {
        SLUICE_RETURN_IF_ERROR(layer(*productAt[i], node, affineAt[i]));
      } else if (!gone_[i]) {
        SLUICE_RETURN_IF_ERROR(rewrite_.copy(node));
      }
    }
    return rewrite_.finish();
  }

 private:
  [[nodiscard]] std::size_t indexOf(const ir::Node& node) const {
    return static_cast<std::size_t>(&node - graph_.nodes.data());
  }

  Status layer(const ir::Node& product, const ir::Node& last, const Affine& affine) {
    const ir::Tensor& old = graph_.tensor(product.inputs[1]);
    std::vector<double> weights = ir::realsOf(old);
    const std::size_t channels = affine.factor.size();
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= affine.factor[i % channels];
    // The constants are new ones: two layers that share one are quantized each for itself. They have the names under
    // which a QONNX file's come back.
    const std::string& result = graph_.tensor(last.output).name;
    const ir::TensorId w = rewrite_.addConstant(result + ".weight", old.type, std::move(weights));
    const ir::TensorId bias = rewrite_.addConstant(
        result + ".bias", {.shape = {static_cast<std::int64_t>(channels)}, .codes = std::nullopt},
        affine.summand);
    std::vector<std::string> origins = passes::originsOf(product);
    if (&last != &product)
      for (const std::string& origin : passes::originsOf(last)) origins.push_back(origin);
    const ir::TensorId x = rewrite_.at(product.inputs[0]);
    if (!std::holds_alternative<ir::MatMul>(product.operation)) {
      SLUICE_TRY(const ir::TensorId y,
                 rewrite_.replace(last, product.operation, {x, w, bias}, origins, product.name));
      (void)y;
      return {};
    }
    SLUICE_TRY(const ir::TensorId y,
               rewrite_.addAs(product, product.operation, {x, w}, passes::originsOf(product)));
    const std::string name = &last != &product ? last.name : rewrite_.freshName(product.name + ".sum");
    if (&last != &product) rewrite_.to.tensors[y.index].name = graph_.tensor(product.output).name;
    SLUICE_TRY(const ir::TensorId sum,
               rewrite_.replace(last, ir::Binary{.kind = ir::BinaryKind::add}, {y, bias}, origins, name));
    (void)sum;
    return {};
  }

  passes::Rewrite rewrite_;
  const ir::Graph& graph_;
  std::vector<std::vector<ir::NodeId>> users_;
  std::vector<bool> gone_;
};

}  // namespace

std::optional<std::vector<double>> perChannelReals(const ir::Tensor& tensor, const ir::Shape& shape) {
  if (!tensor.isConstant() || !tensor.type.isReal()) return std::nullopt;
  const std::vector<double>& reals = ir::realsOf(tensor);
  const auto channels = static_cast<std::size_t>(ir::channels(shape));
  if (reals.size() == 1) return std::vector<double>(channels, reals[0]);
  if (reals.size() != channels || ir::channels(tensor.type.shape) != ir::channels(shape)) return std::nullopt;
  return reals;
}

Result<ir::Graph> normalForm(const ir::Graph& graph) {
  ir::Graph plain = graph;
  for (ir::Node& node : plain.nodes) {
    if (auto* conv = std::get_if<ir::Conv>(&node.operation)) shorten(conv->window);
    if (auto* conv = std::get_if<ir::ConvTranspose>(&node.operation)) shorten(conv->window);
    if (auto* pool = std::get_if<ir::Pool>(&node.operation)) shorten(pool->window);
    if (!isProduct(plain, node)) continue;
    // What is folded gives its names to what comes of it.
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      ir::Tensor& constant = plain.tensors[node.inputs[i].index];
      if (constant.type.isReal() && !constant.name.ends_with("/float")) constant.name += "/float";
    }
  }
  return Folder(plain).run();
}

std::vector<Layer> layersOf(const ir::Graph& graph) {
  std::vector<Layer> layers;
  const auto users = ir::allUsers(graph);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    if (!isProduct(graph, node)) continue;
    Layer layer{.node = ir::NodeId(i), .input = node.inputs[0], .weight = node.inputs[1]};
    if (node.inputs.size() == 3) {
      layer.bias = node.inputs[2];
      layer.output = node.output;
    } else {
      if (users[node.output.index].size() != 1) continue;
      const ir::Node& sum = graph.node(users[node.output.index][0]);
      const auto* binary = std::get_if<ir::Binary>(&sum.operation);
      if (binary == nullptr || binary->kind != ir::BinaryKind::add ||
          !graph.tensor(sum.inputs[1]).isConstant())
        continue;
      layer.bias = sum.inputs[1];
      layer.output = sum.output;
    }
    layers.push_back(layer);
  }
  return layers;
}

}  // namespace sluice::quantize
