#include "passes/fuse_chains.h"

#include <algorithm>

#include "passes/chain_form.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

struct Chain {
  ElementFunction function;
  ChainForms forms;
};

/// The chain that ends in the quantizer. The range of its source is asked of `rangeOf`, which may know a
/// tighter one than the graph says.
template <typename RangeOf>
Result<Chain> chainOf(const ir::Graph& graph, const ir::Node& quantizer, RangeOf rangeOf) {
  SLUICE_TRY(ElementFunction function, elementFunction(graph, quantizer));
  const std::string where = "node '" + quantizer.name + "'";
  if (!function.source.valid()) return unsupported("depends on constants alone", where);
  const auto inChain = [&](Error error) {
    error.message += "; the chain is";
    for (const std::string& origin : function.origins) error.message += " '" + origin + "'";
    error.where = where;
    return error;
  };
  if (function.second.valid()) {
    Error meet =
        unsupported("cannot be computed on integers: it depends on two tensors of codes, '" +
                        graph.tensor(function.source).name + "' and '" + graph.tensor(function.second).name +
                        "', which meet on no common grid; quantize both to scales that differ by a "
                        "power of two",
                    where);
    if (function.scale.size() != 1) return meet;
    auto pairs = pairForm(function, rangeOf(function.source), rangeOf(function.second));
    if (!pairs.ok()) {
      meet.message += " (" + pairs.error().message + ")";
      return meet;
    }
    const std::int64_t zero = function.outputZeroPoint;
    return Chain{.function = std::move(function),
                 .forms = {.forms = {std::move(pairs).value()}, .zeroPoints = {zero}}};
  }
  const ir::Tensor& source = graph.tensor(function.source);
  auto forms = chooseForms(function, rangeOf(function.source),
                           ir::isPerChannel(*source.type.codes, source.type.shape));
  if (!forms.ok()) return inChain(forms.error());
  return Chain{.function = std::move(function), .forms = std::move(forms).value()};
}

/// Adds the nodes of a chain. Rows of thresholds, tables and factors count channels; where every element has
/// its own, the tensor becomes a vector for the while.
class Emitter {
 public:
  Emitter(Rewrite& rewrite, const ir::Node& quantizer, Chain chain)
      : rewrite_(rewrite), quantizer_(quantizer), chain_(std::move(chain)) {}

  Result<ir::TensorId> emit() {
    ir::TensorId x = rewrite_.at(chain_.function.source);
    const ir::Shape shape = rewrite_.to.tensor(x).type.shape;
    std::vector<ChainForm>& forms = chain_.forms.forms;
    // What has a list for elements itself needs no vector.
    const bool needsRows = std::any_of(forms.begin(), forms.end(), [](const ChainForm& form) {
      const auto* rescale = std::get_if<RescaleForm>(&form);
      return !std::holds_alternative<RequantizeForm>(form) && !(rescale != nullptr && rescale->ofSource);
    });
    const bool perElement = chain_.function.channels > 1 && needsRows &&
                            chain_.function.channels != ir::channels(shape) &&
                            chain_.function.channels == ir::elements(shape);
    ir::TensorId second;
    if (chain_.function.second.valid()) second = rewrite_.at(chain_.function.second);
    if (perElement) {
      std::vector<double>& scale = chain_.function.scale;
      const std::size_t own = scale.size();
      for (std::size_t i = own; own > 1 && i < static_cast<std::size_t>(ir::elements(shape)); ++i)
        scale.push_back(scale[i - own]);
      const ir::Reshape flat{.shape = {ir::elements(shape)}};
      SLUICE_TRY(x, rewrite_.add(quantizer_.name + ".flat", flat, {x}, chain_.function.origins));
      if (second.valid()) {
        SLUICE_TRY(second, rewrite_.add(quantizer_.name + ".flat", flat, {second}, chain_.function.origins));
      }
    }
    for (std::size_t i = 0; i < forms.size(); ++i) {
      last_ = i + 1 == forms.size() && !perElement;
      zeroPoint_ = chain_.forms.zeroPoints[i];
      SLUICE_TRY(x, std::visit([&](auto& form) { return one(form, x, second); }, forms[i]));
    }
    if (!perElement) return x;
    return rewrite_.replace(quantizer_, ir::Reshape{.shape = shape}, {x}, chain_.function.origins);
  }

 private:
  Result<ir::TensorId> node(ir::Operation operation, std::vector<ir::TensorId> inputs) {
    if (last_)
      return rewrite_.replace(quantizer_, std::move(operation), std::move(inputs), chain_.function.origins);
    return rewrite_.add(quantizer_.name + ".code", std::move(operation), std::move(inputs),
                        chain_.function.origins);
  }
  ir::TensorId list(const char* suffix, std::vector<std::int64_t> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return rewrite_.addIntegers(quantizer_.name + suffix, {count}, std::move(values));
  }
  ir::TensorId table(ir::Shape shape, std::vector<std::int64_t> entries) {
    const ir::Codes codes{.range = rangeOf(entries), .scale = chain_.function.scale, .zeroPoint = zeroPoint_};
    return rewrite_.addConstant(quantizer_.name + ".table", {.shape = std::move(shape), .codes = codes},
                                std::move(entries));
  }

