#pragma once

#include "kernel/unrolled/sum_network.h"

/// The last step of the search: a sum of many terms becomes a tree of two-operand additions.
///
/// Any order has the same number of adders. Which one decides depth and width: the shallowest term is added
/// first, to the partner with which the adder is narrowest, among those that leave the sum as early as Kraft's
/// inequality allows.
namespace sluice::kernel {

/// The network as additions; ranges and depths are not yet filled in.
AdderGraph sumTrees(const SumNetwork& network, const MatrixVector& problem);

}  // namespace sluice::kernel
