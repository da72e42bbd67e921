#include "kernel/merge/merge.h"

#include <algorithm>

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using hdl::Signal;

__extension__ using Wide = __int128;

std::string nameOf(const MergeParams& p, fixed::Interval output) {
  Hasher hash;
  const auto number = [&hash](std::int64_t v) { hash.update(static_cast<std::uint64_t>(v)); };
  for (const MergeInput& input : p.inputs) {
    number(input.range.lo);
    number(input.range.hi);
    hash.field(input.shift);
  }
  number(output.lo);
  number(output.hi);
  return "merge_" + std::to_string(p.inputs.size()) + "_p" + std::to_string(p.pack) + "_" +
         hash.hex().substr(0, 8);
}

void build(const MergeParams& p, fixed::Interval output, std::uint32_t depth, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const auto count = static_cast<std::uint32_t>(p.inputs.size());
  std::vector<Pipeline::Value> y;
  for (std::uint32_t e = 0; e < p.pack; ++e) {
    std::vector<Signal> level;
    for (std::uint32_t k = 0; k < count; ++k)
      level.push_back(b.shiftLeft(pipeline.elements(k)[e].signal, p.inputs[k].shift));
    for (std::uint32_t stage = 1; stage <= depth; ++stage) {
      std::vector<Signal> next;
      for (std::size_t i = 0; i + 1 < level.size(); i += 2)
        next.push_back(b.reg(b.add(level[i], level[i + 1])));
      if (level.size() % 2 == 1) next.push_back(b.reg(level.back()));
      level = std::move(next);
    }
    SLUICE_CHECK(output.contains(b.range(level[0])), "the range of a sum of independent terms is exact");
    y.push_back({level[0], depth});
  }
  pipeline.writeElements(count, y);
}

}  // namespace

Result<fixed::Interval> mergeOutputRange(const MergeParams& p) {
  if (p.pack == 0) return badInput("a beat has at least one element");
  if (p.inputs.empty()) return badInput("a merge has at least one input");
  Wide lo = 0, hi = 0;
  for (const MergeInput& input : p.inputs) {
    if (input.range.lo > input.range.hi) return badInput("the range of an input is empty");
    if (input.shift > 60)
      return unsupported("a shift of " + std::to_string(input.shift) + " bits; at most 60");
    lo += static_cast<Wide>(input.range.lo) * (Wide{1} << input.shift);
    hi += static_cast<Wide>(input.range.hi) * (Wide{1} << input.shift);
    if (lo < -kLargest || hi > kLargest) return unsupported("the sum of the inputs needs more than 62 bits");
  }
  return fixed::Interval{static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)};
}

Result<Kernel> merge(const MergeParams& params) {
  SLUICE_TRY(const fixed::Interval proven, mergeOutputRange(params));
  SLUICE_TRY(const fixed::Interval output, declaredOr(proven, params.output));
  const auto count = static_cast<std::uint32_t>(params.inputs.size());
  const std::uint32_t depth = std::max(1u, indexBits(count));
  Kernel kernel;
  kernel.family = "merge";
  kernel.name = nameOf(params, output);
  for (std::uint32_t k = 0; k < count; ++k) {
    const fixed::Interval range = params.inputs[k].range;
    kernel.ports.push_back(
        {"x" + std::to_string(k), Direction::read, {params.pack, fixed::formatFor(range)}, range});
    kernel.schedule.accesses.push_back({.port = k, .direction = Direction::read, .stage = 0, .when = {}});
  }
  kernel.ports.push_back({"y", Direction::write, {params.pack, fixed::formatFor(output)}, output});
  kernel.schedule.accesses.push_back(
      {.port = count, .direction = Direction::write, .stage = depth, .when = {}});
  kernel.schedule.depth = depth;
  kernel.datapath = [params, output, depth](Pipeline& pipeline) { build(params, output, depth, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
