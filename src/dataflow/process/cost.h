#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dataflow/process/network.h"

/// What FIFOs cost, as a function of their depth that never falls.
namespace sluice::dataflow::process {

enum class CostKind : std::uint8_t {
  beats,   ///< places, summed over FIFOs
  bits,    ///< places times width
  bram18,  ///< block RAMs of 18 Kbit by the count of shared/data/dataflow/README.md, section 3
  luts,  ///< look-up tables of shift registers and LUT RAM with their control; a block RAM counts as lutsPerBram18
};

/// "beats", "bits", "bram18", "luts". Errors: badInput.
Result<CostKind> parseCostKind(std::string_view text);
const char* costKindText(CostKind kind);

/// Look-up tables of a U280 per block RAM of 18 Kbit: 1,303,680 / 4,032 (DS963 table 5).
constexpr std::uint64_t lutsPerBram18 = 323;

/// 0 for a shift register. Otherwise columns of 1024x18, then 2048x9, 4096x4, 8192x2, 16384x1 fill the width.
/// Source   the count behind FIFOAdvisor's figures, as shared/data/dataflow/README.md states it
std::uint64_t bram18(std::uint64_t depth, std::uint32_t widthBits, const Timing& timing);

/// Shift register: SRLC32E of 32 x 1 per LUT (two of 16 x 1 up to depth 17), the last place being a register; memory
/// up to 4096 bits: RAM64M8, 8 LUTs for 7 bits, and one LUT per bit and 4 banks to select, where that is less than
/// block RAM; else block RAM. Control: two counters and 6 LUTs. Memory is never counted below the deepest shift
/// register of its width (it can be smaller at the switch), as costs must not fall.
/// Source   UG574 chapter 2; Vitis HLS 2023.2 reports change from LUT to block RAM above 4096 bits
std::uint64_t luts(std::uint64_t depth, std::uint32_t widthBits, const Timing& timing);

/// Cost of one FIFO.
std::uint64_t cost(CostKind kind, std::uint64_t depth, std::uint32_t widthBits, const Timing& timing);

/// Costs of whole groups: the sum over a group's FIFOs at one depth.
class GroupCosts {
 public:
  GroupCosts(const Network& network, CostKind kind);
  [[nodiscard]] std::uint64_t at(std::uint32_t group, std::uint64_t depth) const;
  [[nodiscard]] std::uint64_t total(const std::vector<std::uint64_t>& depths) const;
  /// The largest depth up to `most` with the cost of `depth` and every FIFO of the same kind: free places.
  /// `sameKind`: of the same kind at any cost.
  [[nodiscard]] std::uint64_t stepEnd(std::uint32_t group, std::uint64_t depth, std::uint64_t most,
                                      bool sameKind = false) const;
  [[nodiscard]] std::uint64_t groups() const { return shapes_.size(); }

 private:
  struct Shape {
    std::uint32_t widthBits;
    std::uint64_t fifos;
  };
  CostKind kind_;
  Timing timing_;
  std::vector<std::vector<Shape>> shapes_;
};

}  // namespace sluice::dataflow::process
