#include <algorithm>
#include <cmath>
#include <memory>

#include "fixed/exact_bounds.h"
#include "ir/geometry.h"
#include "passes/functions.h"
#include "passes/fuse_chains.h"
#include "passes/on_grid.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

/// sink-moves: what moves elements waits until the numbers are codes again.
///
///   quantize(relu(concat(a, maxPool(b))))   =   concat(quantize(relu(a)), maxPool(quantize(relu(b))))
///
/// An operation done element by element commutes with one that moves elements, and if it never falls, also with the
/// largest of several. So a chain that such operations would cut becomes a chain for each of their inputs, and what
/// moves is narrow codes: a reshape costs nothing, a max pool keeps lines of 4-bit codes and not of 20-bit sums, and
/// branches of scales that have nothing in common meet after each has been quantized by itself.
///
/// Numbers of a channel's own (batch normalization) go along as far as the channels do: through a concatenation of
/// channels each branch gets its part. Where they do not (flatten), the moves stay where they are.
namespace sluice::passes {
namespace {

using fixed::Bounds;
constexpr std::size_t nowhere = SIZE_MAX;

/// For each channel of an input the channel of the result it goes to; `nowhere`: to none. No list: channels are torn.
using ChannelMap = std::optional<std::vector<std::size_t>>;

ChannelMap sameChannels(std::int64_t count) {
  std::vector<std::size_t> map(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < map.size(); ++i) map[i] = i;
  return map;
}

/// Channels of input `k` of the structure operation.
ChannelMap channelMap(const ir::Graph& graph, const ir::Node& node, std::size_t k) {
  const ir::Shape& from = graph.tensor(node.inputs[k]).type.shape;
  const ir::Shape& to = graph.tensor(node.output).type.shape;
  const std::int64_t in = ir::channels(from), out = ir::channels(to);
  const auto last = static_cast<std::int64_t>(from.size()) - 1;
  if (std::holds_alternative<ir::Reshape>(node.operation) || std::holds_alternative<ir::Pool>(node.operation))
    return in == out ? sameChannels(in) : ChannelMap();
  if (const auto* transpose = std::get_if<ir::Transpose>(&node.operation))
    return !transpose->permutation.empty() && transpose->permutation.back() == last ? sameChannels(in)
                                                                                    : ChannelMap();
  if (const auto* reduce = std::get_if<ir::Reduce>(&node.operation)) {
    const bool overLast = std::find(reduce->axes.begin(), reduce->axes.end(), last) != reduce->axes.end();
    return overLast ? ChannelMap() : sameChannels(in);
  }
  if (const auto* concat = std::get_if<ir::Concat>(&node.operation)) {
    auto map = sameChannels(in);
    if (concat->axis == last)
      for (std::size_t before = 0; before < k; ++before)
        for (std::size_t& channel : *map)
          channel += static_cast<std::size_t>(ir::channels(graph.tensor(node.inputs[before]).type.shape));
    return map;
  }
  if (const auto* slice = std::get_if<ir::Slice>(&node.operation)) {
    if (from.empty()) return sameChannels(in);
    const std::int64_t begin = slice->begin.back(), step = slice->step.empty() ? 1 : slice->step.back();
    std::vector<std::size_t> map(static_cast<std::size_t>(in), nowhere);
    for (std::int64_t o = 0; o < out; ++o)
      map[static_cast<std::size_t>(begin + o * step)] = static_cast<std::size_t>(o);
    return map;
  }
  if (const auto* pad = std::get_if<ir::Pad>(&node.operation)) {
    const bool overLast = in != out;
    return overLast || from.empty() || (!pad->between.empty() && pad->between.back() > 0) ? ChannelMap()
                                                                                          : sameChannels(in);
  }
  if (std::holds_alternative<ir::Expand>(node.operation) ||
      std::holds_alternative<ir::Resize>(node.operation))
    return in == out ? sameChannels(in) : ChannelMap();
  return std::nullopt;
}

/// Whether the operation only moves elements, or picks the largest or smallest of some.
bool isDeferrable(const ir::Graph& graph, const ir::Node& node) {
  if (const auto* pool = std::get_if<ir::Pool>(&node.operation)) return pool->kind == ir::PoolKind::max;
  if (const auto* reduce = std::get_if<ir::Reduce>(&node.operation))
    return reduce->kind == ir::ReduceKind::max || reduce->kind == ir::ReduceKind::min;
  if (const auto* resize = std::get_if<ir::Resize>(&node.operation))
    return resize->kind == ir::ResizeKind::nearest;
  if (std::holds_alternative<ir::Gather>(node.operation)) return false;
  if (std::holds_alternative<ir::Concat>(node.operation))
    return std::none_of(node.inputs.begin(), node.inputs.end(),
                        [&](ir::TensorId id) { return graph.tensor(id).isConstant(); });
  return ir::isStructure(node.operation) && !graph.tensor(node.inputs[0]).isConstant();
}

bool isElementWise(const ir::Node& node) {
  return std::holds_alternative<ir::Unary>(node.operation) ||
         std::holds_alternative<ir::Binary>(node.operation) ||
         std::holds_alternative<ir::BatchNormalize>(node.operation) ||
         std::holds_alternative<ir::Quantize>(node.operation) ||
         std::holds_alternative<ir::Bipolar>(node.operation);
}

bool picks(const ir::Node& node) {
  return std::holds_alternative<ir::Pool>(node.operation) ||
         std::holds_alternative<ir::Reduce>(node.operation);
}

bool allOf(const std::vector<double>& list, auto test) { return std::all_of(list.begin(), list.end(), test); }

/// Whether the element-wise node is proven never to fall.
bool neverFalls(const ir::Graph& graph, const ir::Node& node) {
  if (std::holds_alternative<ir::Bipolar>(node.operation)) return true;
  if (const auto* quantize = std::get_if<ir::Quantize>(&node.operation))
    return quantize->overflow == fixed::Overflow::saturate ||
           quantize->overflow == fixed::Overflow::saturateSymmetric;
  if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) {
    using ir::UnaryKind;
    switch (unary->kind) {
      case UnaryKind::relu:
      case UnaryKind::sigmoid:
      case UnaryKind::tanh:
      case UnaryKind::identity:
      case UnaryKind::sign:
      case UnaryKind::floor:
      case UnaryKind::ceil:
      case UnaryKind::round:
      case UnaryKind::exp:
      case UnaryKind::log:
      case UnaryKind::sqrt:
      case UnaryKind::erf:
      case UnaryKind::softplus:
      case UnaryKind::softsign:
      case UnaryKind::clip:
        return true;
      case UnaryKind::leakyRelu:
      case UnaryKind::elu:
      case UnaryKind::hardSigmoid:
      case UnaryKind::thresholdedRelu:
        return unary->alpha >= 0;
      case UnaryKind::celu:
        return unary->alpha > 0;
      case UnaryKind::selu:
        return unary->alpha >= 0 && unary->beta >= 0;
      case UnaryKind::rampRelu:
        return unary->alpha >= 0 && unary->gamma == 0 && unary->beta >= 0;
      default:
        return false;
    }
  }
  if (std::holds_alternative<ir::BatchNormalize>(node.operation)) {
    const auto gamma = exactReals(graph.tensor(node.inputs[1]));
    return gamma && allOf(*gamma, [](double v) { return v >= 0; });
  }
  const auto* binary = std::get_if<ir::Binary>(&node.operation);
  if (binary == nullptr) return false;
  const bool constantFirst = graph.tensor(node.inputs[0]).isConstant();
  const auto constant = exactReals(graph.tensor(node.inputs[constantFirst ? 0 : 1]));
  if (!constant) return false;
  switch (binary->kind) {
    case ir::BinaryKind::add:
    case ir::BinaryKind::minimum:
    case ir::BinaryKind::maximum:
      return true;
    case ir::BinaryKind::subtract:
      return !constantFirst;
    case ir::BinaryKind::multiply:
      return allOf(*constant, [](double v) { return v >= 0; });
    case ir::BinaryKind::divide:
      return !constantFirst && allOf(*constant, [](double v) { return v > 0; });
    case ir::BinaryKind::prelu:
      return !constantFirst && allOf(*constant, [](double v) { return v >= 0; });
    case ir::BinaryKind::power:
      return false;
  }
  return false;
}

/// Moves that wait. Steps are in order; their inputs are leaves (tensors of the new graph) or earlier steps.
struct Deferred {
  struct Source {
    bool isLeaf = true;
    std::size_t index = 0;
  };
  struct Step {
    const ir::Node* node = nullptr;  ///< of the old graph
    ir::Operation operation;         ///< the node's, but for the value of a Pad
    std::vector<Source> inputs;
  };
  struct Leaf {
    ir::TensorId tensor;
    ir::TensorId old;  ///< what it was before anything moved past; its shape
  };
  std::vector<Leaf> leaves;
  std::vector<Step> steps;
  bool passed = false;  ///< whether some operation has moved past
};

class Sinker {
 public:
  explicit Sinker(const ir::Graph& graph)
      : graph_(graph),
        rewrite_(graph),
        touches_(touchesCodes(graph)),
        leads_(graph.tensors.size()),
        deferred_(graph.tensors.size()) {
    const std::vector<std::vector<ir::NodeId>> users = ir::allUsers(graph);
    for (std::size_t i = graph.nodes.size(); i-- > 0;) {
      const ir::TensorId output = graph.nodes[i].output;
      if (rewrite_.readers(output) != 1 || users[output.index].size() != 1) continue;
      const ir::Node& reader = graph.node(users[output.index][0]);
      leads_[output.index] = isQuantizer(reader) || ((isElementWise(reader) || isDeferrable(graph, reader)) &&
                                                     leads_[reader.output.index]);
    }
  }

