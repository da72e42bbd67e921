#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// Checks plans (split/plan.h describes the file) against the network they are for (split/read.h).
///
/// It shares no code with the solver: it reads both files itself and counts everything anew. What it accepts is so:
/// every node is on one board that can hold it, nothing flows backwards, what must stay together does; objective and
/// measures are those of the plan; and no plan at all is below `lower_bound`, because the certificate's states are
/// closed under every step below it. `proven` stands there if and only if bound and objective meet (to 1e-9).
namespace sluice::splits::checking {

/// What it says in a sentence. Errors: badInput with the first thing that is wrong and where.
Result<std::string> checkPlan(std::string_view problem, std::string_view plan);

}  // namespace sluice::splits::checking
