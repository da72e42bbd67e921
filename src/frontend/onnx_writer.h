#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Writes small ONNX files for tests and benchmarks, byte by byte after the protobuf wire format, so that the
/// reader is tested against something that shares no code with it.
namespace sluice::frontend {

/// Fields of one protobuf message.
class WireWriter {
 public:
  WireWriter& varint(std::uint32_t field, std::uint64_t value);
  WireWriter& bytes(std::uint32_t field, std::string_view value);
  WireWriter& float32(std::uint32_t field, float value);
  WireWriter& message(std::uint32_t field, const WireWriter& value) { return bytes(field, value.bytes_); }
  [[nodiscard]] const std::string& text() const { return bytes_; }

 private:
  void raw(std::uint64_t value);
  std::string bytes_;
};

struct WrittenTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::variant<std::vector<float>, std::vector<std::int64_t>> data;
};
using WrittenAttribute =
    std::pair<std::string,
              std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, WrittenTensor>>;

class OnnxWriter {
 public:
  explicit OnnxWriter(std::int64_t opset = 13, std::int64_t irVersion = 7)
      : opset_(opset), irVersion_(irVersion) {}

  void graphName(const std::string& name) { graph_.bytes(2, name); }
  /// Nodes of this domain occur; files must say so.
  void domain(const std::string& name, std::int64_t version) { domains_.emplace_back(name, version); }
  /// -1 in a shape: an open extent.
  void input(const std::string& name, const std::vector<std::int64_t>& shape, std::int32_t elementType = 1);
  void output(const std::string& name, const std::vector<std::int64_t>& shape = {});
  void valueInfo(const std::string& name, const std::vector<std::int64_t>& shape);
  void tensor(const std::string& name, std::vector<std::int64_t> shape, std::vector<float> data);
  void integers(const std::string& name, std::vector<std::int64_t> shape, std::vector<std::int64_t> data);
  void scalar(const std::string& name, float value) { tensor(name, {}, {value}); }
  void node(const std::string& op, std::vector<std::string> inputs, std::vector<std::string> outputs,
            const std::vector<WrittenAttribute>& attributes = {}, const std::string& name = {},
            const std::string& domain = {});
  /// A field of GraphProto as it is, for what the writer has no word for.
  void graphField(std::uint32_t field, const WireWriter& value) { graph_.message(field, value); }

  [[nodiscard]] std::string bytes() const;

 private:
  std::int64_t opset_, irVersion_;
  std::vector<std::pair<std::string, std::int64_t>> domains_;
  WireWriter graph_;
};

/// A chain of `layers` times Quant (of the activations), MatMul with a quantized weight, BatchNormalization,
/// Relu. Seeded: the same arguments give the same bytes. All widths are `width`. With an `extent`: images of extent x extent
/// pixels, and Conv (3 x 3, padded, channels first) instead of MatMul.
std::string chainModel(std::uint32_t layers, std::uint32_t width, std::uint64_t seed,
                       std::uint32_t extent = 0);

}  // namespace sluice::frontend
