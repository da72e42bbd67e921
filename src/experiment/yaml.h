#pragma once

#include <yaml-cpp/yaml.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/text.h"

/// Reading YAML with a line in every complaint. Included only by the files that read definitions.
namespace sluice::experiment {

class YamlReader {
 public:
  explicit YamlReader(std::string where) : where_(std::move(where)) {}

  void complain(const YAML::Node& node, const std::string& message) {
    problems_.add(badInput(message, where_ + ":" + std::to_string(node.Mark().line + 1)));
  }
  [[nodiscard]] Status status() const { return problems_.status(); }
  [[nodiscard]] bool good() const { return problems_.empty(); }

  /// Complains of keys that are not in `known`, and of those that stand twice.
  bool isMap(const YAML::Node& node, const std::string& what, const std::vector<std::string>& known) {
    if (!node.IsMap()) return complain(node, what + " is not a map of names to values"), false;
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = text(entry.first, "a key");
      if (!seen.insert(key).second) complain(entry.first, "'" + key + "' stands twice in " + what);
      bool good = known.empty();
      for (const std::string& name : known) good = good || name == key;
      if (!good) complain(entry.first, what + " has no '" + key + "'; it may have: " + join(known, ", "));
    }
    return true;
  }
  std::string text(const YAML::Node& node, const std::string& what) {
    if (node.IsDefined() && node.IsScalar()) return node.Scalar();
    complain(node, what + " is not a text");
    return {};
  }
  std::int64_t integer(const YAML::Node& node, const std::string& what, std::int64_t lo, std::int64_t hi) {
    std::int64_t value = 0;
    if (!node.IsScalar() || !parseInt64(node.Scalar(), value) || value < lo || value > hi) {
      complain(node,
               what + " is not a whole number from " + std::to_string(lo) + " to " + std::to_string(hi));
      return lo;
    }
    return value;
  }
  double number(const YAML::Node& node, const std::string& what) {
    double value = 0;
    if (!node.IsScalar() || !parseDouble(node.Scalar(), value) || !(value - value == 0)) {
      complain(node, what + " is not a number");
      return 0;
    }
    return value;
  }
  bool truth(const YAML::Node& node, const std::string& what) {
    if (node.IsScalar() && (node.Scalar() == "true" || node.Scalar() == "false"))
      return node.Scalar() == "true";
    complain(node, what + " is neither true nor false");
    return false;
  }
  std::vector<std::string> texts(const YAML::Node& node, const std::string& what) {
    std::vector<std::string> all;
    if (!node.IsSequence()) return complain(node, what + " is not a list"), all;
    for (const auto& entry : node) all.push_back(text(entry, "an entry of " + what));
    return all;
  }

 private:
  std::string where_;
  Diagnostics problems_;
};

}  // namespace sluice::experiment
