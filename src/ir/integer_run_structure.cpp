#include <algorithm>

#include "fixed/overflow.h"
#include "fixed/rounding.h"
#include "ir/integer_runner.h"

namespace sluice::ir {
namespace {

std::uint64_t bitsOf(std::int64_t value) { return static_cast<std::uint64_t>(value); }

}  // namespace

void Runner::apply(const Move& step) {
  const Place& to = place(step.y);
  for (std::size_t k = 0; k < step.x.size(); ++k)
    typed(step.x[k], step.y, [&](const auto* x, auto* y) {
      using Y = std::remove_reference_t<decltype(*y)>;
      const Place& from = place(step.x[k]);
      for (std::size_t sample = 0; sample < samples_; ++sample) {
        const auto* source = x + sample * from.rows * from.stride;
        Y* target = y + sample * to.rows * to.stride;
        for (const Move::Run& run : step.runs[k])
          for (std::size_t i = 0; i < run.length; ++i)
            target[run.to + i] = static_cast<Y>(source[run.from + i]);
      }
    });
  withWidth(to.width, [&](auto zero) {
    auto* y = memory_.data<decltype(zero)>(step.y);
    for (std::size_t sample = 0; sample < samples_; ++sample)
      for (const Move::Run& run : step.padding)
        std::fill_n(y + sample * to.rows * to.stride + run.to, run.length,
                    static_cast<decltype(zero)>(step.paddingCode));
  });
}

void Runner::apply(const Selection& step) {
  const Place& from = place(step.x);
  const Place& which = place(step.indices);
  const Place& to = place(step.y);
  const std::size_t count = which.rows * which.columns;
  const auto position = [](const Place& place, std::size_t i) {
    return i / place.columns * place.stride + i % place.columns;
  };
  withWidth(which.width, [&](auto zero) {
    const auto* indices = memory_.data<decltype(zero)>(step.indices);
    typed(step.x, step.y, [&](const auto* x, auto* y) {
      using Y = std::remove_reference_t<decltype(*y)>;
      for (std::size_t sample = 0; sample < samples_; ++sample)
        for (std::size_t outer = 0; outer < step.outer; ++outer)
          for (std::size_t k = 0; k < count; ++k) {
            const auto index =
                static_cast<std::size_t>(indices[sample * which.rows * which.stride + position(which, k)]);
            for (std::size_t i = 0; i < step.inner; ++i)
              y[sample * to.rows * to.stride + position(to, (outer * count + k) * step.inner + i)] =
                  static_cast<Y>(x[sample * from.rows * from.stride +
                                   position(from, (outer * step.extent + index) * step.inner + i)]);
          }
    });
  });
}

void Runner::apply(const Interpolation& step) {
  const Place& from = place(step.x);
  const Place& to = place(step.y);
  std::vector<std::int64_t> values, next;
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t sample = 0; sample < samples_; ++sample) {
      values.clear();
      for (std::size_t row = 0; row < from.rows; ++row) {
        const auto* first = x + (sample * from.rows + row) * from.stride;
        values.insert(values.end(), first, first + from.columns);
      }
      for (const Interpolation::Axis& axis : step.axes) {
        next.clear();
        const std::int64_t one = std::int64_t{1} << axis.bits;
        for (std::size_t outer = 0; outer < axis.outer; ++outer)
          for (const Interpolation::Tap& tap : axis.taps)
            for (std::size_t i = 0; i < axis.inner; ++i)
              next.push_back((one - tap.weight) * values[(outer * axis.in + tap.low) * axis.inner + i] +
                             tap.weight * values[(outer * axis.in + tap.high) * axis.inner + i]);
        values.swap(next);
      }
      for (std::size_t i = 0; i < values.size(); ++i)
        y[(sample * to.rows + i / to.columns) * to.stride + i % to.columns] = static_cast<Y>(values[i]);
    }
  });
}

void Runner::apply(const Reduction& step) {
  const Place& from = place(step.x);
  const Place& to = place(step.y);
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    const auto combine = [&](Y before, std::int64_t one) {
      if (step.kind == ReduceKind::max) return std::max(before, static_cast<Y>(one));
      if (step.kind == ReduceKind::min) return std::min(before, static_cast<Y>(one));
      return static_cast<Y>(static_cast<std::int64_t>(bitsOf(std::int64_t{before}) + bitsOf(one)));
    };
    for (std::size_t sample = 0; sample < samples_; ++sample)
      for (std::size_t row = 0; row < from.rows; ++row) {
        const auto* one = x + (sample * from.rows + row) * from.stride;
        Y* target = y + sample * to.rows * to.stride + step.targets[row];
        for (std::size_t j = 0; j < from.columns; ++j) {
          Y& result = step.alongRow ? *target : target[j];
          const bool first = step.first[row] && (j == 0 || !step.alongRow);
          result = first ? static_cast<Y>(one[j]) : combine(result, one[j]);
        }
      }
  });
}

