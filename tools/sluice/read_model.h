#pragma once

#include "base/result.h"
#include "ir/graph.h"
#include "options.h"

namespace sluice::tool {

/// The model as it stands in its file; with --hls4ml-config, as hls4ml would compute it, warnings on standard error.
/// Errors  those of importing; unsupported: an hls4ml configuration for a model that is not of Keras
Result<ir::Graph> readModel(const ModelOptions& options);

/// The lowered graph (passes/pipeline.h). What lowering changed in what the model says is told on standard error.
Result<ir::Graph> lowerModel(ir::Graph graph, passes::LowerOptions options = {});

}  // namespace sluice::tool
