#include "kernel/unrolled/lowering.h"

#include <algorithm>
#include <optional>

namespace sluice::kernel {
Result<const std::vector<std::int64_t>*> Lowering::constantOf(const ir::Node& node, std::size_t i) const {
  const ir::Tensor& tensor = graph_.tensor(node.inputs[i]);
  if (!tensor.isConstant())
    return unsupported("'" + tensor.name + "' must be a constant to be unrolled", "node '" + node.name + "'");
  return &ir::codesOf(tensor);
}

Result<LoweredNodes> Lowering::run() {
  result_.ports = unrolledPorts(graph_, params_.nodes);
  for (std::uint32_t p = 0; p < result_.ports.reads.size(); ++p) {
    const ir::Tensor& tensor = graph_.tensor(result_.ports.reads[p]);
    if (tensor.type.isReal())
      return unsupported("'" + tensor.name + "' holds real numbers; only codes become hardware",
                         "unrolled pipeline");
    Scalars& x = values_[result_.ports.reads[p].index];
    const auto count = static_cast<std::uint32_t>(ir::elements(tensor.type.shape));
    for (std::uint32_t e = 0; e < count; ++e)
      x.push_back(cells().scalar(cells().input(p, e, tensor.type.codes->range)));
  }
  for (const ir::NodeId id : params_.nodes) {
    const ir::Node& node = graph_.node(id);
    for (const ir::TensorId in : node.inputs)
      if (!graph_.tensor(in).isConstant() && !values_.contains(in.index))
        return badInput("it reads '" + graph_.tensor(in).name + "' before that is computed",
                        "node '" + node.name + "'");
    graphs_.clear();
    SLUICE_TRY(Scalars y, lower(node));
    // What was proven for the whole tensor may be narrower than what adds up here, as for the indices of
    // TopK.
    for (Scalar& value : y) value = cells().within(value, graph_.tensor(node.output).type.codes->range);
    values_[node.output.index] = std::move(y);
  }
  for (const ir::TensorId out : result_.ports.writes) {
    PortCells port;
    for (const Scalar& y : values_[out.index]) port.push_back(cells().whole(y));
    result_.writes.push_back(std::move(port));
  }
  return std::move(result_);
}

const Scalars& Lowering::in(const ir::Node& node, std::size_t i) {
  const ir::TensorId id = node.inputs[i];
  const auto [it, isNew] = values_.try_emplace(id.index);
  if (isNew)
    for (const std::int64_t code : ir::codesOf(graph_.tensor(id))) it->second.push_back({.offset = code});
  return it->second;
}

Result<Scalars> Lowering::lower(const ir::Node& node) {
  if (std::holds_alternative<ir::Dense>(node.operation)) return dense(node);
  if (const auto* op = std::get_if<ir::Threshold>(&node.operation)) return threshold(node, *op);
  if (const auto* op = std::get_if<ir::Lookup>(&node.operation)) return lookup(node, *op);
  if (const auto* op = std::get_if<ir::Rescale>(&node.operation)) return rescale(node, *op);
  if (const auto* op = std::get_if<ir::Requantize>(&node.operation)) return requantize(node, *op);
  if (const auto* op = std::get_if<ir::Merge>(&node.operation)) return merge(node, *op);
  if (const auto* op = std::get_if<ir::CodeConv>(&node.operation)) return conv(node, op->window, op->groups);
  if (const auto* op = std::get_if<ir::AccumulateConv>(&node.operation)) return accumulated(node, *op);
  if (const auto* op = std::get_if<ir::CodeBinary>(&node.operation)) return pairwise(node, *op);
  if (const auto* op = std::get_if<ir::PairLookup>(&node.operation)) return pairLookup(node, *op);
  if (std::holds_alternative<ir::CodeMatMul>(node.operation)) return matrixProduct(node);
  if (const auto* op = std::get_if<ir::TopK>(&node.operation)) return topK(node, *op);
  return structure(node);
}

Result<Scalars> Lowering::dense(const ir::Node& node) {
  SLUICE_TRY(const auto* weights, constantOf(node, 1));
  const std::size_t n = channels(node), m = weights->size() / n;
  std::vector<std::int64_t> bias(m, 0);
  if (node.inputs.size() > 2) {
    SLUICE_TRY(const auto* given, constantOf(node, 2));
    bias = *given;
  }
  const Scalars x = in(node, 0);
  Scalars y;
  for (std::size_t first = 0; first < x.size(); first += n) {
    SLUICE_TRY(const Scalars part,
               product({x.begin() + static_cast<std::ptrdiff_t>(first), n}, *weights, bias, node.name));
    y.insert(y.end(), part.begin(), part.end());
  }
  return y;
}

/// bias + x * W. Signs, shifts and offsets of x go into weights and bias, equal cells into one row.
Result<Scalars> Lowering::product(std::span<const Scalar> x, const std::vector<std::int64_t>& weights,
                                  std::vector<std::int64_t> bias, const std::string& nodeName) {
  const std::size_t m = bias.size();
  MatrixVector problem;
  problem.columns = static_cast<std::uint32_t>(m);
  std::vector<CellId> rows;
  std::map<CellId, std::size_t> rowOf;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = 0; j < m; ++j) bias[j] += weights[i * m + j] * x[i].offset;
    const bool unused = std::all_of(weights.begin() + static_cast<std::ptrdiff_t>(i * m),
                                    weights.begin() + static_cast<std::ptrdiff_t>((i + 1) * m),
                                    [](std::int64_t w) { return w == 0; });
    if (x[i].isConstant() || unused) continue;
    const auto [it, isNew] = rowOf.emplace(x[i].cell, rows.size());
    if (isNew) {
      rows.push_back(x[i].cell);
      problem.weights.resize(problem.weights.size() + m, 0);
    }
    for (std::size_t j = 0; j < m; ++j)
      problem.weights[it->second * m + j] +=
          x[i].sign * (weights[i * m + j] * (std::int64_t{1} << x[i].shift));
  }
  problem.rows = static_cast<std::uint32_t>(rows.size());
  std::uint32_t last = 0;
  for (const CellId c : rows) last = std::max(last, cells().arrival(c));
  for (const CellId c : rows) {
    problem.inputs.push_back(cells()[c].range);
    // Only differences matter, and those beyond 16 levels no more.
    problem.inputDepth.push_back(16 - std::min(last - cells().arrival(c), 16u));
  }
  Result<AdderGraph> graph = graphFor(std::move(problem));
  if (!graph.ok()) return Error{ErrorCode::unsupported, graph.error().text(), "node '" + nodeName + "'"};
  std::vector<CellId> cellOf = rows;
  for (const AdderGraph::Op& op : graph->ops) cellOf.push_back(cells().sum(op, cellOf));
  Scalars y;
  for (std::size_t j = 0; j < m; ++j) {
    const AdderGraph::Output& out = graph->outputs[j];
    if (!out.node) {
      y.push_back({.offset = bias[j]});
      continue;
    }
    Scalar s = cells().scalar(cellOf[*out.node]);
    if (s.isConstant())
      s.offset = out.sign * s.offset * (std::int64_t{1} << out.shift);
    else
      s.shift = out.shift, s.sign = out.sign;
    s.offset += bias[j];
    y.push_back(s);
  }
  return y;
}

