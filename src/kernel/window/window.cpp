#include "kernel/window/window.h"

#include <algorithm>
#include <memory>

#include "kernel/bits.h"
#include "kernel/window/window_plan.h"

/// Stages.
///
///   0   the popped beat, or padCode where the scan is outside the map                       -> register
///   1   entry: the pixel under the scan. The row memory gives the pixels above it, masked where they are above the
///       map                                                                                 -> register
///   2   heads: the window's last column; the column memory gives the columns before it; y
///   3   y, if it goes out in position folds: one of them
/// With a kernel of one row there is no row memory, and stage 1 is the head. With position folds entry is kept for all
/// of them and the memories step with the last, so that everything a fold is chosen from stands still meanwhile.
///
/// The row memory holds, in one word, what all rows but the last need: the word that goes in is (entry, row above it,
/// ...), the word that comes out is the same one grid row times the dilation earlier, so each pixel climbs one kernel
/// row a pass. Masks come after the memory: which pixels are above the map is known from the row counter.
namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;
using dataflow::When;
using hdl::Builder;
using hdl::Signal;
using Value = Pipeline::Value;

/// padCode in every element of a beat.
Signal paddedBeat(Builder& b, const WindowPlan& plan) {
  WordPacker word;
  for (std::uint32_t e = 0; e < plan.params.pack; ++e) word.append(plan.params.padCode, plan.element.bits);
  return b.constantBits(plan.beatBits(), word.words());
}

/// The popped beat in the format of the output's elements.
Signal widened(Builder& b, const WindowPlan& plan, Pipeline& pipeline) {
  if (fixed::formatFor(plan.params.input) == plan.element) return pipeline.beat(0).signal;
  std::vector<Signal> parts;
  for (const Value& element : pipeline.elements(0)) parts.push_back(toBits(b, element.signal, plan.element));
  return parts.size() == 1 ? parts[0] : b.concat(parts);
}

Signal joined(Builder& b, const std::vector<Signal>& fromLowest) {
  return fromLowest.size() == 1 ? fromLowest[0] : b.concat(fromLowest);
}

}  // namespace

std::vector<Value> windowHeads(const WindowPlan& plan, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  const WindowParams& p = plan.params;
  const Signal reads = holdsAny(pipeline, plan.reads).signal;
  const Signal next = b.mux(reads, widened(b, plan, pipeline), paddedBeat(b, plan));
  const Signal first = pipeline.holds(When{plan.positionLoop(), Relation::equal, 0}).signal;
  const Signal entry = plan.scan.positionFolds > 1
                           ? b.regEnabled(next, b.bitAnd(pipeline.valid(0), first), "entry")
                           : b.reg(next, "entry");
  if (p.kernelHeight == 1) return {{entry, 1}};

  const std::uint32_t above = p.kernelHeight - 1, bits = plan.beatBits();
  const std::uint32_t words = p.dilationHeight * plan.scan.columns * plan.scan.folds;
  const BufferStyle style = settleBuffer(p.rows, words, std::uint64_t{above} * bits, p.family);
  DelayLine line(pipeline, words, above * bits, style, 1, pipeline.holds(plan.steps()), "rows");
  // raw[k]: the pixel k * dilationHeight rows above the scan, whatever was there.
  std::vector<Signal> raw{entry};
  for (std::uint32_t k = 0; k < above; ++k) raw.push_back(b.slice(line.out(), k * bits, bits));
  line.in(joined(b, {raw.begin(), raw.end() - 1}));

  std::vector<Value> heads;
  for (std::uint32_t k = p.kernelHeight; k-- > 0;) {
    Signal head = raw[k];
    const std::uint32_t limit = std::min(k * p.dilationHeight, plan.scan.rows);
    if (plan.maskRows && limit > 0) {
      const Value outside = holdsAny(pipeline, interval(plan.rowAxis, 0, limit));
      head = b.mux(pipeline.at(outside, 1).signal, paddedBeat(b, plan), head);
    }
    heads.push_back({b.reg(head, "head" + std::to_string(p.kernelHeight - 1 - k)), 2});
  }
  return heads;
}

