#include <numeric>

#include "dataflow/deadlock.h"
#include "dataflow/simulate.h"
#include "dataflow/steady.h"

namespace sluice::dataflow {

Result<Performance> measure(const Network& network, std::uint64_t mostFrames) {
  SLUICE_RETURN_IF_ERROR(check(network));
  SLUICE_TRY(const Balance flow, balance(network));
  SteadyState steady(network, flow);
  const auto stuck = [&] { return deadlockError(network, steady.engine(), "the network deadlocks"); };
  const auto first = steady.firstFrame({});
  if (!first.complete) return stuck();
  const auto bounds = steady.rate(std::max<std::uint64_t>(2, mostFrames / flow.frames));
  if (bounds.deadlock) return stuck();

  Performance result;
  result.latency = first.latency;
  result.periodic = bounds.proven();
  result.frames = bounds.cuts * flow.frames;
  const std::uint64_t frames = bounds.most.cuts * flow.frames;
  const std::uint64_t common = std::gcd(bounds.most.cycles, frames);
  result.cyclesPerPeriod = bounds.most.cycles / common;
  result.framesPerPeriod = frames / common;
  result.initiationInterval = (bounds.most.cycles + frames - 1) / frames;
  return result;
}

}  // namespace sluice::dataflow
