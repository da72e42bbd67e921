#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "frontend/model.h"
#include "quantize/mixed.h"

namespace CLI {
class App;
}

/// `sluice quantize`: a float model and samples become a quantized model, as a QONNX file. `sluice compare`.
namespace sluice::tool {

struct QuantizeCommand {
  std::filesystem::path model;
  frontend::ModelFileOptions file;
  std::vector<std::filesystem::path> samples;   ///< one per input of the network
  std::optional<std::filesystem::path> labels;  ///< integers, one per sample
  quantize::QuantizeOptions options;
  quantize::WidthTarget target;  ///< labels aside, which are read when the command runs
  std::string mostDrop;          ///< "0.5%", or a number of samples' share; empty: no such target
  std::filesystem::path output;
};

/// `sluice compare`: two models on the same samples, layer by layer.
struct CompareCommand {
  std::filesystem::path a, b;
  frontend::ModelFileOptions fileA, fileB;
  std::vector<std::filesystem::path> samples;  ///< one per input
  double threshold = 0.01;                     ///< of the error that counts as a difference, relative
  std::optional<std::filesystem::path> json, html;
};

/// The arguments of the subcommand, on `app`.
void addQuantize(CLI::App& app, QuantizeCommand& command);
Status runQuantize(const QuantizeCommand& command);
void addCompare(CLI::App& app, CompareCommand& command);
Status runCompare(const CompareCommand& command);

}  // namespace sluice::tool
