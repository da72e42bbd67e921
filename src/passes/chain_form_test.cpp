#include "passes/chain_form.h"

#include <gtest/gtest.h>

#include <array>

#include "base/rng.h"
#include "ir/reference.h"
#include "ir/testing.h"
#include "passes/passes.h"
#include "passes/rescale_form.h"
#include "passes/staircase.h"

/// Chains against brute force. What is expected comes from integers alone (__int128 and long division), never
/// from the code under test: chains are made of small fractions so that this is possible.
namespace sluice::passes {
namespace {

using fixed::Interval;
using fixed::Rounding;
using Wide = __int128;

constexpr std::array allModes = {
    Rounding::halfEven,      Rounding::floor,  Rounding::ceil,     Rounding::towardZero,
    Rounding::awayFromZero,  Rounding::halfUp, Rounding::halfDown, Rounding::halfAwayFromZero,
    Rounding::halfTowardZero};

/// round(top / bottom), bottom > 0.
std::int64_t roundFraction(Wide top, Wide bottom, Rounding mode) {
  Wide floor = top / bottom;
  if (floor * bottom > top) --floor;
  const Wide rest = top - floor * bottom;
  const auto down = static_cast<std::int64_t>(floor);
  if (rest == 0) return down;
  const std::int64_t up = down + 1;
  const int half = 2 * rest < bottom ? -1 : 2 * rest > bottom ? 1 : 0;
  const bool positive = top > 0;
  switch (mode) {
    case Rounding::floor:
      return down;
    case Rounding::ceil:
      return up;
    case Rounding::towardZero:
      return positive ? down : up;
    case Rounding::awayFromZero:
      return positive ? up : down;
    default:
      break;
  }
  if (half != 0) return half < 0 ? down : up;
  switch (mode) {
    case Rounding::halfEven:
      return down % 2 == 0 ? down : up;
    case Rounding::halfUp:
      return up;
    case Rounding::halfDown:
      return down;
    case Rounding::halfAwayFromZero:
      return positive ? up : down;
    default:
      return positive ? down : up;
  }
}

/// The code that a form gives, by the formulas of ir/ops.h.
std::int64_t apply(const ChainForm& form, std::int64_t channel, std::int64_t x) {
  const auto c = static_cast<std::size_t>(channel);
  const auto at = [&](const auto& list) { return list[list.size() == 1 ? 0 : c]; };
  if (const auto* t = std::get_if<ThresholdForm>(&form)) {
    std::int64_t count = 0;
    const std::size_t row = t->rows == 1 ? 0 : c;
    for (std::int64_t k = 0; k < t->steps; ++k)
      count +=
          x >= t->thresholds[row * static_cast<std::size_t>(t->steps) + static_cast<std::size_t>(k)] ? 1 : 0;
    return at(t->base) + at(t->sign) * count;
  }
  if (const auto* l = std::get_if<LookupForm>(&form))
    return l->table[(l->rows == 1 ? 0 : c) * static_cast<std::size_t>(l->entries) +
                    static_cast<std::size_t>(x - l->first)];
  const auto& r = std::get<RescaleForm>(form);
  const Wide v = Wide{at(r.a)} * x + at(r.b);
  const std::int64_t y =
      roundFraction(v, Wide{1} << r.shift, r.tieToEven ? Rounding::halfEven : Rounding::floor);
  return std::clamp(y, r.range.lo, r.range.hi);
}

/// quantize(relu?(x * slope/16 + offset/64)), scale divisor/64, per channel in slope and offset.
struct DyadicChain {
  std::vector<double> slope, offset;  ///< in 16ths and 64ths
  std::int64_t divisor = 1;
  bool relu = false;
  std::int64_t zeroPoint = 0;
  Interval range, x;
  Rounding rounding = Rounding::halfEven;

