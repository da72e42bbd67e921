#include "hdl/order.h"

#include <algorithm>
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

// Tarjan's strongly connected components (SIAM J. Computing 1, 1972), with a stack of our own instead of
// recursion.
std::vector<bool> statesInLoops(const Module& module, bool throughMemories) {
  constexpr std::uint32_t unseen = 0xffffffffu;
  const std::size_t count = module.nodes.size();
  std::vector<std::uint32_t> number(count, unseen), low(count, 0);
  std::vector<bool> open(count, false), result(count, false);
  std::vector<std::uint32_t> component;
  std::vector<std::pair<std::uint32_t, std::size_t>> stack;
  std::uint32_t next = 0;
  const auto enter = [&](std::uint32_t v) {
    number[v] = low[v] = next++;
    open[v] = true;
    component.push_back(v);
    stack.emplace_back(v, 0);
  };
  for (std::uint32_t root = 0; root < count; ++root) {
    if (number[root] == unseen) enter(root);
    while (!stack.empty()) {
      auto& [v, done] = stack.back();
      const Node& n = module.nodes[v];
      std::vector<Signal> inputs = n.inputs;
      if (throughMemories && n.op == Op::memoryRead && isState(module, n)) {
        const Memory& m = module.memories[n.attribute];
        for (const Signal w : {m.writeEnable, m.writeAddress, m.writeData})
          if (w.valid()) inputs.push_back(w);
      }
      if (done < inputs.size()) {
        const std::uint32_t w = inputs[done++].index;
        if (w == v && isState(module, module.nodes[v])) result[v] = true;
        if (number[w] == unseen)
          enter(w);
        else if (open[w])
          low[v] = std::min(low[v], number[w]);
        continue;
      }
      if (low[v] == number[v]) {
        const bool single = component.back() == v;
        for (std::uint32_t w = unseen; w != v; component.pop_back()) {
          w = component.back();
          open[w] = false;
          if (!single && isState(module, module.nodes[w])) result[w] = true;
        }
      }
      const std::uint32_t closed = v;
      stack.pop_back();
      if (!stack.empty()) low[stack.back().first] = std::min(low[stack.back().first], low[closed]);
    }
  }
  return result;
}

bool isWiring(Op op) {
  return op == Op::slice || op == Op::wrap || op == Op::shiftLeft || op == Op::shiftRight ||
         op == Op::constant;
}

std::vector<bool> sumsReadBySums(const Module& m, const std::vector<Signal>& order) {
  const auto isSum = [](Op op) { return op == Op::add || op == Op::subtract || op == Op::negate; };
  std::vector<bool> kept(m.nodes.size(), false), wired(m.nodes.size(), false);
  std::vector<Signal> open;
  for (const Signal s : order)
    if (isSum(m.node(s).op)) open.insert(open.end(), m.node(s).inputs.begin(), m.node(s).inputs.end());
  while (!open.empty()) {
    const Signal s = open.back();
    open.pop_back();
    const Node& n = m.node(s);
    if (isSum(n.op)) kept[s.index] = true;
    if (!isWiring(n.op) || wired[s.index]) continue;
    wired[s.index] = true;
    open.insert(open.end(), n.inputs.begin(), n.inputs.end());
  }
  return kept;
}

}  // namespace sluice::hdl
