#pragma once

#include <bit>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "hdl/module.h"

/// Private to the Verilog printer: the names of a module's signals, and expressions over them.
///
/// Every expression is printed with an exact width as an unsigned vector; sign extension is written out. So
/// no tool has a width to guess or to warn about, and the text says what the tree says.
namespace sluice::hdl {

/// Bits of an index into so many words; the tools want exactly this many.
constexpr std::uint32_t addressBits(std::uint32_t words) {
  return words <= 2 ? 1 : static_cast<std::uint32_t>(std::bit_width(words - 1));
}

class VerilogNames {
 public:
  explicit VerilogNames(const Module& module);

  const Module& module;
  std::vector<Signal> order;               ///< liveOrder
  std::vector<std::string> signal;         ///< per node; empty if it is printed inside its reader
  std::vector<std::string> memory;         ///< per memory; empty if nothing reads it
  std::vector<std::vector<Signal>> reads;  ///< per memory: its live reads
  std::vector<std::uint32_t> uses;         ///< per node: places that print it

  std::vector<bool> kept;  ///< per node: a sum that synthesis must not merge into a reading sum

  [[nodiscard]] bool live(Signal s) const { return live_[s.index]; }
  /// A name not yet taken in this module.
  std::string fresh(const std::string& wish);

 private:
  std::vector<bool> live_;
  std::set<std::string> taken_;
  std::map<std::string, std::uint32_t> copies_;  // of a wished name: how many are taken
};

class VerilogExpressions {
 public:
  explicit VerilogExpressions(const VerilogNames& names);

  /// Bits [lsb, lsb + width) of a signal that is extended by its sign or by zeros.
  std::string bits(Signal s, std::uint32_t lsb, std::uint32_t width);
  std::string bits(Signal s, std::uint32_t width) { return bits(s, 0, width); }
  /// What drives the signal: the right side of its assign, of the signal's width.
  std::string driver(Signal s);
  /// A memory index: exactly the bits that the tools want.
  std::string address(Signal s, const Memory& memory);
  /// Named signals of which some bits are read nowhere: "x[3:1]", in order.
  [[nodiscard]] std::vector<std::string> unusedBits() const;

 private:
  std::string existing(Signal s, std::uint32_t lsb, std::uint32_t width);
  std::string operand(Signal s, std::uint32_t width, bool isSigned);
  std::string comparison(Signal a, Signal b, const char* symbol);
  std::string clamp(const Node& n);
  std::string multiply(const Node& n);

  const VerilogNames& names_;
  const Module& m_;
  std::vector<std::vector<bool>> used_;  // per node, per bit
};

/// "8'd200", "100'h3_..." and, as a signed literal, "-8'sd3".
std::string verilogConstant(const std::vector<std::uint64_t>& words, std::uint32_t lsb, std::uint32_t width);
std::string verilogConstant(std::int64_t value, std::uint32_t width);
std::string signedConstant(std::int64_t value, std::uint32_t width);

}  // namespace sluice::hdl
