#include "passes/split_layer.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "ir/regions.h"
#include "ir/verify.h"
#include "passes/rewrite.h"

namespace sluice::passes {
namespace {

using Borders = std::vector<std::int64_t>;

/// [begin, end) of an axis of a row-major tensor.
std::vector<std::int64_t> sliced(const std::vector<std::int64_t>& data, const ir::Shape& shape,
                                 std::size_t axis, std::int64_t begin, std::int64_t end) {
  std::int64_t outer = 1, inner = 1;
  for (std::size_t a = 0; a < axis; ++a) outer *= shape[a];
  for (std::size_t a = axis + 1; a < shape.size(); ++a) inner *= shape[a];
  std::vector<std::int64_t> result;
  result.reserve(static_cast<std::size_t>(outer * (end - begin) * inner));
  for (std::int64_t o = 0; o < outer; ++o) {
    const auto row = data.begin() + o * shape[axis] * inner;
    result.insert(result.end(), row + begin * inner, row + end * inner);
  }
  return result;
}

/// A list with one value for all or one per channel; false: it has another length.
template <typename T>
bool sliceList(std::vector<T>& list, std::int64_t channels, std::int64_t begin, std::int64_t end) {
  if (list.size() <= 1) return true;
  if (static_cast<std::int64_t>(list.size()) != channels) return false;
  list = std::vector<T>(list.begin() + begin, list.begin() + end);
  return true;
}

const ir::CodeConv* convOf(const ir::Node& node) { return std::get_if<ir::CodeConv>(&node.operation); }
bool isDense(const ir::Node& node) { return std::holds_alternative<ir::Dense>(node.operation); }
std::int64_t at(const std::vector<std::int64_t>& list, std::size_t axis, std::int64_t otherwise) {
  return axis < list.size() ? list[axis] : otherwise;
}

class Splitter {
 public:
  Splitter(const ir::Graph& graph, const ir::Node& target, const LayerSplitOptions& options)
      : graph_(graph), target_(target), options_(options), rewrite_(graph), users_(ir::allUsers(graph)) {}

  Result<ir::Graph> run() {
    for (const ir::Node& node : graph_.nodes) {
      if (absorbed_.contains(node.output)) continue;
      SLUICE_RETURN_IF_ERROR(&node == &target_ ? split() : copy(node));
    }
    ir::Graph result = rewrite_.finish();
    return result;
  }

 private:
  const ir::Shape& shape(ir::TensorId old) const { return graph_.tensor(old).type.shape; }
  std::string partName(const ir::Node& node, std::size_t k) const {
    return node.name + "_part" + std::to_string(k);
  }

  /// As it is; but the range of what a table reads may be wider than it was (partial sums are bounded one by one), and
  /// then the table is made longer by codes that never come.
  Status copy(const ir::Node& node) {
    if (const auto* lookup = std::get_if<ir::Lookup>(&node.operation)) {
      const fixed::Interval range = rewrite_.tensorAt(node.inputs[0]).type.codes->range;
      const ir::Tensor& table = graph_.tensor(node.inputs[1]);
      const std::int64_t rows = table.type.shape[0], entries = table.type.shape[1];
      const std::int64_t below = std::max<std::int64_t>(0, lookup->first - range.lo);
      const std::int64_t above = std::max<std::int64_t>(0, range.hi - (lookup->first + entries - 1));
      if (below + above > 0) {
        if (below + above > (std::int64_t{1} << 20))
          return unsupported("a table of more than 2^20 entries would be needed", "node '" + node.name + "'");
        const std::vector<std::int64_t>& data = ir::codesOf(table);
        std::vector<std::int64_t> longer;
        for (std::int64_t row = 0; row < rows; ++row) {
          const auto first = data.begin() + row * entries, last = first + entries;
          longer.insert(longer.end(), static_cast<std::size_t>(below), *first);
          longer.insert(longer.end(), first, last);
          longer.insert(longer.end(), static_cast<std::size_t>(above), *(last - 1));
        }
        ir::TensorType type = table.type;
        type.shape[1] = entries + below + above;
        type.codes->ranges.clear();
        const ir::TensorId now = rewrite_.addConstant(table.name, type, std::move(longer));
        SLUICE_TRY([[maybe_unused]] const ir::TensorId y,
                   rewrite_.replace(node, ir::Lookup{.first = lookup->first - below},
                                    {rewrite_.at(node.inputs[0]), now}, node.origins));
        return {};
      }
    }
    return rewrite_.copy(node);
  }

