#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "device/part.h"
#include "map/design.h"

namespace sluice::splits {
struct ClusterSpec;
struct NetworkPlan;
}  // namespace sluice::splits

/// A network on its boards: who computes what, what goes over which link, how the whole keeps pace. Plain data, made from
/// a plan and the design that was built from it; shown as deployment.json and as a section of the report.
namespace sluice::report {

struct Deployment {
  std::string topology, link, linkTitle;
  double linkRate = 0, linkLatency = 0;  ///< Mb/s, us
  std::string objective;                 ///< "load", "latency", "boards"
  double value = 0, lowerBound = 0;      ///< us, or boards
  bool proven = false;
  std::uint32_t boardsGiven = 0, factorsTried = 0;

  struct Place {
    std::uint32_t place = 0;
    std::string board, part, folder, subgraph;
    std::string family;  ///< of the part, where the boards are of several; else empty
    hdl::Family partFamily = hdl::Family::xc7;
    std::uint32_t mhz = 100;
    std::vector<std::string> nodes;
    std::map<std::string, std::string> settings;  ///< of nodes, as --node-options takes them
    double interval = 0, latency = 0;    ///< us: between frames; of a frame, first beat in to last beat out
    std::vector<device::Usage> planned;  ///< what the plan counted, against what it might use
  };
  std::vector<Place> places;

  /// A cut: FIFO, link, FIFO.
  struct Wire {
    std::string tensor;
    std::uint32_t fromPlace = 0, toPlace = 0;  ///< positions in `places`
    std::string fromPort, toPort;
    std::uint32_t width = 0, fromDepth = 0, toDepth = 0;
    std::uint64_t beats = 0;          ///< a frame
    std::uint32_t latencyCycles = 0;  ///< the depths were sized with; 0: the link buffers whole frames itself
  };
  std::vector<Wire> wires;

  struct HostPort {
    std::string name;
    bool isInput = true;
    std::uint32_t place = 0;
    std::string port;
    std::uint32_t width = 0;
    std::uint64_t beats = 0;
  };
  std::vector<HostPort> host;

  struct LinkLoad {
    std::string link;
    double bits = 0, time = 0, latency = 0;  ///< a frame; us
  };
  std::vector<LinkLoad> links;

  /// Simulated over many frames, whole frames as messages.
  struct Run {
    double linkLatency = 0;                    ///< us
    double interval = 0, least = 0, most = 0;  ///< us; of the latency, frames offered at that interval
    std::uint32_t sending = 0,
                  receiving = 0;  ///< frames of the FIFOs on both sides of the links, the least that do
  };
  Run run;
  std::vector<Run> sweep;  ///< the same, were the links slower

  /// What there is to choose from: a front of rate, hardware and boards.
  struct Alternative {
    double interval = 0, share = 0, shareBound = 0, buildSeconds = 0;  ///< us, boards' worth, seconds
    std::uint32_t boards = 0;
    bool boardsProven = false, isChosen = false;
  };
  std::vector<Alternative> front;  ///< fastest first; empty: none was looked for

  /// How long synthesis of the parts takes, as a model predicts (split/network/build_time.h): seconds, per place.
  std::vector<double> buildSeconds;
  double buildBound = 0;  ///< no cuts have a shorter longest part; 0: not looked for

  struct Busy {
    std::string who;
    std::vector<std::pair<double, double>> frames;  ///< us
  };
  std::vector<Busy> firstFrames;
};

/// `latencies`: cycles of every subgraph alone. Stage i of the plan is subgraph i of the design.
Result<Deployment> deploymentOf(const map::Design& design, const splits::ClusterSpec& cluster,
                                const splits::NetworkPlan& plan, const std::vector<std::uint64_t>& latencies,
                                const std::vector<std::string>& tensors);

std::string deploymentJson(const Deployment& deployment);
/// What stands in a board's own folder: its ports and what they are wired to.
std::string linkMapJson(const Deployment& deployment, std::size_t place);
/// A constraints file to start from: the clock, and the ports that need sites. As the tools of the board's family take it:
/// "constraints.xdc", or "constraints.lpf" for an ECP5 (nextpnr, Diamond).
struct ConstraintsFile {
  std::string name, content;
};
ConstraintsFile constraintsSkeleton(const Deployment& deployment, std::size_t place);

}  // namespace sluice::report
