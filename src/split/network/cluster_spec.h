#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "device/board.h"
#include "device/link.h"
#include "split/problem.h"

/// The boards somebody has, and how they are wired: what `--board`, `--topology` and `--link` say.
namespace sluice::splits {

/// Shares of what a part holds that a plan may use: fuller parts are a gamble for placing and routing.
/// Source  limits of FINN's platforms (finn/util/platforms.py): .70 of LUT, .50 of FF, .80 of block RAM and DSP
struct Shares {
  double lut = 0.7, ff = 0.5, dsp = 0.8, bram = 0.8;
};

struct ClusterSpec {
  struct Kind {
    device::Board board;
    std::uint32_t count = 1;
  };
  std::vector<Kind> kinds;
  std::vector<std::uint32_t> order;  ///< the kind of each place; empty: the plan chooses
  Topology::Kind topology = Topology::Kind::chain;
  std::uint32_t columns = 1;  ///< of a mesh
  device::Link link;
  Shares shares;

  /// How many boards there are.
  [[nodiscard]] std::uint32_t places() const;
  /// Ports of the link that a board drives at most; each takes link.cost.
  [[nodiscard]] std::uint32_t linkPorts() const;
};

/// The device families of the boards, each once, in the order of the kinds.
std::vector<hdl::Family> familiesOf(const ClusterSpec& spec);

/// Bits a microsecond are megabits a second: times of such problems are microseconds, amounts bits.
Topology topologyOf(const ClusterSpec& spec);

/// Boards as typed, "pynq-z2:5"; the topology as "chain", "ring", "star", "switch" or "mesh:COLUMNS"; the link by name or
/// file. With `fixedOrder` the places take the boards as they stand; else the plan chooses.
/// Errors  badInput: no such board, link, topology; boards that a mesh does not hold
Result<ClusterSpec> clusterSpec(const std::vector<std::string>& boards, const std::string& topology,
                                const std::string& link, bool fixedOrder);

}  // namespace sluice::splits
