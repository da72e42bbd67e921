#include "frontend/onnx_writer_graph.h"

#include <algorithm>
#include <cmath>

#include "frontend/onnx_writer_tensors.h"

/// The walk over the nodes: one operator of the file for each, or a few.
namespace sluice::frontend {
namespace {

class GraphWriter : FileTensors {
 public:
  explicit GraphWriter(const ir::Graph& graph)
      : FileTensors(graph, opsetFor(graph)), opset_(opsetFor(graph)) {
    file_.graphName(graph.name.empty() ? "network" : graph.name);
    file_.domain(quantDomain, 1);
  }

  Result<std::string> run() {
    for (const ir::Node& node : graph_.nodes) {
      node_ = &node;
      const Status written =
          std::visit([&](const auto& operation) { return write(operation); }, node.operation);
      if (written.ok()) continue;
      problems_ += (problems_.empty() ? "" : "\n") +
                   ("node '" + node.name + "' (" + std::string(ir::info(node.operation).name) +
                    "): " + written.error().message);
      define(Held::plain);  // so that the walk goes on
    }
    if (!problems_.empty()) return unsupported(problems_, graph_.name);
    for (const ir::TensorId output : graph_.outputs) {
      SLUICE_TRY(const std::string name, tensor(output, Held::plain));
      file_.output(name, batched(graph_.tensor(output).type.shape));
    }
    return file_.bytes();
  }

 private:
  static std::int64_t opsetFor(const ir::Graph& graph) {
    std::int64_t opset = 13;
    for (const ir::Node& node : graph.nodes)
      if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) {
        if (unary->kind == ir::UnaryKind::hardSwish) opset = std::max<std::int64_t>(opset, 14);
        if (unary->kind == ir::UnaryKind::mish) opset = std::max<std::int64_t>(opset, 18);
        if (unary->kind == ir::UnaryKind::gelu || unary->kind == ir::UnaryKind::geluTanh)
          opset = std::max<std::int64_t>(opset, 20);
      }
    return opset;
  }

  static List batched(const ir::Shape& shape) {
    List list = {-1};
    list.insert(list.end(), shape.begin(), shape.end());
    return list;
  }
  /// One computed input in the order of `held`, one output in the same.
  Status simple(const char* op, Held held, const std::vector<WrittenAttribute>& attributes = {},
                const std::vector<std::string>& more = {}) {
    SLUICE_TRY(const std::string x, tensor(node_->inputs[0], held));
    std::vector<std::string> inputs = {x};
    inputs.insert(inputs.end(), more.begin(), more.end());
    file_.node(op, inputs, {define(held)}, attributes, node_->name);
    return {};
  }

  // ---- Operations

  Status write(const ir::Input&) {
    const ir::Tensor& tensor = graph_.tensor(node_->output);
    if (!tensor.type.isReal()) return unsupported("an input of codes");
    file_.input(define(Held::plain), batched(tensor.type.shape));
    return {};
  }

  Status write(const ir::Quantize& q) {
    const auto width = widthOf(q.range);
    if (!width || !q.ranges.empty() || !q.zeroPoints.empty() || q.overflow != fixed::Overflow::saturate)
      return unsupported("a quantizer that saturates to a range of whole bits is needed");
    const Held held = heldOf(*node_);
    const ir::Shape& shape = shapeOf(node_->output);
    ir::Shape scaleShape;
    std::vector<double> scale = q.scale;
    if (scale.size() > 1 && static_cast<std::int64_t>(scale.size()) == ir::channels(shape)) {
      scaleShape.assign(shape.size(), 1);
      scaleShape.back() = ir::channels(shape);
      scaleShape = fileShape(scaleShape, held);
    } else if (scale.size() > 1) {
      if (held == Held::channelsFirst)
        scale = lastAxisFirst(scale, static_cast<std::size_t>(ir::channels(shape)));
      scaleShape = fileShape(shape, held);
    }
    SLUICE_TRY(const std::string x, tensor(node_->inputs[0], held));
    return quantNode(x, define(held), singles(scale), scaleShape, q.zeroPoint, *width, q.rounding,
                     node_->name);
  }

  Status write(const ir::Bipolar& bipolar) {
    const Held held = heldOf(*node_);
    SLUICE_TRY(const std::string x, tensor(node_->inputs[0], held));
    const std::string scale = fresh(node_->name + "/scale");
    file_.scalar(scale, static_cast<float>(bipolar.scale));
    file_.node("BipolarQuant", {x, scale}, {define(held)}, {}, node_->name, quantDomain);
    return {};
  }

