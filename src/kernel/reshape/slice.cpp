#include "kernel/reshape/slice.h"

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"
#include "kernel/loops.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;

constexpr std::uint64_t kMostPositions = std::uint64_t{1} << 30;

Status checkCommon(std::uint32_t pack, fixed::Interval range, std::size_t axes) {
  if (pack == 0) return badInput("a beat has at least one element");
  if (axes == 0) return badInput("a tensor without axes");
  SLUICE_RETURN_IF_ERROR(checkInput(range));
  return {};
}

void hashRange(Hasher& hash, fixed::Interval range) {
  hash.field(static_cast<std::uint64_t>(range.lo)).field(static_cast<std::uint64_t>(range.hi));
}

/// One axis of y: where x stands, where its first beat does, where the others do.
struct PadPlaces {
  AnyOf all, first, later;
};

/// Where x stands in y, without its first beat: on some axis later than the first, on those before it at the first.
AnyOf afterFirst(const std::vector<PadPlaces>& places) {
  AnyOf sets;
  for (std::size_t k = 0; k < places.size(); ++k) {
    AnyOf here{{}};
    for (std::size_t l = 0; l < places.size(); ++l)
      here = bothOf(here, l < k ? places[l].first : l == k ? places[l].later : places[l].all);
    sets.insert(sets.end(), here.begin(), here.end());
  }
  return sets;
}

/// The first iteration of a pass.
AnyOf beginOf(const dataflow::Schedule& schedule) {
  Tests tests;
  for (std::uint32_t l = 0; l < schedule.loops.size(); ++l)
    tests.push_back({l, dataflow::Relation::equal, 0});
  return {tests};
}

}  // namespace

Result<Kernel> slice(const SliceParams& p) {
  SLUICE_RETURN_IF_ERROR(checkCommon(p.pack, p.range, p.axes.size()));
  Kernel kernel;
  Hasher hash;
  hashRange(hash, p.range);
  AnyOf reads{{}}, writes{{}};
  bool whole = true;
  for (const SliceAxis& a : p.axes) {
    if (a.extent == 0 || a.count == 0 || a.step == 0) return badInput("an axis of no beats, or a step of 0");
    const std::uint64_t last = a.begin + std::uint64_t{a.count - 1} * a.step;
    if (last >= a.extent)
      return badInput("a part that ends at " + std::to_string(last) + " of an axis of " +
                      std::to_string(a.extent));
    const std::uint32_t step = a.count == 1 ? 1 : a.step;
    const Axis axis = addAxis(kernel.schedule, a.extent, step);
    whole = whole && a.extent % step == 0;
    reads = bothOf(reads, interval(axis, 0, a.extent));
    writes = bothOf(writes, progression(axis, a.begin, a.count, step));
    for (const std::uint32_t v : {a.extent, a.begin, a.count, a.step}) hash.field(v);
  }
  if (whole) reads = {{}};
  const Beat beat{p.pack, fixed::formatFor(p.range)};
  kernel.family = "slice";
  kernel.name = "slice_p" + std::to_string(p.pack) + "_" + hash.hex().substr(0, 8);
  kernel.ports = {{"x", Direction::read, beat, p.range}, {"y", Direction::write, beat, p.range}};
  addAccesses(kernel.schedule, 0, Direction::read, 0, reads);
  addAccesses(kernel.schedule, 1, Direction::write, 0, writes);
  kernel.datapath = [](Pipeline& pipeline) { pipeline.write(1, pipeline.beat(0)); };
  return kernel;
}

Result<Kernel> pad(const PadParams& p) {
  SLUICE_RETURN_IF_ERROR(checkCommon(p.pack, p.range, p.axes.size()));
  Kernel kernel;
  Hasher hash;
  hashRange(hash, p.range);
  hash.field(static_cast<std::uint64_t>(p.padCode));
  AnyOf writes{{}};
  bool whole = true, early = false;
  std::vector<PadPlaces> places;
  for (const PadAxis& a : p.axes) {
    if (a.extent == 0) return badInput("an axis of no beats");
    const std::uint64_t total =
        std::uint64_t{a.before} + a.after + std::uint64_t{a.extent - 1} * (std::uint64_t{a.between} + 1) + 1;
    if (total > kMostPositions)
      return unsupported("an axis of " + std::to_string(total) + " positions; at most 2^30");
    const std::uint32_t step = a.extent == 1 ? 1 : a.between + 1;
    const auto extent = static_cast<std::uint32_t>(total);
    const Axis axis = addAxis(kernel.schedule, extent, step);
    whole = whole && extent % step == 0;
    early = early || a.before > 0;
    places.push_back({.all = progression(axis, a.before, a.extent, step),
                      .first = progression(axis, a.before, 1, step),
                      .later = progression(axis, a.before + step, a.extent - 1, step)});
    writes = bothOf(writes, interval(axis, 0, extent));
    for (const std::uint32_t v : {a.extent, a.before, a.after, a.between}) hash.field(v);
  }
  AnyOf inside{{}}, first{{}};  // where x stands in y, and where its first beat does
  for (const PadPlaces& axis : places) {
    inside = bothOf(inside, axis.all);
    first = bothOf(first, axis.first);
  }
  const AnyOf begin = beginOf(kernel.schedule);
  AnyOf reads = inside;
  if (early) {
    reads = afterFirst(places);
    reads.insert(reads.end(), begin.begin(), begin.end());
  }
  if (whole) writes = {{}};
  const fixed::Interval range = fixed::join(p.range, {p.padCode, p.padCode});
  kernel.family = "pad";
  kernel.name = "pad_p" + std::to_string(p.pack) + "_" + hash.hex().substr(0, 8);
  kernel.ports = {{"x", Direction::read, {p.pack, fixed::formatFor(p.range)}, p.range},
                  {"y", Direction::write, {p.pack, fixed::formatFor(range)}, range}};
  kernel.schedule.depth = 1;
  addAccesses(kernel.schedule, 0, Direction::read, 0, reads);
  addAccesses(kernel.schedule, 1, Direction::write, 1, writes);
  kernel.datapath = [inside, first, begin, early, code = p.padCode](Pipeline& pipeline) {
    hdl::Builder& b = pipeline.builder();
    const hdl::Signal isInside = holdsAny(pipeline, inside).signal;
    std::vector<Pipeline::Value> y;
    for (const Pipeline::Value& x : pipeline.elements(0)) {
      hdl::Signal element = x.signal;
      if (early) {
        const hdl::Signal take = b.bitAnd(pipeline.valid(0), holdsAny(pipeline, begin).signal);
        const hdl::Signal kept = b.regEnabled(x.signal, take, "first");
        element = b.mux(holdsAny(pipeline, first).signal, kept, element);
      }
      y.push_back({b.reg(b.mux(isInside, element, b.constant(code)), "y1"), 1});
    }
    pipeline.writeElements(1, y);
  };
  return kernel;
}

}  // namespace sluice::kernel