  [[nodiscard]] ElementFunction function() const {
    ElementFunction f;
    const auto constant = [&](std::vector<double> values) {
      f.constants.push_back(std::make_shared<const std::vector<double>>(std::move(values)));
      f.steps.push_back(
          {.kind = StepKind::constant, .data = static_cast<std::uint32_t>(f.constants.size() - 1)});
      return static_cast<std::uint32_t>(f.steps.size() - 1);
    };
    const auto push = [&](StepKind kind, std::uint32_t a, std::uint32_t b = 0) {
      f.steps.push_back({.kind = kind, .a = a, .b = b, .varies = true});
      return static_cast<std::uint32_t>(f.steps.size() - 1);
    };
    std::vector<double> m = slope;
    std::vector<double> c = offset;
    for (double& v : m) v /= 16;
    for (double& v : c) v /= 64;
    std::uint32_t v = push(StepKind::variable, 0);
    v = push(StepKind::multiply, v, constant(m));
    v = push(StepKind::add, v, constant(c));
    if (relu) v = push(StepKind::relu, v);
    v = push(StepKind::divide, v, constant({static_cast<double>(divisor) / 64}));
    v = push(StepKind::add, v, constant({static_cast<double>(zeroPoint)}));
    push(StepKind::quantize, v);
    f.quantizer = {.range = range, .rounding = rounding};
    f.channels = static_cast<std::int64_t>(slope.size());
    return f;
  }
  [[nodiscard]] std::int64_t expected(std::int64_t channel, std::int64_t at) const {
    const auto c = static_cast<std::size_t>(channel);
    Wide top = Wide{4} * static_cast<std::int64_t>(slope[c]) * at + static_cast<std::int64_t>(offset[c]);
    if (relu && top < 0) top = 0;
    return std::clamp(roundFraction(top + Wide{zeroPoint} * divisor, divisor, rounding), range.lo, range.hi);
  }
};

DyadicChain randomChain(Rng& rng) {
  DyadicChain chain;
  const std::int64_t channels = rng.chance(0.5) ? 1 : rng.uniform(2, 4);
  for (std::int64_t c = 0; c < channels; ++c) {
    // Zero slopes and falling channels among them.
    chain.slope.push_back(static_cast<double>(rng.chance(0.1) ? 0 : rng.uniform(-12, 12)));
    chain.offset.push_back(static_cast<double>(rng.uniform(-300, 300)));
  }
  const std::int64_t divisors[] = {1, 2, 4, 8, 16, 32, 64, 128, 3, 5, 7, 12, 100};
  chain.divisor = divisors[rng.chance(0.5) ? rng.uniform(0, 7) : rng.uniform(8, 12)];
  chain.relu = rng.chance(0.5);
  chain.zeroPoint = rng.chance(0.7) ? 0 : rng.uniform(-3, 3);
  const Interval ranges[] = {{0, 7},  {-3, 3},     {-4, 3}, {0, 1},  {-1, 1},
                             {0, 63}, {-128, 127}, {5, 9},  {0, 255}};
  chain.range = ranges[rng.uniform(0, 8)];
  chain.x = rng.chance(0.5) ? Interval{-40, 37} : rng.chance(0.5) ? Interval{0, 15} : Interval{-2500, 2600};
  chain.rounding = allModes[static_cast<std::size_t>(rng.chance(0.3) ? 0 : rng.uniform(0, 8))];
  return chain;
}

TEST(ChainForm, EveryFormOfThousandsOfDyadicChainsEqualsLongDivisionAtEveryCode) {
  Rng rng(1);
  int thresholds = 0, tables = 0, shifts = 0, ties = 0;
  for (int i = 0; i < 3000; ++i) {
    const DyadicChain chain = randomChain(rng);
    const ElementFunction function = chain.function();
    const auto form = chooseForm(function, chain.x);
    ASSERT_TRUE(form.ok()) << i << ": " << form.error().text();
    thresholds += form->index() == 0;
    tables += form->index() == 1;
    shifts += form->index() == 2;
    if (const auto* rescale = std::get_if<RescaleForm>(&*form)) ties += rescale->tieToEven;
    for (std::int64_t c = 0; c < function.channels; ++c)
      for (std::int64_t x = chain.x.lo; x <= chain.x.hi; ++x)
        ASSERT_EQ(apply(*form, c, x), chain.expected(c, x))
            << "chain " << i << " channel " << c << " x " << x;
  }
  EXPECT_GT(thresholds, 300);
  EXPECT_GT(tables, 30);
  EXPECT_GT(shifts, 200);
  EXPECT_GT(ties, 20);
}

TEST(ChainForm, ScaledShiftsAreExactWheneverOneIsFoundHoweverUnlikelyItIsTheCheapest) {
  Rng rng(2);
  int dyadic = 0, searched = 0;
  for (int i = 0; i < 1500; ++i) {
    const DyadicChain chain = randomChain(rng);
    const ElementFunction function = chain.function();
    Evaluator evaluator(function);
    std::vector<Evaluator::Affine> affine;
    std::vector<Staircase> rows;
    std::vector<double> slopes;
    for (std::int64_t c = 0; c < function.channels; ++c) {
      evaluator.setChannel(c);
      const auto row = evaluator.affine();
      if (!row) break;
      affine.push_back(*row);
      slopes.push_back(row->slope.approximate());
      auto stairs = staircase(evaluator, chain.x, 1000);
      ASSERT_TRUE(stairs.ok());
      rows.push_back(std::move(stairs).value());
    }
    if (static_cast<std::int64_t>(affine.size()) != function.channels) continue;
    const auto byIdentity = dyadicRescale(affine, chain.x);
    const auto bySearch = staircaseRescale(rows, slopes, chain.x);
    for (std::int64_t c = 0; c < function.channels; ++c)
      for (std::int64_t x = chain.x.lo; x <= chain.x.hi; ++x) {
        if (byIdentity) {
          ASSERT_EQ(apply(*byIdentity, c, x), chain.expected(c, x)) << i;
        }
        if (bySearch) {
          ASSERT_EQ(apply(*bySearch, c, x), chain.expected(c, x)) << i;
        }
      }
    dyadic += byIdentity.has_value();
    searched += bySearch.has_value();
  }
  EXPECT_GT(dyadic, 300);
  EXPECT_GT(searched, 300);
}

TEST(ChainForm, TheSearchFindsTheLeastShift) {
  // y = floor(3x/8) needs shift 3 on a domain that tells 3/8 from 1/2, 1/4; x from 0 to 3 only needs less.
  DyadicChain chain{.slope = {6},
                    .offset = {0},
                    .divisor = 64,
                    .range = {-1000, 1000},
                    .x = {-100, 100},
                    .rounding = Rounding::floor};
  const ElementFunction function = chain.function();
  Evaluator evaluator(function);
  const auto stairs = staircase(evaluator, chain.x, 1000);
  ASSERT_TRUE(stairs.ok());
  const auto found = staircaseRescale({*stairs}, {0.375}, chain.x);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->shift, 3u);
  EXPECT_EQ(found->a, std::vector<std::int64_t>{3});
  chain.x = {0, 3};
  const auto few = staircase(evaluator, chain.x, 1000);
  const auto narrow = staircaseRescale({*few}, {0.375}, chain.x);
  ASSERT_TRUE(narrow.has_value());
  EXPECT_LT(narrow->shift, 3u);
}

TEST(ChainForm, TiesToEvenAtASlopeThatIsNoDyadicNumberTakeATableOrThresholds) {
  // x / 14: ties at 7, 21, 35, ... go to 0, 2, 2, ...: no a*x + b does that.
  DyadicChain chain{.slope = {32}, .offset = {0}, .divisor = 14 * 128, .range = {-30, 30}, .x = {-300, 300}};
  const auto form = chooseForm(chain.function(), chain.x);
  ASSERT_TRUE(form.ok());
  EXPECT_NE(form->index(), 2u);
  EXPECT_EQ(apply(*form, 0, 7), 0);
  EXPECT_EQ(apply(*form, 0, 21), 2);
  EXPECT_EQ(apply(*form, 0, 35), 2);
  chain.x = {-100000, 100000};
  chain.range = {-2000, 2000};
  const auto none = chooseForm(chain.function(), chain.x);
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("4000 steps, more than 1023"), std::string::npos)
      << none.error().message;
  EXPECT_NE(none.error().message.find("-100000 to 100000, more than 4096"), std::string::npos);
}

