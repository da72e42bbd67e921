#pragma once

#include <cstdint>
#include <filesystem>

namespace CLI {
class App;
}

/// `sluice cluster simulate`: frames over the boards and links of a plan.
namespace sluice::tool {

struct ClusterOptions {
  std::filesystem::path plan;
  std::uint64_t frames = 1000;
  double interval = 0;                       ///< units of the plan; 0: as fast as they can enter
  std::uint32_t sending = 2, receiving = 2;  ///< FIFO places, in frames
};

void addCluster(CLI::App& app, ClusterOptions& options);
/// The exit code.
int runCluster(const ClusterOptions& options);

}  // namespace sluice::tool
