#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ir/graph.h"
#include "ir/integer_kernels.h"
#include "ir/regions.h"

/// Inside of the integer interpreter (integer.h): a network as a list of steps over padded buffers.
namespace sluice::ir {

enum class Width : std::uint8_t { int16, int32, int64 };

/// Calls visit with a value of the width's type.
template <typename Visit>
decltype(auto) withWidth(Width width, Visit&& visit) {
  switch (width) {
    case Width::int16:
      return visit(std::int16_t{});
    case Width::int32:
      return visit(std::int32_t{});
    default:
      return visit(std::int64_t{});
  }
}

/// Constants in the type that the inner loop computes in.
using TypedList =
    std::variant<std::vector<std::int16_t>, std::vector<std::int32_t>, std::vector<std::int64_t>>;

/// Where a tensor lives: per sample `rows` rows of `columns` elements, each row padded to `stride`, in one of
/// the plan's slots of memory.
struct Place {
  Width width = Width::int16;
  std::size_t rows = 1, columns = 1, stride = lanes;
  std::size_t slot = 0;
};

/// Product in int16 with sums modulo 2^32; weights as denseRows wants them.
struct FastDense {
  std::size_t x = 0, y = 0;  ///< places
  std::size_t pairs = 0;
  std::vector<std::int16_t> weights;
  std::vector<std::int32_t> bias;
};
/// Product with sums modulo 2^64; weights [n][m].
struct WideDense {
  std::size_t x = 0, y = 0;
  std::vector<std::int64_t> weights, bias;
};
/// Thresholds by comparing with all of them; [blocks or 1][steps][lanes], clamped to what x can tell apart.
struct CompareThreshold {
  std::size_t x = 0, y = 0, steps = 0;
  bool shared = false;
  TypedList thresholds;  ///< of x's width
  TypedList base, sign;  ///< of y's width, modulo its size, one per padded column
};
/// Thresholds by binary search; [rows or 1][steps].
struct SearchThreshold {
  std::size_t x = 0, y = 0, steps = 0;
  bool shared = false;
  std::vector<std::int64_t> thresholds, base, sign;
};
struct TableLookup {
  std::size_t x = 0, y = 0, entries = 0;
  bool shared = false;
  std::int64_t first = 0;
  std::vector<std::int64_t> table;
};
struct AffineRescale {
  std::size_t x = 0, y = 0;
  std::vector<std::int64_t> a, b;  ///< per column
  Rescale rescale;
};
struct ShiftedSum {
  std::vector<std::size_t> x;
  std::size_t y = 0;
  std::vector<std::uint32_t> shift;
};
struct Largest {
  std::size_t x = 0, y = 0, k = 1;
};
/// The same in int32, where a * x + b is proven to fit; `plus` is added before the shift.
struct NarrowRescale {
  std::size_t x = 0, y = 0;
  std::vector<std::int32_t> a, b;  ///< per column of the row's `stride`
  Rescale rescale;
};
/// Requantize; lists of one element, one per column or one per element of a sample.
struct FormatConversion {
  std::size_t x = 0, y = 0;
  Requantize requantize;
};
/// One shift and range in int32, which everything on the way is proven to fit.
struct NarrowConversion {
  std::size_t x = 0, y = 0;
  Requantize requantize;
};
/// The windows of a convolution or pool: for each output row of a sample, for each place of the kernel, the row
/// of x, or -1 for padding.
struct Windows {
  std::size_t places = 1, outputs = 1;
  std::vector<std::int32_t> rows;
};
/// Windows are copied side by side into rows, which denseRows multiplies.
struct FastConv {
  std::size_t x = 0, y = 0, pairs = 0;
  std::int64_t padding = 0;  ///< the code that stands for real zero
  Windows windows;
  std::vector<std::int16_t> weights;
  std::vector<std::int32_t> bias;
};
/// groups = channels in = channels out, sums modulo 2^32; weights [places][stride].
struct DepthwiseConv {
  std::size_t x = 0, y = 0;
  std::int64_t padding = 0;
  Windows windows;
  std::vector<std::int32_t> weights, bias;
};
/// Any groups, sums modulo 2^64; weights [places][groupIn][cout].
struct WideConv {
  std::size_t x = 0, y = 0, groupIn = 1, groupOut = 1;
  std::int64_t padding = 0;
  Windows windows;
  std::vector<std::int64_t> weights, bias;
};
/// The same into a fixed-point accumulator.
struct Accumulation {
  WideConv conv;
  std::uint32_t shift = 0;
  Rounding rounding = Rounding::floor;
  fixed::Overflow overflow = fixed::Overflow::wrap;
  fixed::Interval range;
};
/// The same for one group, products truncated, sums wrapped into 2^k codes: int32 arithmetic on windows copied side
/// by side.
struct FastAccumulation {
  std::size_t x = 0, y = 0, depth = 0;
  bool pointwise = false;
  Windows windows;
  std::vector<std::int32_t> weights, bias;
  std::vector<std::int16_t> shortWeights;  ///< instead of weights, where 16 bits of every product do
  std::uint32_t shift = 0;
  fixed::Interval range;
};
struct WindowPool {
  std::size_t x = 0, y = 0;
  PoolKind kind = PoolKind::max;
  std::int64_t padding = 0;
  Windows windows;
};
/// Of each row of x: the element of y's sample (in its padded rows) it goes to, and whether it is the first.
struct Reduction {
  std::size_t x = 0, y = 0;
  ReduceKind kind = ReduceKind::sum;
  bool alongRow = false;  ///< the row's elements are reduced too
  std::vector<std::uint32_t> targets;
  std::vector<bool> first;
};
/// Elements that move; `from` and `to` count elements of a sample in padded rows.
struct Move {
  struct Run {
    std::uint32_t from = 0, to = 0, length = 0;
  };
  std::vector<std::size_t> x;
  std::size_t y = 0;
  std::vector<std::vector<Run>> runs;  ///< of each input
  std::vector<Run> padding;
  std::int64_t paddingCode = 0;
};
/// x[outer, index, inner] for each of the indices.
struct Selection {
  std::size_t x = 0, indices = 0, y = 0;
  std::size_t outer = 1, extent = 1, inner = 1;
};
/// A linear Resize on codes, axis by axis: (one - high) * low + high * next.
struct Interpolation {
  struct Tap {
    std::size_t low = 0, high = 0;
    std::int64_t weight = 0;  ///< of 2^bits
  };
  struct Axis {
    std::size_t outer = 1, in = 1, inner = 1;
    std::uint32_t bits = 0;
    std::vector<Tap> taps;
  };
  std::size_t x = 0, y = 0;
  std::vector<Axis> axes;
};
/// Matrix product of two computed tensors.
struct PairProduct {
  std::size_t x = 0, w = 0, y = 0;
  std::size_t n = 1, m = 1, rowsPerMatrix = 1;
  std::int64_t zeroX = 0, zeroW = 0;
};
/// CodeBinary; for each element of y's sample the elements of x and w, in padded rows.
struct PairElementwise {
  std::size_t x = 0, w = 0, y = 0;
  CodeBinaryKind kind = CodeBinaryKind::multiply;
  std::int64_t zeroX = 0, zeroW = 0;
  std::vector<std::uint32_t> left, right;
};
struct PairTable {
  std::size_t x = 0, w = 0, y = 0, entries = 0;
  bool shared = false;
  PairLookup lookup;
  std::vector<std::int64_t> table;
};
/// y = the same values in every sample.
struct Fill {
  std::size_t y = 0;
  std::vector<std::int64_t> values;
};

using Step = std::variant<FastDense, WideDense, CompareThreshold, SearchThreshold, TableLookup, AffineRescale,
                          NarrowRescale, FormatConversion, NarrowConversion, ShiftedSum, Largest, FastConv,
                          DepthwiseConv, WideConv, Accumulation, FastAccumulation, WindowPool, Reduction,
                          Move, Selection, Interpolation, PairProduct, PairElementwise, PairTable, Fill>;

struct IntegerPlan {
  struct Port {
    std::string name;
    std::size_t place = 0;
    fixed::Interval range;
    std::size_t elements = 1;
  };

  Regions regions;
  std::vector<Place> places;
  std::vector<std::size_t> slotBytes;  ///< per sample
  std::vector<Step> steps;
  std::vector<Port> inputs, outputs;
  std::size_t batch = 1;  ///< samples that pass through together
  bool avx2 = false;
};

/// The narrowest width that holds the range; of int32 and int64 with one more at either end (a threshold just beyond it).
Width widthFor(fixed::Interval range);

}  // namespace sluice::ir
