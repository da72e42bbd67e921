#include <algorithm>
#include <unordered_map>

#include "ir/geometry.h"
#include "passes/element_function.h"
#include "passes/rewrite.h"

/// From the quantizer back to the codes: every activation is written down in few kinds of steps, so that what is
/// known of a step (how it runs, whether it is affine) need be said only once.
namespace sluice::passes {
namespace {

constexpr std::size_t mostSteps = 4096;  // far beyond real chains; keeps hostile graphs from deep recursion
constexpr std::int64_t exactInDouble = std::int64_t{1} << 53;
constexpr std::int64_t mostFunctions = std::int64_t{1} << 22;

using Index = std::uint32_t;

class Builder {
 public:
  Builder(const ir::Graph& graph, const ir::Node& quantizer)
      : graph_(graph), shape_(graph.tensor(quantizer.output).type.shape), end_(quantizer.name) {}

  Result<ElementFunction> build(const ir::Node& quantizer) {
    SLUICE_TRY(const Index last, nodeStep(quantizer));
    (void)last;
    std::sort(nodes_.begin(), nodes_.end());
    for (const Index node : nodes_)
      for (std::string& origin : originsOf(graph_.nodes[node]))
        function_.origins.push_back(std::move(origin));
    std::size_t channels = std::max(function_.quantizer.ranges.size(), function_.quantizer.subtract.size());
    for (const auto& list : function_.constants) channels = std::max(channels, list->size());
    function_.channels = std::max(std::int64_t{1}, static_cast<std::int64_t>(channels));
    return std::move(function_);
  }

 private:
  Error fail(std::string why, const ir::Node* at = nullptr) const {
    return unsupported("cannot be computed on integers: " + std::move(why),
                       at == nullptr || at->name == end_
                           ? "node '" + end_ + "'"
                           : "node '" + at->name + "' in the chain before '" + end_ + "'");
  }

  // ---- steps

  Index push(Step step) {
    const auto varies = [&](Index i) { return i < function_.steps.size() && function_.steps[i].varies; };
    switch (step.kind) {
      case StepKind::variable:
        step.varies = true;
        break;
      case StepKind::constant:
      case StepKind::pi:
        step.varies = false;
        break;
      case StepKind::add:
      case StepKind::subtract:
      case StepKind::multiply:
      case StepKind::divide:
        step.varies = varies(step.a) || varies(step.b);
        break;
      default:
        step.varies = varies(step.a);
        break;
    }
    function_.steps.push_back(step);
    return static_cast<Index>(function_.steps.size() - 1);
  }
  Index push(StepKind kind, Index a, Index b = 0) { return push(Step{.kind = kind, .a = a, .b = b}); }
  Index add(Index a, Index b) { return push(StepKind::add, a, b); }
  Index subtract(Index a, Index b) { return push(StepKind::subtract, a, b); }
  Index multiply(Index a, Index b) { return push(StepKind::multiply, a, b); }
  Index relu(Index a) { return push(StepKind::relu, a); }
  Index negate(Index a) { return push(StepKind::negate, a); }

