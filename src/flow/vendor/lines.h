#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// A text, line by line, without a copy and without a list of its lines: a report may be large.
namespace sluice::flow::vendor {

class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  /// Steps to the next line; false behind the last one.
  bool next() {
    if (position_ >= text_.size()) return false;
    const std::size_t end = text_.find('\n', position_);
    whole_ = end != std::string_view::npos;
    line_ = text_.substr(position_, whole_ ? end - position_ : end);
    begin_ = position_;
    position_ = whole_ ? end + 1 : text_.size();
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ++number_;
    return true;
  }
  /// The line at hand comes again.
  void back() {
    position_ = begin_;
    --number_;
  }
  [[nodiscard]] std::string_view line() const { return line_; }
  [[nodiscard]] std::size_t number() const { return number_; }  ///< from 1
  [[nodiscard]] bool whole() const { return whole_; }  ///< it ends in a line end, not in the end of the file
  /// "line 12".
  [[nodiscard]] std::string where() const { return "line " + std::to_string(number_); }
  /// From the line at hand to the end.
  [[nodiscard]] std::string_view rest() const { return text_.substr(begin_); }

 private:
  std::string_view text_, line_;
  std::size_t position_ = 0, begin_ = 0, number_ = 0;
  bool whole_ = false;
};

/// "VALUE" of "KEY : VALUE" with any spaces around both; false if the line is of another key.
inline bool keyed(std::string_view line, std::string_view key, std::string_view& value) {
  const std::size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos || line.substr(start, key.size()) != key) return false;
  std::string_view rest = line.substr(start + key.size());
  const std::size_t colon = rest.find_first_not_of(" \t");
  if (colon == std::string_view::npos || rest[colon] != ':') return false;
  rest.remove_prefix(colon + 1);
  const std::size_t first = rest.find_first_not_of(" \t");
  if (first == std::string_view::npos) return value = {}, true;
  const std::size_t last = rest.find_last_not_of(" \t\r");
  return value = rest.substr(first, last - first + 1), true;
}

}  // namespace sluice::flow::vendor