TEST(ChainForm, OneBaseServesAllChannelsWhereNoRowGetsLonger) {
  // Channel 1 starts at 1 and ends at 2: with the common base 0 it gets one threshold at the low end.
  DyadicChain chain{
      .slope = {16, 16}, .offset = {0, 64}, .divisor = 64, .relu = true, .range = {0, 2}, .x = {0, 100}};
  const auto form = chooseForm(chain.function(), chain.x);
  ASSERT_TRUE(form.ok());
  const auto& thresholds = std::get<ThresholdForm>(*form);
  EXPECT_EQ(thresholds.base, std::vector<std::int64_t>{0});
  EXPECT_EQ(thresholds.sign, std::vector<std::int8_t>{1});
  EXPECT_EQ(thresholds.thresholds, (std::vector<std::int64_t>{1, 2, 0, 1}));
}

TEST(ChainForm, ADeadChannelIsAConstantWhateverItsSign) {
  DyadicChain chain{.slope = {-16, 0, 16},
                    .offset = {0, 100, 0},
                    .divisor = 64,
                    .relu = true,
                    .range = {0, 2},
                    .x = {1, 100}};
  const auto form = chooseForm(chain.function(), chain.x);
  ASSERT_TRUE(form.ok());
  for (std::int64_t x = 1; x <= 100; ++x)
    for (std::int64_t c = 0; c < 3; ++c) EXPECT_EQ(apply(*form, c, x), chain.expected(c, x));
}