  Status write(const ir::MatMul&) {
    std::vector<std::string> inputs;
    for (const ir::TensorId input : node_->inputs) {
      SLUICE_TRY(const std::string name, tensor(input, Held::plain));
      inputs.push_back(name);
    }
    file_.node("MatMul", inputs, {define(Held::plain)}, {}, node_->name);
    return {};
  }

  static void windowAttributes(const ir::Window& window, std::size_t axes,
                               std::vector<WrittenAttribute>& attributes) {
    const auto list = [&](const List& given, std::int64_t otherwise) {
      return given.empty() ? List(axes, otherwise) : given;
    };
    List pads = list(window.padBefore, 0);
    const List after = list(window.padAfter, 0);
    pads.insert(pads.end(), after.begin(), after.end());
    attributes.emplace_back("strides", list(window.strides, 1));
    attributes.emplace_back("dilations", list(window.dilations, 1));
    attributes.emplace_back("pads", pads);
  }

  Status convolution(const char* op, const ir::Window& window, std::int64_t groups, bool outputsFirst,
                     std::vector<WrittenAttribute> attributes) {
    if (!isConstant(1)) return unsupported("a computed kernel");
    const ir::Shape& w = shapeOf(node_->inputs[1]);
    const std::size_t axes = w.size() - 2;
    if (!outputsFirst && groups != 1) return unsupported("groups in a transposed convolution");
    windowAttributes(window, axes, attributes);
    attributes.emplace_back("kernel_shape", List(w.begin(), w.end() - 2));
    attributes.emplace_back("group", groups);
    SLUICE_TRY(const std::string x, tensor(node_->inputs[0], Held::channelsFirst));
    List permutation = {static_cast<std::int64_t>(axes) + 1, static_cast<std::int64_t>(axes)};
    if (!outputsFirst) std::swap(permutation[0], permutation[1]);
    for (std::size_t i = 0; i < axes; ++i) permutation.push_back(static_cast<std::int64_t>(i));
    SLUICE_TRY(
        const std::string kernel,
        constantAs(node_->inputs[1], fresh(graph_.tensor(node_->inputs[1]).name + "/kernel"), permutation));
    std::vector<std::string> inputs = {x, kernel};
    if (node_->inputs.size() == 3) {
      SLUICE_TRY(const std::string bias,
                 constantAs(node_->inputs[2], fresh(graph_.tensor(node_->inputs[2]).name + "/list"), {}));
      inputs.push_back(bias);
    }
    file_.node(op, inputs, {define(Held::channelsFirst)}, attributes, node_->name);
    return {};
  }
  Status write(const ir::Conv& conv) { return convolution("Conv", conv.window, conv.groups, true, {}); }
  Status write(const ir::ConvTranspose& conv) {
    std::vector<WrittenAttribute> attributes;
    if (!conv.outputPad.empty()) attributes.emplace_back("output_padding", conv.outputPad);
    return convolution("ConvTranspose", conv.window, conv.groups, false, attributes);
  }

  Status write(const ir::BatchNormalize& norm) {
    std::vector<std::string> lists;
    for (std::size_t i = 1; i < 5; ++i) {
      if (!isConstant(i)) return unsupported("computed parameters");
      SLUICE_TRY(const std::string name, constant(node_->inputs[i]));
      lists.push_back(name);
    }
    return simple("BatchNormalization", Held::channelsFirst, {{"epsilon", static_cast<float>(norm.epsilon)}},
                  lists);
  }

  Status write(const ir::Binary& binary) {
    const char* op = nullptr;
    switch (binary.kind) {
      case ir::BinaryKind::add:
        op = "Add";
        break;
      case ir::BinaryKind::subtract:
        op = "Sub";
        break;
      case ir::BinaryKind::multiply:
        op = "Mul";
        break;
      case ir::BinaryKind::divide:
        op = "Div";
        break;
      case ir::BinaryKind::power:
        op = "Pow";
        break;
      case ir::BinaryKind::minimum:
        op = "Min";
        break;
      case ir::BinaryKind::maximum:
        op = "Max";
        break;
      case ir::BinaryKind::prelu:
        op = "PRelu";
        break;
    }
    const Held held = heldOf(*node_);
    SLUICE_TRY(const std::string a, operand(0, held));
    SLUICE_TRY(const std::string b, operand(1, held));
    file_.node(op, {a, b}, {define(held)}, {}, node_->name);
    return {};
  }

