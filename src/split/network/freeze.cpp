#include "split/network/freeze.h"

#include <algorithm>
#include <map>

namespace sluice::splits {

Status freezeParts(Problem& problem, const std::vector<FrozenPart>& parts) {
  if (parts.empty()) return {};
  std::map<std::string, std::uint32_t> number;
  for (std::uint32_t v = 0; v < problem.nodes.size(); ++v) number[problem.nodes[v].name] = v;
  // A part takes a board whole; all others together never do.
  const double whole = static_cast<double>(problem.nodes.size()) + 1;
  problem.resources.emplace_back("kept apart");
  for (Board& board : problem.boards) board.capacity.push_back(whole);
  for (Node& node : problem.nodes) node.size.push_back(1);
  for (const FrozenPart& part : parts) {
    const auto kind = std::find_if(problem.boards.begin(), problem.boards.end(),
                                   [&](const Board& board) { return board.name == part.board; });
    if (kind == problem.boards.end())
      return badInput("part '" + part.name + "' stands on a " + part.board + ", and no such board is given");
    bool isFirst = true;
    for (const std::string& name : part.nodes) {
      const auto found = number.find(name);
      if (found == number.end())
        return badInput("part '" + part.name + "' holds node '" + name +
                        "', which this network does not have");
      Node& node = problem.nodes[found->second];
      if (!node.group.empty()) return badInput("node '" + name + "' is in two parts that stay as they are");
      node.group = "kept: " + part.name;
      node.size.back() = isFirst ? whole : 0;
      isFirst = false;
      for (std::size_t k = 0; k < problem.boards.size(); ++k)
        if (problem.boards[k].name != part.board) node.time[k] = impossible;
    }
  }
  return {};
}

}  // namespace sluice::splits