  Result<Change> run(ir::Graph& result) {
    for (const ir::Node& node : graph_.nodes) {
      if (canWait(node)) {
        SLUICE_RETURN_IF_ERROR(defer(node));
        continue;
      }
      if (const auto operand = waitingOperand(node)) {
        SLUICE_TRY(const bool past, moveBefore(node, *operand));
        if (past) {
          ++change_.places;
          continue;
        }
      }
      for (const ir::TensorId input : node.inputs) SLUICE_RETURN_IF_ERROR(settle(input));
      SLUICE_RETURN_IF_ERROR(rewrite_.copy(node));
    }
    for (const ir::TensorId output : graph_.outputs) SLUICE_RETURN_IF_ERROR(settle(output));
    if (change_.places > 0) result = rewrite_.finish();
    return change_;
  }

 private:
  /// Real, from codes, and on the way to one quantizer alone.
  bool canWait(const ir::Node& node) const {
    const std::vector<ir::TensorId>& inputs = node.inputs;
    for (std::size_t i = 1; i < inputs.size(); ++i)
      if (std::find(inputs.begin(), inputs.begin() + static_cast<std::ptrdiff_t>(i), inputs[i]) !=
          inputs.begin() + static_cast<std::ptrdiff_t>(i))
        return false;
    return isDeferrable(graph_, node) && graph_.tensor(node.output).type.isReal() &&
           touches_[node.output.index] && leads_[node.output.index];
  }

