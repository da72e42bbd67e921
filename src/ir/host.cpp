#include "ir/host.h"

#include <cmath>

#include "base/rng.h"
#include "base/text.h"

namespace sluice::ir {
namespace {

Result<std::vector<std::int64_t>> integersOf(const std::vector<double>& numbers, const std::string& tensor) {
  std::vector<std::int64_t> codes(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!(std::fabs(numbers[i]) < 0x1p62) || numbers[i] != std::trunc(numbers[i]))
      return badInput("'" + tensor + "': " + formatDouble(numbers[i]) +
                      " is given as a code but is no integer");
    codes[i] = static_cast<std::int64_t>(numbers[i]);
  }
  return codes;
}

/// The results of evaluate, all of which are codes.
CodeRows codeRows(std::vector<ConstantData> values) {
  CodeRows rows;
  for (ConstantData& one : values) rows.push_back(std::move(std::get<std::vector<std::int64_t>>(one)));
  return rows;
}

Result<std::vector<Feed>> inputFeeds(const Graph& graph, const std::vector<std::vector<double>>& inputs) {
  if (inputs.size() != graph.inputs.size())
    return badInput(std::to_string(inputs.size()) + " inputs are given; the network has " +
                    std::to_string(graph.inputs.size()));
  std::vector<Feed> feeds;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& type = graph.tensor(graph.inputs[i]).type;
    if (type.isReal()) {
      feeds.push_back({.tensor = graph.inputs[i], .values = inputs[i]});
    } else {
      feeds.push_back({.tensor = graph.inputs[i], .values = nearestCodes(type, inputs[i])});
    }
  }
  return feeds;
}

}  // namespace

Result<CodeRows> hardwareInputCodes(const Graph& graph, const Regions& regions,
                                    const std::vector<std::vector<double>>& inputs, std::size_t samples,
                                    bool inputCodes, unsigned threads) {
  SLUICE_TRY(std::vector<Feed> feeds, inputFeeds(graph, inputs));
  if (inputCodes) {
    SLUICE_TRY(const std::vector<TensorId> targets, codedInputs(graph, regions));
    for (std::size_t i = 0; i < feeds.size(); ++i) {
      feeds[i].tensor = targets[i];
      SLUICE_TRY(feeds[i].values, integersOf(inputs[i], graph.tensor(targets[i]).name));
    }
  }
  SLUICE_TRY(std::vector<ConstantData> values,
             evaluate(graph, feeds, regions.hardwareInputs, samples, threads));
  return codeRows(std::move(values));
}

Result<std::vector<std::vector<double>>> outputValues(const Graph& graph, const Regions& regions,
                                                      const CodeRows& hardwareOutputs, std::size_t samples,
                                                      const std::vector<std::vector<double>>& inputs,
                                                      unsigned threads) {
  SLUICE_CHECK(hardwareOutputs.size() == regions.hardwareOutputs.size(),
               "one list of codes per hardware output");
  std::vector<Feed> feeds;
  if (!inputs.empty()) {
    SLUICE_TRY(feeds, inputFeeds(graph, inputs));
  }
  for (std::size_t i = 0; i < hardwareOutputs.size(); ++i)
    feeds.push_back({.tensor = regions.hardwareOutputs[i], .values = hardwareOutputs[i]});
  SLUICE_TRY(const std::vector<ConstantData> values, evaluate(graph, feeds, graph.outputs, samples, threads));
  std::vector<std::vector<double>> result;
  for (std::size_t i = 0; i < values.size(); ++i)
    result.push_back(realValues(graph.tensor(graph.outputs[i]).type, values[i]));
  return result;
}

Result<CodeRows> referenceCodes(const Graph& graph, const Regions& regions, const CodeRows& hardwareInputs,
                                std::size_t samples, unsigned threads) {
  SLUICE_CHECK(hardwareInputs.size() == regions.hardwareInputs.size(),
               "one list of codes per hardware input");
  std::vector<Feed> feeds;
  for (std::size_t i = 0; i < hardwareInputs.size(); ++i)
    feeds.push_back({.tensor = regions.hardwareInputs[i], .values = hardwareInputs[i]});
  SLUICE_TRY(std::vector<ConstantData> values,
             evaluate(graph, feeds, regions.hardwareOutputs, samples, threads));
  return codeRows(std::move(values));
}

CodeRows randomCodes(const Graph& graph, const Regions& regions, std::size_t samples, std::uint64_t seed) {
  CodeRows rows;
  for (std::size_t i = 0; i < regions.hardwareInputs.size(); ++i) {
    const TensorType& type = graph.tensor(regions.hardwareInputs[i]).type;
    Rng rng(seed, i);
    std::vector<std::int64_t>& codes =
        rows.emplace_back(samples * static_cast<std::size_t>(elements(type.shape)));
    const std::int64_t perSample = elements(type.shape);
    for (std::size_t at = 0; at < codes.size(); ++at) {
      const fixed::Interval range = rangeOf(*type.codes, static_cast<std::int64_t>(at) % perSample);
      codes[at] = rng.uniform(range.lo, range.hi);
    }
  }
  return rows;
}

}  // namespace sluice::ir
