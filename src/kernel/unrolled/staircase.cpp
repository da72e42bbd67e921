#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "kernel/convex.h"
#include "kernel/unrolled/cells.h"

/// Staircases of many steps, exactly, without a comparison for each.
///
/// A row of thresholds that came from rounding a smooth function (1/s of a softmax: 820 steps over 17 bits) is followed by
/// straight lines closely enough that they say which step it is, or the one before:
///
///     guess = (A[high] +- B[high] * low) >> m        high, low: the upper bits of a, and those below without the last few
///     y     = guess + (one comparison of a with step[guess])
///
/// A, B and step are tables. The comparison needs the lowest bits alone, as a is never far from that step. Lines are looked
/// for by counting: for every segment A and B must satisfy an inequality at both ends of every tread, and the smallest form that
/// has such lines everywhere is then tried on every code that a can take, so that what is built is the row itself.
/// Where the steps follow no smooth function there are no such lines, and each step is compared (CellList::count).
///
/// Source   table and linear interpolation: any text on function evaluation (Muller, "Elementary Functions", chapter 4).
///          Ours differs: nothing is approximated, the table of steps puts the guess right.
namespace sluice::kernel {
namespace {

constexpr std::size_t kFewestSteps = 32;
constexpr std::uint32_t kMostBits = 20;       // of a: every code is tried
constexpr std::uint32_t kMostTableBits = 12;  // of a, for a table of y itself
constexpr std::uint32_t kMostHighBits = 9;

/// y = base + direction * (number of steps up to a) over [range.lo, range.hi]; every step lies inside.
struct Staircase {
  fixed::Interval range;
  std::vector<std::int64_t> steps;
  std::int64_t base = 0;
  std::int32_t direction = 1;

  [[nodiscard]] std::int64_t last() const {
    return base + direction * static_cast<std::int64_t>(steps.size());
  }
  [[nodiscard]] std::int64_t least() const { return std::min(base, last()); }
  [[nodiscard]] std::int64_t most() const { return std::max(base, last()); }
  /// The step that decides between guess and guess + 1.
  [[nodiscard]] std::int64_t stepAfter(std::int64_t guess) const {
    return steps[static_cast<std::size_t>(direction > 0 ? guess - base : base - guess - 1)];
  }
};

/// guess = (constant[a >> cut] + direction * slope[a >> cut] * ((a mod 2^cut) >> lost)) >> fraction
struct Lines {
  std::uint32_t cut = 0, lost = 0, fraction = 0;
  std::int64_t first = 0;  ///< the lowest a >> cut
  std::vector<std::int64_t> constant, slope;

