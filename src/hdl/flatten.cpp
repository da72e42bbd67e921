#include <string>

#include "hdl/simplify.h"

namespace sluice::hdl {
namespace {

/// A node of `like`'s format that only passes `from` on: what becomes of a port when its module is put in
/// place.
Node passOn(const Node& like, Signal from, const std::string& name) {
  Node n{.op = like.isNumber() ? Op::wrap : Op::slice,
         .width = like.width,
         .isSigned = like.isSigned,
         .range = like.range,
         .inputs = {from},
         .name = name};
  return n;
}

class Flattener {
 public:
  explicit Flattener(const Module& top) { flat_.name = top.name, flat_.inputs = top.inputs; }

  /// Appends everything in `m`. `connected` drives its input ports; none for the top, whose ports stay ports.
  /// Returns the new place of each node.
  std::vector<Signal> place(const Module& m, const std::string& prefix,
                            const std::vector<Signal>* connected) {
    const auto firstNode = flat_.nodes.size();
    const auto firstMemory = flat_.memories.size();
    const auto moved = [&](Signal s) { return s.valid() ? Signal(s.index + firstNode) : s; };
    for (const Node& original : m.nodes) {
      Node n = original;
      for (Signal& s : n.inputs) s = moved(s);
      if (n.op == Op::memoryRead) n.attribute += firstMemory;
      if (!n.name.empty()) n.name = prefix + n.name;
      flat_.nodes.push_back(std::move(n));
    }
    for (const Memory& original : m.memories) {
      Memory memory = original;
      memory.name = prefix + memory.name;
      for (Signal* s : {&memory.writeEnable, &memory.writeAddress, &memory.writeData}) *s = moved(*s);
      flat_.memories.push_back(std::move(memory));
    }
    std::vector<std::vector<Signal>> inner;  // per instance: the places of its outputs
    for (const Instance& instance : m.instances) {
      std::vector<Signal> inputs;
      for (const Signal s : instance.inputs) inputs.push_back(moved(s));
      const std::vector<Signal> nodes = place(*instance.module, prefix + instance.name + "_", &inputs);
      std::vector<Signal> outputs;
      for (const Port& p : instance.module->outputs) outputs.push_back(nodes[p.signal.index]);
      inner.push_back(std::move(outputs));
    }
    std::vector<Signal> places;
    for (std::size_t i = 0; i < m.nodes.size(); ++i) {
      const Node& original = m.nodes[i];
      const std::string& name = flat_.nodes[firstNode + i].name;
      if (original.op == Op::instanceOutput)
        flat_.nodes[firstNode + i] = passOn(original, inner[original.attribute][original.port], name);
      places.emplace_back(firstNode + i);
    }
    if (connected)
      for (std::size_t k = 0; k < m.inputs.size(); ++k) {
        Node& input = flat_.nodes[firstNode + m.inputs[k].signal.index];
        input = passOn(m.node(m.inputs[k].signal), (*connected)[k], input.name);
      }
    return places;
  }

  Module finish(const Module& top) && {
    const std::vector<Signal> places = place(top, "", nullptr);
    flat_.outputs = top.outputs;
    for (auto* ports : {&flat_.inputs, &flat_.outputs})
      for (Port& p : *ports) p.signal = places[p.signal.index];
    return std::move(flat_);
  }

 private:
  Module flat_;
};

}  // namespace

Module flatten(const Module& module) { return Flattener(module).finish(module); }

}  // namespace sluice::hdl
