#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"
#include "frontend/constant.h"

/// An ONNX file as plain data: what it says, decoded and checked piece by piece, before anything is
/// understood. The only place that knows protobuf.
namespace sluice::frontend {

/// A tensor stored in the file. Some cannot be read (strings, external data, lengths that do not fit); that
/// is an error only where a node uses them.
struct StoredTensor {
  std::string name;
  Constant constant;
  std::optional<Error> problem;
};

struct Attribute {
  std::string name;
  /// monostate: of a type no supported operator has (graphs, ...)
  std::variant<std::monostate, double, std::int64_t, std::string, std::vector<double>,
               std::vector<std::int64_t>, StoredTensor>
      value;
};

struct FileNode {
  std::string name;  ///< may be empty
  std::string op;
  std::string domain;
  std::vector<std::string> inputs;  ///< "" where an optional one is left out
  std::vector<std::string> outputs;
  std::vector<Attribute> attributes;
};

/// What the file says of a tensor's type.
struct DeclaredType {
  std::string name;
  std::int32_t elementType = 0;  ///< ONNX TensorProto.DataType; 0: not said
  bool hasShape = false;
  std::vector<std::int64_t> shape;  ///< with the batch axis; -1: open
};

struct ModelFile {
  std::int64_t irVersion = 0;
  std::int64_t opset = 0;       ///< of the default domain; 0: not said
  std::vector<FileNode> nodes;  ///< in the file's order
  std::vector<StoredTensor> initializers;
  std::vector<DeclaredType> inputs, outputs, valueInfo;
};

/// Decodes the bytes of a file.
/// Errors  badInput: not an ONNX file, cut short, or a part of it contradicts another
Result<ModelFile> decodeModel(std::string_view bytes);

/// "FLOAT", "INT8", ... or "type 37"
std::string elementTypeName(std::int32_t type);

/// For messages: a name from the file, shortened and with control characters replaced.
std::string shown(std::string_view name);

}  // namespace sluice::frontend
