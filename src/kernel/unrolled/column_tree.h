#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/unrolled/adder_graph.h"
#include "kernel/unrolled/adder_search.h"

/// Column trees: a first stage that writes columns as differences of columns.
///
/// Columns of W that resemble each other are cheaper through one another: y_j = +-y_i + x * (w_j -+ w_i), if
/// the difference has fewer digits than w_j itself. The cheapest such plan is a minimum spanning tree over
/// the columns and a zero column as root, the weight of an edge being the digits of the difference. Its edges
/// are the columns of a new matrix E, and W = E * P, where column j of P has +-1 at the edges on j's way to
/// the root: two smaller problems, one after the other, both solved by the pattern search. A bound on the
/// tree's height keeps P's columns short, for every doubling of the height costs an adder of depth.
///
/// It pays for weights of few bits and many columns, or many bits and strong resemblance; where all
/// differences are as heavy as the columns (the usual case at least depth), the tree is a star, E is W and P
/// the identity.
///
/// Source   the two stages follow da4ml (Sun et al., "da4ml: Distributed Arithmetic for Real-time Neural Networks on
///          FPGAs", 2025). Ours differs: the first stage's bound is what the second's Kraft sum leaves, so that both
///          together meet the asked depth exactly.
namespace sluice::kernel {

struct ColumnTree {
  MatrixVector edges;               ///< E
  std::vector<std::int64_t> paths;  ///< P, [columns, columns]
  std::uint32_t height = 0;         ///< edges on the longest way to the root
};

/// The tree by Prim's rule with no way to the root longer than maxHeight >= 1.
ColumnTree columnTree(const MatrixVector& problem, std::uint32_t maxHeight);

/// Both stages in one graph. None if the depth limit leaves the first stage no room, or the tree is a star.
std::optional<AdderGraph> searchByColumnTree(const MatrixVector& problem, std::uint32_t depthLimit,
                                             std::uint32_t maxHeight, const SearchRule& rule);

}  // namespace sluice::kernel
