#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ir/graph.h"

/// QONNX and ONNX files become graphs in the real dialect, for one sample, without their batch axis.
namespace sluice::frontend {

/// Reads a model file. The graph is named after the file's stem.
///
/// What is constant is folded: weights and their quantizers become codes, shape arithmetic vanishes. Nodes
/// keep the file's names ("<operator>_<index>" where it gives none); tensors keep theirs. Nodes that no
/// output needs are left out. The name of a folded node goes to the `origins` of the first node that reads
/// its result.
///
/// Errors  io: the file cannot be read
///         badInput: it is no ONNX file, is damaged, or contradicts itself
///         unsupported: every node that cannot be taken, one per line, with its operator and the reason
Result<ir::Graph> importOnnx(const std::filesystem::path& path);

/// The same from memory. `name`: of the graph, and of the file in messages.
Result<ir::Graph> importOnnxBytes(std::string_view bytes, std::string name);

/// "Quant, BipolarQuant, ..., Transpose, Unsqueeze": for help texts.
std::string supportedOnnxOperators();

}  // namespace sluice::frontend
