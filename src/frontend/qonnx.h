#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

/// ONNX files become graphs in the real dialect, for one sample, without their batch axis: float models, ONNX's
/// own integers (QuantizeLinear, DequantizeLinear, QLinearConv, ...), and QONNX.
namespace sluice::frontend {

struct ImportOptions {
  /// Shapes of inputs, with the batch axis (-1: open), in place of those that the file declares. What the file
  /// declares of tensors behind them is then not compared.
  std::map<std::string, std::vector<std::int64_t>> inputShapes;
};

/// Where a tensor of the file is in the graph.
struct TensorPlace {
  std::string name;                 ///< in the file
  std::string op;                   ///< operator that makes it
  std::string tensor;               ///< in the graph
  std::vector<std::int64_t> order;  ///< axis j of the graph's tensor is axis order[j] of the file's sample
  /// Where the file flattens what the graph holds in another order: the graph's shape before; order is then of it.
  ir::Shape flattened;
};

/// What else an import can tell.
struct ImportNotes {
  std::vector<TensorPlace> places;  ///< computed tensors, in the order of the nodes that make them
};

/// Reads a model file. The graph is named after the file's stem.
///
/// Channels are last in the graph. The graph's inputs and outputs have the file's shapes and orders, less the batch
/// axis: what the file's runtime is fed, the graph is fed. Where a network of channels-first files begins or ends
/// with a convolution, a Transpose stands between (before the first quantizer, so that it is not hardware).
///
/// What is constant is folded: weights and their quantizers become codes, shape arithmetic vanishes. Nodes
/// keep the file's names ("<operator>_<index>" where it gives none); tensors keep theirs. Nodes that no
/// output needs are left out. The name of a folded node goes to the `origins` of the first node that reads
/// its result. An output of integers (the file ends with a QuantizeLinear) is the tensor of codes, without the
/// zero point.
///
/// Errors  io: the file cannot be read
///         badInput: it is no ONNX file, is damaged, or contradicts itself
///         unsupported: every node that cannot be taken, one per line, with its operator and the reason
Result<ir::Graph> importOnnx(const std::filesystem::path& path, const ImportOptions& options = {},
                             ImportNotes* notes = nullptr);

/// The same from memory. `name`: of the graph, and of the file in messages.
Result<ir::Graph> importOnnxBytes(std::string_view bytes, std::string name, const ImportOptions& options = {},
                                  ImportNotes* notes = nullptr);

/// "Abs, Add, ..., Transpose, Unsqueeze": for help texts.
std::string supportedOnnxOperators();

}  // namespace sluice::frontend
