#pragma once

#include <string>

#include "base/result.h"
#include "flow/vendor/lines.h"
#include "flow/vendor/metrics.h"

namespace sluice::flow::vendor {

/// The frame that Vivado puts above every report: tool, design, device, and mostly the state of the design.
///
/// Reads it up to its second line of dashes. The device is given as it stands; Vivado leaves out the "xc" of 7-series
/// and a dash that HLS reports have ("7z020clg400-1" is "xc7z020-clg400-1").
/// Errors   badInput: there is no frame, or it is incomplete
Result<Stage> readVivadoHeader(Lines& lines, Metrics& metrics);

}  // namespace sluice::flow::vendor
