#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "format_text.h"
#include "frontend/model.h"
#include "ir/regions.h"
#include "ir/text.h"
#include "map/partition.h"
#include "options.h"
#include "passes/host_part.h"
#include "passes/pipeline.h"
#include "read_model.h"

/// `sluice info`: one line per node of the model as it was read, totals, and the ports of the hardware.
namespace sluice::tool {

namespace {

/// Multiplications and constant elements of a node, for one sample.
struct Work {
  std::int64_t multiplications = 0;
  std::int64_t weights = 0;
};
Work workOf(const ir::Graph& graph, const ir::Node& node) {
  Work work;
  for (const ir::TensorId input : node.inputs)
    if (graph.tensor(input).isConstant()) work.weights += ir::elements(graph.tensor(input).type.shape);
  if (std::holds_alternative<ir::MatMul>(node.operation) || std::holds_alternative<ir::Dense>(node.operation))
    work.multiplications =
        ir::elements(graph.tensor(node.output).type.shape) * graph.tensor(node.inputs[1]).type.shape[0];
  return work;
}

/// "matMul", "relu", "add": as the text form says it.
std::string operationText(const ir::Graph& graph, ir::NodeId id) {
  const ir::Operation& operation = graph.node(id).operation;
  if (!std::holds_alternative<ir::Unary>(operation) && !std::holds_alternative<ir::Binary>(operation))
    return ir::info(operation).name;
  const std::vector<std::string> words = split(ir::printNode(graph, id), ' ');  // "y = relu x"
  return words.size() > 2 ? words[2] : ir::info(operation).name;
}

/// A table whose columns are as wide as their widest cell; the last columns are numbers.
void printTable(const std::vector<std::vector<std::string>>& rows, std::size_t firstNumber) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string gap(widths[c] - row[c].size(), ' ');
      line += (c == 0 ? "" : "  ") + (c < firstNumber ? row[c] + gap : gap + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

void printPorts(const ir::Graph& graph, const char* what, const std::vector<ir::TensorId>& tensors) {
  for (const ir::TensorId id : tensors) {
    const ir::Tensor& tensor = graph.tensor(id);
    std::printf("  %-7s %s: %s elements of %s, codes %s to %s\n", what, tensor.name.c_str(),
                formatCount(ir::elements(tensor.type.shape)).c_str(), formatText(tensor.type).c_str(),
                std::to_string(tensor.type.codes->range.lo).c_str(),
                std::to_string(tensor.type.codes->range.hi).c_str());
  }
}

}  // namespace

Status runInfo(const InfoOptions& options) {
  SLUICE_TRY(const ir::Graph graph, frontend::importModel(options.model.model, options.model.file));
  std::vector<std::vector<std::string>> rows = {
      {"node", "operation", "shape", "format", "weights in", "multiplications", "constants"}};
  Work total;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const ir::Node& node = graph.nodes[i];
    const Work work = workOf(graph, node);
    total.multiplications += work.multiplications;
    total.weights += work.weights;
    std::string weightFormat;
    for (const ir::TensorId input : node.inputs)
      if (graph.tensor(input).isConstant() && weightFormat.empty())
        weightFormat = formatText(graph.tensor(input).type);
    const ir::TensorType& type = graph.tensor(node.output).type;
    rows.push_back({node.name, operationText(graph, ir::NodeId(i)), ir::text(type.shape), formatText(type),
                    weightFormat, work.multiplications > 0 ? formatCount(work.multiplications) : "",
                    work.weights > 0 ? formatCount(work.weights) : ""});
  }
  std::printf("network %s: %s\n\n", graph.name.c_str(),
              countOf(static_cast<std::int64_t>(graph.nodes.size()), "node").c_str());
  printTable(rows, 5);
  std::printf("\nfor one sample: %s multiplications, %s constants\n",
              formatCount(total.multiplications).c_str(), formatCount(total.weights).c_str());

  SLUICE_TRY(const ir::Graph lowered, lowerModel(graph, options.model.lower));
  SLUICE_TRY(const ir::Regions regions, ir::regions(lowered));
  std::printf("\nhardware: %s, all in integers\n",
              countOf(static_cast<std::int64_t>(regions.integer.size()), "node").c_str());
  printPorts(lowered, "input", regions.hardwareInputs);
  printPorts(lowered, "output", regions.hardwareOutputs);
  std::printf("  on the host: %s before, %s after\n",
              countOf(static_cast<std::int64_t>(regions.prologue.size()), "node").c_str(),
              countOf(static_cast<std::int64_t>(regions.epilogue.size()), "node").c_str());
  SLUICE_TRY(const std::vector<std::string> host, passes::hostPartText(lowered));
  for (const std::string& line : host) std::printf("    %s\n", line.c_str());
  const std::vector<std::string> splits = map::legalSplits(lowered);
  std::printf("  can be cut before: %s\n", splits.empty() ? "no node" : join(splits, ", ").c_str());
  return {};
}

}  // namespace sluice::tool
