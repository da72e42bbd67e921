#include "kernel/bits.h"
#include "kernel/pool/pool_plan.h"

/// Tiles.    1: the pixel, or what stands for it outside the map. The value along the row so far, from a delay line of one
///           pixel's folds, and the pixel give the next.
///           2: the same from row to row of the tile, with a delay line of one row of tiles that steps in the last column
///           of each.
///           3: y
/// Windows.  heads (window/), a tree over them, a register a level; the columns before, from a delay line of the results;
///           a tree over them; y.
namespace sluice::kernel {

using dataflow::Relation;
using dataflow::When;
using hdl::Builder;
using hdl::Signal;
using Value = Pipeline::Value;

namespace {

/// Elements of a beat as numbers.
std::vector<Signal> numbersOf(Builder& b, Signal beat, std::uint32_t pack, fixed::Interval range) {
  const fixed::IntegerFormat format = fixed::formatFor(range);
  std::vector<Signal> numbers;
  for (std::uint32_t e = 0; e < pack; ++e)
    numbers.push_back(numberAt(b, beat, e * format.bits, format, range));
  return numbers;
}

/// Numbers as a beat.
Signal beatOf(Builder& b, const std::vector<Signal>& numbers, fixed::Interval range) {
  std::vector<Signal> parts;
  for (const Signal number : numbers) parts.push_back(toBits(b, number, fixed::formatFor(range)));
  return parts.size() == 1 ? parts[0] : b.concat(parts);
}

/// A running value over `count` elements: what came before from a delay line, unless this is the first.
std::vector<Signal> running(const PoolPlan& plan, Pipeline& pipeline, const std::vector<Signal>& x,
                            fixed::Interval range, std::uint32_t words, BufferStyle asked,
                            std::uint32_t stage, When first, Value steps, const std::string& name) {
  Builder& b = pipeline.builder();
  const WindowParams& w = plan.params.window;
  const std::uint32_t width = w.pack * fixed::formatFor(range).bits;
  DelayLine line(pipeline, words, width, settleBuffer(asked, words, width, w.family), stage, steps, name);
  const std::vector<Signal> before = numbersOf(b, line.out(), w.pack, range);
  const Signal starts = pipeline.at(pipeline.holds(first), stage).signal;
  std::vector<Signal> now;
  for (std::uint32_t e = 0; e < w.pack; ++e) {
    Signal value;
    if (plan.params.operation == PoolOperation::sum)
      // The mux before the adder costs nothing; as many elements as were added bound the sum.
      value = narrowed(b, b.add(x[e], b.mux(starts, b.constant(0), before[e])), range);
    else
      value = b.mux(starts, x[e], combined(b, plan.params.operation, before[e], x[e]));
    now.push_back(value);
  }
  line.in(beatOf(b, now, range));
  return now;
}

std::vector<Signal> registered(Builder& b, std::vector<Signal> values, const char* name) {
  for (Signal& value : values) value = b.reg(value, name);
  return values;
}

/// All values into one: pairs, a register after each level.
Value tree(Builder& b, PoolOperation operation, std::vector<Signal> level, std::uint32_t stage) {
  while (level.size() > 1) {
    std::vector<Signal> next;
    for (std::size_t i = 0; i + 1 < level.size(); i += 2)
      next.push_back(b.reg(combined(b, operation, level[i], level[i + 1])));
    if (level.size() % 2 == 1) next.push_back(b.reg(level.back()));
    level = std::move(next);
    ++stage;
  }
  return {level[0], stage};
}

}  // namespace

Signal combined(Builder& b, PoolOperation operation, Signal x, Signal y) {
  switch (operation) {
    case PoolOperation::maximum:
      return b.mux(b.less(x, y), y, x);
    case PoolOperation::minimum:
      return b.mux(b.less(y, x), y, x);
    case PoolOperation::sum:
      return b.add(x, y);
  }
  SLUICE_CHECK(false, "every operation is handled");
}

void buildTiles(const PoolPlan& plan, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  const WindowParams& w = plan.params.window;
  const Signal reads = plan.readsAlways ? b.flag(true) : holdsAny(pipeline, plan.reads).signal;
  std::vector<Signal> x;
  for (const Value& element : pipeline.elements(0))
    x.push_back(b.reg(b.mux(reads, element.signal, b.constant(w.padCode)), "x1"));
  std::uint32_t stage = 1, count = 1;
  if (w.kernelWidth > 1) {
    count = w.kernelWidth;
    const When first{plan.columnAxis.fine, Relation::equal, 0};
    x = registered(b,
                   running(plan, pipeline, x, plan.range(count, false), plan.folds(), w.columns, stage, first,
                           {b.flag(true), 0}, "along"),
                   "along_now");
    ++stage;
  }
  if (w.kernelHeight > 1) {
    const Value last = pipeline.holds(When{plan.columnAxis.fine, Relation::equal, w.kernelWidth - 1});
    // Whatever was kept of a row of a tile is of all its columns; in other iterations the sum is of fewer, and unused.
    const fixed::Interval range = plan.range(w.kernelHeight * count, false);
    const std::uint32_t words = plan.loops.loops[plan.columnAxis.coarse].extent * plan.folds();
    const When first{plan.rowAxis.fine, Relation::equal, 0};
    x = registered(b, running(plan, pipeline, x, range, words, w.rows, stage, first, last, "down"),
                   "down_now");
    ++stage;
  }
  std::vector<Value> y;
  // Where y is written, all elements of the window have come.
  for (const Signal value : x) y.push_back({narrowed(b, value, plan.output), stage});
  pipeline.writeElements(1, y);
}

void buildWindows(const PoolPlan& plan, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  const WindowParams& w = plan.params.window;
  const PoolOperation operation = plan.params.operation;
  const std::vector<Value> heads = windowHeads(plan.window, pipeline);
  std::vector<std::vector<Signal>> rows;  // [kernelHeight][pack]
  for (const Value& head : heads) rows.push_back(numbersOf(b, head.signal, w.pack, plan.window.scan.output));
  const fixed::Interval columnRange = plan.range(w.kernelHeight, true);
  std::vector<Signal> column;
  std::uint32_t stage = plan.window.headStage();
  for (std::uint32_t e = 0; e < w.pack; ++e) {
    std::vector<Signal> values;
    for (const auto& row : rows) values.push_back(row[e]);
    const Value one = tree(b, operation, values, plan.window.headStage());
    stage = one.stage;
    column.push_back(one.signal);
  }
  const std::vector<Value> taps = columnTaps(plan.window, pipeline, {beatOf(b, column, columnRange), stage});
  std::vector<Value> y;
  for (std::uint32_t e = 0; e < w.pack; ++e) {
    std::vector<Signal> values;
    for (const Value& tap : taps) values.push_back(numbersOf(b, tap.signal, w.pack, columnRange)[e]);
    y.push_back(tree(b, operation, values, stage));
  }
  pipeline.writeElements(1, y);
}

}  // namespace sluice::kernel
