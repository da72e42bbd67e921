#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "compat/hls4ml_config.h"
#include "fixed/ap_fixed.h"
#include "ir/graph.h"

/// hls4ml compatibility: a Keras or QKeras network under an hls4ml configuration, as a graph on codes whose results are
/// the bits of hls4ml's own C++ emulation (version 1.3.0, backends Vivado and Vitis).
///
/// Three steps, one file each: the graph's nodes become the layers that hls4ml would see (hls4ml_read.cpp); its
/// rules give every layer its types, remove and fuse layers (hls4ml_resolve.cpp, hls4ml_infer.cpp); each layer
/// becomes operations on codes that compute what its C++ template computes (hls4ml_emit*.cpp).
///
///   SLUICE_TRY(const auto config, compat::readHls4mlConfig("config.yml"));
///   SLUICE_TRY(auto made, compat::applyHls4mlConfig(imported, config));
///   for (const std::string& warning : made.warnings) ...
///
/// Source  hls4ml 1.3.0, its Python and the headers in templates/vivado/nnet_utils (what is computed); recorded
///         answers of its emulation (bench/quality/hls4ml_bits)
namespace sluice::compat {

struct Hls4mlOptions {
  /// hls4ml computes some things as nobody wants them: a softmax whose table has one entry for all logits, a ReLU
  /// that wraps because its integer format forgot to saturate, padding that wins a maximum. True: the same bits, and a
  /// warning for each. False: what the model says, for these things alone (a softmax is then a real operation).
  bool reproduceDefects = true;
};

/// A layer of hls4ml's resolved network.
struct Hls4mlLayer {
  std::string name;       ///< hls4ml's: "fc1_relu_relu"
  std::string className;  ///< "Dense", "Activation", "Softmax"
  fixed::ApFormat result;
  /// The types hls4ml resolved, by its names without "_t": weight, bias, accum, ...; those the layer has.
  std::vector<std::pair<std::string, fixed::ApFormat>> types;
  ir::TensorId tensor;  ///< its result in the graph
};

struct Hls4mlGraph {
  ir::Graph graph;  ///< lowered: quantized inputs, operations on codes
  std::vector<Hls4mlLayer> layers;
  std::vector<std::string>
      warnings;  ///< defects reproduced, settings without effect, what may wrap; one sentence each
};

/// The network as hls4ml would compute it. `graph` is an imported Keras or QKeras model (frontend/model.h); its nodes'
/// origins are the layers' names. A model of HGQ brings its own formats, which hls4ml takes instead of the
/// configuration's: it comes back as it is, with a warning.
///
/// Errors  unsupported: all layers that hls4ml, or this, does not know; badInput: formats that 64-bit codes do not hold
Result<Hls4mlGraph> applyHls4mlConfig(const ir::Graph& graph, const Hls4mlConfig& config,
                                      const Hls4mlOptions& options = {});

}  // namespace sluice::compat
