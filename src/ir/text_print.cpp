#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "ir/attributes.h"
#include "ir/text.h"

namespace sluice::ir {
namespace {

constexpr std::size_t lineWidth = 110;

bool isBareName(std::string_view name) {
  for (const char* word : {"graph", "input", "inputs", "constant", "output", "as", "from"})
    if (name == word) return false;
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/' || c == ':' || c == '$';
  };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), inner);
}

std::string nameText(std::string_view name) {
  if (isBareName(name)) return std::string(name);
  std::string out = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

template <typename Number>
std::string_view numberText(Number value, char (&buffer)[32]) {
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

/// Writes lists so that lines stay short: column is counted from the last line's end.
class Writer {
 public:
  std::string out;

  Writer& operator<<(std::string_view text) {
    out += text;
    return *this;
  }
  void endLine() {
    out += '\n';
    lineStart_ = out.size();
  }
  [[nodiscard]] std::size_t column() const { return out.size() - lineStart_; }

  /// `items` numbers, separated by `separator`, wrapped; a new line also after every `row` of them if there
  /// are several rows and they are long.
  template <typename Number>
  void numbers(const std::vector<Number>& items, std::string_view separator, std::size_t row) {
    const bool rows = row > 1 && items.size() > row && items.size() > 16;
    char buffer[32];
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string_view text = numberText(items[i], buffer);
      if (i > 0) out += separator;
      const bool wrap = column() + text.size() + 2 > lineWidth;
      if (wrap || (rows && i % row == 0)) {
        while (!out.empty() && out.back() == ' ') out.pop_back();
        endLine();
        out += "  ";
      } else if (i > 0) {
        out += ' ';
      }
      out += text;
    }
  }

  void value(double number) {
    char buffer[32];
    out += numberText(number, buffer);
  }
  void value(std::int64_t number) { out += std::to_string(number); }
  void value(std::uint32_t number) { out += std::to_string(number); }
  void value(bool flag) { out += flag ? "true" : "false"; }
  void value(Rounding rounding) { out += fixed::name(rounding); }
  void value(Overflow overflow) { out += fixed::name(overflow); }
  void value(Coordinates mode) { out += name(mode); }
  void value(NearestRounding mode) { out += name(mode); }
  void value(const std::vector<fixed::Interval>& list) {
    out += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += column() > lineWidth ? "," : ", ";
      if (column() > lineWidth) {
        endLine();
        out += "  ";
      }
      value(list[i]);
    }
    out += ']';
  }
  void value(fixed::Interval range) {
    out += "[" + std::to_string(range.lo) + ", " + std::to_string(range.hi) + "]";
  }
  void value(const std::vector<std::int8_t>& list) {
    value(std::vector<std::int64_t>(list.begin(), list.end()));
  }
  template <typename Number>
  void value(const std::vector<Number>& list) {
    if (list.size() == 1) return value(list[0]);
    out += '[';
    numbers(list, ",", 0);
    out += ']';
  }

 private:
  std::size_t lineStart_ = 0;
};

void printType(Writer& writer, const TensorType& type) {
  writer << text(type.shape);
  if (type.isReal()) {
    writer << " real";
    return;
  }
  writer << " codes ";
  writer.value(type.codes->range);
  if (type.codes->scale != std::vector<double>{1}) {
    writer << " scale ";
    writer.value(type.codes->scale);
  }
  if (type.codes->zeroPoint != 0) writer << " zeroPoint " << std::to_string(type.codes->zeroPoint);
  if (!type.codes->ranges.empty()) {
    writer << " ranges ";
    writer.value(type.codes->ranges);
  }
}

/// The type for people: many scales and ranges are only counted.
std::string typeComment(TensorType type) {
  if (type.isReal() || (type.codes->scale.size() == 1 && type.codes->ranges.empty())) return text(type);
  const auto per = [&](std::size_t size) {
    return static_cast<std::int64_t>(size) == channels(type.shape) ? " per channel" : " per element";
  };
  std::string more;
  if (type.codes->scale.size() > 1) {
    const auto [least, greatest] = std::minmax_element(type.codes->scale.begin(), type.codes->scale.end());
    more =
        " scale " + formatDouble(*least) + " .. " + formatDouble(*greatest) + per(type.codes->scale.size());
  }
  if (!type.codes->ranges.empty()) more += std::string(", ranges") + per(type.codes->ranges.size());
  if (type.codes->scale.size() > 1) type.codes->scale = {1};
  type.codes->ranges.clear();
  return text(type) + more;
}

