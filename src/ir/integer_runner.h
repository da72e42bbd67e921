#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "ir/integer.h"
#include "ir/integer_plan.h"

/// Inside of the integer interpreter (integer.h): what carries out the steps of a plan. The steps themselves are in
/// integer_run.cpp (products and element by element), integer_run_window.cpp (convolutions, pools) and
/// integer_run_structure.cpp (moves, reductions, operations of two tensors).
namespace sluice::ir {

/// The memory of one worker: every slot for one batch, aligned to cache lines.
class Workspace {
 public:
  Workspace(const IntegerPlan& plan, std::size_t samples) : plan_(plan) {
    std::size_t total = 0;
    for (const std::size_t bytes : plan.slotBytes) {
      offsets_.push_back(total);
      total += (bytes * samples + 63) / 64 * 64 + 64;
    }
    memory_.reset(static_cast<std::byte*>(::operator new[](total, std::align_val_t{64})));
    std::memset(memory_.get(), 0, total);
  }

  template <typename T>
  T* data(std::size_t place) {
    return reinterpret_cast<T*>(memory_.get() + offsets_[plan_.places[place].slot]);
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  const IntegerPlan& plan_;
  std::vector<std::size_t> offsets_;
  std::unique_ptr<std::byte[], Free> memory_;
};

/// One batch through all steps.
class Runner {
 public:
  Runner(const IntegerPlan& plan, std::size_t mostSamples) : plan_(plan), memory_(plan, mostSamples) {}

  void run(const CodeRows& inputs, CodeRows& outputs, std::size_t first, std::size_t samples) {
    samples_ = samples;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const IntegerPlan::Port& port = plan_.inputs[i];
      load(port.place, inputs[i].data() + first * port.elements);
    }
    for (const Step& step : plan_.steps) std::visit([&](const auto& one) { apply(one); }, step);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const IntegerPlan::Port& port = plan_.outputs[i];
      store(port.place, outputs[i].data() + first * port.elements);
    }
  }

 private:
  [[nodiscard]] const Place& place(std::size_t id) const { return plan_.places[id]; }
  [[nodiscard]] std::size_t rows(std::size_t id) const { return samples_ * place(id).rows; }

  /// Calls visit(x, y) with typed pointers to the first elements of two places.
  template <typename Visit>
  void typed(std::size_t x, std::size_t y, Visit visit) {
    withWidth(place(x).width, [&](auto a) {
      withWidth(place(y).width, [&](auto b) {
        visit(static_cast<const decltype(a)*>(memory_.data<decltype(a)>(x)), memory_.data<decltype(b)>(y));
      });
    });
  }

  /// y = f(x, column) for every element; x and y have the same shape.
  template <typename Function>
  void elementwise(std::size_t x, std::size_t y, Function f) {
    typed(x, y, [&](const auto* from, auto* to) {
      using Y = std::remove_reference_t<decltype(*to)>;
      const std::size_t stride = place(x).stride, columns = place(x).columns;
      for (std::size_t row = 0; row < rows(x); ++row)
        for (std::size_t j = 0; j < columns; ++j)
          to[row * stride + j] = static_cast<Y>(f(std::int64_t{from[row * stride + j]}, j));
    });
  }

  void load(std::size_t id, const std::int64_t* values) {
    withWidth(place(id).width, [&](auto zero) {
      auto* to = memory_.data<decltype(zero)>(id);
      const std::size_t stride = place(id).stride, columns = place(id).columns;
      for (std::size_t row = 0; row < rows(id); ++row)
        for (std::size_t j = 0; j < columns; ++j)
          to[row * stride + j] = static_cast<decltype(zero)>(values[row * columns + j]);
    });
  }

  void store(std::size_t id, std::int64_t* values) {
    withWidth(place(id).width, [&](auto zero) {
      const auto* from = memory_.data<decltype(zero)>(id);
      const std::size_t stride = place(id).stride, columns = place(id).columns;
      for (std::size_t row = 0; row < rows(id); ++row)
        for (std::size_t j = 0; j < columns; ++j) values[row * columns + j] = from[row * stride + j];
    });
  }

  void apply(const FastDense& step);
  void apply(const WideDense& step);
  void apply(const CompareThreshold& step);
  void apply(const SearchThreshold& step);
  void apply(const TableLookup& step);
  void apply(const AffineRescale& step);
  void apply(const NarrowRescale& step);
  void apply(const FormatConversion& step);
  void apply(const NarrowConversion& step);
  void apply(const ShiftedSum& step);
  void apply(const Largest& step);
  void apply(const FastConv& step);
  void apply(const DepthwiseConv& step);
  void apply(const WideConv& step);
  void apply(const Accumulation& step);
  void apply(const FastAccumulation& step);
  void apply(const WindowPool& step);
  void apply(const Reduction& step);
  void apply(const Move& step);
  void apply(const Selection& step);
  void apply(const Interpolation& step);
  void apply(const PairProduct& step);
  void apply(const PairElementwise& step);
  void apply(const PairTable& step);
  void apply(const Fill& step);

  /// Copies the windows of output rows [first, first + count), all samples counted, side by side into scratch_.
  void gatherWindows(const Windows& windows, std::size_t x, std::int64_t padding, std::size_t first,
                     std::size_t count, std::size_t depth);

  const IntegerPlan& plan_;
  Workspace memory_;
  std::vector<std::int16_t> scratch_;  ///< windows side by side
  std::size_t samples_ = 0;
};

}  // namespace sluice::ir
