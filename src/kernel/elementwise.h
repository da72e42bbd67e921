#pragma once

#include <cstdint>
#include <string>

#include "kernel/kernel.h"

/// What kernels share that take a beat of channels and give one, element by element: rescale, requantize, threshold, lookup.
namespace sluice::kernel {

struct Elementwise {
  std::string family, name;
  std::uint32_t pack = 1;   ///< elements of a beat
  std::uint32_t folds = 1;  ///< beats of all channels; 1 where channels are alike
  std::uint32_t depth = 1;  ///< stages from x to y
  fixed::Interval input, output;
};

/// Ports x and y, a beat each in every iteration; the datapath is left to the family.
Kernel elementwise(const Elementwise& shape);

}  // namespace sluice::kernel
