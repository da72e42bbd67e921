#include "compat/hls4ml.h"

#include <algorithm>

#include "compat/hls4ml_layer.h"
#include "ir/verify.h"

namespace sluice::compat {
namespace {

/// HGQ's quantizers have formats per element, or wrap; no other front end makes such.
bool bringsItsFormats(const ir::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const ir::Node& node) {
    const auto* quantize = std::get_if<ir::Quantize>(&node.operation);
    return quantize != nullptr && (quantize->scale.size() > 1 || !quantize->ranges.empty() ||
                                   quantize->overflow == fixed::Overflow::wrap);
  });
}

}  // namespace

Result<Hls4mlGraph> applyHls4mlConfig(const ir::Graph& graph, const Hls4mlConfig& config,
                                      const Hls4mlOptions& options) {
  if (bringsItsFormats(graph)) {
    Hls4mlGraph made;
    made.graph = graph;
    made.warnings.emplace_back(
        "the model's own quantizers (HGQ) fix every type; hls4ml takes those and computes the model exactly, "
        "whatever "
        "the configuration's precisions are");
    return made;
  }
  std::vector<std::string> warnings;
  SLUICE_TRY(Network network, readLayers(graph));
  SLUICE_RETURN_IF_ERROR(resolve(network, config, warnings));
  SLUICE_TRY(Hls4mlGraph made, emitNetwork(network, options, config, std::move(warnings)));
  SLUICE_RETURN_IF_ERROR(ir::verify(made.graph));
  return made;
}

}  // namespace sluice::compat
