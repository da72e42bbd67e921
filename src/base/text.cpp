#include "base/text.h"

#include <charconv>

namespace sluice {
namespace {

bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string all;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) all += separator;
    all += parts[i];
  }
  return all;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string escapeLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\\')
      line += "\\\\";
    else if (c == '\n')
      line += "\\n";
    else if (c == '\r')
      line += "\\r";
    else
      line += c;
  }
  return line;
}

std::string unescapeLine(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      text += line[i];
      continue;
    }
    ++i;
    text += line[i] == 'n' ? '\n' : line[i] == 'r' ? '\r' : line[i];
  }
  return text;
}

std::string formatCount(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string formatDouble(double value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value);
  return {text, end.ptr};
}

std::string formatFixed(double value, int digits) {
  char text[512];  // the largest double has 309 digits before the point
  if (digits < 0) digits = 0;
  if (digits > 100) digits = 100;
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
  return {text, end.ptr};
}

bool isIdentifier(std::string_view text) {
  if (text.empty() || !isLetter(text.front())) return false;
  for (const char c : text)
    if (!isLetter(c) && !isDigit(c)) return false;
  return true;
}

std::string toIdentifier(std::string_view text) {
  std::string name;
  if (text.empty() || isDigit(text.front())) name = "_";
  for (const char c : text) name += isLetter(c) || isDigit(c) ? c : '_';
  return name;
}

bool parseInt64(std::string_view text, std::int64_t& value) {
  std::int64_t read = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), read);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) return false;
  value = read;
  return true;
}

bool parseDouble(std::string_view text, double& value) {
  double read = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), read);
  if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) return false;
  value = read;
  return true;
}

std::string countOf(std::int64_t count, std::string_view singular, std::string_view plural) {
  std::string text = formatCount(count) + " ";
  if (count == 1) return text.append(singular);
  if (!plural.empty()) return text.append(plural);
  return text.append(singular) + "s";
}

}  // namespace sluice
