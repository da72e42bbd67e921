#include "kernel/reshape/upsample.h"

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;
using dataflow::When;
using hdl::Signal;

constexpr std::uint32_t kRowCopy = 1, kPixelCopy = 3;

std::string nameOf(const UpsampleParams& p) {
  Hasher hash;
  for (const std::uint32_t v : {p.height, p.width, p.channels, p.pack, p.factorHeight, p.factorWidth,
                                p.copies, static_cast<std::uint32_t>(p.rows),
                                static_cast<std::uint32_t>(p.pixels), static_cast<std::uint32_t>(p.family)})
    hash.field(v);
  hash.field(static_cast<std::uint64_t>(p.range.lo)).field(static_cast<std::uint64_t>(p.range.hi));
  return "upsample_" + std::to_string(p.height) + "x" + std::to_string(p.width) + "x" +
         std::to_string(p.channels) + "_" + std::to_string(p.factorHeight) + "x" +
         std::to_string(p.factorWidth) + "_" + hash.hex().substr(0, 8);
}

/// The beat, or what stands in the delay line if this is a copy; it goes in again.
Signal repeated(const UpsampleParams& p, Pipeline& pipeline, Signal fresh, std::uint32_t words,
                BufferStyle asked, std::uint32_t copyLoop, Pipeline::Value steps, const std::string& name) {
  hdl::Builder& b = pipeline.builder();
  const std::uint32_t width = b.width(fresh);
  DelayLine line(pipeline, words, width, settleBuffer(asked, words, width, p.family), 1, steps, name);
  const Signal first = pipeline.at(pipeline.holds(When{copyLoop, Relation::equal, 0}), 1).signal;
  const Signal now = b.mux(first, fresh, line.out());
  line.in(now);
  return now;
}

void build(const UpsampleParams& p, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const std::uint32_t folds = p.channels / p.pack;
  Signal beat = b.reg(pipeline.beat(0).signal, "x1");
  if (p.factorHeight > 1)
    beat = repeated(p, pipeline, beat, p.width * folds, p.rows, kRowCopy,
                    pipeline.holds(When{kPixelCopy, Relation::equal, 0}), "row");
  if (p.factorWidth > 1)
    beat = repeated(p, pipeline, beat, folds, p.pixels, kPixelCopy, {b.flag(true), 0}, "pixel");
  beat = b.reg(beat, "y2");
  const std::vector<Signal> copies(p.copies, beat);
  pipeline.write(1, {p.copies == 1 ? beat : b.concat(copies), 2});
}

}  // namespace

Result<Kernel> upsample(const UpsampleParams& p) {
  if (p.height == 0 || p.width == 0 || p.channels == 0) return badInput("an upsampling of an empty map");
  if (p.factorHeight == 0 || p.factorWidth == 0 || p.copies == 0) return badInput("a factor of 0");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.channels, "channels"));
  SLUICE_RETURN_IF_ERROR(checkInput(p.range));
  const std::uint32_t folds = p.channels / p.pack;
  if (std::uint64_t{p.width} * folds > (1u << 30))
    return unsupported("a row of " + std::to_string(std::uint64_t{p.width} * folds) + " beats; at most 2^30");
  if (std::uint64_t{p.copies} * p.pack > (1u << 16)) return unsupported("a beat of more than 65536 elements");
  const Beat beat{p.pack, fixed::formatFor(p.range)}, wide{p.pack * p.copies, beat.format};
  Kernel kernel;
  kernel.family = "upsample";
  kernel.name = nameOf(p);
  kernel.ports = {{"x", Direction::read, beat, p.range}, {"y", Direction::write, wide, p.range}};
  kernel.schedule.loops = {{p.height}, {p.factorHeight}, {p.width}, {p.factorWidth}, {folds}};
  kernel.schedule.depth = 2;
  kernel.schedule.accesses = {{.port = 0,
                               .direction = Direction::read,
                               .stage = 0,
                               .when = {{kRowCopy, Relation::equal, 0}, {kPixelCopy, Relation::equal, 0}}},
                              {.port = 1, .direction = Direction::write, .stage = 2, .when = {}}};
  kernel.datapath = [p](Pipeline& pipeline) { build(p, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
