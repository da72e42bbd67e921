#include "map/kernel_choice.h"

#include <algorithm>
#include <numeric>

#include "kernel/dense/dense.h"
#include "kernel/lookup/lookup.h"
#include "kernel/merge/merge.h"
#include "kernel/rescale/rescale.h"
#include "kernel/threshold/threshold.h"
#include "kernel/topk/topk.h"
#include "map/fold.h"

namespace sluice::map {
namespace {

const std::vector<std::int64_t>& codesOf(const ir::Graph& graph, ir::TensorId tensor) {
  return std::get<std::vector<std::int64_t>>(*graph.tensor(tensor).constant);
}

std::uint32_t lastExtent(const ir::Graph& graph, ir::TensorId tensor) {
  return static_cast<std::uint32_t>(graph.tensor(tensor).type.shape.back());
}

/// Rows of a constant [channels or 1, K].
std::vector<std::vector<std::int64_t>> rowsOf(const ir::Graph& graph, ir::TensorId tensor) {
  const std::vector<std::int64_t>& codes = codesOf(graph, tensor);
  const ir::Shape& shape = graph.tensor(tensor).type.shape;
  const auto columns = static_cast<std::size_t>(shape.back());
  std::vector<std::vector<std::int64_t>> rows;
  for (std::size_t at = 0; at < codes.size(); at += columns)
    rows.emplace_back(codes.begin() + static_cast<std::ptrdiff_t>(at),
                      codes.begin() + static_cast<std::ptrdiff_t>(at + columns));
  return rows;
}

Fold foldOf(std::uint32_t n, std::uint32_t m, std::uint32_t producerPack, const MapOptions& options) {
  if (options.targetInterval)
    return chooseFold(n, m, *options.targetInterval, FoldGoal::interval, producerPack);
  return chooseFold(n, m, options.reuseFactor.value_or(kDefaultReuseFactor), FoldGoal::exact, producerPack);
}

/// Vectors in a frame: a node over the last axis works on each in turn.
std::uint64_t vectors(const ir::Graph& graph, ir::TensorId tensor) {
  return static_cast<std::uint64_t>(ir::elements(graph.tensor(tensor).type.shape)) /
         lastExtent(graph, tensor);
}

/// A beat of the offer that divides the channels, for kernels that work channel by channel.
std::uint32_t channelPack(std::uint32_t offered, std::uint32_t channels) {
  return channels % offered == 0 ? offered : std::gcd(offered, channels);
}

/// One visit per operation; `offers` in the order of streamedInputs.
struct Chooser {
  const ir::Graph& graph;
  const ir::Node& node;
  const std::vector<Offer>& offers;
  const MapOptions& options;

  [[nodiscard]] fixed::Interval outputRange() const { return graph.tensor(node.output).type.codes->range; }

  Result<Choice> operator()(const ir::Dense&) const {
    const std::uint32_t n = lastExtent(graph, node.inputs[0]), m = lastExtent(graph, node.output);
    // A target interval is for the frame: a product over several vectors has its share of it for each.
    MapOptions own = options;
    const std::uint64_t rows = vectors(graph, node.output);
    if (own.targetInterval) own.targetInterval = std::max<std::uint64_t>(1, *own.targetInterval / rows);
    const Fold fold = foldOf(n, m, offers[0].beat.elements, own);
    kernel::DenseParams params{.nIn = n,
                               .nOut = m,
                               .simd = fold.simd,
                               .pe = fold.pe,
                               .input = offers[0].range,
                               .weights = codesOf(graph, node.inputs[1]),
                               .output = outputRange()};
    if (node.inputs.size() > 2) params.bias = codesOf(graph, node.inputs[2]);
    Choice choice{.inputElements = {fold.simd},
                  .multiplications = std::uint64_t{n} * m * rows,
                  .multipliers = fold.simd * fold.pe};
    SLUICE_TRY(choice.kernel, kernel::dense(params));
    return choice;
  }

