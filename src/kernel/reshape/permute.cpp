#include "kernel/reshape/permute.h"

#include <algorithm>
#include <memory>

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;
using dataflow::When;
using hdl::Signal;

constexpr std::uint32_t kMostBeats = 1u << 22;

/// One loop over y: how often, and how far apart its positions lie in x.
struct OutputLoop {
  std::uint32_t extent = 1, stride = 1;
};

struct PermutePlan {
  PermuteParams params;
  std::uint32_t beats = 1, lag = 1;
  std::vector<OutputLoop> loops;  ///< outermost first; loops of one iteration left out, neighbours joined
};

/// Position in x of every output.
std::vector<std::uint32_t> sources(const PermutePlan& plan) {
  std::vector<std::uint32_t> result{0};
  for (const OutputLoop& loop : plan.loops) {
    std::vector<std::uint32_t> next;
    next.reserve(result.size() * loop.extent);
    for (const std::uint32_t at : result)
      for (std::uint32_t i = 0; i < loop.extent; ++i) next.push_back(at + i * loop.stride);
    result = std::move(next);
  }
  return result;
}

Result<PermutePlan> plan(const PermuteParams& p) {
  const std::size_t axes = p.shape.size();
  if (axes == 0 || p.permutation.size() != axes)
    return badInput("a permutation of " + std::to_string(p.permutation.size()) + " axes for a tensor of " +
                    std::to_string(axes));
  std::vector<bool> seen(axes, false);
  for (const std::uint32_t axis : p.permutation) {
    if (axis >= axes || seen[axis]) return badInput("the axes of y are no permutation of those of x");
    seen[axis] = true;
  }
  if (p.pack == 0) return badInput("a beat has at least one element");
  if (p.pack > 1 && p.permutation.back() + 1 != axes)
    return badInput("beats of " + std::to_string(p.pack) +
                    " elements of the last axis, which does not stay last: put a width converter in front");
  SLUICE_RETURN_IF_ERROR(checkInput(p.range));
  PermutePlan result{.params = p};
  std::uint64_t beats = 1;
  std::vector<std::uint32_t> stride(axes, 1);
  for (std::size_t k = axes; k-- > 0;) {
    if (p.shape[k] == 0) return badInput("an axis of no beats");
    stride[k] = static_cast<std::uint32_t>(beats);
    beats *= p.shape[k];
    if (beats > kMostBeats) return unsupported("a frame of more than 2^22 beats is not kept");
  }
  result.beats = static_cast<std::uint32_t>(beats);
  for (const std::uint32_t axis : p.permutation) {
    if (p.shape[axis] == 1) continue;
    const OutputLoop loop{p.shape[axis], stride[axis]};
    if (!result.loops.empty() && result.loops.back().stride == loop.stride * loop.extent)
      result.loops.back() = {result.loops.back().extent * loop.extent, loop.stride};
    else
      result.loops.push_back(loop);
  }
  std::int64_t lag = 1;
  const std::vector<std::uint32_t> from = sources(result);
  for (std::size_t m = 0; m < from.size(); ++m)
    lag = std::max(lag, std::int64_t{from[m]} - static_cast<std::int64_t>(m) + 1);
  result.lag = static_cast<std::uint32_t>(lag);
  return result;
}

/// The word of the output beat, at stage 1: steps after every output.
Signal outputAddress(const PermutePlan& plan, Pipeline& pipeline, Signal step) {
  hdl::Builder& b = pipeline.builder();
  if (plan.loops.empty()) return b.constant(0);
  const Signal address = b.regDeclare({0, plan.beats - 1}, 0, "from");
  // From the innermost loop outwards: the way on if loop l is the one that moves.
  Signal carry = step;
  std::int64_t back = 0;
  Signal delta, isLast = b.flag(true);
  std::vector<std::pair<Signal, std::int64_t>> moves;  // (all loops inside are at their last, how far)
  for (std::size_t l = plan.loops.size(); l-- > 0;) {
    const auto [extent, stride] = plan.loops[l];
    moves.push_back({isLast, std::int64_t{stride} - back});
    const Signal counter = b.regDeclare({0, extent - 1}, 0, "out" + std::to_string(l));
    const Signal last = b.equal(counter, b.constant(extent - 1));
    const Signal up = b.assume(b.add(counter, b.constant(1)), {0, extent - 1});
    b.regDrive(counter, b.mux(last, b.constant(0), up), carry);
    carry = b.bitAnd(carry, last);
    isLast = b.bitAnd(isLast, last);
    back += std::int64_t{extent - 1} * stride;
  }
  delta = b.constant(-back);  // all at their last: back to the first word
  for (std::size_t l = moves.size(); l-- > 0;) {
    // Moves are tried from the innermost: loop l moves if those inside it are at their last and it is not itself.
    const Signal atEnd = l + 1 < moves.size() ? moves[l + 1].first : isLast;
    delta = b.mux(atEnd, delta, b.constant(moves[l].second));
  }
  b.regDrive(address, b.assume(b.add(address, delta), {0, plan.beats - 1}), step);
  return address;
}

