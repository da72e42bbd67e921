#include "ir/verify.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_set>

#include "base/diagnostics.h"

namespace sluice::ir {
namespace {

class Verifier {
 public:
  explicit Verifier(const Graph& graph) : graph_(graph) {}

  std::vector<Violation> run() {
    ids();
    if (!found_.empty()) return std::move(found_);  // the other rules follow ids
    order();
    producers();
    names();
    types();
    constants();
    dialectsAndInference();
    inputs();
    outputs();
    std::vector<Violation> sorted;
    for (int rule = 1; rule <= 10; ++rule)
      std::copy_if(found_.begin(), found_.end(), std::back_inserter(sorted),
                   [&](const Violation& violation) { return violation.rule == rule; });
    return sorted;
  }

 private:
  void add(int rule, std::string message) { found_.push_back({rule, std::move(message)}); }
  [[nodiscard]] static std::string of(const Node& node) { return "node '" + node.name + "'"; }
  [[nodiscard]] static std::string of(const Tensor& tensor) { return "tensor '" + tensor.name + "'"; }

  void ids() {
    const auto tensorId = [&](TensorId id, const std::string& who) {
      if (id.index >= graph_.tensors.size())
        add(1, who + " refers to tensor " + std::to_string(static_cast<std::int32_t>(id.index)) + " of " +
                   std::to_string(graph_.tensors.size()));
    };
    for (const Node& node : graph_.nodes) {
      for (const TensorId input : node.inputs) tensorId(input, of(node));
      tensorId(node.output, of(node));
    }
    for (const TensorId id : graph_.inputs) tensorId(id, "the list of inputs");
    for (const TensorId id : graph_.outputs) tensorId(id, "the list of outputs");
    for (const Tensor& tensor : graph_.tensors)
      if (tensor.producer.valid() && tensor.producer.index >= graph_.nodes.size())
        add(1, of(tensor) + " refers to node " + std::to_string(tensor.producer.index) + " of " +
                   std::to_string(graph_.nodes.size()));
  }

  void order() {
    std::vector<bool> known(graph_.tensors.size());
    for (std::size_t i = 0; i < known.size(); ++i) known[i] = graph_.tensors[i].isConstant();
    for (const Node& node : graph_.nodes) {
      for (const TensorId input : node.inputs)
        if (!known[input.index])
          add(2, of(node) + " reads " + of(graph_.tensor(input)) + ", which no node before it computes");
      known[node.output.index] = true;
    }
  }

  void producers() {
    std::vector<int> writers(graph_.tensors.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Tensor& output = graph_.tensor(graph_.nodes[i].output);
      ++writers[graph_.nodes[i].output.index];
      if (output.producer != NodeId(i))
        add(3, of(output) + " does not name its producer " + of(graph_.nodes[i]));
    }
    for (std::size_t i = 0; i < writers.size(); ++i) {
      const Tensor& tensor = graph_.tensors[i];
      const int expected = tensor.isConstant() ? 0 : 1;
      if (writers[i] != expected)
        add(3, of(tensor) + (tensor.isConstant() ? ", a constant," : "") + " is the output of " +
                   std::to_string(writers[i]) + " nodes");
      if (tensor.isConstant() && tensor.producer.valid())
        add(3, of(tensor) + ", a constant, names a producer");
    }
  }

  void names() {
    const auto check = [&](const auto& list, const char* kind) {
      std::unordered_set<std::string_view> seen;
      for (const auto& item : list) {
        if (item.name.empty())
          add(4, std::string("a ") + kind + " has no name");
        else if (!seen.insert(item.name).second)
          add(4, "two " + std::string(kind) + "s are called '" + item.name + "'");
      }
    };
    check(graph_.tensors, "tensor");
    check(graph_.nodes, "node");
  }

  void types() {
    legalType_.assign(graph_.tensors.size(), true);
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i)
      if (const Status status = check(graph_.tensors[i].type); !status.ok()) {
        legalType_[i] = false;
        add(5, of(graph_.tensors[i]) + ": " + status.error().message);
      }
  }

  void constants() {
    for (std::size_t i = 0; i < graph_.tensors.size(); ++i)
      if (graph_.tensors[i].isConstant() && legalType_[i] && !constant(graph_.tensors[i]))
        legalType_[i] = false;
  }

