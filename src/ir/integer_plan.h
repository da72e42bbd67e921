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
/// y[i] = x[source[i]] for each element of a sample; the identity if `source` is empty (a reshape).
struct Move {
  std::size_t x = 0, y = 0;
  std::vector<std::uint32_t> source;
};
/// y = the same values in every sample.
struct Fill {
  std::size_t y = 0;
  std::vector<std::int64_t> values;
};

using Step = std::variant<FastDense, WideDense, CompareThreshold, SearchThreshold, TableLookup, AffineRescale,
                          ShiftedSum, Largest, Move, Fill>;

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

/// The narrowest width that holds the range and one more at either end (a threshold just beyond it).
Width widthFor(fixed::Interval range);

}  // namespace sluice::ir