  Status defer(const ir::Node& node) {
    Deferred result;
    std::vector<Deferred::Source> inputs;
    for (const ir::TensorId input : node.inputs) {
      std::unique_ptr<Deferred>& before = deferred_[input.index];
      if (before == nullptr) {
        inputs.push_back({true, result.leaves.size()});
        result.leaves.push_back({rewrite_.at(input), input});
        continue;
      }
      const std::size_t leaves = result.leaves.size(), steps = result.steps.size();
      for (const Deferred::Leaf& leaf : before->leaves) result.leaves.push_back(leaf);
      for (Deferred::Step step : before->steps) {
        for (Deferred::Source& source : step.inputs) source.index += source.isLeaf ? leaves : steps;
        result.steps.push_back(std::move(step));
      }
      inputs.push_back({false, result.steps.size() - 1});
      result.passed = result.passed || before->passed;
      before.reset();
    }
    result.steps.push_back({&node, node.operation, std::move(inputs)});
    deferred_[node.output.index] = std::make_unique<Deferred>(std::move(result));
    return {};
  }

  /// The one computed operand of an element-wise node, if moves wait there.
  std::optional<ir::TensorId> waitingOperand(const ir::Node& node) const {
    if (!isElementWise(node)) return std::nullopt;
    std::optional<ir::TensorId> found;
    for (const ir::TensorId input : node.inputs) {
      if (graph_.tensor(input).isConstant()) continue;
      if (found) return std::nullopt;
      found = input;
    }
    if (!found || deferred_[found->index] == nullptr) return std::nullopt;
    if (graph_.tensor(*found).type.shape != graph_.tensor(node.output).type.shape) return std::nullopt;
    return found;
  }