  Status write(const ir::Unary& unary) {
    using K = ir::UnaryKind;
    const auto alpha = static_cast<float>(unary.alpha), beta = static_cast<float>(unary.beta);
    const Held held = heldOf(*node_);
    const auto clip = [&](double low, double high) -> Status {
      const std::string lo = fresh(node_->name + "/low"), hi = fresh(node_->name + "/high");
      file_.scalar(lo, static_cast<float>(low));
      file_.scalar(hi, static_cast<float>(high));
      return simple("Clip", held, {}, {lo, hi});
    };
    switch (unary.kind) {
      case K::relu:
        return simple("Relu", held);
      case K::sigmoid:
        return simple("Sigmoid", held);
      case K::tanh:
        return simple("Tanh", held);
      case K::negate:
        return simple("Neg", held);
      case K::identity:
        return simple("Identity", held);
      case K::absolute:
        return simple("Abs", held);
      case K::sign:
        return simple("Sign", held);
      case K::floor:
        return simple("Floor", held);
      case K::ceil:
        return simple("Ceil", held);
      case K::round:
        return simple("Round", held);
      case K::exp:
        return simple("Exp", held);
      case K::log:
        return simple("Log", held);
      case K::sqrt:
        return simple("Sqrt", held);
      case K::erf:
        return simple("Erf", held);
      case K::softplus:
        return simple("Softplus", held);
      case K::softsign:
        return simple("Softsign", held);
      case K::gelu:
        return simple("Gelu", held);
      case K::geluTanh:
        return simple("Gelu", held, {{"approximate", std::string("tanh")}});
      case K::mish:
        return simple("Mish", held);
      case K::leakyRelu:
        return simple("LeakyRelu", held, {{"alpha", alpha}});
      case K::elu:
        return simple("Elu", held, {{"alpha", alpha}});
      case K::celu:
        return simple("Celu", held, {{"alpha", alpha}});
      case K::selu:
        return simple("Selu", held, {{"alpha", alpha}, {"gamma", beta}});
      case K::thresholdedRelu:
        return simple("ThresholdedRelu", held, {{"alpha", alpha}});
      case K::clip:
        return clip(unary.alpha, unary.beta);
      case K::hardSigmoid:
        return simple("HardSigmoid", held, {{"alpha", alpha}, {"beta", beta}});
      case K::hardSwish:
        return simple("HardSwish", held);
      case K::rampRelu:
        if (unary.alpha == 0 && unary.gamma == 0)
          return std::isinf(unary.beta) ? simple("Relu", held) : clip(0, unary.beta);
        return unsupported("a ReLU with a slope and a threshold is no operator of ONNX");
      case K::swish:
        return unsupported("swish is no operator of ONNX; write it as x * sigmoid(x)");
    }
    return {};
  }

  Status write(const ir::Softmax&) { return simple("Softmax", Held::plain, {{"axis", std::int64_t{-1}}}); }

  Status write(const ir::Reshape& reshape) {
    SLUICE_TRY(const std::string x, tensor(node_->inputs[0], Held::plain));
    SLUICE_TRY(const std::string y, reshaped(x, reshape.shape, define(Held::plain)));
    (void)y;
    return {};
  }

  Status write(const ir::Transpose& transpose) {
    List permutation = {0};
    for (const std::int64_t axis : transpose.permutation) permutation.push_back(axis + 1);
    return simple("Transpose", Held::plain, {{"perm", permutation}});
  }

  Status write(const ir::Concat& concat) {
    std::vector<std::string> inputs;
    for (const ir::TensorId input : node_->inputs) {
      if (graph_.tensor(input).isConstant()) return unsupported("a constant among its inputs");
      SLUICE_TRY(const std::string name, tensor(input, Held::plain));
      inputs.push_back(name);
    }
    file_.node("Concat", inputs, {define(Held::plain)}, {{"axis", concat.axis + 1}}, node_->name);
    return {};
  }

  Status write(const ir::Pad& pad) {
    if (std::any_of(pad.between.begin(), pad.between.end(), [](std::int64_t n) { return n != 0; }))
      return unsupported("zeros between elements");
    const std::size_t rank = shapeOf(node_->output).size();
    List pads(2 * rank + 2, 0);
    for (std::size_t i = 0; i < rank; ++i) {
      pads[i + 1] = pad.before.empty() ? 0 : pad.before[i];
      pads[rank + 2 + i] = pad.after.empty() ? 0 : pad.after[i];
    }
    const std::string list = fresh(node_->name + "/pads"), value = fresh(node_->name + "/value");
    file_.integers(list, {static_cast<std::int64_t>(pads.size())}, pads);
    file_.scalar(value, static_cast<float>(pad.value));
    return simple("Pad", Held::plain, {}, {list, value});
  }

