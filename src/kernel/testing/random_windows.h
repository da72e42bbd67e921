#pragma once

#include <optional>

#include "base/rng.h"
#include "kernel/window/window.h"

/// Random feature maps and windows, and the plain meaning of a window: what the generators of this folder share.
namespace sluice::kernel {

/// A divisor of n.
std::uint32_t randomDivisor(Rng& rng, std::uint32_t n);

/// A legal window on a small map, with small values.
WindowParams randomWindowParams(Rng& rng);

/// The element of the map at a position of window (i, j), channel c: none where padding or an inserted position is.
std::optional<std::int64_t> windowElement(const WindowParams& p, const std::vector<std::int64_t>& map,
                                          std::uint32_t i, std::uint32_t j, std::uint32_t ky,
                                          std::uint32_t kx, std::uint32_t c);

}  // namespace sluice::kernel
