#include "device/data_file.h"

#include <algorithm>

namespace sluice::device {
namespace {

struct Reader {
  std::string_view text;
  const std::string& name;
  std::size_t at = 0;
  std::uint32_t line = 1;

  [[nodiscard]] Error wrong(const std::string& what) const {
    return badInput(what, name + ":" + std::to_string(line));
  }
  void space() {
    for (; at < text.size() && std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos; ++at)
      if (text[at] == '\n') ++line;
  }
  [[nodiscard]] std::string here() const {
    if (at >= text.size()) return "the end of the file";
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte >= 0x7f) return "byte " + std::to_string(byte);
    return "'" + std::string(1, text[at]) + "'";
  }
  bool take(char c) {
    space();
    if (at >= text.size() || text[at] != c) return false;
    ++at;
    return true;
  }

  Result<std::string> string() {
    if (!take('"')) return wrong("a string is expected, found " + here());
    std::string result;
    for (; at < text.size() && text[at] != '"'; ++at) {
      char c = text[at];
      if (static_cast<unsigned char>(c) < 0x20) return wrong("a string ends in the middle of a line");
      if (c == '\\') {
        if (++at >= text.size()) break;
        c = text[at];
        if (c == 'n')
          c = '\n';
        else if (c == 't')
          c = '\t';
        else if (c != '"' && c != '\\' && c != '/')
          return wrong(std::string("escape '\\") + c + "' is not supported in data files");
      }
      result += c;
    }
    if (at >= text.size()) return wrong("the file ends inside a string");
    ++at;
    return result;
  }

  Result<Value> value(int depth) {
    space();
    Value result;
    result.line = line;
    if (depth > 16) return wrong("more than 16 levels of lists and objects");
    if (at >= text.size()) return wrong("a value is expected, found the end of the file");
    if (text[at] == '"') {
      SLUICE_TRY(result.text, string());
      return result;
    }
    if (text[at] >= '0' && text[at] <= '9') {
      result.kind = Value::Kind::number;
      for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
        result.number = result.number * 10 + static_cast<std::uint64_t>(text[at] - '0');
        if (result.number > (std::uint64_t{1} << 53)) return wrong("a number above 2^53");
      }
      if (at < text.size() && std::string_view(".eE").find(text[at]) != std::string_view::npos)
        return wrong("numbers in data files are whole");
      return result;
    }
    const bool object = text[at] == '{';
    if (!object && text[at] != '[')
      return wrong("a string, a whole number, a list or an object is expected, found " + here());
    ++at;
    const char close = object ? '}' : ']';
    result.kind = object ? Value::Kind::object : Value::Kind::list;
    if (take(close)) return result;
    for (;;) {
      if (object) {
        space();
        SLUICE_TRY(std::string key, string());
        if (result.find(key) != nullptr) return wrong("key \"" + key + "\" stands twice in one object");
        if (!take(':')) return wrong("':' is expected after \"" + key + "\", found " + here());
        result.keys.push_back(std::move(key));
      }
      SLUICE_TRY(Value item, value(depth + 1));
      result.items.push_back(std::move(item));
      if (take(close)) return result;
      if (!take(',')) return wrong(std::string("',' or '") + close + "' is expected, found " + here());
    }
  }
};

}  // namespace

const Value* Value::find(std::string_view key) const {
  const auto it = std::find(keys.begin(), keys.end(), key);
  const auto index = static_cast<std::size_t>(it - keys.begin());
  return it == keys.end() || index >= items.size() ? nullptr : &items[index];
}

Result<Value> parseDataFile(std::string_view text, const std::string& name) {
  Reader reader{text, name};
  SLUICE_TRY(Value value, reader.value(0));
  if (value.kind != Value::Kind::object) return reader.wrong("the file is not one JSON object");
  reader.space();
  if (reader.at != text.size()) return reader.wrong("nothing may follow the object, found " + reader.here());
  return value;
}

}  // namespace sluice::device
