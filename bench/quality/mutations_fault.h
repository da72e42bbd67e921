#pragma once

#include <optional>
#include <string>

#include "base/rng.h"

/// Faults as a slip of a generator would make them: one line of printed Verilog, changed in one place.
namespace sluice::show {

struct Fault {
  std::string kind;           ///< "operator", "constant", "condition", "assignment", "index"
  std::size_t line = 0;       ///< counted from 1
  std::string before, after;  ///< the line, without indentation
  std::string text;           ///< the whole module with the fault
};

/// A fault of a random kind in a random line of the body: not in ports, declarations, or what only reads bits that
/// nothing else reads. Nothing, if the module has no line that can be changed so.
std::optional<Fault> randomFault(const std::string& verilog, Rng& rng);

}  // namespace sluice::show
