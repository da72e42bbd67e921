#include "passes/fuse_chains.h"

#include "passes/chain_form.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

bool isQuantizer(const ir::Node& node) {
  return std::holds_alternative<ir::Quantize>(node.operation) ||
         std::holds_alternative<ir::Bipolar>(node.operation);
}

struct Chain {
  ElementFunction function;
  ChainForm form;
};

/// The chain that ends in the quantizer. The range of its source is asked of `rangeOf`, which may know a
/// tighter one than the graph says.
template <typename RangeOf>
Result<Chain> chainOf(const ir::Graph& graph, const ir::Node& quantizer, RangeOf rangeOf) {
  SLUICE_TRY(ElementFunction function, elementFunction(graph, quantizer));
  if (!function.source.valid())
    return unsupported("depends on constants alone", "node '" + quantizer.name + "'");
  const bool oneScale = graph.tensor(quantizer.output).type.codes->scale.size() == 1;
  auto form = chooseForm(function, rangeOf(function.source), oneScale);
  if (!form.ok()) {
    Error error = form.error();
    error.message += "; the chain is";
    for (const std::string& origin : function.origins) error.message += " '" + origin + "'";
    error.where = "node '" + quantizer.name + "'";
    return error;
  }
  return Chain{.function = std::move(function), .form = std::move(form).value()};
}

Result<ir::TensorId> build(Rewrite& rewrite, const ir::Node& quantizer, Chain chain) {
  const ir::Codes& codes = *rewrite.from.tensor(quantizer.output).type.codes;
  const ir::TensorId x = rewrite.at(chain.function.source);
  std::vector<std::string>& origins = chain.function.origins;
  const std::string& name = quantizer.name;
  if (auto* form = std::get_if<ThresholdForm>(&chain.form)) {
    const ir::TensorId thresholds =
        rewrite.addIntegers(name + ".thresholds", {form->rows, form->steps}, std::move(form->thresholds));
    return rewrite.replace(quantizer,
                           ir::Threshold{.base = std::move(form->base),
                                         .sign = std::move(form->sign),
                                         .scale = codes.scale,
                                         .zeroPoint = codes.zeroPoint},
                           {x, thresholds}, std::move(origins));
  }
  if (auto* form = std::get_if<LookupForm>(&chain.form)) {
    const fixed::Interval range = rangeOf(form->table);
    const ir::TensorId table = rewrite.addConstant(
        name + ".table",
        {.shape = {form->rows, form->entries},
         .codes = ir::Codes{.range = range, .scale = codes.scale, .zeroPoint = codes.zeroPoint}},
        std::move(form->table));
    return rewrite.replace(quantizer, ir::Lookup{.first = form->first}, {x, table}, std::move(origins));
  }
  auto& form = std::get<RescaleForm>(chain.form);
  const auto list = [&](const char* suffix, std::vector<std::int64_t> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return rewrite.addIntegers(name + suffix, {count}, std::move(values));
  };
  const ir::TensorId a = list(".a", std::move(form.a));
  const ir::TensorId b = list(".b", std::move(form.b));
  return rewrite.replace(quantizer,
                         ir::Rescale{.shift = form.shift,
                                     .range = form.range,
                                     .tieToEven = form.tieToEven,
                                     .scale = codes.scale,
                                     .zeroPoint = codes.zeroPoint},
                         {x, a, b}, std::move(origins));
}

}  // namespace

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
    // Codes that are requantized to themselves.
    const ir::TensorId source = rewrite.at(chain->function.source);
    if (const auto* form = std::get_if<RescaleForm>(&chain->form);
        form != nullptr && !isOutput[node.output.index] && form->shift == 0 &&
        form->a == std::vector<std::int64_t>{1} && form->b == std::vector<std::int64_t>{0} &&
        form->range.contains(rewrite.to.tensor(source).type.codes->range) &&
        rewrite.to.tensor(source).type.codes->scale == graph.tensor(node.output).type.codes->scale &&
        rewrite.to.tensor(source).type.codes->zeroPoint == graph.tensor(node.output).type.codes->zeroPoint) {
      rewrite.alias(node.output, source);
    } else {
      SLUICE_TRY(const ir::TensorId built, build(rewrite, node, std::move(chain).value()));
      (void)built;
    }
    ++change.places;
  }
  if (change.places > 0) graph = rewrite.finish();
  return change;
}

}  // namespace sluice::passes
