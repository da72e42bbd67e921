#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "split/problem.h"

/// The network as the solvers see it: what must stay together is one atom, atoms are numbered so that every edge leads
/// to a higher number, and a tensor is known by the atoms it joins.
///
/// Nodes of a group are one atom. Where that closes a cycle (a -> b -> a'), everything on the cycle is one atom too,
/// because parts are convex: strongly connected components.
namespace sluice::splits {

struct AtomTensor {
  std::uint32_t from = 0;
  std::vector<std::uint32_t> to;  ///< ascending; `from` is not among them
  double amount = 0;
};

struct Atoms {
  std::vector<std::vector<std::uint32_t>> nodes;  ///< per atom, ascending
  std::vector<std::vector<double>> sum;      ///< per board kind, per atom: time added up (or `impossible`)
  std::vector<std::vector<double>> slowest;  ///< per board kind, per atom: largest time
  std::vector<std::vector<double>> size;     ///< per resource, per atom
  std::vector<AtomTensor> tensors;
  std::vector<std::vector<std::uint32_t>> makes, reads;   ///< per atom: its tensors
  std::vector<std::vector<std::uint32_t>> before, after;  ///< per atom: neighbours, ascending

  [[nodiscard]] std::size_t count() const { return nodes.size(); }
};

/// A node that can stay with another without loss: the two end in one atom.
struct Merge {
  std::uint32_t node = 0;  ///< of an atom that takes no time and no room
  std::uint32_t with = 0;  ///< of its only reader, or of its only maker
};

/// `problem` has passed check(). The order is depth first, so that a prefix of it cuts few tensors.
Atoms atomsOf(const Problem& problem, const std::vector<Merge>& merges = {});

/// Nodes that cost nothing need not be placed. An atom v that takes no time on any board, and no room that could be
/// short, is merged
///
///   with its reader c, if c alone reads what v makes, and that is at least as much as all that v reads: v beside c
///     replaces what v makes by what it reads, on every board and link between;
///   with its maker p, if v reads from p alone, and makes at most as much as it alone reads from p: likewise.
///
/// No measure gets larger, so the best plan remains. Constants, reshapes and the like go away; of 96 layers of GNMT 63
/// take no time. (Not for rings of unequal links, where leaving a board out may lead another way round.)
std::vector<Merge> harmlessMerges(const Problem& problem);

/// The plan that puts the atoms of positions cut[i] .. cut[i+1]-1 of an order, or any sets of atoms, on boards.
Stages stagesOf(const Atoms& atoms, const std::vector<std::vector<std::uint32_t>>& parts,
                const std::vector<std::uint32_t>& places, const std::vector<std::uint32_t>& boards);

}  // namespace sluice::splits
