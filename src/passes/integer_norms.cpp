#include "passes/integer_norms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "base/text.h"
#include "ir/reference.h"
#include "passes/fuse_chains.h"
#include "passes/norm_formats.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

constexpr double fractionOfStep = 0.25;
constexpr double stepWithoutQuantizer = 0x1p-8;

bool isProductNode(const ir::Node& node) {
  return std::holds_alternative<ir::MatMul>(node.operation) ||
         std::holds_alternative<ir::Conv>(node.operation) ||
         std::holds_alternative<ir::ConvTranspose>(node.operation);
}

/// Moves elements and leaves them as they are.
bool readsOnThrough(const ir::Node& node) {
  if (const auto* unary = std::get_if<ir::Unary>(&node.operation))
    return unary->kind == ir::UnaryKind::identity;
  return std::holds_alternative<ir::Reshape>(node.operation) ||
         std::holds_alternative<ir::Transpose>(node.operation) ||
         std::holds_alternative<ir::Concat>(node.operation) ||
         std::holds_alternative<ir::Slice>(node.operation) ||
         std::holds_alternative<ir::Expand>(node.operation);
}

/// What follows a tensor, looked at through moves.
struct Behind {
  double step = 0;       ///< the finest of the quantizers; 0: none
  double end = 0;        ///< the largest magnitude that they hold
  bool product = false;  ///< a product reads it as it is
};

