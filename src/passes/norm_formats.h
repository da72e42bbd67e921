#pragma once

#include <cstdint>

#include "base/result.h"

/// Softmax and layer norm as integers compute them: the formats of what stands between, and the error they make.
///
/// Both divide by something that is known only when the whole row is, and the quotient of two integers is no integer. So
/// four quantizers are put in, and what they stand in becomes the definition: everything behind is exact again, for any
/// network. The formats follow from one number, the error that is allowed; the bound that is printed is that of the formats
/// chosen, and it is proven below, not measured. (Numbers of one row; n of them; ~ marks what the integers hold.)
///
///   softmax      q = Quant(x - max x)    steps of `distanceStep`, from -lowest to 0; exact where x is coarse enough
///                e = Quant(exp q)        `expBits` bits behind the point, 1 is held exactly; a table
///                s = sum e               exact, at least 1
///                r = Quant(1 / s)        steps of `inverseStep`; thresholds
///                y = e r                 exact; the next quantizer rounds it
///
///   * The softmax of logits that are each off by at most a is off by at most a/2: |dy_i/dx_j| sums to 2 y_i (1 - y_i) <= 1/2.
///     With a = distanceStep/2: distanceStep/4.
///   * What lies below -lowest counts as exp(-lowest): at most n exp(-lowest).
///   * e is off by at most h = 2^-expBits / 2, the largest not at all; e_i/s is (d_i - y_i sum d)/s~ off: at most n h, as s~ >= 1.
///   * r is off by at most inverseStep/2, and e <= 1.
///
///   layer norm   c = n x - sum x         exact; n times the distance from the mean
///                v = sum c^2             exact; n^3 times the variance
///                h = 2^round(log2 of 1/(n sqrt(variance + epsilon)))      a shift for every row
///                w = Quant(c h),  o = Quant(n sqrt(n epsilon) h)          steps of `normalStep`
///                r = Quant(1 / sqrt((sum w^2 + o^2) / n))                 steps of `rootStep`; thresholds
///                y = w r gamma + beta    exact; the next quantizer rounds it
///
///   * Without its rounding (w, o) is a vector of length T = k sqrt n with k from 1/sqrt 2 to sqrt 2, and y = sqrt(n) w / T.
///     Rounded, it is off by at most D = sqrt(n + 1) normalStep / 2 in length, so y by at most
///     (sqrt(n) normalStep/2 + |y| D) / (sqrt(n/2) - D). So wide a range of variances needs no wide numbers.
///   * r is off by rootStep/2, which is multiplied by |w| <= |y| (sqrt 2 + D / sqrt n).
///   * |y| is at most sqrt(n - 1), and at most `largest`: beyond that the next quantizer holds its end anyway.
namespace sluice::passes {

/// What a table or a row of thresholds may hold.
constexpr std::int64_t mostNormEntries = 4096;
constexpr double finestNormStep = 0x1p-10;

struct SoftmaxFormats {
  double distanceStep = 0;
  std::int64_t lowest = 0;  ///< in steps of distanceStep
  int expBits = 0;
  double inverseStep = 0;
  double bound = 0;  ///< of the error of every y
};
/// `allowed`: the error aimed at. `grid`: the step of x, 0 where it is not known; `span`: most steps between two x, 0: not known.
/// Errors  unsupported: rows of more than 2^16 elements
Result<SoftmaxFormats> softmaxFormats(std::int64_t n, double allowed, double grid = 0, double span = 0);

struct LayerNormFormats {
  std::int64_t lowest = 0, highest = 0;  ///< exponents of h
  double normalStep = 0;
  std::int64_t largest = 0;  ///< of |w| and o, in steps of normalStep
  double rootStep = 0;
  std::int64_t rootLow = 0, rootHigh = 0;  ///< of r, in steps of rootStep
  double bound = 0;                        ///< of the error of every y before gamma
};
/// `largest`: the largest |y| that counts (infinity: none is known). `grid` as above; `deviation`: the largest standard
/// deviation there can be, 0: not known.
/// Errors  unsupported: rows of more than 2^12 elements, epsilon below 2^-40
Result<LayerNormFormats> layerNormFormats(std::int64_t n, double epsilon, double allowed, double largest,
                                          double grid = 0, double deviation = 0);

}  // namespace sluice::passes
