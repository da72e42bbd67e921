#include "network.h"

#include "compat/hls4ml.h"
#include "format_text.h"
#include "frontend/onnx_writer_graph.h"
#include "ir/host.h"
#include "ir/reference.h"
#include "ir/text.h"
#include "passes/pipeline.h"

namespace sluice::python {
namespace {

Values valuesOf(const ir::Tensor& tensor, ir::ConstantData data) {
  return {.name = tensor.name, .shape = tensor.type.shape, .data = std::move(data)};
}

}  // namespace

Result<std::shared_ptr<Network>> Network::read(const std::filesystem::path& path,
                                               const frontend::ModelFileOptions& options) {
  SLUICE_TRY(ir::Graph graph, frontend::importModel(path, options));
  return std::shared_ptr<Network>(new Network(std::move(graph)));
}

std::vector<NodeInfo> Network::nodes() const {
  std::vector<NodeInfo> rows;
  for (const ir::Node& node : graph_.nodes) {
    const ir::Tensor& output = graph_.tensor(node.output);
    NodeInfo row{.name = node.name,
                 .operation = ir::info(node.operation).name,
                 .output = output.name,
                 .shape = output.type.shape,
                 .format = tool::formatText(output.type)};
    for (const ir::TensorId input : node.inputs)
      if (graph_.tensor(input).isConstant()) row.weights += ir::elements(graph_.tensor(input).type.shape);
    rows.push_back(std::move(row));
  }
  return rows;
}

const Result<Network::Lowered>& Network::lowered() const {
  std::call_once(once_, [this]() {
    lowered_ = [this]() -> Result<Lowered> {
      passes::LowerOptions options;
      std::vector<std::string> notices;
      options.notices = &notices;
      SLUICE_TRY(ir::Graph graph, passes::lower(graph_, options));
      SLUICE_TRY(ir::IntegerEngine engine, ir::IntegerEngine::compile(graph));
      return Lowered{.graph = std::move(graph), .engine = std::move(engine), .notices = std::move(notices)};
    }();
  });
  return *lowered_;
}

std::optional<Error> Network::loweringError() const {
  const Result<Lowered>& result = lowered();
  return result.ok() ? std::nullopt : std::optional(result.error());
}

std::vector<std::string> Network::loweringNotices() const {
  const Result<Lowered>& result = lowered();
  return result.ok() ? result->notices : std::vector<std::string>{};
}

Result<std::string> Network::text(const std::string& after) const {
  SLUICE_TRY(const ir::Graph graph, passes::lowerUntil(graph_, after));
  return ir::print(graph);
}

Result<std::vector<Values>> Network::runFloat(const std::vector<std::vector<double>>& inputs,
                                              std::size_t samples, unsigned threads) const {
  SLUICE_TRY(auto results, ir::runReference(graph_, inputs, samples, {.threads = threads}));
  std::vector<Values> values;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ir::Tensor& tensor = graph_.tensor(graph_.outputs[i]);
    values.push_back(valuesOf(tensor, ir::realValues(tensor.type, results[i])));
  }
  return values;
}

Result<std::vector<Values>> Network::runInteger(const std::vector<std::vector<double>>& inputs,
                                                std::size_t samples, bool inputCodes, bool outputCodes,
                                                unsigned threads) const {
  const Result<Lowered>& middle = lowered();
  if (!middle.ok()) return middle.error();
  const ir::Regions& regions = middle->engine.regions();
  SLUICE_TRY(const ir::CodeRows codes,
             ir::hardwareInputCodes(middle->graph, regions, inputs, samples, inputCodes, threads));
  SLUICE_TRY(ir::CodeRows results, middle->engine.run(codes, samples, threads));
  std::vector<Values> values;
  if (outputCodes) {
    for (std::size_t i = 0; i < results.size(); ++i)
      values.push_back(valuesOf(middle->graph.tensor(regions.hardwareOutputs[i]), {std::move(results[i])}));
    return values;
  }
  const std::vector<std::vector<double>> none;
  SLUICE_TRY(auto reals,
             ir::outputValues(middle->graph, regions, results, samples, inputCodes ? none : inputs, threads));
  for (std::size_t i = 0; i < reals.size(); ++i)
    values.push_back(valuesOf(middle->graph.tensor(middle->graph.outputs[i]), {std::move(reals[i])}));
  return values;
}

Result<std::vector<Values>> Network::trace(const std::vector<std::vector<double>>& inputs,
                                           std::size_t samples, bool lowered, unsigned threads) const {
  const ir::Graph* graph = &graph_;
  if (lowered) {
    const Result<Lowered>& middle = this->lowered();
    if (!middle.ok()) return middle.error();
    graph = &middle->graph;
  }
  if (inputs.size() != graph->inputs.size())
    return badInput(std::to_string(inputs.size()) + " inputs are given, the network has " +
                    std::to_string(graph->inputs.size()));
  std::vector<ir::Feed> feeds;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::TensorType& type = graph->tensor(graph->inputs[i]).type;
    ir::ConstantData data = inputs[i];
    if (!type.isReal()) data = ir::nearestCodes(type, inputs[i]);
    feeds.push_back({.tensor = graph->inputs[i], .values = std::move(data)});
  }
  std::vector<ir::TensorId> wanted;
  for (const ir::Node& node : graph->nodes) wanted.push_back(node.output);
  SLUICE_TRY(auto results, ir::evaluate(*graph, feeds, wanted, samples, threads));
  std::vector<Values> values;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ir::Tensor& tensor = graph->tensor(wanted[i]);
    if (!lowered) results[i] = ir::realValues(tensor.type, results[i]);
    values.push_back(valuesOf(tensor, std::move(results[i])));
  }
  return values;
}

Result<std::shared_ptr<Network>> Network::quantized(std::vector<std::vector<double>> inputs,
                                                    std::size_t samples,
                                                    const quantize::QuantizeOptions& options) const {
  SLUICE_TRY(quantize::Quantized made,
             quantize::quantize(graph_, {.samples = samples, .inputs = std::move(inputs)}, options));
  return std::shared_ptr<Network>(new Network(std::move(made.graph)));
}

Result<std::string> Network::qonnx() const { return frontend::qonnxBytes(graph_); }

Result<Network::Compatible> Network::asHls4ml(const std::string& config, bool reproduceDefects) const {
  SLUICE_TRY(const compat::Hls4mlConfig parsed, compat::parseHls4mlConfig(config, "the configuration"));
  SLUICE_TRY(compat::Hls4mlGraph made,
             compat::applyHls4mlConfig(graph_, parsed, {.reproduceDefects = reproduceDefects}));
  return Compatible{.network = std::shared_ptr<Network>(new Network(std::move(made.graph))),
                    .warnings = std::move(made.warnings)};
}

Result<tool::BuildOutcome> Network::build(tool::BuildOptions options) const {
  return tool::buildNetwork(options, graph_);
}

}  // namespace sluice::python