  Status split() {
    switch (options_.how) {
      case LayerSplit::outputs:
        return splitOutputs();
      case LayerSplit::inputs:
        return splitInputs();
      case LayerSplit::rows:
        return splitRows();
    }
    return {};
  }

  Error cannot(const std::string& why) const { return unsupported(why, "node '" + target_.name + "'"); }

  ir::TensorId constant(ir::TensorId old, std::size_t axis, std::int64_t begin, std::int64_t end,
                        std::size_t part) {
    const ir::Tensor& tensor = graph_.tensor(old);
    ir::TensorType type = tensor.type;
    std::vector<std::int64_t> data = sliced(ir::codesOf(tensor), type.shape, axis, begin, end);
    if (axis + 1 == type.shape.size()) {
      const bool fits = sliceList(type.codes->scale, type.shape[axis], begin, end);
      SLUICE_CHECK(fits, "weights have a scale, or one per output");
    }
    type.shape[axis] = end - begin;
    type.codes->range = rangeOf(data);
    type.codes->ranges.clear();
    return rewrite_.addConstant(tensor.name + "_part" + std::to_string(part), std::move(type),
                                std::move(data));
  }

  /// Elements [begin, end) of an axis of x; where x was put together from parts of these borders, the part.
  Result<ir::TensorId> piece(ir::TensorId x, std::size_t axis, std::int64_t begin, std::int64_t end) {
    const ir::TensorId now = rewrite_.at(x);
    const ir::Shape whole = rewrite_.to.tensor(now).type.shape;
    if (begin == 0 && end == whole[axis]) return now;
    if (const ir::NodeId producer = rewrite_.to.tensor(now).producer; producer.valid()) {
      const ir::Node& node = rewrite_.to.node(producer);
      const auto* concat = std::get_if<ir::Concat>(&node.operation);
      if (concat != nullptr && concat->axis == static_cast<std::int64_t>(axis)) {
        std::int64_t from = 0;
        for (const ir::TensorId input : node.inputs) {
          const std::int64_t extent = rewrite_.to.tensor(input).type.shape[axis];
          if (from == begin && from + extent == end) return input;
          from += extent;
        }
      }
    }
    ir::Slice slice{.begin = std::vector<std::int64_t>(whole.size(), 0), .end = whole};
    slice.begin[axis] = begin;
    slice.end[axis] = end;
    return rewrite_.add(
        rewrite_.to.tensor(now).name + "_" + std::to_string(begin) + "_" + std::to_string(end),
        std::move(slice), {now}, {});
  }

  /// Puts the parts together in the place of `last`.
  Status joinParts(const ir::Node& last, std::vector<ir::TensorId> parts, std::int64_t axis) {
    SLUICE_TRY([[maybe_unused]] const ir::TensorId y,
               rewrite_.replace(last, ir::Concat{.axis = axis}, std::move(parts), {},
                                rewrite_.freshName(last.name + "_join")));
    return {};
  }

  /// The node that alone reads `tensor`, as its first input; else null.
  const ir::Node* onlyReader(ir::TensorId tensor) const {
    if (rewrite_.readers(tensor) != 1 || users_[tensor.index].size() != 1) return nullptr;
    const ir::Node& reader = graph_.node(users_[tensor.index][0]);
    if (reader.inputs.empty() || reader.inputs[0] != tensor ||
        std::count(reader.inputs.begin(), reader.inputs.end(), tensor) != 1)
      return nullptr;
    return ir::isInteger(graph_, reader) ? &reader : nullptr;
  }

