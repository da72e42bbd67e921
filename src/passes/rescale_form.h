#pragma once

#include <optional>
#include <vector>

#include "passes/chain_form.h"
#include "passes/staircase.h"

/// Inside of chain_form.h: the search for y = clamp((a * x + b) >> shift).
namespace sluice::passes {

/// From slope and offset that are dyadic numbers in every row, with one clamp for all: exact by identity.
/// None where they are not, or where the rounding mode is no shift.
std::optional<RescaleForm> dyadicRescale(const std::vector<Evaluator::Affine>& rows, fixed::Interval x);

/// The least shift for which factors exist that give every row's staircase, `slopes` being about the true
/// ones. None up to a shift of 40 or where a*x + b would leave 62 bits.
std::optional<RescaleForm> staircaseRescale(const std::vector<Staircase>& rows,
                                            const std::vector<double>& slopes, fixed::Interval x);

}  // namespace sluice::passes
