#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/diagnostics.h"
#include "compat/hls4ml_layer.h"
#include "ir/reference.h"

/// The layers hls4ml's Keras converter would make. A layer of the model file is several nodes here (a product, a bias,
/// an activation, a quantizer), all with its name among their origins; hls4ml makes one or two layers of it: what it
/// computes, and the activation, named LAYER_relu, or LAYER_linear where there is none.
namespace sluice::compat {
namespace {

using fixed::ApFormat;

/// The ap_fixed whose codes these are. None: the scale is no power of two, or differs.
Type formatOf(const ir::Codes& codes) {
  if (codes.scale.size() != 1 || codes.zeroPoint != 0) return std::nullopt;
  int exponent = 0;
  if (std::frexp(codes.scale[0], &exponent) != 0.5) return std::nullopt;
  const fixed::IntegerFormat format = fixed::formatFor(codes.range);
  const int width = static_cast<int>(format.bits);
  return ApFormat{.width = width, .integer = width + exponent - 1, .isSigned = format.isSigned};
}

class Reader {
 public:
  explicit Reader(const ir::Graph& graph) : graph_(graph) { network_.name = graph.name; }

  Result<Network> run() {
    for (const ir::Node& node : graph_.nodes)
      if (const Status status = readNode(node); !status.ok()) {
        Error error = status.error();
        error.where = "layer '" + originOf(node) + "'";
        problems_.add(std::move(error));
        layerOf_[node.output.index] = network_.layers.size();  // whoever reads it is not blamed for it
        Layer broken;
        broken.origin = broken.name = originOf(node);
        broken.shape = shapeOf(node.output);
        network_.layers.push_back(std::move(broken));
      }
    SLUICE_RETURN_IF_ERROR(problems_.status());
    for (const ir::TensorId output : graph_.outputs) network_.outputs.push_back(layerOf_.at(output.index));
    return withLinears();
  }

 private:
  const ir::Graph& graph_;
  Network network_;
  Diagnostics problems_;
  std::map<std::uint32_t, std::size_t> layerOf_;  ///< tensor to the layer that computes it

  static std::string originOf(const ir::Node& node) {
    return node.origins.empty() ? node.name : node.origins.front();
  }
  [[nodiscard]] const ir::Shape& shapeOf(ir::TensorId id) const { return graph_.tensor(id).type.shape; }
  [[nodiscard]] bool isConstant(ir::TensorId id) const { return graph_.tensor(id).isConstant(); }
  [[nodiscard]] std::vector<double> numbers(ir::TensorId id) const {
    const ir::Tensor& tensor = graph_.tensor(id);
    return ir::realValues(tensor.type, *tensor.constant);
  }
  Layer* producer(ir::TensorId id) {
    const auto found = layerOf_.find(id.index);
    return found == layerOf_.end() ? nullptr : &network_.layers[found->second];
  }

  Layer& add(const ir::Node& node, std::string name, std::string className, LayerKind kind,
             const std::vector<ir::TensorId>& inputs) {
    Layer layer;
    layer.origin = originOf(node);
    layer.configName = name;
    layer.name = std::move(name);
    layer.className = std::move(className);
    layer.kind = kind;
    layer.operation = node.operation;
    layer.shape = shapeOf(node.output);
    for (const ir::TensorId input : inputs) layer.inputs.push_back(layerOf_.at(input.index));
    if (!inputs.empty()) layer.inputShape = shapeOf(inputs[0]);
    layerOf_[node.output.index] = network_.layers.size();
    network_.layers.push_back(std::move(layer));
    return network_.layers.back();
  }

  /// A second layer made of one of the model file: "fc1_relu" behind "fc1"; alone it has the layer's own name.
  Layer& addActivation(const ir::Node& node, const std::string& suffix, std::string className,
                       LayerKind kind) {
    const std::string origin = originOf(node);
    const Layer* before = producer(node.inputs[0]);
    const bool second = before != nullptr && before->origin == origin &&
                        (before->kind == LayerKind::dense || before->kind == LayerKind::conv);
    return add(node, second ? origin + "_" + suffix : origin, std::move(className), kind, {node.inputs[0]});
  }

