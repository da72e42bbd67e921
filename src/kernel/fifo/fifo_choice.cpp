#include <algorithm>

#include "base/check.h"
#include "kernel/bits.h"
#include "kernel/fifo/fifo.h"

/// Which storage is cheapest. Prices in look-up tables, from the capacity of the primitives:
///
///   registers      1 place: only flip-flops. More: a mux of `depth` per bit and depth flip-flops, each a
///   quarter LUT shift register Xilinx: a LUT holds 32 places of one bit (SRLC32E). ECP5 has none lutRam
///   Xilinx: four LUTs hold 32 x 6 or 64 x 3 bits (RAM32M, RAM64M), plus two pointers
///                  ECP5: six LUTs hold 16 x 4 bits (DPR16X4 takes four, its write port two), plus two
///                  pointers
///   blockRam       18 kbit, at most 36 bits wide and then 512 deep, plus two pointers and the way round
///
/// A block RAM is priced at 150 LUTs: devices have 100 to 240 LUTs per block (xc7a100t: 63,400 to 270), and
/// blocks are what runs out first where weights live in them, so only FIFOs that save that much get one.
/// Source  Xilinx UG474 (7-series CLB) tables on distributed RAM and SRL; UG473 for the shapes of block RAM;
///         Lattice FPGA-TN-02204 (ECP5 memory usage).
namespace sluice::kernel {
namespace {

constexpr double kBlockRamLuts = 150;
constexpr double kFlipFlopLuts = 0.25;

double ceilDivide(std::uint64_t a, std::uint64_t b) { return static_cast<double>((a + b - 1) / b); }

double registersPrice(std::uint32_t width, std::uint32_t depth) {
  // A LUT6 is a 4:1 mux.
  const double mux = depth == 1 ? 0 : ceilDivide(depth - 1, 3) * width;
  return mux + kFlipFlopLuts * width * depth;
}

double pointersPrice(std::uint32_t depth) { return 2.0 * (1 + kFlipFlopLuts) * indexBits(depth); }

double lutRamPrice(std::uint32_t width, std::uint32_t depth, hdl::Family family) {
  if (family == hdl::Family::ecp5) {
    const double banks = ceilDivide(depth, 16);
    return 6 * banks * ceilDivide(width, 4) + (banks > 1 ? (banks - 1) * width : 0) + pointersPrice(depth);
  }
  if (depth <= 32) return 4 * ceilDivide(width, 6) + pointersPrice(depth);
  const double banks = ceilDivide(depth, 64);
  return 4 * banks * ceilDivide(width, 3) + (banks > 1 ? ceilDivide(depth / 64, 3) * width : 0) +
         pointersPrice(depth);
}

double blockRamPrice(std::uint32_t width, std::uint32_t depth) {
  const auto blocks = static_cast<double>(hdl::blockRams(width, depth));
  return kBlockRamLuts * blocks + pointersPrice(depth) + (1 + kFlipFlopLuts) * width;
}

}  // namespace

FifoKind chooseFifo(std::uint32_t width, std::uint32_t depth, hdl::Family family) {
  SLUICE_CHECK(width >= 1 && depth >= 1, "a FIFO has at least one bit and one place");
  FifoKind best = FifoKind::registers;
  double least = registersPrice(width, depth);
  const auto consider = [&](FifoKind kind, double price) {
    if (price < least) {
      best = kind;
      least = price;
    }
  };
  if (family != hdl::Family::ecp5 && depth >= 2) {
    // Above 32 places LUTs are joined by muxes, four to a LUT.
    const double joined = depth > 32 ? ceilDivide((depth - 1) / 32, 3) * width : 0;
    consider(FifoKind::shiftRegister, ceilDivide(depth, 32) * width + joined);
  }
  consider(FifoKind::lutRam, lutRamPrice(width, depth, family));
  consider(FifoKind::blockRam, blockRamPrice(width, depth));
  return best;
}

}  // namespace sluice::kernel
