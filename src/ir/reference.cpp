#include "ir/reference.h"

#include <algorithm>

#include "base/threads.h"
#include "ir/reference_ops.h"
#include "ir/regions.h"

namespace sluice::ir {
namespace {

ConstantData emptyData(const TensorType& type) {
  if (type.isReal()) return std::vector<double>{};
  return std::vector<std::int64_t>{};
}

/// Elements [first, first + count) of a fed or constant tensor.
ConstantData slice(const ConstantData& data, std::size_t first, std::size_t count) {
  return std::visit(
      [&](const auto& list) -> ConstantData {
        const auto begin = list.begin() + static_cast<std::ptrdiff_t>(first);
        return std::decay_t<decltype(list)>(begin, begin + static_cast<std::ptrdiff_t>(count));
      },
      data);
}

Status checkFeed(const Graph& graph, const Feed& feed, std::size_t samples) {
  const Tensor& tensor = graph.tensor(feed.tensor);
  const auto* codes = std::get_if<std::vector<std::int64_t>>(&feed.values);
  if (tensor.type.isReal() == (codes != nullptr))
    return badInput(std::string("'") + tensor.name + "' takes " + (codes ? "real values" : "codes"));
  const std::size_t count = std::visit([](const auto& list) { return list.size(); }, feed.values);
  const std::size_t wanted = samples * static_cast<std::size_t>(elements(tensor.type.shape));
  if (count != wanted)
    return badInput("'" + tensor.name + "' takes " + std::to_string(wanted) + " elements for " +
                    std::to_string(samples) + " samples of shape " + text(tensor.type.shape) + ", not " +
                    std::to_string(count));
  if (codes == nullptr) return {};
  for (std::size_t i = 0; i < codes->size(); ++i)
    if (const fixed::Interval range = rangeOf(*tensor.type.codes, static_cast<std::int64_t>(i));
        !range.contains((*codes)[i]))
      return badInput("'" + tensor.name + "', sample " + std::to_string(i * samples / count) + ": code " +
                      std::to_string((*codes)[i]) + " is not in [" + std::to_string(range.lo) + ", " +
                      std::to_string(range.hi) + "]");
  return {};
}

/// The nodes between the fed and the wanted tensors, in order.
Result<std::vector<NodeId>> nodesBetween(const Graph& graph, const std::vector<Feed>& feeds,
                                         const std::vector<TensorId>& wanted) {
  std::vector<bool> fed(graph.tensors.size()), needed(graph.tensors.size());
  for (const Feed& feed : feeds) fed[feed.tensor.index] = true;
  for (const TensorId id : wanted) needed[id.index] = true;
  std::vector<NodeId> result;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    if (!needed[node.output.index] || fed[node.output.index]) continue;
    if (std::holds_alternative<Input>(node.operation))
      return badInput("input '" + node.name + "' is needed, but no values are given for it");
    for (const TensorId input : node.inputs) needed[input.index] = true;
    result.push_back(NodeId(i));
  }
  std::reverse(result.begin(), result.end());
  return result;
}

}  // namespace

std::vector<double> realValues(const TensorType& type, const ConstantData& values) {
  if (const auto* reals = std::get_if<std::vector<double>>(&values)) return *reals;
  SLUICE_CHECK(!type.isReal(), "integers have real values only through a scale");
  const auto& codes = std::get<std::vector<std::int64_t>>(values);
  std::vector<double> result(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i)
    result[i] = scaleOf(*type.codes, static_cast<std::int64_t>(i)) *
                static_cast<double>(codes[i] - type.codes->zeroPoint);
  return result;
}

std::vector<std::int64_t> nearestCodes(const TensorType& type, const std::vector<double>& values) {
  SLUICE_CHECK(!type.isReal(), "real tensors have no codes");
  std::vector<std::int64_t> codes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double steps = values[i] / scaleOf(*type.codes, static_cast<std::int64_t>(i)) +
                         static_cast<double>(type.codes->zeroPoint);
    codes[i] = fixed::clampToRange(fixed::roundToInteger(steps, Rounding::halfEven), {INT64_MIN, INT64_MAX});
  }
  return codes;
}

