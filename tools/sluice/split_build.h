#pragma once

#include <vector>

#include "build.h"
#include "emit/stitch.h"
#include "report/report.h"
#include "split/network/inner_split.h"
#include "split/network/joint.h"

/// The planned split inside the main job: plan, design with the links' latencies, deployment, files.
namespace sluice::tool {

struct PlannedSplit {
  splits::ClusterSpec cluster;
  splits::NetworkPlan plan;
  ir::Graph graph;                        ///< with the splits inside layers; without any, the network's own
  std::vector<splits::JointPoint> front;  ///< of --objective pareto
  std::size_t chosen = 0;                 ///< of the front
  std::vector<device::Board> boards;      ///< one per subgraph
  map::Design design;                     ///< not sized yet; its cuts carry the latency of their links
};

/// Errors: those of clusterSpec and planNetwork; usage: an objective nobody knows, or that needs --target-ii;
/// io, badInput: --freeze without an earlier build in the folder, or of a subgraph that it does not have.
Result<PlannedSplit> planSplit(const ir::Graph& graph, const BuildOptions& options,
                               const map::MapOptions& mapOptions);

/// Fills report.deployment. `design` is the finished one.
Status describeSplit(const ir::Graph& graph, const PlannedSplit& split, const map::Design& design,
                     report::Report& report);

/// split/plan.json, split/problem.json, deployment.json, and of every board's folder all but its Verilog.
void addSplitFiles(const PlannedSplit& split, const report::Deployment& deployment,
                   std::vector<emit::File>& files);

/// boards/<place>_<board>/resources.json: what stands on the board, against what its part holds.
void addResourceFiles(const report::Report& report, std::vector<emit::File>& files);

}  // namespace sluice::tool
