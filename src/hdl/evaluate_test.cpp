#include "hdl/evaluate.h"

#include <gtest/gtest.h>

#include "hdl/builder.h"

namespace sluice::hdl {
namespace {

using fixed::IntegerFormat;

/// Every pair of values of two small formats through a module of two inputs and one output.
template <typename Build, typename Expected>
void exhaustive(IntegerFormat fx, IntegerFormat fy, Build build, Expected expected) {
  Builder b("m");
  const Signal x = b.input("x", fx), y = b.input("y", fy);
  b.output("z", build(b, x, y));
  Evaluator e = Evaluator::make(std::move(b).build()).value();
  for (std::int64_t p = fx.range().lo; p <= fx.range().hi; ++p)
    for (std::int64_t q = fy.range().lo; q <= fy.range().hi; ++q) {
      e.set(0, 0, p), e.set(1, 0, q);
      e.settle();
      ASSERT_EQ(e.get(0, 0), expected(p, q)) << p << ", " << q;
    }
}

TEST(Evaluator, ComputesAsTheIntegersDoOnEveryPairOfSmallValues) {
  const auto floorShift = [](std::int64_t v, int by) { return v >> by; };
  for (const bool sx : {false, true})
    for (const bool sy : {false, true}) {
      const IntegerFormat fx{5, sx}, fy{4, sy};
      using B = Builder;
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.add(x, y); }, [](auto p, auto q) { return p + q; });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.subtract(x, y); },
          [](auto p, auto q) { return p - q; });
      for (const Style style : {Style::dsp, Style::logic})
        exhaustive(
            fx, fy, [&](B& b, Signal x, Signal y) { return b.multiply(x, y, style); },
            [](auto p, auto q) { return p * q; });
      exhaustive(
          {3, sx}, {3, sy}, [](B& b, Signal x, Signal y) { return b.multiply(x, y, Style::logic); },
          [](auto p, auto q) { return p * q; });
      for (const std::int64_t factor : {-9, -1, 0, 3, 8, 23, 119})
        exhaustive(
            fx, fy, [&](B& b, Signal x, Signal) { return b.multiply(x, b.constant(factor), Style::logic); },
            [&](auto p, auto) { return p * factor; });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.less(x, y); },
          [](auto p, auto q) { return p < q ? 1 : 0; });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.lessEqual(x, y); },
          [](auto p, auto q) { return p <= q ? 1 : 0; });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.equal(x, y); },
          [](auto p, auto q) { return p == q ? 1 : 0; });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.shiftRight(b.multiply(x, y), 3); },
          [&](auto p, auto q) { return floorShift(p * q, 3); });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.clamp(b.add(x, y), {-3, 5}); },
          [](auto p, auto q) { return std::min<std::int64_t>(std::max<std::int64_t>(p + q, -3), 5); });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.wrap(b.add(x, y), {3, true}); },
          [](auto p, auto q) { return ((p + q + 4) & 7) - 4; });
      exhaustive(
          fx, fy, [](B& b, Signal x, Signal y) { return b.negate(b.mux(b.less(x, y), x, y)); },
          [](auto p, auto q) { return -std::min(p, q); });
    }
}

TEST(Evaluator, SelectsByTheIndex) {
  for (std::int64_t count = 1; count <= 9; ++count)
    exhaustive(
        {4, false}, {1, false},
        [&](Builder& b, Signal x, Signal) {
          std::vector<Signal> choices;
          for (std::int64_t i = 0; i < count; ++i) choices.push_back(b.constant(i * i - 7));
          return b.select(b.clamp(x, {0, count - 1}), choices);
        },
        [&](auto p, auto) {
          const auto i = std::min(p, count - 1);
          return i * i - 7;
        });
}

TEST(Evaluator, SwapsTwoRegistersAtOneEdge) {
  Builder b("m");
  const Signal p = b.regDeclare({0, 3}, 1, "p"), q = b.regDeclare({0, 3}, 2, "q");
  b.regDrive(p, q), b.regDrive(q, p);
  b.output("p", p), b.output("q", q);
  Evaluator e = Evaluator::make(std::move(b).build()).value();
  for (int cycle = 0; cycle < 4; ++cycle, e.step()) {
    e.settle();
    EXPECT_EQ(e.get(0, 0), cycle % 2 == 0 ? 1 : 2);
    EXPECT_EQ(e.get(1, 0), cycle % 2 == 0 ? 2 : 1);
  }
}

TEST(Evaluator, ReadsTheOldWordInTheCycleOfAWrite) {
  Builder b("m");
  const Signal a = b.input("a", fixed::Interval{0, 3}), d = b.input("d", fixed::Interval{0, 255});
  const MemoryId ram = b.ram("ram", 8, 4, Style::blockRam, true);
  b.write(ram, b.flag(true), a, d);
  b.output("y", b.readNumber(ram, a, {0, 255}));
  Evaluator e = Evaluator::make(std::move(b).build()).value();
  for (const auto& [data, seen] :
       {std::pair{11, 0}, std::pair{22, 0}, std::pair{33, 11}, std::pair{44, 22}}) {
    e.set(0, 0, 2), e.set(1, 0, data);
    e.settle();
    EXPECT_EQ(e.get(0, 0), seen);
    e.step();
  }
}

TEST(Evaluator, CountsAShiftRegistersAddressFromTheNewestWord) {
  Builder b("m");
  const Signal a = b.input("a", fixed::Interval{0, 2}), d = b.input("d", fixed::Interval{0, 255}),
               go = b.inputBits("go", 1);
  const MemoryId shift = b.ram("shift", 8, 3, Style::shiftRegister, false);
  b.write(shift, go, {}, d);
  b.output("y", b.readNumber(shift, a, {0, 255}));
  Evaluator e = Evaluator::make(std::move(b).build()).value();
  for (int i = 1; i <= 5; ++i) {
    e.set(1, 0, i), e.set(2, 0, i != 5);
    e.step();
  }
  for (int address = 0; address < 3; ++address) {
    e.set(0, 0, address);
    e.settle();
    EXPECT_EQ(e.get(0, 0), 4 - address);
  }
}

TEST(Evaluator, KeepsLanesApart) {
  Builder b("m");
  const Signal x = b.input("x", fixed::IntegerFormat{8, true});
  const Signal sum = b.regDeclare({-10000, 10000}, 0, "sum");
  b.regDrive(sum, b.clamp(b.add(sum, x), {-10000, 10000}));
  b.output("y", sum);
  Evaluator e = Evaluator::make(std::move(b).build(), 5).value();
  for (std::uint32_t lane = 0; lane < 5; ++lane) e.set(0, lane, std::int64_t{lane} - 2);
  for (int i = 0; i < 10; ++i) e.step();
  e.settle();
  for (std::uint32_t lane = 0; lane < 5; ++lane) EXPECT_EQ(e.get(0, lane), 10 * (std::int64_t{lane} - 2));
}

TEST(Evaluator, ResetsToThePowerUpState) {
  Builder b("m");
  const Signal x = b.input("x", fixed::Interval{0, 9});
  b.output("y", b.regReset(x, 5));
  b.output("z", b.reg(x));
  Evaluator e = Evaluator::make(std::move(b).build()).value();
  e.set(0, 0, 9);
  e.step();
  e.settle();
  EXPECT_EQ(e.get(0, 0), 9);
  e.reset();
  e.settle();
  EXPECT_EQ(e.get(0, 0), 5);
  EXPECT_EQ(e.get(1, 0), 0);
}

}  // namespace
}  // namespace sluice::hdl
