#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"

namespace CLI {
class App;
}

/// `sluice metrics`: what reports of vendor tools say, as JSON (`flow/vendor/read.h` has its form).
namespace sluice::tool {

struct MetricsOptions {
  std::filesystem::path reports;                ///< a report, or a folder of them
  std::optional<std::filesystem::path> output;  ///< JSON; none: only the summary
};

/// The arguments of the subcommand, on `app`.
void addMetrics(CLI::App& app, MetricsOptions& options);
/// Writes what could be read, then: badInput if a report in a folder was refused.
Status runMetrics(const MetricsOptions& options);

}  // namespace sluice::tool
