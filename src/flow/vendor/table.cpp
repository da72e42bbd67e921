#include "flow/vendor/table.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::flow::vendor {
namespace {

constexpr std::size_t mostColumns = 64;

bool isRule(std::string_view line) {
  line = trim(line);
  return line.size() >= 3 && line.front() == '+' && line.back() == '+' &&
         line.find_first_not_of("+-") == std::string_view::npos;
}

/// A line of titles: between bars, or, where an upper title spans columns but its neighbours go on, between crosses.
struct TitleLine {
  std::vector<std::size_t> separators;
  std::string_view line;

  /// The cell that stands over position `at`.
  [[nodiscard]] std::string_view over(std::size_t at) const {
    const auto right = std::upper_bound(separators.begin(), separators.end(), at);
    if (right == separators.begin() || right == separators.end()) return {};
    const std::size_t left = *(right - 1);
    const std::string_view cell = trim(line.substr(left + 1, *right - left - 1));
    return cell.find_first_not_of('-') == std::string_view::npos ? std::string_view{} : cell;
  }
};

std::optional<TitleLine> titleLine(std::string_view line) {
  const std::string_view inner = trim(line);
  if (inner.size() < 2 || inner.front() != inner.back()) return std::nullopt;
  const char separator = inner.front();
  if (separator != '|' && separator != '+') return std::nullopt;
  TitleLine titles{.separators = {}, .line = line};
  for (std::size_t i = 0; i < line.size(); ++i)
    if (line[i] == separator) titles.separators.push_back(i);
  return titles;
}

/// Joins what stands over each column of the last line.
Result<std::vector<std::string>> titlesOf(const std::vector<TitleLine>& lines, const std::string& where) {
  if (lines.empty()) return badInput("the table has no titles", where);
  const std::vector<std::size_t>& finest = lines.back().separators;
  if (finest.size() > mostColumns + 1)
    return badInput("the table has " + std::to_string(finest.size() - 1) +
                        " columns; no report has more than " + std::to_string(mostColumns),
                    where);
  for (const TitleLine& line : lines)
    if (!std::includes(finest.begin(), finest.end(), line.separators.begin(), line.separators.end()))
      return badInput("the titles of the table do not stand in line: is the file damaged?", where);
  std::vector<std::string> titles;
  for (std::size_t i = 0; i + 1 < finest.size(); ++i) {
    std::string title;
    for (const TitleLine& line : lines) {
      const std::string_view part = line.over(finest[i]);
      if (!part.empty()) title += (title.empty() ? "" : " ") + std::string(part);
    }
    titles.push_back(std::move(title));
  }
  return titles;
}

/// The cells of a row, "| a | b |"; false if it is none.
bool splitRow(std::string_view line, std::vector<std::string_view>& cells) {
  line = trim(line);
  if (line.size() < 2 || line.front() != '|' || line.back() != '|') return false;
  std::size_t start = 1;
  while (start < line.size()) {
    const std::size_t end = line.find('|', start);
    cells.push_back(line.substr(start, end - start));
    if (cells.size() > mostColumns) return false;
    start = end + 1;
  }
  return true;
}

}  // namespace

std::optional<std::size_t> Table::column(std::string_view title) const {
  const auto found = std::find(titles.begin(), titles.end(), title);
  if (found == titles.end()) return std::nullopt;
  return static_cast<std::size_t>(found - titles.begin());
}

bool opensTable(std::string_view line) { return isRule(line); }

Result<Table> readTable(Lines& lines) {
  Table table{.line = lines.number(), .titles = {}, .rows = {}};
  const std::string where = lines.where();
  const std::string_view rule = trim(lines.line());
  const auto cutOff = [&] {
    return badInput(
        "the report ends, or goes on with something else, inside the table that starts here: it was cut "
        "off or damaged",
        where);
  };
  std::vector<TitleLine> titles;
  for (;;) {
    if (!lines.next()) return cutOff();
    if (isRule(lines.line())) break;
    auto line = titleLine(lines.line());
    if (!line || titles.size() == 4) return cutOff();
    titles.push_back(std::move(*line));
  }
  if (trim(lines.line()) != rule) return cutOff();
  SLUICE_TRY(table.titles, titlesOf(titles, where));
  std::size_t lastRule = lines.number();
  while (lines.next()) {
    if (isRule(lines.line())) {
      if (trim(lines.line()) != rule) return cutOff();
      lastRule = lines.number();
      continue;
    }
    Table::Row row{.line = lines.number(), .cells = {}};
    if (!trim(lines.line()).starts_with('|')) {
      lines.back();
      break;
    }
    if (!splitRow(lines.line(), row.cells) || row.cells.size() != table.titles.size())
      return badInput("the row has not the " +
                          countOf(static_cast<std::int64_t>(table.titles.size()), "cell") +
                          " that its table has: is the file damaged?",
                      lines.where());
    table.rows.push_back(std::move(row));
  }
  const std::size_t lastRow = table.rows.empty() ? 0 : table.rows.back().line;
  if (lastRow > lastRule) return cutOff();
  return table;
}

}  // namespace sluice::flow::vendor
