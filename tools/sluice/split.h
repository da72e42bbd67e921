#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "map/design.h"

namespace CLI {
class App;
}

/// `sluice split plan | check`: networks over boards, with proof.
namespace sluice::tool {

struct SplitOptions {
  std::filesystem::path file;      ///< the network and its boards; plan: or a model
  std::string objective = "load";  ///< plan: load (or rate, the same), latency, boards; of models build-time, pareto
  double loadLimit = 0;            ///< plan: no stage or link takes longer; 0: none
  std::uint64_t effort = 3000;     ///< plan: millions of steps
  std::uint32_t orders = 8;        ///< plan
  std::filesystem::path plan;      ///< plan: written; check: read
  // plan, of a model:
  std::vector<std::string> boards;
  std::string topology = "chain", link = "eth1";
  std::string inside = "auto";  ///< how layers are split inside
  bool fixedOrder = false;
  map::Regime regime = map::Regime::automatic;
  std::uint64_t reuseFactor = 0, targetInterval = 0;  ///< 0: chosen
  std::filesystem::path problem;  ///< the network and its boards as a file; empty: beside the plan
};

/// Adds the subcommand with its own subcommands.
void addSplit(CLI::App& app, SplitOptions& options);

/// Runs the one that was named. The exit code: 0 proven, 3 infeasible, 4 an open gap, 1 bad input, 2 usage.
int runSplit(const CLI::App& app, const SplitOptions& options);

}  // namespace sluice::tool
