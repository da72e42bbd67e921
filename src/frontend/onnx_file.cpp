#include "frontend/onnx_file.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "onnx_subset.pb.h"

namespace sluice::frontend {

namespace {

namespace pb = sluice::onnx_subset;

/// ONNX TensorProto.DataType.
enum DataType : std::int32_t {
  tFloat = 1,
  tUint8 = 2,
  tInt8 = 3,
  tUint16 = 4,
  tInt16 = 5,
  tInt32 = 6,
  tInt64 = 7,
  tString = 8,
  tBool = 9,
  tFloat16 = 10,
  tDouble = 11,
  tUint32 = 12,
  tUint64 = 13,
  tBfloat16 = 16,
  tUint4 = 21,
  tInt4 = 22,
};

/// IEEE 754 half precision to double, exactly.
double fromHalf(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double magnitude = 0;
  if (exponent == 31)
    magnitude = fraction != 0 ? NAN : HUGE_VAL;
  else if (exponent == 0)
    magnitude = std::ldexp(fraction, -24);
  else
    magnitude = std::ldexp(1024 + fraction, exponent - 25);
  return (bits >> 15) != 0 ? -magnitude : magnitude;
}
double fromBfloat(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// Little-endian elements of type Raw, converted one by one.
template <typename Raw, typename Element, typename Convert>
std::vector<Element> fromRaw(const std::string& raw, Convert convert) {
  std::vector<Element> elements(raw.size() / sizeof(Raw));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    Raw value;
    std::memcpy(&value, raw.data() + i * sizeof(Raw), sizeof(Raw));
    elements[i] = convert(value);
  }
  return elements;
}
template <typename Raw>
std::vector<std::int64_t> integersFromRaw(const std::string& raw) {
  return fromRaw<Raw, std::int64_t>(raw, [](Raw value) { return static_cast<std::int64_t>(value); });
}
template <typename Element, typename Field, typename Convert>
std::vector<Element> fromField(const Field& field, Convert convert) {
  std::vector<Element> elements;
  elements.reserve(static_cast<std::size_t>(field.size()));
  for (const auto value : field) elements.push_back(static_cast<Element>(convert(value)));
  return elements;
}

/// Two 4-bit integers per byte, the lower four bits first.
void unpackNibbles(std::int32_t type, std::uint8_t byte, std::vector<std::int64_t>& elements,
                   std::size_t count) {
  for (const int nibble : {byte & 15, byte >> 4})
    if (elements.size() < count) elements.push_back(type == tInt4 && nibble > 7 ? nibble - 16 : nibble);
}

std::size_t bitsPerElement(std::int32_t type) {
  switch (type) {
    case tUint4:
    case tInt4:
      return 4;
    case tUint8:
    case tInt8:
    case tBool:
      return 8;
    case tUint16:
    case tInt16:
    case tFloat16:
    case tBfloat16:
      return 16;
    case tFloat:
    case tInt32:
    case tUint32:
      return 32;
    case tInt64:
    case tDouble:
    case tUint64:
      return 64;
    default:
      return 0;
  }
}

using Data = std::variant<std::vector<double>, std::vector<std::int64_t>>;

Data decodeRaw(std::int32_t type, const std::string& raw, std::size_t count) {
  switch (type) {
    case tUint4:
    case tInt4: {
      std::vector<std::int64_t> elements;
      elements.reserve(count);
      for (const char byte : raw) unpackNibbles(type, static_cast<std::uint8_t>(byte), elements, count);
      return elements;
    }
    case tFloat:
      return fromRaw<float, double>(raw, [](float v) { return double{v}; });
    case tDouble:
      return fromRaw<double, double>(raw, [](double v) { return v; });
    case tFloat16:
      return fromRaw<std::uint16_t, double>(raw, fromHalf);
    case tBfloat16:
      return fromRaw<std::uint16_t, double>(raw, fromBfloat);
    case tUint8:
    case tBool:
      return integersFromRaw<std::uint8_t>(raw);
    case tInt8:
      return integersFromRaw<std::int8_t>(raw);
    case tUint16:
      return integersFromRaw<std::uint16_t>(raw);
    case tInt16:
      return integersFromRaw<std::int16_t>(raw);
    case tInt32:
      return integersFromRaw<std::int32_t>(raw);
    case tUint32:
      return integersFromRaw<std::uint32_t>(raw);
    default:
      return integersFromRaw<std::int64_t>(raw);  // int64; uint64 above 2^63 comes out negative
  }
}

Data decodeFields(std::int32_t type, const pb::TensorProto& tensor, std::size_t count) {
  const auto same = [](auto value) { return value; };
  switch (type) {
    case tUint4:
    case tInt4: {
      std::vector<std::int64_t> elements;
      if (static_cast<std::size_t>(tensor.int32_data_size()) != (count + 1) / 2) return elements;
      elements.reserve(count);
      for (const std::int32_t byte : tensor.int32_data())
        unpackNibbles(type, static_cast<std::uint8_t>(byte), elements, count);
      return elements;
    }
    case tFloat:
      return fromField<double>(tensor.float_data(), same);
    case tDouble:
      return fromField<double>(tensor.double_data(), same);
    case tFloat16:
      return fromField<double>(tensor.int32_data(),
                               [](std::int32_t v) { return fromHalf(static_cast<std::uint16_t>(v)); });
    case tBfloat16:
      return fromField<double>(tensor.int32_data(),
                               [](std::int32_t v) { return fromBfloat(static_cast<std::uint16_t>(v)); });
    case tInt64:
      return fromField<std::int64_t>(tensor.int64_data(), same);
    case tUint32:
    case tUint64:
      return fromField<std::int64_t>(tensor.uint64_data(), same);
    default:
      return fromField<std::int64_t>(tensor.int32_data(), same);
  }
}

std::optional<Error> decodeInto(const pb::TensorProto& tensor, Constant& constant) {
  constant.shape.assign(tensor.dims().begin(), tensor.dims().end());
  const auto count = countElements(constant.shape);
  if (!count.ok()) return count.error();
  if (tensor.data_location() != 0 || tensor.external_data_size() > 0)
    return unsupported("its data lies in another file; save the model as one file");
  const std::int32_t type = tensor.data_type();
  const std::size_t bits = bitsPerElement(type);
  if (bits == 0) return unsupported("elements of " + elementTypeName(type) + " are not supported");
  if (tensor.has_segment()) return unsupported("it is stored in segments");
  constant.type = type;
  const auto elements = static_cast<std::size_t>(*count);
  if (tensor.has_raw_data()) {
    const std::size_t bytes = (elements * bits + 7) / 8;
    if (tensor.raw_data().size() != bytes)
      return badInput("shape " + shapeText(constant.shape) + " of " + elementTypeName(type) + " needs " +
                      std::to_string(bytes) + " bytes, the file holds " +
                      std::to_string(tensor.raw_data().size()));
    constant.data = decodeRaw(type, tensor.raw_data(), elements);
  } else {
    constant.data = decodeFields(type, tensor, elements);
    if (constant.size() != elements)
      return badInput("shape " + shapeText(constant.shape) + " needs " + std::to_string(*count) +
                      " elements, the file holds " + std::to_string(constant.size()));
  }
  if (constant.isReal()) {
    for (const double element : std::get<0>(constant.data))
      if (!std::isfinite(element)) return badInput("it holds a NaN or an infinity");
  } else if (type == tUint64) {
    for (const std::int64_t element : std::get<1>(constant.data))
      if (element < 0) return badInput("it holds an integer above 2^63");
  }
  return std::nullopt;
}

StoredTensor decodeTensor(const pb::TensorProto& tensor) {
  StoredTensor stored{.name = tensor.name(), .constant = {}, .problem = {}};
  stored.problem = decodeInto(tensor, stored.constant);
  return stored;
}

Attribute decodeAttribute(const pb::AttributeProto& from) {
  Attribute to{.name = from.name(), .value = {}};
  // Old files leave the type out: then the field that is present says it.
  std::int32_t type = from.type();
  if (type == 0)
    type = from.has_t()             ? 4
           : from.has_s()           ? 3
           : from.has_f()           ? 1
           : from.has_i()           ? 2
           : from.floats_size() > 0 ? 6
           : from.ints_size() > 0   ? 7
                                    : 0;
  if (from.has_ref_attr_name()) type = 0;
  switch (type) {
    case 1:
      to.value = double{from.f()};
      break;
    case 2:
      to.value = std::int64_t{from.i()};
      break;
    case 3:
      to.value = from.s();
      break;
    case 4:
      to.value = decodeTensor(from.t());
      break;
    case 6:
      to.value = std::vector<double>(from.floats().begin(), from.floats().end());
      break;
    case 7:
      to.value = std::vector<std::int64_t>(from.ints().begin(), from.ints().end());
      break;
    default:
      break;
  }
  return to;
}

FileNode decodeNode(const pb::NodeProto& from) {
  FileNode to{.name = from.name(),
              .op = from.op_type(),
              .domain = from.domain(),
              .inputs = {from.input().begin(), from.input().end()},
              .outputs = {from.output().begin(), from.output().end()},
              .attributes = {}};
  to.attributes.reserve(static_cast<std::size_t>(from.attribute_size()));
  for (const auto& attribute : from.attribute()) to.attributes.push_back(decodeAttribute(attribute));
  return to;
}

DeclaredType decodeType(const pb::ValueInfoProto& from) {
  DeclaredType to;
  to.name = from.name();
  if (!from.has_type() || !from.type().has_tensor_type()) return to;
  const auto& type = from.type().tensor_type();
  to.elementType = type.elem_type();
  to.hasShape = type.has_shape();
  for (const auto& dim : type.shape().dim())
    to.shape.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
  return to;
}

}  // namespace

Result<ModelFile> decodeModel(std::string_view bytes) {
  if (bytes.empty()) return badInput("the file is empty");
  if (bytes.size() >= (std::size_t{1} << 31))
    return badInput("the file is larger than 2 GiB, more than an ONNX file can be");
  pb::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return badInput("this is no ONNX file, or it is damaged or cut short: its protobuf does not parse");
  if (!model.has_graph()) return badInput("the file holds no graph: it is no ONNX model, or it is cut short");

  ModelFile file;
  file.irVersion = model.ir_version();
  for (const auto& set : model.opset_import())
    if (set.domain().empty() || set.domain() == "ai.onnx") file.opset = set.version();
  const pb::GraphProto& graph = model.graph();
  if (graph.sparse_initializer_size() > 0)
    return unsupported("the model stores sparse tensors; store them densely");
  file.nodes.reserve(static_cast<std::size_t>(graph.node_size()));
  for (const auto& node : graph.node()) file.nodes.push_back(decodeNode(node));
  file.initializers.reserve(static_cast<std::size_t>(graph.initializer_size()));
  for (const auto& tensor : graph.initializer()) file.initializers.push_back(decodeTensor(tensor));
  for (const auto& input : graph.input()) file.inputs.push_back(decodeType(input));
  for (const auto& output : graph.output()) file.outputs.push_back(decodeType(output));
  for (const auto& info : graph.value_info()) file.valueInfo.push_back(decodeType(info));
  return file;
}

std::string elementTypeName(std::int32_t type) {
  constexpr const char* names[] = {"UNDEFINED", "FLOAT",  "UINT8",     "INT8",       "UINT16",  "INT16",
                                   "INT32",     "INT64",  "STRING",    "BOOL",       "FLOAT16", "DOUBLE",
                                   "UINT32",    "UINT64", "COMPLEX64", "COMPLEX128", "BFLOAT16"};
  if (type == tUint4) return "UINT4";
  if (type == tInt4) return "INT4";
  if (type >= 17 && type <= 20) return "FLOAT8";
  if (type >= 0 && type < static_cast<std::int32_t>(std::size(names))) return names[type];
  return "type " + std::to_string(type);
}

std::string shown(std::string_view name) {
  constexpr std::size_t limit = 80;
  std::string text;
  for (const char c : name.substr(0, limit)) text += (c >= ' ' && c <= '~') ? c : '?';
  if (name.size() > limit) text += "...";
  return text;
}

}  // namespace sluice::frontend
