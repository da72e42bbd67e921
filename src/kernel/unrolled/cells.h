#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "fixed/interval.h"
#include "fixed/overflow.h"
#include "fixed/rounding.h"
#include "kernel/unrolled/adder_graph.h"

/// Cells: an unrolled network as single numbers, before it has a clock.
///
/// Unrolled, every element of every tensor is a wire of its own, with its own interval. A cell computes one
/// such number from others by one small operation (an addition, a comparison with a constant, a table, ...).
/// Between cells numbers pass as *scalars*:
///
///     scalar = sign * (cell << shift) + offset
///
/// so that a shift, a negation and a bias are not hardware but bookkeeping, which most readers absorb for
/// nothing: a threshold moves (x + 5 >= 7 is x >= 2; -x >= 7 is not x >= -6), a table is written for the
/// cell's own codes, the next matrix takes sign and shift into its weights and the offset into its bias. Only
/// where a number leaves the pipeline is the scalar made whole.
///
/// Equal cells are one cell. Ranges are exact where the operation allows it, and always proven.
namespace sluice::kernel {

using CellId = std::uint32_t;
constexpr CellId kNoCell = 0xffffffffu;

struct Cell {
  enum class Kind : std::uint8_t {
    input,       ///< element `element` of read port `port`
    constant,    ///< `value`; only where a mux needs one
    add,         ///< signA * (a << shiftA) + signB * (b << shiftB); without b: signA * (a << shiftA) + value
    floorShift,  ///< a >> shiftA, to minus infinity
    evenShift,   ///< a >> shiftA, the lowest bit cleared where the bits shifted out are all 0 (see rescale)
    atLeast,     ///< 1 where a >= value
    notLess,     ///< 1 where a >= b
    select,      ///< condition ? a : b
    clamp,       ///< a brought into [value, value2]
    wrap,        ///< the lowest shiftA bits of a, as a two's complement number where signA is negative
    table,       ///< entries[a - lowest code of a]
    join,        ///< the raw bits of a, and above them those of b: the address of a table of two numbers
    addMultiple,  ///< a + signB * (digit * b << shiftB), or without a; digit: `value` (1 or 2) bits of condition from shiftA
    ///< on; with two of them `triple` is 3 b
    bits,  ///< bit k is the XOR of the one-bit cells bitSources[k], inverted where bitInverted[k]
  };
  Kind kind = Kind::constant;
  CellId a = kNoCell, b = kNoCell, condition = kNoCell, triple = kNoCell;
  std::uint32_t shiftA = 0, shiftB = 0;
  std::int32_t signA = 1, signB = 1;
  std::int64_t value = 0, value2 = 0;
  std::uint32_t port = 0, element = 0;
  std::vector<std::int64_t> entries;
  std::vector<std::vector<CellId>> bitSources;
  std::vector<bool> bitInverted;
  fixed::Interval range;
  std::uint32_t levels = 1;  ///< of logic, in units of one adder

  bool operator==(const Cell&) const = default;
};

/// sign * (cell << shift) + offset, or just the offset.
struct Scalar {
  CellId cell = kNoCell;
  std::uint32_t shift = 0;
  std::int32_t sign = 1;
  std::int64_t offset = 0;

  [[nodiscard]] bool isConstant() const { return cell == kNoCell; }
};

using Scalars = std::vector<Scalar>;

/// Cells in topological order; ids are positions.
class CellList {
 public:
  [[nodiscard]] const Cell& operator[](CellId id) const { return cells_[id]; }
  [[nodiscard]] CellId size() const { return static_cast<CellId>(cells_.size()); }

  /// The cell, or the equal one that is there. `range` must be proven by the caller.
  CellId put(Cell cell);

  /// One operation of an adder graph whose node n is the cell cellOf[n].
  CellId sum(const AdderGraph::Op& op, const std::vector<CellId>& cellOf);

  CellId input(std::uint32_t port, std::uint32_t element, fixed::Interval range);
  CellId constant(std::int64_t value);
  [[nodiscard]] fixed::Interval range(const Scalar& x) const;

