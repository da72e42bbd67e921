#include <algorithm>
#include <functional>

#include "kernel/bits.h"
#include "kernel/threshold/threshold_plan.h"

namespace sluice::kernel {
namespace {

using hdl::Builder;
using hdl::MemoryId;
using hdl::Signal;
using hdl::Style;
using Value = Pipeline::Value;

class ThresholdBuilder {
 public:
  ThresholdBuilder(const ThresholdPlan& plan, Pipeline& pipeline)
      : plan_(plan), pipe_(pipeline), b_(pipeline.builder()), fold_(pipeline.counter(0)) {}

  void build() {
    // x as bits in one register; its elements are slices of it.
    const Signal held = b_.reg(pipe_.beat(0).signal, "x1");
    const fixed::IntegerFormat format = fixed::formatFor(plan_.params.input);
    std::vector<Value> y;
    for (std::uint32_t e = 0; e < plan_.params.pack; ++e) {
      const Value x{numberAt(b_, held, e * format.bits, format, plan_.params.input), 1};
      switch (plan_.form) {
        case ThresholdForm::table:
          y.push_back(table(e, x));
          break;
        case ThresholdForm::parallel:
          y.push_back(parallel(e, x));
          break;
        default:
          y.push_back(search(e, x));
          break;
      }
    }
    pipe_.writeElements(1, y);
  }

 private:
  using PerRow = std::function<std::int64_t(const ThresholdRow&)>;

  /// A number that depends on the fold alone, at the stage where it is wanted.
  Value perRow(std::uint32_t e, std::uint32_t stage, const std::string& name, const PerRow& number) {
    std::vector<std::int64_t> values;
    for (std::uint32_t f = 0; f < plan_.folds; ++f) values.push_back(number(plan_.row(f, e)));
    return perFold(pipe_, fold_, values, stage, name + std::to_string(e));
  }

  [[nodiscard]] std::int64_t valueAt(const ThresholdRow& row, std::int64_t x) const {
    std::int64_t y = row.offset;
    for (const std::int64_t t : row.thresholds) y += (x >= t) != row.inverted ? 1 : 0;
    return y;
  }

  Value table(std::uint32_t e, Value x) {
    const fixed::IntegerFormat in = fixed::formatFor(plan_.params.input),
                               out = fixed::formatFor(plan_.output);
    const std::size_t codes = std::size_t{1} << in.bits;
    std::vector<std::vector<std::uint64_t>> words(codes << indexBits(plan_.folds));
    for (std::size_t a = 0; a < words.size(); ++a) {
      // Codes outside the range and folds that are none repeat a neighbour, which helps the logic that holds
      // the table.
      const std::int64_t code =
          std::clamp(codeValue(a % codes, in), plan_.params.input.lo, plan_.params.input.hi);
      const auto fold = static_cast<std::uint32_t>(std::min<std::size_t>(a / codes, plan_.folds - 1));
      words[a] = {rawCode(valueAt(plan_.row(fold, e), code), out.bits)};
    }
    const MemoryId rom = b_.rom("table" + std::to_string(e), out.bits, std::move(words), Style::logic, false);
    std::vector<Signal> parts{x.signal};
    if (plan_.folds > 1) parts.push_back(pipe_.at(fold_, 1).signal);
    return {b_.reg(b_.readNumber(rom, address(b_, parts), plan_.output)), 2};
  }

  /// offset + count, registered if anything is to be added or not yet registered.
  Signal withOffset(std::uint32_t e, std::uint32_t stage, Signal count) {
    const Value offset = perRow(e, stage, "offset", [](const ThresholdRow& row) { return row.offset; });
    const Signal sum = b_.add(count, offset.signal);
    // A row never reaches beyond what thresholdOutputRange found at the ends of the input range.
    return narrowed(b_, sum, plan_.output);
  }

  Signal invertedFlag(std::uint32_t e, std::uint32_t stage) {
    return perRow(e, stage, "falling", [](const ThresholdRow& row) { return row.inverted ? 1 : 0; }).signal;
  }

