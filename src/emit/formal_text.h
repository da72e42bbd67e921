#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emit/formal.h"

/// Inside of emit: the text of a harness, piece by piece.
namespace sluice::emit {

/// "[7:0] " or, of one bit, "".
std::string vectorOf(std::uint32_t width);

/// The width of the register `name` in printed Verilog; nothing if there is none.
std::optional<std::uint32_t> registerWidth(const std::string& printed, const std::string& name);

/// The name of the first word before `marker` on its line: "n26" of "    n26 <= places[" and marker " <= places[".
std::optional<std::string> wordBefore(const std::string& printed, const std::string& marker);

class FormalText {
 public:
  /// An input of `proof`: free in every cycle.
  void input(std::uint32_t width, const std::string& name);
  void line(const std::string& text) { body_ += "  " + text + "\n"; }
  /// Holds in every cycle after reset.
  void assume(const std::string& expression);
  void claim(const std::string& name, const std::string& expression, const std::string& says);
  /// Something about registers inside; holds in every cycle after reset.
  void lemma(const std::string& expression) { lemmas_ += "    assert (" + expression + ");\n"; }
  /// Ghost state that only lemmas need: not there without LEMMAS.
  void lemmaLine(const std::string& text) { wires_ += "  " + text + "\n"; }
  /// A register or wire inside instance `dut` of the name, as a wire of the harness. Returns what to write for it.
  std::string inside(const std::string& name, std::uint32_t width, bool isSigned = false);

  /// The module; resets in the first cycle and never again.
  FormalModule finish(std::uint32_t steps) &&;

 private:
  std::string ports_, body_, assumptions_, assertions_, wires_, lemmas_;
  std::vector<std::string> seen_;
  std::vector<Claim> claims_;
};

}  // namespace sluice::emit
