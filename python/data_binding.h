#pragma once

#include <nanobind/nanobind.h>

#include "base/result.h"

namespace sluice::python {

/// Raises the exception of sluice.errors for this error.
[[noreturn]] void raise(const Error& error);

/// Adds `TableBatches` and `import_table` to the module: what python/sluice/data.py is made of.
void bindData(nanobind::module_& module);

}  // namespace sluice::python
