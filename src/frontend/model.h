#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "ir/graph.h"

/// Any model file that Sluice reads, told apart by content and name.
namespace sluice::frontend {

struct ModelFileOptions {
  std::optional<std::filesystem::path> weights;  ///< of a Keras model given as JSON; none: beside it
};

/// Reads a model: importKeras (frontend/keras/keras.h) for JSON, HDF5 and zip archives, else importOnnx
/// (frontend/qonnx.h).
///
/// Errors  those of the two; usage: weights are given for a file that holds its own
Result<ir::Graph> importModel(const std::filesystem::path& path, const ModelFileOptions& options = {});

/// For help texts: what can be read, in lines that begin with two spaces.
std::string supportedModels();

}  // namespace sluice::frontend