  /// For each leaf the channels of the result its channels go to.
  std::vector<ChannelMap> channelMaps(const Deferred& deferred) const {
    std::vector<ChannelMap> leaves(deferred.leaves.size()), steps(deferred.steps.size());
    const Deferred::Step& last = deferred.steps.back();
    steps.back() = sameChannels(ir::channels(graph_.tensor(last.node->output).type.shape));
    for (std::size_t s = deferred.steps.size(); s-- > 0;) {
      const Deferred::Step& step = deferred.steps[s];
      for (std::size_t k = 0; k < step.inputs.size(); ++k) {
        ChannelMap map = steps[s] ? channelMap(graph_, *step.node, k) : ChannelMap();
        if (map)
          for (std::size_t& channel : *map)
            if (channel != nowhere) channel = (*steps[s])[channel];
        (step.inputs[k].isLeaf ? leaves : steps)[step.inputs[k].index] = std::move(map);
      }
    }
    return leaves;
  }

  /// A list with an entry per channel of the result, as a leaf needs it. False: channels are torn.
  template <typename T>
  static bool forLeaf(std::vector<T>& list, const ChannelMap& map, std::int64_t channels) {
    if (list.size() <= 1 || allEqual(list)) {
      if (list.size() > 1) list.erase(list.begin() + 1, list.end());
      return true;
    }
    if (static_cast<std::int64_t>(list.size()) != channels || !map) return false;
    std::vector<T> result;
    for (const std::size_t channel : *map) result.push_back(list[channel == nowhere ? 0 : channel]);
    list = std::move(result);
    return true;
  }
  template <typename T>
  static bool allEqual(const std::vector<T>& list) {
    return std::all_of(list.begin(), list.end(), [&](const T& v) { return v == list[0]; });
  }

