#include "kernel/lookup/lookup.h"

#include <algorithm>
#include <memory>

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/elementwise.h"
#include "kernel/lookup/lookup_plan.h"

namespace sluice::kernel {
namespace {

using hdl::Signal;
using hdl::Style;

std::string nameOf(const LookupParams& p, fixed::Interval output) {
  Hasher hash;
  const auto number = [&hash](std::int64_t v) { hash.update(static_cast<std::uint64_t>(v)); };
  for (const std::int64_t v : {p.input.lo, p.input.hi, output.lo, output.hi, p.first}) number(v);
  hash.field(p.tables.size());
  for (const auto& table : p.tables) {
    hash.field(table.size());
    for (const std::int64_t v : table) number(v);
  }
  hash.field(static_cast<std::uint64_t>(p.memory));
  if (p.shape != TableShape::automatic) hash.field(static_cast<std::uint64_t>(p.shape));
  return "lookup_" + std::to_string(p.channels) + "_p" + std::to_string(p.pack) + "_" +
         hash.hex().substr(0, 8);
}

fixed::Interval rangeOf(const std::vector<std::int64_t>& words) {
  const auto [lo, hi] = std::minmax_element(words.begin(), words.end());
  return {*lo, *hi};
}

/// A number of a table, a cycle after its address.
Signal readTable(hdl::Builder& b, std::string name, const std::vector<std::int64_t>& words,
                 fixed::Interval range, bool inBlock, Signal at) {
  const std::uint32_t width = fixed::formatFor(range).bits;
  std::vector<std::vector<std::uint64_t>> raw;
  for (const std::int64_t word : words) raw.push_back({rawCode(word, width)});
  const hdl::MemoryId table =
      b.rom(std::move(name), width, std::move(raw), inBlock ? Style::blockRam : Style::logic, true);
  return b.readNumber(table, at, range);
}

/// The words of a plan's whole table, or half of it: those of one element, fold behind fold.
Pipeline::Value readWhole(const LookupPlan& plan, Pipeline& pipeline, std::uint32_t element,
                          Pipeline::Value x, fixed::Interval range) {
  hdl::Builder& b = pipeline.builder();
  const LookupParams& p = plan.params;
  const std::uint32_t folds = foldsOf(p), width = fixed::formatFor(range).bits;
  const std::size_t places = std::size_t{1} << plan.addressBits();
  std::vector<std::int64_t> words(places << indexBits(folds));
  for (std::size_t a = 0; a < words.size(); ++a) {
    const auto fold = static_cast<std::uint32_t>(std::min<std::size_t>(a / places, folds - 1));
    words[a] = plan.word(tableOf(p, fold * p.pack + element), a % places);
  }
  const bool inBlock = isBlock(p.memory, words.size() * width) && !plan.sparse;
  std::vector<Signal> parts{x.signal};
  if (folds > 1) parts.push_back(pipeline.at(pipeline.counter(0), x.stage).signal);
  return {readTable(b, "table" + std::to_string(element), words, range, inBlock, address(b, parts)),
          x.stage + 1};
}

/// A table in parts: table_split.h. Stage by stage from the address on: words; slope * l; the sum; what is left over.
Pipeline::Value readSplit(const LookupPlan& plan, Pipeline& pipeline, std::uint32_t element,
                          Pipeline::Value x) {
  hdl::Builder& b = pipeline.builder();
  const TableSplit& split = *plan.split;
  const std::uint32_t bits = plan.addressBits();
  const auto read = [&](const char* name, const std::vector<std::int64_t>& part, Signal at) {
    const fixed::Interval range = rangeOf(part);
    const bool inBlock =
        isBlockPart(plan.params.memory, indexBits(part.size()), fixed::formatFor(range).bits);
    return Pipeline::Value{
        readTable(b, name + std::to_string(element), part, range, inBlock, address(b, {at})), x.stage + 1};
  };
  const Signal low = b.slice(x.signal, 0, split.low), high = b.slice(x.signal, split.low, bits - split.low);
  const std::int64_t lowMost = (std::int64_t{1} << split.low) - 1;
  const auto addTo = [&](Pipeline::Value sum, Pipeline::Value more) {
    const std::uint32_t stage = std::max(sum.stage, more.stage);
    return Pipeline::Value{b.add(pipeline.at(sum, stage).signal, pipeline.at(more, stage).signal), stage};
  };
  Pipeline::Value sum = read("base", split.base, high);
  sum.signal = b.shiftLeft(sum.signal, split.baseShift);
  if (!split.slope.empty()) {
    const Signal slope = read("slope", split.slope, high).signal;
    const Signal l = b.delay(b.sliceNumber(x.signal, 0, {0, lowMost}), 1);
    sum = addTo(sum, {b.reg(b.multiply(slope, l, Style::logic)), x.stage + 2});
  }
  if (!split.offset.empty()) {
    const auto rowBits = indexBits(split.offset.size()) - split.low;
    sum = addTo(sum, read("offset", split.offset,
                          b.concat(std::vector{low, b.slice(x.signal, bits - rowBits, rowBits)})));
  }
  // Exact over all addresses, so narrower than the sum of the parts' ranges.
  fixed::Interval led{INT64_MAX, INT64_MIN}, whole = led;
  for (std::uint32_t a = 0; a < 1u << bits; ++a) {
    const std::int64_t y = splitValue(split, a), lead = y - (split.rest.empty() ? 0 : split.rest[a]);
    led = {std::min(led.lo, lead), std::max(led.hi, lead)};
    whole = {std::min(whole.lo, y), std::max(whole.hi, y)};
  }
  const bool leads = !split.slope.empty() || !split.offset.empty();
  sum.signal = b.assume(b.shiftRight(sum.signal, split.shift), led);
  if (leads) sum = {b.reg(sum.signal), sum.stage + 1};
  if (split.rest.empty()) return leads ? sum : Pipeline::Value{b.reg(sum.signal), sum.stage + 1};
  sum = addTo(sum, read("rest", split.rest, x.signal));
  return {b.reg(b.assume(sum.signal, whole)), sum.stage + 1};
}

Pipeline::Value wholeTable(const LookupPlan& plan, Pipeline& pipeline, std::uint32_t element, Signal x) {
  if (plan.split) return readSplit(plan, pipeline, element, {x, 1});
  return readWhole(plan, pipeline, element, {x, 1}, plan.output);
}

/// All bits of a number, inverted where `when` is 1: then -number - 1.
Signal invertedWhen(hdl::Builder& b, Signal when, Signal number, fixed::IntegerFormat format) {
  const Signal bits = toBits(b, number, format);
  return b.wrap(b.bitXor(bits, b.concat(std::vector<Signal>(format.bits, when))), format);
}

/// |x|, at most mirror.top: a carry into the inverted bits, one look-up table a bit. The lowest code, which has no partner,
/// gets no carry.
Signal sizeOf(hdl::Builder& b, fixed::Interval input, const Mirror& mirror, Signal x, Signal negative) {
  const fixed::IntegerFormat format = fixed::formatFor(input);
  const Signal inverted =
      b.assume(invertedWhen(b, negative, x, format), {0, std::max(input.hi, -input.lo - 1)});
  const bool alone = -input.lo > mirror.top;
  const Signal carry = alone ? b.bitAnd(negative, b.notEqual(inverted, b.constant(mirror.top))) : negative;
  return b.assume(b.add(carry, inverted), {0, mirror.top});
}

/// when ? sum - t : t, one look-up table a bit.
Signal sumLess(hdl::Builder& b, std::int64_t sum, Signal t, Signal when) {
  const fixed::Interval range = b.range(t);
  const fixed::IntegerFormat format = fixed::formatFor(fixed::join(range, {-range.hi - 1, -range.lo - 1}));
  return b.add(b.mux(when, b.constant(sum + 1), b.constant(0)), invertedWhen(b, when, t, format));
}

Pipeline::Value halfTable(const LookupPlan& plan, Pipeline& pipeline, std::uint32_t element, Signal x) {
  hdl::Builder& b = pipeline.builder();
  const LookupParams& p = plan.params;
  const Mirror& mirror = *plan.mirror;
  const Signal negative = b.bitNot(b.lessEqual(b.constant(0), x));
  const Pipeline::Value held{b.reg(sizeOf(b, p.input, mirror, x, negative)), 2};
  Pipeline::Value t;
  if (plan.split) {
    t = readSplit(plan, pipeline, element, held);
  } else {
    fixed::Interval entries{INT64_MAX, INT64_MIN};
    for (std::uint32_t fold = 0; fold < foldsOf(p); ++fold)
      for (std::int64_t s = 0; s <= mirror.top; ++s) {
        const std::int64_t y = plan.word(tableOf(p, fold * p.pack + element), static_cast<std::size_t>(s));
        entries = {std::min(entries.lo, y), std::max(entries.hi, y)};
      }
    t = readWhole(plan, pipeline, element, held, entries);
  }
  if (!mirror.odd) return {b.assume(t.signal, plan.output), t.stage};
  const Signal y = sumLess(b, mirror.sum, t.signal, b.delay(negative, t.stage - 1));
  return {b.reg(b.assume(y, plan.output)), t.stage + 1};
}

void build(const LookupPlan& plan, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const LookupParams& p = plan.params;
  const fixed::IntegerFormat in = fixed::formatFor(p.input);
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  std::vector<Pipeline::Value> y;
  for (std::uint32_t e = 0; e < p.pack; ++e) {
    const Signal x = numberAt(b, held, e * in.bits, in, p.input);
    y.push_back(plan.mirror ? halfTable(plan, pipeline, e, x) : wholeTable(plan, pipeline, e, x));
  }
  pipeline.writeElements(1, y);
}

}  // namespace

Kernel lookupKernel(LookupPlan plan) {
  const LookupParams& params = plan.params;
  Kernel kernel = elementwise({.family = "lookup",
                               .name = nameOf(params, plan.output),
                               .pack = params.pack,
                               .folds = foldsOf(params),
                               .depth = plan.depth(),
                               .input = params.input,
                               .output = plan.output});
  const auto shared = std::make_shared<const LookupPlan>(std::move(plan));
  kernel.datapath = [shared](Pipeline& pipeline) { build(*shared, pipeline); };
  return kernel;
}

Result<Kernel> lookup(const LookupParams& params) {
  SLUICE_TRY(LookupPlan plan, planLookup(params));
  return lookupKernel(std::move(plan));
}

}  // namespace sluice::kernel
