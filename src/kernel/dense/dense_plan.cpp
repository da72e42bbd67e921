#include "kernel/dense/dense_plan.h"

#include <algorithm>
#include <bit>

#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

/// Sums of products are computed here in 128 bits and refused beyond this bound: hardware numbers have 64
/// bits.
__extension__ using Wide = __int128;
constexpr Wide kLargestSum = (Wide{1} << 62) - 1;

struct WideRange {
  Wide lo = 0, hi = 0;
};

WideRange productRange(std::int64_t weight, fixed::Interval x) {
  const Wide a = static_cast<Wide>(weight) * x.lo, b = static_cast<Wide>(weight) * x.hi;
  return {std::min(a, b), std::max(a, b)};
}

fixed::Interval narrow(WideRange range) {
  return {static_cast<std::int64_t>(range.lo), static_cast<std::int64_t>(range.hi)};
}

std::uint32_t bitsOf(fixed::Interval range) { return fixed::formatFor(range).bits; }

Status checkParams(const DenseParams& p) {
  const std::string shape = std::to_string(p.nIn) + " x " + std::to_string(p.nOut);
  if (p.nIn == 0 || p.nOut == 0) return badInput("a product of " + shape + " is empty");
  SLUICE_RETURN_IF_ERROR(checkDivides("simd", p.simd, p.nIn, "inputs"));
  SLUICE_RETURN_IF_ERROR(checkDivides("pe", p.pe, p.nOut, "outputs"));
  if (p.groups == 0) return badInput("a frame of no products");
  const std::string times = p.groups > 1 ? std::to_string(p.groups) + " times " : "";
  if (p.weights.size() != std::uint64_t{p.groups} * p.nIn * p.nOut)
    return badInput(std::to_string(p.weights.size()) + " weights for " +
                    (times.empty() ? "a product of " : times) + shape);
  if (!p.bias.empty() && p.bias.size() != std::uint64_t{p.groups} * p.nOut)
    return badInput(std::to_string(p.bias.size()) + " biases for " + times + std::to_string(p.nOut) +
                    " outputs");
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  if (p.levelsPerStage == 0) return badInput("levelsPerStage is 0; it is at least 1");
  return {};
}

/// Synthesis builds no DSP for a constant, a factor of one bit or a product below nine (Yosys 0.70, xilinx mul2dsp:
/// DSP_Y_MINWIDTH).
bool dspIsBuilt(fixed::Interval weight, fixed::Interval input) {
  return input.lo < input.hi && std::min(bitsOf(weight), bitsOf(input)) >= 2 &&
         bitsOf(fixed::multiply(weight, input)) >= 9;
}

/// `zeros`: low bits that are zero in every weight, which synthesis takes off before it looks for DSPs.
ProductForm formOf(const DenseParams& p, fixed::Interval weight, std::uint32_t zeros,
                   std::uint32_t addressBits) {
  if (weight.lo == 0 && weight.hi == 0) return ProductForm::none;
  if (weight.lo == weight.hi) return ProductForm::constant;
  const bool built = dspIsBuilt({weight.lo >> zeros, weight.hi >> zeros}, p.input);
  const bool wanted = p.multiplier == MultiplierStyle::dsp || p.multiplier == MultiplierStyle::dspPairs;
  if (wanted && built) return ProductForm::dsp;
  if (addressBits + bitsOf(p.input) <= 6) return ProductForm::foldTable;
  const bool large = std::min(bitsOf(weight), bitsOf(p.input)) >= 5;
  return p.multiplier != MultiplierStyle::logic && built && large ? ProductForm::dsp : ProductForm::logic;
}

/// One DSP48E1 multiplies 25 x 18 signed bits; an unsigned factor needs a bit more. ECP5 has 18 x 18.
bool fitsDsp(fixed::Interval a, fixed::Interval b) {
  const auto signedBits = [](fixed::Interval r) { return bitsOf(r) + (r.lo < 0 ? 0 : 1); };
  return signedBits(a) <= 18 && signedBits(b) <= 18;
}