/// Whether gamma * (x*s - mean) / sqrt(v) + beta >= t, with all of them in 64ths, by squares of integers.
int compareNormalized(std::int64_t gamma, Wide centred, std::int64_t variance, Wide bound) {
  // gamma/64 * centred/64 / sqrt(variance/64) against bound/64: gamma * centred * 8 against bound * 64 *
  // sqrt(variance).
  const Wide left = Wide{gamma} * centred * 8;
  const Wide right = bound * 64;
  if (left >= 0 && right < 0) return 1;
  if (left < 0 && right >= 0) return -1;
  const Wide l = left * left;
  const Wide r = right * right * variance;
  const int bySize = l > r ? 1 : l < r ? -1 : 0;
  return left >= 0 ? bySize : -bySize;
}

TEST(ChainForm, BatchNormalizationIsDecidedBySquaresOfIntegers) {
  Rng rng(3);
  int ties = 0;
  for (int i = 0; i < 400; ++i) {
    const std::int64_t gamma = rng.chance(0.5) ? 16 * rng.uniform(-5, 5) : rng.uniform(-90, 90);
    const std::int64_t mean = rng.chance(0.5) ? 32 * rng.uniform(-6, 6) : rng.uniform(-200, 200);
    const std::int64_t beta = 4 * rng.uniform(-40, 40);
    // Of the squares among them the root is rational, and ties happen. 64ths, epsilon included: 16 of them.
    const std::int64_t squares[] = {1, 4, 9, 16, 25, 36, 64};
    const std::int64_t variance = 64 * (rng.chance(0.5) ? squares[rng.uniform(0, 6)] : rng.uniform(1, 40));
    const std::int64_t step = 8 * rng.uniform(1, 12);  // the quantizer's scale
    const Interval codes = rng.chance(0.5) ? Interval{0, 7} : Interval{-4, 3};
    const bool relu = rng.chance(0.5);
    const auto number = [](std::int64_t in64ths) {
      return "[1] real {" + std::to_string(static_cast<double>(in64ths) / 64) + "}";
    };
    std::string text = "x = input [1] codes [-200, 200] scale 0.25;";
    text +=
        "g = constant " + number(gamma) + "; m = constant " + number(mean) + "; b = constant " + number(beta);
    text += "; v = constant " + number(variance - 16);
    text += "; n = batchNormalize x, g, b, m, v, epsilon 0.25;";
    text += relu ? "r = relu n;" : "r = identity n;";
    text += "q = quantize r, scale " + std::to_string(static_cast<double>(step) / 64) + ", range [" +
            std::to_string(codes.lo) + ", " + std::to_string(codes.hi) + "]; output q";
    const ir::Graph graph = ir::graphOf(text);
    const auto function = elementFunction(graph, graph.nodes.back());
    ASSERT_TRUE(function.ok()) << function.error().text();
    const auto form = chooseForm(*function, {-200, 200});
    ASSERT_TRUE(form.ok()) << form.error().text();
    for (std::int64_t x = -200; x <= 200; ++x) {
      // The greatest code k with value >= (k - 1/2) * step, an even k at a tie.
      std::int64_t expected = codes.lo;
      for (std::int64_t k = codes.lo + 1; k <= codes.hi; ++k) {
        if (relu && k <= 0) {
          expected = k;
          continue;
        }
        const int side =
            compareNormalized(gamma, Wide{16} * x - mean, variance, (Wide{2} * k - 1) * step / 2 - beta);
        ties += side == 0 ? 1 : 0;
        if (side > 0 || (side == 0 && k % 2 == 0)) expected = k;
      }
      ASSERT_EQ(apply(*form, 0, x), expected) << text << "\nx = " << x;
    }
  }
  EXPECT_GT(ties, 100) << "the test must meet ties";
}

