#include <algorithm>

#include "fixed/overflow.h"
#include "ir/integer_runner.h"

namespace sluice::ir {
namespace {

/// Windows side by side: about this many bytes stay in the first cache while all columns pass over them.
constexpr std::size_t patchBytes = 16384;

}  // namespace

void Runner::gatherWindows(const Windows& windows, std::size_t id, std::int64_t padding, std::size_t first,
                           std::size_t count, std::size_t depth) {
  const Place& from = place(id);
  const std::size_t cin = from.columns, places = windows.places;
  const auto* x = memory_.data<std::int16_t>(id);
  const auto pad = static_cast<std::int16_t>(padding);
  for (std::size_t row = 0; row < count; ++row) {
    const std::size_t sample = (first + row) / windows.outputs, output = (first + row) % windows.outputs;
    const std::int16_t* own = x + sample * from.rows * from.stride;
    const std::int32_t* source = windows.rows.data() + output * places;
    std::int16_t* patch = scratch_.data() + row * depth;
    if (cin == 1) {
      for (std::size_t place = 0; place < places; ++place)
        patch[place] = source[place] < 0 ? pad : own[static_cast<std::size_t>(source[place]) * from.stride];
      continue;
    }
    for (std::size_t place = 0; place < places;) {
      std::size_t next = place + 1;
      std::int16_t* to = patch + place * cin;
      if (source[place] < 0) {
        std::fill_n(to, cin, pad);
      } else if (from.stride == cin) {
        // Neighbouring places whose rows are neighbours in memory are copied at once.
        while (next < places && source[next] == source[next - 1] + 1) ++next;
        std::memcpy(to, own + static_cast<std::size_t>(source[place]) * cin,
                    (next - place) * cin * sizeof(std::int16_t));
      } else {
        const std::int16_t* one = own + static_cast<std::size_t>(source[place]) * from.stride;
        for (std::size_t i = 0; i < cin; ++i) to[i] = one[i];
      }
      place = next;
    }
  }
}

void Runner::apply(const FastConv& step) {
  const Place& to = place(step.y);
  const std::size_t depth = step.pairs * 2, all = samples_ * step.windows.outputs;
  const std::size_t tile = std::max<std::size_t>(6, patchBytes / (depth * sizeof(std::int16_t)) / 6 * 6);
  scratch_.assign(tile * depth + lanes, 0);
  const auto multiply = [&](auto* y) {
    for (std::size_t first = 0; first < all; first += tile) {
      const std::size_t count = std::min(tile, all - first);
      gatherWindows(step.windows, step.x, step.padding, first, count, depth);
      denseRows(plan_.avx2, scratch_.data(), depth, step.pairs, step.weights.data(), step.bias.data(),
                y + first * to.stride, to.stride, count);
    }
  };
  if (to.width == Width::int16)
    multiply(memory_.data<std::int16_t>(step.y));
  else
    multiply(memory_.data<std::int32_t>(step.y));
}

void Runner::apply(const FastAccumulation& step) {
  const Place& to = place(step.y);
  const std::size_t all = samples_ * step.windows.outputs;
  const std::size_t tile =
      step.pointwise ? all : std::max<std::size_t>(1, patchBytes / (step.depth * sizeof(std::int16_t)));
  scratch_.assign(step.pointwise ? 0 : tile * step.depth, 0);
  const auto run = [&](auto* y) {
    for (std::size_t first = 0; first < all; first += tile) {
      const std::size_t count = std::min(tile, all - first);
      if (!step.pointwise) gatherWindows(step.windows, step.x, 0, first, count, step.depth);
      const auto filled = [&](auto work, const auto* weights) {
        work.x = step.pointwise ? memory_.data<std::int16_t>(step.x) : scratch_.data();
        work.xStride = step.pointwise ? place(step.x).stride : step.depth;
        work.depth = step.depth;
        work.weights = weights;
        work.bias = step.bias.data();
        work.shift = step.shift;
        work.mask = static_cast<std::uint32_t>(step.range.hi - step.range.lo);
        work.lo = static_cast<std::int32_t>(step.range.lo);
        work.y = y + first * to.stride;
        work.yStride = to.stride;
        work.rows = count;
        return work;
      };
      if constexpr (sizeof(*y) == sizeof(std::int16_t)) {
        if (!step.shortWeights.empty()) {
          accumulateShortRows(plan_.avx2, filled(ShortAccumulateRows{}, step.shortWeights.data()));
          continue;
        }
      }
      using Y = std::remove_reference_t<decltype(*y)>;
      accumulateRows(plan_.avx2, filled(AccumulateRows<Y>{}, step.weights.data()));
    }
  };
  if (to.width == Width::int16)
    run(memory_.data<std::int16_t>(step.y));
  else
    run(memory_.data<std::int32_t>(step.y));
}

void Runner::apply(const DepthwiseConv& step) {
  const Place& from = place(step.x);
  const Place& to = place(step.y);
  const auto* x = memory_.data<std::int16_t>(step.x);
  const std::vector<std::int16_t> padding(from.stride, static_cast<std::int16_t>(step.padding));
  const auto run = [&](auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t sample = 0; sample < samples_; ++sample)
      for (std::size_t output = 0; output < step.windows.outputs; ++output) {
        const std::int16_t* own = x + sample * from.rows * from.stride;
        const std::int32_t* source = step.windows.rows.data() + output * step.windows.places;
        depthwiseRow(plan_.avx2,
                     DepthwiseRow<Y>{.x = own,
                                     .xStride = from.stride,
                                     .sources = source,
                                     .places = step.windows.places,
                                     .padding = padding.data(),
                                     .weights = step.weights.data(),
                                     .bias = step.bias.data(),
                                     .y = y + (sample * step.windows.outputs + output) * to.stride,
                                     .columns = to.stride});
      }
  };
  if (to.width == Width::int16)
    run(memory_.data<std::int16_t>(step.y));
  else
    run(memory_.data<std::int32_t>(step.y));
}