  /// The value that padding takes when the node moves before it.
  std::optional<double> imageOf(const ir::Node& node, double value) const {
    const auto exact = [](Bounds image) -> std::optional<double> {
      if (!image.known() || !image.isPoint()) return std::nullopt;
      return image.lo;
    };
    const Bounds x = Bounds::of(value);
    if (const auto* quantize = std::get_if<ir::Quantize>(&node.operation)) {
      if (quantize->scale.size() != 1 || !quantize->ranges.empty() || !quantize->zeroPoints.empty() ||
          quantize->overflow != fixed::Overflow::saturate)
        return value == 0 && quantize->zeroPoints.empty() && zeroStays(*quantize) ? std::optional(0.0)
                                                                                  : std::nullopt;
      const std::int64_t code = fixed::quantize(value, quantize->scale[0], quantize->zeroPoint,
                                                quantize->rounding, quantize->range);
      return exact(Bounds::ofInteger(code - quantize->zeroPoint) * Bounds::of(quantize->scale[0]));
    }
    if (const auto* bipolar = std::get_if<ir::Bipolar>(&node.operation))
      return value >= 0 ? bipolar->scale : -bipolar->scale;
    if (const auto* unary = std::get_if<ir::Unary>(&node.operation)) {
      switch (unary->kind) {
        case ir::UnaryKind::relu:
          return std::max(value, 0.0);
        case ir::UnaryKind::identity:
          return value;
        case ir::UnaryKind::negate:
          return value == 0 ? 0 : -value;
        case ir::UnaryKind::clip:
          return std::min(std::max(value, unary->alpha), unary->beta);
        case ir::UnaryKind::sigmoid:
          return value == 0 ? std::optional(0.5) : std::nullopt;
        case ir::UnaryKind::leakyRelu:
        case ir::UnaryKind::tanh:
        case ir::UnaryKind::elu:
        case ir::UnaryKind::swish:
        case ir::UnaryKind::gelu:
          return value == 0 ? std::optional(0.0) : std::nullopt;
        default:
          return std::nullopt;
      }
    }
    const auto* binary = std::get_if<ir::Binary>(&node.operation);
    if (binary == nullptr) return std::nullopt;
    const bool constantFirst = graph_.tensor(node.inputs[0]).isConstant();
    const auto single = singleValue(graph_.tensor(node.inputs[constantFirst ? 0 : 1]));
    if (binary->kind == ir::BinaryKind::multiply && value == 0) return 0;
    if (binary->kind == ir::BinaryKind::divide && value == 0 && !constantFirst) return 0;
    if (binary->kind == ir::BinaryKind::prelu && value == 0 && !constantFirst) return 0;
    if (!single) return std::nullopt;
    const Bounds c = Bounds::of(*single);
    switch (binary->kind) {
      case ir::BinaryKind::add:
        return exact(x + c);
      case ir::BinaryKind::subtract:
        return exact(constantFirst ? c - x : x - c);
      case ir::BinaryKind::multiply:
        return exact(x * c);
      case ir::BinaryKind::minimum:
        return std::min(value, *single);
      case ir::BinaryKind::maximum:
        return std::max(value, *single);
      default:
        return std::nullopt;
    }
  }
  static bool zeroStays(const ir::Quantize& quantize) {
    const auto holds = [&](fixed::Interval range) { return range.contains(quantize.zeroPoint); };
    return holds(quantize.range) && std::all_of(quantize.ranges.begin(), quantize.ranges.end(), holds);
  }

