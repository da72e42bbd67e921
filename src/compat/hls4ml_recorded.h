#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

/// For tests and benchmarks: a recorded run of hls4ml's emulation (MODEL.CONFIG.json with the configuration and the
/// resolved network, MODEL.CONFIG.npz with inputs, outputs and layer traces) against the integer engine.
namespace sluice::compat {

struct RecordedComparison {
  std::string model, config, ioType;
  std::size_t layers = 0;          ///< traced layers compared, the outputs of all samples included
  std::size_t values = 0;          ///< numbers compared
  std::size_t differing = 0;       ///< of them
  std::size_t types = 0;           ///< types of the resolved network compared
  std::size_t typesDiffering = 0;  ///< of them
  std::vector<std::string> notes;  ///< the first difference of each kind and layer
  std::vector<std::string> warnings;
};

/// `models`: the folder, searched below, that holds the model files the recording names; without `npz` the archive
/// stands beside the JSON file. Errors: those of reading, importing and running.
Result<RecordedComparison> compareRecorded(const std::filesystem::path& json,
                                           const std::filesystem::path& models);

/// The largest difference between the framework's own recorded outputs (y_framework) and those of the network under the
/// recorded configuration without hls4ml's defects. Errors: as above.
Result<double> differenceWithoutDefects(const std::filesystem::path& json,
                                        const std::filesystem::path& models);

}  // namespace sluice::compat
