#include "frontend/onnx_writer_graph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "fixed/exact.h"
#include "frontend/onnx_writer.h"

/// The walk over the nodes, with a note for every tensor in which orders the file has it.
namespace sluice::frontend {
namespace {

using List = std::vector<std::int64_t>;
constexpr const char* quantDomain = "qonnx.custom_op.general";

/// How the file holds a tensor of two or more axes: as the graph, or with the channels in front.
enum class Held : std::uint8_t { plain, channelsFirst };

ir::Shape fileShape(const ir::Shape& shape, Held held) {
  if (held == Held::plain || shape.empty()) return shape;
  ir::Shape result = {shape.back()};
  result.insert(result.end(), shape.begin(), shape.end() - 1);
  return result;
}

/// Elements of a row-major tensor with its last axis brought to the front.
template <typename T>
std::vector<T> lastAxisFirst(const std::vector<T>& from, std::size_t channels) {
  std::vector<T> result(from.size());
  const std::size_t rest = from.size() / channels;
  for (std::size_t i = 0; i < from.size(); ++i) result[i % channels * rest + i / channels] = from[i];
  return result;
}

/// Elements permuted: axis j of the result is axis permutation[j] of `from`.
template <typename T>
std::vector<T> permuted(const std::vector<T>& from, const ir::Shape& shape, const List& permutation) {
  std::vector<std::size_t> stride(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) stride[i - 1] = stride[i] * static_cast<std::size_t>(shape[i]);
  std::vector<T> result;
  result.reserve(from.size());
  List at(shape.size(), 0);
  for (std::size_t n = 0; n < from.size(); ++n) {
    std::size_t source = 0;
    for (std::size_t j = 0; j < permutation.size(); ++j)
      source += static_cast<std::size_t>(at[j]) * stride[static_cast<std::size_t>(permutation[j])];
    result.push_back(from[source]);
    for (std::size_t j = permutation.size(); j-- > 0;) {
      if (++at[j] < shape[static_cast<std::size_t>(permutation[j])]) break;
      at[j] = 0;
    }
  }
  return result;
}

std::vector<float> singles(const std::vector<double>& list) {
  std::vector<float> result;
  result.reserve(list.size());
  for (const double value : list) result.push_back(static_cast<float>(value));
  return result;
}

struct Width {
  std::int64_t bits = 0, isSigned = 0, narrow = 0;
};
std::optional<Width> widthOf(fixed::Interval range) {
  for (std::int64_t bits = 1; bits <= 32; ++bits) {
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    if (range == fixed::Interval{-half, half - 1}) return Width{bits, 1, 0};
    if (range == fixed::Interval{1 - half, half - 1} && bits > 1) return Width{bits, 1, 1};
    if (range == fixed::Interval{0, 2 * half - 1}) return Width{bits, 0, 0};
    if (range == fixed::Interval{0, 2 * half - 2} && bits > 1) return Width{bits, 0, 1};
  }
  return std::nullopt;
}

const char* roundingName(fixed::Rounding rounding) {
  switch (rounding) {
    case fixed::Rounding::halfEven:
      return "ROUND";
    case fixed::Rounding::floor:
      return "FLOOR";
    case fixed::Rounding::ceil:
      return "CEIL";
    case fixed::Rounding::towardZero:
      return "ROUND_TO_ZERO";
    case fixed::Rounding::awayFromZero:
      return "UP";
    case fixed::Rounding::halfAwayFromZero:
      return "HALF_UP";
    case fixed::Rounding::halfTowardZero:
      return "HALF_DOWN";
    default:
      return nullptr;
  }
}

class GraphWriter {
 public:
  explicit GraphWriter(const ir::Graph& graph)
      : graph_(graph),
        file_(opsetFor(graph)),
        opset_(opsetFor(graph)),
        names_(graph.tensors.size()),
        primary_(graph.tensors.size(), Held::plain) {
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
  [[nodiscard]] const ir::Shape& shapeOf(ir::TensorId id) const { return graph_.tensor(id).type.shape; }
  [[nodiscard]] bool isOutput(ir::TensorId id) const {
    return std::find(graph_.outputs.begin(), graph_.outputs.end(), id) != graph_.outputs.end();
  }
  [[nodiscard]] bool isConstant(std::size_t input) const {
    return graph_.tensor(node_->inputs[input]).isConstant();
  }

  // ---- Tensors

  /// A computed tensor in this order; a Transpose is written where the file has only the other.
  Result<std::string> tensor(ir::TensorId id, Held held) {
    if (shapeOf(id).size() < 2) held = Held::plain;
    if (graph_.tensor(id).isConstant()) return constant(id);
    if (const auto found = names_[id.index].find(held); found != names_[id.index].end()) return found->second;
    const auto rank = static_cast<std::int64_t>(shapeOf(id).size()) + 1;
    List permutation = {0};
    if (held == Held::channelsFirst) {
      permutation.push_back(rank - 1);
      for (std::int64_t axis = 1; axis < rank - 1; ++axis) permutation.push_back(axis);
    } else {
      for (std::int64_t axis = 2; axis < rank; ++axis) permutation.push_back(axis);
      permutation.push_back(1);
    }
    const std::string& from = names_[id.index].begin()->second;
    // The name of the graph's tensor goes to the one that was computed; of an output to the plain one.
    const std::string& own = graph_.tensor(id).name;
    const std::string name =
        held == Held::plain ? (isOutput(id) ? own : fresh(own + "/last")) : fresh(own + "/first");
    file_.node("Transpose", {from}, {name}, {{"perm", permutation}}, fresh(name + "/transpose"));
    names_[id.index][held] = name;
    return name;
  }

  /// The order in which an element-wise node finds its computed inputs.
  [[nodiscard]] Held heldOf(const ir::Node& node) const {
    for (const ir::TensorId input : node.inputs)
      if (!graph_.tensor(input).isConstant() && shapeOf(input).size() >= 2 &&
          primary_[input.index] == Held::channelsFirst)
        return Held::channelsFirst;
    return Held::plain;
  }

  /// Notes that the node's output is now written in this order, and gives its name.
  std::string define(Held held) {
    const ir::TensorId id = node_->output;
    if (shapeOf(id).size() < 2) held = Held::plain;
    primary_[id.index] = held;
    const std::string& own = graph_.tensor(id).name;
    return names_[id.index][held] = held == Held::channelsFirst && isOutput(id) ? fresh(own + "/first") : own;
  }

  std::string fresh(std::string name) {
    while (graph_.findTensor(name) || graph_.findNode(name) || !made_.emplace(name, true).second) name += "_";
    return name;
  }

  /// A constant's elements as the file needs them: `shape` and order are the caller's.
  struct Elements {
    ir::Shape shape;
    std::vector<double> reals;        ///< of real constants and of codes
    std::vector<double> scale;        ///< codes: one per element of `shape`, one, or empty for real constants
    ir::Shape scaleShape;             ///< of `scale`
    std::vector<std::int64_t> codes;  ///< in the order of `reals`
  };

  Result<std::string> constant(ir::TensorId id) {
    if (const auto found = names_[id.index].find(Held::plain); found != names_[id.index].end())
      return found->second;
    const ir::Tensor& tensor = graph_.tensor(id);
    SLUICE_TRY(const std::string name, constantAs(id, tensor.name, {}));
    return names_[id.index][Held::plain] = name;
  }

  /// A constant with its axes permuted (empty: as they are), under this name.
  Result<std::string> constantAs(ir::TensorId id, const std::string& name, const List& permutation) {
    const ir::Tensor& tensor = graph_.tensor(id);
    ir::Shape shape = tensor.type.shape;
    List order = permutation;
    if (order.empty())
      for (std::size_t i = 0; i < shape.size(); ++i) order.push_back(static_cast<std::int64_t>(i));
    ir::Shape to;
    for (const std::int64_t axis : order) to.push_back(shape[static_cast<std::size_t>(axis)]);
    if (tensor.type.isReal()) {
      file_.tensor(name, to, singles(permuted(ir::realsOf(tensor), shape, order)));
      return name;
    }
    const ir::Codes& codes = *tensor.type.codes;
    const auto width = widthOf(codes.range);
    if (codes.zeroPoint != 0 || !codes.ranges.empty() || !width)
      return unsupported("constant '" + tensor.name + "' has codes that no Quant node gives");
    const auto channels = static_cast<std::size_t>(ir::channels(shape));
    ir::Shape scaleShape;
    std::vector<double> scale = codes.scale;
    if (scale.size() == channels && scale.size() > 1) {
      for (const std::int64_t axis : order)
        scaleShape.push_back(
            axis + 1 == static_cast<std::int64_t>(shape.size()) ? static_cast<std::int64_t>(channels) : 1);
    } else if (scale.size() > 1) {
      scale = permuted(scale, shape, order);
      scaleShape = to;
    }
    const std::vector<std::int64_t>& list = ir::codesOf(tensor);
    std::vector<double> reals(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const double step = ir::scaleOf(codes, static_cast<std::int64_t>(i));
      const auto single = static_cast<float>(step);
      reals[i] = static_cast<double>(static_cast<float>(step * static_cast<double>(list[i])));
      if (static_cast<double>(single) != step ||
          fixed::quantize(reals[i], step, 0, fixed::Rounding::halfEven, codes.range) != list[i])
        return unsupported("constant '" + tensor.name + "' does not fit float32");
    }
    const std::string from = fresh(tensor.name + "/value");
    file_.tensor(from, to, singles(permuted(reals, shape, order)));
    SLUICE_RETURN_IF_ERROR(quantNode(from, name, singles(scale), scaleShape, 0, *width,
                                     fixed::Rounding::halfEven, fresh(tensor.name + "/quant")));
    return name;
  }

  Status quantNode(const std::string& from, const std::string& to, std::vector<float> scale,
                   const ir::Shape& scaleShape, std::int64_t zeroPoint, Width width, fixed::Rounding rounding,
                   const std::string& nodeName) {
    const char* mode = roundingName(rounding);
    if (mode == nullptr) return unsupported("QONNX has no such rounding");
    const std::string s = fresh(to + "/scale"), z = fresh(to + "/zero"), b = fresh(to + "/bits");
    file_.tensor(s, scaleShape, std::move(scale));
    file_.scalar(z, static_cast<float>(zeroPoint));
    file_.scalar(b, static_cast<float>(width.bits));
    file_.node("Quant", {from, s, z, b}, {to},
               {{"signed", width.isSigned}, {"narrow", width.narrow}, {"rounding_mode", std::string(mode)}},
               nodeName, quantDomain);
    return {};
  }

  /// A constant operand of an element-wise node, for a result of this shape and order.
  Result<std::string> operand(std::size_t input, Held held) {
    const ir::TensorId id = node_->inputs[input];
    const ir::Shape& shape = shapeOf(id);
    const std::size_t rank = shapeOf(node_->output).size();
    if (!isConstant(input)) {
      if (shape.size() == rank) return tensor(id, held);
      // Broadcasting against the batch: axes of 1 behind it.
      SLUICE_TRY(const std::string from, tensor(id, Held::plain));
      ir::Shape wide(rank - shape.size(), 1);
      wide.insert(wide.end(), shape.begin(), shape.end());
      return reshaped(from, fileShape(wide, held), fresh(node_->name + "/wide"));
    }
    if (held == Held::plain || shape.empty() || ir::elements(shape) == 1) return constant(id);
    if (!graph_.tensor(id).type.isReal()) {
      // Codes keep their Quant node; a Reshape of constants puts the channels in front.
      if (ir::elements(shape) != ir::channels(shape)) return unsupported("a constant of codes per element");
      SLUICE_TRY(const std::string from, constant(id));
      List target = {ir::channels(shape)};
      target.resize(rank, 1);
      const std::string shapeName = fresh(node_->name + "/shape"), to = fresh(node_->name + "/operand");
      file_.integers(shapeName, {static_cast<std::int64_t>(target.size())}, target);
      file_.node("Reshape", {from, shapeName}, {to}, {}, fresh(to + "/reshape"));
      return to;
    }
    ir::Shape wide(rank - shape.size(), 1);
    wide.insert(wide.end(), shape.begin(), shape.end());
    const std::string name = fresh(graph_.tensor(id).name + "/first");
    file_.tensor(name, fileShape(wide, held),
                 singles(lastAxisFirst(ir::realsOf(graph_.tensor(id)),
                                       static_cast<std::size_t>(ir::channels(shape)))));
    return name;
  }

  Result<std::string> reshaped(const std::string& from, const ir::Shape& shape, const std::string& to) {
    List target = {0};  // the batch stays
    target.insert(target.end(), shape.begin(), shape.end());
    const std::string name = fresh(to + "/shape");
    file_.integers(name, {static_cast<std::int64_t>(target.size())}, target);
    file_.node("Reshape", {from, name}, {to}, {}, to == graph_.tensor(node_->output).name ? node_->name : to);
    return to;
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

  const ir::Graph& graph_;
  OnnxWriter file_;
  std::int64_t opset_;
  std::vector<std::map<Held, std::string>> names_;  ///< by tensor: what the file calls it in each order
  std::vector<Held> primary_;                       ///< by tensor: the order in which it is computed
  std::map<std::string, bool> made_;
  const ir::Node* node_ = nullptr;
  std::string problems_;
};

}  // namespace

Result<std::string> qonnxBytes(const ir::Graph& graph) { return GraphWriter(graph).run(); }

}  // namespace sluice::frontend