  Result<bool> moveBefore(const ir::Node& node, ir::TensorId operand) {
    Deferred& deferred = *deferred_[operand.index];
    const std::int64_t channels = ir::channels(graph_.tensor(operand).type.shape);
    const std::vector<ChannelMap> maps = channelMaps(deferred);
    std::vector<ir::Operation> steps;
    for (const Deferred::Step& step : deferred.steps) {
      if (picks(*step.node) && !neverFalls(graph_, node)) return false;
      steps.push_back(step.operation);
      if (auto* pad = std::get_if<ir::Pad>(&steps.back())) {
        const auto image = imageOf(node, pad->value);
        if (!image) return false;
        pad->value = *image;
      }
    }
    // The operation and its constants for every leaf, all of them before anything is added.
    struct Plan {
      ir::Operation operation;
      std::vector<std::optional<std::vector<double>>> constants;  ///< per input; none: the leaf
    };
    std::vector<Plan> plans;
    for (const ChannelMap& map : maps) {
      Plan plan{.operation = node.operation, .constants = {}};
      if (auto* quantize = std::get_if<ir::Quantize>(&plan.operation)) {
        if (!forLeaf(quantize->scale, map, channels) || !forLeaf(quantize->zeroPoints, map, channels) ||
            !forLeaf(quantize->ranges, map, channels))
          return false;
        if (quantize->zeroPoints.size() == 1) {
          if (quantize->zeroPoints[0] != 0) return false;
          quantize->zeroPoints.clear();
        }
        if (!quantize->ranges.empty()) {
          quantize->range = quantize->ranges[0];
          for (const fixed::Interval range : quantize->ranges) quantize->range = join(quantize->range, range);
          if (quantize->ranges.size() == 1) quantize->ranges.clear();
        }
      }
      for (const ir::TensorId input : node.inputs) {
        plan.constants.emplace_back();
        if (input == operand) continue;
        const ir::Tensor& tensor = graph_.tensor(input);
        const auto reals = exactReals(tensor);
        if (!reals) return false;
        auto list = perChannel(*reals, tensor.type.shape, graph_.tensor(operand).type.shape);
        if (!list || !forLeaf(*list, map, channels)) return false;
        // Batch normalization wants one of each for every channel.
        if (std::holds_alternative<ir::BatchNormalize>(node.operation) && list->size() == 1)
          list->assign(map ? map->size() : 0, (*list)[0]);
        if (list->empty()) return false;
        plan.constants.back() = std::move(*list);
      }
      plans.push_back(std::move(plan));
    }
    bool first = true;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      Deferred::Leaf& leaf = deferred.leaves[i];
      std::vector<ir::TensorId> inputs;
      for (std::size_t k = 0; k < node.inputs.size(); ++k) {
        if (!plans[i].constants[k]) {
          inputs.push_back(leaf.tensor);
          continue;
        }
        std::vector<double>& list = *plans[i].constants[k];
        const bool scalar = rewrite_.to.tensor(leaf.tensor).type.shape.empty();
        const ir::Shape shape = scalar ? ir::Shape{} : ir::Shape{static_cast<std::int64_t>(list.size())};
        inputs.push_back(rewrite_.addConstant(graph_.tensor(node.inputs[k]).name,
                                              {.shape = shape, .codes = std::nullopt}, std::move(list)));
      }
      if (first) {
        SLUICE_TRY(leaf.tensor, rewrite_.addAs(node, plans[i].operation, std::move(inputs), originsOf(node)));
      } else {
        SLUICE_TRY(leaf.tensor,
                   rewrite_.add(node.name, plans[i].operation, std::move(inputs), originsOf(node)));
      }
      first = false;
    }
    for (std::size_t i = 0; i < steps.size(); ++i) deferred.steps[i].operation = std::move(steps[i]);
    deferred.passed = true;
    deferred_[node.output.index] = std::move(deferred_[operand.index]);
    const bool isCode = !graph_.tensor(node.output).type.isReal();
    // Codes, or the end of the road: others read this tensor, too.
    if (isCode || rewrite_.readers(node.output) != 1) SLUICE_RETURN_IF_ERROR(settle(node.output));
    return true;
  }

  /// Adds the moves that wait for the old tensor.
  Status settle(ir::TensorId old) {
    if (deferred_[old.index] == nullptr) return {};
    const std::unique_ptr<Deferred> deferred = std::move(deferred_[old.index]);
    std::vector<ir::TensorId> made;
    for (std::size_t s = 0; s < deferred->steps.size(); ++s) {
      const Deferred::Step& step = deferred->steps[s];
      if (!deferred->passed) {  // nothing has changed: as it was
        SLUICE_RETURN_IF_ERROR(rewrite_.copy(*step.node));
        made.push_back(rewrite_.at(step.node->output));
        continue;
      }
      std::vector<ir::TensorId> inputs;
      for (const Deferred::Source& source : step.inputs)
        inputs.push_back(source.isLeaf ? deferred->leaves[source.index].tensor : made[source.index]);
      if (s + 1 < deferred->steps.size()) {
        auto added = rewrite_.addAs(*step.node, step.operation, std::move(inputs), originsOf(*step.node));
        if (!added.ok()) return added.error();
        made.push_back(*added);
        continue;
      }
      const ir::Node& last = graph_.node(graph_.tensor(old).producer);
      auto added =
          rewrite_.replace(last, step.operation, std::move(inputs), originsOf(*step.node), step.node->name);
      if (!added.ok()) return added.error();
    }
    return {};
  }

  const ir::Graph& graph_;
  Rewrite rewrite_;
  std::vector<bool> touches_;
  std::vector<bool> leads_;  ///< per tensor: its only reader is, or leads to, a quantizer
  std::vector<std::unique_ptr<Deferred>> deferred_;  ///< per old tensor; null: nothing waits
  Change change_;
};

}  // namespace

Result<Change> sinkMoves(ir::Graph& graph, const LowerOptions&) { return Sinker(graph).run(graph); }

}  // namespace sluice::passes