ConstantData evaluateOperation(const Operation& operation, const std::vector<const Tensor*>& operands,
                               const TensorType& output) {
  std::vector<Operand> inputs;
  for (const Tensor* operand : operands) {
    SLUICE_CHECK(operand->isConstant(), "operands of a folded operation are constants");
    inputs.push_back({.type = &operand->type, .data = operand->constant.get()});
  }
  ConstantData result = emptyData(output);
  evaluateInto(operation, inputs, output, result);
  return result;
}

Result<std::vector<ConstantData>> evaluate(const Graph& graph, const std::vector<Feed>& feeds,
                                           const std::vector<TensorId>& wanted, std::size_t samples,
                                           unsigned threads) {
  for (const Feed& feed : feeds) SLUICE_RETURN_IF_ERROR(checkFeed(graph, feed, samples));
  SLUICE_TRY(const std::vector<NodeId> nodes, nodesBetween(graph, feeds, wanted));

  std::vector<ConstantData> results;
  for (const TensorId id : wanted) {
    const std::size_t count = samples * static_cast<std::size_t>(elements(graph.tensor(id).type.shape));
    results.push_back(emptyData(graph.tensor(id).type));
    std::visit([&](auto& list) { list.resize(count); }, results.back());
  }
  parallelFor(samples, threads, [&](std::size_t begin, std::size_t end, unsigned) {
    // One sample at a time; buffers are kept from sample to sample.
    std::vector<ConstantData> values(graph.tensors.size());
    for (const NodeId id : nodes) {
      const TensorId output = graph.node(id).output;
      values[output.index] = emptyData(graph.tensor(output).type);
    }
    std::vector<Operand> operands;
    for (std::size_t sample = begin; sample < end; ++sample) {
      for (const Feed& feed : feeds) {
        const auto count = static_cast<std::size_t>(elements(graph.tensor(feed.tensor).type.shape));
        values[feed.tensor.index] = slice(feed.values, sample * count, count);
      }
      const auto dataOf = [&](TensorId id) {
        const Tensor& tensor = graph.tensor(id);
        return tensor.isConstant() ? tensor.constant.get() : &values[id.index];
      };
      for (const NodeId id : nodes) {
        const Node& node = graph.node(id);
        operands.clear();
        for (const TensorId input : node.inputs)
          operands.push_back({.type = &graph.tensor(input).type, .data = dataOf(input)});
        evaluateInto(node.operation, operands, graph.tensor(node.output).type, values[node.output.index]);
      }
      for (std::size_t i = 0; i < wanted.size(); ++i)
        std::visit(
            [&](auto& all) {
              const auto& one = std::get<std::decay_t<decltype(all)>>(*dataOf(wanted[i]));
              std::copy(one.begin(), one.end(),
                        all.begin() + static_cast<std::ptrdiff_t>(sample * one.size()));
            },
            results[i]);
    }
  });
  return results;
}

Result<std::vector<ConstantData>> runReference(const Graph& graph,
                                               const std::vector<std::vector<double>>& inputs,
                                               std::size_t samples, const ReferenceOptions& options) {
  if (inputs.size() != graph.inputs.size())
    return badInput(std::to_string(inputs.size()) + " inputs are given; the network has " +
                    std::to_string(graph.inputs.size()));
  std::vector<TensorId> targets = graph.inputs;
  if (options.inputCodes) {
    SLUICE_TRY(const Regions parts, regions(graph));
    SLUICE_TRY(targets, codedInputs(graph, parts));
  }
  std::vector<Feed> feeds;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& type = graph.tensor(targets[i]).type;
    if (type.isReal()) {
      feeds.push_back({.tensor = targets[i], .values = inputs[i]});
      continue;
    }
    // Codes that are given are real values of a type without scale.
    TensorType plain = type;
    if (options.inputCodes) plain.codes->scale = {1}, plain.codes->zeroPoint = 0;
    feeds.push_back({.tensor = targets[i], .values = nearestCodes(plain, inputs[i])});
  }
  SLUICE_TRY(std::vector<ConstantData> results,
             evaluate(graph, feeds, graph.outputs, samples, options.threads));
  if (!options.outputCodes)
    for (std::size_t i = 0; i < results.size(); ++i)
      results[i] = realValues(graph.tensor(graph.outputs[i]).type, results[i]);
  return results;
}

}  // namespace sluice::ir