TEST(ChainForm, RisingTranscendentalChainsBecomeThresholds) {
  for (const char* function : {"sigmoid", "tanh"}) {
    const ir::Graph graph =
        ir::graphOf(std::string("x = input [1] codes [-30000, 30000] scale 0.0001220703125; y = ") +
                    function + " x; q = quantize y, scale 0.0625, range [-16, 16]; output q");
    const auto chain = elementFunction(graph, graph.nodes.back());
    ASSERT_TRUE(chain.ok());
    const auto form = chooseForm(*chain, {-30000, 30000});
    ASSERT_TRUE(form.ok()) << form.error().text();
    EXPECT_EQ(form->index(), 0u);
    for (std::int64_t x = -30000; x <= 30000; ++x) {
      const long double v = static_cast<long double>(x) / 8192;
      const long double y = function[0] == 's' ? 1 / (1 + std::exp(-v)) : std::tanh(v);
      ASSERT_EQ(apply(*form, 0, x), std::lrint(y * 16))
          << function << " " << x;  // no tie but the known one at 0
    }
  }
}

TEST(ChainForm, AChainThatRisesAndFallsBecomesATable) {
  const ir::Graph graph = ir::graphOf(
      "x = input [1] codes [-60, 60] scale 0.0625; s = sigmoid x; y = multiply x, s;"
      "q = quantize y, scale 0.03125, range [-128, 127]; output q");
  const auto chain = elementFunction(graph, graph.nodes.back());
  ASSERT_TRUE(chain.ok());
  const auto form = chooseForm(*chain, {-60, 60});
  ASSERT_TRUE(form.ok()) << form.error().text();
  ASSERT_EQ(form->index(), 1u);
  for (std::int64_t x = -60; x <= 60; ++x) {
    const long double v = static_cast<long double>(x) / 16;
    ASSERT_EQ(apply(*form, 0, x), std::lrint(v / (1 + std::exp(-v)) * 32)) << x;
  }
}

TEST(ChainForm, TwoUnrelatedRootsAreDecidedTo320Bits) {
  // sqrt(2) * sqrt(3) and sqrt(6) are equal: their difference, a tie of the floor, is not decided and says
  // so.
  const std::string text =
      "x = input [1] codes [-9, 9]; two = constant [1] real {2}; three = constant [1] real {3}; six = "
      "constant [1] real {6};"
      "h = constant [1] real {0.5}; r2 = power two, h; r3 = power three, h; r6 = power six, h;"
      "a = multiply x, r2; b = multiply a, r3;";
  const ir::Graph sum = ir::graphOf(text + "q = quantize b, scale 0.5, range [-64, 63]; output q");
  const auto chain = elementFunction(sum, sum.nodes.back());
  ASSERT_TRUE(chain.ok()) << chain.error().text();
  const auto form = chooseForm(*chain, {-9, 9});
  ASSERT_TRUE(form.ok()) << form.error().text();
  for (std::int64_t x = -9; x <= 9; ++x)
    EXPECT_EQ(apply(*form, 0, x), std::lrint(static_cast<double>(x) * std::sqrt(24.0)));
  const ir::Graph tie = ir::graphOf(
      text + "c = subtract b, r6; q = quantize c, scale 1, range [-64, 63], rounding floor; output q");
  const auto undecidable = elementFunction(tie, tie.nodes.back());
  ASSERT_TRUE(undecidable.ok());
  const auto none = chooseForm(*undecidable, {-9, 9});
  ASSERT_FALSE(none.ok());
  EXPECT_NE(none.error().message.find("input code 1 "), std::string::npos) << none.error().message;
  EXPECT_NE(none.error().message.find("closer to a tie of the quantizer than 320 bits can tell"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::passes
