#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "fixed/interval.h"

/// What kernels ask of their parameters, in words they share.
namespace sluice::kernel {

/// "pack 3 does not divide 10 channels": a fold (not 0) that must go into what it folds. Errors: badInput
Status checkDivides(std::string_view fold, std::uint64_t value, std::uint64_t count, std::string_view noun);

/// Errors: badInput, "the range of x is empty"
Status checkInput(fixed::Interval input);

/// The range that is declared, else the proven one. Errors: badInput if the declared one does not hold it.
Result<fixed::Interval> declaredOr(fixed::Interval proven, const std::optional<fixed::Interval>& declared);

}  // namespace sluice::kernel
