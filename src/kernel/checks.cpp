#include "kernel/checks.h"

#include <string>

namespace sluice::kernel {

Status checkDivides(std::string_view fold, std::uint64_t value, std::uint64_t count, std::string_view noun) {
  if (value != 0 && count % value == 0) return {};
  return badInput(std::string(fold) + " " + std::to_string(value) + " does not divide " +
                  std::to_string(count) + " " + std::string(noun));
}

Status checkInput(fixed::Interval input) {
  if (input.lo <= input.hi) return {};
  return badInput("the range of x is empty");
}

Result<fixed::Interval> declaredOr(fixed::Interval proven, const std::optional<fixed::Interval>& declared) {
  if (!declared) return proven;
  if (declared->contains(proven)) return *declared;
  return badInput("the declared output range [" + std::to_string(declared->lo) + ", " +
                  std::to_string(declared->hi) + "] does not hold the proven one [" +
                  std::to_string(proven.lo) + ", " + std::to_string(proven.hi) + "]");
}

}  // namespace sluice::kernel