  Index constant(std::vector<double> values) {
    if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; }))
      values.erase(values.begin() + 1, values.end());
    function_.constants.push_back(std::make_shared<const std::vector<double>>(std::move(values)));
    return push(Step{.kind = StepKind::constant, .data = static_cast<Index>(function_.constants.size() - 1)});
  }
  Index number(double value) { return constant({value}); }

  Index maximum(Index a, Index b) { return add(relu(subtract(a, b)), b); }
  Index minimum(Index a, Index b) { return subtract(b, relu(subtract(b, a))); }
  Index atLeast(Index a, double limit) {
    if (limit == 0) return relu(a);
    return std::isfinite(limit) ? maximum(a, number(limit)) : a;
  }
  Index atMost(Index a, double limit) { return std::isfinite(limit) ? minimum(a, number(limit)) : a; }
  Index scaledBy(Index a, double factor) { return factor == 1 ? a : multiply(a, number(factor)); }
  /// relu(x) - slope * relu(-x).
  Index leaky(Index x, Index slope) { return subtract(relu(x), multiply(slope, relu(negate(x)))); }
  /// exp(min(x, 0) / alpha) - 1.
  Index below(Index x, double alpha) {
    const Index least = negate(relu(negate(x)));
    const Index inside = alpha == 1 ? least : push(StepKind::divide, least, number(alpha));
    return subtract(push(StepKind::exponential, inside), number(1));
  }
  /// log(1 + exp(x)) = relu(x) + log(1 + exp(-|x|)), which never leaves double.
  Index softplus(Index x) {
    const Index size = add(relu(x), relu(negate(x)));
    const Index tail = push(StepKind::exponential, negate(size));
    return add(relu(x), push(StepKind::logarithm, add(number(1), tail)));
  }

  // ---- tensors

  /// The elements of a constant that belong to the elements of the result: one, one per channel, or all.
  Result<std::vector<double>> spread(const ir::Tensor& tensor, std::vector<double> values) const {
    const ir::Shape& shape = tensor.type.shape;
    if (values.size() == 1) return values;
    const bool leading =
        std::all_of(shape.begin(), shape.end() - 1, [](std::int64_t extent) { return extent == 1; });
    if (leading && shape.back() == ir::channels(shape_)) return values;
    if (shape == shape_) return values;
    if (ir::elements(shape_) > mostFunctions)
      return fail("constant '" + tensor.name + "' of shape " + ir::text(shape) +
                  " varies along another axis than the last, over too many elements");
    const std::vector<std::int64_t> sources = ir::broadcastSources(shape, shape_);
    std::vector<double> result;
    result.reserve(sources.size());
    for (const std::int64_t from : sources) result.push_back(values[static_cast<std::size_t>(from)]);
    return result;
  }

  Result<Index> constantTensor(const ir::Tensor& tensor) {
    if (tensor.type.isReal()) {
      const std::vector<double>& values = ir::realsOf(tensor);
      if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }))
        return fail("constant '" + tensor.name + "' holds an infinity or NaN");
      SLUICE_TRY(std::vector<double> list, spread(tensor, values));
      return constant(std::move(list));
    }
    const ir::Codes& type = *tensor.type.codes;
    std::vector<double> codes, scales;
    for (const std::int64_t code : ir::codesOf(tensor)) {
      const std::int64_t value = code - type.zeroPoint;
      if (value > exactInDouble || value < -exactInDouble)
        return fail("constant '" + tensor.name + "' holds codes beyond 2^53");
      scales.push_back(ir::scaleOf(type, static_cast<std::int64_t>(codes.size())));
      codes.push_back(static_cast<double>(value));
    }
    SLUICE_TRY(codes, spread(tensor, std::move(codes)));
    SLUICE_TRY(scales, spread(tensor, std::move(scales)));
    return times(constant(std::move(codes)), std::move(scales));
  }

  Index times(Index x, std::vector<double> scale) {
    if (scale.size() == 1 && scale[0] == 1) return x;
    return multiply(x, constant(std::move(scale)));
  }

  Result<Index> tensorStep(ir::TensorId id) {
    if (const auto found = known_.find(id.index); found != known_.end()) return found->second;
    SLUICE_TRY(const Index step, newTensorStep(id));
    known_.emplace(id.index, step);
    return step;
  }

  Result<Index> newTensorStep(ir::TensorId id) {
    const ir::Tensor& tensor = graph_.tensor(id);
    if (tensor.isConstant()) return constantTensor(tensor);
    if (tensor.type.isReal()) return nodeStep(graph_.node(tensor.producer));
    const bool isSecond = function_.source.valid();
    if (isSecond && function_.second.valid())
      return fail("it depends on three tensors of codes, '" + graph_.tensor(function_.source).name + "', '" +
                  graph_.tensor(function_.second).name + "' and '" + tensor.name +
                  "', which meet on no common grid; quantize them to scales that differ by a power of two");
    (isSecond ? function_.second : function_.source) = id;
    if (tensor.type.shape != shape_)
      return fail("tensor '" + tensor.name + "' of shape " + ir::text(tensor.type.shape) +
                  " is broadcast to " + ir::text(shape_));
    const ir::Codes& codes = *tensor.type.codes;
    (isSecond ? function_.secondZeroPoint : function_.zeroPoint) = codes.zeroPoint;
    return times(push(Step{.kind = StepKind::variable, .data = isSecond ? 1u : 0u}), codes.scale);
  }

  // ---- nodes

  Result<Index> quantizeStep(const ir::Node& node, const ir::Quantize& quantize, Index x) {
    if (quantize.range.lo < -fixed::widestCode || quantize.range.hi > fixed::widestCode)
      return fail("codes beyond 2^50", &node);
    if (quantize.scale.size() != 1 || quantize.scale[0] != 1)
      x = push(StepKind::divide, x, constant(quantize.scale));
    if (quantize.zeroPoint != 0) x = add(x, number(static_cast<double>(quantize.zeroPoint)));
    QuantizerStep& q = function_.quantizer;
    q = {.range = quantize.range,
         .rounding = quantize.rounding,
         .overflow = quantize.overflow,
         .ranges = quantize.ranges,
         .zero = quantize.zeroPoint};
    if (!quantize.zeroPoints.empty()) {
      if (quantize.overflow == fixed::Overflow::saturateToZero)
        return fail("zero points that differ and saturation to zero", &node);
      std::vector<double> zeros;
      for (const std::int64_t zero : quantize.zeroPoints) zeros.push_back(static_cast<double>(zero));
      x = add(x, constant(std::move(zeros)));
      q.subtract = quantize.zeroPoints;
    }
    if (q.overflow == fixed::Overflow::saturateSymmetric) {
      const auto symmetric = [](fixed::Interval range) {
        return fixed::Interval{std::max(range.lo, -range.hi), range.hi};
      };
      q.range = symmetric(q.range);
      for (fixed::Interval& range : q.ranges) range = symmetric(range);
      q.overflow = fixed::Overflow::saturate;
    }
    function_.scale = quantize.scale;
    if (std::all_of(quantize.scale.begin(), quantize.scale.end(),
                    [&](double v) { return v == quantize.scale[0]; }))
      function_.scale.erase(function_.scale.begin() + 1, function_.scale.end());
    function_.outputZeroPoint = quantize.zeroPoint;
    return push(StepKind::quantize, x);
  }

  Result<Index> levelStep(const ir::Node& node, std::optional<Levels> levels, Index x) {
    if (!levels) return fail("a format of more than " + std::to_string(mostLevels) + " numbers", &node);
    function_.levels = *std::move(levels);
    function_.scale = graph_.tensor(node.output).type.codes->scale;
    if (function_.scale[0] != 1) x = push(StepKind::divide, x, constant(function_.scale));
    return push(StepKind::level, x);
  }

  Result<Index> unaryStep(const ir::Node& node, const ir::Unary& op, Index x) {
    using ir::UnaryKind;
    for (const double parameter : {op.alpha, op.gamma})
      if (!std::isfinite(parameter) && op.kind != UnaryKind::clip)
        return fail("a parameter that is not finite", &node);
    const auto rounded = [&](fixed::Rounding rounding) {
      return push(Step{.kind = StepKind::round, .a = x, .data = static_cast<Index>(rounding)});
    };
    const auto hardSigmoid = [&] {
      return atMost(atLeast(add(scaledBy(x, op.alpha), number(op.beta)), 0), 1);
    };
    switch (op.kind) {
      case UnaryKind::relu:
        return relu(x);
      case UnaryKind::sigmoid:
        return push(StepKind::sigmoid, x);
      case UnaryKind::tanh:
        return push(StepKind::tanh, x);
      case UnaryKind::negate:
        return negate(x);
      case UnaryKind::identity:
        return x;
      case UnaryKind::absolute:
        return add(relu(x), relu(negate(x)));
      case UnaryKind::sign:
        return push(StepKind::sign, x);
      case UnaryKind::floor:
        return rounded(fixed::Rounding::floor);
      case UnaryKind::ceil:
        return rounded(fixed::Rounding::ceil);
      case UnaryKind::round:
        return rounded(fixed::Rounding::halfEven);
      case UnaryKind::exp:
        return push(StepKind::exponential, x);
      case UnaryKind::log:
        return push(StepKind::logarithm, x);
      case UnaryKind::sqrt:
        return push(StepKind::squareRoot, x);
      case UnaryKind::erf:
        return push(StepKind::errorFunction, x);
      case UnaryKind::softplus:
        return softplus(x);
      case UnaryKind::softsign:
        return push(StepKind::divide, x, add(number(1), add(relu(x), relu(negate(x)))));
      case UnaryKind::gelu: {
        const Index inside = push(StepKind::divide, x, push(StepKind::squareRoot, number(2)));
        const Index factor = add(number(1), push(StepKind::errorFunction, inside));
        return multiply(scaledBy(x, 0.5), factor);
      }
      case UnaryKind::geluTanh: {
        const Index factor =
            push(StepKind::squareRoot, push(StepKind::divide, number(2), push(Step{.kind = StepKind::pi})));
        const Index cubic = multiply(number(0.044715), multiply(x, multiply(x, x)));
        const Index inside = multiply(factor, add(x, cubic));
        return multiply(scaledBy(x, 0.5), add(number(1), push(StepKind::tanh, inside)));
      }
      case UnaryKind::mish:
        return multiply(x, push(StepKind::tanh, softplus(x)));
      case UnaryKind::swish:
        return multiply(x, push(StepKind::sigmoid, scaledBy(x, op.alpha)));
      case UnaryKind::leakyRelu:
        return leaky(x, number(op.alpha));
      case UnaryKind::elu:
        return add(relu(x), scaledBy(below(x, 1), op.alpha));
      case UnaryKind::celu:
        return add(relu(x), scaledBy(below(x, op.alpha), op.alpha));
      case UnaryKind::selu:
        return scaledBy(add(relu(x), scaledBy(below(x, 1), op.alpha)), op.beta);
      case UnaryKind::thresholdedRelu:
        return push(Step{.kind = StepKind::above, .a = x, .number = op.alpha});
      case UnaryKind::clip:
        return atMost(atLeast(x, op.alpha), op.beta);
      case UnaryKind::hardSigmoid:
        return hardSigmoid();
      case UnaryKind::hardSwish:
        return multiply(x, hardSigmoid());
      case UnaryKind::rampRelu: {
        // x from gamma on, cut off at beta; below it alpha * (x - gamma).
        const Index high =
            op.gamma == 0 ? relu(x) : push(Step{.kind = StepKind::from, .a = x, .number = op.gamma});
        const Index top = atMost(high, op.beta);
        if (op.alpha == 0) return top;
        const Index under = op.gamma == 0 ? x : subtract(x, number(op.gamma));
        return subtract(top, scaledBy(relu(negate(under)), op.alpha));
      }
    }
    return fail("an activation that has no steps", &node);
  }

  Result<Index> binaryStep(const ir::Node& node, ir::BinaryKind kind, Index a, Index b) {
    switch (kind) {
      case ir::BinaryKind::add:
        return add(a, b);
      case ir::BinaryKind::subtract:
        return subtract(a, b);
      case ir::BinaryKind::multiply:
        return multiply(a, b);
      case ir::BinaryKind::divide:
        return push(StepKind::divide, a, b);
      case ir::BinaryKind::minimum:
        return minimum(a, b);
      case ir::BinaryKind::maximum:
        return maximum(a, b);
      case ir::BinaryKind::prelu:
        return leaky(a, b);
      case ir::BinaryKind::power:
        break;
    }
    const Step& exponent = function_.steps[b];
    if (exponent.kind != StepKind::constant || function_.constants[exponent.data]->size() != 1)
      return fail("an exponent that is not one constant", &node);
    const double value = function_.constants[exponent.data]->front();
    if (value == 0.5) return push(StepKind::squareRoot, a);
    return push(Step{.kind = StepKind::power, .a = a, .number = value});
  }

  Result<Index> nodeStep(const ir::Node& node) {
    if (function_.steps.size() > mostSteps || ++depth_ > mostSteps / 4) return fail("the chain is too long");
    if (std::holds_alternative<ir::Input>(node.operation))
      return fail("it depends on the real input '" + node.name + "', which is not quantized on the way",
                  &node);
    if (!std::holds_alternative<ir::Quantize>(node.operation) &&
        !std::holds_alternative<ir::QuantizeFloat>(node.operation) &&
        !std::holds_alternative<ir::QuantizePower>(node.operation) &&
        !std::holds_alternative<ir::Bipolar>(node.operation) &&
        !std::holds_alternative<ir::Unary>(node.operation) &&
        !std::holds_alternative<ir::Binary>(node.operation) &&
        !std::holds_alternative<ir::BatchNormalize>(node.operation))
      return fail(std::string("'") + ir::info(node.operation).name + "' is not element-wise", &node);
    std::vector<Index> in;
    for (const ir::TensorId input : node.inputs) {
      SLUICE_TRY(const Index step, tensorStep(input));
      in.push_back(step);
    }
    --depth_;
    if (std::any_of(in.begin(), in.end(), [&](Index i) { return function_.steps[i].varies; }))
      nodes_.push_back(static_cast<Index>(&node - graph_.nodes.data()));

    if (const auto* quantize = std::get_if<ir::Quantize>(&node.operation))
      return quantizeStep(node, *quantize, in[0]);
    if (const auto* bipolar = std::get_if<ir::Bipolar>(&node.operation)) {
      function_.scale = {bipolar->scale};
      return push(StepKind::bipolar, in[0]);
    }
    if (const auto* power = std::get_if<ir::QuantizePower>(&node.operation))
      return levelStep(node, levelsOf(*power), in[0]);
    if (const auto* minifloat = std::get_if<ir::QuantizeFloat>(&node.operation)) {
      if (graph_.tensor(node.output).type.isReal())
        return fail("a float format whose numbers are no multiples of one step below 2^53", &node);
      return levelStep(node, levelsOf(*minifloat), in[0]);
    }
    if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) return unaryStep(node, *unary, in[0]);
    if (const auto* binary = std::get_if<ir::Binary>(&node.operation))
      return binaryStep(node, binary->kind, in[0], in[1]);
    // gamma * (x - mean) / sqrt(variance + epsilon) + beta
    const auto& norm = std::get<ir::BatchNormalize>(node.operation);
    const Index root = push(StepKind::squareRoot, add(in[4], number(norm.epsilon)));
    const Index centred = subtract(in[0], in[3]);
    const Index factor = push(StepKind::divide, in[1], root);
    return add(multiply(centred, factor), in[2]);
  }

  const ir::Graph& graph_;
  const ir::Shape& shape_;
  std::string end_;
  std::size_t depth_ = 0;
  ElementFunction function_;
  std::unordered_map<Index, Index> known_;  // looked up, never iterated
  std::vector<Index> nodes_;
};

}  // namespace

Result<ElementFunction> elementFunction(const ir::Graph& graph, const ir::Node& quantizer) {
  return Builder(graph, quantizer).build(quantizer);
}

}  // namespace sluice::passes
