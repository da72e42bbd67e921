#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// hls4ml configurations: the dictionary that config_from_keras_model gives ({Model, LayerType, LayerName}), or the
/// whole converter configuration that holds it as HLSConfig; as YAML or JSON text (JSON is YAML).
namespace sluice::compat {

/// The settings of the model, of a class of layers or of one layer.
struct Hls4mlSettings {
  /// Of each variable ("result", "weight", "accum", ...), as written; one for all stands at "default".
  std::map<std::string, std::string> precision;
  /// All other settings of one value, by name in lower case ("tablesize", "exp_table_t", "implementation").
  std::map<std::string, std::string> values;

  [[nodiscard]] const std::string* value(const std::string& name) const;
};

/// Names of classes and layers are in lower case, as hls4ml compares them.
struct Hls4mlConfig {
  Hls4mlSettings model;
  std::map<std::string, Hls4mlSettings> byType, byName;
  bool ioStream = false;  ///< IOType: io_stream; matters only for the names of padding layers
};

/// Errors  badInput: no YAML, no dictionary, values of a wrong kind; `where` names the text in them
Result<Hls4mlConfig> parseHls4mlConfig(const std::string& text, const std::string& where);
/// Errors: those, and io.
Result<Hls4mlConfig> readHls4mlConfig(const std::filesystem::path& path);

}  // namespace sluice::compat
