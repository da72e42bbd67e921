#pragma once

#include <string>

#include "emit/axi_registers.h"

/// The Verilator harness of `axi_top`: a processor's bus and its DMA engines as a C++ program.
///
/// usage: harness INPUT.bin OUTPUT.bin FRAMES SOURCE_SEED SOURCE_STALL SINK_SEED SINK_STALL CYCLE_LIMIT POWER_UP_SEED
///        FRAMES_PER_PACKET HOLD
///
/// Files and arguments as in harness.h; beats are those of TDATA. Behind the streams' beats OUTPUT.bin has those of one
/// more port: the registers as they are at the end, where the offset stands for the cycle and the value for the data.
///
/// First the program tries the registers: it reads all; writes with the address before the data, after it, and with it,
/// with byte strobes, to addresses that do not exist; sends a part of a frame with TLAST within it, finds the error noted,
/// clears it, and resets the design. Then, from the cycle that counts as cycle 0, it sends and takes all frames, while it
/// reads registers at random moments with random waits. HOLD 0: a beat is offered in exactly those cycles in which the
/// pattern is open and TREADY is high, so that beats move in the cycles that the simulator predicts; HOLD 1: a beat that is
/// offered stays until it is taken, as DMA engines do it. Beats without bytes are mixed in with HOLD 1.
///
/// In every cycle it watches: TVALID, TDATA, TLAST, TKEEP of outputs stay while TREADY is low, as do BVALID, RVALID and what
/// belongs to them; no answer without a request; TLAST of outputs comes where it must and nowhere else; TKEEP is all ones.
///
/// Exit codes: 0 all beats of all frames came; 1 bad arguments or files; 2 the cycle limit was reached; 3 a rule was broken
/// (said on standard error).
namespace sluice::emit {

/// The program's text; the Verilated class is `Vtop`.
std::string axiHarness(const AxiSkin& skin);

}  // namespace sluice::emit