  /// `reader` on channels [begin, end) alone: its operation and constants; nothing if it mixes channels.
  std::optional<ir::Operation> onChannels(const ir::Node& reader, std::int64_t begin, std::int64_t end,
                                          std::size_t part, std::vector<ir::TensorId>& constants) {
    const std::int64_t n = ir::channels(shape(reader.inputs[0]));
    const auto row = [&](ir::TensorId old) {  // of a constant with a row per channel, or one for all
      constants.push_back(shape(old)[0] == 1 ? rewrite_.at(old) : constant(old, 0, begin, end, part));
    };
    if (const auto* threshold = std::get_if<ir::Threshold>(&reader.operation)) {
      ir::Threshold own = *threshold;
      if (!sliceList(own.base, n, begin, end) || !sliceList(own.sign, n, begin, end) ||
          !sliceList(own.scale, n, begin, end))
        return std::nullopt;
      row(reader.inputs[1]);
      return own;
    }
    if (std::holds_alternative<ir::Lookup>(reader.operation)) {
      row(reader.inputs[1]);
      return reader.operation;
    }
    if (const auto* rescale = std::get_if<ir::Rescale>(&reader.operation)) {
      ir::Rescale own = *rescale;
      if (!sliceList(own.scale, n, begin, end)) return std::nullopt;
      row(reader.inputs[1]);
      row(reader.inputs[2]);
      return own;
    }
    if (const auto* requantize = std::get_if<ir::Requantize>(&reader.operation)) {
      ir::Requantize own = *requantize;
      if (!sliceList(own.shift, n, begin, end) || !sliceList(own.ranges, n, begin, end)) return std::nullopt;
      if (!own.ranges.empty()) {
        own.range = own.ranges[0];
        for (const fixed::Interval range : own.ranges) own.range = join(own.range, range);
      }
      return own;
    }
    if (const auto* pool = std::get_if<ir::Pool>(&reader.operation))
      return pool->kind == ir::PoolKind::average ? std::nullopt : std::optional(reader.operation);
    return std::nullopt;
  }
  static bool isPixelwise(const ir::Node& node) {
    return std::holds_alternative<ir::Threshold>(node.operation) ||
           std::holds_alternative<ir::Lookup>(node.operation) ||
           std::holds_alternative<ir::Rescale>(node.operation);
  }

  /// Does in the parts what follows channel by channel, and puts them together behind it.
  Status finishChannels(std::vector<ir::TensorId> parts, const Borders& borders) {
    const ir::Node* last = &target_;
    while (const ir::Node* reader = onlyReader(last->output)) {
      std::vector<ir::TensorId> next;
      for (std::size_t k = 0; k < parts.size(); ++k) {
        std::vector<ir::TensorId> inputs = {parts[k]};
        const auto operation = onChannels(*reader, borders[k], borders[k + 1], k, inputs);
        if (!operation) break;
        SLUICE_TRY(const ir::TensorId y,
                   rewrite_.add(partName(*reader, k), *operation, inputs, originsOf(*reader)));
        next.push_back(y);
      }
      if (next.size() < parts.size()) break;
      parts = std::move(next);
      absorbed_.insert(reader->output);
      last = reader;
    }
    return joinParts(*last, std::move(parts), static_cast<std::int64_t>(shape(last->output).size()) - 1);
  }

  Status splitOutputs() {
    if (!isDense(target_) && convOf(target_) == nullptr)
      return cannot("only products (dense, convolution) are split by outputs");
    const ir::CodeConv* conv = convOf(target_);
    const ir::TensorId x = target_.inputs[0], w = target_.inputs[1];
    const std::int64_t outputs = ir::channels(shape(target_.output)), channels = ir::channels(shape(x));
    const std::int64_t groups = conv != nullptr ? conv->groups : 1;
    // Groups stay whole: then a part reads the channels of its groups alone.
    SLUICE_TRY(Borders borders, bordersOf(groups > 1 ? groups : outputs, options_.shares));
    std::vector<ir::TensorId> parts;
    for (std::size_t k = 0; k + 1 < borders.size(); ++k) {
      const std::int64_t step = groups > 1 ? outputs / groups : 1;
      const std::int64_t begin = borders[k] * step, end = borders[k + 1] * step;
      ir::TensorId source = rewrite_.at(x);
      ir::Operation operation = target_.operation;
      if (groups > 1) {
        const std::int64_t in = channels / groups;
        SLUICE_TRY(source, piece(x, shape(x).size() - 1, borders[k] * in, borders[k + 1] * in));
        std::get<ir::CodeConv>(operation).groups = borders[k + 1] - borders[k];
      }
      std::vector<ir::TensorId> inputs = {source, constant(w, shape(w).size() - 1, begin, end, k)};
      if (target_.inputs.size() > 2) inputs.push_back(constant(target_.inputs[2], 0, begin, end, k));
      SLUICE_TRY(const ir::TensorId y,
                 rewrite_.add(partName(target_, k), std::move(operation), inputs, originsOf(target_)));
      parts.push_back(y);
    }
    if (groups > 1)
      for (std::int64_t& border : borders) border *= outputs / groups;
    return finishChannels(std::move(parts), borders);
  }

