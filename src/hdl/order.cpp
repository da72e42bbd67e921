#include "hdl/order.h"

#include <utility>

namespace sluice::hdl {

bool isState(const Module& module, const Node& node) {
  return node.op == Op::reg || (node.op == Op::memoryRead && module.memories[node.attribute].synchronousRead);
}

std::vector<Signal> liveOrder(const Module& module) {
  std::vector<Signal> roots, order;
  for (const Port& p : module.outputs) roots.push_back(p.signal);
  for (const Instance& i : module.instances) roots.insert(roots.end(), i.inputs.begin(), i.inputs.end());
  std::vector<bool> seen(module.nodes.size(), false), memorySeen(module.memories.size(), false);
  std::vector<std::pair<Signal, std::size_t>> stack;  // a signal and how many of its inputs are done
  const auto enter = [&](Signal s) {
    if (seen[s.index]) return;
    seen[s.index] = true;
    stack.emplace_back(s, 0);
    const Node& n = module.node(s);
    if (n.op != Op::memoryRead || memorySeen[n.attribute]) return;
    memorySeen[n.attribute] = true;
    const Memory& m = module.memories[n.attribute];
    for (const Signal w : {m.writeEnable, m.writeAddress, m.writeData})
      if (w.valid()) roots.push_back(w);
  };
  for (std::size_t r = 0; r < roots.size(); ++r) {
    enter(roots[r]);
    while (!stack.empty()) {
      auto& [signal, done] = stack.back();
      const Node& n = module.node(signal);
      if (isState(module, n)) {
        for (const Signal s : n.inputs) roots.push_back(s);
      } else if (done < n.inputs.size()) {
        enter(n.inputs[done++]);
        continue;
      }
      order.push_back(signal);
      stack.pop_back();
    }
  }
  return order;
}

}  // namespace sluice::hdl
