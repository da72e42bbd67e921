#pragma once

#include <set>
#include <string>
#include <string_view>

/// Names of the model file made into Verilog identifiers, each used once.
namespace sluice::map {

/// What hdl takes as a name, also with words put before and behind it by underscores: letters, digits and single
/// underscores between them, no keyword. "inp.1" gives "inp_1", "70" gives "t70", "reg" gives "t_reg".
std::string identifier(std::string_view name);

class NamePool {
 public:
  /// identifier(name), with _2, _3 ... behind it if that is taken.
  std::string take(std::string_view name);

 private:
  std::set<std::string> taken_;
};

}  // namespace sluice::map
