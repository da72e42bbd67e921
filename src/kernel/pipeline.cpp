#include "kernel/bits.h"
#include "kernel/kernel.h"

namespace sluice::kernel {

using dataflow::Direction;
using dataflow::Relation;
using hdl::Signal;

Pipeline::Pipeline(hdl::Builder& builder, const Kernel& kernel, Signal issue, std::vector<Signal> counters,
                   std::vector<Signal> beats)
    : builder_(builder),
      kernel_(kernel),
      counters_(std::move(counters)),
      beats_(std::move(beats)),
      valids_{issue},
      written_(kernel.ports.size()) {}

Pipeline::Value Pipeline::beat(std::uint32_t port) const {
  SLUICE_CHECK(kernel_.ports[port].direction == Direction::read, "only read ports have a popped beat");
  return {beats_[port], 0};
}

std::vector<Pipeline::Value> Pipeline::elements(std::uint32_t port) const {
  const StreamPort& stream = kernel_.ports[port];
  std::vector<Value> result;
  for (std::uint32_t e = 0; e < stream.beat.elements; ++e)
    result.push_back(
        {numberAt(builder_, beat(port).signal, e * stream.beat.format.bits, stream.beat.format, stream.range),
         0});
  return result;
}

Pipeline::Value Pipeline::counter(std::uint32_t loop) const { return {counters_[loop], 0}; }

Pipeline::Value Pipeline::holds(const dataflow::When& when) {
  const std::uint32_t extent = kernel_.schedule.loops[when.loop].extent;
  const std::uint32_t v = when.value;
  // Tests that the extent alone decides cost nothing.
  const bool always = (when.relation == Relation::equal && extent == 1 && v == 0) ||
                      (when.relation == Relation::less && v >= extent) ||
                      (when.relation == Relation::greaterEqual && v == 0);
  if (always) return {builder_.flag(true), 0};
  const bool never = (when.relation == Relation::less) ? v == 0 : v >= extent;
  if (never) return {builder_.flag(false), 0};
  const Signal counter = counters_[when.loop];
  const Signal value = builder_.constant(v);
  switch (when.relation) {
    case Relation::equal:
      return {builder_.equal(counter, value), 0};
    case Relation::less:
      return {builder_.less(counter, value), 0};
    case Relation::greaterEqual:
      return {builder_.lessEqual(value, counter), 0};
  }
  SLUICE_CHECK(false, "every relation is handled");
}

Pipeline::Value Pipeline::holds(const std::vector<dataflow::When>& when) {
  Signal all = builder_.flag(true);
  for (const dataflow::When& test : when) all = builder_.bitAnd(all, holds(test).signal);
  return {all, 0};
}

Signal Pipeline::valid(std::uint32_t stage) {
  while (valids_.size() <= stage)
    valids_.push_back(builder_.regReset(valids_.back(), 0, "valid" + std::to_string(valids_.size())));
  return valids_[stage];
}

Pipeline::Value Pipeline::at(Value value, std::uint32_t stage) {
  SLUICE_CHECK(value.stage <= stage, "a value cannot be had before it is computed");
  return {builder_.delay(value.signal, stage - value.stage), stage};
}

void Pipeline::write(std::uint32_t port, Value value) {
  const StreamPort& stream = kernel_.ports[port];
  SLUICE_CHECK(stream.direction == Direction::write, "only write ports are written");
  SLUICE_CHECK(!written_[port].valid(), "a write port is written once by a datapath");
  std::uint32_t stage = 0;
  for (const dataflow::Access& access : kernel_.schedule.accesses)
    if (access.port == port) stage = access.stage;
  // One bit on a port of one bit is both: it counts as bits, which carry no promise.
  const bool isBit = builder_.width(value.signal) == 1 && stream.beat.width() == 1;
  if (stream.beat.elements == 1 && builder_.node(value.signal).isNumber() && !isBit) {
    SLUICE_CHECK(stream.range.contains(builder_.range(value.signal)),
                 "a written number lies in the range of its port");
    const Value late = at(value, stage);
    written_[port] = toBits(builder_, late.signal, stream.beat.format);
    return;
  }
  SLUICE_CHECK(builder_.width(value.signal) == stream.beat.width(), "a beat has the width of its port");
  written_[port] = at(value, stage).signal;
}

void Pipeline::writeElements(std::uint32_t port, const std::vector<Value>& elements) {
  const StreamPort& stream = kernel_.ports[port];
  SLUICE_CHECK(elements.size() == stream.beat.elements, "a beat has as many elements as its port says");
  std::uint32_t stage = 0;
  for (const dataflow::Access& access : kernel_.schedule.accesses)
    if (access.port == port) stage = access.stage;
  std::vector<Signal> parts;
  for (const Value& element : elements) {
    SLUICE_CHECK(stream.range.contains(builder_.range(element.signal)),
                 "a written number lies in the range of its port");
    parts.push_back(toBits(builder_, at(element, stage).signal, stream.beat.format));
  }
  const Signal beat = parts.size() == 1 ? parts[0] : builder_.concat(parts);
  SLUICE_CHECK(!written_[port].valid(), "a write port is written once by a datapath");
  written_[port] = beat;
}

}  // namespace sluice::kernel
