#include "ir/text_lexer.h"

namespace sluice::ir {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool startsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/' || c == ':' || c == '$';
}
bool inWord(char c) { return startsWord(c) || isDigit(c) || c == '.' || c == '-'; }
bool inNumber(char c) {
  return isDigit(c) || c == '.' || c == '+' || c == '-' || (c >= 'a' && c <= 'z') || c == 'E';
}

int hexDigit(char c) {
  if (isDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Error Lexer::errorAt(const Token& token, std::string message) const {
  std::string where = std::string(file_) + (file_.empty() ? "" : ":");
  where += std::to_string(token.line) + ":" + std::to_string(token.column);
  return badInput(std::move(message), std::move(where));
}

void Lexer::fail(std::string message) {
  if (status_.ok()) status_ = errorAt(token_, std::move(message));
  token_.kind = TokenKind::end;
  token_.text = {};
  position_ = text_.size();
}

void Lexer::advance() {
  // Spaces, comments, and line ends that mean nothing.
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '#') {
      while (position_ < text_.size() && text_[position_] != '\n') ++position_;
    } else if (c == '\n' && depth_ > 0) {
      ++line_;
      lineStart_ = ++position_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++position_;
    } else {
      break;
    }
  }
  token_ = {.kind = TokenKind::end, .text = {}, .line = line_, .column = position_ - lineStart_ + 1};
  if (position_ == text_.size()) return;
  const std::size_t first = position_;
  const char c = text_[position_++];
  if (c == '\n' || c == ';') {
    token_.kind = TokenKind::lineEnd;
    if (c == '\n') {
      ++line_;
      lineStart_ = position_;
    }
  } else if (startsWord(c)) {
    token_.kind = TokenKind::word;
    while (position_ < text_.size() && inWord(text_[position_])) ++position_;
  } else if (isDigit(c) || c == '-' || c == '+' || c == '.') {
    token_.kind = TokenKind::number;
    while (position_ < text_.size() && inNumber(text_[position_])) ++position_;
  } else if (c == '"') {
    token_.kind = TokenKind::quoted;
    while (position_ < text_.size() && text_[position_] != '"' && text_[position_] != '\n')
      position_ += text_[position_] == '\\' && position_ + 1 < text_.size() ? 2 : 1;
    if (position_ >= text_.size() || text_[position_] != '"')
      return fail("a quoted name does not end on its line");
    token_.text = text_.substr(first + 1, position_ - first - 1);
    ++position_;
    return;
  } else if (std::string_view("=,[]{}").find(c) != std::string_view::npos) {
    token_.kind = TokenKind::mark;
    if (c == '[' || c == '{') ++depth_;
    if ((c == ']' || c == '}') && --depth_ < 0) return fail(std::string("'") + c + "' closes nothing");
  } else {
    return fail("a character that means nothing here (code " + std::to_string(static_cast<unsigned char>(c)) +
                ")");
  }
  token_.text = text_.substr(first, position_ - first);
}

Result<std::string> unescape(std::string_view quoted) {
  std::string out;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      out += quoted[i];
      continue;
    }
    const char c = ++i < quoted.size() ? quoted[i] : '\0';
    if (c == '"' || c == '\\') {
      out += c;
    } else if (c == 'n') {
      out += '\n';
    } else if (c == 't') {
      out += '\t';
    } else if (c == 'x' && i + 2 < quoted.size() && hexDigit(quoted[i + 1]) >= 0 &&
               hexDigit(quoted[i + 2]) >= 0) {
      out += static_cast<char>(hexDigit(quoted[i + 1]) * 16 + hexDigit(quoted[i + 2]));
      i += 2;
    } else {
      return badInput("an unknown escape in a quoted name; known are \\\" \\\\ \\n \\t \\xHH");
    }
  }
  return out;
}

}  // namespace sluice::ir