  Status readNode(const ir::Node& node) {
    return std::visit([&](const auto& operation) { return read(node, operation); }, node.operation);
  }

  Status read(const ir::Node& node, const ir::Input&) {
    add(node, originOf(node), "Input", LayerKind::input, {});
    return {};
  }

  /// The numbers of a constant operand and, where they are codes, their type.
  Status readWeight(ir::TensorId id, std::vector<double>& values, Type& quantizer, const char* what) const {
    const ir::Tensor& tensor = graph_.tensor(id);
    if (!tensor.isConstant()) return unsupported(std::string("has a ") + what + " that is computed");
    values = numbers(id);
    if (tensor.type.isReal()) return {};
    quantizer = formatOf(*tensor.type.codes);
    if (!quantizer)
      return unsupported(
          std::string("has a ") + what +
          " whose scales are not one power of two (a quantizer with alpha); hls4ml splits such layers, "
          "which is not reproduced");
    return {};
  }

  Status linear(const ir::Node& node, const std::string& className, LayerKind kind) {
    Layer layer;
    SLUICE_RETURN_IF_ERROR(readWeight(node.inputs[1], layer.weight, layer.weightQuantizer, "kernel"));
    if (node.inputs.size() > 2) {
      SLUICE_RETURN_IF_ERROR(readWeight(node.inputs[2], layer.bias, layer.biasQuantizer, "bias"));
      layer.hasBias = true;
    }
    Layer& made = add(node, originOf(node), className, kind, {node.inputs[0]});
    made.weight = std::move(layer.weight);
    made.bias = std::move(layer.bias);
    made.hasBias = layer.hasBias;
    made.weightQuantizer = layer.weightQuantizer;
    made.biasQuantizer = layer.biasQuantizer;
    made.weightShape = shapeOf(node.inputs[1]);
    if (made.weightQuantizer) {
      const auto& codes = ir::codesOf(graph_.tensor(node.inputs[1]));
      made.binaryWeight =
          made.weightQuantizer->width == 2 &&
          std::none_of(codes.begin(), codes.end(), [](std::int64_t c) { return c != 1 && c != -1; });
    }
    separable(made);
    return {};
  }

  /// A separable convolution is two: hls4ml calls them LAYER_depthwise and LAYER_pointwise.
  void separable(Layer& second) {
    Layer& first = network_.layers[second.inputs[0]];
    if (first.origin != second.origin || first.kind != LayerKind::conv || second.kind != LayerKind::conv)
      return;
    first.name = first.origin + "_depthwise";
    second.name = second.origin + "_pointwise";
    first.variablePrefix = "depthwise";
    second.variablePrefix = "pointwise";
    if (first.className.starts_with("Conv")) first.className = "Depthwise" + first.className;
  }

  Status read(const ir::Node& node, const ir::MatMul&) {
    const std::size_t rank = shapeOf(node.inputs[0]).size();
    if (rank == 1) return linear(node, "Dense", LayerKind::dense);
    if (rank > 3) return unsupported("is a Dense over more than two axes of pixels");
    // hls4ml makes a convolution of it (replace_multidimensional_dense_with_conv).
    SLUICE_RETURN_IF_ERROR(linear(node, rank == 2 ? "Conv1D" : "Conv2D", LayerKind::conv));
    Layer& layer = network_.layers.back();
    layer.operation = ir::Conv{};
    ir::Shape kernel(rank - 1, 1);
    kernel.insert(kernel.end(), layer.weightShape.begin(), layer.weightShape.end());
    layer.weightShape = kernel;
    return {};
  }

  Status read(const ir::Node& node, const ir::Conv& conv) {
    const ir::Shape& shape = shapeOf(node.inputs[0]);
    if (shape.size() < 2 || shape.size() > 3)
      return unsupported("is a convolution over one pixel or over three axes");
    const std::string dimension = shape.size() == 2 ? "Conv1D" : "Conv2D";
    if (conv.groups == 1) return linear(node, dimension, LayerKind::conv);
    if (conv.groups != shape.back()) return unsupported("is a grouped convolution");
    return linear(node, "Depthwise" + dimension, LayerKind::conv);
  }

