#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// The Verilator harness: a C++ program around the module `top` that feeds beats, takes beats, and notes the cycle of
/// each. Gaps and stalls come from dataflow::Pattern's formula, so the program and the simulator see the same ones.
///
/// usage: harness INPUT.bin OUTPUT.bin FRAMES SOURCE_SEED SOURCE_STALL SINK_SEED SINK_STALL CYCLE_LIMIT POWER_UP_SEED
///
/// INPUT.bin   for each input port in order, for each beat of FRAMES frames: ceil(width/64) little-endian 64-bit words
/// OUTPUT.bin  for each port in order (inputs, then outputs): the number of beats seen (u64), then for each beat its
///             cycle (u64) and, for outputs, its words. Cycle 0 is the first with rst low.
/// Registers without reset start at random bits drawn from POWER_UP_SEED: what a real device might hold.
/// Exit codes: 0 all beats of all frames came; 1 bad arguments or files; 2 the cycle limit was reached.
namespace sluice::emit {

struct HarnessPort {
  std::string name;  ///< prefix of <name>_data, <name>_valid, <name>_ready
  bool isInput = true;
  std::uint32_t width = 1;  ///< bits of <name>_data
  std::uint64_t beatsPerFrame = 1;
};

/// The program's text; the Verilated class is `Vtop`.
std::string verilatorHarness(const std::vector<HarnessPort>& ports);

/// How both programs begin: includes, and the formula of gaps and stalls (isOpen), within an anonymous namespace.
extern const char* const kHarnessStart;

}  // namespace sluice::emit
