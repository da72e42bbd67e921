#include "ir/integer_runner.h"

#include <algorithm>

#include "base/threads.h"
#include "fixed/overflow.h"
#include "fixed/rounding.h"

namespace sluice::ir {

void Runner::apply(const FastDense& step) {
  const auto multiply = [&](auto* y) {
    denseRows(plan_.avx2, memory_.data<std::int16_t>(step.x), place(step.x).stride, step.pairs,
              step.weights.data(), step.bias.data(), y, place(step.y).stride, rows(step.x));
  };
  if (place(step.y).width == Width::int16)
    multiply(memory_.data<std::int16_t>(step.y));
  else
    multiply(memory_.data<std::int32_t>(step.y));
}

void Runner::apply(const WideDense& step) {
  const std::size_t n = place(step.x).columns, m = place(step.y).columns;
  std::vector<std::uint64_t> acc(m);
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t row = 0; row < rows(step.x); ++row) {
      for (std::size_t j = 0; j < m; ++j) acc[j] = static_cast<std::uint64_t>(step.bias[j]);
      for (std::size_t i = 0; i < n; ++i) {
        const auto one = static_cast<std::uint64_t>(std::int64_t{x[row * place(step.x).stride + i]});
        for (std::size_t j = 0; j < m; ++j)
          acc[j] += one * static_cast<std::uint64_t>(step.weights[i * m + j]);
      }
      for (std::size_t j = 0; j < m; ++j)
        y[row * place(step.y).stride + j] = static_cast<Y>(static_cast<std::int64_t>(acc[j]));
    }
  });
}

void Runner::apply(const CompareThreshold& step) {
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using X = std::remove_cvref_t<decltype(*x)>;
    using Y = std::remove_reference_t<decltype(*y)>;
    thresholdRows(plan_.avx2,
                  ThresholdRows<X, Y>{.x = x,
                                      .thresholds = std::get<std::vector<X>>(step.thresholds).data(),
                                      .blockStep = step.shared ? 0 : step.steps * lanes,
                                      .steps = step.steps,
                                      .base = std::get<std::vector<Y>>(step.base).data(),
                                      .sign = std::get<std::vector<Y>>(step.sign).data(),
                                      .y = y,
                                      .stride = place(step.x).stride,
                                      .rows = rows(step.x)});
  });
}

void Runner::apply(const SearchThreshold& step) {
  elementwise(step.x, step.y, [&](std::int64_t x, std::size_t j) {
    const std::int64_t* row = step.thresholds.data() + (step.shared ? 0 : j * step.steps);
    const std::int64_t reached = std::upper_bound(row, row + step.steps, x) - row;
    return step.base[j] + step.sign[j] * reached;
  });
}

void Runner::apply(const TableLookup& step) {
  elementwise(step.x, step.y, [&](std::int64_t x, std::size_t j) {
    return step.table[(step.shared ? 0 : j * step.entries) + static_cast<std::size_t>(x - step.first)];
  });
}

void Runner::apply(const AffineRescale& step) {
  const std::uint32_t shift = step.rescale.shift;
  const fixed::Interval range = step.rescale.range;
  if (step.rescale.tieToEven)
    elementwise(step.x, step.y, [&](std::int64_t x, std::size_t j) {
      const std::int64_t v = step.a[j] * x + step.b[j];
      return std::clamp(fixed::roundShiftRight(v, shift, fixed::Rounding::halfEven), range.lo, range.hi);
    });
  else
    elementwise(step.x, step.y, [&](std::int64_t x, std::size_t j) {
      return std::clamp((step.a[j] * x + step.b[j]) >> shift, range.lo, range.hi);
    });
}

void Runner::apply(const NarrowRescale& step) {
  const auto run = [&](const auto* x, auto* y) {
    using X = std::remove_cvref_t<decltype(*x)>;
    using Y = std::remove_reference_t<decltype(*y)>;
    if constexpr (sizeof(X) < 8 && sizeof(Y) < 8)
      rescaleRows(plan_.avx2, RescaleRows<X, Y>{.x = x,
                                                .a = step.a.data(),
                                                .b = step.b.data(),
                                                .shift = step.rescale.shift,
                                                .lo = static_cast<std::int32_t>(step.rescale.range.lo),
                                                .hi = static_cast<std::int32_t>(step.rescale.range.hi),
                                                .tieToEven = step.rescale.tieToEven,
                                                .y = y,
                                                .stride = place(step.x).stride,
                                                .rows = rows(step.x)});
    else
      SLUICE_CHECK(false, "the compiler chose int32 for places of 16 and 32 bits");
  };
  typed(step.x, step.y, run);
}

