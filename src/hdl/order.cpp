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

namespace {

/// What each node depends on, side by side: the nodes themselves are large and far apart.
struct Dependencies {
  std::vector<std::uint32_t> starts, list;
  std::vector<bool> states;

  Dependencies(const Module& module, bool throughMemories) : states(module.nodes.size()) {
    starts.reserve(module.nodes.size() + 1);
    list.reserve(2 * module.nodes.size());
    for (const Node& n : module.nodes) {
      states[starts.size()] = isState(module, n);
      starts.push_back(static_cast<std::uint32_t>(list.size()));
      for (const Signal s : n.inputs) list.push_back(s.index);
      if (!throughMemories || n.op != Op::memoryRead || !isState(module, n)) continue;
      const Memory& m = module.memories[n.attribute];
      for (const Signal s : {m.writeEnable, m.writeAddress, m.writeData})
        if (s.valid()) list.push_back(s.index);
    }
    starts.push_back(static_cast<std::uint32_t>(list.size()));
  }
};

}  // namespace

// Tarjan's strongly connected components (SIAM J. Computing 1, 1972), with a stack of our own instead of
// recursion.
std::vector<bool> statesInLoops(const Module& module, bool throughMemories) {
  constexpr std::uint32_t unseen = 0xffffffffu;
  const std::size_t count = module.nodes.size();
  const Dependencies needs(module, throughMemories);
  struct Visit {
    std::uint32_t number = unseen, low = 0;
    bool open = false;
  };
  std::vector<Visit> visits(count);
  std::vector<bool> result(count, false);
  std::vector<std::uint32_t> component;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> stack;
  std::uint32_t next = 0;
  const auto enter = [&](std::uint32_t v) {
    visits[v] = {.number = next, .low = next, .open = true};
    ++next;
    component.push_back(v);
    stack.emplace_back(v, 0);
  };
  for (std::uint32_t root = 0; root < count; ++root) {
    if (visits[root].number == unseen) enter(root);
    while (!stack.empty()) {
      auto& [v, done] = stack.back();
      if (const std::uint32_t at = needs.starts[v] + done; at < needs.starts[v + 1]) {
        ++done;
        const std::uint32_t w = needs.list[at];
        if (w == v && needs.states[v]) result[v] = true;
        if (visits[w].number == unseen)
          enter(w);
        else if (visits[w].open)
          visits[v].low = std::min(visits[v].low, visits[w].number);
        continue;
      }
      if (visits[v].low == visits[v].number) {
        const bool single = component.back() == v;
        for (std::uint32_t w = unseen; w != v; component.pop_back()) {
          w = component.back();
          visits[w].open = false;
          if (!single && needs.states[w]) result[w] = true;
        }
      }
      const std::uint32_t closed = v;
      stack.pop_back();
      if (!stack.empty()) {
        Visit& reader = visits[stack.back().first];
        reader.low = std::min(reader.low, visits[closed].low);
      }
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
