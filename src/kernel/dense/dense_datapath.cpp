#include <algorithm>

#include "kernel/bits.h"
#include "kernel/dense/dense_plan.h"
#include "kernel/dense/folded_product.h"

namespace sluice::kernel {
namespace {

using dataflow::Relation;
using dataflow::When;
using hdl::Builder;
using hdl::MemoryId;
using hdl::Signal;
using hdl::Style;
using Value = Pipeline::Value;

class DenseBuilder {
 public:
  DenseBuilder(const DensePlan& plan, Pipeline& pipeline)
      : plan_(plan), p_(plan.params), pipe_(pipeline), b_(pipeline.builder()) {}

  void build() {
    x_ = inputs();
    fold_ = foldAddress();
    if (plan_.romWidth > 0) weights_ = weightWord();
    for (const PairedPositions& pair : plan_.pairs)
      pairs_.push_back(b_.reg(pairedProduct(b_, pair.arithmetic, x_[pair.s].signal,
                                            storedAt(plan_.position(pair.high, pair.s)),
                                            storedAt(plan_.position(pair.low, pair.s)))));
    std::vector<Value> y;
    for (std::uint32_t p = 0; p < p_.pe; ++p) y.push_back(output(p));
    pipe_.writeElements(1, y);
  }

 private:
  /// x beside its weights, for every iteration: popped now, or kept from the first output fold.
  std::vector<Value> inputs() {
    const Signal early = heldBeat(pipe_, {plan_.outLoop(), plan_.inLoop(), plan_.outFolds, plan_.inFolds});
    const Signal held = pipe_.at({early, 1}, plan_.wordStage).signal;
    std::vector<Value> elements;
    const fixed::IntegerFormat format = fixed::formatFor(p_.input);
    for (std::uint32_t s = 0; s < p_.simd; ++s)
      elements.push_back({numberAt(b_, held, s * format.bits, format, p_.input), plan_.wordStage});
    return elements;
  }

  /// The number of the fold, as the ROM is addressed, at stage 0.
  Value foldAddress() {
    if (plan_.folds() == 1) return {b_.constant(0), 0};
    if (!plan_.flatAddress) {
      std::vector<Signal> parts;
      if (plan_.inFolds > 1) parts.push_back(pipe_.counter(plan_.inLoop()).signal);
      return {address(b_, withRound(parts)), 0};
    }
    const std::int64_t last = static_cast<std::int64_t>(plan_.folds()) - 1;
    const Signal fold = b_.regDeclare({0, last}, 0, "fold");
    // Below the last fold, fold + 1 is at most the last.
    const Signal up = b_.assume(b_.add(fold, b_.constant(1)), {0, last});
    b_.regDrive(fold, b_.mux(b_.equal(fold, b_.constant(last)), b_.constant(0), up), pipe_.valid(0));
    return {fold, 0};
  }

  /// The counters of the round, behind lower address bits.
  std::vector<Signal> withRound(std::vector<Signal> parts) {
    if (plan_.outFolds > 1) parts.push_back(pipe_.counter(plan_.outLoop()).signal);
    if (p_.groups > 1) parts.push_back(pipe_.counter(0).signal);
    return parts;
  }

  /// Contents of a table with one entry per fold; addresses that no fold has hold zeros.
  template <typename Entry>
  std::vector<std::vector<std::uint64_t>> tablePerFold(Entry entry) {
    std::vector<std::vector<std::uint64_t>> words(std::size_t{1} << plan_.addressBits);
    for (std::uint32_t r = 0; r < plan_.rounds; ++r)
      for (std::uint32_t i = 0; i < plan_.inFolds; ++i) words[plan_.wordOf(r, i)] = entry(r, i);
    return words;
  }

  /// The weights of a fold, side by side, at the plan's wordStage.
  Value weightWord() {
    auto words = tablePerFold([&](std::uint32_t r, std::uint32_t i) {
      WordPacker word;
      for (std::uint32_t p = 0; p < p_.pe; ++p)
        for (std::uint32_t s = 0; s < p_.simd; ++s) {
          const Position& position = plan_.position(p, s);
          if (position.isStored())
            word.append(plan_.storedWeight(p, s, r, i), fixed::formatFor(position.stored).bits);
        }
      return word.words();
    });
    words.resize(plan_.flatAddress ? plan_.folds() : words.size());
    if (!plan_.blockRam || plan_.romParts.size() == 1) {
      const MemoryId rom = b_.rom("weights", plan_.romWidth, std::move(words),
                                  plan_.blockRam ? Style::blockRam : Style::logic, true);
      return {b_.read(rom, fold_.signal), 1};
    }
    return {b_.reg(wordOfParts(words)), 2};
  }

