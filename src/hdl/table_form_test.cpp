#include "hdl/table_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "base/rng.h"

namespace sluice::hdl {
namespace {

Memory romOf(std::uint32_t words, std::uint32_t width, double ones, std::uint64_t seed) {
  Memory m{.width = width, .words = words, .style = Style::logic};
  Rng rng(seed);
  for (std::uint32_t a = 0; a < words; ++a) {
    std::uint64_t word = 0;
    for (std::uint32_t bit = 0; bit < width; ++bit) word |= std::uint64_t{rng.chance(ones)} << bit;
    m.contents.push_back({word});
  }
  return m;
}

bool valueAt(const TableForm& form, std::uint32_t node, std::uint32_t address) {
  const TableForm::Node& n = form.nodes[node];
  switch (n.kind) {
    case TableForm::Node::Kind::constant:
      return n.value != 0;
    case TableForm::Node::Kind::mux:
      return valueAt(form, (address >> n.value & 1) != 0 ? n.high : n.low, address);
    case TableForm::Node::Kind::block:
      break;
  }
  const TableForm::Block& block = form.blocks[n.value];
  const std::uint32_t k = address & ((1u << block.inputs) - 1);
  return (block.truth[k / 64] >> (k % 64) & 1) != 0;
}

TEST(TableForm, HoldsEveryBitOfEveryWordAndTheLastWordBeyond) {
  for (const std::uint32_t words : {17u, 32u, 33u, 64u, 65u, 100u, 128u, 200u, 256u, 257u, 700u, 1024u})
    for (const double ones : {0.02, 0.5, 0.98}) {
      const Memory m = romOf(words, 5, ones, words);
      const TableForm form = tableForm(m);
      ASSERT_EQ(form.bits.size(), 5u);
      for (std::uint32_t a = 0; a < 2 * words; ++a) {
        if (std::uint64_t{a} >= std::uint64_t{1} << std::bit_width(words - 1)) break;
        for (std::uint32_t bit = 0; bit < 5; ++bit)
          ASSERT_EQ(valueAt(form, form.bits[bit], a), (m.contents[std::min(a, words - 1)][0] >> bit & 1) != 0)
              << words << " words, address " << a;
      }
    }
}

TEST(TableForm, WhatIsThereTwiceIsHeldOnce) {
  Memory m = romOf(64, 1, 0.5, 3);
  m.width = 3;  // bit 0 three times
  for (auto& word : m.contents) word[0] = (word[0] & 1) * 7;
  const TableForm form = tableForm(m);
  EXPECT_EQ(form.blocks.size(), 1u);
  EXPECT_EQ(form.nodes.size(), 1u);
}

TEST(TableForm, AnAddressBitThatDoesNotMatterTakesNoLookUpTable) {
  Memory m = romOf(256, 1, 0.5, 4);
  for (std::uint32_t a = 64; a < 256; ++a) m.contents[a] = m.contents[a % 64];
  EXPECT_EQ(tableForm(m).blocks.at(0).luts(), 1u);
}

TEST(TableForm, PartsThatAreConstantTakeNoLookUpTable) {
  Memory m = romOf(256, 1, 0.5, 5);
  for (std::uint32_t a = 64; a < 256; ++a) m.contents[a] = {a < 128 ? 1u : 0u};
  const TableForm form = tableForm(m);
  EXPECT_EQ(form.blocks.at(0).luts(), 4u);
  EXPECT_EQ(form.blocks.at(0).lutsBuilt(), 1u);
}

TEST(TableForm, IsForTablesOfMoreThanSixteenWordsOnDevicesWithSixInputs) {
  EXPECT_TRUE(isTableOfLuts(romOf(17, 1, 0.5, 1), Family::xc7));
  EXPECT_FALSE(isTableOfLuts(romOf(16, 1, 0.5, 1), Family::xc7));
  EXPECT_FALSE(isTableOfLuts(romOf(17, 1, 0.5, 1), Family::ecp5));
}

}  // namespace
}  // namespace sluice::hdl
