#include "kernel/concat/concat.h"

#include <numeric>

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"
#include "kernel/loops.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using hdl::Signal;

Status checkRound(const std::vector<std::uint32_t>& beats, std::uint32_t pack) {
  if (pack == 0) return badInput("a beat has at least one element");
  if (beats.empty()) return badInput("nothing to put one after the other");
  std::uint64_t total = 0;
  for (const std::uint32_t n : beats) {
    if (n == 0) return badInput("a stream without beats in a round");
    total += n;
  }
  if (total > (1u << 30)) return unsupported("a round of " + std::to_string(total) + " beats; at most 2^30");
  return {};
}

/// The one loop of a round, and the beats of each stream.
dataflow::Schedule roundOf(const std::vector<std::uint32_t>& beats, std::vector<AnyOf>& turns) {
  dataflow::Schedule schedule;
  const Axis axis = addAxis(schedule, std::accumulate(beats.begin(), beats.end(), 0u), 1);
  std::uint32_t from = 0;
  for (const std::uint32_t n : beats) {
    turns.push_back(interval(axis, from, from + n));
    from += n;
  }
  return schedule;
}

std::string digest(Hasher& hash, const std::vector<std::uint32_t>& beats) {
  for (const std::uint32_t n : beats) hash.field(n);
  return hash.hex().substr(0, 8);
}

}  // namespace

Result<Kernel> concat(const ConcatParams& p) {
  std::vector<std::uint32_t> beats;
  for (const ConcatInput& input : p.inputs) beats.push_back(input.beats);
  SLUICE_RETURN_IF_ERROR(checkRound(beats, p.pack));
  fixed::Interval range = p.inputs[0].range;
  Hasher hash;
  for (const ConcatInput& input : p.inputs) {
    if (input.range.lo > input.range.hi) return badInput("the range of an input is empty");
    range = fixed::join(range, input.range);
    hash.field(static_cast<std::uint64_t>(input.range.lo)).field(static_cast<std::uint64_t>(input.range.hi));
  }
  const auto count = static_cast<std::uint32_t>(beats.size());
  std::vector<AnyOf> turns;
  Kernel kernel;
  kernel.family = "concat";
  kernel.name = "concat_" + std::to_string(count) + "_p" + std::to_string(p.pack) + "_" + digest(hash, beats);
  kernel.schedule = roundOf(beats, turns);
  kernel.schedule.depth = 1;
  for (std::uint32_t k = 0; k < count; ++k) {
    const fixed::Interval r = p.inputs[k].range;
    kernel.ports.push_back({"x" + std::to_string(k), Direction::read, {p.pack, fixed::formatFor(r)}, r});
    addAccesses(kernel.schedule, k, Direction::read, 0, turns[k]);
  }
  kernel.ports.push_back({"y", Direction::write, {p.pack, fixed::formatFor(range)}, range});
  kernel.schedule.accesses.push_back({.port = count, .direction = Direction::write, .stage = 1, .when = {}});
  kernel.datapath = [turns, count, pack = p.pack](Pipeline& pipeline) {
    hdl::Builder& b = pipeline.builder();
    std::vector<Pipeline::Value> y;
    for (std::uint32_t e = 0; e < pack; ++e) {
      Signal chosen = pipeline.elements(0)[e].signal;
      for (std::uint32_t k = 1; k < count; ++k)
        chosen = b.mux(holdsAny(pipeline, turns[k]).signal, pipeline.elements(k)[e].signal, chosen);
      y.push_back({b.reg(chosen, "y1"), 1});
    }
    pipeline.writeElements(count, y);
  };
  SLUICE_RETURN_IF_ERROR(check(kernel));
  return kernel;
}

Result<Kernel> split(const SplitParams& p) {
  SLUICE_RETURN_IF_ERROR(checkRound(p.beats, p.pack));
  SLUICE_RETURN_IF_ERROR(checkInput(p.range));
  const Beat beat{p.pack, fixed::formatFor(p.range)};
  const auto count = static_cast<std::uint32_t>(p.beats.size());
  Hasher hash;
  hash.field(static_cast<std::uint64_t>(p.range.lo)).field(static_cast<std::uint64_t>(p.range.hi));
  std::vector<AnyOf> turns;
  Kernel kernel;
  kernel.family = "split";
  kernel.name =
      "split_" + std::to_string(count) + "_p" + std::to_string(p.pack) + "_" + digest(hash, p.beats);
  kernel.schedule = roundOf(p.beats, turns);
  kernel.ports.push_back({"x", Direction::read, beat, p.range});
  kernel.schedule.accesses.push_back({.port = 0, .direction = Direction::read, .stage = 0, .when = {}});
  for (std::uint32_t k = 0; k < count; ++k) {
    kernel.ports.push_back({"y" + std::to_string(k), Direction::write, beat, p.range});
    addAccesses(kernel.schedule, k + 1, Direction::write, 0, turns[k]);
  }
  kernel.datapath = [count](Pipeline& pipeline) {
    for (std::uint32_t k = 0; k < count; ++k) pipeline.write(k + 1, pipeline.beat(0));
  };
  SLUICE_RETURN_IF_ERROR(check(kernel));
  return kernel;
}

}  // namespace sluice::kernel