  Result<ir::TensorId> one(ThresholdForm& form, ir::TensorId x, ir::TensorId) {
    const ir::TensorId thresholds = rewrite_.addIntegers(quantizer_.name + ".thresholds",
                                                         {form.rows, form.steps}, std::move(form.thresholds));
    return node(ir::Threshold{.base = std::move(form.base),
                              .sign = std::move(form.sign),
                              .scale = chain_.function.scale,
                              .zeroPoint = zeroPoint_},
                {x, thresholds});
  }
  Result<ir::TensorId> one(LookupForm& form, ir::TensorId x, ir::TensorId) {
    return node(ir::Lookup{.first = form.first},
                {x, table({form.rows, form.entries}, std::move(form.table))});
  }
  Result<ir::TensorId> one(PairForm& form, ir::TensorId x, ir::TensorId second) {
    return node(ir::PairLookup{.first0 = form.first0, .first1 = form.first1, .span1 = form.span1},
                {x, second, table({form.rows, form.entries}, std::move(form.table))});
  }
  Result<ir::TensorId> one(RescaleForm& form, ir::TensorId x, ir::TensorId) {
    const ir::TensorId a = list(".a", std::move(form.a));
    const ir::TensorId b = list(".b", std::move(form.b));
    const ir::Codes& source = *rewrite_.to.tensor(x).type.codes;
    return node(ir::Rescale{.shift = form.shift,
                            .range = form.range,
                            .tieToEven = form.tieToEven,
                            .scale = form.ofSource ? source.scale : chain_.function.scale,
                            .zeroPoint = form.ofSource ? source.zeroPoint : zeroPoint_},
                {x, a, b});
  }
  Result<ir::TensorId> one(RequantizeForm& form, ir::TensorId x, ir::TensorId) {
    return node(ir::Requantize{.shift = std::move(form.shift),
                               .range = form.range,
                               .rounding = form.rounding,
                               .overflow = form.overflow,
                               .ranges = std::move(form.ranges)},
                {x});
  }

  Rewrite& rewrite_;
  const ir::Node& quantizer_;
  Chain chain_;
  bool last_ = false;
  std::int64_t zeroPoint_ = 0;
};

/// Whether the chain gives back the codes it reads.
bool isIdentity(const Chain& chain, const ir::TensorType& source) {
  const auto* form = std::get_if<RescaleForm>(&chain.forms.forms.back());
  return form != nullptr && chain.forms.forms.size() == 1 && form->shift == 0 &&
         form->a == std::vector<std::int64_t>{1} && form->b == std::vector<std::int64_t>{0} &&
         form->range.contains(source.codes->range) && source.codes->scale == chain.function.scale &&
         source.codes->zeroPoint == chain.function.outputZeroPoint;
}

}  // namespace

bool isQuantizer(const ir::Node& node) {
  return std::holds_alternative<ir::Quantize>(node.operation) ||
         std::holds_alternative<ir::QuantizeFloat>(node.operation) ||
         std::holds_alternative<ir::QuantizePower>(node.operation) ||
         std::holds_alternative<ir::Bipolar>(node.operation);
}

std::vector<bool> touchesCodes(const ir::Graph& graph) {
  std::vector<bool> touches(graph.tensors.size());
  for (const ir::Node& node : graph.nodes) {
    bool any = !graph.tensor(node.output).type.isReal();
    for (const ir::TensorId input : node.inputs)
      any = any || (touches[input.index] && !graph.tensor(input).isConstant());
    touches[node.output.index] = any;
  }
  return touches;
}

Status chainProblem(const ir::Graph& graph, const ir::Node& quantizer) {
  const auto chain =
      chainOf(graph, quantizer, [&](ir::TensorId source) { return graph.tensor(source).type.codes->range; });
  if (!chain.ok()) return chain.error();
  return {};
}

Result<Change> fuseChains(ir::Graph& graph, const LowerOptions&) {
  Change change;
  Rewrite rewrite(graph);
  const std::vector<bool> touches = touchesCodes(graph);
  std::vector<bool> isOutput(graph.tensors.size());
  for (const ir::TensorId output : graph.outputs) isOutput[output.index] = true;
  for (const ir::Node& node : graph.nodes) {
    if (!isQuantizer(node) || !touches[node.inputs[0].index]) {
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    auto chain =
        chainOf(graph, node, [&](ir::TensorId source) { return rewrite.tensorAt(source).type.codes->range; });
    if (!chain.ok()) {
      if (chain.error().code != ErrorCode::unsupported) return chain.error();
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
      continue;
    }
    const ir::TensorId source = rewrite.at(chain->function.source);
    if (!isOutput[node.output.index] && isIdentity(*chain, rewrite.to.tensor(source).type)) {
      rewrite.alias(node.output, source);
    } else {
      SLUICE_TRY(const ir::TensorId built, Emitter(rewrite, node, std::move(chain).value()).emit());
      (void)built;
    }
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes
