#pragma once

#include "kernel/conv/conv.h"

/// Random convolutions, and what they mean.
namespace sluice::kernel {

ConvParams randomConvParams(std::uint64_t seed);

/// The convolution of one frame, from its definition.
std::vector<std::int64_t> convolved(const ConvParams& params, const std::vector<std::int64_t>& map);

}  // namespace sluice::kernel