/// The adder graph, or that of an equal product of this node.
Result<AdderGraph> Lowering::graphFor(MatrixVector problem) {
  for (const auto& [known, graph] : graphs_)
    if (known.rows == problem.rows && known.weights == problem.weights && known.inputs == problem.inputs &&
        known.inputDepth == problem.inputDepth)
      return graph;
  SLUICE_TRY(AdderGraph graph, adderGraph(problem, params_.adders));
  return graphs_.emplace_back(std::move(problem), std::move(graph)).second;
}

Result<Scalars> Lowering::threshold(const ir::Node& node, const ir::Threshold& op) {
  SLUICE_TRY(const auto* rows, constantOf(node, 1));
  const ir::Shape& shape = graph_.tensor(node.inputs[1]).type.shape;
  const auto count = static_cast<std::size_t>(shape[0]), steps = static_cast<std::size_t>(shape[1]);
  Scalars y;
  for (const Scalar& x : in(node, 0)) {
    const std::size_t c = y.size() % channels(node), row = count == 1 ? 0 : c;
    const auto begin = rows->begin() + static_cast<std::ptrdiff_t>(row * steps);
    y.push_back(cells().count(x, {begin, begin + static_cast<std::ptrdiff_t>(steps)},
                              op.base[op.base.size() == 1 ? 0 : c], op.sign[op.sign.size() == 1 ? 0 : c]));
  }
  return y;
}

Result<Scalars> Lowering::lookup(const ir::Node& node, const ir::Lookup& op) {
  SLUICE_TRY(const auto* table, constantOf(node, 1));
  const ir::Shape& shape = graph_.tensor(node.inputs[1]).type.shape;
  const auto rows = static_cast<std::size_t>(shape[0]), entries = static_cast<std::size_t>(shape[1]);
  Scalars y;
  for (const Scalar& one : in(node, 0)) {
    const auto [x, limit] = cells().beforeClamp(one);
    const std::size_t row = rows == 1 ? 0 : y.size() % channels(node);
    if (!cells().canTabulate(x))
      return unsupported("a table of more than 65536 entries cannot be unrolled; streamed it can",
                         "node '" + node.name + "'");
    y.push_back(cells().tabulate(x, [&, limit = limit](std::int64_t code) {
      const std::int64_t at = std::clamp<std::int64_t>(std::clamp(code, limit.lo, limit.hi) - op.first, 0,
                                                       static_cast<std::int64_t>(entries) - 1);
      return (*table)[row * entries + static_cast<std::size_t>(at)];
    }));
  }
  return y;
}

