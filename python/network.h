#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "build.h"
#include "frontend/model.h"
#include "ir/graph.h"
#include "ir/integer.h"
#include "quantize/quantize.h"

/// A model as the Python package holds it: the imported graph, and, once somebody asks, the lowered one with its
/// engine. Plain C++: binding.cpp only turns arrays into vectors and errors into exceptions.
namespace sluice::python {

/// A tensor's name and shape for one sample, and values of all samples.
struct Values {
  std::string name;
  ir::Shape shape;
  ir::ConstantData data;
};

/// One line of `sluice info`.
struct NodeInfo {
  std::string name, operation, output;
  ir::Shape shape;
  std::string format;  ///< "real", "s8", "u3"
  std::int64_t weights = 0;
};

class Network {
 public:
  /// Errors: those of frontend::importModel.
  static Result<std::shared_ptr<Network>> read(const std::filesystem::path& path,
                                               const frontend::ModelFileOptions& options);

  [[nodiscard]] const ir::Graph& graph() const { return graph_; }
  [[nodiscard]] std::vector<NodeInfo> nodes() const;

  /// What keeps the model from being hardware; none: it is quantized throughout.
  [[nodiscard]] std::optional<Error> loweringError() const;
  /// Where lowering changes what the model says, a sentence each (passes/integer_norms.h); nothing if it cannot be lowered.
  [[nodiscard]] std::vector<std::string> loweringNotices() const;
  /// The graph as text after a pass ("import": as it was read). Errors: those of passes::lowerUntil.
  [[nodiscard]] Result<std::string> text(const std::string& after) const;

  /// The float64 reference. inputs[i]: samples * elements of graph().inputs[i].
  [[nodiscard]] Result<std::vector<Values>> runFloat(const std::vector<std::vector<double>>& inputs,
                                                     std::size_t samples, unsigned threads) const;
  /// The exact integer engine between what the host computes. Codes in and out: at the hardware's ports.
  [[nodiscard]] Result<std::vector<Values>> runInteger(const std::vector<std::vector<double>>& inputs,
                                                       std::size_t samples, bool inputCodes, bool outputCodes,
                                                       unsigned threads) const;
  /// Every tensor that is computed, in the order of the nodes: real values of the model as it was read, or
  /// (`lowered`) of the lowered graph, whose integer tensors come as codes.
  [[nodiscard]] Result<std::vector<Values>> trace(const std::vector<std::vector<double>>& inputs,
                                                  std::size_t samples, bool lowered, unsigned threads) const;

  /// Post-training quantization on samples (quantize/quantize.h).
  [[nodiscard]] Result<std::shared_ptr<Network>> quantized(std::vector<std::vector<double>> inputs,
                                                           std::size_t samples,
                                                           const quantize::QuantizeOptions& options) const;
  /// The model as a QONNX file's bytes. Errors: those of frontend::qonnxBytes.
  [[nodiscard]] Result<std::string> qonnx() const;

  struct Compatible;
  /// The network as hls4ml computes it under a configuration, YAML or JSON text (compat/hls4ml.h).
  [[nodiscard]] Result<Compatible> asHls4ml(const std::string& config, bool reproduceDefects) const;

  /// tool::buildNetwork of this model, without reading the file again.
  [[nodiscard]] Result<tool::BuildOutcome> build(tool::BuildOptions options) const;

 private:
  struct Lowered {
    ir::Graph graph;
    ir::IntegerEngine engine;
    std::vector<std::string> notices;
  };
  explicit Network(ir::Graph graph) : graph_(std::move(graph)) {}
  [[nodiscard]] const Result<Lowered>& lowered() const;

  ir::Graph graph_;
  mutable std::once_flag once_;
  mutable std::optional<Result<Lowered>> lowered_;
};

struct Network::Compatible {
  std::shared_ptr<Network> network;
  std::vector<std::string> warnings;
};

}  // namespace sluice::python
