#include "hdl/cost.h"

#include <gtest/gtest.h>

#include "hdl/builder.h"
#include "hdl/random_module.h"
#include "hdl/simplify.h"

namespace sluice::hdl {
namespace {

TEST(BlockRams, AreAsManyAsYosysBuilds) {
  struct Case {
    std::uint32_t width, words;
    std::uint64_t blocks;
  };
  // synth_xilinx -family xc7 and synth_ecp5 of Yosys 0.70, one write and one read port.
  for (const Case& c : {Case{50, 1200, 5}, Case{37, 2100, 7}, Case{46, 600, 3}, Case{28, 1400, 3},
                        Case{41, 1537, 5}, Case{65, 1100, 6}, Case{20, 3000, 5}, Case{73, 700, 5},
                        Case{12, 4500, 5}, Case{10, 2500, 3}, Case{5, 9000, 5}, Case{37, 1246, 4}})
    EXPECT_EQ(blockRams(c.width, c.words), c.blocks) << c.width << " x " << c.words;
}

TEST(BlockRams, OneBlockHoldsEachOfItsShapes) {
  for (const auto& [width, words] :
       {std::pair{36u, 512u}, {18u, 1024u}, {9u, 2048u}, {4u, 4096u}, {2u, 8192u}, {1u, 16384u}})
    EXPECT_EQ(blockRams(width, words), 1u) << width << " x " << words;
}

/// Every family; the shape of seed 419 once had two muxes that were peeled from a flip-flop for ever.
TEST(Cost, OfRandomModulesIsCountedAndBelongsToTheModuleAlone) {
  for (std::uint64_t seed = 410; seed < 430; ++seed) {
    const Module m = simplify(randomModule("m", seed, {.operations = 60}));
    for (const Family family : {Family::xc7, Family::xcup, Family::ecp5}) {
      const Cost first = cost(m, family);
      EXPECT_EQ(cost(m, family), first) << seed;
    }
  }
}

/// What is written may be made after what is read, in the order of the outputs, and may depend on it.
TEST(Memories, CountWhatIsWrittenWhereverItIsMade) {
  const auto made = [](Style style, std::uint32_t words) {
    Builder b("memory");
    const MemoryId memory = b.ram("words", 8, words, style, false);
    const Signal place = b.input("place", fixed::Interval{0, words - 1});
    const Signal word = b.read(memory, place);
    b.output("word", word);
    const bool shifts = style == Style::shiftRegister;
    b.write(memory, b.inputBits("enable", 1),
            shifts ? Signal{} : b.input("to", fixed::Interval{0, words - 1}),
            b.bitXor(b.bitXor(b.inputBits("x", 8), b.inputBits("y", 8)), word));
    return simplify(std::move(b).build());
  };
  const Cost lutRam = cost(made(Style::lutRam, 32), Family::xc7);
  EXPECT_EQ(lutRam.lut, 8u);
  EXPECT_EQ(lutRam.lutRam, 8u);
  const Cost row = cost(made(Style::shiftRegister, 16), Family::xc7);
  EXPECT_EQ(row.lut, 8u);
  EXPECT_EQ(row.srl, 8u);
  EXPECT_EQ(cost(made(Style::shiftRegister, 2), Family::xc7).ff, 16u);
  EXPECT_EQ(cost(made(Style::shiftRegister, 16), Family::ecp5).ff, 128u);
  EXPECT_EQ(cost(made(Style::registers, 4), Family::xc7).ff, 32u);
}

constexpr fixed::Interval kByte{-128, 127};

/// x * y + z * w, registers before and behind everything. As synth_xilinx of Yosys 0.70 builds it.
TEST(DspBlocks, TakeInRegistersAndTheFirstAdderOnSevenSeriesAlone) {
  Builder b("sum_of_products");
  const auto product = [&](const std::string& name) {
    const Signal x = b.reg(b.input(name + "_a", kByte)), y = b.reg(b.input(name + "_b", kByte));
    return b.reg(b.multiply(x, y, Style::dsp));
  };
  const Signal p = product("p"), q = product("q");
  b.output("sum", b.reg(b.add(p, q)));
  const Module m = simplify(std::move(b).build());
  EXPECT_EQ(cost(m, Family::xc7), (Cost{.dsp = 2}));
  const Cost plain = cost(m, Family::xcup);
  EXPECT_EQ(plain.dsp, 2u);
  EXPECT_EQ(plain.ff, 4u * 8 + 2u * 16 + 17u) << "bare multipliers";
  EXPECT_GT(plain.lut, 0u);
}

/// As Yosys 0.70 builds it: the products lose the low zeros of their factors, so neither block takes the sum.
TEST(DspBlocks, LeaveOutsideSumsOfProductsWithLowZeros) {
  const auto made = [](std::uint32_t shift) {
    Builder b("sum_of_shifted_products");
    const auto product = [&](const std::string& name) {
      const Signal x = b.reg(b.input(name + "_a", kByte)), y = b.reg(b.input(name + "_b", kByte));
      return b.reg(b.multiply(x, b.shiftLeft(y, shift), Style::dsp));
    };
    const Signal p = product("p"), q = product("q");
    b.output("sum", b.reg(b.add(p, q)));
    return cost(simplify(std::move(b).build()), Family::xc7);
  };
  EXPECT_EQ(made(0), (Cost{.dsp = 2}));
  const Cost shifted = made(2);
  EXPECT_EQ(shifted.dsp, 2u);
  EXPECT_EQ(shifted.ff, 17u) << "the sum, without its low zeros";
  EXPECT_EQ(shifted.carry, 5u);
}

TEST(DspBlocks, LeaveOutsideWhatSomebodyElseReads) {
  Builder b("product_and_register");
  const Signal x = b.reg(b.input("x", kByte)), y = b.input("y", kByte);
  const Signal p = b.reg(b.multiply(x, y, Style::dsp));
  b.output("x_again", x);
  b.output("product", p);
  b.output("sum", b.reg(b.add(p, b.input("z", kByte))));
  const Cost cost = hdl::cost(simplify(std::move(b).build()), Family::xc7);
  EXPECT_EQ(cost.dsp, 1u);
  EXPECT_EQ(cost.ff, 8u + 16u)
      << "x, which a port reads too, and the sum; the product's register is in the block";
}

}  // namespace
}  // namespace sluice::hdl
