#pragma once

/// SLUICE_CHECK(condition, "why it must hold"): for what only a bug of ours can break. Kept in release; stops
/// with file and line (exit code 70). Never for bad input: that is a Result.
namespace sluice {
[[noreturn]] void checkFailed(const char* condition, const char* why, const char* file, int line);
}

#define SLUICE_CHECK(condition, why) \
  (static_cast<bool>(condition) ? void(0) : ::sluice::checkFailed(#condition, why, __FILE__, __LINE__))
