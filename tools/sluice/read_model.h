#pragma once

#include "base/result.h"
#include "ir/graph.h"
#include "options.h"

namespace sluice::tool {

/// The model as it stands in its file; with --hls4ml-config, as hls4ml would compute it, warnings on standard error.
/// Errors  those of importing; unsupported: an hls4ml configuration for a model that is not of Keras
Result<ir::Graph> readModel(const ModelOptions& options);

}  // namespace sluice::tool
