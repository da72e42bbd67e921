#include "frontend/keras/keras.h"

#include <algorithm>

#include "base/text.h"
#include "frontend/keras/quantized_weight.h"

namespace sluice::frontend {
namespace keras {
namespace {

/// What a layer's result may still be: a tensor, a guess of its shape behind an error, or nothing.
struct Known {
  ir::TensorId tensor;
  bool exists = false;
  bool guessed = false;
};

std::string placeOf(const ModelFile& file, const Step& step) {
  return file.where + ": layer '" + step.name + "' (" + step.className + ")";
}

/// The layer's nodes between HGQ2's quantizers of its inputs and output.
Result<ir::TensorId> runLayer(ImportState& state, const Step& step, const LayerRow& row,
                              std::vector<ir::TensorId> inputs) {
  Layer layer(state, step, std::move(inputs));
  if (!isHgq2(layer)) return row.run(layer);
  SLUICE_TRY(std::vector<ir::TensorId> quantized, hgq2Inputs(layer));
  Layer inner(state, step, std::move(quantized));
  SLUICE_TRY(const ir::TensorId y, row.run(inner));
  return hgq2Output(inner, y);
}

/// The last node of a layer carries the layer's name.
void nameResult(ImportState& state, const Step& step, ir::TensorId result, std::size_t nodesBefore) {
  ir::Tensor& tensor = state.graph.tensors[result.index];
  if (tensor.isConstant() || tensor.producer.index < nodesBefore) return;
  if (tensor.name == step.name || !state.tensorNames.insert(step.name).second) return;
  tensor.name = step.name;
  if (state.nodeNames.insert(step.name).second) state.graph.nodes[tensor.producer.index].name = step.name;
}

class Importer {
 public:
  Importer(const ModelFile& file, const Topology& topology)
      : file_(file), topology_(topology), problems_(file.where), values_(slots(topology)) {
    state_.file = &file;
  }

  Result<ir::Graph> run(const std::string& name) {
    state_.graph.name = name;
    state_.weightsOnGrid = std::any_of(topology_.steps.begin(), topology_.steps.end(), [](const Step& step) {
      return step.className == "FixedPointQuantizer";
    });
    markUsed();
    for (const Step& step : topology_.steps)
      if (used_[step.output] || step.className == "InputLayer") importStep(step);
    SLUICE_RETURN_IF_ERROR(problems_.status());
    return finish();
  }

 private:
  static std::size_t slots(const Topology& topology) {
    std::size_t count = 0;
    for (const Step& step : topology.steps) count = std::max<std::size_t>(count, step.output + 1u);
    return count;
  }

  /// Layers that no output needs are left out.
  void markUsed() {
    used_.assign(values_.size(), false);
    for (const Slot slot : topology_.outputs) used_[slot] = true;
    for (std::size_t i = topology_.steps.size(); i-- > 0;)
      if (used_[topology_.steps[i].output])
        for (const Slot slot : topology_.steps[i].inputs) used_[slot] = true;
  }

  void importStep(const Step& step) {
    bool guessed = false;
    std::vector<ir::TensorId> inputs;
    for (const Slot slot : step.inputs) {
      if (!values_[slot].exists) return;  // behind an error where nothing is known
      guessed = guessed || values_[slot].guessed;
      inputs.push_back(values_[slot].tensor);
    }
    const LayerRow* row = findLayer(step.className);
    if (row == nullptr) {
      const std::string why = whyNot(step.className);
      fail(step,
           unsupported(why.empty()
                           ? "is of a class that is not supported; `sluice info --help` lists those that are"
                           : why),
           false);
      guess(step, inputs);
      return;
    }
    if (inputs.size() < row->minInputs || inputs.size() > row->maxInputs) {
      fail(step, badInput("is called with " + std::to_string(inputs.size()) + " tensors"), guessed);
      guess(step, inputs);
      return;
    }
    const std::size_t nodesBefore = state_.graph.nodes.size();
    auto result = runLayer(state_, step, *row, inputs);
    if (!result.ok()) {
      fail(step, result.error(), guessed);
      guess(step, inputs);
      return;
    }
    nameResult(state_, step, *result, nodesBefore);
    values_[step.output] = {.tensor = *result, .exists = true, .guessed = guessed};
  }

  /// Behind a guess only what is not supported is told: the rest may follow from the guess.
  void fail(const Step& step, Error error, bool guessed) {
    if (guessed && error.code != ErrorCode::unsupported) return;
    error.where = placeOf(file_, step) + (error.where.empty() ? "" : ", " + error.where);
    problems_.add(std::move(error));
  }

  /// Behind a layer that could not be imported the walk goes on as if it did nothing, to find more problems.
  void guess(const Step& step, const std::vector<ir::TensorId>& inputs) {
    if (!inputs.empty()) values_[step.output] = {.tensor = inputs[0], .exists = true, .guessed = true};
  }

  Result<ir::Graph> finish() {
    ir::Graph& graph = state_.graph;
    graph.inputs.clear();
    for (const Slot slot : topology_.inputs) graph.inputs.push_back(values_[slot].tensor);
    std::unordered_set<std::uint32_t> taken;
    for (const Slot slot : topology_.outputs) {
      ir::TensorId tensor = values_[slot].tensor;
      if (!taken.insert(tensor.index).second) {  // one tensor under two outputs
        std::string name = "output";
        while (!state_.nodeNames.insert(name).second || !state_.tensorNames.insert(name).second) name += "_";
        SLUICE_TRY(tensor, graph.addNode(name, ir::Unary{.kind = ir::UnaryKind::identity}, {tensor}, {name}));
        taken.insert(tensor.index);
      }
      graph.outputs.push_back(tensor);
    }
    return std::move(graph);
  }

  const ModelFile& file_;
  const Topology& topology_;
  Diagnostics problems_;
  ImportState state_;
  std::vector<Known> values_;
  std::vector<bool> used_;
};

}  // namespace
}  // namespace keras

Result<ir::Graph> importKeras(const std::filesystem::path& path, const KerasOptions& options) {
  SLUICE_TRY(const keras::ModelFile file, keras::openModel(path, options.weights));
  SLUICE_TRY(const keras::Topology topology, keras::topologyOf(file));
  return keras::Importer(file, topology).run(path.stem().string());
}

Result<ir::Graph> importKerasBytes(std::string bytes, const std::string& name,
                                   std::optional<std::string> weights) {
  std::optional<keras::NamedBytes> content;
  if (weights) content = keras::NamedBytes{.bytes = std::move(*weights), .where = name + ": weights"};
  SLUICE_TRY(const keras::ModelFile file,
             keras::openModelBytes({.bytes = std::move(bytes), .where = name}, std::move(content)));
  SLUICE_TRY(const keras::Topology topology, keras::topologyOf(file));
  return keras::Importer(file, topology).run(name);
}

std::string supportedKerasLayers() { return keras::supportedLayers(); }

}  // namespace sluice::frontend