  Status write(const ir::Slice& slice) {
    std::vector<std::string> lists;
    const auto list = [&](const char* what, const List& values) {
      lists.push_back(fresh(node_->name + what));
      file_.integers(lists.back(), {static_cast<std::int64_t>(values.size())}, values);
    };
    List axes;
    for (std::size_t i = 0; i < slice.begin.size(); ++i) axes.push_back(static_cast<std::int64_t>(i) + 1);
    list("/starts", slice.begin);
    list("/ends", slice.end);
    list("/axes", axes);
    list("/steps", slice.step.empty() ? List(axes.size(), 1) : slice.step);
    return simple("Slice", Held::plain, {}, lists);
  }

  Status write(const ir::Expand& expand) {
    List target = {1};
    target.insert(target.end(), expand.shape.begin(), expand.shape.end());
    if (shapeOf(node_->inputs[0]).size() != expand.shape.size()) return unsupported("a change of rank");
    const std::string list = fresh(node_->name + "/shape");
    file_.integers(list, {static_cast<std::int64_t>(target.size())}, target);
    return simple("Expand", Held::plain, {}, {list});
  }

  Status write(const ir::Resize& resize) {
    const ir::Shape& from = shapeOf(node_->inputs[0]);
    constexpr const char* coordinates[] = {"half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"};
    constexpr const char* nearest[] = {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"};
    std::vector<double> factors = resize.factors;
    if (factors.empty())
      for (std::size_t i = 0; i < from.size(); ++i)
        factors.push_back(static_cast<double>(resize.shape[i]) / static_cast<double>(from[i]));
    std::rotate(factors.begin(), factors.end() - 1, factors.end());
    factors.insert(factors.begin(), 1);
    const std::string list = fresh(node_->name + "/scales");
    file_.tensor(list, {static_cast<std::int64_t>(factors.size())}, singles(factors));
    return simple("Resize", Held::channelsFirst,
                  {{"mode", std::string(resize.kind == ir::ResizeKind::nearest ? "nearest" : "linear")},
                   {"coordinate_transformation_mode",
                    std::string(coordinates[static_cast<std::size_t>(resize.coordinates)])},
                   {"nearest_mode", std::string(nearest[static_cast<std::size_t>(resize.rounding)])}},
                  {"", list});
  }

  Status write(const ir::Pool& pool) {
    if (pool.kind == ir::PoolKind::sum) return unsupported("a sum over windows is no operator of ONNX");
    std::vector<WrittenAttribute> attributes = {{"kernel_shape", pool.kernel}};
    windowAttributes(pool.window, pool.kernel.size(), attributes);
    const bool average = pool.kind == ir::PoolKind::average;
    if (average) {
      const List& dilations = pool.window.dilations;
      if (std::any_of(dilations.begin(), dilations.end(), [](std::int64_t d) { return d != 1; }))
        return unsupported("a dilated average pool");
      attributes.erase(attributes.begin() + 2);
      attributes.emplace_back("count_include_pad", std::int64_t{pool.countPads ? 1 : 0});
    }
    return simple(average ? "AveragePool" : "MaxPool", Held::channelsFirst, attributes);
  }

  Status write(const ir::Reduce& reduce) {
    constexpr const char* ops[] = {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"};
    List axes;
    for (const std::int64_t axis : reduce.axes) axes.push_back(axis + 1);
    const std::int64_t keep = reduce.keepDims ? 1 : 0;
    const char* op = ops[static_cast<std::size_t>(reduce.kind)];
    if (reduce.kind != ir::ReduceKind::sum && opset_ < 18)
      return simple(op, Held::plain, {{"axes", axes}, {"keepdims", keep}});
    const std::string list = fresh(node_->name + "/axes");
    file_.integers(list, {static_cast<std::int64_t>(axes.size())}, axes);
    return simple(op, Held::plain, {{"keepdims", keep}}, {list});
  }

  template <typename Operation>
  Status write(const Operation&) {
    return unsupported("it has no operator in QONNX");
  }

  std::int64_t opset_;
  std::string problems_;
};

}  // namespace

Result<std::string> qonnxBytes(const ir::Graph& graph) { return GraphWriter(graph).run(); }

}  // namespace sluice::frontend
