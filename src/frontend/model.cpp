#include "frontend/model.h"

#include <fstream>

#include "base/file.h"
#include "frontend/keras/keras.h"
#include "frontend/qonnx.h"

namespace sluice::frontend {
namespace {

/// JSON, HDF5 and zip begin like no ONNX file does: protobuf begins with a field's tag.
bool isKeras(const std::filesystem::path& path, std::string_view head) {
  if (head.starts_with("\x89HDF") || head.starts_with("PK\x03\x04")) return true;
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && head[first] == '{') return true;
  const std::string ending = path.extension().string();  // damaged or empty: what the name says
  return ending == ".json" || ending == ".h5" || ending == ".hdf5" || ending == ".keras";
}

}  // namespace

Result<ir::Graph> importModel(const std::filesystem::path& path, const ModelFileOptions& options) {
  std::ifstream file(path, std::ios::binary);
  std::string head(256, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  if (isKeras(path, head)) return importKeras(path, {.weights = options.weights});
  if (options.weights)
    return Error{ErrorCode::usage, "is an ONNX file, which holds its own weights; leave --weights out",
                 path.string()};
  return importOnnx(path);
}

std::string supportedModels() {
  return "  ONNX and QONNX: " + supportedOnnxOperators() +
         "\n  Keras, QKeras, HGQ, HGQ2: " + supportedKerasLayers();
}

}  // namespace sluice::frontend