std::vector<Value> columnTaps(const WindowPlan& plan, Pipeline& pipeline, Value column) {
  const WindowParams& p = plan.params;
  const std::uint32_t count = p.kernelWidth, spacing = p.dilationWidth * plan.scan.folds;
  if (count == 1) return {column};
  Builder& b = pipeline.builder();
  const std::uint32_t bits = b.width(column.signal);
  const BufferStyle style = settleBuffer(p.columns, spacing, std::uint64_t{count - 1} * bits, p.family);
  DelayLine line(pipeline, spacing, (count - 1) * bits, style, column.stage, pipeline.holds(plan.steps()),
                 "columns");
  std::vector<Signal> taps{column.signal};
  for (std::uint32_t k = 0; k + 1 < count; ++k) taps.push_back(b.slice(line.out(), k * bits, bits));
  line.in(joined(b, {taps.begin(), taps.end() - 1}));
  std::vector<Value> oldestFirst;
  for (std::uint32_t k = count; k-- > 0;) oldestFirst.push_back({taps[k], column.stage});
  return oldestFirst;
}

namespace {

void build(const WindowPlan& plan, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  const WindowParams& p = plan.params;
  std::vector<Signal> heads;
  for (const Value& head : windowHeads(plan, pipeline)) heads.push_back(head.signal);
  const Value column{joined(b, heads), plan.headStage()};
  const std::vector<Value> taps = columnTaps(plan, pipeline, column);
  const std::uint32_t bits = plan.beatBits(), atOnce = plan.positionsAtOnce();
  std::vector<std::vector<Signal>> folds(plan.scan.positionFolds);
  for (std::uint32_t k = 0; k < plan.scan.positions; ++k)
    folds[k / atOnce].push_back(b.slice(taps[k % p.kernelWidth].signal, k / p.kernelWidth * bits, bits));
  std::vector<Signal> beats;
  for (const std::vector<Signal>& fold : folds) beats.push_back(joined(b, fold));
  if (beats.size() == 1) return pipeline.write(1, {beats[0], plan.headStage()});
  const Signal fold = pipeline.at(pipeline.counter(plan.positionLoop()), plan.headStage()).signal;
  pipeline.write(1, {b.reg(b.select(fold, beats), "y"), plan.headStage() + 1});
}

}  // namespace

Result<Kernel> window(const WindowParams& params) {
  SLUICE_TRY(WindowPlan made, planWindow(params));
  const std::uint64_t elements = std::uint64_t{made.positionsAtOnce()} * params.pack;
  if (elements > (1u << 16))
    return unsupported("a window of " + std::to_string(elements) + " elements a beat; at most 2^16");
  const auto plan = std::make_shared<const WindowPlan>(std::move(made));
  Kernel kernel;
  kernel.family = "window";
  kernel.name = "window_" + std::to_string(params.height) + "x" + std::to_string(params.width) + "x" +
                std::to_string(params.channels) + "_k" + std::to_string(params.kernelHeight) + "x" +
                std::to_string(params.kernelWidth) + "_p" + std::to_string(params.pack) + "_" +
                windowDigest(params);
  kernel.ports = {
      {"x", Direction::read, {params.pack, fixed::formatFor(params.input)}, params.input},
      {"y", Direction::write, {plan->positionsAtOnce() * params.pack, plan->element}, plan->scan.output}};
  kernel.schedule = plan->loops;
  kernel.schedule.depth = plan->headStage() + (plan->scan.positionFolds > 1 ? 1 : 0);
  addAccesses(kernel.schedule, 0, Direction::read, 0, plan->reads);
  addAccesses(kernel.schedule, 1, Direction::write, kernel.schedule.depth, plan->writes);
  kernel.datapath = [plan](Pipeline& pipeline) { build(*plan, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
