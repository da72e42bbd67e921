#include "kernel/reduce/reduce.h"

#include <algorithm>

#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;
using dataflow::When;
using hdl::Builder;
using hdl::Signal;

const char* reductionName(PoolOperation operation) {
  switch (operation) {
    case PoolOperation::maximum:
      return "rowmax";
    case PoolOperation::minimum:
      return "rowmin";
    case PoolOperation::sum:
      return "rowsum";
  }
  return "";
}

/// Of `count` elements.
fixed::Interval rangeOfSome(const ReduceParams& p, std::uint32_t count) {
  if (p.operation != PoolOperation::sum) return p.input;
  return {p.input.lo * count, p.input.hi * count};
}

Signal reducedPair(Builder& b, PoolOperation operation, Signal x, Signal y) {
  if (operation == PoolOperation::sum) return b.add(x, y);
  const Signal takesSecond = operation == PoolOperation::maximum ? b.less(x, y) : b.less(y, x);
  return b.mux(takesSecond, y, x);
}

/// Stage of the tree's value: x is registered, then a register a level.
std::uint32_t treeStage(const ReduceParams& p) { return 1 + indexBits(p.pack); }

void build(const ReduceParams& p, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  const fixed::IntegerFormat format = fixed::formatFor(p.input);
  std::vector<Signal> level;
  for (std::uint32_t e = 0; e < p.pack; ++e)
    level.push_back(numberAt(b, held, e * format.bits, format, p.input));
  while (level.size() > 1) {
    std::vector<Signal> next;
    for (std::size_t i = 0; i < level.size(); i += 2)
      next.push_back(
          b.reg(i + 1 < level.size() ? reducedPair(b, p.operation, level[i], level[i + 1]) : level[i]));
    level = std::move(next);
  }
  const std::uint32_t stage = treeStage(p);
  const fixed::Interval output = rangeOfSome(p, p.n);
  if (p.n == p.pack) return pipeline.writeElements(1, {{narrowed(b, level[0], output), stage}});
  // Sums of some of the beats lie between the sum of one and the sum of all.
  const fixed::Interval range = fixed::join(rangeOfSome(p, p.pack), output);
  const Signal first = pipeline.at(pipeline.holds(When{0, Relation::equal, 0}), stage).signal;
  const Signal kept = b.regDeclare(range, std::nullopt, "kept");
  const Signal now =
      p.operation == PoolOperation::sum
          ? narrowed(b, b.add(level[0], b.mux(first, b.constant(0), kept)), range)
          : narrowed(b, b.mux(first, level[0], reducedPair(b, p.operation, kept, level[0])), range);
  b.regDrive(kept, now, pipeline.valid(stage));
  pipeline.writeElements(1, {{narrowed(b, kept, output), stage + 1}});
}

}  // namespace

Result<fixed::Interval> reduceOutputRange(const ReduceParams& p) {
  if (p.n == 0) return badInput("a row of no elements");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.n, "elements"));
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  constexpr std::int64_t most = std::int64_t{1} << 61;
  if (p.input.lo < -most / p.n || p.input.hi > most / p.n)
    return unsupported("the sum over a row needs more than 62 bits");
  return rangeOfSome(p, p.n);
}

Result<Kernel> reduce(const ReduceParams& p) {
  SLUICE_TRY(const fixed::Interval output, reduceOutputRange(p));
  const std::uint32_t folds = p.n / p.pack;
  const std::uint32_t depth = treeStage(p) + (folds > 1 ? 1 : 0);
  const auto number = [](std::int64_t v) { return (v < 0 ? "m" : "") + std::to_string(v < 0 ? -v : v); };
  Kernel kernel;
  kernel.family = "reduce";
  kernel.name = std::string(reductionName(p.operation)) + "_" + std::to_string(p.n) + "_p" +
                std::to_string(p.pack) + "_" + number(p.input.lo) + "_" + number(p.input.hi);
  kernel.ports = {{"x", Direction::read, {p.pack, fixed::formatFor(p.input)}, p.input},
                  {"y", Direction::write, {1, fixed::formatFor(output)}, output}};
  kernel.schedule.loops = {{folds}};
  kernel.schedule.depth = depth;
  kernel.schedule.accesses = {
      {.port = 0, .direction = Direction::read, .stage = 0, .when = {}},
      {.port = 1, .direction = Direction::write, .stage = depth, .when = {{0, Relation::equal, folds - 1}}}};
  kernel.datapath = [p](Pipeline& pipeline) { build(p, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
