#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
}

/// `sluice data`: tables for training (`data/table.h`) from CSV, .npy and .npz, in memory that does not grow with them.
namespace sluice::tool {

struct DataOptions {
  enum class What : std::uint8_t { none, import, scale, split, info } what = What::none;
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path output;
  std::vector<std::string> labels;  ///< import: CSV columns of names
  bool noHeader = false;
  std::vector<std::string> scale, encode, oneHot, drop;
  std::vector<std::string> parts;  ///< "train=0.8"
  std::uint64_t seed = 0;
  bool fitOnAll = false;
  bool verify = false;  ///< info: all digests
};

/// The arguments of the subcommands, on `app`.
void addData(CLI::App& app, DataOptions& options);
Status runData(const DataOptions& options);

}  // namespace sluice::tool
