#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fixed/exact.h"
#include "fixed/exact_bounds.h"
#include "fixed/exact_precise.h"
#include "fixed/overflow.h"
#include "ir/graph.h"
#include "passes/levels.h"

/// ElementFunction: what happens to one element between an exact integer and the next quantizer.
///
///   acc (codes) -> * scale -> batch norm -> relu -> quantize -> code
///
/// seen from its two ends, is a function from an integer to an integer, one per channel, however many real
/// numbers lie between. This file writes such a chain down as a short list of steps and answers, for a
/// channel c and a code x, which code comes out: first in doubles with known error (fixed::Bounds), and where
/// these cannot tell, exactly (fixed::Exact), and where there are two unrelated roots or a sigmoid, to 320
/// bits (fixed::Precise). No step is ever rounded to the nearest float32, as a framework would do: the
/// meaning of the chain is its mathematical value.
///
/// A chain may be a tree (x * sigmoid(x)), with constants that are computed themselves (1 / sqrt(v)), as long
/// as all that varies is one tensor of codes, or two of the same shape (then it can become a table of pairs).
/// Constants may differ from channel to channel or from element to element. It does not hold matrix products,
/// moves of elements and softmax.
namespace sluice::passes {

enum class StepKind : std::uint8_t {
  variable,  ///< x - zeroPoint, an integer; `data` says of which source
  constant,  ///< one of `constants`
  pi,
  add,
  subtract,
  multiply,
  divide,
  power,  ///< a to the power of the constant double `number`
  squareRoot,
  relu,
  sigmoid,
  tanh,
  negate,
  exponential,
  logarithm,
  errorFunction,
  sign,      ///< -1, 0, 1
  round,     ///< to a whole number; `data` is the fixed::Rounding
  above,     ///< a where a > `number`, else 0
  from,      ///< a where a >= `number`, else 0
  quantize,  ///< the code; the last step
  bipolar,   ///< +1 where a >= 0, else -1; the last step
  level,     ///< which of `levels` a is rounded to, counted from 0; the last step
};

struct Step {
  StepKind kind = StepKind::variable;
  std::uint32_t a = 0, b = 0;  ///< earlier steps
  std::uint32_t data = 0;      ///< constant: index into `constants`
  double number = 1;
  bool varies = false;  ///< depends on a variable
};

/// What the last step does to a number that has been divided by the scale, the zero point added.
struct QuantizerStep {
  fixed::Interval range;
  fixed::Rounding rounding = fixed::Rounding::halfEven;
  fixed::Overflow overflow = fixed::Overflow::saturate;  ///< never saturateSymmetric: that is a range
  std::vector<fixed::Interval> ranges{};                 ///< empty: `range` for all channels
  std::int64_t zero = 0;                                 ///< the code that saturateToZero gives
  std::vector<std::int64_t> subtract{};                  ///< taken off the code at the end; empty: nothing

  [[nodiscard]] fixed::Interval rangeOf(std::int64_t channel) const {
    return ranges.empty() ? range : ranges[static_cast<std::size_t>(channel) % ranges.size()];
  }
  /// Whether it is a plain clamp to one range, all that thresholds and rescales can do.
  [[nodiscard]] bool isClamp() const {
    return overflow == fixed::Overflow::saturate && ranges.empty() && subtract.empty();
  }
};

struct ElementFunction {
  std::vector<Step> steps;  ///< the last is the quantize, bipolar or level that ends the chain
  /// Each has one element, one per channel or one per element of the tensor: element i takes [i % size].
  std::vector<std::shared_ptr<const std::vector<double>>> constants;
  QuantizerStep quantizer;           ///< of the last step, if that is quantize
  Levels levels;                     ///< of the last step, if that is level
  std::int64_t channels = 1;         ///< functions there are: 1, one per channel, or one per element
  std::int64_t zeroPoint = 0;        ///< of x
  ir::TensorId source;               ///< the codes tensor x, in the graph it was read from; may be none
  ir::TensorId second;               ///< the other one, if there are two
  std::int64_t secondZeroPoint = 0;  ///< of that
  std::vector<double> scale{1};      ///< of the codes that come out, and their zero point
  std::int64_t outputZeroPoint = 0;
  std::vector<std::string> origins;  ///< model nodes along the chain
};

/// The function that a quantizer node ends. Its source is the one codes tensor it depends on.
///
/// Errors  unsupported: a real input of the graph (a prologue) or a third tensor of codes takes part, a step
///         is not element-wise; the message names the node.
Result<ElementFunction> elementFunction(const ir::Graph& graph, const ir::Node& quantizer);

/// How a function of x runs, as far as the kinds of its steps prove it.
enum class Direction : std::uint8_t {
  constant,  ///< same code for every x
  rising,    ///< never falls
  falling,   ///< never rises
  unknown,   ///< not proven to be any of these
};

/// Evaluates one channel after another. Not shared between threads.
class Evaluator {
 public:
  explicit Evaluator(const ElementFunction& function);

  void setChannel(std::int64_t channel);

  /// The code (of a level: its number) for x - zeroPoint = `x` (and that of the second source); none where neither of the three kinds
  /// of numbers can decide (see exact.h).
  std::optional<std::int64_t> code(std::int64_t x, std::int64_t second = 0);
  /// Of the chain before any wrapping of the quantizer.
  [[nodiscard]] Direction direction();

  /// The number that code() rounded last, value / scale + zeroPoint, as a double. For guesses only.
  [[nodiscard]] double approximate() const;
  /// Whether doubles held that number exactly. False for both ends of the range of x: not a dyadic chain.
  [[nodiscard]] bool wasPoint() const { return bounds_[function_.steps.back().a].isPoint(); }

  /// If the channel is clamp(round(slope * x + offset), low, high) of the code x itself (its zero point is in the
  /// offset) with exact slope and offset: these. That
  /// is so when nothing but sums, products with constants and relu stand before the quantizer.
  struct Affine {
    fixed::Exact slope, offset;
    fixed::Interval clamp;
    fixed::Rounding rounding = fixed::Rounding::halfEven;
  };
  std::optional<Affine> affine();

  /// Zero point of x.
  [[nodiscard]] std::int64_t zeroPoint() const { return function_.zeroPoint; }

  /// How many codes needed big numbers so far.
  [[nodiscard]] std::uint64_t exactDecisions() const { return exactDecisions_; }

 private:
  struct Point {
    std::int64_t x = 0, second = 0;
  };
  template <typename Number>
  Number valueOf(const Step& step, const std::vector<Number>& values, Point at) const;
  template <typename Number>
  std::optional<std::int64_t> lastCode(const std::vector<Number>& values) const;
  template <typename Number>
  std::optional<std::int64_t> run(std::vector<Number>& values, bool& ready, Point at);
  /// Sign of a step that does not vary.
  std::optional<int> constantSign(std::uint32_t step);

  const ElementFunction& function_;
  std::vector<std::uint32_t> varying_;  ///< steps that depend on x, but for the last
  std::int64_t channel_ = 0;
  std::vector<fixed::Bounds> bounds_;
  std::vector<fixed::Exact> exact_;
  std::vector<fixed::Precise> precise_;
  bool exactReady_ = false, preciseReady_ = false;
  std::uint64_t exactDecisions_ = 0;
};

}  // namespace sluice::passes