  Status read(const ir::Node& node, const ir::BatchNormalize& normalize) {
    for (std::size_t i = 1; i < 5; ++i)
      if (!isConstant(node.inputs[i])) return unsupported("normalizes by computed numbers");
    const auto gamma = numbers(node.inputs[1]), beta = numbers(node.inputs[2]),
               mean = numbers(node.inputs[3]), variance = numbers(node.inputs[4]);
    Layer& layer = add(node, originOf(node), "BatchNormalization", LayerKind::batchNorm, {node.inputs[0]});
    // NumPy's float32, operation by operation.
    const auto epsilon = static_cast<float>(normalize.epsilon);
    for (std::size_t i = 0; i < gamma.size(); ++i) {
      const float root = std::sqrt(static_cast<float>(variance[i]) + epsilon);
      const float scale = static_cast<float>(gamma[i]) / root;
      const float product = scale * static_cast<float>(mean[i]);
      layer.weight.push_back(scale);
      layer.bias.push_back(static_cast<float>(beta[i]) - product);
    }
    layer.hasBias = true;
    layer.weightShape = {static_cast<std::int64_t>(gamma.size())};
    return {};
  }

  Status activation(const ir::Node& node, const char* suffix, Function function,
                    const char* className = "Activation", double parameter = 0) {
    Layer& layer = addActivation(node, suffix, className, LayerKind::activation);
    layer.function = function;
    layer.parameter = parameter;
    return {};
  }

  Status read(const ir::Node& node, const ir::Unary& unary) {
    using Kind = ir::UnaryKind;
    switch (unary.kind) {
      case Kind::identity:
        layerOf_[node.output.index] = layerOf_.at(node.inputs[0].index);
        return {};
      case Kind::relu:
        return activation(node, "relu", Function::relu);
      case Kind::clip:
        if (unary.alpha == 0 && unary.beta == 6 && isSecond(node))
          return activation(node, "relu6", Function::relu6);
        if (unary.alpha == 0 && unary.beta > 0) {
          SLUICE_RETURN_IF_ERROR(activation(node, "relu", Function::relu));
          network_.layers.back().clipped = true;
          network_.layers.back().clipAt = unary.beta;
          return {};
        }
        break;
      case Kind::sigmoid:
        return activation(node, "sigmoid", Function::sigmoid);
      case Kind::tanh:
        return activation(node, "tanh", Function::tanh);
      case Kind::softplus:
        return activation(node, "softplus", Function::softplus);
      case Kind::softsign:
        return activation(node, "softsign", Function::softsign);
      case Kind::selu:
        return activation(node, "selu", Function::selu);
      case Kind::elu:
        return activation(node, "elu", Function::elu, "ParametrizedActivation", unary.alpha);
      case Kind::leakyRelu:
        return activation(node, "leaky_relu", Function::leakyRelu, "ParametrizedActivation", unary.alpha);
      case Kind::thresholdedRelu:
        return activation(node, "thresholdedrelu", Function::thresholdedRelu, "ParametrizedActivation",
                          unary.alpha);
      case Kind::hardSigmoid:
        if (unary.beta == 0.5)
          return activation(node, "hard_sigmoid", Function::hardSigmoid, "HardActivation", unary.alpha);
        break;
      default:
        break;
    }
    return unsupported(std::string("hls4ml has no activation ") + ir::info(node.operation).name +
                       " of this form");
  }

  bool isSecond(const ir::Node& node) {
    const Layer* before = producer(node.inputs[0]);
    return before != nullptr && before->origin == originOf(node);
  }

