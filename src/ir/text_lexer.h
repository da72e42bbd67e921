#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

/// Inside of parse (text.h): the tokens of the text form.
namespace sluice::ir {

enum class TokenKind : std::uint8_t { word, quoted, number, mark, lineEnd, end };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string_view text;  ///< as written, without quotes; of a mark its one character
  std::size_t line = 1, column = 1;
};

/// One token ahead. Line ends within brackets and comments are skipped; ';' counts as a line end.
class Lexer {
 public:
  Lexer(std::string_view text, std::string_view file) : text_(text), file_(file) { (void)advance(); }

  [[nodiscard]] const Token& peek() const { return token_; }
  [[nodiscard]] bool isMark(char mark) const {
    return token_.kind == TokenKind::mark && token_.text[0] == mark;
  }
  [[nodiscard]] bool isWord(std::string_view word) const {
    return token_.kind == TokenKind::word && token_.text == word;
  }
  [[nodiscard]] bool atStatementEnd() const {
    return token_.kind == TokenKind::lineEnd || token_.kind == TokenKind::end;
  }
  /// The token, and on to the next.
  Token take() {
    const Token token = token_;
    advance();
    return token;
  }
  /// What the lexer itself could not read. The parser asks once per statement.
  [[nodiscard]] const Status& status() const { return status_; }
  /// badInput at a place: where = "file:line:column".
  [[nodiscard]] Error errorAt(const Token& token, std::string message) const;

 private:
  void advance();
  void fail(std::string message);

  std::string_view text_, file_;
  std::size_t position_ = 0, line_ = 1, lineStart_ = 0;
  int depth_ = 0;
  Token token_;
  Status status_;
};

/// The name that a quoted token stands for.
Result<std::string> unescape(std::string_view quoted);

}  // namespace sluice::ir
