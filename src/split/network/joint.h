#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "split/network/inner_split.h"
#include "split/network/menu.h"
#include "split/network/plan_network.h"

/// Folds and memories of every layer together with cuts and boards: the whole front.
///
/// For an interval T every node may be any of its choices that takes at most T cycles, and which of them makes the largest
/// share of the hardware least is found with a proven bound (menu.h). Only the intervals at which some node gains a choice
/// matter, so going through those gives the whole front of rate against hardware. Each point of it is then split over the
/// boards with as few of them as can be, at that rate (solve.h): exact for the point's selection.
///
/// Points are judged by the time between frames, the number of boards, and the share: the hardware in boards, of the
/// resource of which most is taken. 1.7 stands for a network that takes 1.7 boards' worth of it, so for two boards at
/// least.
namespace sluice::splits {

struct JointPoint {
  Selection selection;
  double interval = 0, latency = 0;  ///< us; latency as problem.h counts it
  double share = 0,
         shareBound = 0;  ///< boards' worth of the resource most is taken of; the least there can be
  std::uint32_t boards = 0;
  bool boardsProven = false;  ///< no fewer for any selection: the share needs as many
  double buildSeconds = 0;    ///< of the part that takes longest to synthesise, as predicted
  std::uint32_t splits = 0;   ///< layers split inside
  Plan plan;                  ///< of problemOf(menu, selection)
};

struct JointOptions {
  ShareLimits share;                            ///< of leastShare, for each interval
  SearchLimits limits = {.steps = 50'000'000};  ///< of each split
  InnerOptions inner = {
      .ways = {passes::LayerSplit::outputs, passes::LayerSplit::inputs, passes::LayerSplit::rows},
      .mostSplits = 2,
      .mostParts = 4};
  double spacing = 0.01;  ///< intervals nearer to each other than this share of them are not told apart
};

/// A board's capacity, averaged over the boards there are.
std::vector<double> meanCapacity(const ClusterSpec& cluster);

/// Fastest first; none is beaten in interval, boards and share by another. A design that beats a point does so by no more than
/// the spacing in its interval, or than the point's bound leaves open in its share. Errors: infeasible if nothing fits.
Result<std::vector<JointPoint>> jointFront(const Menu& menu, const ClusterSpec& cluster,
                                           const JointOptions& options = {});

/// A selection as it is built: mapped over the boards of its plan, FIFOs sized.
struct BuiltPoint {
  std::uint64_t cycles = 1;  ///< between frames, simulated
  double share = 0;          ///< boards' worth of the resource most is taken of, over all boards
  std::uint32_t boards = 1;
  std::uint64_t fifoBits = 0;
  std::vector<double> size;  ///< over all boards, in the order of device::usage
  bool fits = true;          ///< every board holds its part
};

/// Errors: those of mapGraph and sizeStreams.
Result<BuiltPoint> buildPoint(const ir::Graph& lowered, const map::MapOptions& options, const Plan& plan,
                              const ClusterSpec& cluster);

/// A point of a front as it is built.
struct BuiltJointPoint {
  JointPoint point;
  BuiltPoint built;
  double said = 0;  ///< its share by the menu, with what FIFOs held in the design that was built before it
};

struct BuildFrontOptions {
  std::size_t most = 16;     ///< points, spread evenly over the front
  std::uint32_t rounds = 3;  ///< designs of each, at most
  ShareLimits share;
  SearchLimits limits = {.steps = 50'000'000};
};

/// A front mapped and sized. What FIFOs hold beyond two places (or less, in slow designs) is not known before they are sized;
/// then it is added to what the menu counts, and the choice is made again at the same interval, until it stays. All designs that were built are there,
/// beaten ones too, in the order in which they were.
Result<std::vector<BuiltJointPoint>> buildFront(const ir::Graph& lowered, const Menu& menu,
                                                const std::vector<JointPoint>& front,
                                                const ClusterSpec& cluster,
                                                const BuildFrontOptions& options = {});

struct JointPlan {
  std::vector<JointPoint> front;
  std::size_t chosen = 0;  ///< of the front
  NetworkPlan plan;        ///< of that point, mapped and sized as it will be built
  ir::Graph graph;         ///< of the plan: the network's own, or with layers split inside
  std::vector<InnerSplit> splits;
};

/// The front of a network, and the plan of its fastest point that still fits once FIFOs are sized. Where a layer that no board
/// holds at a faster fold leaves boards empty, the network with layers split inside, as planWithin splits it for rate, is
/// looked at too: points of it (JointPoint::splits) stand in the same front.
/// Errors: those of menuOf and jointFront; infeasible if none does.
Result<JointPlan> planJointly(const ir::Graph& lowered, const ClusterSpec& cluster,
                              const NetworkPlanOptions& options, const JointOptions& joint = {});

}  // namespace sluice::splits
