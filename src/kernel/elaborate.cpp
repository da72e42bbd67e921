#include "hdl/simplify.h"
#include "kernel/bits.h"
#include "kernel/kernel.h"

/// The controller of a kernel, made from its schedule and from nothing else.
///
///   issue   = every read port that this iteration reads is valid
///           & every write port that this iteration writes has a credit
///           & the interval has passed
///   pop     = issue & "this iteration reads"          reserve = issue & "this iteration writes"
///   push    = reserve, `stage` registers later (with reset: these registers are the promises in flight)
///
/// The loop counters step at issue, so what they show is the iteration that waits to issue. Everything right
/// of the issue line is a free-running pipeline: no enable, no stall, no path from a consumer's ready to a
/// producer.
///
/// The interval is counted downwards from interval-2 to -1, so that "it has passed" is the sign bit, for
/// nothing.
namespace sluice::kernel {

using dataflow::Access;
using dataflow::Direction;
using hdl::Builder;
using hdl::Signal;

namespace {

/// The iterations in which a port moves a beat, as a signal.
struct Predicate {
  bool always = false;
  Signal signal;
};

Predicate predicateOf(Builder& b, Pipeline& pipeline, const Kernel& kernel, std::uint32_t port) {
  Predicate result{.always = false, .signal = b.flag(false)};
  for (const Access& access : kernel.schedule.accesses) {
    if (access.port != port) continue;
    bool always = true;
    for (const dataflow::When& when : access.when) {
      const std::uint32_t extent = kernel.schedule.loops[when.loop].extent;
      always = always && ((when.relation == dataflow::Relation::equal && extent == 1 && when.value == 0) ||
                          (when.relation == dataflow::Relation::less && when.value >= extent) ||
                          (when.relation == dataflow::Relation::greaterEqual && when.value == 0));
    }
    result.always = result.always || always;
    result.signal = b.bitOr(result.signal, pipeline.holds(access.when).signal);
  }
  if (result.always) result.signal = b.flag(true);
  return result;
}

std::vector<Signal> declareCounters(Builder& b, const dataflow::Schedule& schedule) {
  std::vector<Signal> counters;
  for (std::size_t l = 0; l < schedule.loops.size(); ++l) {
    const std::uint32_t extent = schedule.loops[l].extent;
    counters.push_back(extent == 1 ? b.constant(0)
                                   : b.regDeclare({0, extent - 1}, 0, "loop" + std::to_string(l)));
  }
  return counters;
}

/// The innermost counter steps at every issue, the next one when it wraps, and so on.
void driveCounters(Builder& b, const dataflow::Schedule& schedule, const std::vector<Signal>& counters,
                   Signal issue) {
  Signal carry = issue;
  for (std::size_t l = counters.size(); l-- > 0;) {
    const std::uint32_t extent = schedule.loops[l].extent;
    if (extent == 1) continue;
    const Signal last = b.equal(counters[l], b.constant(extent - 1));
    const Signal up = b.add(counters[l], b.constant(1));
    const bool powerOfTwo = (extent & (extent - 1)) == 0;
    // Below the last value, counter + 1 is at most extent - 1; a power of two wraps by itself.
    const Signal next = powerOfTwo ? b.wrap(up, {indexBits(extent), false})
                                   : b.mux(last, b.constant(0), b.assume(up, {0, extent - 1}));
    b.regDrive(counters[l], next, carry);
    carry = b.bitAnd(carry, last);
  }
}

Signal delayWithReset(Builder& b, Signal signal, std::uint32_t cycles, const std::string& name) {
  for (std::uint32_t c = 1; c <= cycles; ++c) signal = b.regReset(signal, 0, name + std::to_string(c));
  return signal;
}

}  // namespace

hdl::Module elaborate(const Kernel& kernel) {
  const Status legal = check(kernel);
  SLUICE_CHECK(legal.ok(), "only legal kernels are elaborated");
  Builder b(kernel.name);
  const dataflow::Schedule& schedule = kernel.schedule;

  std::vector<Signal> beats(kernel.ports.size()), ready(kernel.ports.size());
  for (std::size_t p = 0; p < kernel.ports.size(); ++p) {
    const StreamPort& port = kernel.ports[p];
    if (port.direction == Direction::read) {
      beats[p] = b.inputBits(port.name + "_data", port.beat.width());
      ready[p] = b.input(port.name + "_valid", kBit);
    } else {
      ready[p] = b.input(port.name + "_credit", kBit);
    }
  }

  const std::vector<Signal> counters = declareCounters(b, schedule);
  std::vector<Predicate> moves;
  {
    Pipeline tests(b, kernel, b.flag(true), counters, beats);  // only for its tests on the counters
    for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) moves.push_back(predicateOf(b, tests, kernel, p));
  }

  Signal issue = b.flag(true);
  for (std::size_t p = 0; p < kernel.ports.size(); ++p)
    issue = b.bitAnd(issue, moves[p].always ? ready[p] : b.bitOr(ready[p], b.bitNot(moves[p].signal)));
  if (schedule.interval > 1) {
    const std::int64_t top = static_cast<std::int64_t>(schedule.interval) - 2;
    const Signal wait = b.regDeclare({-1, std::max<std::int64_t>(top, 0)}, -1, "wait");
    const Signal elapsed = b.less(wait, b.constant(0));
    issue = b.bitAnd(issue, elapsed);
    // While it has not elapsed, wait >= 0 and wait - 1 >= -1.
    const Signal down = b.assume(b.subtract(wait, b.constant(1)), {-1, std::max<std::int64_t>(top - 1, -1)});
    b.regDrive(wait, b.mux(issue, b.constant(top), b.mux(elapsed, b.constant(-1), down)));
  }
  b.nameHint(issue, "issue");
  driveCounters(b, schedule, counters, issue);

  Pipeline pipeline(b, kernel, issue, counters, beats);
  kernel.datapath(pipeline);

  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
    const StreamPort& port = kernel.ports[p];
    const Signal now = moves[p].always ? issue : b.bitAnd(issue, moves[p].signal);
    if (port.direction == Direction::read) {
      b.output(port.name + "_pop", now);
      continue;
    }
    std::uint32_t stage = 0;
    for (const Access& access : schedule.accesses)
      if (access.port == p) stage = access.stage;
    SLUICE_CHECK(pipeline.written_[p].valid(), "a datapath writes every write port");
    b.output(port.name + "_reserve", now);
    b.output(port.name + "_push",
             moves[p].always ? pipeline.valid(stage) : delayWithReset(b, now, stage, port.name + "_push"));
    b.output(port.name + "_data", pipeline.written_[p]);
  }
  return std::move(b).build();
}

hdl::Module hardware(const Kernel& kernel) { return hdl::simplify(elaborate(kernel)); }

}  // namespace sluice::kernel
