#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <vector>

#include "hdl/cost.h"
#include "hdl/module.h"

/// A constant table in logic as the look-up tables that hold it: what is printed is what is counted.
///
/// Synthesis that maps such a table as ordinary gates shares parts between its bits and ends with up to twice
/// the look-up tables: a table of 64 words of 20 bits took 62 instead of 20 (Yosys 0.70). So on a family with
/// six-input look-up tables, every bit is written down as LUT6, joined by the muxes beside them:
///
///   address bits 0..5   one LUT6
///   6, 7                MUXF7 and MUXF8: two and four LUT6
///   8 and more          ordinary muxes between blocks of 256 words
///
/// It does not pay for up to 16 words: four inputs leave room in a LUT for what reads the table.
namespace sluice::hdl {

struct TableForm {
  /// A function of the lowest `inputs` (6, 7 or 8) address bits; beyond the address, they are 0.
  struct Block {
    std::uint32_t inputs = 6;
    std::array<std::uint64_t, 4> truth{};  ///< bit k of word k / 64: its value at address k
    auto operator<=>(const Block&) const = default;
    [[nodiscard]] std::uint32_t luts() const { return 1u << (inputs - 6); }
    /// Those that are not constant: synthesis makes a constant of the others.
    [[nodiscard]] std::uint32_t lutsBuilt() const {
      return static_cast<std::uint32_t>(
          std::count_if(truth.begin(), truth.begin() + luts(),
                        [](std::uint64_t t) { return t != 0 && t != ~std::uint64_t{0}; }));
    }
  };
  struct Node {
    enum class Kind : std::uint8_t { constant, block, mux };
    Kind kind = Kind::constant;
    std::uint32_t value = 0;          ///< 0 or 1; the block; the address bit that selects
    std::uint32_t low = 0, high = 0;  ///< of a mux: nodes before this one
    auto operator<=>(const Node&) const = default;
  };
  std::vector<Block> blocks;        ///< each once
  std::vector<Node> nodes;          ///< each once, what is read before what reads it
  std::vector<std::uint32_t> bits;  ///< the node of every bit of the word
};

/// Whether a memory is written down so.
bool isTableOfLuts(const Memory& memory, Family family);

/// Requires a memory with contents. Beyond its words, the last one is read.
TableForm tableForm(const Memory& memory);

}  // namespace sluice::hdl
