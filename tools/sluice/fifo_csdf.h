#pragma once

#include "base/result.h"
#include "fifo.h"

/// `sluice fifo` on files of kind `csdf`.
namespace sluice::tool {

/// The exit code. Errors: those of reading, and usage for options that do not apply to such graphs.
Result<int> simulateGraph(const FifoOptions& options);
Result<int> sizeGraph(const FifoOptions& options);

}  // namespace sluice::tool