  /// A quantizer of an activation tells what the model does; hls4ml takes the type from its configuration.
  Status read(const ir::Node& node, const ir::Quantize& quantize) {
    if (isConstant(node.inputs[0])) return unsupported("quantizes a constant");
    Layer* before = producer(node.inputs[0]);
    if (before->origin == originOf(node) &&
        (before->kind == LayerKind::activation || before->kind == LayerKind::softmax)) {
      before->quantizer = quantize;
      layerOf_[node.output.index] = layerOf_.at(node.inputs[0].index);
      return {};
    }
    Layer& layer = addActivation(node, "linear", "Activation", LayerKind::activation);
    layer.function = Function::linear;
    layer.quantizer = quantize;
    return {};
  }

  Status read(const ir::Node& node, const ir::Softmax&) {
    addActivation(node, "softmax", "Softmax", LayerKind::softmax);
    return {};
  }

  Status read(const ir::Node& node, const ir::Pool& pool) {
    if (pool.kind == ir::PoolKind::sum) return unsupported("sums over windows");
    const std::size_t axes = pool.kernel.size();
    if (axes > 2) return unsupported("pools over three axes");
    for (const std::int64_t dilation : pool.window.dilations)
      if (dilation != 1) return unsupported("pools with gaps");
    Layer& layer =
        add(node, originOf(node), axes == 1 ? "Pooling1D" : "Pooling2D", LayerKind::pool, {node.inputs[0]});
    layer.average = pool.kind == ir::PoolKind::average;
    return {};
  }

  Status read(const ir::Node& node, const ir::Reduce& reduce) {
    const ir::Shape& shape = shapeOf(node.inputs[0]);
    const bool spatial = shape.size() >= 2 && shape.size() <= 3 && reduce.axes.size() == shape.size() - 1 &&
                         std::find(reduce.axes.begin(), reduce.axes.end(),
                                   static_cast<std::int64_t>(shape.size()) - 1) == reduce.axes.end();
    if (!spatial || (reduce.kind != ir::ReduceKind::mean && reduce.kind != ir::ReduceKind::max))
      return unsupported("reduces otherwise than a global pooling does");
    Layer& layer = add(node, originOf(node), shape.size() == 2 ? "GlobalPooling1D" : "GlobalPooling2D",
                       LayerKind::globalPool, {node.inputs[0]});
    layer.average = reduce.kind == ir::ReduceKind::mean;
    return {};
  }

  Status read(const ir::Node& node, const ir::Reshape&) {
    add(node, originOf(node), "Reshape", LayerKind::reshape, {node.inputs[0]});
    return {};
  }
  Status move(const ir::Node& node, const char* className) {
    add(node, originOf(node), className, LayerKind::move, {node.inputs[0]});
    return {};
  }
  Status read(const ir::Node& node, const ir::Transpose&) { return move(node, "Transpose"); }
  Status read(const ir::Node& node, const ir::Pad& pad) {
    if (pad.value != 0 || !std::all_of(pad.between.begin(), pad.between.end(), [](auto n) { return n == 0; }))
      return unsupported("pads with something else than zeros around");
    return move(node, shapeOf(node.inputs[0]).size() == 2 ? "ZeroPadding1D" : "ZeroPadding2D");
  }
  Status read(const ir::Node& node, const ir::Slice&) {
    return move(node, shapeOf(node.inputs[0]).size() == 2 ? "Cropping1D" : "Cropping2D");
  }
  Status read(const ir::Node& node, const ir::Resize& resize) {
    if (resize.kind != ir::ResizeKind::nearest) return unsupported("resizes bilinearly");
    return move(node, "Resize");
  }

  Status read(const ir::Node& node, const ir::Concat& concat) {
    if (node.inputs.size() != 2) return unsupported("hls4ml concatenates two tensors at a time, not more");
    Layer& layer = add(node, originOf(node), "Concatenate", LayerKind::concatenate, node.inputs);
    layer.axis = concat.axis;
    return {};
  }

