#include "dataflow/vcd_read.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"

namespace sluice::dataflow {
namespace {

constexpr std::size_t mostScopes = 64;

/// The words of a text, with the line each stands in.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}
  /// Empty at the end.
  std::string_view next() {
    while (at_ < text_.size() && isSpace(text_[at_])) line_ += text_[at_++] == '\n' ? 1 : 0;
    const std::size_t begin = at_;
    while (at_ < text_.size() && !isSpace(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  [[nodiscard]] std::size_t line() const { return line_; }

 private:
  static bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
};

struct Value {
  std::uint32_t bits = 1;
  std::optional<std::uint64_t> highest, highestNext;
  void saw(std::uint64_t now) {
    const std::uint64_t all = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    highest = std::max(highest.value_or(0), now);
    highestNext = std::max(highestNext.value_or(0), now >= all ? 0 : now + 1);
  }
};

/// Binary digits as a number; none where one is not known or there are more than 64 that count.
std::optional<std::uint64_t> numberOf(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if ((digit != '0' && digit != '1') || value >> 63 != 0) return {};
    value = value << 1 | (digit == '1' ? 1u : 0u);
  }
  return value;
}

/// "bus" of "bus[7:0]"; "v[3]" is a name.
std::string_view withoutRange(std::string_view name) {
  const std::size_t bracket = name.rfind('[');
  return bracket != std::string_view::npos && name.find(':', bracket) != std::string_view::npos
             ? name.substr(0, bracket)
             : name;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : words_(text), file_(file) {}

  Result<std::vector<DumpedSignal>> read() {
    bool any = false;
    for (std::string_view word = words_.next(); !word.empty(); word = words_.next()) {
      if (word[0] == '$') {
        SLUICE_RETURN_IF_ERROR(keyword(word));
      } else if (!any && signals_.empty()) {
        return wrong("is no value change dump: it begins with '" + std::string(word.substr(0, 40)) + "'");
      } else {
        SLUICE_RETURN_IF_ERROR(change(word));
      }
      any = true;
    }
    if (signals_.empty()) return wrong("declares no signal");
    for (std::size_t s = 0; s < signals_.size(); ++s) {
      const Value& value = values_[valueOf_[s]];
      signals_[s].highest = value.highest;
      signals_[s].highestNext = value.highestNext;
    }
    return std::move(signals_);
  }

 private:
  Error wrong(const std::string& what) const {
    return badInput(what, file_ + ":" + std::to_string(words_.line()));
  }

  /// What follows a keyword, up to $end.
  Result<std::vector<std::string_view>> upToEnd(std::string_view keyword) {
    std::vector<std::string_view> found;
    for (;;) {
      const std::string_view word = words_.next();
      if (word.empty()) return wrong(std::string(keyword) + " has no $end");
      if (word == "$end") return found;
      found.push_back(word);
    }
  }

  Status keyword(std::string_view word) {
    // Around values, not before them.
    if (word == "$end" || word == "$dumpvars" || word == "$dumpall" || word == "$dumpon" ||
        word == "$dumpoff")
      return {};
    SLUICE_TRY(const std::vector<std::string_view> rest, upToEnd(word));
    if (word == "$scope") {
      if (rest.size() != 2) return wrong("$scope needs a kind and a name");
      if (scopes_.size() >= mostScopes)
        return wrong("scopes stand in one another " + std::to_string(mostScopes) + " deep");
      scopes_.emplace_back(rest[1]);
    } else if (word == "$upscope") {
      if (scopes_.empty()) return wrong("$upscope without a scope");
      scopes_.pop_back();
    } else if (word == "$var") {
      std::int64_t bits = 0;
      if (rest.size() < 4 || !parseInt64(std::string(rest[1]), bits) || bits < 0 || bits > (1 << 24))
        return wrong("$var needs a kind, a size, an identifier and a name");
      const auto [found, fresh] = numbers_.try_emplace(std::string(rest[2]), values_.size());
      if (fresh)
        values_.push_back({.bits = static_cast<std::uint32_t>(bits), .highest = {}, .highestNext = {}});
      valueOf_.push_back(found->second);
      signals_.push_back({.scopes = scopes_,
                          .name = std::string(withoutRange(rest[3])),
                          .bits = static_cast<std::uint32_t>(bits),
                          .highest = {},
                          .highestNext = {}});
    }
    return {};
  }

  Status change(std::string_view word) {
    const char kind = word[0];
    if (kind == '#') {
      std::int64_t time = 0;
      if (!parseInt64(std::string(word.substr(1)), time) || time < 0)
        return wrong("'" + std::string(word.substr(0, 40)) + "' is no time");
      return {};
    }
    const bool vector =
        kind == 'b' || kind == 'B' || kind == 'r' || kind == 'R' || kind == 's' || kind == 'S';
    const bool scalar =
        kind == '0' || kind == '1' || kind == 'x' || kind == 'X' || kind == 'z' || kind == 'Z';
    if (!vector && !scalar) return wrong("'" + std::string(word.substr(0, 40)) + "' is no change of a value");
    const std::string_view code = vector ? words_.next() : word.substr(1);
    const auto found = numbers_.find(std::string(code));
    if (found == numbers_.end())
      return wrong("identifier '" + std::string(code.substr(0, 40)) + "' was not declared");
    if (kind == 'r' || kind == 'R' || kind == 's' || kind == 'S') return {};
    if (const auto now = numberOf(vector ? word.substr(1) : word.substr(0, 1)))
      values_[found->second].saw(*now);
    return {};
  }

  Words words_;
  const std::string& file_;
  std::vector<std::string> scopes_;
  std::vector<DumpedSignal> signals_;
  std::vector<std::size_t> valueOf_;
  std::vector<Value> values_;
  std::unordered_map<std::string, std::size_t> numbers_;
};

}  // namespace

Result<std::vector<DumpedSignal>> readDump(std::string_view text, const std::string& file) {
  return Reader(text, file).read();
}

}  // namespace sluice::dataflow
