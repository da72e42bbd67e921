#include <cstdio>

#include "base/file.h"
#include "ir/text.h"
#include "options.h"
#include "passes/pipeline.h"
#include "read_model.h"

/// `sluice dump`: the graph as text, as it was read or after a pass.
namespace sluice::tool {

namespace {

/// One line per node with the type of its result; constants are left out.
std::string briefText(const ir::Graph& graph) {
  std::string text = "graph " + graph.name + "\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    text += ir::printNode(graph, ir::NodeId(i)) + "  # " +
            ir::text(graph.tensor(graph.nodes[i].output).type) + "\n";
  for (const ir::TensorId output : graph.outputs) text += "output " + graph.tensor(output).name + "\n";
  return text;
}

}  // namespace

Status runDump(const DumpOptions& options) {
  if (options.listPasses) {
    std::printf("%-18s the model as it was read\n", "import");
    for (const passes::Pass& pass : passes::lowering()) std::printf("%-18s %s\n", pass.name, pass.summary);
    return {};
  }
  // A misspelt pass is found before the model is read.
  if (!options.after.empty() && options.after != "import") {
    SLUICE_RETURN_IF_ERROR([&]() -> Status {
      const auto found = passes::findPass(passes::lowering(), options.after);
      return found.ok() ? Status() : Status(found.error());
    }());
  }
  SLUICE_TRY(ir::Graph graph, readModel(options.model));
  SLUICE_TRY(graph, passes::lowerUntil(std::move(graph), options.after, options.model.lower));
  const std::string text = options.brief ? briefText(graph) : ir::print(graph);
  if (options.output) return writeFile(*options.output, text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return {};
}

}  // namespace sluice::tool
