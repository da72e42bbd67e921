#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/kernel.h"

/// Tensors as beats: element e of a beat is bits [e*bits, (e+1)*bits), two's complement, beats in row-major order.
namespace sluice::emit {

/// Words of one beat: 64 bits each, lowest first.
inline std::uint32_t wordsPerBeat(const kernel::Beat& beat) { return (beat.width() + 63) / 64; }

/// Codes, a multiple of beat.elements many, as beats. A code outside the format is a bug of the caller.
std::vector<std::uint64_t> packBeats(std::span<const std::int64_t> codes, const kernel::Beat& beat);

/// The codes of whole beats.
std::vector<std::int64_t> unpackBeats(std::span<const std::uint64_t> words, const kernel::Beat& beat);

}  // namespace sluice::emit
