#pragma once

namespace sluice::data {

/// A program in Python that reads Parquet and Arrow with the package pyarrow and answers at descriptor 3 as
/// source_child.h has it. Its argument is the file; the first character is a line end.
extern const char* const arrowReader;

}  // namespace sluice::data
