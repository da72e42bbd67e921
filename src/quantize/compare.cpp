#include "quantize/compare.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ir/attributes.h"
#include "ir/reference.h"

namespace sluice::quantize {
namespace {

struct Match {
  ir::TensorId a, b;
  bool byName = true;
};

bool isInput(const ir::Node& node) { return std::holds_alternative<ir::Input>(node.operation); }

std::int64_t sizeAt(const ir::Graph& graph, ir::TensorId id) {
  return ir::elements(graph.tensor(id).type.shape);
}

/// What has to be equal for two nodes to be matched by order.
std::string kindOf(const ir::Graph& graph, const ir::Node& node) {
  return std::string(ir::textName(node.operation)) + " " + std::to_string(sizeAt(graph, node.output));
}

/// The longest common subsequence of what is not matched yet.
void matchByOrder(const ir::Graph& a, const ir::Graph& b, std::vector<std::optional<Match>>& found) {
  std::vector<bool> taken(a.tensors.size(), false);
  for (const auto& match : found)
    if (match) taken[match->a.index] = true;
  std::vector<ir::NodeId> left, right;
  for (std::size_t i = 0; i < a.nodes.size(); ++i)
    if (!isInput(a.nodes[i]) && !taken[a.nodes[i].output.index]) left.emplace_back(i);
  for (std::size_t i = 0; i < b.nodes.size(); ++i)
    if (!isInput(b.nodes[i]) && !found[b.nodes[i].output.index]) right.emplace_back(i);
  constexpr std::size_t most = std::size_t{1} << 24;
  if (left.empty() || right.empty() || left.size() > most / right.size()) return;
  const std::size_t width = right.size() + 1;
  std::vector<std::uint32_t> length((left.size() + 1) * width, 0);
  std::vector<std::string> kinds;
  for (const ir::NodeId id : right) kinds.push_back(kindOf(b, b.node(id)));
  for (std::size_t i = left.size(); i-- > 0;) {
    const std::string kind = kindOf(a, a.node(left[i]));
    for (std::size_t j = right.size(); j-- > 0;)
      length[i * width + j] = kind == kinds[j]
                                  ? length[(i + 1) * width + j + 1] + 1
                                  : std::max(length[(i + 1) * width + j], length[i * width + j + 1]);
  }
  for (std::size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    if (kindOf(a, a.node(left[i])) == kinds[j]) {
      const ir::TensorId output = b.node(right[j]).output;
      found[output.index] = Match{a.node(left[i]).output, output, false};
      ++i, ++j;
    } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
}

std::vector<Match> matchesOf(const ir::Graph& a, const ir::Graph& b) {
  std::map<std::string, ir::TensorId, std::less<>> names;
  for (const ir::Node& node : a.nodes)
    if (!isInput(node)) names.emplace(a.tensor(node.output).name, node.output);
  std::vector<std::optional<Match>> found(b.tensors.size());
  for (const ir::Node& node : b.nodes) {
    if (isInput(node)) continue;
    const auto same = names.find(b.tensor(node.output).name);
    if (same != names.end() && sizeAt(a, same->second) == sizeAt(b, node.output))
      found[node.output.index] = Match{same->second, node.output, true};
  }
  matchByOrder(a, b, found);
  for (const ir::Node& node : b.nodes) {
    if (found[node.output.index] || !std::holds_alternative<ir::Quantize>(node.operation)) continue;
    if (const auto& before = found[node.inputs[0].index])
      found[node.output.index] = Match{before->a, node.output, before->byName};
    // The quantizer of an input stands for the input.
    const auto place = std::find(b.inputs.begin(), b.inputs.end(), node.inputs[0]);
    if (place != b.inputs.end())
      found[node.output.index] =
          Match{a.inputs[static_cast<std::size_t>(place - b.inputs.begin())], node.output, true};
  }
  std::vector<Match> matches;
  for (const ir::Node& node : b.nodes)
    if (found[node.output.index]) matches.push_back(*found[node.output.index]);
  return matches;
}

/// Sums over all samples of one pair of tensors.
struct Sums {
  double count = 0, difference = 0, squares = 0, largest = 0, a = 0, aSquares = 0, low = INFINITY,
         high = -INFINITY;

  void add(const std::vector<double>& x, const std::vector<double>& y) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double apart = y[i] - x[i];
      difference += apart;
      squares += apart * apart;
      largest = std::isnan(apart) ? INFINITY : std::max(largest, std::abs(apart));
      a += x[i];
      aSquares += x[i] * x[i];
      low = std::min(low, x[i]);
      high = std::max(high, x[i]);
    }
    count += static_cast<double>(x.size());
  }
};

Result<std::vector<ir::Feed>> feedsOf(const ir::Graph& graph, const Calibration& all, std::size_t first,
                                      std::size_t count) {
  std::vector<ir::Feed> feeds;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const ir::TensorType& type = graph.tensor(graph.inputs[i]).type;
    const auto size = static_cast<std::size_t>(ir::elements(type.shape));
    const std::vector<double> values(
        all.inputs[i].begin() + static_cast<std::ptrdiff_t>(first * size),
        all.inputs[i].begin() + static_cast<std::ptrdiff_t>((first + count) * size));
    if (type.isReal())
      feeds.push_back({.tensor = graph.inputs[i], .values = values});
    else
      feeds.push_back({.tensor = graph.inputs[i], .values = ir::nearestCodes(type, values)});
  }
  return feeds;
}

}  // namespace

