#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dataflow/process/network.h"

/// Files `*.dataflow.json` of kind `process-network` (format `dataflow-json/1`).
namespace sluice::dataflow::process {

/// The network in `text`. Every object is closed: an unknown or missing key, a number that is not a whole number
/// in range, a name that is not known, is an error with its place in the file. `provenance` and `expected` may
/// hold anything and are not looked at. The network passes check().
/// Errors   badInput; unsupported (another kind, absurd sizes)
Result<Network> parseNetwork(std::string_view text, const std::string& where);
/// The same from a file. Errors: also io.
Result<Network> readNetwork(const std::filesystem::path& path);

/// The `kind` of a dataflow file: "process-network", "csdf". Errors: io, badInput
Result<std::string> fileKind(const std::filesystem::path& path);

/// Depths from a JSON object, by group (or by FIFO, where all FIFOs of a group agree), or from an object with such
/// an object under "depths", as `sluice fifo size` writes. Every group must be named.
/// Errors   io, badInput
Result<std::vector<std::uint64_t>> readDepths(const std::filesystem::path& path, const Network& network);

}  // namespace sluice::dataflow::process
