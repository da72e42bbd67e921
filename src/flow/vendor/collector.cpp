#include "flow/vendor/collector.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"

namespace sluice::flow::vendor {
namespace {

constexpr std::size_t longestNumber = 40;
constexpr std::size_t longestName = 4096;
constexpr std::size_t mostBytes = std::size_t{64}
                                  << 20;          // of names and places; the largest design has a few MiB
constexpr double mostCount = 9007199254740992.0;  // 2^53: above it a double does not tell neighbours apart
constexpr double mostResource = 1e9;              // no device is near it
constexpr double mostReal = 1e15;

bool saysNothing(std::string_view cell) {
  return cell.empty() || cell == "-" || cell == "NA" || cell == "N/A" || cell == "n/a";
}
bool saysUndetermined(std::string_view cell) { return cell == "?" || cell == "undef"; }

/// A word of a report in an error: short and printable.
std::string shown(std::string_view text) {
  std::string result;
  for (const char letter : text.substr(0, longestNumber))
    result += letter >= ' ' && letter <= '~' ? letter : '?';
  return text.size() > longestNumber ? result + "..." : result;
}

/// "4.280 us" as nanoseconds. The decimal point is moved in the text, so that 78.165 us is 78165 and nothing near it.
bool parseTime(std::string_view text, double& value) {
  struct Unit {
    std::string_view name;
    const char* exponent;
  };
  static constexpr std::array<Unit, 7> units = {
      {{"ns", ""}, {"us", "e3"}, {"ms", "e6"}, {"sec", "e9"}, {"s", "e9"}, {"min", ""}, {"ps", "e-3"}}};
  for (const Unit& unit : units)
    if (text.ends_with(unit.name) && unit.name != "min")
      return parseDouble(std::string(trim(text.substr(0, text.size() - unit.name.size()))) + unit.exponent,
                         value);
  return parseDouble(text, value);
}

std::string_view kindText(Kind kind) {
  switch (kind) {
    case Kind::count:
      return "a whole number";
    case Kind::half:
      return "a multiple of 0.5";
    case Kind::real:
      break;
  }
  return "a number";
}

/// Resources are held to what devices can have; cycles and words may be many.
double most(const Quantity& quantity) {
  if (quantity.kind == Kind::real) return mostReal;
  for (const std::string_view unit : {"cycle", "iteration", "word", "endpoint"})
    if (quantity.unit == unit) return mostCount;
  return mostResource;
}

}  // namespace

Status Collector::add(std::string_view name, std::string_view cell, const std::string& place,
                      const std::string& where) {
  const Quantity* quantity = findQuantity(name);
  SLUICE_CHECK(quantity != nullptr, "every name that a reader uses stands in the schema");
  cell = trim(cell);
  if (saysNothing(cell)) return {};
  const std::string called = std::string(name) + (place.empty() ? "" : " of " + shown(place));
  if (saysUndetermined(cell)) {
    note(called + " is '" + std::string(cell) + "': the tool could not determine it");
    return {};
  }
  double value = 0;
  bool read = cell.size() <= longestNumber;
  if (read && quantity->kind == Kind::count) {
    std::int64_t whole = 0;
    read = parseInt64(cell, whole) && whole >= 0;
    value = static_cast<double>(whole);
  } else if (read) {
    read = (quantity->unit == "ns" ? parseTime(cell, value) : parseDouble(cell, value)) &&
           std::isfinite(value) &&
           (quantity->kind == Kind::real || (value >= 0 && value * 2 == std::floor(value * 2)));
  }
  if (!read)
    return badInput(called + " is '" + shown(cell) + "', where " + std::string(kindText(quantity->kind)) +
                        " is needed: is the file damaged?",
                    where);
  if (std::abs(value) > most(*quantity))
    return badInput(called + " is " + shown(cell) + ", which is absurdly large: is the file damaged?", where);
  SLUICE_RETURN_IF_ERROR(put(name, value, place, where));
  if (name == "bram18" || name == "bram18_available")
    return put(name == "bram18" ? "bram_tile" : "bram_tile_available", value / 2, place, where);
  return {};
}

Status Collector::put(std::string_view name, double value, const std::string& place,
                      const std::string& where) {
  const Quantity* quantity = findQuantity(name);
  SLUICE_CHECK(quantity != nullptr, "every name that a reader uses stands in the schema");
  if (place.size() > longestName)
    return badInput("a name has more than 4096 letters: is the file damaged?", where);
  const auto [known, inserted] = values_.try_emplace({std::string(name), place, stage_}, value);
  if (!inserted) {
    if (known->second == value) return {};
    return badInput(std::string(name) + (place.empty() ? "" : " of " + shown(place)) + " is " +
                        formatDouble(value) + " here and " + formatDouble(known->second) +
                        " above: is the file damaged?",
                    where);
  }
  bytes_ += name.size() + place.size() + sizeof(Metric);
  if (bytes_ > mostBytes) return badInput("the report has more figures than any has: is it damaged?", where);
  metrics_.metrics.push_back({.name = std::string(name),
                              .value = value,
                              .unit = std::string(quantity->unit),
                              .stage = stage_,
                              .place = place});
  return {};
}

Status Collector::addRange(std::string_view least, std::string_view greatest, std::string_view cell,
                           const std::string& place, const std::string& where) {
  const std::size_t tilde = cell.find('~');
  const bool range = tilde != std::string_view::npos;
  SLUICE_RETURN_IF_ERROR(add(least, range ? cell.substr(0, tilde) : cell, place, where));
  return add(greatest, range ? cell.substr(tilde + 1) : cell, place, where);
}

void Collector::fact(std::string_view name, std::string_view text, const std::string& place) {
  text = trim(text);
  if (text.empty() || text == "-" || text.size() > longestName || place.size() > longestName) return;
  bytes_ += text.size() + place.size() + sizeof(Fact);
  if (bytes_ > mostBytes || !facts_.emplace(name, place).second) return;
  metrics_.facts.push_back({.name = std::string(name), .text = std::string(text), .place = place});
}

void Collector::note(std::string text) {
  constexpr std::size_t mostNotes = 100;
  if (metrics_.notes.size() == mostNotes) metrics_.notes.emplace_back("there is more of this kind");
  if (metrics_.notes.size() > mostNotes) return;
  if (std::find(metrics_.notes.begin(), metrics_.notes.end(), text) == metrics_.notes.end())
    metrics_.notes.push_back(std::move(text));
}

bool Collector::has(std::string_view name, std::string_view place) const {
  return values_.contains({std::string(name), std::string(place), stage_});
}

double Collector::get(std::string_view name, std::string_view place) const {
  const auto found = values_.find({std::string(name), std::string(place), stage_});
  return found == values_.end() ? 0 : found->second;
}

Status Collector::blockRam(const std::string& place, const std::string& where) {
  if (!has("ramb36", place) || !has("ramb18", place)) return {};
  const double halves = 2 * get("ramb36", place) + get("ramb18", place);
  if (has("bram_tile", place) && 2 * get("bram_tile", place) != halves)
    return badInput("says " + formatDouble(get("bram_tile", place)) + " block RAM tiles, but " +
                        formatDouble(get("ramb36", place)) + " RAMB36 and " +
                        formatDouble(get("ramb18", place)) + " RAMB18 are " + formatDouble(halves / 2) +
                        ": is the file damaged?",
                    where);
  SLUICE_RETURN_IF_ERROR(put("bram_tile", halves / 2, place, where));
  return put("bram18", halves, place, where);
}

Status Collector::require(std::initializer_list<std::string_view> names, std::string_view what,
                          std::string_view place) {
  for (const std::string_view name : names)
    if (!has(name, place))
      return badInput("the report gives no " + std::string(name) +
                      (place.empty() ? "" : " of " + shown(place)) + " (" + std::string(what) +
                      "): it was cut off, is damaged, or is of a version not known");
  return {};
}

Status addRow(Collector& collector, const Table& table, const Table::Row& row,
              std::initializer_list<Column> columns, const std::string& place) {
  const std::string where = "line " + std::to_string(row.line);
  for (const Column& column : columns)
    if (const auto at = table.column(column.title))
      SLUICE_RETURN_IF_ERROR(collector.add(column.name, row.cells[*at], place, where));
  return {};
}

}  // namespace sluice::flow::vendor
