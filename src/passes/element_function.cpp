#include "passes/element_function.h"

#include <algorithm>
#include <unordered_map>

#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

constexpr std::size_t mostSteps = 4096;  // far beyond real chains; keeps hostile graphs from deep recursion
constexpr std::int64_t exactInDouble = std::int64_t{1} << 53;

/// Builds the steps by walking from the quantizer back to the codes.
class Builder {
 public:
  Builder(const ir::Graph& graph, const ir::Node& quantizer)
      : graph_(graph), shape_(graph.tensor(quantizer.output).type.shape), end_(quantizer.name) {}

  Result<ElementFunction> build(const ir::Node& quantizer) {
    SLUICE_TRY(const std::uint32_t last, nodeStep(quantizer));
    (void)last;
    std::sort(nodes_.begin(), nodes_.end());
    for (const std::uint32_t node : nodes_)
      for (std::string& origin : originsOf(graph_.nodes[node]))
        function_.origins.push_back(std::move(origin));
    for (const auto& list : function_.constants)
      if (list->size() > 1) function_.channels = ir::channels(shape_);
    return std::move(function_);
  }

 private:
  Error fail(std::string why, const ir::Node* at = nullptr) const {
    return unsupported("cannot be computed on integers: " + std::move(why),
                       at == nullptr || at->name == end_
                           ? "node '" + end_ + "'"
                           : "node '" + at->name + "' in the chain before '" + end_ + "'");
  }

