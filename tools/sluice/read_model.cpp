#include "read_model.h"

#include <cstdio>

#include "compat/hls4ml.h"
#include "frontend/model.h"
#include "passes/pipeline.h"

namespace sluice::tool {

Result<ir::Graph> readModel(const ModelOptions& options) {
  SLUICE_TRY(ir::Graph graph, frontend::importModel(options.model, options.file));
  if (!options.hls4mlConfig) return graph;
  if (options.model.extension() == ".onnx")
    return unsupported("hls4ml configurations are applied to Keras and QKeras models",
                       options.model.string());
  SLUICE_TRY(const compat::Hls4mlConfig config, compat::readHls4mlConfig(*options.hls4mlConfig));
  SLUICE_TRY(compat::Hls4mlGraph made,
             compat::applyHls4mlConfig(graph, config, {.reproduceDefects = !options.withoutHls4mlDefects}));
  for (const std::string& warning : made.warnings) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  return std::move(made.graph);
}

Result<ir::Graph> lowerModel(ir::Graph graph, passes::LowerOptions options) {
  std::vector<std::string> notices;
  options.notices = &notices;
  SLUICE_TRY(ir::Graph lowered, passes::lower(std::move(graph), options));
  for (const std::string& notice : notices) std::fprintf(stderr, "warning: %s\n", notice.c_str());
  return lowered;
}

}  // namespace sluice::tool
