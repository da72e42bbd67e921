#pragma once

#include <string_view>
#include <vector>

namespace sluice::device {

/// A data file, compiled in (builtin.cpp is made from src/device/data/*.json when the build is configured).
struct BuiltinFile {
  std::string_view name;
  std::string_view text;
};
const std::vector<BuiltinFile>& builtinFiles();

}  // namespace sluice::device