  std::uint32_t push(Step step) {
    const auto varies = [&](std::uint32_t i) {
      return i < function_.steps.size() && function_.steps[i].varies;
    };
    switch (step.kind) {
      case StepKind::variable:
        step.varies = true;
        break;
      case StepKind::constant:
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
    return static_cast<std::uint32_t>(function_.steps.size() - 1);
  }
  std::uint32_t push(StepKind kind, std::uint32_t a, std::uint32_t b = 0) {
    return push(Step{.kind = kind, .a = a, .b = b});
  }

  std::uint32_t constant(std::vector<double> values) {
    if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; })) values.resize(1);
    function_.constants.push_back(std::make_shared<const std::vector<double>>(std::move(values)));
    return push(
        Step{.kind = StepKind::constant, .data = static_cast<std::uint32_t>(function_.constants.size() - 1)});
  }

  bool perChannel(const ir::Shape& shape) const {
    for (std::size_t i = 0; i + 1 < shape.size(); ++i)
      if (shape[i] != 1) return false;
    return ir::elements(shape) == 1 || ir::elements(shape) == ir::channels(shape_);
  }

  /// scale * (codes - zeroPoint), as steps.
  std::uint32_t scaled(std::uint32_t codes, const std::vector<double>& scale) {
    if (scale.size() == 1 && scale[0] == 1) return codes;
    return push(StepKind::multiply, codes, constant(scale));
  }

  Result<std::uint32_t> constantTensor(const ir::Tensor& tensor) {
    if (!perChannel(tensor.type.shape))
      return fail("constant '" + tensor.name + "' of shape " + ir::text(tensor.type.shape) +
                  " varies along another axis than the last, channels");
    if (tensor.type.isReal()) {
      const std::vector<double>& values = ir::realsOf(tensor);
      if (!std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }))
        return fail("constant '" + tensor.name + "' holds an infinity or NaN");
      return constant(values);
    }
    std::vector<double> codes;
    for (const std::int64_t code : ir::codesOf(tensor)) {
      const std::int64_t value = code - tensor.type.codes->zeroPoint;
      if (value > exactInDouble || value < -exactInDouble)
        return fail("constant '" + tensor.name + "' holds codes beyond 2^53");
      codes.push_back(static_cast<double>(value));
    }
    return scaled(constant(std::move(codes)), tensor.type.codes->scale);
  }

  Result<std::uint32_t> tensorStep(ir::TensorId id) {
    if (const auto found = known_.find(id.index); found != known_.end()) return found->second;
    SLUICE_TRY(const std::uint32_t step, newTensorStep(id));
    known_.emplace(id.index, step);
    return step;
  }

  Result<std::uint32_t> newTensorStep(ir::TensorId id) {
    const ir::Tensor& tensor = graph_.tensor(id);
    if (tensor.isConstant()) return constantTensor(tensor);
    if (!tensor.type.isReal()) {
      if (function_.source.valid() && function_.source != id)
        return fail("it depends on two tensors of codes, '" + graph_.tensor(function_.source).name +
                    "' and '" + tensor.name +
                    "', which meet on no common grid; quantize both to scales that differ by a power of two");
      function_.source = id;
      if (tensor.type.shape != shape_)
        return fail("tensor '" + tensor.name + "' of shape " + ir::text(tensor.type.shape) +
                    " is broadcast to " + ir::text(shape_));
      const ir::Codes& codes = *tensor.type.codes;
      function_.zeroPoint = codes.zeroPoint;
      return scaled(push(Step{.kind = StepKind::variable}), codes.scale);
    }
    return nodeStep(graph_.node(tensor.producer));
  }

  std::uint32_t scaleStep(const std::vector<double>& scale, std::uint32_t x, StepKind kind) {
    if (scale.size() == 1 && scale[0] == 1) return x;
    return push(kind, x, constant(scale));
  }

  Result<std::uint32_t> nodeStep(const ir::Node& node) {
    if (function_.steps.size() > mostSteps || ++depth_ > mostSteps / 4) return fail("the chain is too long");
    std::vector<std::uint32_t> in;
    if (const auto* input = std::get_if<ir::Input>(&node.operation); input != nullptr)
      return fail("it depends on the real input '" + node.name + "', which is not quantized on the way",
                  &node);
    if (!std::holds_alternative<ir::Quantize>(node.operation) &&
        !std::holds_alternative<ir::Bipolar>(node.operation) &&
        !std::holds_alternative<ir::Unary>(node.operation) &&
        !std::holds_alternative<ir::Binary>(node.operation) &&
        !std::holds_alternative<ir::BatchNormalize>(node.operation))
      return fail(std::string("'") + ir::info(node.operation).name + "' is not element-wise", &node);
    for (const ir::TensorId input : node.inputs) {
      SLUICE_TRY(const std::uint32_t step, tensorStep(input));
      in.push_back(step);
    }
    --depth_;
    if (std::any_of(in.begin(), in.end(), [&](std::uint32_t i) { return function_.steps[i].varies; }))
      nodes_.push_back(static_cast<std::uint32_t>(&node - graph_.nodes.data()));

    if (const auto* quantize = std::get_if<ir::Quantize>(&node.operation)) {
      constexpr std::int64_t widest = std::int64_t{1} << 50;
      if (quantize->range.lo < -widest || quantize->range.hi > widest)
        return fail("codes beyond 2^50", &node);
      std::uint32_t x = scaleStep(quantize->scale, in[0], StepKind::divide);
      if (quantize->zeroPoint != 0)
        x = push(StepKind::add, x, constant({static_cast<double>(quantize->zeroPoint)}));
      if (quantize->overflow != fixed::Overflow::saturate || !quantize->ranges.empty() ||
          !quantize->zeroPoints.empty())
        return fail("a quantizer that wraps or has formats per element", &node);
      function_.quantizer = {.range = quantize->range, .rounding = quantize->rounding};
      return push(StepKind::quantize, x);
    }
    if (std::holds_alternative<ir::Bipolar>(node.operation)) return push(StepKind::bipolar, in[0]);
    if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) {
      switch (unary->kind) {
        case ir::UnaryKind::relu:
          return push(StepKind::relu, in[0]);
        case ir::UnaryKind::sigmoid:
          return push(StepKind::sigmoid, in[0]);
        case ir::UnaryKind::tanh:
          return push(StepKind::tanh, in[0]);
        case ir::UnaryKind::negate:
          return push(StepKind::negate, in[0]);
        case ir::UnaryKind::identity:
          return in[0];
        default:
          return fail("a function that chains do not know", &node);
      }
    }
    if (const auto* binary = std::get_if<ir::Binary>(&node.operation)) {
      switch (binary->kind) {
        case ir::BinaryKind::add:
          return push(StepKind::add, in[0], in[1]);
        case ir::BinaryKind::subtract:
          return push(StepKind::subtract, in[0], in[1]);
        case ir::BinaryKind::multiply:
          return push(StepKind::multiply, in[0], in[1]);
        case ir::BinaryKind::divide:
          return push(StepKind::divide, in[0], in[1]);
        case ir::BinaryKind::power: {
          const Step& exponent = function_.steps[in[1]];
          if (exponent.kind != StepKind::constant || function_.constants[exponent.data]->size() != 1)
            return fail("an exponent that is not one constant", &node);
          const double value = function_.constants[exponent.data]->front();
          if (value == 0.5) return push(StepKind::squareRoot, in[0]);
          return push(Step{.kind = StepKind::power, .a = in[0], .exponent = value});
        }
        default:
          return fail("a function that chains do not know", &node);
      }
    }
    // gamma * (x - mean) / sqrt(variance + epsilon) + beta
    const auto& norm = std::get<ir::BatchNormalize>(node.operation);
    const std::uint32_t under =
        push(StepKind::squareRoot, push(StepKind::add, in[4], constant({norm.epsilon})));
    const std::uint32_t centred = push(StepKind::subtract, in[0], in[3]);
    const std::uint32_t factor = push(StepKind::divide, in[1], under);
    return push(StepKind::add, push(StepKind::multiply, centred, factor), in[2]);
  }

  const ir::Graph& graph_;
  const ir::Shape& shape_;
  std::string end_;
  std::size_t depth_ = 0;
  ElementFunction function_;
  std::unordered_map<std::uint32_t, std::uint32_t> known_;  // looked up, never iterated
  std::vector<std::uint32_t> nodes_;
};