  /// Of part k: what takes the zero point of its inputs out; the rest of the bias goes to the first part.
  std::vector<std::vector<std::int64_t>> biases(const Borders& borders, std::size_t axis) const {
    const ir::Tensor& w = graph_.tensor(target_.inputs[1]);
    const std::int64_t zero = graph_.tensor(target_.inputs[0]).type.codes->zeroPoint;
    const auto outputs = static_cast<std::size_t>(w.type.shape.back());
    std::vector<std::vector<std::int64_t>> result(borders.size() - 1, std::vector<std::int64_t>(outputs, 0));
    result[0] = ir::codesOf(graph_.tensor(target_.inputs[2]));
    for (std::size_t k = 1; k + 1 < borders.size(); ++k) {
      const auto part = sliced(ir::codesOf(w), w.type.shape, axis, borders[k], borders[k + 1]);
      for (std::size_t i = 0; i < part.size(); ++i) result[k][i % outputs] -= zero * part[i];
      for (std::size_t j = 0; j < outputs; ++j) result[0][j] -= result[k][j];
    }
    return result;
  }

  Status splitInputs() {
    const ir::CodeConv* conv = convOf(target_);
    if (!isDense(target_) && (conv == nullptr || conv->groups != 1))
      return cannot("only products over all channels (dense, convolution of one group) are split by inputs");
    const ir::TensorId x = target_.inputs[0], w = target_.inputs[1];
    const std::size_t axis = shape(w).size() - 2;
    SLUICE_TRY(const Borders borders, bordersOf(shape(w)[axis], options_.shares));
    const bool hasBias = target_.inputs.size() > 2;
    const bool everywhere = graph_.tensor(x).type.codes->zeroPoint != 0;
    std::vector<std::vector<std::int64_t>> bias;
    if (hasBias) bias = biases(borders, axis);
    std::vector<ir::TensorId> parts;
    for (std::size_t k = 0; k + 1 < borders.size(); ++k) {
      SLUICE_TRY(const ir::TensorId source, piece(x, shape(x).size() - 1, borders[k], borders[k + 1]));
      std::vector<ir::TensorId> inputs = {source, constant(w, axis, borders[k], borders[k + 1], k)};
      if (hasBias && (k == 0 || everywhere)) {
        const ir::Tensor& old = graph_.tensor(target_.inputs[2]);
        ir::TensorType type = old.type;
        type.codes->range = rangeOf(bias[k]);
        type.codes->ranges.clear();
        inputs.push_back(rewrite_.addConstant(old.name + "_part" + std::to_string(k), type, bias[k]));
      }
      SLUICE_TRY(const ir::TensorId y,
                 rewrite_.add(partName(target_, k), target_.operation, inputs, originsOf(target_)));
      parts.push_back(y);
    }
    return sum(std::move(parts));
  }

