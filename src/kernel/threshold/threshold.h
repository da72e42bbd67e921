#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "kernel/kernel.h"

/// Thresholds, streamed: a quantizer after any rising or falling function, exact.
///
///   y[c] = base[c] + sign[c] * (number of k with x[c] >= threshold[c][k])
///
/// `pack` channels a beat, channels/pack beats a vector; every beat in gives a beat out, II 1. A falling
/// channel (sign -1) is turned into a rising one before it is built: base - count = (base - K) + (number of k
/// with x < t[k]), so it costs one inverted comparison and no subtraction.
///
/// Three forms, by cost
///   table     x and the channel fold have at most 8 bits together: y is a table of them, no comparison at
///   all parallel  at most 3 thresholds: compare with all of them at once; the answers form a thermometer
///   (once false,
///             always false), whose count needs a few XORs and no adders
///   search    more: binary search. Level l compares with one threshold out of 2^l, found in that level's own
///   ROM by
///             the answers so far: log2(K+1) comparators instead of K, one or two stages each
///
///   search, K = 7:   x >= t[3] ?   then t[1] or t[5] ?   then t[0], t[2], t[4] or t[6] ?   the answers are
///   the count
///
/// A row of thresholds that is shared by all channels is stored once.
namespace sluice::kernel {

enum class ThresholdForm : std::uint8_t { automatic, table, parallel, search };

struct ThresholdParams {
  std::uint32_t channels = 1;
  std::uint32_t pack = 1;  ///< elements of a beat; divides channels
  fixed::Interval input;
  std::vector<std::vector<std::int64_t>>
      thresholds;                         ///< [channels or 1][K], each row ascending (equal ones allowed)
  std::vector<std::int64_t> base{0};      ///< [channels or 1]
  std::vector<std::int8_t> sign{1};       ///< [channels or 1], +1 or -1
  std::optional<fixed::Interval> output;  ///< declared range of y; default: the proven one
  ThresholdForm form = ThresholdForm::automatic;
};

/// Every value that y can have for x in the input range: exact.
fixed::Interval thresholdOutputRange(const ThresholdParams& params);

/// Errors  badInput: pack does not divide, list lengths, a row that falls, a sign other than +1 or -1, more
/// than 4096
///         thresholds, an output range that is too small, a table asked for beyond 16 bits
Result<Kernel> threshold(const ThresholdParams& params);

}  // namespace sluice::kernel
