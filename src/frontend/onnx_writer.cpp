#include "frontend/onnx_writer.h"

#include <cstring>

#include "base/rng.h"

namespace sluice::frontend {

namespace {

/// TensorProto: dims 1, data_type 2, name 8, raw_data 9.
WireWriter tensorMessage(const WrittenTensor& tensor) {
  WireWriter message;
  for (const std::int64_t extent : tensor.shape) message.varint(1, static_cast<std::uint64_t>(extent));
  message.varint(2, tensor.data.index() == 0 ? 1 : 7);
  message.bytes(8, tensor.name);
  std::visit(
      [&](const auto& elements) {
        std::string raw(elements.size() * sizeof(elements[0]), '\0');
        if (!raw.empty()) std::memcpy(raw.data(), elements.data(), raw.size());
        message.bytes(9, raw);
      },
      tensor.data);
  return message;
}

/// ValueInfoProto: name 1, type 2 (tensor_type 1 (elem_type 1, shape 2 (dim 1 (dim_value 1, dim_param 2)))).
WireWriter valueInfoMessage(const std::string& name, const std::vector<std::int64_t>& shape,
                            std::int32_t elementType) {
  WireWriter dims;
  for (const std::int64_t extent : shape) {
    WireWriter dim;
    if (extent >= 0)
      dim.varint(1, static_cast<std::uint64_t>(extent));
    else
      dim.bytes(2, "N");
    dims.message(1, dim);
  }
  WireWriter tensorType;
  tensorType.varint(1, static_cast<std::uint64_t>(elementType));
  if (!shape.empty()) tensorType.message(2, dims);
  WireWriter type;
  type.message(1, tensorType);
  WireWriter info;
  info.bytes(1, name).message(2, type);
  return info;
}

/// AttributeProto: name 1, f 2, i 3, s 4, t 5, ints 8, type 20.
WireWriter attributeMessage(const WrittenAttribute& attribute) {
  WireWriter message;
  message.bytes(1, attribute.first);
  constexpr std::uint64_t types[] = {2, 1, 3, 7, 4};
  message.varint(20, types[attribute.second.index()]);
  if (const auto* i = std::get_if<0>(&attribute.second)) message.varint(3, static_cast<std::uint64_t>(*i));
  if (const auto* f = std::get_if<1>(&attribute.second)) message.float32(2, *f);
  if (const auto* s = std::get_if<2>(&attribute.second)) message.bytes(4, *s);
  if (const auto* list = std::get_if<3>(&attribute.second))
    for (const std::int64_t i : *list) message.varint(8, static_cast<std::uint64_t>(i));
  if (const auto* t = std::get_if<4>(&attribute.second)) message.message(5, tensorMessage(*t));
  return message;
}

}  // namespace

void WireWriter::raw(std::uint64_t value) {
  for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value | 128);
  bytes_ += static_cast<char>(value);
}
WireWriter& WireWriter::varint(std::uint32_t field, std::uint64_t value) {
  raw(field * 8);
  raw(value);
  return *this;
}
WireWriter& WireWriter::bytes(std::uint32_t field, std::string_view value) {
  raw(field * 8 + 2);
  raw(value.size());
  bytes_ += value;
  return *this;
}
WireWriter& WireWriter::float32(std::uint32_t field, float value) {
  raw(field * 8 + 5);
  char raw4[4];
  std::memcpy(raw4, &value, 4);
  bytes_.append(raw4, 4);
  return *this;
}

void OnnxWriter::input(const std::string& name, const std::vector<std::int64_t>& shape,
                       std::int32_t elementType) {
  graph_.message(11, valueInfoMessage(name, shape, elementType));
}
void OnnxWriter::output(const std::string& name, const std::vector<std::int64_t>& shape) {
  graph_.message(12, valueInfoMessage(name, shape, 1));
}
void OnnxWriter::valueInfo(const std::string& name, const std::vector<std::int64_t>& shape) {
  graph_.message(13, valueInfoMessage(name, shape, 1));
}
void OnnxWriter::tensor(const std::string& name, std::vector<std::int64_t> shape, std::vector<float> data) {
  graph_.message(5, tensorMessage({name, std::move(shape), std::move(data)}));
}
void OnnxWriter::integers(const std::string& name, std::vector<std::int64_t> shape,
                          std::vector<std::int64_t> data) {
  graph_.message(5, tensorMessage({name, std::move(shape), std::move(data)}));
}

/// NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7.
void OnnxWriter::node(const std::string& op, std::vector<std::string> inputs,
                      std::vector<std::string> outputs, const std::vector<WrittenAttribute>& attributes,
                      const std::string& name, const std::string& domain) {
  WireWriter message;
  for (const std::string& input : inputs) message.bytes(1, input);
  for (const std::string& output : outputs) message.bytes(2, output);
  if (!name.empty()) message.bytes(3, name);
  message.bytes(4, op);
  for (const WrittenAttribute& attribute : attributes) message.message(5, attributeMessage(attribute));
  if (!domain.empty()) message.bytes(7, domain);
  graph_.message(1, message);
}

/// ModelProto: ir_version 1, graph 7, opset_import 8 (domain 1, version 2).
std::string OnnxWriter::bytes() const {
  WireWriter opset;
  opset.varint(2, static_cast<std::uint64_t>(opset_));
  WireWriter model;
  model.varint(1, static_cast<std::uint64_t>(irVersion_)).message(8, opset);
  for (const auto& [name, version] : domains_) {
    WireWriter other;
    other.bytes(1, name).varint(2, static_cast<std::uint64_t>(version));
    model.message(8, other);
  }
  model.message(7, graph_);
  return model.text();
}

std::string chainModel(std::uint32_t layers, std::uint32_t width, std::uint64_t seed, std::uint32_t extent) {
  OnnxWriter file;
  Rng rng(seed);
  const auto w = static_cast<std::int64_t>(width);
  const auto values = [&](std::size_t count, double lo, double hi) {
    std::vector<float> list(count);
    for (float& value : list) value = static_cast<float>(lo + (hi - lo) * rng.real());
    return list;
  };
  using Shape = std::vector<std::int64_t>;
  const bool images = extent > 0;
  const Shape shape = images ? Shape{-1, w, extent, extent} : Shape{-1, w};
  file.input("x", shape);
  file.scalar("zero", 0);
  file.scalar("bits", 4);
  std::string x = "x";
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    const std::string n = std::to_string(layer);
    const auto name = [&](const char* what) { return std::string(what) + "_" + n; };
    file.scalar(name("scale"), layer == 0 ? 0.25f : 0.125f);
    file.tensor(name("w"), images ? Shape{w, w, 3, 3} : Shape{w, w},
                values(std::size_t{width} * width * (images ? 9 : 1), -1, 1));
    file.tensor(name("wscale"), images ? Shape{w, 1, 1, 1} : Shape{1, w}, values(width, 0.1, 0.2));
    file.tensor(name("gamma"), {w}, values(width, 0.5, 1.5));
    file.tensor(name("beta"), {w}, values(width, -0.5, 0.5));
    file.tensor(name("mean"), {w}, values(width, -1, 1));
    file.tensor(name("variance"), {w}, values(width, 0.5, 4));
    const std::string domain = "qonnx.custom_op.general";
    file.node("Quant", {x, name("scale"), "zero", "bits"}, {name("q")},
              {{"signed", layer == 0 ? 1 : 0}, {"narrow", 0}}, name("Quant"), domain);
    file.node("Quant", {name("w"), name("wscale"), "zero", "bits"}, {name("wq")},
              {{"signed", 1}, {"narrow", 1}}, name("Weight"), domain);
    if (images)
      file.node("Conv", {name("q"), name("wq")}, {name("m")}, {{"pads", Shape{1, 1, 1, 1}}}, name("Conv"));
    else
      file.node("MatMul", {name("q"), name("wq")}, {name("m")}, {}, name("MatMul"));
    file.node("BatchNormalization", {name("m"), name("gamma"), name("beta"), name("mean"), name("variance")},
              {name("b")}, {{"epsilon", 1e-5f}}, name("BatchNormalization"));
    file.node("Relu", {name("b")}, {name("r")}, {}, name("Relu"));
    x = name("r");
  }
  file.output(x, shape);
  return file.bytes();
}

}  // namespace sluice::frontend
