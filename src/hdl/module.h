#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "fixed/interval.h"

/// The hardware tree: a module is a list of typed signals, each the output of one small operation, plus
/// memories and instances of other modules. One clock, synchronous reset. It is the only form of hardware in
/// Sluice: it is simplified, printed as Verilog, counted, and stepped cycle by cycle, always the same tree.
///
/// Numbers and bits. A signal of at most 64 bits with a known interval is a *number*: arithmetic takes
/// numbers and gives numbers, and the width of a result follows from its interval (add of [0,7] and [-3,3] is
/// [-3,10]: 5 signed bits). Wider signals are *bits*: beats of many elements, made by concat and taken apart
/// by slice; only structural operations (slice, concat, mux, register, memory word, port) take them. So no
/// width is ever chosen by hand and no sum ever wraps unless `wrap` says so. A number's width may exceed what
/// its interval needs (wrap widens, ports have given formats), never fall below it; unsigned numbers have at
/// most 63 bits, so that all numbers are int64. A plain signal of one bit is also the number [0, 1].
///
/// Promises. The interval of an input port, of a slice read as a number and of a memory word is promised by
/// whoever wrote it there; everything else is proven from those. While a promise is broken (in the first
/// cycles, by a register without reset that still holds its power-up value) results are wrong modulo their
/// widths, as in hardware.
///
/// Power-up: registers without reset and memories start at 0 in the evaluator and in Verilator; in Icarus
/// they are x.
namespace sluice::hdl {

struct SignalTag;
struct MemoryTag;
struct InstanceTag;
using Signal = Id<SignalTag>;
using MemoryId = Id<MemoryTag>;
using InstanceId = Id<InstanceTag>;

enum class Op : std::uint8_t {
  input,     ///< module port
  constant,  ///< `words` holds the value, 64 bits each, lowest first
  // structural, any width
  slice,           ///< bits [attribute, attribute + width) of a
  concat,          ///< inputs from the lowest bits upwards
  mux,             ///< a ? b : c          a: 1 bit
  reg,             ///< next value a; optional enable b (1 bit); reset value if hasReset
  memoryRead,      ///< word at address a of memory `attribute`; asynchronous, or see Memory::synchronousRead
  instanceOutput,  ///< output `port` of instance `attribute`
  // numbers
  add,
  subtract,
  multiply,
  negate,
  shiftLeft,   ///< a * 2^attribute
  shiftRight,  ///< floor(a / 2^attribute)
  wrap,        ///< a modulo 2^width, read as the signal's format; also re-reads bits as a number and widens
  clamp,       ///< a, brought into the signal's interval
  equal,
  notEqual,
  less,
  lessEqual,  ///< of numbers, any formats: mathematical comparison; 1 bit
  // bits of at most 64
  bitNot,
  bitAnd,
  bitOr,
  bitXor,  ///< equal widths
  reduceOr,
  reduceAnd,
  reduceXor,  ///< any width to 1 bit
};

/// How a multiplication or a memory is built; `automatic` is decided before printing, by the cost rules.
enum class Style : std::uint8_t { automatic, logic, dsp, registers, shiftRegister, lutRam, blockRam };

struct Node {
  Op op = Op::constant;
  std::uint32_t width = 1;  ///< bits
  bool isSigned = false;
  std::optional<fixed::Interval> range;  ///< a number's proven interval; absent for plain bits
  std::vector<Signal> inputs;
  std::uint64_t attribute = 0;       ///< see Op
  std::uint32_t port = 0;            ///< instanceOutput: which
  std::vector<std::uint64_t> words;  ///< constant: value; reg: reset value
  bool hasReset = false;             ///< reg
  Style style = Style::automatic;    ///< multiply
  std::string name;                  ///< a hint for the printed name; may be empty

  [[nodiscard]] bool isNumber() const { return range.has_value(); }
  [[nodiscard]] fixed::IntegerFormat format() const { return {.bits = width, .isSigned = isSigned}; }
};

/// Words of `width` bits. A ROM has contents and no write port. A shift register (style shiftRegister) has
/// the write port only as "shift in": word 0 is the newest; its read address counts from the newest.
struct Memory {
  std::string name;
  std::uint32_t width = 1;
  std::uint32_t words = 1;
  Style style = Style::automatic;  ///< registers, shiftRegister, lutRam, blockRam, logic (ROM in LUTs)
  bool synchronousRead = false;    ///< the word read at address a appears one cycle later
  std::vector<std::vector<std::uint64_t>>
      contents;                ///< ROM: per word, 64 bits each, lowest first; else empty
  bool neverCollides = false;  ///< promised: no word is read in the cycle in which it is written
  Signal writeEnable, writeAddress, writeData;  ///< none for a ROM; shiftRegister has no writeAddress.
                                                ///< a read in the cycle of a write sees the old word
};

struct Port {
  std::string name;
  Signal signal;  ///< inputs: an `input` node; outputs: what is driven
};

struct Module;
struct Instance {
  std::string name;
  std::shared_ptr<const Module> module;
  std::vector<Signal> inputs;  ///< in the order of the module's inputs
};

/// `clk` and `rst` are implied and connected everywhere.
struct Module {
  std::string name;
  std::vector<Node> nodes;  ///< any order of definition; combinational cycles are refused by check
  std::vector<Memory> memories;
  std::vector<Instance> instances;
  std::vector<Port> inputs, outputs;

  [[nodiscard]] const Node& node(Signal s) const { return nodes[s.index]; }
};

/// A name that Verilog-2001 and SystemVerilog take as an identifier and Verilator as a C++ name: letters,
/// digits and single underscores, no keyword, neither `clk` nor `rst`.
bool legalName(std::string_view name);

/// Of each output (outer), the positions of the inputs it depends on without a register in between, in order.
std::vector<std::vector<std::uint32_t>> combinationalInputs(const Module& module);

/// Widths, ranges, arities, no combinational cycle, ports unique and legal names. Errors: badInput naming the
/// signal.
Status check(const Module& module);

}  // namespace sluice::hdl