Result<Comparison> compare(const ir::Graph& a, const ir::Graph& b, const Calibration& samples,
                           double threshold, unsigned threads) {
  if (a.inputs.size() != b.inputs.size() || samples.inputs.size() != a.inputs.size())
    return badInput("the networks have " + std::to_string(a.inputs.size()) + " and " +
                    std::to_string(b.inputs.size()) + " inputs; samples are given for " +
                    std::to_string(samples.inputs.size()));
  for (std::size_t i = 0; i < a.inputs.size(); ++i)
    if (sizeAt(a, a.inputs[i]) != sizeAt(b, b.inputs[i]))
      return badInput("input '" + a.tensor(a.inputs[i]).name + "' is " +
                      ir::text(a.tensor(a.inputs[i]).type.shape) + " in one network and " +
                      ir::text(b.tensor(b.inputs[i]).type.shape) + " in the other");
  const std::vector<Match> matches = matchesOf(a, b);
  if (matches.empty()) return badInput("no tensor of one network has the name or place of one of the other");
  std::vector<ir::TensorId> ofA, ofB;
  for (const Match& match : matches) {
    ofA.push_back(match.a);
    ofB.push_back(match.b);
  }
  std::vector<Sums> sums(matches.size());
  constexpr std::size_t together = 8;  // all tensors of so many samples are in memory at once
  for (std::size_t first = 0; first < samples.samples; first += together) {
    const std::size_t count = std::min(together, samples.samples - first);
    SLUICE_TRY(const auto feedsA, feedsOf(a, samples, first, count));
    SLUICE_TRY(const auto feedsB, feedsOf(b, samples, first, count));
    SLUICE_TRY(const auto valuesA, ir::evaluate(a, feedsA, ofA, count, threads));
    SLUICE_TRY(const auto valuesB, ir::evaluate(b, feedsB, ofB, count, threads));
    for (std::size_t i = 0; i < matches.size(); ++i)
      sums[i].add(ir::realValues(a.tensor(ofA[i]).type, valuesA[i]),
                  ir::realValues(b.tensor(ofB[i]).type, valuesB[i]));
  }
  Comparison result{.a = a.name, .b = b.name, .samples = samples.samples, .threshold = threshold};
  double before = 0, rise = 0;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const Sums& s = sums[i];
    const double mean = s.a / s.count;
    const double spread = std::sqrt(std::max(0.0, s.aSquares / s.count - mean * mean));
    const double unit = spread > 0 ? spread : 1, range = s.high > s.low ? s.high - s.low : 1;
    ComparedTensor row{.a = a.tensor(ofA[i]).name,
                       .b = b.tensor(ofB[i]).name,
                       .operation = ir::textName(b.node(b.tensor(ofB[i]).producer).operation),
                       .elements = sizeAt(b, ofB[i]),
                       .byName = matches[i].byName,
                       .error = std::sqrt(s.squares / s.count) / unit,
                       .largest = s.largest / range,
                       .shift = s.difference / s.count / unit};
    if (std::isnan(row.error)) row.error = INFINITY;
    if (!result.start && row.error > threshold) result.start = i;
    if (row.error - before > rise) {
      rise = row.error - before;
      result.step = i;
    }
    before = std::max(before, row.error);
    if (std::find(b.outputs.begin(), b.outputs.end(), ofB[i]) != b.outputs.end()) result.outputs.push_back(i);
    result.tensors.push_back(std::move(row));
  }
  for (const ir::Node& node : b.nodes) result.unmatched += isInput(node) ? 0 : 1;
  result.unmatched -= std::min(result.unmatched, matches.size());
  return result;
}

}  // namespace sluice::quantize
