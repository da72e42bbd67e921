#include <algorithm>
#include <cmath>

#include "ir/integer.h"
#include "ir/integer_plan.h"

namespace sluice::ir {
namespace {

/// Up to this many bytes of thresholds per column, comparing with all of them beats a binary search.
constexpr std::size_t compareBytes = 256;
/// Activations of a batch should stay in the second-level cache beside the weights.
constexpr std::size_t batchBytes = std::size_t{1} << 18;
constexpr std::size_t largestBatch = 96;

std::size_t padded(std::size_t columns) { return (columns + lanes - 1) / lanes * lanes; }

std::size_t bytesOf(Width width) {
  return withWidth(width, [](auto zero) { return sizeof zero; });
}

/// Values as the width's type, modulo its size.
TypedList typed(Width width, const std::vector<std::int64_t>& values) {
  return withWidth(width, [&](auto zero) -> TypedList {
    std::vector<decltype(zero)> list(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) list[i] = static_cast<decltype(zero)>(values[i]);
    return list;
  });
}

/// One value per padded column from one or one per channel; zero in the padding.
template <typename Number>
std::vector<std::int64_t> perColumn(const std::vector<Number>& list, const Place& place) {
  std::vector<std::int64_t> result(place.stride, 0);
  for (std::size_t j = 0; j < place.columns; ++j) result[j] = list[list.size() == 1 ? 0 : j];
  return result;
}

class Compiler {
 public:
  Compiler(const Graph& graph, IntegerPlan& plan)
      : graph_(graph), plan_(plan), place_(graph.tensors.size(), none) {}

