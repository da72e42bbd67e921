#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernel/pool/pool.h"
#include "map/conv_fold.h"
#include "map/kernel_choice.h"

/// The visitor behind chooseKernel: one call per operation, in kernel_choice.cpp (products and what works element by
/// element), choose_window.cpp (convolution, pooling) and choose_move.cpp (what moves elements). Private to the folder.
/// The range of what a kernel gives is the one it proves from what it is offered. (Inference may know ranges of single
/// channels and so a narrower one, or declare a wider.)
namespace sluice::map {

inline std::uint64_t count(const ir::Shape& shape) { return static_cast<std::uint64_t>(ir::elements(shape)); }

struct Chooser {
  const ir::Graph& graph;
  const ir::Node& node;
  const std::vector<Offer>& offers;  ///< in the order of streamedInputs
  const MapOptions& options;
  Pace pace;        ///< with what is said of this node
  NodeOptions own;  ///< what is said of this node

  Result<Choice> operator()(const ir::Dense&) const;
  Result<Choice> operator()(const ir::Threshold& operation) const;
  Result<Choice> operator()(const ir::Lookup& operation) const;
  Result<Choice> operator()(const ir::Rescale& operation) const;
  Result<Choice> operator()(const ir::Requantize& operation) const;
  Result<Choice> operator()(const ir::Merge& operation) const;
  Result<Choice> operator()(const ir::CodeBinary& operation) const;
  Result<Choice> operator()(const ir::CodeMatMul&) const;
  Result<Choice> operator()(const ir::TopK& operation) const;
  Result<Choice> operator()(const ir::CodeConv& operation) const;
  Result<Choice> operator()(const ir::Pool& operation) const;
  Result<Choice> operator()(const ir::Reduce& operation) const;
  Result<Choice> operator()(const ir::Concat& operation) const;
  Result<Choice> operator()(const ir::Slice& operation) const;
  Result<Choice> operator()(const ir::Pad& operation) const;
  Result<Choice> operator()(const ir::Resize& operation) const;
  Result<Choice> operator()(const ir::Expand& operation) const;
  Result<Choice> operator()(const ir::Transpose& operation) const;
  template <typename Other>
  Result<Choice> operator()(const Other&) const {
    return noKernel();
  }

  /// "there is no streamed kernel for ..", and why if that helps.
  [[nodiscard]] Error noKernel(const std::string& why = {}) const;

  [[nodiscard]] const ir::Shape& shapeOf(ir::TensorId tensor) const {
    return graph.tensor(tensor).type.shape;
  }
  [[nodiscard]] std::uint32_t channelsOf(ir::TensorId tensor) const {
    return static_cast<std::uint32_t>(ir::channels(shapeOf(tensor)));
  }
  [[nodiscard]] const ir::Codes& codesType(ir::TensorId tensor) const {
    return *graph.tensor(tensor).type.codes;
  }
  /// Elements of a beat for a kernel that takes all inputs in the same beats: of the divisors of `elements` (the setting
  /// `pack` alone, if there is one), one with which it keeps the pace; the beats offered if possible, else the fewest
  /// converters. `cycles`: of a frame, with so many elements.
  Result<std::uint32_t> packFor(std::uint64_t elements,
                                const std::function<std::uint64_t(std::uint32_t)>& cycles) const;
  /// The same where the channels of the output are worked on one after the other, every element once.
  Result<std::uint32_t> channelPack() const;

  /// A product whose weights come over a port; `vectors` products a frame. (streamed_weights.cpp)
  Result<kernel::Kernel> streamedProduct(const kernel::DenseParams& params, std::uint64_t vectors,
                                         std::optional<StreamedWeights>& weights) const;

  /// A convolution over inserted positions by its phases (kernel/conv/phases.h), where that keeps the pace and takes less than
  /// the window that inserts, whose choice is `inserted`. None: it does not, or it cannot be said so.
  Result<std::optional<Choice>> phaseChoice(const kernel::ConvParams& conv, const ConvPace& keep,
                                            const ConvChoice& inserted) const;

  /// The pool, with a pack that keeps the pace.
  Result<Choice> poolChoice(kernel::PoolParams params) const;

  /// A kernel that repeats an input until it has the shape; none if it has it. Errors: unsupported.
  Result<std::optional<FrontKernel>> broadcast(const ir::Shape& from, const ir::Shape& to, std::uint32_t pack,
                                               fixed::Interval range) const;
};

}  // namespace sluice::map