/// One step on any of the three kinds of numbers.
template <typename Number>
Number valueOf(const ElementFunction& function, const Step& step, const std::vector<Number>& values,
               std::int64_t channel, std::int64_t x) {
  const auto& a = values[step.a];
  const auto& b = values[step.b];
  switch (step.kind) {
    case StepKind::variable:
      return Number::ofInteger(x);
    case StepKind::constant: {
      const auto& list = *function.constants[step.data];
      return Number::of(list[list.size() == 1 ? 0 : static_cast<std::size_t>(channel)]);
    }
    case StepKind::add:
      return a + b;
    case StepKind::subtract:
      return a - b;
    case StepKind::multiply:
      return a * b;
    case StepKind::divide:
      return a / b;
    case StepKind::power:
      return power(a, step.exponent);
    case StepKind::squareRoot:
      return squareRoot(a);
    case StepKind::relu:
      return relu(a);
    case StepKind::sigmoid:
      return sigmoid(a);
    case StepKind::tanh:
      return hyperbolicTangent(a);
    case StepKind::negate:
      return -a;
    case StepKind::quantize:
    case StepKind::bipolar:
      break;  // the last step only: lastCode
  }
  return Number::unknown();
}

/// The code that the last step gives.
template <typename Number>
std::optional<std::int64_t> lastCode(const ElementFunction& function, const std::vector<Number>& values) {
  const Step& last = function.steps.back();
  const auto& a = values[last.a];
  if (last.kind == StepKind::quantize) {
    const QuantizerStep& quantizer = function.quantizer;
    return roundAndClamp(a, quantizer.rounding, quantizer.range);
  }
  const auto sign = a.sign();
  if (!sign) return std::nullopt;
  return *sign >= 0 ? 1 : -1;
}

}  // namespace

Result<ElementFunction> elementFunction(const ir::Graph& graph, const ir::Node& quantizer) {
  return Builder(graph, quantizer).build(quantizer);
}

