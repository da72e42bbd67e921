#pragma once

#include <cstdint>
#include <string>

#include "hdl/cost.h"
#include "hdl/module.h"

/// FIFOs: the only place where anything waits.
///
/// A place of a FIFO is free, promised (its writer has issued, the beat is on its way), or filled. Two
/// counters say all:
///
///   filled  +1 at push, -1 at pop        valid  = a beat is there
///   free    -1 at reserve, +1 at pop     credit = a place is neither filled nor promised
///
/// Both are registers, so a place popped in cycle t can be promised from t+1 on, and a beat pushed in t is
/// visible from t+1 on, whatever the kind and the depth. That is what dataflow::Channel says, and why more
/// depth never hurts. Each counter is kept minus one: "none" is then the sign bit, which costs no comparison,
/// and filled-1 is at once the read address of a shift register.
///
///   kind            storage                              read
///   registers       depth registers                      mux by filled-1
///   shiftRegister   SRL, one LUT per bit and 32 places   address filled-1
///   lutRam          distributed RAM, two pointers        asynchronous
///   blockRam        block RAM, two pointers              synchronous; the next word is fetched one cycle
///   ahead, and a
///                                                        beat pushed in the very cycle of its fetch goes
///                                                        round the RAM through one register, so that its
///                                                        delay is 1 as well
///
/// `depth` counts all places in every kind. At depth 1 a FIFO passes a beat every second cycle: by the rule,
/// not by accident.
namespace sluice::kernel {

enum class FifoKind : std::uint8_t { registers, shiftRegister, lutRam, blockRam };

/// "reg", "srl", "lutram", "bram": as in module names.
const char* fifoKindName(FifoKind kind);

struct FifoParams {
  std::uint32_t width = 1;  ///< bits of a beat
  std::uint32_t depth = 2;  ///< places, all of them, >= 1
  FifoKind kind = FifoKind::registers;
  bool reserveIsPush = false;  ///< the writer promises nothing ahead (a ready/valid input): one counter is
                               ///< enough, and the module has no port `reserve`
  bool operator==(const FifoParams&) const = default;
};

/// "fifo_12x8_srl", "fifo_12x8_srl_rv" with reserveIsPush: the same parameters give the same name.
std::string fifoName(const FifoParams& params);

/// The FIFO. Ports besides clk and rst:
///   push side  in data_in [width], in push, in reserve (not with reserveIsPush), out credit
///   pop side   out data_out [width], out valid, in pop
/// The writer reserves only while credit is 1 and pushes only what it reserved; the reader pops only while
/// valid is 1. A ready/valid input is push = in_valid & credit, in_ready = credit, with reserveIsPush. A
/// ready/valid output is out_valid = valid, pop = valid & out_ready.
hdl::Module fifo(const FifoParams& params);

/// The kind that is cheapest for a FIFO on a family (rule and numbers in fifo_choice.cpp).
FifoKind chooseFifo(std::uint32_t width, std::uint32_t depth, hdl::Family family);

}  // namespace sluice::kernel