void Runner::apply(const WideConv& step) {
  const Place& from = place(step.x);
  const Place& to = place(step.y);
  std::vector<std::uint64_t> acc(to.columns);
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t row = 0; row < rows(step.y); ++row) {
      const auto* own = x + row / to.rows * from.rows * from.stride;
      const std::int32_t* source = step.windows.rows.data() + row % to.rows * step.windows.places;
      for (std::size_t j = 0; j < to.columns; ++j) acc[j] = static_cast<std::uint64_t>(step.bias[j]);
      for (std::size_t place = 0; place < step.windows.places; ++place)
        for (std::size_t i = 0; i < step.groupIn; ++i) {
          const std::int64_t* w = step.weights.data() + (place * step.groupIn + i) * to.columns;
          for (std::size_t j = 0; j < to.columns; ++j) {
            const std::int64_t one =
                source[place] < 0 ? step.padding
                                  : std::int64_t{own[static_cast<std::size_t>(source[place]) * from.stride +
                                                     j / step.groupOut * step.groupIn + i]};
            acc[j] += static_cast<std::uint64_t>(one) * static_cast<std::uint64_t>(w[j]);
          }
        }
      for (std::size_t j = 0; j < to.columns; ++j)
        y[row * to.stride + j] = static_cast<Y>(static_cast<std::int64_t>(acc[j]));
    }
  });
}

void Runner::apply(const Accumulation& step) {
  const WideConv& conv = step.conv;
  const Place& from = place(conv.x);
  const Place& to = place(conv.y);
  const bool wraps = step.overflow == fixed::Overflow::wrap;
  std::vector<std::int64_t> acc(to.columns);
  typed(conv.x, conv.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t row = 0; row < rows(conv.y); ++row) {
      const auto* own = x + row / to.rows * from.rows * from.stride;
      const std::int32_t* source = conv.windows.rows.data() + row % to.rows * conv.windows.places;
      for (std::size_t j = 0; j < to.columns; ++j)
        acc[j] = fixed::fit(conv.bias[j], step.range, step.overflow);
      for (std::size_t place = 0; place < conv.windows.places; ++place) {
        if (source[place] < 0) continue;  // adds nothing, and an accumulator holds what it holds
        const auto* channels = own + static_cast<std::size_t>(source[place]) * from.stride;
        for (std::size_t i = 0; i < conv.groupIn; ++i) {
          const std::int64_t* w = conv.weights.data() + (place * conv.groupIn + i) * to.columns;
          const auto product = [&](std::size_t j) {
            return std::int64_t{channels[j / conv.groupOut * conv.groupIn + i]} * w[j];
          };
          if (wraps && step.rounding == Rounding::floor) {
            // Sums modulo the format's size: 64 bits hold them modulo 2^64, one wrap at the end is enough.
            for (std::size_t j = 0; j < to.columns; ++j)
              acc[j] = static_cast<std::int64_t>(static_cast<std::uint64_t>(acc[j]) +
                                                 static_cast<std::uint64_t>(product(j) >> step.shift));
            continue;
          }
          for (std::size_t j = 0; j < to.columns; ++j) {
            const std::int64_t term = fixed::roundShiftRight(product(j), step.shift, step.rounding);
            acc[j] =
                fixed::fit(acc[j] + fixed::fit(term, step.range, step.overflow), step.range, step.overflow);
          }
        }
      }
      for (std::size_t j = 0; j < to.columns; ++j)
        y[row * to.stride + j] = static_cast<Y>(fixed::fit(acc[j], step.range, step.overflow));
    }
  });
}

void Runner::apply(const WindowPool& step) {
  const Place& from = place(step.x);
  const Place& to = place(step.y);
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t row = 0; row < rows(step.y); ++row) {
      const auto* own = x + row / to.rows * from.rows * from.stride;
      const std::int32_t* source = step.windows.rows.data() + row % to.rows * step.windows.places;
      Y* result = y + row * to.stride;
      bool first = true;
      for (std::size_t place = 0; place < step.windows.places; ++place) {
        const auto* one = own + static_cast<std::size_t>(std::max(source[place], 0)) * from.stride;
        if (step.kind == PoolKind::max) {
          if (source[place] < 0) continue;
          for (std::size_t j = 0; j < to.columns; ++j)
            result[j] = first ? static_cast<Y>(one[j]) : std::max(result[j], static_cast<Y>(one[j]));
        } else {
          // Modulo the size of Y: the sum is proven to fit.
          for (std::size_t j = 0; j < to.columns; ++j) {
            const std::uint64_t before = first ? 0 : static_cast<std::uint64_t>(std::int64_t{result[j]});
            const std::int64_t term = source[place] < 0 ? step.padding : std::int64_t{one[j]};
            result[j] = static_cast<Y>(static_cast<std::int64_t>(before + static_cast<std::uint64_t>(term)));
          }
        }
        first = false;
      }
    }
  });
}

}  // namespace sluice::ir