Evaluator::Evaluator(const ElementFunction& function) : function_(function), bounds_(function.steps.size()) {
  for (std::uint32_t i = 0; i + 1 < function.steps.size(); ++i)
    if (function.steps[i].varies) varying_.push_back(i);
  setChannel(0);
}

void Evaluator::setChannel(std::int64_t channel) {
  channel_ = channel;
  exactReady_ = preciseReady_ = false;
  for (std::size_t i = 0; i + 1 < function_.steps.size(); ++i)
    if (!function_.steps[i].varies) bounds_[i] = valueOf(function_, function_.steps[i], bounds_, channel_, 0);
}

template <typename Number>
std::optional<std::int64_t> Evaluator::run(std::vector<Number>& values, bool& ready, std::int64_t x) {
  if (!ready) {
    values.assign(function_.steps.size(), Number::unknown());
    for (std::size_t i = 0; i + 1 < function_.steps.size(); ++i)
      if (!function_.steps[i].varies) values[i] = valueOf(function_, function_.steps[i], values, channel_, 0);
    ready = true;
  }
  for (const std::uint32_t i : varying_)
    values[i] = valueOf(function_, function_.steps[i], values, channel_, x);
  return lastCode(function_, values);
}

std::optional<std::int64_t> Evaluator::code(std::int64_t x) {
  for (const std::uint32_t i : varying_)
    bounds_[i] = valueOf(function_, function_.steps[i], bounds_, channel_, x);
  if (const auto quick = lastCode(function_, bounds_)) return quick;
  ++exactDecisions_;
  if (const auto sure = run(exact_, exactReady_, x)) return sure;
  return run(precise_, preciseReady_, x);
}

double Evaluator::approximate() const {
  const fixed::Bounds& before = bounds_[function_.steps.back().a];
  return before.lo + (before.hi - before.lo) / 2;
}

std::optional<int> Evaluator::constantSign(std::uint32_t step) {
  if (const auto sign = bounds_[step].sign()) return sign;
  (void)run(exact_, exactReady_, 0);
  if (const auto sign = exact_[step].sign()) return sign;
  (void)run(precise_, preciseReady_, 0);
  return precise_[step].sign();
}

Direction Evaluator::direction() {
  std::vector<Direction> known(function_.steps.size(), Direction::constant);
  const auto flip = [](Direction d) {
    return d == Direction::rising ? Direction::falling : d == Direction::falling ? Direction::rising : d;
  };
  const auto join = [](Direction a, Direction b) {
    if (a == Direction::constant) return b;
    if (b == Direction::constant || a == b) return a;
    return Direction::unknown;
  };
  for (std::size_t i = 0; i < function_.steps.size(); ++i) {
    const Step& step = function_.steps[i];
    if (!step.varies) continue;
    const Direction a = known[step.a];
    const Direction b = known[step.b];
    const auto times = [&](Direction direction, std::uint32_t factor) {
      const auto sign = constantSign(factor);
      if (!sign) return direction == Direction::constant ? direction : Direction::unknown;
      return *sign > 0 ? direction : *sign < 0 ? flip(direction) : Direction::constant;
    };
    switch (step.kind) {
      case StepKind::variable:
        known[i] = Direction::rising;
        break;
      case StepKind::constant:
        break;
      case StepKind::add:
        known[i] = join(a, b);
        break;
      case StepKind::subtract:
        known[i] = join(a, flip(b));
        break;
      case StepKind::multiply:
        known[i] = !function_.steps[step.b].varies   ? times(a, step.b)
                   : !function_.steps[step.a].varies ? times(b, step.a)
                                                     : Direction::unknown;
        break;
      case StepKind::divide:
        known[i] = !function_.steps[step.b].varies ? times(a, step.b) : Direction::unknown;
        break;
      case StepKind::power:
        known[i] = Direction::unknown;
        break;
      case StepKind::negate:
        known[i] = flip(a);
        break;
      case StepKind::squareRoot:
      case StepKind::relu:
      case StepKind::sigmoid:
      case StepKind::tanh:
      case StepKind::quantize:
      case StepKind::bipolar:
        known[i] = a;
        break;
    }
  }
  return known.back();
}

