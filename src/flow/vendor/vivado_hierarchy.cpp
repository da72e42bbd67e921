#include <map>

#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/readers.h"
#include "flow/vendor/vivado_header.h"

/// `report_utilization -hierarchical`: one table, a row per instance, two spaces of indentation per level.
///
///     | p            |   (top) |     679472 | ...
///     |   (p)        |   (top) |     543739 | ...     the logic of p itself
///     |   grp_fu_171 | dense_1 |      30861 | ...
///
/// RAMB36 and RAMB18 are counted apart here, and tiles not at all; both sums are formed from them. Rows need not add up to their parents,
/// since LUTs are shared across instances.
namespace sluice::flow::vendor {

bool isVivadoHierarchy(std::string_view head) {
  return head.find("| Tool Version") != std::string_view::npos &&
         head.find("\n1. Utilization by Hierarchy") != std::string_view::npos;
}

Result<Metrics> readVivadoHierarchy(std::string_view text) {
  Metrics metrics;
  Lines lines(text);
  SLUICE_TRY(const Stage stage, readVivadoHeader(lines, metrics));
  Collector collector(metrics, stage);
  bool found = false;
  while (!found && lines.next()) found = opensTable(lines.line());
  if (!found) return badInput("the report has no table of instances: it was cut off or damaged");
  SLUICE_TRY(const Table table, readTable(lines));
  const std::string start = "line " + std::to_string(table.line);
  for (const std::string_view title : {"Instance", "Module", "Total LUTs", "FFs", "RAMB36", "RAMB18"})
    if (!table.column(title))
      return badInput("the table has no column '" + std::string(title) + "': is the file damaged?", start);
  if (table.rows.empty()) return badInput("the table has no rows: it was cut off or damaged", start);
  constexpr std::size_t deepest = 256;
  std::vector<std::string> path;  // without the top
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const Table::Row& row = table.rows[i];
    const std::string where = "line " + std::to_string(row.line);
    const std::string_view cell = row.cells[*table.column("Instance")];
    // One space is the table's own.
    const std::size_t indent = std::min(cell.find_first_not_of(' '), cell.size());
    const std::size_t depth = indent == 0 ? 0 : (indent - 1) / 2;
    if (trim(cell).empty() || indent % 2 == 0 || (i == 0) != (depth == 0) || depth > path.size() + 1 ||
        depth > deepest)
      return badInput("the instance stands below no other: is the file damaged?", where);
    std::string place;
    if (i > 0) {
      path.resize(depth - 1);
      path.emplace_back(trim(cell));
      place = "instance:" + join(path, "/");
    }
    collector.fact("module", row.cells[*table.column("Module")], place);
    SLUICE_RETURN_IF_ERROR(addRow(collector, table, row,
                                  {{"Total LUTs", "lut"},
                                   {"Logic LUTs", "lut_logic"},
                                   {"LUTRAMs", "lut_ram"},
                                   {"SRLs", "srl"},
                                   {"FFs", "ff"},
                                   {"RAMB36", "ramb36"},
                                   {"RAMB18", "ramb18"},
                                   {"URAM", "uram"},
                                   {"DSP48 Blocks", "dsp"},
                                   {"DSP Blocks", "dsp"},
                                   {"DSP Slices", "dsp"}},
                                  place));
    SLUICE_RETURN_IF_ERROR(
        collector.require({"lut", "ff", "ramb36", "ramb18", "dsp"}, "columns of its table", place));
    SLUICE_RETURN_IF_ERROR(collector.blockRam(place, where));
  }
  return metrics;
}

}  // namespace sluice::flow::vendor