  // Scalars to scalars. Each folds what it can.
  /// base + direction * (number of thresholds t with x >= t); direction is 1 or -1.
  Scalar count(const Scalar& x, const std::vector<std::int64_t>& thresholds, std::int64_t base,
               std::int32_t direction);
  /// f(x), by a table over every code that x's cell can take: at most 2^16 (canTabulate).
  Scalar tabulate(const Scalar& x, const std::function<std::int64_t(std::int64_t)>& f);
  [[nodiscard]] bool canTabulate(const Scalar& x) const;
  /// x, and what bounds it; where x is a clamp of a number narrow enough for one table, that number.
  [[nodiscard]] std::pair<Scalar, fixed::Interval> beforeClamp(const Scalar& x) const;
  /// clamp((factor * x + addend) >> shift, to); >> to minus infinity, or to nearest with ties to even. The
  /// latter costs no second adder: with w = v + half, v >> shift rounds half up, which is right but for ties
  /// (where the bits that w loses are all 0) on an odd result, and those become right by clearing the lowest
  /// bit.
  Scalar rescale(const Scalar& x, std::int64_t factor, std::int64_t addend, std::uint32_t shift,
                 bool tieToEven, fixed::Interval to);
  /// fit(round(x / 2^shift), to); shift < 0: a left shift. Nothing where some value would need a kind of rounding or of
  /// overflow that has no cells: there only what fits a small table is done.
  std::optional<Scalar> requantize(const Scalar& x, std::int64_t shift, fixed::Rounding rounding,
                                   fixed::Overflow overflow, fixed::Interval to);
  /// The sum, as a tree that adds what is there first first.
  Scalar sum(std::vector<Scalar> terms);
  /// One bit: a >= b.
  CellId notLess(CellId a, CellId b);
  CellId select(CellId condition, CellId a, CellId b);
  /// a >> lowest, to minus infinity: wires.
  CellId bitsFrom(CellId a, std::uint32_t lowest);
  /// The bits [lowest, lowest + count) of a number, as one that is not negative: wires.
  CellId bitsOf(CellId a, std::uint32_t lowest, std::uint32_t count);
  /// The larger of two, or the smaller: a comparison and a choice. What is known of differences to it is kept for sum().
  CellId extreme(bool largest, CellId a, CellId b);
  /// The least sum of terms that are tables over the distances of a row's elements to the row's largest: one of those distances
  /// is 0, which the terms' own ranges cannot tell.
  [[nodiscard]] std::int64_t leastSumOfRow(const Scalars& terms) const;
  /// choices[index], by the bits of the index; an index beyond the last is the last.
  CellId choose(CellId index, std::vector<CellId> choices);
  /// x * y: a table where both are narrow, else sums of multiples of the wider factor by digits of the narrower. (products.cpp)
  Scalar multiply(const Scalar& x, const Scalar& y);
  /// Numbers that add up to the product of two; several where that leaves more to the sum they go into.
  std::vector<Scalar> products(const Scalar& x, const Scalar& y);
  /// factor * x: shifts and shared adders.
  Scalar times(const Scalar& x, std::int64_t factor);
  /// f(x, y) for every pair of codes of both cells; at most 2^16 of them (canTabulate).
  Scalar tabulate(const Scalar& x, const Scalar& y,
                  const std::function<std::int64_t(std::int64_t, std::int64_t)>& f);
  [[nodiscard]] bool canTabulate(const Scalar& x, const Scalar& y) const;
  /// A cell that is the scalar itself: adds offset and sign where they are not nothing.
  CellId whole(const Scalar& x);
  /// The same number, known to lie in `proven` as well: a wire.
  Scalar within(const Scalar& x, fixed::Interval proven);
  /// Levels of logic up to the cell's result; inputs arrive at 0.
  [[nodiscard]] std::uint32_t arrival(CellId id) const { return arrival_[id]; }
  /// The cell as a scalar; a constant cell as its value.
  [[nodiscard]] Scalar scalar(CellId id) const;
  /// The cells that a cell reads, constants included.
  [[nodiscard]] static std::vector<CellId> operands(const Cell& cell);

 private:
  CellId atLeast(CellId a, std::int64_t value);
  /// A number as a cell shifted and signed, without offset: what products are made of.
  Scalar withoutOffset(const Scalar& x);
  CellId addMultiple(CellId a, CellId digits, std::uint32_t lowest, std::uint32_t count, CellId b,
                     CellId triple, std::uint32_t shift, bool subtract, fixed::Interval range);
  std::vector<Scalar> productsOf(CellId wide, CellId narrow);
  /// y as a cell and a bit that comes some levels later, where it is their sum.
  [[nodiscard]] std::optional<std::pair<CellId, CellId>> lateBit(const Scalar& y) const;
  Scalar multiplyLate(const Scalar& x, CellId early, CellId bit);
  /// base + direction * (number of steps up to a) for many steps, ascending and all undecided: by lines or a table, where that
  /// is less than a comparison each (staircase.cpp).
  std::optional<Scalar> smoothSteps(CellId a, const std::vector<std::int64_t>& steps, std::int64_t base,
                                    std::int32_t direction);
  /// x modulo the number of codes of `to`, a power of two.
  Scalar wrapped(Scalar x, fixed::Interval to);
  Scalar thermometer(CellId a, bool falling, const std::vector<std::int64_t>& steps, std::int64_t base,
                     std::int32_t direction);
  Scalar multiple(CellId a, std::int64_t factor);

  std::vector<Cell> cells_;
  std::vector<std::uint32_t> arrival_;
  std::map<std::vector<std::int64_t>, CellId> known_;
  std::map<CellId, std::set<CellId>> under_, over_;  ///< what an extreme is not less than, and not more than
};

}  // namespace sluice::kernel