  Status sum(std::vector<ir::TensorId> parts) {
    const auto merge = [](std::size_t inputs) {
      return ir::Merge{.shift = std::vector<std::uint32_t>(inputs, 0)};
    };
    std::size_t added = 0;
    const auto addTwo = [&](ir::TensorId a, ir::TensorId b) {
      return rewrite_.add(target_.name + "_sum" + std::to_string(added++), merge(2), {a, b}, {});
    };
    if (options_.tree == SumTree::chain)
      while (parts.size() > 2) {
        SLUICE_TRY(parts[1], addTwo(parts[0], parts[1]));
        parts.erase(parts.begin());
      }
    if (options_.tree == SumTree::pairs)
      while (parts.size() > 2) {
        std::vector<ir::TensorId> next;
        for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
          SLUICE_TRY(const ir::TensorId both, addTwo(parts[i], parts[i + 1]));
          next.push_back(both);
        }
        if (parts.size() % 2 == 1) next.push_back(parts.back());
        parts = std::move(next);
      }
    SLUICE_TRY(
        [[maybe_unused]] const ir::TensorId y,
        rewrite_.replace(target_, merge(parts.size()), parts, {}, rewrite_.freshName(target_.name + "_sum")));
    return {};
  }

  Status splitRows() {
    const ir::CodeConv* conv = convOf(target_);
    const auto* pool = std::get_if<ir::Pool>(&target_.operation);
    if ((conv == nullptr && (pool == nullptr || !ir::isInteger(graph_, target_))) ||
        shape(target_.output).size() < 2)
      return cannot("only convolutions and poolings of codes are split by rows");
    const ir::TensorId x = target_.inputs[0];
    const ir::Window& window = conv != nullptr ? conv->window : pool->window;
    const std::int64_t kernel = conv != nullptr ? shape(target_.inputs[1])[0] : pool->kernel[0];
    const std::int64_t stride = at(window.strides, 0, 1), dilation = at(window.dilations, 0, 1),
                       pad = at(window.padBefore, 0, 0), height = shape(x)[0];
    SLUICE_TRY(const Borders borders, bordersOf(shape(target_.output)[0], options_.shares));
    const std::size_t spatial = shape(target_.output).size() - 1;
    std::vector<ir::TensorId> parts;
    for (std::size_t k = 0; k + 1 < borders.size(); ++k) {
      const std::int64_t low = borders[k] * stride - pad,
                         high = (borders[k + 1] - 1) * stride - pad + (kernel - 1) * dilation + 1;
      const std::int64_t begin = std::max<std::int64_t>(0, low), end = std::min(height, high);
      if (begin >= end) return cannot("a part of its rows would see nothing but padding");
      ir::Window own = window;
      own.padBefore.resize(spatial, 0);
      own.padAfter.resize(spatial, 0);
      own.padBefore[0] = begin - low;
      own.padAfter[0] = high - end;
      SLUICE_TRY(const ir::TensorId strip, piece(x, 0, begin, end));
      ir::Operation operation = target_.operation;
      std::vector<ir::TensorId> inputs = {strip};
      if (conv != nullptr) {
        std::get<ir::CodeConv>(operation).window = own;
        for (std::size_t i = 1; i < target_.inputs.size(); ++i)
          inputs.push_back(rewrite_.at(target_.inputs[i]));
      } else {
        std::get<ir::Pool>(operation).window = own;
      }
      SLUICE_TRY(const ir::TensorId y,
                 rewrite_.add(partName(target_, k), std::move(operation), inputs, originsOf(target_)));
      parts.push_back(y);
    }
    const ir::Node* last = &target_;
    while (const ir::Node* reader = onlyReader(last->output)) {
      if (!isPixelwise(*reader)) break;
      for (std::size_t k = 0; k < parts.size(); ++k) {
        std::vector<ir::TensorId> inputs = {parts[k]};
        for (std::size_t i = 1; i < reader->inputs.size(); ++i)
          inputs.push_back(rewrite_.at(reader->inputs[i]));
        SLUICE_TRY(parts[k],
                   rewrite_.add(partName(*reader, k), reader->operation, inputs, originsOf(*reader)));
      }
      absorbed_.insert(reader->output);
      last = reader;
    }
    return joinParts(*last, std::move(parts), 0);
  }

