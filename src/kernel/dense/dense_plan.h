#pragma once

#include <vector>

#include "kernel/dense/dense.h"
#include "kernel/dense/product_pair.h"

/// What dense decides before any hardware is written. Private to the folder.
namespace sluice::kernel {

/// How the product at one multiplier position is made.
enum class ProductForm : std::uint8_t {
  none,       ///< the weight is 0 in every fold
  constant,   ///< the same weight in every fold
  foldTable,  ///< a table of fold address and x
  logic,      ///< weight from the ROM, multiplier in look-up tables
  dsp,        ///< weight from the ROM, multiplier in a DSP block
  pairHigh,   ///< as dsp, and the block is shared: product_pair.h
  pairLow,
};

struct Position {
  ProductForm form = ProductForm::none;
  fixed::Interval weight;  ///< over all folds
  std::uint32_t pair = 0;  ///< pairHigh and pairLow: which
  fixed::Interval stored;  ///< what the ROM holds of it: the weight, but of pairHigh what product_pair.h says
  std::uint32_t fieldLsb = 0;  ///< its place in a ROM word, if the form needs one

  [[nodiscard]] bool isStored() const { return form >= ProductForm::logic; }
};

/// Positions (high, s) and (low, s) share a DSP block.
struct PairedPositions {
  std::uint32_t s = 0, high = 0, low = 0;
  ProductPair arithmetic;
};

/// Part of the weight memory: words [base, base + words), `words` a power of two unless it is the only part. Each base
/// is a multiple of the part's words.
struct RomPart {
  std::uint32_t base = 0, words = 1;
  bool blockRam = true;
};

/// How a block RAM of so many words is cut, so that it fills the blocks it takes. Synthesis rounds words up to a power of
/// two: 9,216 x 32 bits (a kernel of 3 x 3) take 32 blocks of 16,384 x 1, or 16 + 2 as 8,192 and 1,024 words.
std::vector<RomPart> cutRom(std::uint32_t words, std::uint32_t width);

struct DensePlan {
  DenseParams params;
  std::uint32_t inFolds = 1, outFolds = 1;
  std::uint32_t rounds = 1;         ///< groups * outFolds: how often all inputs of a product pass by
  std::uint32_t addressBits = 0;    ///< of the fold address
  bool flatAddress = false;         ///< it counts iterations; else it is the loop counters side by side
  std::vector<Position> positions;  ///< [pe][simd]
  std::vector<PairedPositions> pairs;
  std::uint32_t romWidth = 0;
  bool blockRam = false;
  std::vector<RomPart> romParts;  ///< if blockRam
  std::uint32_t wordStage = 1;    ///< stage at which a fold's weights are there: 2 if they are chosen from several parts
  std::uint32_t sumStage = 0;     ///< T: stage at which every tree's sum is registered
  fixed::Interval output;
  std::vector<fixed::Interval> accumulator;  ///< [pe]; inFolds > 1
  bool biasInTree = false;                   ///< inFolds == 1

  [[nodiscard]] std::uint32_t folds() const { return inFolds * rounds; }
  /// Weight at multiplier position (p, s) in a fold. round = group * outFolds + outFold.
  [[nodiscard]] std::int64_t weight(std::uint32_t p, std::uint32_t s, std::uint32_t round,
                                    std::uint32_t inFold) const;
  /// What a ROM word holds of it.
  [[nodiscard]] std::int64_t storedWeight(std::uint32_t p, std::uint32_t s, std::uint32_t round,
                                          std::uint32_t inFold) const;
  [[nodiscard]] std::int64_t bias(std::uint32_t p, std::uint32_t round) const;
  [[nodiscard]] const Position& position(std::uint32_t p, std::uint32_t s) const {
    return positions[p * params.simd + s];
  }
  /// The ROM word of a fold.
  [[nodiscard]] std::uint32_t wordOf(std::uint32_t round, std::uint32_t inFold) const;
  /// Loops of the schedule: groups (only if there are several), output folds, input folds.
  [[nodiscard]] std::uint32_t outLoop() const { return params.groups > 1 ? 1 : 0; }
  [[nodiscard]] std::uint32_t inLoop() const { return outLoop() + 1; }
  /// Stage of the write of y.
  [[nodiscard]] std::uint32_t writeStage() const { return biasInTree ? sumStage : sumStage + 1; }
  /// Terms in the adder tree of output position p: products, their corrections, the bias.
  [[nodiscard]] std::uint32_t terms(std::uint32_t p) const;
  [[nodiscard]] bool isCorrected(std::uint32_t p, std::uint32_t s) const {
    const Position& own = position(p, s);
    return own.form == ProductForm::pairHigh && pairs[own.pair].arithmetic.lowIsSigned;
  }
  [[nodiscard]] bool hasBiasTerm(std::uint32_t p) const;
};

Result<DensePlan> planDense(const DenseParams& params);
void buildDense(const DensePlan& plan, Pipeline& pipeline);

}  // namespace sluice::kernel
