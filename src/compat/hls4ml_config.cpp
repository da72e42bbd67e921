#include "compat/hls4ml_config.h"

#include <yaml-cpp/yaml.h>

#include "base/file.h"

namespace sluice::compat {
namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// A scalar key's text; anything else as a key is an error.
Result<std::string> keyOf(const YAML::Node& key, const std::string& where) {
  if (!key.IsScalar()) return badInput("has a key that is no text", where);
  return key.Scalar();
}

Status readPrecision(const YAML::Node& node, Hls4mlSettings& settings, const std::string& where) {
  if (node.IsNull()) return {};
  if (node.IsScalar()) {
    settings.precision["default"] = node.Scalar();
    return {};
  }
  if (!node.IsMap()) return badInput("is neither a type nor a dictionary of types", where + ": Precision");
  for (const auto& entry : node) {
    SLUICE_TRY(const std::string key, keyOf(entry.first, where + ": Precision"));
    if (!entry.second.IsScalar()) return badInput("is no type", where + ": Precision: " + key);
    settings.precision[key] = entry.second.Scalar();
  }
  return {};
}

Result<Hls4mlSettings> readSettings(const YAML::Node& node, const std::string& where) {
  Hls4mlSettings settings;
  if (node.IsNull()) return settings;
  if (!node.IsMap()) return badInput("is no dictionary", where);
  for (const auto& entry : node) {
    SLUICE_TRY(const std::string key, keyOf(entry.first, where));
    if (key == "Precision") {
      SLUICE_RETURN_IF_ERROR(readPrecision(entry.second, settings, where));
    } else if (entry.second.IsScalar()) {
      settings.values[lower(key)] = entry.second.Scalar();
    }
  }
  return settings;
}

Status readGroup(const YAML::Node& node, std::map<std::string, Hls4mlSettings>& group,
                 const std::string& where) {
  if (node.IsNull()) return {};
  if (!node.IsMap()) return badInput("is no dictionary of layers", where);
  for (const auto& entry : node) {
    SLUICE_TRY(const std::string key, keyOf(entry.first, where));
    SLUICE_TRY(group[lower(key)], readSettings(entry.second, where + ": " + key));
  }
  return {};
}

Result<Hls4mlConfig> readConfig(const YAML::Node& root, const std::string& where) {
  if (!root.IsMap())
    return badInput("is no dictionary; an hls4ml configuration has the keys Model, LayerName", where);
  Hls4mlConfig config;
  const auto stream = [&](const YAML::Node& node) {
    if (node.IsScalar()) config.ioStream = node.Scalar() == "io_stream";
  };
  bool found = false;
  const auto sections = [&](const YAML::Node& node) -> Status {
    for (const auto& entry : node) {
      SLUICE_TRY(const std::string key, keyOf(entry.first, where));
      if (key == "Model") {
        found = true;
        SLUICE_TRY(config.model, readSettings(entry.second, where + ": Model"));
      } else if (key == "LayerType") {
        found = true;
        SLUICE_RETURN_IF_ERROR(readGroup(entry.second, config.byType, where + ": LayerType"));
      } else if (key == "LayerName") {
        found = true;
        SLUICE_RETURN_IF_ERROR(readGroup(entry.second, config.byName, where + ": LayerName"));
      } else if (key == "IOType") {
        stream(entry.second);
      }
    }
    return {};
  };
  SLUICE_RETURN_IF_ERROR(sections(root));
  if (const YAML::Node inner = root["HLSConfig"]; inner.IsDefined()) {
    if (!inner.IsMap()) return badInput("is no dictionary", where + ": HLSConfig");
    SLUICE_RETURN_IF_ERROR(sections(inner));
  }
  if (!found)
    return badInput("has none of the keys Model, LayerType and LayerName of an hls4ml configuration", where);
  return config;
}

}  // namespace

const std::string* Hls4mlSettings::value(const std::string& name) const {
  const auto found = values.find(name);
  return found == values.end() ? nullptr : &found->second;
}

Result<Hls4mlConfig> parseHls4mlConfig(const std::string& text, const std::string& where) {
  try {
    return readConfig(YAML::Load(text), where);
  } catch (const YAML::Exception& error) {
    return badInput(std::string("is no YAML: ") + error.what(), where);
  }
}

Result<Hls4mlConfig> readHls4mlConfig(const std::filesystem::path& path) {
  SLUICE_TRY(const std::string text, readFile(path));
  return parseHls4mlConfig(text, path.string());
}

}  // namespace sluice::compat
