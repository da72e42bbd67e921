#pragma once

#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/result.h"
#include "flow/vendor/metrics.h"
#include "flow/vendor/table.h"

/// Fills Metrics: the one place where the text of a report becomes a number.
namespace sluice::flow::vendor {

class Collector {
 public:
  explicit Collector(Metrics& metrics, Stage stage) : metrics_(metrics), stage_(stage) {}

  void setStage(Stage stage) { stage_ = stage; }

  /// The cell as a metric of that name. Words by which tools say "no figure" give none: "-", "NA", "N/A", "n/a" and
  /// the empty cell silently, "?" and "undef" (not determined, as of a loop without bound) with a note. Times may
  /// carry a unit ("4.280 us") and are kept in ns. `bram18` brings `bram_tile` with it.
  /// Errors   badInput, at `where`: no number, or not of the kind of that quantity, or absurdly large; another value
  ///          than one that stands there already; more metrics than any report has
  Status add(std::string_view name, std::string_view cell, const std::string& place,
             const std::string& where);
  /// A figure that follows from others.
  Status put(std::string_view name, double value, const std::string& place, const std::string& where);
  /// "10", or "3 ~ 20" as a range.
  Status addRange(std::string_view least, std::string_view greatest, std::string_view cell,
                  const std::string& place, const std::string& where);
  void fact(std::string_view name, std::string_view text, const std::string& place);
  void note(std::string text);
  [[nodiscard]] bool has(std::string_view name, std::string_view place = {}) const;
  [[nodiscard]] double get(std::string_view name, std::string_view place = {}) const;
  /// 2 * RAMB36 + RAMB18, and the tiles, of counts that are there. Errors: badInput if tiles that the report gives
  /// itself are others.
  Status blockRam(const std::string& place, const std::string& where);
  /// Errors: badInput if the report has not given one of these.
  Status require(std::initializer_list<std::string_view> names, std::string_view what,
                 std::string_view place = {});

 private:
  using Key = std::tuple<std::string, std::string, Stage>;
  Metrics& metrics_;
  Stage stage_;
  std::map<Key, double> values_;
  std::set<std::pair<std::string, std::string>> facts_;
  std::size_t bytes_ = 0;  ///< of names and places kept so far
};

/// What is read from the columns of a table: title, name of the quantity.
struct Column {
  std::string_view title, name;
};
/// Adds the cells of a row. Titles that the list does not have are left to the caller.
Status addRow(Collector& collector, const Table& table, const Table::Row& row,
              std::initializer_list<Column> columns, const std::string& place);

}  // namespace sluice::flow::vendor
