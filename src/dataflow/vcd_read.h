#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Value change dumps of other tools: how high each signal went.
namespace sluice::dataflow {

struct DumpedSignal {
  std::vector<std::string> scopes;  ///< the outermost first
  std::string name;                 ///< without a range [7:0]
  std::uint32_t bits = 0;
  /// The highest value; none if it was never known, is no integer, or is wider than 64 bits.
  std::optional<std::uint64_t> highest;
  /// The highest value of (signal + 1) mod 2^bits, for pointers that are all ones where nothing is held.
  std::optional<std::uint64_t> highestNext;
};

/// Every signal of a dump, in the order of their declaration; names that share an identifier share their values. Values with
/// x or z in them are not known and are passed over.
///
/// Errors   badInput at "file:line": what is no dump, an identifier that was not declared
/// Cost     linear in the text; memory in the number of signals
/// Source   IEEE 1364-2005 section 18
Result<std::vector<DumpedSignal>> readDump(std::string_view text, const std::string& file);

}  // namespace sluice::dataflow