  /// The weights of a fold from a memory in several parts, at stage 1. The choice is a look-up table for each bit and has a
  /// register of its own: block RAM answers late in its cycle, and the products wait behind it.
  Signal wordOfParts(const std::vector<std::vector<std::uint64_t>>& words) {
    std::vector<Signal> reads;
    for (std::size_t k = 0; k < plan_.romParts.size(); ++k) {
      const RomPart& part = plan_.romParts[k];
      const auto from = words.begin() + part.base;
      std::vector<std::vector<std::uint64_t>> own(
          from, from + std::min<std::ptrdiff_t>(part.words, words.end() - from));
      own.resize(part.words);
      const MemoryId rom = b_.rom("weights" + std::to_string(k), plan_.romWidth, std::move(own),
                                  part.blockRam ? Style::blockRam : Style::logic, true);
      const Signal place =
          part.words == 1 ? b_.constant(0) : b_.wrap(fold_.signal, {indexBits(part.words), false});
      reads.push_back(b_.read(rom, place));
    }
    // The number of the part that a fold lies in, a stage earlier; of several that hold it the first.
    Signal which = b_.constant(static_cast<std::int64_t>(reads.size()) - 1);
    for (std::size_t k = reads.size() - 1; k-- > 0;) {
      const RomPart& part = plan_.romParts[k];
      const Signal inside = b_.less(fold_.signal, b_.constant(std::int64_t{part.base} + part.words));
      which = b_.mux(inside, b_.constant(static_cast<std::int64_t>(k)), which);
    }
    return b_.select(b_.reg(which), reads);
  }

  /// What the ROM holds of a position, beside its x.
  Signal storedAt(const Position& position) {
    return numberAt(b_, weights_.signal, position.fieldLsb, fixed::formatFor(position.stored),
                    position.stored);
  }

  /// The product at a multiplier position, registered: a stage after its weights.
  Signal registeredProduct(std::uint32_t p, std::uint32_t s) {
    const Position& position = plan_.position(p, s);
    if (position.form == ProductForm::pairHigh)
      return highProduct(b_, plan_.pairs[position.pair].arithmetic, pairs_[position.pair]);
    if (position.form == ProductForm::pairLow)
      return lowProduct(b_, plan_.pairs[position.pair].arithmetic, pairs_[position.pair]);
    return b_.reg(product(p, s));
  }

  /// The product at a multiplier position that shares nothing, not yet registered.
  Signal product(std::uint32_t p, std::uint32_t s) {
    const Position& position = plan_.position(p, s);
    const Signal x = x_[s].signal;
    if (position.form == ProductForm::constant)
      return b_.multiply(x, b_.constant(position.weight.lo), Style::logic);
    if (position.form == ProductForm::foldTable) return tableProduct(p, s);
    return b_.multiply(x, storedAt(position), position.form == ProductForm::dsp ? Style::dsp : Style::logic);
  }

  /// A table of fold and x: word (fold << bits of x) + raw bits of x.
  Signal tableProduct(std::uint32_t p, std::uint32_t s) {
    const fixed::IntegerFormat format = fixed::formatFor(p_.input);
    const std::size_t codes = std::size_t{1} << format.bits;
    const fixed::Interval w = plan_.position(p, s).weight;
    const fixed::Interval range = fixed::multiply(w, p_.input);
    const std::uint32_t bits = fixed::formatFor(range).bits;
    std::vector<std::vector<std::uint64_t>> words(codes << plan_.addressBits, std::vector<std::uint64_t>{0});
    for (std::uint32_t r = 0; r < plan_.rounds; ++r)
      for (std::uint32_t i = 0; i < plan_.inFolds; ++i)
        for (std::int64_t x = p_.input.lo; x <= p_.input.hi; ++x)
          words[plan_.wordOf(r, i) * codes + rawCode(x, format.bits)] = {
              rawCode(plan_.weight(p, s, r, i) * x, bits)};
    const std::string name = "product" + std::to_string(p) + "_" + std::to_string(s);
    const MemoryId table = b_.rom(name, bits, std::move(words), Style::logic, false);
    const Signal fold = pipe_.at(fold_, plan_.wordStage).signal;
    // The fold counter may be narrower in range than its bits: raw bits give every address a word.
    return b_.readNumber(table, address(b_, {x_[s].signal, fold}), fixed::join(range, {0, 0}));
  }

