#include "fixed/interval.h"

namespace sluice::fixed {
namespace {

std::int64_t addExact(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  SLUICE_CHECK(!__builtin_add_overflow(a, b, &sum), "interval bounds stay within 64 bits");
  return sum;
}

std::int64_t multiplyExact(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  SLUICE_CHECK(!__builtin_mul_overflow(a, b, &product), "interval bounds stay within 64 bits");
  return product;
}

}  // namespace

Interval add(Interval a, Interval b) { return {addExact(a.lo, b.lo), addExact(a.hi, b.hi)}; }

Interval negate(Interval a) {
  SLUICE_CHECK(a.lo != INT64_MIN, "interval bounds stay within 64 bits");
  return {-a.hi, -a.lo};
}

Interval subtract(Interval a, Interval b) { return add(a, negate(b)); }

Interval multiply(Interval a, Interval b) {
  // The extremes of a product lie at the corners.
  const std::int64_t corners[] = {multiplyExact(a.lo, b.lo), multiplyExact(a.lo, b.hi),
                                  multiplyExact(a.hi, b.lo), multiplyExact(a.hi, b.hi)};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

Interval shiftLeft(Interval a, std::uint32_t bits) {
  SLUICE_CHECK(bits <= 62, "interval bounds stay within 64 bits");
  return multiply(a, {std::int64_t{1} << bits, std::int64_t{1} << bits});
}

Interval shiftRight(Interval a, std::uint32_t bits) {
  const std::uint32_t shift = std::min(bits, 63u);
  return {a.lo >> shift, a.hi >> shift};
}

}  // namespace sluice::fixed