  [[nodiscard]] std::int64_t sum(std::int64_t a, std::int32_t direction) const {
    const auto at = static_cast<std::size_t>((a >> cut) - first);
    const std::int64_t low = (a & ((std::int64_t{1} << cut) - 1)) >> lost;
    return constant[at] + direction * slope[at] * low;
  }
};

/// An end of a tread: the sum must lie in [lower, upper] there.
struct Corner {
  std::int64_t low, lower, upper;
};

/// Constants that fit all corners at this slope; the upper end is below the lower where none does.
fixed::Interval constantsAt(const std::vector<Corner>& corners, std::int64_t slope, std::int32_t direction) {
  fixed::Interval fit{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  for (const Corner& c : corners) {
    const std::int64_t rise = direction * slope * c.low;
    fit.lo = std::max(fit.lo, c.lower - rise);
    fit.hi = std::min(fit.hi, c.upper - rise);
  }
  return fit;
}

class LineSearch {
 public:
  explicit LineSearch(const Staircase& stairs) : stairs_(stairs) {}

  /// The cheapest lines, by look-up tables about.
  std::optional<Lines> run() {
    const std::uint32_t bits = fixed::formatFor(stairs_.range).bits;
    std::optional<Lines> best;
    double least = std::numeric_limits<double>::infinity();
    for (std::uint32_t high = 3; high <= std::min(kMostHighBits, bits - 1); ++high) {
      const std::uint32_t cut = bits - high;
      for (std::uint32_t lost = 0; lost < cut; ++lost)
        for (std::uint32_t more = 0; more <= 2; ++more) {
          const double cost = costOf(high, cut - lost, cut - lost + more);
          if (cost >= least) continue;
          if (auto lines = fit(cut, lost, cut - lost + more)) {
            least = cost;
            best = std::move(lines);
          }
        }
    }
    return best;
  }

 private:
  [[nodiscard]] double costOf(std::uint32_t high, std::uint32_t low, std::uint32_t fraction) const {
    const double words = std::exp2(high > 6 ? high - 6 : 0);
    const double y = fixed::formatFor(fixed::Interval{0, stairs_.most() - stairs_.least()}).bits;
    // The slope spans about what a segment rises by.
    const double slope = std::max(1.0, y - high + 3 + fraction - low);
    return words * (y + fraction + slope) + 0.75 * slope * low + low + fraction;
  }

  /// The treads' ends in the segment of the codes [from, to].
  [[nodiscard]] std::vector<Corner> corners(std::int64_t from, std::int64_t to, const Lines& lines) const {
    std::vector<Corner> list;
    const std::int64_t start = (from >> lines.cut) * (std::int64_t{1} << lines.cut);
    auto next = std::upper_bound(stairs_.steps.begin(), stairs_.steps.end(), from);
    for (std::int64_t a = from; a <= to;) {
      const std::int64_t end = next == stairs_.steps.end() ? to : std::min(to, *next - 1);
      const std::int64_t y = stairs_.base + stairs_.direction * (next - stairs_.steps.begin());
      const std::int64_t lower = std::max(y - 1, stairs_.least()), upper = std::min(y, stairs_.most() - 1);
      for (const std::int64_t at : {a, end})
        list.push_back({(at - start) >> lines.lost, lower * (std::int64_t{1} << lines.fraction),
                        (upper + 1) * (std::int64_t{1} << lines.fraction) - 1});
      a = end + 1;
      while (next != stairs_.steps.end() && *next <= a) ++next;
    }
    return list;
  }

  [[nodiscard]] std::optional<Lines> fit(std::uint32_t cut, std::uint32_t lost,
                                         std::uint32_t fraction) const {
    Lines lines{.cut = cut, .lost = lost, .fraction = fraction, .constant = {}, .slope = {}};
    lines.first = stairs_.range.lo >> cut;
    for (std::int64_t high = lines.first; high <= stairs_.range.hi >> cut; ++high) {
      const std::int64_t start = high * (std::int64_t{1} << cut);
      const std::vector<Corner> list =
          corners(std::max(start, stairs_.range.lo),
                  std::min(start + (std::int64_t{1} << cut) - 1, stairs_.range.hi), lines);
      // The room for a constant is concave in the slope.
      const std::int64_t slope = leastOfConvex(0, std::int64_t{4} << fraction, [&](std::int64_t at) {
        const fixed::Interval room = constantsAt(list, at, stairs_.direction);
        return room.lo - room.hi;
      });
      const fixed::Interval fit = constantsAt(list, slope, stairs_.direction);
      if (fit.lo > fit.hi) return std::nullopt;
      lines.slope.push_back(slope);
      lines.constant.push_back(fit.lo + (fit.hi - fit.lo) / 2);
    }
    return lines;
  }

  const Staircase& stairs_;
};

/// What the sums span over all codes, and the bits of the comparison. None: the lines are wrong somewhere.
struct Proof {
  fixed::Interval sums;
  std::uint32_t bits = 1;  ///< a and the step, or the step - 1 and a, differ by less than 2^(bits - 1)
};
std::optional<Proof> tryEveryCode(const Staircase& stairs, const Lines& lines) {
  Proof proof{.sums = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}};
  auto next = stairs.steps.begin();
  for (std::int64_t a = stairs.range.lo; a <= stairs.range.hi; ++a) {
    while (next != stairs.steps.end() && *next <= a) ++next;
    const std::int64_t y = stairs.base + stairs.direction * (next - stairs.steps.begin());
    const std::int64_t sum = lines.sum(a, stairs.direction), guess = sum >> lines.fraction;
    proof.sums = {std::min(proof.sums.lo, sum), std::max(proof.sums.hi, sum)};
    if (guess < stairs.least() || guess >= stairs.most()) return std::nullopt;
    const std::int64_t step = stairs.stepAfter(guess);
    const std::int64_t difference = stairs.direction < 0 ? a - step : step - 1 - a;
    if (guess + (difference < 0 ? 1 : 0) != y) return std::nullopt;
    while (difference >= std::int64_t{1} << (proof.bits - 1) ||
           difference < -(std::int64_t{1} << (proof.bits - 1)))
      ++proof.bits;
  }
  return proof;
}

}  // namespace

std::optional<Scalar> CellList::smoothSteps(CellId a, const std::vector<std::int64_t>& steps,
                                            std::int64_t base, std::int32_t direction) {
  const fixed::Interval range = cells_[a].range;
  const std::uint32_t bits = fixed::formatFor(range).bits;
  if (steps.size() < kFewestSteps || bits > kMostBits) return std::nullopt;
  const Staircase stairs{.range = range, .steps = steps, .base = base, .direction = direction};
  const double outBits = fixed::formatFor(fixed::Interval{stairs.least(), stairs.most()}).bits;
  // In look-up tables, about: a comparison with a constant and its share of the XORs; a table.
  const double compared = static_cast<double>(steps.size()) * (0.25 * bits + 0.5);
  const double tabled = bits > kMostTableBits ? std::numeric_limits<double>::infinity()
                                              : 1.2 * outBits * std::exp2(bits > 6 ? bits - 6 : 0);
  std::optional<Lines> lines;
  std::optional<Proof> proof;
  if (std::min(compared, tabled) > 100) {
    lines = LineSearch(stairs).run();
    if (lines) proof = tryEveryCode(stairs, *lines);
  }
  if (!proof) {
    if (tabled >= compared) return std::nullopt;
    return tabulate({.cell = a}, [&](std::int64_t code) {
      return base + direction * (std::upper_bound(steps.begin(), steps.end(), code) - steps.begin());
    });
  }
  const CellId high = bitsFrom(a, lines->cut);
  const auto entry = [&](const std::vector<std::int64_t>& list) {
    return tabulate(scalar(high),
                    [&](std::int64_t h) { return list[static_cast<std::size_t>(h - lines->first)]; });
  };
  std::vector<Scalar> terms =
      products(entry(lines->slope), scalar(bitsOf(a, lines->lost, lines->cut - lines->lost)));
  if (direction < 0)
    for (Scalar& t : terms) {
      t.sign = -t.sign;
      t.offset = -t.offset;
    }
  terms.push_back(entry(lines->constant));
  const CellId total = whole(within(sum(std::move(terms)), proof->sums));
  const CellId guess = bitsFrom(total, lines->fraction);
  // The lowest bits of the step, which the sign of a difference of so many bits is compared with.
  const std::uint32_t kept = std::min(proof->bits, bits + 1);
  const std::int64_t mask = (std::int64_t{1} << kept) - 1;
  Scalar step = tabulate(
      scalar(guess), [&](std::int64_t g) { return (stairs.stepAfter(g) - (direction > 0 ? 1 : 0)) & mask; });
  Scalar code = scalar(bitsOf(a, 0, kept));
  Scalar& taken = direction > 0 ? code : step;  // from the other
  taken.sign = -taken.sign;
  taken.offset = -taken.offset;
  const Scalar isNext = scalar(bitsOf(whole(sum({code, step})), kept - 1, 1));
  return within(sum({scalar(guess), isNext}), {stairs.least(), stairs.most()});
}

}  // namespace sluice::kernel