/// Products by the same x, two by two, where a block holds both. A pair saves a block for what counting one more bit in a
/// sum takes: an adder of the sum's width at most, which is below the price of a block (formOf's rule) whenever a pair is
/// legal, so nothing is weighed. Of both orders the one without a correction, then the narrower factor.
void pairPositions(DensePlan& plan) {
  const DenseParams& params = plan.params;
  const auto open = [&](std::uint32_t p, std::uint32_t s) {
    const ProductForm form = plan.position(p, s).form;
    return form == ProductForm::dsp || form == ProductForm::logic;
  };
  const auto cost = [](const ProductPair& pair) {
    return std::pair(pair.lowIsSigned, bitsOf(pair.packed) + bitsOf(pair.stored));
  };
  if (params.multiplier != MultiplierStyle::dspPairs) return;
  for (std::uint32_t s = 0; s < params.simd; ++s)
    for (std::uint32_t p = 0; p < params.pe; ++p)
      for (std::uint32_t q = p + 1; q < params.pe && open(p, s); ++q) {
        if (!open(q, s)) continue;
        Position &one = plan.positions[p * params.simd + s], &other = plan.positions[q * params.simd + s];
        const auto as = pairProducts(one.weight, other.weight, params.input, params.family);
        const auto turned = pairProducts(other.weight, one.weight, params.input, params.family);
        if (!as && !turned) continue;
        const bool turn = !as || (turned && cost(*turned) < cost(*as));
        one.pair = other.pair = static_cast<std::uint32_t>(plan.pairs.size());
        one.form = turn ? ProductForm::pairLow : ProductForm::pairHigh;
        other.form = turn ? ProductForm::pairHigh : ProductForm::pairLow;
        plan.pairs.push_back({s, turn ? q : p, turn ? p : q, turn ? *turned : *as});
        (turn ? other : one).stored = plan.pairs.back().arithmetic.stored;
      }
}

/// 18-kbit blocks that words, rounded up to a power of two, take.
std::uint64_t blocksOf(std::uint32_t words, std::uint32_t width) {
  const std::uint64_t deep = std::uint64_t{1} << indexBits(words);
  if (deep >= 16384) return deep / 16384 * width;
  const std::uint64_t across = deep <= 512 ? 36 : deep == 1024 ? 18 : deep == 2048 ? 9 : 16384 / deep;
  return (width + across - 1) / across;
}

std::uint32_t treeLevels(std::uint32_t terms) { return terms <= 1 ? 0 : indexBits(terms); }

}  // namespace

std::int64_t DensePlan::weight(std::uint32_t p, std::uint32_t s, std::uint32_t round,
                               std::uint32_t inFold) const {
  const std::size_t group = round / outFolds, column = std::size_t{round % outFolds} * params.pe + p;
  const std::size_t row = group * params.nIn + std::size_t{inFold} * params.simd + s;
  return params.weights[row * params.nOut + column];
}

std::int64_t DensePlan::storedWeight(std::uint32_t p, std::uint32_t s, std::uint32_t round,
                                     std::uint32_t inFold) const {
  const Position& own = position(p, s);
  const std::int64_t borrowed =
      own.form == ProductForm::pairHigh && weight(pairs[own.pair].low, s, round, inFold) < 0 ? 1 : 0;
  return weight(p, s, round, inFold) - borrowed;
}

std::int64_t DensePlan::bias(std::uint32_t p, std::uint32_t round) const {
  return params.bias.empty() ? 0 : params.bias[std::size_t{round} * params.pe + p];
}

std::uint32_t DensePlan::wordOf(std::uint32_t round, std::uint32_t inFold) const {
  if (flatAddress) return round * inFolds + inFold;
  const std::uint32_t outer = ((round / outFolds) << indexBits(outFolds)) + round % outFolds;
  return (outer << indexBits(inFolds)) + inFold;
}

bool DensePlan::hasBiasTerm(std::uint32_t p) const {
  bool some = false;
  for (std::uint32_t r = 0; r < rounds; ++r) some = some || bias(p, r) != 0;
  return biasInTree && some;
}

std::uint32_t DensePlan::terms(std::uint32_t p) const {
  std::uint32_t count = hasBiasTerm(p) ? 1 : 0;
  for (std::uint32_t s = 0; s < params.simd; ++s)
    count += (position(p, s).form != ProductForm::none ? 1 : 0) + (isCorrected(p, s) ? 1 : 0);
  return count;
}

std::vector<RomPart> cutRom(std::uint32_t words, std::uint32_t width) {
  constexpr std::uint32_t fewest = 64;         // so many words are a LUT a bit
  constexpr std::uint64_t lutsOfABlock = 150;  // as for FIFOs: fifo/fifo_choice.cpp
  std::vector<RomPart> parts;
  std::uint64_t blocks = 0;
  for (std::uint32_t base = 0; base < words;) {
    const std::uint32_t left = words - base;
    std::uint32_t size = 1u << (indexBits(std::uint64_t{left} + 1) - 1);  // the largest power of two in it
    if (left <= fewest) size = 1u << indexBits(left);
    parts.push_back({base, size, left > fewest});
    blocks += left > fewest ? blocksOf(size, width) : 0;
    base += size;
  }
  // Each cut is a mux of the word's width.
  const bool pays = blocksOf(words, width) > blocks &&
                    (blocksOf(words, width) - blocks) * lutsOfABlock > (parts.size() - 1) * width;
  if (!pays) return {{0, words, true}};
  return parts;
}