Result<Scalars> Lowering::rescale(const ir::Node& node, const ir::Rescale& op) {
  SLUICE_TRY(const auto* factor, constantOf(node, 1));
  SLUICE_TRY(const auto* addend, constantOf(node, 2));
  Scalars y;
  for (const Scalar& x : in(node, 0)) {
    const std::size_t c = y.size() % channels(node);
    const std::int64_t a = (*factor)[factor->size() == 1 ? 0 : c], b = (*addend)[addend->size() == 1 ? 0 : c];
    if (a >= (std::int64_t{1} << 30) || a <= -(std::int64_t{1} << 30))
      return unsupported("factor " + std::to_string(a) + " is outside 30 bits", "node '" + node.name + "'");
    y.push_back(cells().rescale(x, a, b, op.shift, op.tieToEven, op.range));
  }
  return y;
}

Result<Scalars> Lowering::requantize(const ir::Node& node, const ir::Requantize& op) {
  Scalars y;
  for (const Scalar& x : in(node, 0)) {
    const std::size_t e = y.size();
    const fixed::Interval to = op.ranges.empty() ? op.range : op.ranges[e % op.ranges.size()];
    const std::optional<Scalar> made =
        cells().requantize(x, op.shift[e % op.shift.size()], op.rounding, op.overflow, to);
    if (!made)
      return unsupported(std::string("rounding ") + fixed::name(op.rounding) + " with overflow " +
                             fixed::name(op.overflow) +
                             " of numbers this wide cannot be unrolled; streamed it can",
                         "node '" + node.name + "'");
    y.push_back(*made);
  }
  return y;
}

Result<Scalars> Lowering::merge(const ir::Node& node, const ir::Merge& op) {
  Scalars y;
  for (std::size_t e = 0; e < in(node, 0).size(); ++e) {
    Scalars terms;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      Scalar t = in(node, k)[e];
      t.offset *= std::int64_t{1} << op.shift[k];
      if (!t.isConstant()) t.shift += op.shift[k];
      terms.push_back(t);
    }
    y.push_back(cells().sum(std::move(terms)));
  }
  return y;
}

UnrolledPorts unrolledPorts(const ir::Graph& graph, const std::vector<ir::NodeId>& nodes) {
  UnrolledPorts ports;
  std::vector<bool> inside(graph.nodes.size(), false), known(graph.tensors.size(), false);
  for (const ir::NodeId id : nodes) inside[id.index] = true;
  for (const ir::NodeId id : nodes)
    for (const ir::TensorId in : graph.node(id).inputs) {
      const ir::Tensor& tensor = graph.tensor(in);
      if (tensor.isConstant() || known[in.index] ||
          (tensor.producer.valid() && inside[tensor.producer.index]))
        continue;
      known[in.index] = true;
      ports.reads.push_back(in);
    }
  const auto users = ir::allUsers(graph);
  // A reshape moves nothing, so its output leaves as the tensor under it.
  const auto isReshape = [&](ir::NodeId id) {
    return std::holds_alternative<ir::Reshape>(graph.node(id).operation);
  };
  const auto leaves = [&](auto&& self, ir::TensorId out) -> bool {
    return std::find(graph.outputs.begin(), graph.outputs.end(), out) != graph.outputs.end() ||
           std::any_of(users[out.index].begin(), users[out.index].end(), [&](ir::NodeId user) {
             return !inside[user.index] || (isReshape(user) && self(self, graph.node(user).output));
           });
  };
  for (const ir::NodeId id : nodes)
    if (!isReshape(id) && leaves(leaves, graph.node(id).output))
      ports.writes.push_back(graph.node(id).output);
  return ports;
}

Result<LoweredNodes> lowerNodes(const UnrolledParams& params) {
  if (params.levelsPerStage == 0) return badInput("a stage needs at least one level", "unrolled pipeline");
  if (params.inputLevels > params.levelsPerStage)
    return badInput("the way in takes " + std::to_string(params.inputLevels) + " levels of a stage of " +
                        std::to_string(params.levelsPerStage),
                    "unrolled pipeline");
  SLUICE_TRY(LoweredNodes lowered, Lowering(params).run());
  if (lowered.ports.writes.empty())
    return badInput("no node of the set is read from outside", "unrolled pipeline");
  if (lowered.ports.reads.empty())
    return badInput("no node of the set reads from outside", "unrolled pipeline");
  return lowered;
}

}  // namespace sluice::kernel