void Runner::apply(const ShiftedSum& step) {
  const std::size_t count = rows(step.y) * place(step.y).stride;
  for (std::size_t k = 0; k < step.x.size(); ++k)
    typed(step.x[k], step.y, [&](const auto* x, auto* y) {
      using Y = std::remove_reference_t<decltype(*y)>;
      // Modulo the size of Y: the sum is proven to fit, the parts need not.
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t part = static_cast<std::uint64_t>(std::int64_t{x[i]}) << step.shift[k];
        const std::uint64_t before = k == 0 ? 0 : static_cast<std::uint64_t>(std::int64_t{y[i]});
        y[i] = static_cast<Y>(static_cast<std::int64_t>(before + part));
      }
    });
}

void Runner::apply(const Largest& step) {
  const std::size_t n = place(step.x).columns;
  std::vector<std::size_t> order(n);
  typed(step.x, step.y, [&](const auto* x, auto* y) {
    using Y = std::remove_reference_t<decltype(*y)>;
    for (std::size_t row = 0; row < rows(step.x); ++row) {
      const auto* first = x + row * place(step.x).stride;
      auto* to = y + row * place(step.y).stride;
      if (step.k == 1) {
        to[0] = static_cast<Y>(std::max_element(first, first + n) - first);  // the first of equal ones
        continue;
      }
      for (std::size_t i = 0; i < n; ++i) order[i] = i;
      std::partial_sort(
          order.begin(), order.begin() + static_cast<std::ptrdiff_t>(step.k), order.end(),
          [&](std::size_t a, std::size_t b) { return first[a] != first[b] ? first[a] > first[b] : a < b; });
      for (std::size_t i = 0; i < step.k; ++i) to[i] = static_cast<Y>(order[i]);
    }
  });
}

void Runner::apply(const Fill& step) {
  std::vector<std::int64_t> repeated;
  for (std::size_t sample = 0; sample < samples_; ++sample)
    repeated.insert(repeated.end(), step.values.begin(), step.values.end());
  load(step.y, repeated.data());
}

namespace {

Status checkInputs(const IntegerPlan& plan, const CodeRows& inputs, std::size_t samples) {
  if (inputs.size() != plan.inputs.size())
    return badInput(std::to_string(inputs.size()) + " tensors of codes are given; the hardware takes " +
                    std::to_string(plan.inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const IntegerPlan::Port& port = plan.inputs[i];
    if (inputs[i].size() != samples * port.elements)
      return badInput("'" + port.name + "' takes " + std::to_string(samples * port.elements) + " codes for " +
                      std::to_string(samples) + " samples, not " + std::to_string(inputs[i].size()));
    bool outside = false;
    for (const std::int64_t code : inputs[i]) outside |= (code < port.range.lo) | (code > port.range.hi);
    for (std::size_t k = 0; outside && k < inputs[i].size(); ++k)
      if (!port.range.contains(inputs[i][k]))
        return badInput("'" + port.name + "', sample " + std::to_string(k / port.elements) + ": code " +
                        std::to_string(inputs[i][k]) + " is not in [" + std::to_string(port.range.lo) + ", " +
                        std::to_string(port.range.hi) + "]");
  }
  return {};
}

}  // namespace

Result<CodeRows> IntegerEngine::run(const CodeRows& inputs, std::size_t samples, unsigned threads) const {
  const IntegerPlan& plan = *plan_;
  SLUICE_RETURN_IF_ERROR(checkInputs(plan, inputs, samples));
  CodeRows outputs;
  for (const IntegerPlan::Port& port : plan.outputs) outputs.emplace_back(samples * port.elements);
  const std::size_t batches = (samples + plan.batch - 1) / plan.batch;
  parallelFor(batches, threads, [&](std::size_t begin, std::size_t end, unsigned) {
    Runner runner(plan, std::min(plan.batch, samples));
    for (std::size_t batch = begin; batch < end; ++batch) {
      const std::size_t first = batch * plan.batch;
      runner.run(inputs, outputs, first, std::min(plan.batch, samples - first));
    }
  });
  return outputs;
}

}  // namespace sluice::ir