Result<DensePlan> planDense(const DenseParams& params) {
  SLUICE_RETURN_IF_ERROR(checkParams(params));
  DensePlan plan;
  plan.params = params;
  plan.inFolds = params.nIn / params.simd;
  plan.outFolds = params.nOut / params.pe;
  plan.rounds = plan.outFolds * params.groups;
  plan.biasInTree = plan.inFolds == 1;

  // Partial sums of every output after every input fold.
  plan.accumulator.resize(params.pe);
  bool first = true;
  for (std::uint32_t j = 0; j < params.nOut * params.groups; ++j) {
    const std::uint32_t p = j % params.pe, round = j / params.pe;
    WideRange sum{plan.bias(p, round), plan.bias(p, round)};
    for (std::uint32_t i = 0; i < params.nIn; ++i) {
      const std::int64_t weight = plan.weight(p, i % params.simd, round, i / params.simd);
      const WideRange term = productRange(weight, params.input);
      sum = {sum.lo + term.lo, sum.hi + term.hi};
      if (std::min(sum.lo, term.lo) < -kLargestSum || std::max(sum.hi, term.hi) > kLargestSum)
        return unsupported("the sum of output " + std::to_string(j) + " needs more than 62 bits");
      if ((i + 1) % params.simd != 0) continue;
      fixed::Interval& acc = plan.accumulator[p];
      acc = round == 0 && i < params.simd ? narrow(sum) : fixed::join(acc, narrow(sum));
    }
    plan.output = first ? narrow(sum) : fixed::join(plan.output, narrow(sum));
    first = false;
  }
  SLUICE_TRY(plan.output, declaredOr(plan.output, params.output));

  const std::uint32_t concatBits =
      indexBits(plan.inFolds) + indexBits(plan.outFolds) + indexBits(params.groups);
  plan.flatAddress = concatBits != indexBits(plan.folds());
  plan.addressBits = indexBits(plan.folds());
  for (std::uint32_t p = 0; p < params.pe; ++p)
    for (std::uint32_t s = 0; s < params.simd; ++s) {
      Position position;
      const std::int64_t start = plan.weight(p, s, 0, 0);
      position.weight = {start, start};
      std::uint64_t ones = 0;  // of all weights
      for (std::uint32_t r = 0; r < plan.rounds; ++r)
        for (std::uint32_t i = 0; i < plan.inFolds; ++i) {
          const std::int64_t w = plan.weight(p, s, r, i);
          position.weight = fixed::join(position.weight, {w, w});
          ones |= static_cast<std::uint64_t>(w);
        }
      position.form =
          formOf(params, position.weight, ones == 0 ? 0 : static_cast<std::uint32_t>(std::countr_zero(ones)),
                 plan.addressBits);
      if (position.form == ProductForm::dsp && !fitsDsp(position.weight, params.input)) {
        if (params.multiplier == MultiplierStyle::automatic)
          position.form = ProductForm::logic;
        else
          return unsupported("a weight of " + std::to_string(bitsOf(position.weight)) +
                             " bits times an input of " + std::to_string(bitsOf(params.input)) +
                             " bits does not fit a DSP block (18 x 18 signed bits)");
      }
      position.stored = position.weight;
      plan.positions.push_back(position);
    }
  pairPositions(plan);
  for (Position& position : plan.positions) {
    if (!position.isStored()) continue;
    position.fieldLsb = plan.romWidth;
    plan.romWidth += bitsOf(position.stored);
  }
  plan.blockRam = params.memory == WeightMemory::blockRam ||
                  (params.memory == WeightMemory::automatic && plan.folds() >= 256 &&
                   std::uint64_t{plan.folds()} * plan.romWidth >= 8192);
  if (plan.blockRam && plan.romWidth > 0) {
    // Counted in one, folds have no gaps; counters side by side are a power of two of words.
    const std::uint32_t sparse = 1u << concatBits;
    plan.romParts = cutRom(plan.folds(), plan.romWidth);
    if (plan.romParts.size() > 1) {
      plan.flatAddress = true;
      plan.wordStage = 2;
    } else {
      plan.romParts = {{0, plan.flatAddress ? plan.folds() : sparse, true}};
    }
  }
  std::uint32_t levels = 0;
  for (std::uint32_t p = 0; p < params.pe; ++p) levels = std::max(levels, treeLevels(plan.terms(p)));
  plan.sumStage = plan.wordStage + 1 + (levels + params.levelsPerStage - 1) / params.levelsPerStage;
  return plan;
}

}  // namespace sluice::kernel