void printConstant(Writer& writer, const Tensor& tensor) {
  writer << nameText(tensor.name) << " = constant ";
  printType(writer, tensor.type);
  writer << " {";
  const auto row = static_cast<std::size_t>(channels(tensor.type.shape));
  std::visit([&](const auto& list) { writer.numbers(list, "", row); }, *tensor.constant);
  writer << "}";
  writer.endLine();
}

void printOperation(Writer& writer, const Graph& graph, const Node& node) {
  writer << nameText(graph.tensor(node.output).name) << " = " << textName(node.operation);
  if (std::holds_alternative<Input>(node.operation)) {
    writer << " ";
    printType(writer, graph.tensor(node.output).type);
    return;
  }
  const char* separator = " ";
  for (const TensorId input : node.inputs) {
    writer << separator << nameText(graph.tensor(input).name);
    separator = ", ";
  }
  std::visit(
      [&](const auto& op) {
        const std::remove_cvref_t<decltype(op)> defaults{};
        // The members of op and of its defaults are visited in step.
        std::vector<const void*> defaultMembers;
        attributes(defaults,
                   [&](const char*, const auto& member, bool) { defaultMembers.push_back(&member); });
        std::size_t i = 0;
        attributes(op, [&](const char* name, const auto& member, bool required) {
          using Member = std::remove_cvref_t<decltype(member)>;
          const bool isDefault = member == *static_cast<const Member*>(defaultMembers[i++]);
          if (isDefault && !required) return;
          writer << separator << name << " ";
          writer.value(member);
          separator = ", ";
        });
      },
      node.operation);
}

void printStatement(Writer& writer, const Graph& graph, const Node& node) {
  printOperation(writer, graph, node);
  const Tensor& output = graph.tensor(node.output);
  if (node.name != output.name) writer << " as " << nameText(node.name);
  for (std::size_t i = 0; i < node.origins.size(); ++i)
    writer << (i == 0 ? " from " : ", ") << nameText(node.origins[i]);
  if (!std::holds_alternative<Input>(node.operation)) writer << "  # " << typeComment(output.type);
  writer.endLine();
}

void printNames(Writer& writer, const Graph& graph, const char* word, const std::vector<TensorId>& list) {
  for (std::size_t i = 0; i < list.size(); ++i)
    writer << (i == 0 ? word : ",") << " " << nameText(graph.tensor(list[i]).name);
  if (!list.empty()) writer.endLine();
}

}  // namespace

std::string print(const Graph& graph) {
  Writer writer;
  if (!graph.name.empty()) {
    writer << "graph " << nameText(graph.name);
    writer.endLine();
  }
  std::vector<bool> printed(graph.tensors.size());
  const auto printOnce = [&](std::size_t i) {
    if (printed[i] || !graph.tensors[i].isConstant()) return;
    printed[i] = true;
    printConstant(writer, graph.tensors[i]);
  };
  // Statements in the order of the tensors, so that ids survive; a constant at the latest where it is needed.
  std::size_t next = 0;
  std::vector<TensorId> inputs;
  for (const Node& node : graph.nodes) {
    for (; next < node.output.index; ++next) printOnce(next);
    for (const TensorId input : node.inputs) printOnce(input.index);
    printStatement(writer, graph, node);
    if (std::holds_alternative<Input>(node.operation)) inputs.push_back(node.output);
  }
  for (; next < graph.tensors.size(); ++next) printOnce(next);
  if (inputs != graph.inputs) printNames(writer, graph, "inputs", graph.inputs);
  printNames(writer, graph, "output", graph.outputs);
  return std::move(writer.out);
}

std::string printNode(const Graph& graph, NodeId id) {
  Writer writer;
  printOperation(writer, graph, graph.node(id));
  std::replace(writer.out.begin(), writer.out.end(), '\n', ' ');
  return std::move(writer.out);
}

}  // namespace sluice::ir