void Runner::apply(const PairProduct& step) {
  const Place& from = place(step.x);
  const Place& with = place(step.w);
  const Place& to = place(step.y);
  std::vector<std::uint64_t> acc(step.m);
  typed(step.x, step.w, [&](const auto* x, const auto* w) {
    withWidth(to.width, [&](auto zero) {
      using Y = decltype(zero);
      Y* y = memory_.data<Y>(step.y);
      for (std::size_t row = 0; row < rows(step.x); ++row) {
        const std::size_t sample = row / from.rows, matrix = row % from.rows / step.rowsPerMatrix;
        std::fill(acc.begin(), acc.end(), 0);
        for (std::size_t k = 0; k < step.n; ++k) {
          const std::int64_t one = x[row * from.stride + k] - step.zeroX;
          const auto* other = w + (sample * with.rows + matrix * step.n + k) * with.stride;
          for (std::size_t j = 0; j < step.m; ++j) acc[j] += bitsOf(one) * bitsOf(other[j] - step.zeroW);
        }
        for (std::size_t j = 0; j < step.m; ++j)
          y[row * to.stride + j] = static_cast<Y>(static_cast<std::int64_t>(acc[j]));
      }
    });
  });
}

void Runner::apply(const PairElementwise& step) {
  const Place& from = place(step.x);
  const Place& with = place(step.w);
  const Place& to = place(step.y);
  typed(step.x, step.w, [&](const auto* x, const auto* w) {
    withWidth(to.width, [&](auto zero) {
      using Y = decltype(zero);
      Y* y = memory_.data<Y>(step.y);
      for (std::size_t sample = 0; sample < samples_; ++sample)
        for (std::size_t i = 0; i < step.left.size(); ++i) {
          const std::int64_t a = x[sample * from.rows * from.stride + step.left[i]];
          const std::int64_t b = w[sample * with.rows * with.stride + step.right[i]];
          Y& result = y[sample * to.rows * to.stride + i / to.columns * to.stride + i % to.columns];
          switch (step.kind) {
            case CodeBinaryKind::multiply:
              result = static_cast<Y>((a - step.zeroX) * (b - step.zeroW));
              break;
            case CodeBinaryKind::minimum:
              result = static_cast<Y>(std::min(a, b));
              break;
            case CodeBinaryKind::maximum:
              result = static_cast<Y>(std::max(a, b));
              break;
          }
        }
    });
  });
}

void Runner::apply(const PairTable& step) {
  const Place& to = place(step.y);
  typed(step.x, step.w, [&](const auto* x, const auto* w) {
    withWidth(to.width, [&](auto zero) {
      using Y = decltype(zero);
      Y* y = memory_.data<Y>(step.y);
      for (std::size_t row = 0; row < rows(step.y); ++row)
        for (std::size_t j = 0; j < to.columns; ++j) {
          const std::size_t at = row * to.stride + j;
          const std::int64_t entry =
              (x[at] - step.lookup.first0) * step.lookup.span1 + (w[at] - step.lookup.first1);
          y[at] = static_cast<Y>(
              step.table[(step.shared ? 0 : j * step.entries) + static_cast<std::size_t>(entry)]);
        }
    });
  });
}

void Runner::apply(const NarrowConversion& step) {
  const Requantize& to = step.requantize;
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using X = std::remove_cvref_t<decltype(*x)>;
    using Y = std::remove_reference_t<decltype(*y)>;
    if constexpr (sizeof(X) < 8 && sizeof(Y) < 8)
      convertRows(plan_.avx2, ConvertRows<X, Y>{.x = x,
                                                .shift = static_cast<std::int32_t>(to.shift[0]),
                                                .lo = static_cast<std::int32_t>(to.range.lo),
                                                .hi = static_cast<std::int32_t>(to.range.hi),
                                                .rounding = to.rounding,
                                                .wraps = to.overflow == fixed::Overflow::wrap,
                                                .y = y,
                                                .count = rows(step.x) * place(step.x).stride});
    else
      SLUICE_CHECK(false, "the compiler chose int32 for places of 16 and 32 bits");
  });
}

void Runner::apply(const FormatConversion& step) {
  const Requantize& to = step.requantize;
  const Place& from = place(step.x);
  const std::size_t count = from.columns * from.rows;
  const bool one = to.shift.size() == 1 && to.ranges.empty();
  if (one && to.shift[0] >= 0 && to.rounding == Rounding::floor && to.overflow == fixed::Overflow::wrap &&
      ((to.range.hi - to.range.lo + 1) & (to.range.hi - to.range.lo)) == 0) {
    // Two's complement: the bits of the range are kept.
    const std::int64_t mask = to.range.hi - to.range.lo, lo = to.range.lo, shift = to.shift[0];
    elementwise(step.x, step.y,
                [&](std::int64_t x, std::size_t) { return (((x >> shift) - lo) & mask) + lo; });
    return;
  }
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t sample = 0; sample < samples_; ++sample)
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = (sample * from.rows + i / from.columns) * from.stride + i % from.columns;
        const std::int64_t shift = to.shift[i % to.shift.size()];
        const std::int64_t value = x[at];
        const std::int64_t steps =
            shift >= 0 ? fixed::roundShiftRight(value, static_cast<std::uint32_t>(shift), to.rounding)
                       : value * (std::int64_t{1} << -shift);
        y[at] = static_cast<Y>(
            fixed::fit(steps, to.ranges.empty() ? to.range : to.ranges[i % to.ranges.size()], to.overflow));
      }
  });
}

}  // namespace sluice::ir
