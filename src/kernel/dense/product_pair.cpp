#include "kernel/dense/product_pair.h"

#include <algorithm>
#include <vector>

#include "kernel/bits.h"

namespace sluice::kernel {
namespace {

std::uint32_t bitsIn(fixed::Interval range) { return fixed::formatFor(range).bits; }

std::uint32_t signedBitsIn(fixed::Interval range) { return bitsIn(range) + (range.lo < 0 ? 0 : 1); }

}  // namespace

std::uint32_t wideFactorBits(hdl::Family family) {
  switch (family) {
    case hdl::Family::xc7:
      return 25;
    case hdl::Family::xcup:
      return 27;
    case hdl::Family::ecp5:
      break;
  }
  return 18;
}

std::optional<ProductPair> pairProducts(fixed::Interval high, fixed::Interval low, fixed::Interval x,
                                        hdl::Family family) {
  const std::uint32_t wide = wideFactorBits(family);
  if (std::max({signedBitsIn(high), signedBitsIn(low), signedBitsIn(x)}) > wide) return std::nullopt;
  ProductPair pair{.high = high, .low = low, .x = x};
  const fixed::Interval lowRange = fixed::multiply(low, x);
  pair.lowIsSigned = lowRange.lo < 0;
  pair.lowBits = std::max(pair.lowIsSigned ? signedBitsIn(lowRange) : bitsIn(lowRange), bitsIn(low));
  if (pair.lowBits > wide) return std::nullopt;
  pair.stored = {high.lo - (low.lo < 0 ? 1 : 0), high.hi - (low.hi < 0 ? 1 : 0)};
  const std::int64_t place = std::int64_t{1} << pair.lowBits;
  pair.packed = {high.lo * place + low.lo, high.hi * place + low.hi};
  const std::uint32_t narrower = std::min(signedBitsIn(pair.packed), signedBitsIn(x));
  if (std::max(signedBitsIn(pair.packed), signedBitsIn(x)) > wide || narrower > 18) return std::nullopt;
  // The low weights may all be even and more, and bits that are always zero do not count. What is left of P has at least
  // the bits of x * high and those of x.
  const bool built = bitsIn(x) >= 2 && x.lo < x.hi && bitsIn(fixed::multiply(high, x)) + bitsIn(x) >= 9;
  if (!built) return std::nullopt;
  return pair;
}

hdl::Signal pairedProduct(hdl::Builder& b, const ProductPair& pair, hdl::Signal x, hdl::Signal stored,
                          hdl::Signal low) {
  const fixed::IntegerFormat upper = fixed::formatFor(pair.stored);
  const std::vector<hdl::Signal> fields = {toBits(b, low, {pair.lowBits, pair.low.lo < 0}),
                                           toBits(b, stored, upper)};
  const hdl::Signal factor = b.wrap(b.concat(fields), {pair.lowBits + upper.bits, upper.isSigned});
  return b.multiply(x, narrowed(b, factor, pair.packed), hdl::Style::dsp);
}

hdl::Signal lowProduct(hdl::Builder& b, const ProductPair& pair, hdl::Signal product) {
  return narrowed(b, b.wrap(product, {pair.lowBits, pair.lowIsSigned}), fixed::multiply(pair.low, pair.x));
}

hdl::Signal highProduct(hdl::Builder& b, const ProductPair& pair, hdl::Signal product) {
  const fixed::Interval whole = fixed::multiply(pair.high, pair.x);
  return narrowed(b, b.shiftRight(product, pair.lowBits), {whole.lo - (pair.lowIsSigned ? 1 : 0), whole.hi});
}

hdl::Signal correction(hdl::Builder& b, const ProductPair& pair, hdl::Signal product) {
  SLUICE_CHECK(pair.lowIsSigned, "a product that is never negative is never borrowed from");
  return b.slice(product, pair.lowBits - 1, 1);
}

}  // namespace sluice::kernel