class Norms {
 public:
  Norms(Rewrite& rewrite, std::vector<NormNotice>* notices)
      : rewrite_(rewrite), graph_(rewrite.from), users_(ir::allUsers(graph_)), notices_(notices) {
    wanted_.resize(graph_.tensors.size());
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
      const ir::Node& node = graph_.nodes[i];
      if (wanted_[node.output.index] || isQuantizer(node) || isProductNode(node))
        for (const ir::TensorId input : node.inputs) wanted_[input.index] = true;
    }
  }

  [[nodiscard]] bool wanted(const ir::Node& node) const { return wanted_[node.output.index]; }

  Status softmax(const ir::Node& node) {
    const ir::Tensor& input = graph_.tensor(node.inputs[0]);
    const ir::Shape& shape = input.type.shape;
    const Behind behind = behindOf(node.output);
    const double step = behind.step > 0 ? behind.step : stepWithoutQuantizer;
    double grid = 0, span = 0;
    if (const auto codes = oneGrid(input)) {
      grid = codes->scale[0];
      span = static_cast<double>(codes->range.hi) - static_cast<double>(codes->range.lo);
    }
    SLUICE_TRY(const SoftmaxFormats f, softmaxFormats(shape.back(), fractionOfStep * step, grid, span));
    begin(node);
    const ir::TensorId x = rewrite_.at(node.inputs[0]);
    const std::vector<std::int64_t> last{static_cast<std::int64_t>(shape.size()) - 1};
    const std::int64_t one = std::int64_t{1} << f.expBits;
    const auto inverses = static_cast<std::int64_t>(1 / f.inverseStep);
    SLUICE_TRY(const ir::TensorId most, reduce("max", ir::ReduceKind::max, last, x));
    SLUICE_TRY(const ir::TensorId distance, binary("distance", ir::BinaryKind::subtract, x, most));
    SLUICE_TRY(const ir::TensorId q, quantize("near", distance, f.distanceStep, {-f.lowest, 0}));
    SLUICE_TRY(const ir::TensorId exp, unary("exp", ir::UnaryKind::exp, q));
    SLUICE_TRY(const ir::TensorId e, quantize("exp_code", exp, std::ldexp(1.0, -f.expBits), {0, one}));
    SLUICE_TRY(const ir::TensorId sum, reduce("sum", ir::ReduceKind::sum, last, e));
    // Never below 1, which the ranges cannot tell.
    SLUICE_TRY(const ir::TensorId known, binary("sum_known", ir::BinaryKind::maximum, sum, number("one", 1)));
    SLUICE_TRY(const ir::TensorId inverse,
               binary("inverse", ir::BinaryKind::divide, number("one", 1), known));
    SLUICE_TRY(const ir::TensorId r, quantize("inverse_code", inverse, f.inverseStep, {0, inverses}));
    const bool inserts = behind.step == 0 && behind.product;
    if (inserts) {
      SLUICE_TRY(const ir::TensorId y, binary("share", ir::BinaryKind::multiply, e, r));
      SLUICE_RETURN_IF_ERROR(replace(node, ir::Quantize{.scale = {step}, .range = {0, 255}}, {y}));
    } else {
      SLUICE_RETURN_IF_ERROR(replace(node, ir::Binary{.kind = ir::BinaryKind::multiply}, {e, r}));
    }
    tell(node, "softmax", step, f.bound,
         inserts ? "; no quantizer follows, so it is quantized to 8 bits" : "");
    return {};
  }

  Status layerNorm(const ir::Node& node, const ir::LayerNormalize& norm) {
    const ir::Tensor& input = graph_.tensor(node.inputs[0]);
    const ir::Shape& shape = input.type.shape;
    std::vector<std::int64_t> axes;
    std::int64_t n = 1;
    for (auto axis = static_cast<std::int64_t>(shape.size()) - norm.axes;
         axis < static_cast<std::int64_t>(shape.size()); ++axis) {
      axes.push_back(axis);
      n *= shape[static_cast<std::size_t>(axis)];
    }
    const Behind behind = behindOf(node.output);
    const double step = behind.step > 0 ? behind.step : stepWithoutQuantizer;
    const Sizes gamma = sizesOf(node.inputs[1]), beta = sizesOf(node.inputs[2]);
    if (gamma.most == 0) return rewrite_.copy(node);  // a constant; whoever reads it will say so
    double largest = std::numeric_limits<double>::infinity();
    if (behind.step > 0 && gamma.least > 0) largest = (behind.end + beta.most) / gamma.least;
    double grid = 0, deviation = 0;
    if (const auto codes = oneGrid(input)) {
      grid = codes->scale[0];
      deviation = grid * (static_cast<double>(codes->range.hi) - static_cast<double>(codes->range.lo)) / 2;
    }
    SLUICE_TRY(const LayerNormFormats f, layerNormFormats(n, norm.epsilon, fractionOfStep * step / gamma.most,
                                                          largest, grid, deviation));
    begin(node);
    const auto count = static_cast<double>(n);
    const ir::TensorId x = rewrite_.at(node.inputs[0]);
    using Kind = ir::BinaryKind;
    SLUICE_TRY(const ir::TensorId sum, reduce("sum", ir::ReduceKind::sum, axes, x));
    SLUICE_TRY(const ir::TensorId all, binary("times_n", Kind::multiply, x, number("n", count)));
    SLUICE_TRY(const ir::TensorId c, binary("centred", Kind::subtract, all, sum));
    SLUICE_TRY(const ir::TensorId square, binary("square", Kind::multiply, c, c));
    SLUICE_TRY(const ir::TensorId v, reduce("variance", ir::ReduceKind::sum, axes, square));
    // Never negative, which the ranges cannot tell.
    SLUICE_TRY(const ir::TensorId positive, unary("variance_known", ir::UnaryKind::relu, v));
    SLUICE_TRY(const ir::TensorId mean, binary("variance_mean", Kind::divide, positive, number("n", count)));
    SLUICE_TRY(const ir::TensorId more,
               binary("variance_epsilon", Kind::add, mean, number("epsilon", count * count * norm.epsilon)));
    SLUICE_TRY(const ir::TensorId shifts, inverseRoot("deviation", more));
    SLUICE_TRY(const ir::TensorId h, rewrite_.add(name("shift"),
                                                  ir::QuantizePower{.lowest = f.lowest,
                                                                    .highest = f.highest,
                                                                    .rounding = fixed::Rounding::halfEven,
                                                                    .negative = false},
                                                  {shifts}, origins_));
    SLUICE_TRY(const ir::TensorId normal, binary("normal", Kind::multiply, c, h));
    SLUICE_TRY(const ir::TensorId w, quantize("normal_code", normal, f.normalStep, {-f.largest, f.largest}));
    SLUICE_TRY(const ir::TensorId offset, binary("offset", Kind::multiply, h,
                                                 number("offset", count * std::sqrt(count * norm.epsilon))));
    SLUICE_TRY(const ir::TensorId o, quantize("offset_code", offset, f.normalStep, {0, f.largest}));
    SLUICE_TRY(const ir::TensorId ww, binary("normal_square", Kind::multiply, w, w));
    SLUICE_TRY(const ir::TensorId oo, binary("offset_square", Kind::multiply, o, o));
    SLUICE_TRY(const ir::TensorId length, reduce("length", ir::ReduceKind::sum, axes, ww));
    SLUICE_TRY(const ir::TensorId whole, binary("length_offset", Kind::add, length, oo));
    SLUICE_TRY(const ir::TensorId part, binary("length_mean", Kind::divide, whole, number("n", count)));
    // Never below 1/4.
    SLUICE_TRY(const ir::TensorId known, binary("length_known", Kind::maximum, part, number("least", 0.25)));
    SLUICE_TRY(const ir::TensorId inverse, inverseRoot("length", known));
    SLUICE_TRY(const ir::TensorId r, quantize("root_code", inverse, f.rootStep, {f.rootLow, f.rootHigh}));
    SLUICE_TRY(const ir::TensorId y, binary("normalized", Kind::multiply, w, r));
    SLUICE_TRY(const ir::TensorId scaled, binary("scaled", Kind::multiply, y, rewrite_.at(node.inputs[1])));
    SLUICE_RETURN_IF_ERROR(
        replace(node, ir::Binary{.kind = Kind::add}, {scaled, rewrite_.at(node.inputs[2])}));
    tell(node, "layer norm", step, gamma.most * f.bound, "");
    return {};
  }

 private:
  struct Sizes {
    double least = 0, most = 0;  ///< of magnitudes
  };
  [[nodiscard]] Sizes sizesOf(ir::TensorId id) const {
    const ir::Tensor& tensor = graph_.tensor(id);
    if (!tensor.isConstant()) return {.least = 0, .most = 1};
    const std::vector<double> values = ir::realValues(tensor.type, *tensor.constant);
    Sizes sizes{.least = std::fabs(values[0]), .most = std::fabs(values[0])};
    for (const double value : values) {
      sizes.least = std::min(sizes.least, std::fabs(value));
      sizes.most = std::max(sizes.most, std::fabs(value));
    }
    return sizes;
  }
  /// Codes of one scale.
  static const ir::Codes* oneGrid(const ir::Tensor& tensor) {
    return !tensor.type.isReal() && tensor.type.codes->scale.size() == 1 ? &*tensor.type.codes : nullptr;
  }

  [[nodiscard]] Behind behindOf(ir::TensorId id) const {
    Behind behind;
    for (const ir::NodeId user : users_[id.index]) {
      const ir::Node& node = graph_.node(user);
      Behind here;
      if (const auto* quantize = std::get_if<ir::Quantize>(&node.operation)) {
        here.step = *std::min_element(quantize->scale.begin(), quantize->scale.end());
        const double most = *std::max_element(quantize->scale.begin(), quantize->scale.end());
        const auto off = static_cast<double>(quantize->zeroPoint);
        here.end = most * std::max(std::fabs(static_cast<double>(quantize->range.lo) - off),
                                   std::fabs(static_cast<double>(quantize->range.hi) - off));
      } else if (isProductNode(node)) {
        here.product = true;
      } else if (readsOnThrough(node)) {
        here = behindOf(node.output);
      }
      if (here.step > 0) behind.step = behind.step > 0 ? std::min(behind.step, here.step) : here.step;
      behind.end = std::max(behind.end, here.end);
      behind.product = behind.product || here.product;
    }
    return behind;
  }

  void begin(const ir::Node& node) {
    base_ = node.name;
    origins_ = originsOf(node);
  }
  [[nodiscard]] std::string name(const char* part) const { return base_ + "." + part; }
  ir::TensorId number(const char* part, double value) {
    return rewrite_.addConstant(name(part), {.shape = {1}, .codes = std::nullopt},
                                std::vector<double>{value});
  }
  Result<ir::TensorId> reduce(const char* part, ir::ReduceKind kind, std::vector<std::int64_t> axes,
                              ir::TensorId x) {
    return rewrite_.add(name(part), ir::Reduce{.kind = kind, .axes = std::move(axes), .keepDims = true}, {x},
                        origins_);
  }
  Result<ir::TensorId> unary(const char* part, ir::UnaryKind kind, ir::TensorId x) {
    return rewrite_.add(name(part), ir::Unary{.kind = kind}, {x}, origins_);
  }
  Result<ir::TensorId> binary(const char* part, ir::BinaryKind kind, ir::TensorId x, ir::TensorId y) {
    return rewrite_.add(name(part), ir::Binary{.kind = kind}, {x, y}, origins_);
  }
  Result<ir::TensorId> quantize(const char* part, ir::TensorId x, double step, fixed::Interval range) {
    return rewrite_.add(name(part), ir::Quantize{.scale = {step}, .range = range}, {x}, origins_);
  }
  Result<ir::TensorId> inverseRoot(const char* part, ir::TensorId x) {
    const std::string of = part;
    SLUICE_TRY(const ir::TensorId root, unary((of + "_root").c_str(), ir::UnaryKind::sqrt, x));
    return binary((of + "_inverse").c_str(), ir::BinaryKind::divide, number("one", 1), root);
  }
  Status replace(const ir::Node& node, ir::Operation operation, std::vector<ir::TensorId> inputs) {
    SLUICE_TRY([[maybe_unused]] const ir::TensorId y,
               rewrite_.replace(node, std::move(operation), std::move(inputs), origins_));
    return {};
  }

  void tell(const ir::Node& node, const std::string& what, double step, double bound,
            const std::string& more) {
    if (notices_ == nullptr) return;
    notices_->push_back({.node = node.name,
                         .step = step,
                         .bound = bound,
                         .text = "node '" + node.name + "': the " + what +
                                 " is computed in integers, off by at most " + formatFixed(bound / step, 3) +
                                 " of a step of the quantizer behind it" + more});
  }

  Rewrite& rewrite_;
  const ir::Graph& graph_;
  std::vector<std::vector<ir::NodeId>> users_;
  std::vector<bool> wanted_;
  std::vector<NormNotice>* notices_;
  std::string base_;
  std::vector<std::string> origins_;
};

}  // namespace

Result<Change> integerNorms(ir::Graph& graph, const LowerOptions&, std::vector<NormNotice>* notices) {
  Change change;
  Rewrite rewrite(graph);
  Norms norms(rewrite, notices);
  const std::vector<bool> touches = touchesCodes(graph);
  for (const ir::Node& node : graph.nodes) {
    const auto* layerNorm = std::get_if<ir::LayerNormalize>(&node.operation);
    const bool isNorm = layerNorm != nullptr || std::holds_alternative<ir::Softmax>(node.operation);
    if (!isNorm || !touches[node.inputs[0].index] || !norms.wanted(node)) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    Status done = layerNorm != nullptr ? norms.layerNorm(node, *layerNorm) : norms.softmax(node);
    if (!done.ok()) return Error{done.error().code, done.error().message, "node '" + node.name + "'"};
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

Result<Change> integerNormsPass(ir::Graph& graph, const LowerOptions& options) {
  std::vector<NormNotice> notices;
  SLUICE_TRY(const Change change, integerNorms(graph, options, &notices));
  if (options.notices != nullptr)
    for (const NormNotice& notice : notices) options.notices->push_back(notice.text);
  return change;
}

}  // namespace sluice::passes
