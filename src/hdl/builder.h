#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hdl/module.h"

/// Builder: writes a Module expression by expression. Widths and intervals are inferred; equal expressions
/// are shared (hash consing) and constants folded as they are written.
///
///   Builder b("saturating_sum");
///   Signal x = b.input("x", {.bits = 8, .isSigned = true});
///   Signal y = b.input("y", {.bits = 8, .isSigned = true});
///   b.output("z", b.reg(b.clamp(b.add(x, y), {-128, 127})));
///   Module m = std::move(b).build();
namespace sluice::hdl {

class Builder {
 public:
  explicit Builder(std::string name);

  // ports
  Signal input(std::string name, fixed::IntegerFormat format);  ///< a number over the whole format
  Signal input(std::string name, fixed::Interval range);        ///< a number known to stay in `range`
  Signal inputBits(std::string name, std::uint32_t width);      ///< plain bits, any width
  void output(std::string name, Signal signal);

  // constants
  Signal constant(std::int64_t value);  ///< range [value, value]
  Signal constantBits(std::uint32_t width,
                      std::vector<std::uint64_t> words);  ///< words: 64 bits each, lowest first
  Signal constantBits(std::uint32_t width, std::uint64_t value);
  Signal flag(bool value);  ///< 1 bit

  // structure
  Signal slice(Signal a, std::uint32_t lsb, std::uint32_t width);  ///< bits
  /// Bits [lsb, lsb + width of formatFor(range)) read as a number that is promised to lie in `range`.
  Signal sliceNumber(Signal a, std::uint32_t lsb, fixed::Interval range);
  Signal element(Signal beat, std::uint32_t index, fixed::Interval range);  ///< slice index*bits as a number
  Signal concat(std::span<const Signal> fromLowest);                        ///< bits
  Signal mux(Signal condition, Signal ifTrue,
             Signal ifFalse);  ///< numbers: range is the join; bits: equal widths
  /// One of `choices` by a number `index` (0-based, all in range): a balanced tree of muxes.
  Signal select(Signal index, std::span<const Signal> choices);

  // registers. A register without reset holds anything until written; one with a constant input is that
  // constant.
  Signal reg(Signal next, std::string_view name = {});
  Signal regEnabled(Signal next, Signal enable, std::string_view name = {});
  Signal regReset(Signal next, std::int64_t resetValue, std::string_view name = {});
  /// A register whose next value is given later (feedback): declare its interval, then drive it once.
  Signal regDeclare(fixed::Interval range, std::optional<std::int64_t> resetValue,
                    std::string_view name = {});
  Signal regDeclareBits(std::uint32_t width, std::string_view name = {});
  void regDrive(Signal reg, Signal next, Signal enable = {});  ///< next's range must lie in the declared one
  Signal delay(Signal a, std::uint32_t cycles);                ///< a chain of plain registers (shared)

  // numbers
  Signal add(Signal a, Signal b);
  Signal subtract(Signal a, Signal b);
  Signal multiply(Signal a, Signal b, Style style = Style::automatic);
  Signal negate(Signal a);
  Signal shiftLeft(Signal a, std::uint32_t bits);
  Signal shiftRight(Signal a, std::uint32_t bits);
  Signal clamp(Signal a, fixed::Interval range);
  Signal wrap(Signal a, fixed::IntegerFormat format);  ///< also of bits (at most 64), read as unsigned
  /// The same number, promised to lie in `range` (an argument from outside the tree: say why at the call).
  Signal assume(Signal a, fixed::Interval range);
  Signal equal(Signal a, Signal b);
  Signal notEqual(Signal a, Signal b);
  Signal less(Signal a, Signal b);
  Signal lessEqual(Signal a, Signal b);
  Signal sum(std::span<const Signal> terms);  ///< a balanced tree of adders

  // bits, equal widths, at most 64; numbers are taken as their bits. One bit is a number as well.
  Signal bitNot(Signal a);
  Signal bitAnd(Signal a, Signal b);
  Signal bitOr(Signal a, Signal b);
  Signal bitXor(Signal a, Signal b);
  Signal reduceOr(Signal a);
  Signal reduceAnd(Signal a);
  Signal reduceXor(Signal a);

  // memories
  MemoryId rom(std::string name, std::uint32_t width, std::vector<std::vector<std::uint64_t>> contents,
               Style style, bool synchronousRead);
  MemoryId ram(std::string name, std::uint32_t width, std::uint32_t words, Style style, bool synchronousRead);
  void write(MemoryId memory, Signal enable, Signal address,
             Signal data);  ///< once; no address for shift registers
  /// Bits. The address is a number inside [0, words); each different address signal is a read port.
  Signal read(MemoryId memory, Signal address);
  /// Promises that no word is read in the cycle in which it is written. Block RAM that does not know needs a
  /// bypass on some devices: on ECP5 83 flip-flops and 66 LUTs beside one DP16KD of 512 x 36 (Yosys 0.70).
  void neverCollides(MemoryId memory) { module_.memories[memory.index].neverCollides = true; }
  Signal readNumber(MemoryId memory, Signal address, fixed::Interval range);  ///< one number per word

  // instances
  InstanceId instance(std::string name, std::shared_ptr<const Module> module);
  void connect(InstanceId instance, std::string_view inputPort, Signal signal);
  Signal instanceOutput(InstanceId instance, std::string_view outputPort);

  // looking
  [[nodiscard]] const Node& node(Signal s) const { return module_.nodes[s.index]; }
  [[nodiscard]] std::uint32_t width(Signal s) const { return node(s).width; }
  [[nodiscard]] fixed::Interval range(Signal s) const;  ///< of a number
  void nameHint(Signal s, std::string_view name);

  /// The finished module; every declared register is driven and every instance input connected (checked).
  Module build() &&;

 private:
  friend class Simplifier;
  struct State;
  Signal share(Node node);  // the equal node that exists, or a new one
  Signal append(Node node);
  Signal bitsNode(Op op, std::uint32_t width, std::vector<Signal> inputs, std::uint64_t attribute = 0);
  Signal numberNode(Node node);  // range and width from the inputs
  Signal compare(Op op, Signal a, Signal b);
  Signal bitwise(Op op, Signal a, Signal b);
  Signal reduce(Op op, Signal a);
  Signal sliceRead(Signal a, std::uint32_t lsb, std::uint32_t width, std::optional<fixed::Interval> range);
  Signal asBits(Signal a);
  Signal fitTo(Signal a, const Node& target, const char* what);
  Signal registerNode(Signal next, Signal enable, std::optional<std::int64_t> resetValue,
                      std::string_view name);
  Signal multiplyByConstant(Signal a, std::int64_t factor);
  Signal multiplyTable(Signal a, Signal b);
  Signal multiplyRows(Signal a, Signal b);
  [[nodiscard]] std::optional<std::int64_t> constantNumber(Signal a) const;
  [[nodiscard]] const std::vector<std::uint64_t>* constantWords(Signal a) const;

  Module module_;
  std::shared_ptr<State> state_;  // hash-consing tables
};

}  // namespace sluice::hdl
