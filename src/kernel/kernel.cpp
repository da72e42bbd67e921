#include "kernel/kernel.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::kernel {
namespace {

using dataflow::Access;
using dataflow::Direction;

/// Prefixes that would collide with names every module has.
bool isReserved(const std::string& name) { return name == "clk" || name == "rst"; }

Status checkPorts(const Kernel& kernel) {
  for (std::size_t p = 0; p < kernel.ports.size(); ++p) {
    const StreamPort& port = kernel.ports[p];
    if (!isIdentifier(port.name) || isReserved(port.name))
      return badInput("port name '" + port.name + "' is not a legal Verilog identifier", kernel.name);
    for (std::size_t other = 0; other < p; ++other)
      if (kernel.ports[other].name == port.name)
        return badInput("two ports are called '" + port.name + "'", kernel.name);
    if (port.beat.elements == 0)
      return badInput("port '" + port.name + "' has beats of no elements", kernel.name);
    if (port.range.lo > port.range.hi || !port.beat.format.range().contains(port.range))
      return badInput("the format of port '" + port.name + "' does not hold its range", kernel.name);
  }
  return {};
}

Status checkAccess(const Kernel& kernel, const Access& access) {
  const dataflow::Schedule& schedule = kernel.schedule;
  if (access.port >= kernel.ports.size())
    return badInput("an access names port " + std::to_string(access.port) + ", which is not there",
                    kernel.name);
  const StreamPort& port = kernel.ports[access.port];
  if (access.direction != port.direction)
    return badInput("an access of port '" + port.name + "' goes the wrong way", kernel.name);
  if (access.direction == Direction::read && access.stage != 0)
    return badInput("port '" + port.name + "' is read at stage " + std::to_string(access.stage) +
                        "; reads pop at issue, stage 0",
                    kernel.name);
  if (access.stage > schedule.depth)
    return badInput("port '" + port.name + "' is written at stage " + std::to_string(access.stage) +
                        ", beyond the depth " + std::to_string(schedule.depth),
                    kernel.name);
  for (const dataflow::When& when : access.when)
    if (when.loop >= schedule.loops.size())
      return badInput("an access of port '" + port.name + "' tests loop " + std::to_string(when.loop) +
                          ", which is not there",
                      kernel.name);
  return {};
}

}  // namespace

Status check(const Kernel& kernel) {
  if (!isIdentifier(kernel.name)) return badInput("'" + kernel.name + "' is not a legal Verilog identifier");
  SLUICE_RETURN_IF_ERROR(checkPorts(kernel));
  const dataflow::Schedule& schedule = kernel.schedule;
  if (schedule.interval == 0) return badInput("the interval is 0; it is at least 1 cycle", kernel.name);
  for (const dataflow::Loop& loop : schedule.loops)
    if (loop.extent == 0) return badInput("a loop has extent 0", kernel.name);
  std::vector<const Access*> first(kernel.ports.size(), nullptr);
  for (const Access& access : schedule.accesses) {
    SLUICE_RETURN_IF_ERROR(checkAccess(kernel, access));
    const Access*& known = first[access.port];
    if (known == nullptr) known = &access;
    if (known->stage != access.stage)
      return badInput("accesses of port '" + kernel.ports[access.port].name + "' differ in stage",
                      kernel.name);
  }
  for (std::size_t p = 0; p < first.size(); ++p)
    if (first[p] == nullptr)
      return badInput("port '" + kernel.ports[p].name + "' is never read or written", kernel.name);
  if (!kernel.datapath) return badInput("the kernel has no datapath", kernel.name);
  return {};
}

dataflow::Actor actor(const Kernel& kernel, std::vector<dataflow::ChannelId> channels) {
  SLUICE_CHECK(channels.size() == kernel.ports.size(), "an actor has one channel per stream port");
  return {.name = kernel.name, .schedule = kernel.schedule, .ports = std::move(channels)};
}

}  // namespace sluice::kernel
