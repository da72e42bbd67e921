#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/vendor/lines.h"

/// The ruled tables of HLS and Vivado reports.
///
///     +---------+---------+-----+-----+      a rule opens it
///     |  Latency (cycles) |  Interval |      several lines may share the titles; a cell of an upper one
///     |   min   |   max   | min | max |      stands over the columns that it spans
///     +---------+---------+-----+-----+
///     |       10|       10|    8|    8|      rows, with rules between some of them
///     +---------+---------+-----+-----+      the same rule again closes it
///
/// Columns are found by their titles ("Latency (cycles) min"), never by their position, because tools of different
/// years have different columns. The last line of titles has them all. A table without its closing rule was cut off.
namespace sluice::flow::vendor {

struct Table {
  struct Row {
    std::size_t line = 0;                 ///< in the report
    std::vector<std::string_view> cells;  ///< as many as titles; spaces and all, for some tables indent names
  };
  std::size_t line = 0;  ///< of the opening rule
  std::vector<std::string> titles;
  std::vector<Row> rows;

  /// The column of a title.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view title) const;
};

/// Whether a table starts at this line.
bool opensTable(std::string_view line);

/// Reads the table whose opening rule is the line at hand; afterwards its closing rule is.
/// Errors   badInput, with the line: cut off, a row with more or fewer cells than titles, titles out of line
Result<Table> readTable(Lines& lines);

}  // namespace sluice::flow::vendor
