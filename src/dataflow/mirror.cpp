#include "dataflow/mirror.h"

namespace sluice::dataflow {
namespace {

/// The iterations that were the last come first.
Schedule backwards(const Schedule& schedule) {
  Schedule result = schedule;
  result.depth = 0;
  for (Access& access : result.accesses) {
    access.direction = access.direction == Direction::read ? Direction::write : Direction::read;
    access.stage = 0;
    for (When& when : access.when) {
      const std::uint32_t extent = schedule.loops[when.loop].extent;
      switch (when.relation) {
        case Relation::equal:  // a value that never occurs must go on not to occur
          when.value = when.value < extent ? extent - 1 - when.value : extent;
          break;
        case Relation::less:
          when = {when.loop, Relation::greaterEqual, when.value < extent ? extent - when.value : 0};
          break;
        case Relation::greaterEqual:
          when = {when.loop, Relation::less, when.value < extent ? extent - when.value : 0};
          break;
      }
    }
  }
  return result;
}

}  // namespace

Network mirrored(const Network& network) {
  Network result = network;
  for (Actor& actor : result.actors) {
    std::vector<bool> seen(actor.ports.size(), false);
    for (const Access& access : actor.schedule.accesses)
      if (access.direction == Direction::write && !seen[access.port]) {
        seen[access.port] = true;
        result.channels[actor.ports[access.port].index].delay += access.stage;
      }
    actor.schedule = backwards(actor.schedule);
  }
  for (Link& link : result.links) {
    result.channels[link.to.index].delay += link.latency;
    std::swap(link.from, link.to);
    link.latency = 0;
  }
  std::swap(result.sources, result.sinks);
  return result;
}

}  // namespace sluice::dataflow
