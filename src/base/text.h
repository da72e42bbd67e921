#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Small text helpers that give the same bytes on every machine: nothing here looks at the locale.
namespace sluice {

/// "a, b, c" from {a, b, c} and ", ".
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The pieces between `separator`s; always at least one, so that split and join undo each other.
std::vector<std::string> split(std::string_view text, char separator);

/// Without spaces, tabs and line ends at both ends.
std::string_view trim(std::string_view text);

/// `text` as one line: backslashes, line feeds and carriage returns as \\, \n, \r; and back.
std::string escapeLine(std::string_view text);
std::string unescapeLine(std::string_view line);

/// A count as people read it: 1234567 -> "1,234,567".
std::string formatCount(std::int64_t count);

/// The shortest decimal text that reads back as exactly `value` ("0.1", "1e+30", "nan", "inf").
std::string formatDouble(double value);

/// `value` with a fixed number of digits behind the point ("3.50").
std::string formatFixed(double value, int digits);

/// Letter or underscore, then letters, digits, underscores (ASCII): what Verilog, C and our text form take as
/// a name.
bool isIdentifier(std::string_view text);

/// `text` with every character an identifier cannot hold turned into '_'; '_' in front of a leading digit;
/// "_" if empty. Different texts may give the same name: the caller keeps names apart.
std::string toIdentifier(std::string_view text);

/// Whole-text decimal integer; false if it is not one or does not fit.
bool parseInt64(std::string_view text, std::int64_t& value);

/// Whole-text decimal number; false if it is not one.
bool parseDouble(std::string_view text, double& value);

/// "1 node", "3 nodes".
std::string countOf(std::int64_t count, std::string_view singular, std::string_view plural = {});

}  // namespace sluice
