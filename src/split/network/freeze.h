#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "split/problem.h"

/// Parts that stay as they are while the rest is split anew.
namespace sluice::splits {

struct FrozenPart {
  std::string name;                ///< for messages
  std::vector<std::string> nodes;  ///< all that stand in it, and nothing else shall
  std::string board;               ///< the kind it stands on
};

/// The problem in which each part is one stage of its own on a board of its kind: its nodes become a group, they run on no
/// other kind, and one more resource, "kept apart", leaves no room for others beside them. An ordinary problem, so plans and
/// certificates are as always.
///
/// Errors  badInput: a node or a board that is not there, a node of two parts
Status freezeParts(Problem& problem, const std::vector<FrozenPart>& parts);

}  // namespace sluice::splits
