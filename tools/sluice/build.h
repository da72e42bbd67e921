#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "frontend/model.h"
#include "hdl/cost.h"
#include "ir/graph.h"
#include "map/map.h"
#include "report/report.h"

/// The main job: from a model file to a folder with verified Verilog and its report.
namespace sluice::tool {

/// How far a build goes; every stage includes those before it.
enum class Until : std::uint8_t {
  map,       ///< design.json and report: kernels, FIFOs, cycles, estimates
  rtl,       ///< rtl/*.v
  simulate,  ///< Verilator against the integer engine and the simulator
  synth,     ///< Yosys
  bitstream,  ///< instead of counting cells: the whole design behind a serial port, placed and routed for its board
};

/// Stages by the names that the command line and the Python package take.
inline const std::map<std::string, Until>& stagesByName() {
  static const std::map<std::string, Until> stages = {{"map", Until::map},
                                                      {"rtl", Until::rtl},
                                                      {"simulate", Until::simulate},
                                                      {"synth", Until::synth},
                                                      {"bitstream", Until::bitstream}};
  return stages;
}

/// What stands around the design's streams.
enum class Skin : std::uint8_t {
  plain,  ///< ready and valid
  axi,    ///< also AXI4-Stream and AXI4-Lite (emit/axi_shell.h), in axi/
};

struct BuildOptions {
  std::filesystem::path model;
  frontend::ModelFileOptions file;
  std::filesystem::path output;  ///< DIR
  std::vector<std::string>
      boards;  ///< "pynq-z2", "pynq-z2:2"; several without splitBefore: the split is planned
  std::string topology = "chain", link = "eth1";  ///< of several boards
  std::string splitInside = "auto";               ///< of layers: auto, any, outputs, inputs, rows, none
  bool fixedOrder = false;                        ///< places take the boards as they are named
  std::uint32_t linkLatency = 0;                  ///< cycles on the way over the cuts of splitBefore
  std::string objective = "rate";   ///< or latency, boards (for targetInterval), build-time, pareto
  std::vector<std::string> freeze;  ///< subgraphs of the build in `output` that stay as they are
  map::Regime regime = map::Regime::automatic;
  std::optional<std::uint64_t> reuseFactor, targetInterval;
  std::vector<std::string> splitBefore;
  std::optional<std::filesystem::path> nodeOptions;  ///< settings of single nodes (map/node_options.h)
  bool waves = false;                                ///< also waves.vcd
  std::optional<std::filesystem::path> input;        ///< .npy of samples; else random codes
  bool inputCodes = false;                           ///< the file holds codes of the first quantizer
  std::optional<hdl::Family> family;                 ///< else that of the first board, else xc7
  Until until = Until::simulate;
  std::optional<std::int64_t> topK;  ///< outputs become indices of the k largest
  std::uint64_t frames = 20;         ///< frames simulated at most
  std::uint64_t seed = 1;            ///< of random codes, gaps and stalls
  std::uint64_t placementSeeds = 5;  ///< runs of the router, with seeds 1, 2, ...; the fastest is kept
  Skin skin = Skin::plain;           ///< around `top`
  bool quiet = false;                ///< no progress on stderr
  std::string command;               ///< the command line as typed, for the report
};

struct BuildOutcome {
  report::Report report;
  Status
      verdict;  ///< infeasible: a board is too small; badInput: the Verilog does something else than the network
};

/// Builds and writes DIR. `imported`: the model, where it was read before; else it is read from options.model, whose
/// name the report says in either case.
Result<BuildOutcome> buildNetwork(const BuildOptions& options, std::optional<ir::Graph> imported = {});

/// buildNetwork, with the one-page summary on standard output.
Status build(const BuildOptions& options);

}  // namespace sluice::tool
