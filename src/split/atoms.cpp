#include "split/atoms.h"

#include <algorithm>
#include <map>

namespace sluice::splits {
namespace {

using Lists = std::vector<std::vector<std::uint32_t>>;

void unique(std::vector<std::uint32_t>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// Component of each vertex (Tarjan, without recursion); components come out sinks first.
std::vector<std::uint32_t> componentsOf(const Lists& after, std::uint32_t& count) {
  constexpr std::uint32_t none = 0xffffffffu;
  const std::size_t n = after.size();
  std::vector<std::uint32_t> index(n, none), low(n, 0), component(n, none), stack;
  std::vector<std::pair<std::uint32_t, std::size_t>> path;
  std::uint32_t next = 0;
  count = 0;
  for (std::uint32_t root = 0; root < n; ++root) {
    if (index[root] != none) continue;
    path.emplace_back(root, 0);
    while (!path.empty()) {
      const std::uint32_t v = path.back().first;
      if (path.back().second == 0 && index[v] == none) {
        index[v] = low[v] = next++;
        stack.push_back(v);
      }
      bool deeper = false;
      while (path.back().second < after[v].size()) {
        const std::uint32_t w = after[v][path.back().second++];
        if (index[w] == none) {
          path.emplace_back(w, 0);
          deeper = true;
          break;
        }
        if (component[w] == none) low[v] = std::min(low[v], index[w]);
      }
      if (deeper) continue;
      if (low[v] == index[v]) {
        for (std::uint32_t w = none; w != v;) {
          w = stack.back();
          stack.pop_back();
          component[w] = count;
        }
        ++count;
      }
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[v]);
    }
  }
  return component;
}

/// Depth first from the end, so that what feeds one reader stands close before it: post order over predecessors.
std::vector<std::uint32_t> depthFirst(const Lists& before, const Lists& after) {
  const std::size_t n = before.size();
  std::vector<std::uint8_t> seen(n, 0);
  std::vector<std::uint32_t> order;
  order.reserve(n);
  std::vector<std::pair<std::uint32_t, std::size_t>> path;
  for (std::uint32_t root = 0; root < n; ++root) {
    if (!after[root].empty() || seen[root] != 0) continue;
    seen[root] = 1;
    path.emplace_back(root, 0);
    while (!path.empty()) {
      const std::uint32_t v = path.back().first;
      if (path.back().second < before[v].size()) {
        const std::uint32_t u = before[v][path.back().second++];
        if (seen[u] != 0) continue;
        seen[u] = 1;
        path.emplace_back(u, 0);
      } else {
        order.push_back(v);
        path.pop_back();
      }
    }
  }
  return order;
}

}  // namespace

Atoms atomsOf(const Problem& problem, const std::vector<Merge>& merges) {
  const std::size_t n = problem.nodes.size();
  // Groups and merges first.
  std::vector<std::uint32_t> leader(n), merged(n);
  for (std::uint32_t v = 0; v < n; ++v) leader[v] = v;
  const auto find = [&](std::uint32_t v) {
    while (leader[v] != v) v = leader[v] = leader[leader[v]];
    return v;
  };
  std::map<std::string, std::uint32_t> groups;
  for (std::uint32_t v = 0; v < n; ++v)
    if (const std::string& group = problem.nodes[v].group; !group.empty())
      leader[v] = find(groups.try_emplace(group, v).first->second);
  for (const Merge& merge : merges) leader[find(merge.node)] = find(merge.with);
  std::uint32_t count = 0;
  std::vector<std::uint32_t> number(n, 0xffffffffu);
  for (std::uint32_t v = 0; v < n; ++v) {
    std::uint32_t& mine = number[find(v)];
    if (mine == 0xffffffffu) mine = count++;
    merged[v] = mine;
  }
  Lists after(count);
  for (const Tensor& tensor : problem.tensors)
    for (const std::uint32_t to : tensor.to)
      if (merged[to] != merged[tensor.from]) after[merged[tensor.from]].push_back(merged[to]);
  for (auto& list : after) unique(list);
  std::uint32_t components = 0;
  const std::vector<std::uint32_t> component = componentsOf(after, components);
  Lists before(components), behind(components);
  for (std::uint32_t v = 0; v < count; ++v)
    for (const std::uint32_t w : after[v])
      if (component[v] != component[w]) {
        before[component[w]].push_back(component[v]);
        behind[component[v]].push_back(component[w]);
      }
  for (auto& list : before) unique(list);
  for (auto& list : behind) unique(list);
  const std::vector<std::uint32_t> order = depthFirst(before, behind);
  std::vector<std::uint32_t> rank(components);
  for (std::uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;

  Atoms atoms;
  atoms.nodes.resize(components);
  const auto atomOf = [&](std::uint32_t node) { return rank[component[merged[node]]]; };
  for (std::uint32_t v = 0; v < n; ++v) atoms.nodes[atomOf(v)].push_back(v);
  atoms.sum.assign(problem.boards.size(), std::vector<double>(components, 0));
  atoms.slowest = atoms.sum;
  atoms.size.assign(problem.resources.size(), std::vector<double>(components, 0));
  for (std::size_t a = 0; a < components; ++a)
    for (const std::uint32_t v : atoms.nodes[a]) {
      for (std::size_t k = 0; k < problem.boards.size(); ++k) {
        atoms.sum[k][a] += problem.nodes[v].time[k];
        atoms.slowest[k][a] = std::max(atoms.slowest[k][a], problem.nodes[v].time[k]);
      }
      for (std::size_t r = 0; r < problem.resources.size(); ++r) atoms.size[r][a] += problem.nodes[v].size[r];
    }
  atoms.makes.resize(components);
  atoms.reads.resize(components);
  for (const Tensor& tensor : problem.tensors) {
    AtomTensor made{.from = atomOf(tensor.from), .to = {}, .amount = tensor.amount};
    for (const std::uint32_t to : tensor.to)
      if (atomOf(to) != made.from) made.to.push_back(atomOf(to));
    if (made.to.empty()) continue;
    unique(made.to);
    const auto id = static_cast<std::uint32_t>(atoms.tensors.size());
    atoms.makes[made.from].push_back(id);
    for (const std::uint32_t to : made.to) atoms.reads[to].push_back(id);
    atoms.tensors.push_back(std::move(made));
  }
  atoms.before.resize(components);
  atoms.after.resize(components);
  for (std::size_t c = 0; c < components; ++c) {
    for (const std::uint32_t u : before[c]) atoms.before[rank[c]].push_back(rank[u]);
    for (const std::uint32_t w : behind[c]) atoms.after[rank[c]].push_back(rank[w]);
    std::sort(atoms.before[rank[c]].begin(), atoms.before[rank[c]].end());
    std::sort(atoms.after[rank[c]].begin(), atoms.after[rank[c]].end());
  }
  return atoms;
}

std::vector<Merge> harmlessMerges(const Problem& problem) {
  std::vector<Merge> merges;
  if (problem.topology.kind == Topology::Kind::ring && problem.topology.links.size() > 1) return merges;
  std::vector<bool> binds(problem.resources.size(), false);
  for (std::size_t r = 0; r < binds.size(); ++r) {
    double all = 0;
    for (const Node& node : problem.nodes) all += node.size[r];
    for (const Board& board : problem.boards) binds[r] = binds[r] || all > board.capacity[r];
  }
  for (;;) {
    const Atoms atoms = atomsOf(problem, merges);
    const std::size_t before = merges.size();
    std::vector<bool> touched(atoms.count(), false);
    for (std::uint32_t a = 0; a < atoms.count(); ++a) {
      bool free = !touched[a];
      for (const auto& times : atoms.sum) free = free && times[a] == 0;
      for (std::size_t r = 0; r < binds.size(); ++r) free = free && (!binds[r] || atoms.size[r][a] == 0);
      if (!free) continue;
      double in = 0, inAlone = 0, out = 0;
      for (const std::uint32_t t : atoms.reads[a]) {
        in += atoms.tensors[t].amount;
        if (atoms.tensors[t].to.size() == 1) inAlone += atoms.tensors[t].amount;
      }
      for (const std::uint32_t t : atoms.makes[a]) out += atoms.tensors[t].amount;
      const auto merge = [&](std::uint32_t with) {
        if (touched[with]) return false;
        touched[a] = touched[with] = true;
        merges.push_back({.node = atoms.nodes[a].front(), .with = atoms.nodes[with].front()});
        return true;
      };
      if (atoms.after[a].size() == 1 && in <= out && merge(atoms.after[a][0])) continue;
      if (atoms.before[a].size() == 1 && out <= inAlone) merge(atoms.before[a][0]);
    }
    if (merges.size() == before) return merges;
  }
}

Stages stagesOf(const Atoms& atoms, const std::vector<std::vector<std::uint32_t>>& parts,
                const std::vector<std::uint32_t>& places, const std::vector<std::uint32_t>& boards) {
  Stages stages;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    Stage stage{.place = places[i], .board = boards[i], .nodes = {}};
    for (const std::uint32_t atom : parts[i])
      stage.nodes.insert(stage.nodes.end(), atoms.nodes[atom].begin(), atoms.nodes[atom].end());
    std::sort(stage.nodes.begin(), stage.nodes.end());
    stages.push_back(std::move(stage));
  }
  return stages;
}

}  // namespace sluice::splits
