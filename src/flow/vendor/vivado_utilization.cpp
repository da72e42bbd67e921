#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/readers.h"
#include "flow/vendor/vivado_header.h"

/// `report_utilization`: numbered parts with a table each.
///
/// Families number and name the parts differently (Memory is part 2 of a 7-series, BLOCKRAM part 2 or 3 of an
/// UltraScale), so rows are found by their own label in whichever table has columns "Used" and, mostly, "Available".
/// A label that stands in two parts must say the same in both. The table of contents tells whether the report is
/// whole: all of its parts must be there. Three sums are checked: tiles, LUTs, and LUTs as memory.
namespace sluice::flow::vendor {
namespace {

/// Rows that are read; the label without indentation and without the asterisk of a footnote.
const std::map<std::string_view, std::string_view>& labels() {
  static const std::map<std::string_view, std::string_view> all = {
      {"Slice LUTs", "lut"},
      {"CLB LUTs", "lut"},
      {"LUT as Logic", "lut_logic"},
      {"LUT as Memory", "lut_memory"},
      {"LUT as Distributed RAM", "lut_ram"},
      {"LUT as Shift Register", "srl"},
      {"Slice Registers", "ff"},
      {"CLB Registers", "ff"},
      {"Register as Latch", "latch"},
      {"CARRY8", "carry8"},
      {"F7 Muxes", "mux_f7"},
      {"F8 Muxes", "mux_f8"},
      {"F9 Muxes", "mux_f9"},
      {"Slice", "slice"},
      {"CLB", "clb"},
      {"Block RAM Tile", "bram_tile"},
      {"RAMB36/FIFO", "ramb36"},
      {"RAMB36", "ramb36"},
      {"RAMB18", "ramb18"},
      {"URAM", "uram"},
      {"DSPs", "dsp"},
      {"DSP Slices", "dsp"},
      {"Bonded IOB", "iob"},
  };
  return all;
}

/// "2. BLOCKRAM", "1.1 Summary of Registers by Type".
bool numbered(std::string_view line) {
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || line[digits] != '.') return false;
  const std::size_t space = line.find(' ');
  return space != std::string_view::npos &&
         line.substr(0, space).find_first_not_of("0123456789.") == line.npos;
}

Status addSites(Collector& collector, const Table& table, std::size_t label, std::size_t used) {
  const auto available = table.column("Available");
  for (const Table::Row& row : table.rows) {
    std::string_view name = trim(row.cells[label]);
    if (name.ends_with('*')) name.remove_suffix(1);
    const auto known = labels().find(name);
    if (known == labels().end()) continue;
    const std::string where = "line " + std::to_string(row.line);
    SLUICE_RETURN_IF_ERROR(collector.add(known->second, row.cells[used], {}, where));
    if (available)
      SLUICE_RETURN_IF_ERROR(
          collector.add(std::string(known->second) + "_available", row.cells[*available], {}, where));
  }
  return {};
}

Status addPrimitives(Collector& collector, const Table& table, std::size_t name, std::size_t used) {
  if (table.rows.empty())
    return badInput("the table of primitives has no rows: it was cut off",
                    "line " + std::to_string(table.line));
  for (const Table::Row& row : table.rows)
    SLUICE_RETURN_IF_ERROR(collector.add("cells", row.cells[used],
                                         "primitive:" + std::string(trim(row.cells[name])),
                                         "line " + std::to_string(row.line)));
  return {};
}

Status checkSums(Collector& collector) {
  SLUICE_RETURN_IF_ERROR(collector.blockRam({}, "block RAM"));
  // Without LUTs as memory, the rows of its two kinds are left out.
  if (collector.get("lut_memory") == 0)
    for (const std::string_view kind : {"lut_ram", "srl"})
      if (!collector.has(kind)) SLUICE_RETURN_IF_ERROR(collector.put(kind, 0, {}, {}));
  const double logic = collector.get("lut_logic"), memory = collector.get("lut_memory");
  if (collector.get("lut") != logic + memory)
    return badInput("says " + formatDouble(collector.get("lut")) + " LUTs, but " + formatDouble(logic) +
                    " as logic and " + formatDouble(memory) + " as memory: is the file damaged?");
  const double kinds = collector.get("lut_ram") + collector.get("srl");
  if (memory != kinds)
    return badInput("says " + formatDouble(memory) + " LUTs as memory, but RAM and shift registers are " +
                    formatDouble(kinds) + ": is the file damaged?");
  return {};
}

}  // namespace

bool isVivadoUtilization(std::string_view head) {
  return head.find("| Tool Version") != std::string_view::npos &&
         head.find("\nUtilization Design Information") != std::string_view::npos;
}

Result<Metrics> readVivadoUtilization(std::string_view text) {
  Metrics metrics;
  Lines lines(text);
  SLUICE_TRY(const Stage stage, readVivadoHeader(lines, metrics));
  Collector collector(metrics, stage);
  constexpr std::size_t mostParts = 1000;
  std::set<std::string_view> promised;
  std::string_view part, previous;
  bool contents = false, primitives = true;
  while (lines.next()) {
    const std::string_view line = trim(lines.line());
    if (line == "Table of Contents") contents = true;
    if (!line.empty() && line.find_first_not_of('-') == line.npos && numbered(previous)) {
      contents = false;
      part = previous;
      promised.erase(part);
      if (part.ends_with("Primitives")) primitives = false;
    } else if (contents && numbered(line)) {
      // A part's own heading looks like its entry; the line of dashes below it, seen next, takes it back.
      if (promised.size() < mostParts) promised.insert(line);
    }
    previous = line;
    // The regions of a large device repeat figures of the whole, in tables that draw arrows with bars.
    if (part.empty() || part.find(" SLR ") != part.npos || !opensTable(line)) continue;
    SLUICE_TRY(const Table table, readTable(lines));
    previous = {};
    const auto site = table.column("Site Type"), used = table.column("Used"),
               reference = table.column("Ref Name");
    if (site && used) SLUICE_RETURN_IF_ERROR(addSites(collector, table, *site, *used));
    if (reference && used && part.ends_with("Primitives")) {
      SLUICE_RETURN_IF_ERROR(addPrimitives(collector, table, *reference, *used));
      primitives = true;
    }
  }
  if (part.empty()) return badInput("the report ends before its first part: it was cut off or damaged");
  if (!promised.empty())
    return badInput("the table of contents promises '" + std::string(*promised.begin()) +
                    "', which is not there: the report was cut off or damaged");
  if (!primitives) return badInput("the part 'Primitives' has no table: the report was cut off or damaged");
  SLUICE_RETURN_IF_ERROR(
      collector.require({"lut", "lut_logic", "lut_memory", "ff", "bram_tile", "ramb36", "ramb18", "dsp"},
                        "rows of its tables"));
  SLUICE_RETURN_IF_ERROR(checkSums(collector));
  return metrics;
}

}  // namespace sluice::flow::vendor
