#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

/// Whole files, never half of one: a write goes to a temporary name in the same folder and is renamed.
namespace sluice {

/// Reads a whole file. Errors: io; badInput if it is larger than `limitBytes`.
Result<std::string> readFile(const std::filesystem::path& path,
                             std::uint64_t limitBytes = std::uint64_t{1} << 32);

/// Writes `content` so that at every moment the path holds the old content or the new. Makes missing folders.
Status writeFile(const std::filesystem::path& path, std::string_view content);

}  // namespace sluice