void build(const PermutePlan& plan, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const PermuteParams& p = plan.params;
  const Signal beat = b.reg(pipeline.beat(0).signal, "x1");
  const Pipeline::Value reads = pipeline.holds(When{0, Relation::less, plan.beats});
  const Pipeline::Value writes = pipeline.holds(When{0, Relation::greaterEqual, plan.lag});
  const Signal take = b.bitAnd(pipeline.valid(1), pipeline.at(reads, 1).signal);
  const Signal give = b.bitAnd(pipeline.valid(1), pipeline.at(writes, 1).signal);
  if (plan.beats == 1) return pipeline.write(1, {b.delay(b.regEnabled(beat, take, "word"), 0), 2});
  const std::uint32_t width = b.width(beat);
  const BufferStyle style = settleBuffer(p.buffer, std::max(plan.beats, 3u), width, p.family);
  const bool block = style == BufferStyle::blockRam;
  const hdl::MemoryId frame =
      b.ram("frame", width, plan.beats, block ? hdl::Style::blockRam : hdl::Style::lutRam, block);
  // A word is read one iteration after it was written at the earliest, and written again a frame later.
  b.neverCollides(frame);
  const Signal to = b.regDeclare({0, plan.beats - 1}, 0, "to");
  const Signal last = b.equal(to, b.constant(plan.beats - 1));
  const Signal up = b.assume(b.add(to, b.constant(1)), {0, plan.beats - 1});
  b.regDrive(to, b.mux(last, b.constant(0), up), take);
  b.write(frame, take, to, beat);
  const Signal word = b.read(frame, outputAddress(plan, pipeline, give));
  pipeline.write(1, {block ? word : b.reg(word, "y2"), 2});
}

}  // namespace

Result<std::uint32_t> permuteLag(const PermuteParams& params) {
  SLUICE_TRY(const PermutePlan made, plan(params));
  return made.lag;
}

Result<Kernel> permute(const PermuteParams& params) {
  SLUICE_TRY(PermutePlan made, plan(params));
  const auto shared = std::make_shared<const PermutePlan>(std::move(made));
  Hasher hash;
  hash.field(static_cast<std::uint64_t>(params.range.lo)).field(static_cast<std::uint64_t>(params.range.hi));
  hash.field(static_cast<std::uint64_t>(params.buffer)).field(static_cast<std::uint64_t>(params.family));
  for (const OutputLoop& loop : shared->loops) hash.field(loop.extent).field(loop.stride);
  const Beat beat{params.pack, fixed::formatFor(params.range)};
  Kernel kernel;
  kernel.family = "permute";
  kernel.name = "permute_" + std::to_string(shared->beats) + "_p" + std::to_string(params.pack) + "_" +
                hash.hex().substr(0, 8);
  kernel.ports = {{"x", Direction::read, beat, params.range}, {"y", Direction::write, beat, params.range}};
  kernel.schedule.loops = {{shared->beats + shared->lag}};
  kernel.schedule.depth = 2;
  kernel.schedule.accesses = {{0, Direction::read, 0, {{0, Relation::less, shared->beats}}},
                              {1, Direction::write, 2, {{0, Relation::greaterEqual, shared->lag}}}};
  kernel.datapath = [shared](Pipeline& pipeline) { build(*shared, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
