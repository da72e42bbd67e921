#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "split/check/check.h"
#include "split/plan.h"
#include "split/read.h"

/// Any bytes as a network to be split: one error with a message, or a problem; a small one is solved with little effort,
/// and the checker accepts the plan. The checker survives the bytes as a plan, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using namespace sluice::splits;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto problem = parseProblem(bytes, "fuzz");
  if (!problem.ok()) {
    SLUICE_CHECK(!problem.error().message.empty(), "an error says what is wrong");
    (void)checking::checkPlan(bytes, bytes);
    return 0;
  }
  if (problem->nodes.size() > 24 || problem->places() > 6) return 0;
  const auto plan =
      solve(*problem, {.objective = {}, .orders = 1, .limits = {.steps = 20'000, .bytes = 1u << 20}});
  (void)checking::checkPlan(bytes, bytes);
  if (!plan.ok()) return 0;
  (void)checking::checkPlan(bytes, planJson(*problem, *plan));
  return 0;
}