  void run() {
    countReads();
    for (const TensorId id : plan_.regions.hardwareInputs) plan_.inputs.push_back(port(id, makePlace(id)));
    for (const NodeId id : plan_.regions.integer) {
      const Node& node = graph_.node(id);
      for (const TensorId input : dataInputs(node))
        if (graph_.tensor(input).isConstant() && place_[input.index] == none)
          plan_.steps.emplace_back(Fill{.y = makePlace(input), .values = codesOf(graph_.tensor(input))});
      compileNode(node);
      for (const TensorId input : dataInputs(node)) release(input);
    }
    for (const TensorId id : plan_.regions.hardwareOutputs)
      plan_.outputs.push_back(port(id, place_[id.index]));
    std::size_t largest = 1;
    for (const std::size_t bytes : plan_.slotBytes) largest = std::max(largest, bytes);
    plan_.batch = std::clamp(batchBytes / largest, std::size_t{1}, largestBatch);
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  /// Inputs that are activations; the others are parameters, baked into the step.
  static std::vector<TensorId> dataInputs(const Node& node) {
    if (std::holds_alternative<Merge>(node.operation)) return node.inputs;
    return {node.inputs[0]};
  }

  void countReads() {
    reads_.assign(graph_.tensors.size(), 0);
    for (const NodeId id : plan_.regions.integer)
      for (const TensorId input : dataInputs(graph_.node(id))) ++reads_[input.index];
    for (const TensorId id : plan_.regions.hardwareOutputs) ++reads_[id.index];  // never released
  }

  IntegerPlan::Port port(TensorId id, std::size_t place) const {
    const Tensor& tensor = graph_.tensor(id);
    return {.name = tensor.name,
            .place = place,
            .range = tensor.type.codes->range,
            .elements = static_cast<std::size_t>(elements(tensor.type.shape))};
  }

  std::size_t makePlace(TensorId id) {
    const TensorType& type = graph_.tensor(id).type;
    Place place{.width = widthFor(type.codes->range),
                .columns = static_cast<std::size_t>(channels(type.shape))};
    place.rows = static_cast<std::size_t>(elements(type.shape)) / place.columns;
    place.stride = padded(place.columns);
    const std::size_t bytes = place.rows * place.stride * bytesOf(place.width);
    // The free slot that fits best: the smallest that is large enough, else the largest.
    std::size_t best = none;
    for (const std::size_t slot : free_) {
      const auto better = [&](std::size_t a, std::size_t b) {
        if ((a >= bytes) != (b >= bytes)) return a >= bytes;
        return a >= bytes ? a < b : a > b;
      };
      if (best == none || better(plan_.slotBytes[slot], plan_.slotBytes[best])) best = slot;
    }
    if (best == none) {
      best = plan_.slotBytes.size();
      plan_.slotBytes.push_back(0);
    } else {
      free_.erase(std::find(free_.begin(), free_.end(), best));
    }
    plan_.slotBytes[best] = std::max(plan_.slotBytes[best], bytes);
    place.slot = best;
    plan_.places.push_back(place);
    return place_[id.index] = plan_.places.size() - 1;
  }

  void release(TensorId id) {
    if (--reads_[id.index] == 0) free_.push_back(plan_.places[place_[id.index]].slot);
  }

  void compileNode(const Node& node) {
    const std::size_t x = place_[node.inputs[0].index];
    const std::size_t y = makePlace(node.output);
    std::visit([&](const auto& operation) { compile(operation, node, x, y); }, node.operation);
    // A result that nobody reads (an output is read once more) frees its place at once.
    if (reads_[node.output.index] == 0) free_.push_back(plan_.places[y].slot);
  }

  [[nodiscard]] const std::vector<std::int64_t>& parameter(const Node& node, std::size_t i) const {
    return codesOf(graph_.tensor(node.inputs[i]));
  }

  void compile(const Dense&, const Node& node, std::size_t x, std::size_t y) {
    const Place& from = plan_.places[x];
    const Place& to = plan_.places[y];
    const std::vector<std::int64_t>& w = parameter(node, 1);
    const std::size_t n = from.columns, m = to.columns;
    std::vector<std::int64_t> bias(to.stride, 0);
    if (node.inputs.size() == 3)
      std::copy(parameter(node, 2).begin(), parameter(node, 2).end(), bias.begin());
    const bool smallWeights = std::all_of(
        w.begin(), w.end(), [](std::int64_t one) { return one >= INT16_MIN && one <= INT16_MAX; });
    if (from.width != Width::int16 || to.width == Width::int64 || !smallWeights) {
      plan_.steps.emplace_back(WideDense{.x = x, .y = y, .weights = w, .bias = std::move(bias)});
      return;
    }
    FastDense step{.x = x, .y = y, .pairs = (n + 1) / 2, .weights = {}, .bias = {}};
    for (const std::int64_t one : bias) step.bias.push_back(static_cast<std::int32_t>(one));
    step.weights.assign(to.stride * step.pairs * 2, 0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < m; ++j)
        step.weights[((j / lanes * step.pairs + i / 2) * lanes + j % lanes) * 2 + i % 2] =
            static_cast<std::int16_t>(w[i * m + j]);
    plan_.steps.emplace_back(std::move(step));
  }

  void compile(const Threshold& operation, const Node& node, std::size_t x, std::size_t y) {
    const Place& from = plan_.places[x];
    const Width yWidth = plan_.places[y].width;
    const fixed::Interval range = graph_.tensor(node.inputs[0]).type.codes->range;
    const Shape& shape = graph_.tensor(node.inputs[1]).type.shape;
    const auto steps = static_cast<std::size_t>(shape[1]);
    const bool shared = shape[0] == 1;
    std::vector<std::int64_t> thresholds = parameter(node, 1);
    for (std::int64_t& t : thresholds) t = std::clamp(t, range.lo, range.hi + 1);
    const std::vector<std::int64_t> base = perColumn(operation.base, from);
    const std::vector<std::int64_t> sign = perColumn(operation.sign, from);
    if (steps * bytesOf(from.width) > compareBytes) {
      plan_.steps.emplace_back(SearchThreshold{.x = x,
                                               .y = y,
                                               .steps = steps,
                                               .shared = shared,
                                               .thresholds = std::move(thresholds),
                                               .base = base,
                                               .sign = sign});
      return;
    }
    std::vector<std::int64_t> blocks((shared ? lanes : from.stride) * steps, range.lo);
    for (std::size_t j = 0; j < (shared ? lanes : from.columns); ++j)
      for (std::size_t k = 0; k < steps; ++k)
        blocks[(j / lanes * steps + k) * lanes + j % lanes] = thresholds[(shared ? 0 : j * steps) + k];
    plan_.steps.emplace_back(CompareThreshold{.x = x,
                                              .y = y,
                                              .steps = steps,
                                              .shared = shared,
                                              .thresholds = typed(from.width, blocks),
                                              .base = typed(yWidth, base),
                                              .sign = typed(yWidth, sign)});
  }

  void compile(const Lookup& operation, const Node& node, std::size_t x, std::size_t y) {
    const Shape& shape = graph_.tensor(node.inputs[1]).type.shape;
    plan_.steps.emplace_back(TableLookup{.x = x,
                                         .y = y,
                                         .entries = static_cast<std::size_t>(shape[1]),
                                         .shared = shape[0] == 1,
                                         .first = operation.first,
                                         .table = parameter(node, 1)});
  }

  void compile(const Rescale& operation, const Node& node, std::size_t x, std::size_t y) {
    const Place& from = plan_.places[x];
    plan_.steps.emplace_back(AffineRescale{.x = x,
                                           .y = y,
                                           .a = perColumn(parameter(node, 1), from),
                                           .b = perColumn(parameter(node, 2), from),
                                           .rescale = operation});
  }

  void compile(const Merge& operation, const Node& node, std::size_t, std::size_t y) {
    ShiftedSum step{.x = {}, .y = y, .shift = operation.shift};
    for (const TensorId input : node.inputs) step.x.push_back(place_[input.index]);
    plan_.steps.emplace_back(std::move(step));
  }

  void compile(const TopK& operation, const Node&, std::size_t x, std::size_t y) {
    plan_.steps.emplace_back(Largest{.x = x, .y = y, .k = static_cast<std::size_t>(operation.k)});
  }

  void compile(const Reshape&, const Node&, std::size_t x, std::size_t y) {
    plan_.steps.emplace_back(Move{.x = x, .y = y, .source = {}});
  }

  void compile(const Transpose& operation, const Node& node, std::size_t x, std::size_t y) {
    const Shape& from = graph_.tensor(node.inputs[0]).type.shape;
    const Shape& to = graph_.tensor(node.output).type.shape;
    std::vector<std::uint32_t> strides(from.size());
    std::uint32_t stride = 1;
    for (std::size_t axis = from.size(); axis-- > 0;) {
      strides[axis] = stride;
      stride *= static_cast<std::uint32_t>(from[axis]);
    }
    Move step{.x = x, .y = y, .source = std::vector<std::uint32_t>(stride)};
    for (std::uint32_t i = 0; i < stride; ++i) {
      std::uint32_t rest = i, at = 0;
      for (std::size_t axis = to.size(); axis-- > 0;) {
        const auto extent = static_cast<std::uint32_t>(to[axis]);
        at += rest % extent * strides[static_cast<std::size_t>(operation.permutation[axis])];
        rest /= extent;
      }
      step.source[i] = at;
    }
    plan_.steps.emplace_back(std::move(step));
  }

  template <typename Real>
  void compile(const Real&, const Node&, std::size_t, std::size_t) {
    SLUICE_CHECK(false, "the integer middle holds integer operations only");
  }

  const Graph& graph_;
  IntegerPlan& plan_;
  std::vector<std::size_t> place_;  ///< of each tensor
  std::vector<std::size_t> reads_;  ///< of each tensor, still to come
  std::vector<std::size_t> free_;   ///< slots
};

}  // namespace

Width widthFor(fixed::Interval range) {
  if (range.lo > INT16_MIN && range.hi < INT16_MAX) return Width::int16;
  if (range.lo > INT32_MIN && range.hi < INT32_MAX) return Width::int32;
  return Width::int64;
}

Result<IntegerEngine> IntegerEngine::compile(const Graph& graph, Simd simd) {
  auto plan = std::make_shared<IntegerPlan>();
  SLUICE_TRY(plan->regions, ir::regions(graph));
  if (plan->regions.integer.empty())
    return unsupported(
        "the graph has no integer operations: there is nothing for the integer engine to compute");
  for (const NodeId id : plan->regions.integer) {
    const Node& node = graph.node(id);
    const bool known = std::visit(
        [](const auto& op) {
          using T = std::decay_t<decltype(op)>;
          return std::is_same_v<T, Dense> || std::is_same_v<T, Threshold> || std::is_same_v<T, Lookup> ||
                 std::is_same_v<T, Rescale> || std::is_same_v<T, Merge> || std::is_same_v<T, TopK> ||
                 std::is_same_v<T, Reshape> || std::is_same_v<T, Transpose>;
        },
        node.operation);
    if (!known)
      return unsupported(
          std::string("the integer engine does not compute '") + info(node.operation).name + "' yet",
          "node '" + node.name + "'");
  }
  plan->avx2 = useAvx2(simd);
  Compiler(graph, *plan).run();
  return IntegerEngine(std::move(plan));
}

const Regions& IntegerEngine::regions() const { return plan_->regions; }

}  // namespace sluice::ir
