#pragma once

#include <string>

#include "base/result.h"
#include "ir/graph.h"

/// Graphs of the real dialect as QONNX files, so that others can read what Sluice quantized.
namespace sluice::frontend {

/// The bytes of an ONNX file with QONNX's Quant nodes.
///
/// Layout. The file's inputs and outputs have the graph's shapes (channels last) behind an open batch axis. Inside,
/// convolutions and pools are ONNX's own, channels first; a Transpose stands where one order meets the other, and
/// element-wise nodes and quantizers keep the order they find. Reading it again gives the same nodes, names and
/// numbers; origins are those of the file, and an output that is a feature map comes through a Reshape that moves
/// nothing.
///
/// Numbers are float32 in ONNX. Codes of constants are written as scale * code behind a Quant node, which finds the
/// same codes again; a code for which float32 is too coarse is an error, not a rounding. Other constants are rounded to
/// float32: in a network that came from a float32 file they are float32 already.
///
/// Errors  unsupported: every node that QONNX has no operator for, one per line
Result<std::string> qonnxBytes(const ir::Graph& graph);

}  // namespace sluice::frontend
