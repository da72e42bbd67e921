#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "hdl/module.h"
#include "kernel/kernel.h"

/// Many kernels in one Verilator model, beside the in-process evaluator.
namespace sluice::show {

/// A kernel between FIFOs (kernel::withFifos, simplified as emit does), under a name of its own; every register that reset
/// defines is an output beside the ports.
struct Bench {
  kernel::Kernel kernel;
  std::shared_ptr<const hdl::Module> module;
  std::string verilog;  ///< if not empty, what Verilator gets in place of the module's print
};

/// The kernel, renamed, between FIFOs of random depths and kinds.
Bench benchOf(kernel::Kernel kernel, const std::string& name, Rng rng);

struct BatchCount {
  std::uint64_t kernels = 0, cycles = 0, values = 0, beats = 0;
  double compileSeconds = 0;
};

/// Random beats, gaps and stalls (each port by itself, in phases; in the second half of runs of 3,200 cycles and more, swings
/// from full to empty), and power-up bits from the seed for `cycles` cycles; both engines see the same. In every cycle every ready, valid, popped and pushed must be equal, and data wherever valid says that there is some:
/// registers without reset hold random bits in Verilator. Errors  badInput: the first difference; those of
/// the tools.
Result<BatchCount> compareBatch(const std::vector<Bench>& benches, std::uint32_t cycles, std::uint64_t seed);

/// The same, every bench judged by itself. Errors: those of the tools.
struct BatchVerdict {
  BatchCount count;
  std::vector<Status> benches;  ///< in their order; badInput: the first difference
};
Result<BatchVerdict> judgeBatch(const std::vector<Bench>& benches, std::uint32_t cycles, std::uint64_t seed);

/// What the registers that reset defines hold, cycle by cycle, in the evaluator under that stimulus: the low 64 bits of the
/// bench's outputs `state...`, in their order.
Result<std::vector<std::vector<std::uint64_t>>> statesSeen(const Bench& bench, std::uint32_t cycles,
                                                           std::uint64_t seed);

}  // namespace sluice::show
