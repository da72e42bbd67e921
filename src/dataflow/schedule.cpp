#include "dataflow/schedule.h"

#include "dataflow/runs.h"

namespace sluice::dataflow {

std::uint64_t iterations(const Schedule& schedule) {
  std::uint64_t product = 1;
  for (const Loop& loop : schedule.loops) product *= loop.extent;
  return product;
}

bool accesses(const Schedule& schedule, std::uint32_t port, std::uint64_t i) {
  std::vector<std::uint64_t> counter(schedule.loops.size());
  for (std::size_t l = schedule.loops.size(); l-- > 0;) {
    counter[l] = i % schedule.loops[l].extent;
    i /= schedule.loops[l].extent;
  }
  for (const Access& access : schedule.accesses) {
    if (access.port != port) continue;
    bool all = true;
    for (const When& when : access.when) all = all && holds(when, counter.at(when.loop));
    if (all) return true;
  }
  return false;
}

std::uint64_t beatsPerPass(const Schedule& schedule, std::uint32_t port) {
  return RunTree(schedule).beats(port);
}

}  // namespace sluice::dataflow
