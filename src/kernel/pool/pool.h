#pragma once

#include <cstdint>

#include "base/result.h"
#include "kernel/window/window.h"

/// Pooling, streamed: the largest, the smallest or the sum of every window, channel by channel.
///
///   x   [height][width][channels], `pack` channels a beat          (as window/window.h)
///   y   [outHeight][outWidth][channels], `pack` channels a beat
///
/// Implements ir::Pool max and sum (padding: ignored; counted as padCode), and ir::Reduce max, min and sum over rows and
/// columns as one window of the size of the map. An average is a sum, and the rescale, threshold or table behind it.
/// A reduction over channels is a pool with width = channels, channels = 1.
///
/// A window's value is taken column by column: all of a column first, then the columns, which for max, min and sum is the
/// same. Two forms, chosen by the geometry:
///
///   tiles     stride = kernel, no dilation (and global pools). Every pixel belongs to one window. A running value per
///             column fold is kept along a row of the tile, and one per tile column from row to row:
///               loops [tile row][row in it][tile column][column in it][fold]
///               read  every pixel of the map;  write in the last row and column of a tile
///               storage: folds words, and outWidth * folds words (stepped once a tile column)
///             A frame takes as many iterations as it has beats, if the tiles cover the map and nothing else.
///   windows   any other. The scan, the lemma and the row memory are those of window/window.h; the kernelHeight pixels of
///             a column become one value before the columns are kept, so a window is kernelWidth values, not
///             kernelHeight * kernelWidth.
/// Padding of max (min) is the lowest (highest) code that x can have.
namespace sluice::kernel {

enum class PoolOperation : std::uint8_t { maximum, minimum, sum };

struct PoolParams {
  PoolOperation operation = PoolOperation::maximum;
  WindowParams window;  ///< geometry and x; nothing inserted. padCode is of sum alone
};

struct PoolFacts {
  std::uint32_t outHeight = 0, outWidth = 0;
  bool tiles = false;
  std::uint64_t iterations = 0;  ///< of a frame
  fixed::Interval output;
};

/// Errors  those of windowScan; unsupported: inserted pixels, a maximum or minimum with a window that holds padding only,
///         sums beyond 62 bits
Result<PoolFacts> poolFacts(const PoolParams& params);

/// Ports x, y. Errors: those of poolFacts.
Result<Kernel> pool(const PoolParams& params);

}  // namespace sluice::kernel
