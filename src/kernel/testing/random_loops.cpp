#include <algorithm>

#include "kernel/bits.h"
#include "kernel/testing/random_families.h"

/// Kernels with any loop nest: they exist to try the controller, not to compute something useful. A running
/// sum of all that is read in a pass is written, whenever the schedule says so, at whatever stage it says.
namespace sluice::kernel {
namespace {

using dataflow::Access;
using dataflow::Direction;
using dataflow::Relation;
using dataflow::When;

constexpr fixed::IntegerFormat kSum{8, false};

std::vector<When> randomTests(Rng& rng, const std::vector<dataflow::Loop>& loops) {
  std::vector<When> tests;
  for (std::uint32_t l = 0; l < loops.size(); ++l)
    if (rng.chance(0.5))
      tests.push_back({l, static_cast<Relation>(rng.uniform(0, 2)),
                       static_cast<std::uint32_t>(rng.uniform(0, std::int64_t{loops[l].extent}))});
  return tests;
}

/// Accesses of a port that move at least one beat a pass.
void addAccesses(Rng& rng, dataflow::Schedule& schedule, std::uint32_t port, Direction direction,
                 std::uint32_t stage) {
  const std::size_t before = schedule.accesses.size();
  for (std::int64_t n = rng.uniform(1, 3); n > 0; --n)
    schedule.accesses.push_back({port, direction, stage, randomTests(rng, schedule.loops)});
  if (dataflow::beatsPerPass(schedule, port) > 0) return;
  schedule.accesses.resize(before);
  schedule.accesses.push_back({port, direction, stage, {}});
}

void build(const Kernel& kernel, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  hdl::Signal sum = b.constant(0);
  std::vector<When> first;
  for (std::uint32_t l = 0; l < kernel.schedule.loops.size(); ++l) first.push_back({l, Relation::equal, 0});
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
    if (kernel.ports[p].direction != Direction::read) continue;
    hdl::Signal reads = b.flag(false);
    for (const Access& access : kernel.schedule.accesses)
      if (access.port == p) reads = b.bitOr(reads, pipeline.holds(access.when).signal);
    sum = b.add(sum, b.mux(reads, pipeline.elements(p)[0].signal, b.constant(0)));
  }
  const hdl::Signal total = b.regDeclare(kSum.range(), std::nullopt, "total");
  const hdl::Signal start = b.mux(pipeline.holds(first).signal, b.constant(0), total);
  b.regDrive(total, b.wrap(b.add(start, sum), kSum), pipeline.valid(0));
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p)
    if (kernel.ports[p].direction == Direction::write) pipeline.write(p, {total, 1});
}

PassData goldenSums(const Kernel& kernel, const PassData& reads) {
  std::vector<std::size_t> next(reads.size(), 0);
  PassData writes;
  for (const StreamPort& port : kernel.ports)
    if (port.direction == Direction::write) writes.emplace_back();
  std::int64_t total = 0;
  for (std::uint64_t i = 0; i < iterations(kernel.schedule); ++i) {
    std::size_t read = 0, write = 0;
    for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
      const bool moves = accesses(kernel.schedule, p, i);
      if (kernel.ports[p].direction == Direction::read) {
        if (moves) total += reads[read][next[read]++];
        ++read;
      }
    }
    total &= 255;
    for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
      if (kernel.ports[p].direction != Direction::write) continue;
      if (accesses(kernel.schedule, p, i)) writes[write].push_back(total);
      ++write;
    }
  }
  return writes;
}

}  // namespace

KernelCase randomLoops(std::uint64_t seed) {
  Rng rng(seed, 109);
  Kernel kernel;
  kernel.family = "loops";
  kernel.name = "loops_" + std::to_string(seed);
  for (std::int64_t l = rng.uniform(0, 3); l > 0; --l)
    kernel.schedule.loops.push_back({static_cast<std::uint32_t>(rng.uniform(1, 5))});
  kernel.schedule.interval = static_cast<std::uint32_t>(rng.chance(0.5) ? 1 : rng.uniform(2, 5));
  const auto reads = static_cast<std::uint32_t>(rng.uniform(1, 3));
  const auto writes = static_cast<std::uint32_t>(rng.uniform(1, 3));
  for (std::uint32_t p = 0; p < reads + writes; ++p) {
    const bool isRead = p < reads;
    const auto direction = isRead ? Direction::read : Direction::write;
    const auto stage = isRead ? 0 : static_cast<std::uint32_t>(rng.uniform(1, 6));
    const fixed::Interval range = isRead ? randomRange(rng, 6) : kSum.range();
    kernel.ports.push_back({(isRead ? "x" : "y") + std::to_string(isRead ? p : p - reads),
                            direction,
                            {1, fixed::formatFor(range)},
                            range});
    addAccesses(rng, kernel.schedule, p, direction, stage);
    if (p == 0) {  // the first iteration reads, so that no pass begins without data and every run ends
      std::vector<When> first;
      for (std::uint32_t l = 0; l < kernel.schedule.loops.size(); ++l)
        first.push_back({l, Relation::equal, 0});
      kernel.schedule.accesses.push_back({p, direction, stage, first});
    }
    kernel.schedule.depth = std::max(kernel.schedule.depth, stage);
  }
  const Kernel shape = kernel;
  kernel.datapath = [shape](Pipeline& pipeline) { build(shape, pipeline); };
  return {.kernel = kernel, .golden = [shape](const PassData& in) { return goldenSums(shape, in); }};
}

}  // namespace sluice::kernel
