#pragma once

#include <cstdint>
#include <optional>

#include "fixed/interval.h"
#include "hdl/builder.h"
#include "hdl/cost.h"

/// Two products of one number by one DSP block.
///
///   P = x * (high * 2^k + low) = (x * high) * 2^k + x * low
///
/// Let x * low fit a field of k bits: signed where it can be negative, else unsigned. Then the low k bits of P, read so,
/// are x * low, because the other term is a multiple of 2^k; and floor(P / 2^k) = x * high + floor(x * low / 2^k), of
/// which the last term is -1 where x * low is negative and else 0, because x * low lies in [-2^k, 2^k). So
///
///   x * low = P mod 2^k     x * high = (P >> k) + (P[k-1] if the field is signed, else 0)
///
/// for every x, high and low of their ranges, of any widths and signs. The bit is not added here: it is one more term of
/// the sum that the product belongs to, where the bits of several pairs are counted first, which takes few look-up tables.
///
/// The packed factor needs no adder either. high * 2^k + low is the bits of low, sign-extended to k, below
/// high - (1 if low is negative), and that number is what is stored: as many bits as both weights (one more if `high` may
/// be the least number of its width).
///
/// Legal where the packed factor has at most 25 bits (27 on UltraScale+, 18 on ECP5), signed, and x at most 18, or the
/// other way round. With x and weights of 8 bits, signed or not, k is 16 and the packed factor has 25 bits at most
/// if the weights are signed; of 4 bits, k is 8 and it has 13.
namespace sluice::kernel {

struct ProductPair {
  std::uint32_t lowBits = 0;     ///< k
  bool lowIsSigned = false;      ///< x * low may be negative, and then x * high is one more than P >> k
  fixed::Interval high, low, x;  ///< the factors
  fixed::Interval stored;        ///< high - (low < 0)
  fixed::Interval packed;        ///< high * 2^k + low
};

/// Bits of the wider input of a DSP block, signed; the other has 18.
std::uint32_t wideFactorBits(hdl::Family family);

/// None where no block of the family holds it, or where synthesis would build none (below nine bits of product).
std::optional<ProductPair> pairProducts(fixed::Interval high, fixed::Interval low, fixed::Interval x,
                                        hdl::Family family);

/// P, from x, the number that is stored for `high`, and low.
hdl::Signal pairedProduct(hdl::Builder& b, const ProductPair& pair, hdl::Signal x, hdl::Signal stored,
                          hdl::Signal low);
hdl::Signal lowProduct(hdl::Builder& b, const ProductPair& pair, hdl::Signal product);  ///< x * low
hdl::Signal highProduct(hdl::Builder& b, const ProductPair& pair,
                        hdl::Signal product);  ///< x * high, or 1 less
/// 0 or 1, to be added to highProduct. Only if the field is signed.
hdl::Signal correction(hdl::Builder& b, const ProductPair& pair, hdl::Signal product);

}  // namespace sluice::kernel
