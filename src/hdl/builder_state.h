#pragma once

#include <unordered_map>
#include <vector>

#include "hdl/builder.h"
#include "hdl/infer.h"

/// Private to the builder's files.
namespace sluice::hdl {

struct Builder::State {
  std::unordered_multimap<std::uint64_t, std::uint32_t> shared;  // hash of a node -> its index
  std::vector<bool> declaredOnly;  // per node: a register that waits for regDrive
};

inline std::uint32_t wordsFor(std::uint32_t width) { return (width + 63) / 64; }
inline std::uint64_t maskOf(std::uint32_t width) { return width >= 64 ? ~0ull : (1ull << width) - 1; }

/// Bits [lsb, lsb + 64) of a long word; zeros above its end.
inline std::uint64_t bitsAt(const std::vector<std::uint64_t>& words, std::uint32_t lsb) {
  const std::uint32_t word = lsb / 64, shift = lsb % 64;
  if (word >= words.size()) return 0;
  std::uint64_t value = words[word] >> shift;
  if (shift != 0 && word + 1 < words.size()) value |= words[word + 1] << (64 - shift);
  return value;
}

/// Bits of a word of `width` read in a format.
inline std::int64_t signExtend(std::uint64_t bits, std::uint32_t width, bool isSigned) {
  if (width >= 64) return static_cast<std::int64_t>(bits);
  bits &= maskOf(width);
  if (isSigned && (bits >> (width - 1)) != 0) bits |= ~maskOf(width);
  return static_cast<std::int64_t>(bits);
}

}  // namespace sluice::hdl
