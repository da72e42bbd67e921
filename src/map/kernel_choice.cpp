#include "map/kernel_choice.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "kernel/dense/dense.h"
#include "kernel/lookup/lookup.h"
#include "kernel/matmul/matmul.h"
#include "kernel/merge/merge.h"
#include "kernel/pairwise/pairwise.h"
#include "kernel/rescale/requantize.h"
#include "kernel/rescale/rescale.h"
#include "kernel/threshold/threshold.h"
#include "kernel/topk/topk.h"
#include "map/chooser.h"
#include "map/fold.h"

namespace sluice::map {
namespace {

/// Rows of a constant [channels or 1, K].
std::vector<std::vector<std::int64_t>> rowsOf(const ir::Graph& graph, ir::TensorId tensor) {
  const std::vector<std::int64_t>& codes = ir::codesOf(graph.tensor(tensor));
  const auto columns = static_cast<std::size_t>(ir::channels(graph.tensor(tensor).type.shape));
  std::vector<std::vector<std::int64_t>> rows;
  for (std::size_t at = 0; at < codes.size(); at += columns)
    rows.emplace_back(codes.begin() + static_cast<std::ptrdiff_t>(at),
                      codes.begin() + static_cast<std::ptrdiff_t>(at + columns));
  return rows;
}

/// Tables longer, so that they have an entry for every code of the range: one that no code of the network reaches.
void cover(kernel::LookupParams& params) {
  for (std::vector<std::int64_t>& table : params.tables) {
    const std::int64_t before = std::max<std::int64_t>(0, params.first - params.input.lo);
    table.insert(table.begin(), static_cast<std::size_t>(before), std::int64_t{table.front()});
    const std::int64_t entries = params.input.hi - std::min(params.first, params.input.lo) + 1;
    if (entries > static_cast<std::int64_t>(table.size()))
      table.resize(static_cast<std::size_t>(entries), std::int64_t{table.back()});
  }
  params.first = std::min(params.first, params.input.lo);
}

}  // namespace

Error Chooser::noKernel(const std::string& why) const {
  return unsupported(std::string("there is no streamed kernel for '") + ir::info(node.operation).name + "'" +
                         (why.empty() ? "" : " " + why),
                     "node '" + node.name + "'");
}

Result<std::uint32_t> Chooser::packFor(std::uint64_t elements,
                                       const std::function<std::uint64_t(std::uint32_t)>& cycles) const {
  constexpr std::uint64_t mostPack = 4096;
  // Beyond the largest beat, its divisors are what counts.
  const auto whole = static_cast<std::uint32_t>(
      elements <= std::uint64_t{1} << 20 ? elements : std::gcd(elements, std::uint64_t{1} << 12));
  std::optional<std::uint32_t> best, fastest;
  double bestCost = 0;
  for (const std::uint32_t pack : divisors(whole)) {
    if (own.pack ? pack != *own.pack : pack > mostPack) continue;
    if (!fastest || cycles(pack) < cycles(*fastest)) fastest = pack;
    if (cycles(pack) > pace.frame) continue;
    double cost = offers.size() == 1 ? 0 : 0.01 * pack;
    for (const Offer& offer : offers) {
      const std::uint32_t from = offer.beat.elements;
      if (from == 0)
        cost += pack;
      else if (from != pack)
        cost += (from + pack) * (from % pack == 0 || pack % from == 0 ? 1.0 : 3.0);
    }
    if (best && cost >= bestCost) continue;
    best = pack;
    bestCost = cost;
  }
  if (!fastest)
    return badInput("pack=" + std::to_string(own.pack.value_or(0)) + " does not divide its " +
                    std::to_string(elements) + " elements");
  return best ? *best : *fastest;
}

Result<std::uint32_t> Chooser::channelPack() const {
  const std::uint64_t elements = count(shapeOf(node.output));
  return packFor(channelsOf(node.output), [&](std::uint32_t pack) { return elements / pack; });
}

Result<Choice> Chooser::operator()(const ir::Dense&) const {
  const std::uint32_t n = channelsOf(node.inputs[0]), m = channelsOf(node.output);
  const Product product = productOf(graph, node);
  // A frame's share for each vector.
  const std::uint64_t factor = std::max<std::uint64_t>(1, pace.cyclesOf(product) / product.vectors);
  Fold fold = chooseFold(n, m, factor, pace.goal(), offers[0].beat.elements);
  fold.simd = own.simd.value_or(fold.simd);
  fold.pe = own.pe.value_or(fold.pe);
  if (n % fold.simd != 0 || m % fold.pe != 0)
    return badInput("simd=" + std::to_string(fold.simd) + " and pe=" + std::to_string(fold.pe) +
                    " do not divide its " + std::to_string(n) + " inputs and " + std::to_string(m) +
                    " outputs");
  kernel::DenseParams params{.nIn = n,
                             .nOut = m,
                             .simd = fold.simd,
                             .pe = fold.pe,
                             .input = offers[0].range,
                             .weights = ir::codesOf(graph.tensor(node.inputs[1])),
                             .multiplier = own.multiplier,
                             .memory = own.weights,
                             .family = options.family};
  if (node.inputs.size() > 2) params.bias = ir::codesOf(graph.tensor(node.inputs[2]));
  Choice choice{.inputElements = {fold.simd},
                .multiplications = std::uint64_t{n} * m * product.vectors,
                .multipliers = fold.simd * fold.pe};
  SLUICE_TRY(choice.kernel, own.streamWeights ? streamedProduct(params, product.vectors, choice.weights)
                                              : kernel::dense(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Threshold& operation) const {
  SLUICE_TRY(const std::uint32_t pack, channelPack());
  kernel::ThresholdParams params{.channels = channelsOf(node.output),
                                 .pack = pack,
                                 .input = offers[0].range,
                                 .thresholds = rowsOf(graph, node.inputs[1]),
                                 .base = operation.base,
                                 .sign = operation.sign};
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::threshold(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Lookup& operation) const {
  SLUICE_TRY(const std::uint32_t pack, channelPack());
  kernel::LookupParams params{.channels = channelsOf(node.output),
                              .pack = pack,
                              .input = offers[0].range,
                              .first = operation.first,
                              .tables = rowsOf(graph, node.inputs[1])};
  cover(params);
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::lookup(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Rescale& operation) const {
  SLUICE_TRY(const std::uint32_t pack, channelPack());
  kernel::RescaleParams params{.channels = channelsOf(node.output),
                               .pack = pack,
                               .input = offers[0].range,
                               .a = ir::codesOf(graph.tensor(node.inputs[1])),
                               .b = ir::codesOf(graph.tensor(node.inputs[2])),
                               .shift = operation.shift,
                               .range = operation.range,
                               .tieToEven = operation.tieToEven && operation.shift > 0};
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::rescale(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Requantize& operation) const {
  SLUICE_TRY(const std::uint32_t pack, channelPack());
  kernel::RequantizeParams params{.channels = channelsOf(node.output),
                                  .pack = pack,
                                  .input = offers[0].range,
                                  .shift = operation.shift,
                                  .ranges = {operation.range},
                                  .rounding = operation.rounding,
                                  .overflow = operation.overflow};
  if (!operation.ranges.empty()) params.ranges = operation.ranges;
  for (const std::size_t size : {params.shift.size(), params.ranges.size()})
    if (size > params.channels) return noKernel("with a format for every element");
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::requantize(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::Merge& operation) const {
  if (offers.size() != node.inputs.size()) return noKernel("with a constant");
  const std::uint64_t elements = count(shapeOf(node.output));
  SLUICE_TRY(const std::uint32_t pack, packFor(elements, [&](std::uint32_t p) { return elements / p; }));
  kernel::MergeParams params{.pack = pack};
  for (std::size_t i = 0; i < offers.size(); ++i)
    params.inputs.push_back({.range = offers[i].range, .shift = operation.shift[i]});
  Choice choice{.inputElements = std::vector<std::uint32_t>(offers.size(), pack)};
  SLUICE_TRY(choice.kernel, kernel::merge(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::CodeBinary& operation) const {
  if (offers.size() != 2) return noKernel("with a constant");
  const ir::Shape& shape = shapeOf(node.output);
  const std::uint64_t elements = count(shape);
  // A shorter operand is repeated on the way: its beats must divide its own last axis too.
  std::uint64_t divides = elements;
  // (A last axis of one element is copied within the beat.)
  for (const ir::TensorId input : node.inputs)
    if (shapeOf(input) != shape)
      divides = std::gcd(divides, channelsOf(input) == 1 ? static_cast<std::uint64_t>(shape.back())
                                                         : std::uint64_t{channelsOf(input)});
  SLUICE_TRY(const std::uint32_t pack, packFor(divides, [&](std::uint32_t p) { return elements / p; }));
  const auto kind = [&] {
    switch (operation.kind) {
      case ir::CodeBinaryKind::multiply:
        return kernel::PairOperation::multiply;
      case ir::CodeBinaryKind::minimum:
        return kernel::PairOperation::minimum;
      case ir::CodeBinaryKind::maximum:
        break;
    }
    return kernel::PairOperation::maximum;
  };
  kernel::PairwiseParams params{
      .operation = kind(),
      .pack = pack,
      .inputs = {offers[0].range, offers[1].range},
      .zeroPoints = {codesType(node.inputs[0]).zeroPoint, codesType(node.inputs[1]).zeroPoint}};
  Choice choice{.inputElements = {pack, pack}, .front = std::vector<std::vector<FrontKernel>>(2)};
  if (operation.kind == ir::CodeBinaryKind::multiply) {
    choice.multiplications = elements;
    choice.multipliers = pack;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    SLUICE_TRY(std::optional<FrontKernel> repeat,
               broadcast(shapeOf(node.inputs[i]), shape, pack, offers[i].range));
    if (repeat) choice.front[i].push_back(std::move(*repeat));
  }
  SLUICE_TRY(choice.kernel, kernel::pairwise(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::CodeMatMul&) const {
  if (offers.size() != 2) return noKernel("with a constant");
  const ir::Shape& x = shapeOf(node.inputs[0]);
  const ir::Shape& w = shapeOf(node.inputs[1]);
  const auto u = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  // Matrices of equal leading axes one after the other, or one for all rows.
  std::uint64_t batch = 1;
  for (std::size_t axis = 0; axis + 2 < w.size(); ++axis) batch *= static_cast<std::uint64_t>(w[axis]);
  const std::uint64_t n = channelsOf(node.inputs[0]), m = channelsOf(node.output);
  const std::uint64_t rows = count(x) / n / batch;
  if (batch > (1u << 20) || rows > (1u << 20)) return noKernel("of more than 2^20 rows");
  kernel::MatmulParams params{
      .batch = u(batch),
      .rows = u(rows),
      .n = u(n),
      .m = u(m),
      .inputs = {offers[0].range, offers[1].range},
      .zeroPoints = {codesType(node.inputs[0]).zeroPoint, codesType(node.inputs[1]).zeroPoint},
      .matrix = own.rows,
      .family = options.family};
  SLUICE_TRY(params.pe, packFor(m, [&](std::uint32_t pe) { return batch * rows * n * (m / pe); }));
  Choice choice{
      .inputElements = {1, params.pe}, .multiplications = batch * rows * n * m, .multipliers = params.pe};
  SLUICE_TRY(choice.kernel, kernel::matmul(params));
  return choice;
}

Result<Choice> Chooser::operator()(const ir::TopK& operation) const {
  const std::uint32_t n = channelsOf(node.inputs[0]);
  const auto k = static_cast<std::uint32_t>(operation.k);
  const std::uint64_t elements = count(shapeOf(node.inputs[0]));
  std::uint32_t pack = 1;
  if (k == 1) {
    SLUICE_TRY(pack, packFor(n, [&](std::uint32_t p) { return elements / p; }));
  }
  Choice choice{.inputElements = {pack}};
  SLUICE_TRY(choice.kernel, kernel::topK({.n = n, .pack = pack, .k = k, .input = offers[0].range}));
  return choice;
}

std::vector<ir::TensorId> streamedInputs(const ir::Graph& graph, const ir::Node& node) {
  std::vector<ir::TensorId> inputs;
  for (const ir::TensorId input : node.inputs) {
    const ir::NodeId producer = graph.tensor(input).producer;
    if (graph.tensor(input).isConstant()) continue;
    inputs.push_back(producer.valid() && padInside(graph, producer) ? graph.node(producer).inputs[0] : input);
  }
  return inputs;
}

std::uint32_t wishedElements(const ir::Graph& graph, const ir::Node& node, std::uint32_t input,
                             const MapOptions& options, const Pace& pace) {
  std::vector<Offer> offers;
  for (const ir::TensorId tensor : streamedInputs(graph, node))
    offers.push_back(
        {.beat = {.elements = 0, .format = {}}, .range = graph.tensor(tensor).type.codes->range});
  const Result<Choice> choice = chooseKernel(graph, node, offers, options, pace);
  if (!choice.ok()) return 0;  // mapping the node will say why
  const bool hasFront = input < choice->front.size() && !choice->front[input].empty();
  return hasFront ? choice->front[input].front().inputElements : choice->inputElements[input];
}

Result<Choice> chooseKernel(const ir::Graph& graph, const ir::Node& node, const std::vector<Offer>& offers,
                            const MapOptions& options, const Pace& pace) {
  Chooser chooser{
      .graph = graph, .node = node, .offers = offers, .options = options, .pace = pace, .own = {}};
  if (const NodeOptions* own = saidOf(options.nodes, node)) {
    chooser.own = *own;
    if (own->targetInterval) chooser.pace = {.frame = *own->targetInterval};
    if (own->reuseFactor) chooser.pace.reuseFactor = *own->reuseFactor;
  }
  Result<Choice> choice = std::visit(chooser, node.operation);
  if (choice.ok() && chooser.own.streamWeights && !choice->weights)
    choice = badInput("weights=stream is for products; this node has no weights to stream");
  if (!choice.ok() && choice.error().where.empty())
    return Error{choice.error().code, choice.error().message, "node '" + node.name + "'"};
  return choice;
}

}  // namespace sluice::map