  /// The bias of output position p in each round: a constant, or a small table read at `stage`.
  Value biasAt(std::uint32_t p, std::uint32_t stage) {
    std::vector<std::int64_t> values;
    const std::string name = "bias" + std::to_string(p);
    if (p_.groups == 1 || plan_.outFolds == 1) {
      for (std::uint32_t r = 0; r < plan_.rounds; ++r) values.push_back(plan_.bias(p, r));
      const Value counter = pipe_.counter(p_.groups == 1 ? plan_.outLoop() : 0);
      return kernel::perFold(pipe_, counter, values, stage, name);
    }
    // Both counters side by side; addresses that no round has hold any bias.
    const std::uint32_t low = indexBits(plan_.outFolds);
    values.assign(std::size_t{1} << (low + indexBits(p_.groups)), plan_.bias(p, 0));
    for (std::uint32_t r = 0; r < plan_.rounds; ++r)
      values[(std::size_t{r / plan_.outFolds} << low) + r % plan_.outFolds] = plan_.bias(p, r);
    return kernel::perFold(pipe_, {address(b_, withRound({})), 0}, values, stage, name);
  }

  /// The sum of all terms at stage T: adders in a balanced tree, a register after every `levelsPerStage` of
  /// them.
  Signal treeSum(std::uint32_t p) {
    std::vector<Signal> level;
    for (std::uint32_t s = 0; s < p_.simd; ++s)
      if (plan_.position(p, s).form != ProductForm::none) level.push_back(registeredProduct(p, s));
    if (plan_.hasBiasTerm(p)) level.push_back(biasAt(p, plan_.wordStage + 1).signal);
    // Side by side, so that the tree counts them before it adds the count to anything wide.
    for (std::uint32_t s = 0; s < p_.simd; ++s) {
      if (!plan_.isCorrected(p, s)) continue;
      const std::uint32_t pair = plan_.position(p, s).pair;
      level.push_back(correction(b_, plan_.pairs[pair].arithmetic, pairs_[pair]));
    }
    if (level.empty()) return b_.constant(0);
    return pipe_.at(adderTree(b_, std::move(level), plan_.wordStage + 1, p_.levelsPerStage), plan_.sumStage)
        .signal;
  }

  /// y of output position p at the write stage.
  Value output(std::uint32_t p) {
    const Signal sum = treeSum(p);
    // Every partial sum of every output lies in the interval found over the actual weights, which is at most
    // as wide as what interval arithmetic over the tree says (the weights of one output never take all their
    // extremes at once).
    if (plan_.biasInTree) return {narrowed(b_, sum, plan_.accumulator[p]), plan_.sumStage};
    if (plan_.terms(p) == 0) return biasAt(p, plan_.sumStage + 1);
    const Signal first =
        pipe_.at(pipe_.holds(When{plan_.inLoop(), Relation::equal, 0}), plan_.sumStage).signal;
    const Signal acc = b_.regDeclare(plan_.accumulator[p], std::nullopt, "acc" + std::to_string(p));
    const Signal start = biasAt(p, plan_.sumStage).signal;
    const Signal next = b_.add(sum, b_.mux(first, start, acc));
    b_.regDrive(acc, narrowed(b_, next, plan_.accumulator[p]), pipe_.valid(plan_.sumStage));
    return {narrowed(b_, acc, plan_.output), plan_.sumStage + 1};
  }

  const DensePlan& plan_;
  const DenseParams& p_;
  Pipeline& pipe_;
  Builder& b_;
  std::vector<Value> x_;       // wordStage
  Value fold_;                 // stage 0
  Value weights_;              // wordStage
  std::vector<Signal> pairs_;  // the product of each, registered
};

}  // namespace

void buildDense(const DensePlan& plan, Pipeline& pipeline) { DenseBuilder(plan, pipeline).build(); }

}  // namespace sluice::kernel
