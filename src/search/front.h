#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "search/objectives.h"

/// Fronts: which trials no other beats in everything.
///
/// Losses are minimised. One vector dominates another if it is nowhere worse and somewhere better; equal vectors
/// do not dominate one another. Between scores, limits come first (Deb's constrained domination): inside beats
/// outside, and of two outside the one that is less far outside wins.
namespace sluice::search {

/// Whether `a` is nowhere worse than `b` and somewhere better. Both have the same length.
bool dominates(std::span<const double> a, std::span<const double> b);
/// The same with limits before losses.
bool dominates(const Score& a, const Score& b);

/// Rank of every score: 0 if none dominates it, 1 if only those of rank 0 do, and so on.
///
/// Cost    O(n log n + n * fronts * losses) in the usual case, O(n^2 * losses) at worst
/// Source  X. Zhang et al., "An efficient approach to non-dominated sorting for evolutionary multiobjective
///         optimization", IEEE TEVC 19(2), 2015 (ENS: sorted by the first loss, each goes into the first front that
///         has nothing before it; here with binary search over fronts)
std::vector<std::size_t> ranksOf(std::span<const Score* const> scores);
std::vector<std::size_t> ranksOf(std::span<const Score> scores);

/// Positions of the scores of rank 0 inside their limits, ascending.
std::vector<std::size_t> frontOf(std::span<const Score> scores);

/// How far each score lies from the others of its rank: the distances to its two nearest, in losses scaled to the
/// extent of the rank; infinite where it is the best of its rank in some loss; 0 outside the limits.
std::vector<double> spacingOf(std::span<const Score* const> scores, std::span<const std::size_t> ranks);

/// The best of some scores: by rank, and of the first rank that does not fit those that lie farthest apart, the worst
/// leaving one at a time.
struct Selection {
  std::vector<std::size_t> kept;   ///< positions, ascending
  std::vector<std::size_t> ranks;  ///< of the kept
  std::vector<double> spacing;     ///< among the kept
};
Selection select(std::span<const Score* const> scores, std::size_t keep);

/// Volume of what `points` dominate within the box that ends at `reference`; points that do not lie below the
/// reference in every loss add nothing. Any number of losses; points may be many with two or three.
///
/// Cost    two losses: O(n log n); else exponential in the number of losses, as every exact method
/// Source  L. While, L. Bradstreet, L. Barone, "A fast way of calculating exact hypervolumes", IEEE TEVC 16(1), 2012
///         (WFG). Ours differs: the recursion ends in a sweep at two losses.
double hypervolume(std::vector<std::vector<double>> points, std::span<const double> reference);

/// What the volume would lose without each point. Points that others dominate or equal, 0.
std::vector<double> contributionsOf(const std::vector<std::vector<double>>& points,
                                    std::span<const double> reference);

}  // namespace sluice::search
