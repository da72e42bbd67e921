#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/kernel.h"

/// Fork: one stream to several readers. A beat goes to all of them in one cycle, or waits until all have a
/// place: the FIFOs behind the outputs decouple the readers. No storage, no logic but the issue line; writes
/// are at stage 0.
namespace sluice::kernel {

struct ForkParams {
  std::uint32_t outputs = 2;
  Beat beat;
  fixed::Interval range;
};

/// Ports x; y0, y1, ... Errors: badInput (no outputs, a format that does not hold the range).
Result<Kernel> fork(const ForkParams& params);

}  // namespace sluice::kernel
