#include <bit>
#include <cmath>

#include "compat/hls4ml_emit.h"
#include "compat/hls4ml_tables.h"

/// Softmax by tables (nnet_activation.h), over the last axis.
///
///   stable    d = max - x; e = expTable[top bits of d]; y = e * inverseTable[top bits of sum e]
///   latency   e = expTable[top bits of x]; the rest alike
///   legacy    y_i = inverseTable[sum_j expTable[x_j - x_i]]
///   argmax    1 for the largest, 0 for the others
///
/// The top bits are what makes it fail: a type with many integer bits leaves no bit of the index for the fraction, so
/// that all logits meet the same entry and every class gets 1 / n.
namespace sluice::compat {
namespace {

using fixed::ApFormat;
using ir::TensorId;

int addressBits(std::int64_t size) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(size) - 1));
}

class Softmax {
 public:
  explicit Softmax(Emitter& emitter)
      : emitter_(emitter),
        layer_(emitter.layer()),
        shape_(emitter.shape(emitter.input().tensor)),
        n_(shape_.back()) {}

  Result<Value> run() {
    if (layer_.implementation == "argmax") return argmax();
    if (!std::has_single_bit(static_cast<std::uint64_t>(layer_.tableSize)) || layer_.tableSize < 2)
      return unsupported("a softmax table of " + std::to_string(layer_.tableSize) +
                         " entries; hls4ml reads beyond tables whose size is no power of two");
    for (const ApFormat& type :
         {layer_.expTable, layer_.invTable, layer_.invInput, *layer_.accum, *layer_.result})
      if (type.width > 53) return unsupported("a type of more than 53 bits in a softmax");
    if (layer_.implementation == "legacy") return legacy();
    return tabled(layer_.implementation == "stable");
  }

 private:
  Emitter& emitter_;
  const Layer& layer_;
  ir::Shape shape_;
  std::int64_t n_;

  [[nodiscard]] std::int64_t lastAxis() const { return static_cast<std::int64_t>(shape_.size()) - 1; }

  Result<TensorId> reduced(ir::ReduceKind kind, TensorId x, const std::string& suffix) {
    return emitter_.add(suffix, ir::Reduce{.kind = kind, .axes = {lastAxis()}, .keepDims = true}, {x});
  }
  Result<TensorId> expanded(TensorId x, const std::string& suffix) {
    return emitter_.add(suffix, ir::Expand{.shape = shape_}, {x});
  }

  /// The table's address: the top bits of the code, read as a number without sign.
  Result<TensorId> address(const Value& x, std::int64_t size, const std::string& suffix) {
    const int bits = addressBits(size);
    if (x.format.width < bits)
      return unsupported("a table of " + std::to_string(size) + " entries for an index of " +
                         std::to_string(x.format.width) + " bits");
    return emitter_.add(suffix,
                        ir::Requantize{.shift = {x.format.width - bits},
                                       .range = {0, size - 1},
                                       .rounding = fixed::Rounding::floor,
                                       .overflow = fixed::Overflow::wrap},
                        {x.tensor});
  }

  /// max - x, assigned to its type without sign.
  Result<Value> distance(const ApFormat& type) {
    const Value x = emitter_.input();
    SLUICE_TRY(const TensorId largest, reduced(ir::ReduceKind::max, x.tensor, "max"));
    SLUICE_TRY(const TensorId max, expanded(largest, "max_of_all"));
    SLUICE_TRY(const Value minus, emitter_.affine(x, {-1}, {0}, 0, "minus"));
    SLUICE_TRY(const Value difference, emitter_.sum({max, x.format}, minus, "distance"));
    // Never negative, which the ranges cannot tell.
    SLUICE_TRY(const Value known,
               emitter_.clamp(difference, 0, emitter_.range(difference.tensor).hi, "distance_known"));
    return emitter_.convert(known, type, "normalized");
  }

