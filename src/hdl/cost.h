#pragma once

#include <cstdint>
#include <string>

#include "hdl/module.h"

/// What a module costs on a device family, counted on its own tree before any synthesis.
namespace sluice::hdl {

enum class Family : std::uint8_t {
  xc7,   ///< Xilinx 7-series: LUT6, CARRY4, DSP48E1 25x18, RAMB18
  xcup,  ///< UltraScale+: LUT6, CARRY8 (Yosys: CARRY4), DSP48E2 27x18, RAMB18
  ecp5,  ///< Lattice ECP5: LUT4, CCU2C, MULT18X18D, DP16KD, no shift registers
};
const char* familyName(Family family);

/// Primitives. An estimate for LUT, FF and carry; exact for DSP and BRAM18, which are instantiated as
/// counted.
struct Cost {
  std::uint64_t lut = 0;     ///< look-up tables used as logic, inverters included
  std::uint64_t lutRam = 0;  ///< look-up tables used as memory
  std::uint64_t srl = 0;     ///< look-up tables used as shift registers
  std::uint64_t ff = 0;
  std::uint64_t carry = 0;  ///< carry primitives of the family
  std::uint64_t dsp = 0;
  std::uint64_t bram18 = 0;  ///< 18-kbit blocks (one RAMB36 counts 2, one DP16KD counts 1)

  bool operator==(const Cost&) const = default;
  Cost& operator+=(const Cost& other);
  /// Look-up tables of all uses.
  [[nodiscard]] std::uint64_t allLuts() const { return lut + lutRam + srl; }
};

/// Of a module after `simplify`, with everything below it; modules are counted on several threads (base/threads.h).
Cost cost(const Module& module, Family family);

/// The fewest 18-kbit blocks: every block is 512 x 36 and may be used narrower and deeper; the low ninth bits
/// are lost below eight bits.
///
/// Words beyond a block's depth lie beside the first ones: a word takes whole lanes of nine bits (each has its own write
/// enable), and lanes of several parts of the depth share a block. 37 x 1,246: three parts of 512 words, five lanes each,
/// 15 lanes in four blocks of four lanes.
/// Source  what Yosys' memory_libmap builds, xc7 and ecp5 alike; Xilinx UG473 for the shapes
std::uint64_t blockRams(std::uint32_t width, std::uint32_t words);

}  // namespace sluice::hdl
