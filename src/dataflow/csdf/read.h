#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "dataflow/csdf/graph.h"

/// Files `*.dataflow.json` of kind `csdf` (format `dataflow-json/1`).
namespace sluice::dataflow::csdf {

/// The graph in `text`. Unknown and missing keys, keys that stand twice, names that are not known and numbers
/// that are not whole and not negative are errors with their place. `provenance` and `expected` may hold
/// anything. The graph passes check().
/// Errors   badInput; unsupported (sizes, another kind)
Result<Graph> parseGraph(std::string_view text, const std::string& where);
/// The same from a file. Errors: also io.
Result<Graph> readGraph(const std::filesystem::path& path);

/// Capacities by channel name, from an object or from an object with such an object under "depths". Every
/// channel must be named; a capacity below the channel's initial tokens is an error.
/// Errors   io, badInput
Result<Capacities> readCapacities(const std::filesystem::path& path, const Graph& graph);

}  // namespace sluice::dataflow::csdf
