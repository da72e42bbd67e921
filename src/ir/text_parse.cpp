#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "ir/attributes.h"
#include "ir/text.h"
#include "ir/text_lexer.h"

namespace sluice::ir {

namespace {

template <typename Number>
bool readNumber(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// Recursive descent; every function leaves the lexer behind what it read.
class Parser {
 public:
  Parser(std::string_view text, std::string_view file) : lexer_(text, file) {}

  Result<Graph> run() {
    while (lexer_.peek().kind != TokenKind::end) {
      if (lexer_.peek().kind == TokenKind::lineEnd) {
        lexer_.take();
        continue;
      }
      const Status status = statement();
      // A character the lexer could not read looks like the end of the text to the parser: say the cause.
      SLUICE_RETURN_IF_ERROR(lexer_.status());
      SLUICE_RETURN_IF_ERROR(status);
    }
    SLUICE_RETURN_IF_ERROR(lexer_.status());
    return std::move(graph_);
  }

 private:
  [[nodiscard]] Error unexpected(const std::string& wanted) const {
    const Token& token = lexer_.peek();
    if (lexer_.atStatementEnd())
      return lexer_.errorAt(token, "the statement ends where " + wanted + " should stand");
    return lexer_.errorAt(token, "'" + std::string(token.text) + "' where " + wanted + " should stand");
  }

  Status mark(char c) {
    if (!lexer_.isMark(c)) return unexpected(std::string("'") + c + "'");
    lexer_.take();
    return {};
  }

  Result<std::string> name() {
    const Token token = lexer_.peek();
    if (token.kind != TokenKind::word && token.kind != TokenKind::quoted) return unexpected("a name");
    lexer_.take();
    if (token.kind == TokenKind::word) return std::string(token.text);
    auto text = unescape(token.text);
    if (!text.ok()) return lexer_.errorAt(token, text.error().message);
    return text;
  }

  Result<TensorId> tensor() {
    const Token token = lexer_.peek();
    SLUICE_TRY(const std::string text, name());
    const auto found = tensors_.find(text);
    if (found == tensors_.end()) return lexer_.errorAt(token, "no tensor '" + text + "' is defined above");
    return found->second;
  }

  Status names(std::vector<std::string>& list) {
    do {
      SLUICE_TRY(std::string text, name());
      list.push_back(std::move(text));
    } while (takeComma());
    return {};
  }

  Status tensorNames(std::vector<TensorId>& list) {
    do {
      SLUICE_TRY(const TensorId id, tensor());
      list.push_back(id);
    } while (takeComma());
    return {};
  }

  bool takeComma() {
    if (!lexer_.isMark(',')) return false;
    lexer_.take();
    return true;
  }

  // ---- values of attributes, one overload per member type
  template <typename Number>
  Status number(Number& value, const char* wanted) {
    const Token token = lexer_.peek();
    const bool word = token.kind == TokenKind::word && (token.text == "inf" || token.text == "nan");
    if ((token.kind != TokenKind::number && !word) || !readNumber(token.text, value))
      return unexpected(wanted);
    lexer_.take();
    return {};
  }
  Status value(double& number_) { return number(number_, "a number"); }
  Status value(std::int64_t& number_) { return number(number_, "an integer"); }
  Status value(std::uint32_t& number_) { return number(number_, "a small integer, not negative,"); }
  Status value(std::int8_t& number_) { return number(number_, "1 or -1"); }
  Status value(bool& flag) {
    if (!lexer_.isWord("true") && !lexer_.isWord("false")) return unexpected("true or false");
    flag = lexer_.take().text == "true";
    return {};
  }
  Status value(Rounding& rounding) {
    const auto found = fixed::roundingFromName(lexer_.peek().text);
    if (!found) return unexpected("a rounding mode (halfEven, floor, ...)");
    rounding = *found;
    lexer_.take();
    return {};
  }
  Status value(Overflow& overflow) {
    const auto found = fixed::overflowFromName(lexer_.peek().text);
    if (!found) return unexpected("an overflow mode (saturate, wrap, ...)");
    overflow = *found;
    lexer_.take();
    return {};
  }
  template <typename Enumeration>
  Status enumerator(Enumeration& result, const char* wanted) {
    if (!fromName(lexer_.peek().text, result)) return unexpected(wanted);
    lexer_.take();
    return {};
  }
  Status value(Coordinates& mode) {
    return enumerator(mode, "a coordinate mode (halfPixel, asymmetric, ...)");
  }
  Status value(NearestRounding& mode) { return enumerator(mode, "floor, ceil, preferFloor or preferCeil"); }
  Status value(fixed::Interval& range) {
    const Token token = lexer_.peek();
    if (token.kind == TokenKind::word) {
      std::uint32_t bits = 0;
      const bool isSigned = token.text[0] == 's';
      if ((!isSigned && token.text[0] != 'u') || !readNumber(token.text.substr(1), bits) || bits < 1 ||
          bits > 62)
        return unexpected("a range such as [-8, 7] or s4");
      range = fixed::IntegerFormat{.bits = bits, .isSigned = isSigned}.range();
      lexer_.take();
      return {};
    }
    SLUICE_RETURN_IF_ERROR(mark('['));
    SLUICE_RETURN_IF_ERROR(value(range.lo));
    SLUICE_RETURN_IF_ERROR(mark(','));
    SLUICE_RETURN_IF_ERROR(value(range.hi));
    return mark(']');
  }
  template <typename Number>
  Status value(std::vector<Number>& list) {
    list.clear();
    if (!lexer_.isMark('[')) return value(list.emplace_back());
    lexer_.take();
    if (!lexer_.isMark(']')) do {
        SLUICE_RETURN_IF_ERROR(value(list.emplace_back()));
      } while (takeComma());
    return mark(']');
  }

  // ---- types and constants
  /// "s8", "u16"
  [[nodiscard]] bool isShortRange() const {
    const Token& token = lexer_.peek();
    return token.kind == TokenKind::word && token.text.size() > 1 &&
           (token.text[0] == 's' || token.text[0] == 'u') && token.text[1] >= '0' && token.text[1] <= '9';
  }
  /// `rangeKnown` false: codes whose range is still to be taken from the elements.
  Result<TensorType> type(bool isConstant, bool& rangeKnown) {
    const Token start = lexer_.peek();
    TensorType result;
    if (!lexer_.isMark('[')) return unexpected("a shape");
    SLUICE_RETURN_IF_ERROR(value(result.shape));
    rangeKnown = true;
    if (lexer_.isWord("real")) {
      lexer_.take();
    } else if (lexer_.isWord("codes") || isShortRange() || isConstant) {
      result.codes = Codes{.range = {}, .scale = {1}, .zeroPoint = 0};
      if (lexer_.isWord("codes")) lexer_.take();
      const bool hasRange = isShortRange() || lexer_.isMark('[');
      if (!hasRange && !isConstant) return unexpected("the range of the codes");
      rangeKnown = hasRange;
      if (hasRange) SLUICE_RETURN_IF_ERROR(value(result.codes->range));
      if (lexer_.isWord("scale")) {
        lexer_.take();
        SLUICE_RETURN_IF_ERROR(value(result.codes->scale));
      }
      if (lexer_.isWord("zeroPoint")) {
        lexer_.take();
        SLUICE_RETURN_IF_ERROR(value(result.codes->zeroPoint));
      }
      if (lexer_.isWord("ranges")) {
        lexer_.take();
        SLUICE_RETURN_IF_ERROR(value(result.codes->ranges));
      }
    }
    if (const Status status = check(result); !status.ok())
      return lexer_.errorAt(start, status.error().message);
    return result;
  }

  template <typename Number>
  Status elementsInto(std::vector<Number>& list, std::int64_t count, const Token& start) {
    SLUICE_RETURN_IF_ERROR(mark('{'));
    while (!lexer_.isMark('}')) {
      SLUICE_RETURN_IF_ERROR(value(list.emplace_back()));
      takeComma();
    }
    if (static_cast<std::int64_t>(list.size()) != count)
      return lexer_.errorAt(
          start, std::to_string(list.size()) + " elements for a shape of " + std::to_string(count));
    return mark('}');
  }

  Status constant(const std::string& tensorName) {
    bool rangeKnown = false;
    SLUICE_TRY(TensorType constantType, type(true, rangeKnown));
    const Token start = lexer_.peek();
    const std::int64_t count = elements(constantType.shape);
    ConstantData data;
    if (constantType.isReal()) {
      SLUICE_RETURN_IF_ERROR(elementsInto(data.emplace<std::vector<double>>(), count, start));
    } else {
      auto& codes = data.emplace<std::vector<std::int64_t>>();
      SLUICE_RETURN_IF_ERROR(elementsInto(codes, count, start));
      const auto [lo, hi] = std::minmax_element(codes.begin(), codes.end());
      const fixed::Interval found{*lo, *hi};
      if (!rangeKnown) constantType.codes->range = found;
      if (!constantType.codes->range.contains(found))
        return lexer_.errorAt(start, "elements from " + std::to_string(*lo) + " to " + std::to_string(*hi) +
                                         " leave the range of the codes");
      if (const Status status = check(constantType); !status.ok())
        return lexer_.errorAt(start, status.error().message);
    }
    tensors_.emplace(tensorName, graph_.addConstant(tensorName, std::move(constantType), std::move(data)));
    return {};
  }

  // ---- statements
  Status attribute(const Token& token, Operation& operation) {
    bool found = false;
    Status status;
    std::visit(
        [&](auto& op) {
          attributes(op, [&](const char* attributeName, auto& member, bool) {
            if (token.text != attributeName) return;
            found = true;
            status = value(member);
          });
        },
        operation);
    if (!found)
      return lexer_.errorAt(
          token, std::string(textName(operation)) + " has no attribute '" + std::string(token.text) + "'");
    return status;
  }

  Status tail(std::string& nodeName, std::vector<std::string>& origins) {
    if (lexer_.isWord("as")) {
      lexer_.take();
      SLUICE_TRY(nodeName, name());
    }
    if (lexer_.isWord("from")) {
      lexer_.take();
      SLUICE_RETURN_IF_ERROR(names(origins));
    }
    return {};
  }

  Status node(const std::string& tensorName) {
    const Token start = lexer_.peek();
    auto operation = operationFromName(start.text);
    if (!operation || start.kind != TokenKind::word) return unexpected("an operation");
    lexer_.take();
    TensorType inputType;
    std::vector<TensorId> inputs;
    if (std::holds_alternative<Input>(*operation)) {
      bool rangeKnown = true;
      SLUICE_TRY(inputType, type(false, rangeKnown));
    } else {
      do {
        const Token token = lexer_.peek();
        if (token.kind == TokenKind::word && tensors_.find(token.text) == tensors_.end()) {
          // Not a tensor: an attribute with its value, or a tensor that does not exist.
          lexer_.take();
          if (lexer_.atStatementEnd() || lexer_.isMark(',') || lexer_.isWord("as") || lexer_.isWord("from"))
            return lexer_.errorAt(token, "no tensor '" + std::string(token.text) + "' is defined above");
          SLUICE_RETURN_IF_ERROR(attribute(token, *operation));
        } else if (token.kind == TokenKind::word) {
          // A tensor may have the name of an attribute: what follows tells.
          lexer_.take();
          if (lexer_.atStatementEnd() || lexer_.isMark(',') || lexer_.isWord("as") || lexer_.isWord("from"))
            inputs.push_back(tensors_.find(token.text)->second);
          else
            SLUICE_RETURN_IF_ERROR(attribute(token, *operation));
        } else {
          SLUICE_TRY(const TensorId id, tensor());
          inputs.push_back(id);
        }
      } while (takeComma());
    }
    std::string nodeName = tensorName;
    std::vector<std::string> origins;
    SLUICE_RETURN_IF_ERROR(tail(nodeName, origins));
    TensorId output;
    if (std::holds_alternative<Input>(*operation)) {
      output = graph_.addInput(nodeName, std::move(inputType));
      graph_.nodes.back().origins = std::move(origins);
    } else {
      auto added = graph_.addNode(nodeName, std::move(*operation), std::move(inputs), std::move(origins));
      if (!added.ok()) {
        Error error = lexer_.errorAt(start, added.error().text());
        error.code = added.error().code;
        return error;
      }
      output = *added;
    }
    graph_.tensors[output.index].name = tensorName;
    tensors_.emplace(tensorName, output);
    return {};
  }

  Status statement() {
    const Token start = lexer_.peek();
    SLUICE_TRY(std::string first, name());
    if (lexer_.isMark('=')) {
      lexer_.take();
      if (tensors_.find(first) != tensors_.end())
        return lexer_.errorAt(start, "'" + first + "' is defined twice");
      if (lexer_.isWord("constant")) {
        lexer_.take();
        SLUICE_RETURN_IF_ERROR(constant(first));
      } else {
        SLUICE_RETURN_IF_ERROR(node(first));
      }
    } else if (start.kind == TokenKind::word && first == "graph") {
      SLUICE_TRY(graph_.name, name());
    } else if (start.kind == TokenKind::word && first == "output") {
      SLUICE_RETURN_IF_ERROR(tensorNames(graph_.outputs));
    } else if (start.kind == TokenKind::word && first == "inputs") {
      graph_.inputs.clear();
      SLUICE_RETURN_IF_ERROR(tensorNames(graph_.inputs));
    } else {
      return unexpected("'='");
    }
    if (!lexer_.atStatementEnd()) return unexpected("the end of the statement");
    return {};
  }

  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Lexer lexer_;
  Graph graph_;
  std::unordered_map<std::string, TensorId, NameHash, std::equal_to<>> tensors_;  // looked up, never walked
};

}  // namespace

Result<Graph> parse(std::string_view text, std::string_view file) { return Parser(text, file).run(); }

}  // namespace sluice::ir
