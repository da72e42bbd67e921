#include "mutations_fault.h"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <regex>
#include <vector>

#include "base/text.h"

namespace sluice::show {

namespace {

/// What one line may become; all changes of one kind.
using Changes = std::vector<std::string>;

std::string replaced(const std::string& line, std::size_t at, std::size_t length, const std::string& by) {
  return line.substr(0, at) + by + line.substr(at + length);
}

/// Where the value of a line begins: behind its first "= ", "<= ", or at its condition.
std::size_t valueOf(const std::string& line) {
  const std::size_t blocking = line.find(" = "), clocked = line.find(" <= ");
  if (clocked != std::string::npos && (blocking == std::string::npos || clocked < blocking))
    return clocked + 4;
  if (blocking != std::string::npos) return blocking + 3;
  return line.find("if (");
}

Changes operators(const std::string& line) {
  static const std::vector<std::pair<std::string, std::string>> swaps = {
      {" + ", " - "},   {" - ", " + "},   {" & ", " | "}, {" | ", " & "},  {" ^ ", " | "},
      {" == ", " != "}, {" != ", " == "}, {" * ", " + "}, {" < ", " <= "}, {"~", ""}};
  Changes changes;
  for (const auto& [from, to] : swaps)
    for (std::size_t at = valueOf(line); (at = line.find(from, at)) != std::string::npos; at += from.size())
      changes.push_back(replaced(line, at, from.size(), to));
  return changes;
}

Changes constants(const std::string& line) {
  Changes changes;
  static const std::regex number("(\\d+)'([dh])([0-9a-f]+)");
  for (std::sregex_iterator it(line.begin(), line.end(), number), end; it != end; ++it) {
    const auto at = static_cast<std::size_t>(it->position(0));
    if (at < valueOf(line) || it->str(3).size() > 15) continue;
    const int base = it->str(2) == "d" ? 10 : 16;
    const std::uint64_t value = std::stoull(it->str(3), nullptr, base), width = std::stoull(it->str(1));
    const std::uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
    for (const std::uint64_t other : {(value + 1) & mask, (value - 1) & mask})
      changes.push_back(
          replaced(line, at, it->str(0).size(),
                   base == 10 ? fmt::format("{}'d{}", width, other) : fmt::format("{}'h{:x}", width, other)));
  }
  return changes;
}

Changes conditions(const std::string& line) {
  Changes changes;
  static const std::regex test("if \\(([^()]*)\\)"), choice("[=(] ?(\\w+(\\[\\d+\\])?) \\? ");
  for (std::sregex_iterator it(line.begin(), line.end(), test), end; it != end; ++it)
    if (it->str(1) != "rst")
      changes.push_back(replaced(line, static_cast<std::size_t>(it->position(1)), it->str(1).size(),
                                 "!(" + it->str(1) + ")"));
  for (std::sregex_iterator it(line.begin(), line.end(), choice), end; it != end; ++it)
    changes.push_back(
        replaced(line, static_cast<std::size_t>(it->position(1)), it->str(1).size(), "!" + it->str(1)));
  return changes;
}

Changes assignments(const std::string& line) {
  const std::size_t at = valueOf(line), end = line.rfind(';');
  const std::size_t clocked = line.find(" <= ");
  if (line.find(" = ") == std::string::npos && clocked == std::string::npos) return {};
  // A register keeps what it held; a wire or a port is tied to 0.
  if (clocked != std::string::npos && clocked + 4 == at && line.find("assign") == std::string::npos &&
      line.find("wire") == std::string::npos) {
    const std::size_t from = line.find_last_of(" ", clocked - 1) + 1;
    return {replaced(line, from, end - from, "")};
  }
  return {replaced(line, at, end - at, "0")};
}

Changes indices(const std::string& line, const std::map<std::string, std::int64_t>& widths) {
  Changes changes;
  static const std::regex bit("(\\w+)\\[(\\d+)\\]"), part("(\\w+)\\[(\\d+):(\\d+)\\]");
  const auto inside = [&](const std::string& name, std::int64_t index) {
    const auto found = widths.find(name);
    return index >= 0 && found != widths.end() && index < found->second;
  };
  for (std::sregex_iterator it(line.begin(), line.end(), bit), end; it != end; ++it)
    for (const int by : {1, -1})
      if (const std::int64_t index = std::stoll(it->str(2)) + by; inside(it->str(1), index))
        changes.push_back(replaced(line, static_cast<std::size_t>(it->position(2)), it->str(2).size(),
                                   std::to_string(index)));
  for (std::sregex_iterator it(line.begin(), line.end(), part), end; it != end; ++it)
    for (const int by : {1, -1}) {
      const std::int64_t high = std::stoll(it->str(2)) + by, low = std::stoll(it->str(3)) + by;
      if (inside(it->str(1), high) && inside(it->str(1), low))
        changes.push_back(replaced(line, static_cast<std::size_t>(it->position(2)),
                                   it->str(2).size() + 1 + it->str(3).size(),
                                   fmt::format("{}:{}", high, low)));
    }
  return changes;
}

std::map<std::string, std::int64_t> declaredWidths(const std::string& verilog) {
  std::map<std::string, std::int64_t> widths;
  static const std::regex vector("(wire|reg) \\[(\\d+):0\\] (\\w+)");
  for (std::sregex_iterator it(verilog.begin(), verilog.end(), vector), end; it != end; ++it)
    widths[it->str(3)] = std::stoll(it->str(2)) + 1;
  return widths;
}

/// Lines of the body that say what the module does.
std::vector<std::size_t> candidates(const std::vector<std::string>& lines) {
  std::vector<std::size_t> list;
  bool body = false, primitives = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line(trim(lines[i]));
    if (line == ");") body = true;
    // Look-up tables as primitives are another print of the lines in the other branch; Yosys holds the two equal.
    if (line.starts_with("`ifdef")) primitives = true;
    if (line.starts_with("`else") || line.starts_with("`endif")) primitives = false;
    const bool says = line.find(" = ") != std::string::npos || line.find(" <= ") != std::string::npos ||
                      line.find("if (") != std::string::npos;
    if (body && !primitives && says && line.find("unused_bits") == std::string::npos &&
        line.find("_style = ") == std::string::npos && !line.starts_with("for (") &&
        !line.starts_with("if (rst)"))
      list.push_back(i);
  }
  return list;
}

}  // namespace

std::optional<Fault> randomFault(const std::string& verilog, Rng& rng) {
  std::vector<std::string> lines = split(verilog, '\n');
  const std::vector<std::size_t> where = candidates(lines);
  if (where.empty()) return std::nullopt;
  const std::map<std::string, std::int64_t> widths = declaredWidths(verilog);
  const std::vector<std::pair<std::string, std::function<Changes(const std::string&)>>> kinds = {
      {"operator", operators},
      {"constant", constants},
      {"condition", conditions},
      {"assignment", assignments},
      {"index", [&](const std::string& line) { return indices(line, widths); }}};
  for (int tries = 0; tries < 1000; ++tries) {
    const auto& [kind, change] = kinds[static_cast<std::size_t>(rng.uniform(0, 4))];
    const std::size_t line =
        where[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(where.size()) - 1))];
    const Changes changes = change(lines[line]);
    if (changes.empty()) continue;
    const std::string after =
        changes[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(changes.size()) - 1))];
    Fault fault{.kind = kind,
                .line = line + 1,
                .before = std::string(trim(lines[line])),
                .after = std::string(trim(after))};
    lines[line] = after;
    fault.text = join(lines, "\n");
    return fault;
  }
  return std::nullopt;
}

}  // namespace sluice::show