  bool constant(const Tensor& tensor) {
    const std::size_t before = found_.size();
    const auto* reals = std::get_if<std::vector<double>>(tensor.constant.get());
    const auto* codes = std::get_if<std::vector<std::int64_t>>(tensor.constant.get());
    if (tensor.type.isReal() != (reals != nullptr))
      add(6, of(tensor) + (reals ? " holds doubles but is of codes" : " holds integers but is real"));
    const std::size_t count = reals ? reals->size() : codes->size();
    if (static_cast<std::int64_t>(count) != elements(tensor.type.shape))
      add(6,
          of(tensor) + " holds " + std::to_string(count) + " elements for shape " + text(tensor.type.shape));
    if (reals && std::any_of(reals->begin(), reals->end(), [](double x) { return std::isnan(x); }))
      add(6, of(tensor) + " holds NaN");
    if (codes && !tensor.type.isReal()) {
      const fixed::Interval range = tensor.type.codes->range;
      const auto wrong =
          std::find_if(codes->begin(), codes->end(), [&](std::int64_t q) { return !range.contains(q); });
      if (wrong != codes->end())
        add(6, of(tensor) + " holds " + std::to_string(*wrong) + ", which is not in [" +
                   std::to_string(range.lo) + ", " + std::to_string(range.hi) + "]");
    }
    return found_.size() == before;
  }

  void dialectsAndInference() {
    for (const Node& node : graph_.nodes) {
      if (std::holds_alternative<Input>(node.operation)) continue;
      std::vector<const Tensor*> known;
      bool legal = true;
      for (const TensorId input : node.inputs) {
        known.push_back(&graph_.tensor(input));
        legal = legal && legalType_[input.index];
      }
      bool mixed = false;
      if (info(node.operation).integer && !std::holds_alternative<TopK>(node.operation))
        for (const Tensor* input : known)
          if (input->type.isReal()) {
            mixed = true;
            add(7, of(node) + " (" + info(node.operation).name + ") reads the real " + of(*input));
          }
      if (mixed || !legal) continue;
      const auto type = inferType(node.operation, known);
      const Tensor& output = graph_.tensor(node.output);
      if (!type.ok())
        add(8, of(node) + " (" + info(node.operation).name + "): " + type.error().message);
      else if (*type != output.type)
        add(8, of(output) + " is " + text(output.type) + ", but " + of(node) + " gives " + text(*type));
    }
  }

  void inputs() {
    std::vector<int> listed(graph_.tensors.size());
    for (const TensorId id : graph_.inputs) ++listed[id.index];
    for (const Node& node : graph_.nodes) {
      if (!std::holds_alternative<Input>(node.operation)) continue;
      if (!node.inputs.empty()) add(9, of(node) + ", an input, reads tensors");
      if (listed[node.output.index] != 1)
        add(9, of(node) + ", an input, is listed " + std::to_string(listed[node.output.index]) +
                   " times among the graph's inputs");
      listed[node.output.index] = 0;
    }
    for (std::size_t i = 0; i < listed.size(); ++i)
      if (listed[i] != 0)
        add(9, of(graph_.tensors[i]) + " is listed as an input but no Input node computes it");
  }

  void outputs() {
    if (graph_.outputs.empty()) add(10, "the graph has no output");
    std::vector<bool> seen(graph_.tensors.size());
    for (const TensorId id : graph_.outputs) {
      if (graph_.tensor(id).isConstant()) add(10, "output '" + graph_.tensor(id).name + "' is a constant");
      if (seen[id.index]) add(10, "output '" + graph_.tensor(id).name + "' is listed twice");
      seen[id.index] = true;
    }
  }

  const Graph& graph_;
  std::vector<Violation> found_;
  std::vector<bool> legalType_;  ///< of each tensor: type and constant can be looked at
};

}  // namespace

std::vector<Violation> violations(const Graph& graph) { return Verifier(graph).run(); }

Status verify(const Graph& graph) {
  Diagnostics problems("graph '" + graph.name + "' is not valid");
  for (const Violation& violation : violations(graph))
    problems.add(badInput("rule " + std::to_string(violation.rule) + ": " + violation.message));
  return problems.status();
}

}  // namespace sluice::ir
