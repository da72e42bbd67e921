#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/result.h"

namespace CLI {
class App;
}

/// `sluice cmvm`: a product with a constant matrix as an adder graph, for people who write their own designs.
namespace sluice::tool {

struct CmvmOptions {
  std::filesystem::path weights;  ///< .npy, [inputs, outputs] integers
  std::uint32_t inputBits = 8;
  bool unsignedInputs = false;
  std::optional<std::uint32_t> depthOverLeast;  ///< none: unbounded
  std::uint32_t effort = 4;
  std::filesystem::path output;                  ///< JSON
  std::optional<std::filesystem::path> verilog;  ///< one module
  std::string module = "cmvm";
  std::uint32_t levelsPerStage = 0;  ///< of the module; 0: no registers
};

/// The arguments of the subcommand, on `app`.
void addCmvm(CLI::App& app, CmvmOptions& options);
Status runCmvm(const CmvmOptions& options);

}  // namespace sluice::tool
