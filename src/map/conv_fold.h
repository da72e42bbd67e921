#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "kernel/conv/conv.h"
#include "map/fold.h"

/// Folds of a convolution: how many channels come into the window at once, how many positions of it go out, how many
/// elements are multiplied, and how many outputs are worked on.
///
/// Four independent divisors (kernel/conv/conv.h) span a few thousand folds, and what each costs and takes is known from
/// the shapes. So the search is: price them all, take the cheapest of those that keep the pace.
///
///   cycles a frame   of the window: grid positions x channels/pack x K/positionsAtOnce;
///                    of the product: pixels x products x inputs/simd x outputs/pe
///   price            as in fold.cpp, in multipliers: multipliers, output lanes (accumulator and quantizer), input lanes
///                    (the memory of the vector), taps of the window, converters where beats differ
namespace sluice::map {

struct ConvFold {
  std::uint32_t pack = 1;             ///< channels that come in at once
  std::uint32_t positionsAtOnce = 1;  ///< of a window
  std::uint32_t simd = 1, pe = 1;     ///< inputs and outputs of the product worked on at once
  bool operator==(const ConvFold&) const = default;
};

struct ConvPace {
  std::uint64_t window = 1;   ///< cycles a frame that the window may take
  std::uint64_t product = 1;  ///< and the product
  FoldGoal goal = FoldGoal::interval;
};

/// What a choice takes.
struct ConvChoice {
  ConvFold fold;
  kernel::ConvFacts facts;        ///< with the iterations of the fold
  std::uint32_t multipliers = 0;  ///< that ever have work
  double price = 0;               ///< in multipliers
};

/// Folds that are given; the others are chosen.
struct ConvWish {
  std::optional<std::uint32_t> pack{}, positionsAtOnce{}, simd{}, pe{};
};

/// `conv` gives shapes and ranges; its own folds are not looked at. Where no fold keeps the pace, the fastest.
/// `producerPack`: elements of the beats that come in; 0: free.
/// Errors: those of kernel::convFacts; badInput: no fold is as wished.
Result<ConvChoice> chooseConvFold(const kernel::ConvParams& conv, const ConvPace& pace,
                                  std::uint32_t producerPack, const ConvWish& wish = {});

}  // namespace sluice::map
