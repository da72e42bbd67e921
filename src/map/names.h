#pragma once

#include <set>
#include <string>
#include <string_view>

/// Names of the model file made into Verilog identifiers, each used once.
namespace sluice::map {

/// Letters, digits and underscores, not starting with a digit, not a keyword of Verilog: "inp.1" gives "inp_1",
/// "70" gives "t70", "reg" gives "reg_".
std::string identifier(std::string_view name);

class NamePool {
 public:
  /// identifier(name), with _2, _3 ... behind it if that is taken.
  std::string take(std::string_view name);

 private:
  std::set<std::string> taken_;
};

}  // namespace sluice::map