  /// The sum in the accumulator's type: in the order of hls4ml's tree of additions, where that matters.
  Result<Value> total(const Value& terms) {
    const ApFormat& accum = terms.format;
    const fixed::Interval range = emitter_.range(terms.tensor);
    const bool anyOrder = (accum.overflow == fixed::Overflow::wrap && accum.saturationBits == 0) ||
                          (accum.overflow == fixed::Overflow::saturate && range.lo >= 0) ||
                          accum.range().contains(fixed::Interval{n_ * std::min<std::int64_t>(0, range.lo),
                                                                 n_ * std::max<std::int64_t>(0, range.hi)});
    if (anyOrder) {
      SLUICE_TRY(const TensorId sum, reduced(ir::ReduceKind::sum, terms.tensor, "sum"));
      return emitter_.convert(emitter_.exact(sum, accum.fraction()), accum, "accum");
    }
    return tree(terms, 0, n_);
  }
  Result<Value> tree(const Value& terms, std::int64_t begin, std::int64_t end) {
    if (end - begin == 1) {
      ir::Slice slice{.begin = ir::Shape(shape_.size(), 0), .end = shape_};
      slice.begin.back() = begin, slice.end.back() = end;
      SLUICE_TRY(const TensorId term, emitter_.add("term", slice, {terms.tensor}));
      return Value{term, terms.format};
    }
    const auto left = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(end - begin - 1)));
    SLUICE_TRY(const Value a, tree(terms, begin, begin + left));
    SLUICE_TRY(const Value b, tree(terms, begin + left, end));
    SLUICE_TRY(const Value sum, emitter_.sum(a, b, "partial"));
    return emitter_.convert(sum, terms.format, "partial_accum");
  }

  /// Where the table's step is coarse, logits that differ by less get the same share.
  void warnOfSteps(const ApFormat& index, std::int64_t size) {
    const double step = std::ldexp(1.0, index.integer - addressBits(size));
    if (step < 1) return;
    emitter_.warn("the table of exp has one entry for every " +
                  std::to_string(static_cast<std::int64_t>(step)) + " that logits differ by (its index is " +
                  fixed::text(index) + "); classes closer than that get the same share, maybe all of them");
  }

  /// The real softmax, where hls4ml's is not asked for: the host computes it.
  Result<Value> real() {
    SLUICE_TRY(const TensorId y, emitter_.add("softmax", ir::Softmax{}, {emitter_.input().tensor}));
    return Value{y, *layer_.result};
  }

  Result<Value> tabled(bool stable) {
    const ApFormat inputType = emitter_.input().format;
    ApFormat index = inputType;
    std::int64_t expSize = layer_.tableSize;
    if (stable) {
      const int sign = inputType.isSigned ? 1 : 0;
      index =
          ApFormat{.width = inputType.width - sign, .integer = inputType.integer - sign, .isSigned = false};
      if (inputType.isSigned && !layer_.normInput && index.width < 21)
        expSize = std::min(expSize, std::int64_t{1} << index.width);
      if (layer_.normInput) index = *layer_.normInput;
    }
    if (index.width > 53) return unsupported("logits of more than 53 bits");
    if (!emitter_.reproduces()) return real();
    warnOfSteps(index, expSize);
    Value x = emitter_.input();
    if (stable) {
      SLUICE_TRY(x, distance(index));
    }
    SLUICE_TRY(const TensorId at, address(x, expSize, "exp_index"));
    auto entries =
        converted(expTable(expSize, index, stable, layer_.expTable), layer_.expTable, *layer_.accum);
    SLUICE_TRY(const Value terms, emitter_.lookup(at, 0, std::move(entries), *layer_.accum, "exp"));
    SLUICE_TRY(Value sum, total(terms));
    SLUICE_TRY(sum, emitter_.convert(sum, layer_.invInput, "inv_input"));
    SLUICE_TRY(const TensorId where, address(sum, layer_.tableSize, "inv_index"));
    SLUICE_TRY(const Value inverse,
               emitter_.lookup(where, 0, inverseTable(layer_.tableSize, layer_.invInput, layer_.invTable),
                               layer_.invTable, "inverse"));
    SLUICE_TRY(const TensorId all, expanded(inverse.tensor, "inverse_of_all"));
    SLUICE_TRY(const Value product, emitter_.product(terms, {all, layer_.invTable}, "product"));
    return emitter_.convert(product, *layer_.result);
  }

  /// int(x * size / 2^spanBits), cut toward zero and clamped.
  Result<TensorId> cut(const Value& x, std::int64_t size, int spanBits, std::int64_t lo, std::int64_t hi,
                       const std::string& suffix) {
    const int shift = x.format.fraction() + spanBits - addressBits(size);
    if (shift > 62 || shift < -40) return unsupported("a table whose steps are far from those of its input");
    return emitter_.add(suffix,
                        ir::Requantize{.shift = {shift},
                                       .range = {lo, hi},
                                       .rounding = fixed::Rounding::towardZero,
                                       .overflow = fixed::Overflow::saturate},
                        {x.tensor});
  }

  Result<Value> legacy() {
    if (!emitter_.reproduces()) return real();
    const Value x = emitter_.input();
    const std::int64_t size = layer_.tableSize;
    // All differences x_j - x_i, as a product with a matrix of 1 and -1.
    std::vector<std::int64_t> matrix(static_cast<std::size_t>(n_ * n_ * n_), 0);
    for (std::int64_t i = 0; i < n_; ++i)
      for (std::int64_t j = 0; j < n_; ++j) {
        matrix[static_cast<std::size_t>(j * n_ * n_ + i * n_ + j)] += 1;
        matrix[static_cast<std::size_t>(i * n_ * n_ + i * n_ + j)] -= 1;
      }
    const TensorId m = emitter_.constant("differences_matrix", {n_, n_ * n_}, std::move(matrix), 0);
    SLUICE_TRY(const TensorId flat, emitter_.add("differences", ir::Dense{}, {x.tensor, m}));
    ir::Shape square = shape_;
    square.push_back(n_);
    SLUICE_TRY(const TensorId pairs, emitter_.add("pairs", ir::Reshape{square}, {flat}));
    SLUICE_TRY(const TensorId at, cut(emitter_.exact(pairs, x.format.fraction()), size, 4, -size / 2,
                                      size - 1 - size / 2, "exp_index"));
    SLUICE_TRY(const Value terms,
               emitter_.lookup(at, -size / 2, curveTable(Curve::expLegacy, size, layer_.table), layer_.table,
                               "exp"));
    SLUICE_TRY(const TensorId sum,
               emitter_.add("sum", ir::Reduce{.kind = ir::ReduceKind::sum, .axes = {lastAxis() + 1}},
                            {terms.tensor}));
    SLUICE_TRY(const Value total,
               emitter_.convert(emitter_.exact(sum, layer_.table.fraction()), layer_.table, "accum"));
    SLUICE_TRY(const TensorId where, cut(total, size, 6, 0, size - 1, "inv_index"));
    auto entries =
        converted(curveTable(Curve::inverseLegacy, size, layer_.table), layer_.table, *layer_.result);
    return emitter_.lookup(where, 0, std::move(entries), *layer_.result, "result");
  }

  Result<Value> argmax() {
    const ApFormat result = *layer_.result;
    SLUICE_TRY(const TensorId best, emitter_.add("best", ir::TopK{.k = 1}, {emitter_.input().tensor}));
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n_ * n_), 0);
    for (std::int64_t i = 0; i < n_; ++i) rows[static_cast<std::size_t>(i * n_ + i)] = codeOf(1, result);
    const TensorId one = emitter_.constant("one_hot", {n_, n_}, std::move(rows), result.fraction());
    SLUICE_TRY(const TensorId row, emitter_.add("row", ir::Gather{.axis = 0}, {one, best}));
    SLUICE_TRY(const TensorId y, emitter_.add("result", ir::Reshape{shape_}, {row}));
    return Value{y, result};
  }
};

}  // namespace

Result<Value> emitSoftmax(Emitter& emitter) { return Softmax(emitter).run(); }

}  // namespace sluice::compat