  Status read(const ir::Node& node, const ir::Binary& binary) {
    using Kind = ir::BinaryKind;
    Layer* before = isConstant(node.inputs[0]) ? nullptr : producer(node.inputs[0]);
    if (isConstant(node.inputs[1]) && before != nullptr) {
      const bool same = before->origin == originOf(node);
      const bool vector = shapeOf(node.inputs[1]) == ir::Shape{ir::channels(shapeOf(node.output))};
      if (binary.kind == Kind::add && same && vector && !before->hasBias &&
          (before->kind == LayerKind::dense || before->kind == LayerKind::conv)) {
        SLUICE_RETURN_IF_ERROR(readWeight(node.inputs[1], before->bias, before->biasQuantizer, "bias"));
        before->hasBias = true;
        layerOf_[node.output.index] = layerOf_.at(node.inputs[0].index);
        return {};
      }
      if (binary.kind == Kind::divide && same && before->kind == LayerKind::merge &&
          before->merge == MergeKind::add && numbers(node.inputs[1]) == std::vector<double>{2}) {
        before->merge = MergeKind::average;
        layerOf_[node.output.index] = layerOf_.at(node.inputs[0].index);
        return {};
      }
      if (binary.kind == Kind::prelu) {
        if (shapeOf(node.inputs[1]) != shapeOf(node.output))
          return unsupported("hls4ml takes no shared slopes");
        SLUICE_RETURN_IF_ERROR(activation(node, "prelu", Function::prelu, "PReLU"));
        network_.layers.back().weight = numbers(node.inputs[1]);
        return {};
      }
      return unsupported("hls4ml has no layer for an operation with a constant");
    }
    if (before == nullptr) return unsupported("hls4ml has no layer for an operation on a constant");
    static const std::map<Kind, MergeKind> kinds = {{Kind::add, MergeKind::add},
                                                    {Kind::subtract, MergeKind::subtract},
                                                    {Kind::multiply, MergeKind::multiply},
                                                    {Kind::maximum, MergeKind::maximum},
                                                    {Kind::minimum, MergeKind::minimum}};
    const auto kind = kinds.find(binary.kind);
    if (kind == kinds.end()) return unsupported("hls4ml does not divide tensors");
    if (before->origin == originOf(node)) return unsupported("hls4ml merges two tensors at a time, not more");
    if (shapeOf(node.inputs[0]) != shapeOf(node.inputs[1]))
      return unsupported("merges tensors of different shapes");
    add(node, originOf(node), "Merge", LayerKind::merge, node.inputs).merge = kind->second;
    return {};
  }

  template <typename Other>
  Status read(const ir::Node& node, const Other&) {
    return unsupported(std::string("hls4ml has no layer for ") + ir::info(node.operation).name);
  }

  /// Each product of the model file without an activation gets the linear one that Keras says it has.
  Result<Network> withLinears() {
    Network result;
    result.name = network_.name;
    std::vector<std::size_t> now(network_.layers.size());
    std::map<std::string, bool> activated;
    for (const Layer& layer : network_.layers)
      if (!layer.inputs.empty()) {
        const Layer& before = network_.layers[layer.inputs[0]];
        if (before.origin == layer.origin &&
            (layer.kind == LayerKind::activation || layer.kind == LayerKind::softmax))
          activated[layer.origin] = true;
      }
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      Layer layer = std::move(network_.layers[i]);
      for (std::size_t& input : layer.inputs) input = now[input];
      now[i] = result.layers.size();
      const bool product = (layer.kind == LayerKind::dense || layer.kind == LayerKind::conv) &&
                           layer.variablePrefix != "depthwise" && !activated[layer.origin];
      Layer linear;
      linear.name = linear.configName = layer.origin + "_linear";
      linear.origin = layer.origin;
      linear.className = "Activation";
      linear.kind = LayerKind::activation;
      linear.function = Function::linear;
      linear.inputs = {now[i]};
      linear.shape = linear.inputShape = layer.shape;
      result.layers.push_back(std::move(layer));
      if (!product) continue;
      now[i] = result.layers.size();
      result.layers.push_back(std::move(linear));
    }
    for (const std::size_t output : network_.outputs) result.outputs.push_back(now[output]);
    return result;
  }
};

}  // namespace

Result<Network> readLayers(const ir::Graph& graph) { return Reader(graph).run(); }

}  // namespace sluice::compat