  Result<Choice> operator()(const ir::Threshold& operation) const {
    const std::uint32_t channels = lastExtent(graph, node.output);
    const std::uint32_t pack = channelPack(offers[0].beat.elements, channels);
    Choice choice{.inputElements = {pack}};
    SLUICE_TRY(choice.kernel, kernel::threshold({.channels = channels,
                                                 .pack = pack,
                                                 .input = offers[0].range,
                                                 .thresholds = rowsOf(graph, node.inputs[1]),
                                                 .base = operation.base,
                                                 .sign = operation.sign,
                                                 .output = outputRange()}));
    return choice;
  }

  Result<Choice> operator()(const ir::Lookup& operation) const {
    const std::uint32_t channels = lastExtent(graph, node.output);
    const std::uint32_t pack = channelPack(offers[0].beat.elements, channels);
    Choice choice{.inputElements = {pack}};
    SLUICE_TRY(choice.kernel, kernel::lookup({.channels = channels,
                                              .pack = pack,
                                              .input = offers[0].range,
                                              .first = operation.first,
                                              .tables = rowsOf(graph, node.inputs[1]),
                                              .output = outputRange()}));
    return choice;
  }

  Result<Choice> operator()(const ir::Rescale& operation) const {
    const std::uint32_t channels = lastExtent(graph, node.output);
    const std::uint32_t pack = channelPack(offers[0].beat.elements, channels);
    Choice choice{.inputElements = {pack}};
    SLUICE_TRY(choice.kernel, kernel::rescale({.channels = channels,
                                               .pack = pack,
                                               .input = offers[0].range,
                                               .a = codesOf(graph, node.inputs[1]),
                                               .b = codesOf(graph, node.inputs[2]),
                                               .shift = operation.shift,
                                               .range = operation.range,
                                               .tieToEven = operation.tieToEven,
                                               .output = outputRange()}));
    return choice;
  }

  Result<Choice> operator()(const ir::Merge& operation) const {
    // All inputs in the beat of the widest, which takes as few cycles as any of them.
    std::uint32_t pack = 1;
    for (const Offer& offer : offers) pack = std::max(pack, offer.beat.elements);
    kernel::MergeParams params{.pack = pack, .output = outputRange()};
    for (std::size_t i = 0; i < offers.size(); ++i)
      params.inputs.push_back({.range = offers[i].range, .shift = operation.shift[i]});
    Choice choice{.inputElements = std::vector<std::uint32_t>(offers.size(), pack)};
    SLUICE_TRY(choice.kernel, kernel::merge(params));
    return choice;
  }

  Result<Choice> operator()(const ir::TopK& operation) const {
    const std::uint32_t n = lastExtent(graph, node.inputs[0]);
    const auto k = static_cast<std::uint32_t>(operation.k);
    const std::uint32_t pack = k > 1 ? 1 : channelPack(offers[0].beat.elements, n);
    Choice choice{.inputElements = {pack}};
    SLUICE_TRY(choice.kernel, kernel::topK({.n = n, .pack = pack, .k = k, .input = offers[0].range}));
    return choice;
  }

  template <typename Other>
  Result<Choice> operator()(const Other&) const {
    return unsupported(std::string("there is no streamed kernel for '") + ir::info(node.operation).name + "'",
                       "node '" + node.name + "'");
  }
};

}  // namespace

std::vector<ir::TensorId> streamedInputs(const ir::Graph& graph, const ir::Node& node) {
  std::vector<ir::TensorId> inputs;
  for (const ir::TensorId input : node.inputs)
    if (!graph.tensor(input).isConstant()) inputs.push_back(input);
  return inputs;
}

std::uint32_t wishedElements(const ir::Graph& graph, const ir::Node& node, const MapOptions& options) {
  if (!std::holds_alternative<ir::Dense>(node.operation)) return 0;
  return foldOf(lastExtent(graph, node.inputs[0]), lastExtent(graph, node.output), 0, options).simd;
}

Result<Choice> chooseKernel(const ir::Graph& graph, const ir::Node& node, const std::vector<Offer>& offers,
                            const MapOptions& options) {
  Result<Choice> choice = std::visit(Chooser{graph, node, offers, options}, node.operation);
  if (!choice.ok() && choice.error().where.empty())
    return Error{choice.error().code, choice.error().message, "node '" + node.name + "'"};
  return choice;
}

}  // namespace sluice::map