  const ir::Graph& graph_;
  const ir::Node& target_;
  const LayerSplitOptions& options_;
  Rewrite rewrite_;
  std::vector<std::vector<ir::NodeId>> users_;
  std::set<ir::TensorId> absorbed_;  ///< old tensors whose nodes are done in the parts
};

/// Without the nodes that no output needs any more (what was put together and is read in parts).
Result<ir::Graph> withoutDead(const ir::Graph& graph) {
  std::vector<bool> needed(graph.tensors.size(), false);
  for (const ir::TensorId output : graph.outputs) needed[output.index] = true;
  for (std::size_t v = graph.nodes.size(); v-- > 0;)
    if (needed[graph.nodes[v].output.index])
      for (const ir::TensorId input : graph.nodes[v].inputs) needed[input.index] = true;
  Rewrite rewrite(graph);
  for (const ir::Node& node : graph.nodes)
    if (needed[node.output.index] || std::holds_alternative<ir::Input>(node.operation))
      SLUICE_RETURN_IF_ERROR(rewrite.copy(node));
  return rewrite.finish();
}

bool canSplit(const ir::Graph& graph, const ir::Node& node, LayerSplit how) {
  const auto shape = [&](ir::TensorId tensor) -> const ir::Shape& { return graph.tensor(tensor).type.shape; };
  const ir::CodeConv* conv = convOf(node);
  if (how == LayerSplit::rows)
    return (conv != nullptr ||
            (std::holds_alternative<ir::Pool>(node.operation) && ir::isInteger(graph, node))) &&
           shape(node.output).size() > 1 && shape(node.output)[0] > 1;
  if (!isDense(node) && conv == nullptr) return false;
  if (how == LayerSplit::outputs)
    return (conv != nullptr && conv->groups > 1 ? conv->groups : ir::channels(shape(node.output))) > 1;
  return (conv == nullptr || conv->groups == 1) && ir::channels(shape(node.inputs[0])) > 1;
}

}  // namespace

Result<std::vector<std::int64_t>> bordersOf(std::int64_t extent, const std::vector<std::uint64_t>& shares) {
  const auto parts = static_cast<std::int64_t>(shares.size());
  if (parts < 2) return badInput("a split has two or more parts, not " + std::to_string(parts));
  for (const std::uint64_t share : shares)
    if (share == 0 || share > 1'000'000'000) return badInput("a share of a split must be from 1 to 10^9");
  if (extent < parts)
    return badInput("cannot be split into " + std::to_string(parts) + " parts: there are only " +
                    std::to_string(extent));
  const std::uint64_t all = std::accumulate(shares.begin(), shares.end(), std::uint64_t{0});
  Borders borders = {0};
  std::uint64_t sum = 0;
  for (std::int64_t k = 0; k < parts; ++k) {
    sum += shares[static_cast<std::size_t>(k)];
    const auto ideal = static_cast<std::int64_t>(
        std::llround(static_cast<double>(extent) * static_cast<double>(sum) / static_cast<double>(all)));
    borders.push_back(std::clamp(ideal, borders.back() + 1, extent - (parts - 1 - k)));
  }
  return borders;
}

Result<ir::Graph> splitLayer(const ir::Graph& graph, const std::string& node,
                             const LayerSplitOptions& options) {
  const auto id = graph.findNode(node);
  if (!id) return badInput("no node is called '" + node + "'");
  SLUICE_TRY(const ir::Regions regions, ir::regions(graph));
  if (!std::binary_search(regions.integer.begin(), regions.integer.end(), *id))
    return unsupported("is computed on the host, not in hardware", "node '" + node + "'");
  SLUICE_TRY(const ir::Graph split, Splitter(graph, graph.node(*id), options).run());
  auto result = withoutDead(split);
  if (!result.ok()) return result;
  SLUICE_RETURN_IF_ERROR(ir::verify(*result));
  return result;
}

std::vector<std::string> splittableLayers(const ir::Graph& graph, LayerSplit how) {
  std::vector<std::string> names;
  const Result<ir::Regions> regions = ir::regions(graph);
  if (!regions.ok()) return names;
  for (const ir::NodeId id : regions->integer)
    if (canSplit(graph, graph.node(id), how)) names.push_back(graph.node(id).name);
  return names;
}

}  // namespace sluice::passes
