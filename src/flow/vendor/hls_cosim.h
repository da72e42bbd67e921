#pragma once

#include "flow/vendor/collector.h"
#include "flow/vendor/lines.h"

namespace sluice::flow::vendor {

/// Reads the rest of `lines` as the report of a co-simulation: all metrics at the stage `simulated`.
/// Errors: as any reader.
Status readCosimulation(Lines& lines, Metrics& metrics, Collector& collector);

}  // namespace sluice::flow::vendor