std::optional<Evaluator::Affine> Evaluator::affine() {
  using fixed::Exact;
  if (function_.steps.back().kind != StepKind::quantize) return std::nullopt;
  // min(max(slope * x + offset, low), high), per step that varies.
  struct Form {
    Exact slope, offset;
    std::optional<Exact> low, high;
  };
  std::vector<Form> forms(function_.steps.size());
  (void)run(exact_, exactReady_, 0);
  const auto apply = [](std::optional<Exact>& bound, const auto& change) {
    if (bound) bound = change(*bound);
  };
  for (const std::uint32_t i : varying_) {
    const Step& step = function_.steps[i];
    Form& form = forms[i];
    const bool aVaries = function_.steps[step.a].varies;
    const bool bVaries = function_.steps[step.b].varies;
    const auto plus = [&](Form base, const Exact& c) {
      base.offset = base.offset + c;
      apply(base.low, [&](const Exact& v) { return v + c; });
      apply(base.high, [&](const Exact& v) { return v + c; });
      return base;
    };
    const auto times = [&](Form base, const Exact& c) {
      base.slope = base.slope * c;
      base.offset = base.offset * c;
      apply(base.low, [&](const Exact& v) { return v * c; });
      apply(base.high, [&](const Exact& v) { return v * c; });
      if (c.sign().value_or(1) < 0) std::swap(base.low, base.high);
      return base;
    };
    switch (step.kind) {
      case StepKind::variable:
        form = {.slope = Exact::ofInteger(1), .offset = Exact(), .low = {}, .high = {}};
        break;
      case StepKind::add:
        if (aVaries && bVaries) return std::nullopt;
        form = aVaries ? plus(forms[step.a], exact_[step.b]) : plus(forms[step.b], exact_[step.a]);
        break;
      case StepKind::subtract:
        if (aVaries && bVaries) return std::nullopt;
        form = aVaries ? plus(forms[step.a], -exact_[step.b])
                       : plus(times(forms[step.b], Exact::ofInteger(-1)), exact_[step.a]);
        break;
      case StepKind::multiply:
        if (aVaries && bVaries) return std::nullopt;
        form = aVaries ? times(forms[step.a], exact_[step.b]) : times(forms[step.b], exact_[step.a]);
        break;
      case StepKind::divide:
        if (bVaries) return std::nullopt;
        form = times(forms[step.a], Exact::ofInteger(1) / exact_[step.b]);
        break;
      case StepKind::negate:
        form = times(forms[step.a], Exact::ofInteger(-1));
        break;
      case StepKind::relu:
        form = forms[step.a];
        form.low = form.low ? relu(*form.low) : Exact();
        apply(form.high, [](const Exact& v) { return relu(v); });
        break;
      default:
        return std::nullopt;
    }
  }
  const Step& last = function_.steps.back();
  const Form& form = forms[last.a];
  const QuantizerStep& quantizer = function_.quantizer;
  if (!form.slope.known() || !form.offset.known()) return std::nullopt;
  Affine result{
      .slope = form.slope, .offset = form.offset, .clamp = quantizer.range, .rounding = quantizer.rounding};
  const auto code = [&](const std::optional<Exact>& bound,
                        std::int64_t otherwise) -> std::optional<std::int64_t> {
    if (!bound) return otherwise;
    return roundAndClamp(*bound, quantizer.rounding, quantizer.range);
  };
  const auto low = code(form.low, quantizer.range.lo);
  const auto high = code(form.high, quantizer.range.hi);
  if (!low || !high || *low > *high) return std::nullopt;
  result.clamp = {*low, *high};
  return result;
}

}  // namespace sluice::passes