  /// The answers in the order of the row: once 0, always 0. Bit b of how many are 1 changes at every multiple
  /// of 2^b: it is the XOR of answers 2^b - 1, 2*2^b - 1, ...
  Value parallel(std::uint32_t e, Value x) {
    const Signal inverted = invertedFlag(e, 1);
    std::vector<Signal> reached;
    for (std::uint32_t k = 0; k < plan_.steps; ++k) {
      const Value t = perRow(e, 1, "t" + std::to_string(k) + "_",
                             [k](const ThresholdRow& row) { return row.thresholds[k]; });
      reached.push_back(b_.bitXor(b_.lessEqual(t.signal, x.signal), inverted));
    }
    if (reached.empty()) return {b_.reg(withOffset(e, 1, b_.constant(0))), 2};
    std::vector<Signal> bits;
    for (std::uint32_t step = 1; step <= plan_.steps; step *= 2) {
      Signal bit = reached[step - 1];
      for (std::uint32_t k = 2 * step; k <= plan_.steps; k += step) bit = b_.bitXor(bit, reached[k - 1]);
      bits.push_back(bit);
    }
    const Signal count = narrowed(b_, address(b_, bits), {0, plan_.steps});
    return {b_.reg(withOffset(e, 1, count)), 2};
  }

  /// Level l knows the upper l bits of the count and finds the next one.
  Value search(std::uint32_t e, Value x) {
    std::vector<Signal> answers;  // highest bit of the count first
    std::uint32_t stage = 1;
    for (std::uint32_t l = 0; l < plan_.levels; ++l) {
      const bool ahead = plan_.romSynchronous[l];
      const std::uint32_t compareAt = l > 0 && ahead ? stage + 1 : stage;
      const Signal threshold = levelThreshold(e, l, answers, stage, compareAt, ahead);
      const Signal now = pipe_.at(x, compareAt).signal;
      const Signal answer = b_.bitXor(b_.lessEqual(threshold, now), invertedFlag(e, compareAt));
      for (Signal& known : answers) known = b_.delay(known, compareAt + 1 - stage);
      answers.push_back(b_.reg(answer));
      stage = compareAt + 1;
    }
    Signal count = b_.constant(0);
    if (!answers.empty()) count = address(b_, std::vector<Signal>(answers.rbegin(), answers.rend()));
    return {withOffset(e, stage, count), stage};
  }

  /// The threshold that level l compares with: middle of what the answers leave, out of that level's ROM.
  Signal levelThreshold(std::uint32_t e, std::uint32_t l, const std::vector<Signal>& answers,
                        std::uint32_t stage, std::uint32_t compareAt, bool ahead) {
    const std::uint32_t step = 1u << (plan_.levels - l);
    std::vector<std::int64_t> values;
    for (std::uint32_t f = 0; f < 1u << indexBits(plan_.folds); ++f)
      for (std::uint32_t q = 0; q < 1u << l; ++q)
        values.push_back(plan_.row(std::min(f, plan_.folds - 1), e).thresholds[q * step + step / 2 - 1]);
    const auto [lo, hi] = std::minmax_element(values.begin(), values.end());
    const fixed::Interval range{*lo, *hi};
    if (range.lo == range.hi) return b_.constant(range.lo);
    const std::uint32_t bits = fixed::formatFor(range).bits;
    std::vector<std::vector<std::uint64_t>> words;
    for (const std::int64_t value : values) words.push_back({rawCode(value, bits)});
    const std::string name = "level" + std::to_string(l) + "_" + std::to_string(e);
    const MemoryId rom = b_.rom(name, bits, std::move(words), Style::logic, ahead);
    std::vector<Signal> parts(answers.rbegin(), answers.rend());
    const std::uint32_t addressAt = ahead ? compareAt - 1 : stage;
    if (plan_.folds > 1) parts.push_back(pipe_.at(fold_, addressAt).signal);
    return b_.readNumber(rom, address(b_, parts), range);
  }

  const ThresholdPlan& plan_;
  Pipeline& pipe_;
  Builder& b_;
  Value fold_;
};

}  // namespace

void buildThreshold(const ThresholdPlan& plan, Pipeline& pipeline) {
  ThresholdBuilder(plan, pipeline).build();
}

}  // namespace sluice::kernel
