#include "kernel/lookup/lookup.h"

#include <algorithm>
#include <memory>

#include "base/hash.h"
#include "kernel/bits.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using hdl::Signal;
using hdl::Style;

constexpr std::uint32_t kMostAddressBits = 16;
constexpr std::uint64_t kBlockRamBits = 4096;

std::uint32_t foldsOf(const LookupParams& p) { return p.tables.size() == 1 ? 1 : p.channels / p.pack; }

const std::vector<std::int64_t>& tableOf(const LookupParams& p, std::uint32_t channel) {
  return p.tables.size() == 1 ? p.tables[0] : p.tables[channel];
}

Status checkParams(const LookupParams& p) {
  if (p.channels == 0) return badInput("tables of no channels");
  if (p.pack == 0 || p.channels % p.pack != 0)
    return badInput("pack " + std::to_string(p.pack) + " does not divide " + std::to_string(p.channels) +
                    " channels");
  if (p.input.lo > p.input.hi) return badInput("the range of x is empty");
  if (p.tables.size() != 1 && p.tables.size() != p.channels)
    return badInput(std::to_string(p.tables.size()) + " tables for " + std::to_string(p.channels) +
                    " channels: one for all, or one each");
  for (const auto& table : p.tables)
    if (p.input.lo < p.first || p.input.hi - p.first >= static_cast<std::int64_t>(table.size()))
      return badInput("a table of " + std::to_string(table.size()) + " entries from code " +
                      std::to_string(p.first) + " on does not cover x in [" + std::to_string(p.input.lo) +
                      ", " + std::to_string(p.input.hi) + "]");
  const std::uint32_t bits = fixed::formatFor(p.input).bits + indexBits(foldsOf(p));
  if (bits > kMostAddressBits)
    return unsupported("a table of " + std::to_string(bits) + " address bits; at most " +
                       std::to_string(kMostAddressBits) + ": use thresholds or a rescale");
  return {};
}

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
  return "lookup_" + std::to_string(p.channels) + "_p" + std::to_string(p.pack) + "_" +
         hash.hex().substr(0, 8);
}

bool isBlock(TableMemory memory, std::uint64_t bits) {
  return memory == TableMemory::blockRam || (memory == TableMemory::automatic && bits >= kBlockRamBits);
}

/// About what a table costs, in look-up tables.
std::uint64_t price(TableMemory memory, std::uint64_t bits) {
  constexpr std::uint64_t blockBits = 18 * 1024, blockPrice = 64, lutBits = 64;
  return isBlock(memory, bits) ? blockPrice * ((bits + blockBits - 1) / blockBits)
                               : (bits + lutBits - 1) / lutBits;
}

/// How a table of half the size gives the whole one.
struct Mirror {
  bool odd = false;
  std::int64_t sum = 0;  ///< of y[x] and y[-x], if odd
  std::int64_t top = 0;  ///< the largest |x| that the table holds; a larger one takes its entry
};

/// The symmetry of all tables, if they have one in common.
std::optional<Mirror> symmetry(const LookupParams& p) {
  const std::int64_t lo = p.input.lo, hi = p.input.hi;
  if (lo >= 0 || hi <= 0) return std::nullopt;
  const auto at = [&](const std::vector<std::int64_t>& table, std::int64_t x) {
    return table[static_cast<std::size_t>(x - p.first)];
  };
  Mirror mirror{.odd = false, .sum = at(p.tables[0], 1) + at(p.tables[0], -1), .top = std::max(-lo, hi)};
  if (-lo == hi + 1) mirror.top = hi;
  bool even = true, odd = true;
  for (const auto& table : p.tables) {
    if (mirror.top == hi && -lo > hi && at(table, lo) != at(table, lo + 1)) return std::nullopt;
    for (std::int64_t x = 1; x <= std::min(-lo, hi); ++x) {
      even = even && at(table, x) == at(table, -x);
      odd = odd && at(table, x) + at(table, -x) == mirror.sum;
    }
  }
  mirror.odd = !even;
  return even || odd ? std::optional(mirror) : std::nullopt;
}

/// The symmetry, where it is worth it.
std::optional<Mirror> mirrorOf(const LookupParams& p, fixed::Interval output) {
  const std::optional<Mirror> mirror = symmetry(p);
  if (!mirror) return std::nullopt;
  const std::uint32_t in = fixed::formatFor(p.input).bits, out = fixed::formatFor(output).bits,
                      half = fixed::formatFor({0, mirror->top}).bits, folds = indexBits(foldsOf(p));
  const auto bits = [&](std::uint32_t address) { return std::uint64_t{out} << (address + folds); };
  const std::uint64_t sums = in + (mirror->odd ? out : 0);
  return 4 * (price(p.memory, bits(half)) + sums) <= 3 * price(p.memory, bits(in)) ? mirror : std::nullopt;
}

std::uint32_t depthOf(const std::optional<Mirror>& mirror) { return !mirror ? 2 : mirror->odd ? 4 : 3; }

/// One element's tables, fold behind fold: `entry` of every address within a fold.
template <typename Entry>
hdl::MemoryId writeTable(hdl::Builder& b, const LookupParams& p, std::uint32_t element,
                         std::uint32_t addressBits, std::uint32_t width, const Entry& entry) {
  const std::uint32_t folds = foldsOf(p);
  const std::size_t places = std::size_t{1} << addressBits;
  std::vector<std::vector<std::uint64_t>> words(places << indexBits(folds));
  for (std::size_t a = 0; a < words.size(); ++a) {
    const auto fold = static_cast<std::uint32_t>(std::min<std::size_t>(a / places, folds - 1));
    words[a] = {rawCode(entry(tableOf(p, fold * p.pack + element), a % places), width)};
  }
  const bool block = isBlock(p.memory, words.size() * width);
  return b.rom("table" + std::to_string(element), width, std::move(words),
               block ? Style::blockRam : Style::logic, true);
}

/// The table's word for x, whose address within a fold is there in `stage`; the word comes one later.
Signal readTable(const LookupParams& p, Pipeline& pipeline, hdl::MemoryId table, Signal x,
                 std::uint32_t stage, fixed::Interval range) {
  hdl::Builder& b = pipeline.builder();
  std::vector<Signal> parts{x};
  if (foldsOf(p) > 1) parts.push_back(pipeline.at(pipeline.counter(0), stage).signal);
  return b.readNumber(table, address(b, parts), range);
}

Pipeline::Value wholeTable(const LookupParams& p, fixed::Interval output, Pipeline& pipeline,
                           std::uint32_t element, Signal x) {
  const fixed::IntegerFormat in = fixed::formatFor(p.input);
  const auto entry = [&](const std::vector<std::int64_t>& table, std::size_t raw) {
    const std::int64_t code = std::clamp(codeValue(raw, in), p.input.lo, p.input.hi);
    return table[static_cast<std::size_t>(code - p.first)];
  };
  const hdl::MemoryId table =
      writeTable(pipeline.builder(), p, element, in.bits, fixed::formatFor(output).bits, entry);
  return {readTable(p, pipeline, table, x, 1, output), 2};
}

Pipeline::Value halfTable(const LookupParams& p, fixed::Interval output, const Mirror& mirror,
                          Pipeline& pipeline, std::uint32_t element, Signal x) {
  hdl::Builder& b = pipeline.builder();
  const auto entry = [&](const std::vector<std::int64_t>& table, std::size_t place) {
    const std::int64_t size = std::min(static_cast<std::int64_t>(place), mirror.top);
    const auto at = [&](std::int64_t code) { return table[static_cast<std::size_t>(code - p.first)]; };
    if (size <= p.input.hi) return at(size);
    return mirror.odd ? mirror.sum - at(-size) : at(-size);
  };
  fixed::Interval entries{INT64_MAX, INT64_MIN};
  for (std::uint32_t fold = 0; fold < foldsOf(p); ++fold)
    for (std::int64_t size = 0; size <= mirror.top; ++size) {
      const std::int64_t t = entry(tableOf(p, fold * p.pack + element), static_cast<std::size_t>(size));
      entries = {std::min(entries.lo, t), std::max(entries.hi, t)};
    }
  const hdl::MemoryId table = writeTable(b, p, element, fixed::formatFor({0, mirror.top}).bits,
                                         fixed::formatFor(entries).bits, entry);
  const Signal negative = b.bitNot(b.lessEqual(b.constant(0), x));
  const Signal size = b.assume(b.mux(negative, b.negate(x), x), {0, std::max(-p.input.lo, p.input.hi)});
  const Signal held = b.reg(b.clamp(size, {0, mirror.top}));
  const Signal t = readTable(p, pipeline, table, held, 2, entries);
  if (!mirror.odd) return {b.assume(t, output), 3};
  const Signal y = b.mux(b.delay(negative, 2), b.subtract(b.constant(mirror.sum), t), t);
  return {b.reg(b.assume(y, output)), 4};
}

void build(const LookupParams& p, fixed::Interval output, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const fixed::IntegerFormat in = fixed::formatFor(p.input);
  const std::optional<Mirror> mirror = mirrorOf(p, output);
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  std::vector<Pipeline::Value> y;
  for (std::uint32_t e = 0; e < p.pack; ++e) {
    const Signal x = numberAt(b, held, e * in.bits, in, p.input);
    y.push_back(mirror ? halfTable(p, output, *mirror, pipeline, e, x)
                       : wholeTable(p, output, pipeline, e, x));
  }
  pipeline.writeElements(1, y);
}

}  // namespace

fixed::Interval lookupOutputRange(const LookupParams& p) {
  SLUICE_CHECK(checkParams(p).ok(), "the range of legal tables is asked for");
  std::optional<fixed::Interval> range;
  for (const auto& table : p.tables)
    for (std::int64_t x = p.input.lo; x <= p.input.hi; ++x) {
      const std::int64_t y = table[static_cast<std::size_t>(x - p.first)];
      range = range ? fixed::join(*range, {y, y}) : fixed::Interval{y, y};
    }
  return *range;
}

Result<Kernel> lookup(const LookupParams& params) {
  SLUICE_RETURN_IF_ERROR(checkParams(params));
  fixed::Interval output = lookupOutputRange(params);
  if (params.output) {
    if (!params.output->contains(output))
      return badInput("the declared output range [" + std::to_string(params.output->lo) + ", " +
                      std::to_string(params.output->hi) + "] does not hold the entries in [" +
                      std::to_string(output.lo) + ", " + std::to_string(output.hi) + "]");
    output = *params.output;
  }
  Kernel kernel;
  kernel.family = "lookup";
  kernel.name = nameOf(params, output);
  kernel.ports = {{"x", Direction::read, {params.pack, fixed::formatFor(params.input)}, params.input},
                  {"y", Direction::write, {params.pack, fixed::formatFor(output)}, output}};
  kernel.schedule.loops = {{foldsOf(params)}};
  kernel.schedule.depth = depthOf(mirrorOf(params, output));
  kernel.schedule.accesses = {
      {.port = 0, .direction = Direction::read, .stage = 0, .when = {}},
      {.port = 1, .direction = Direction::write, .stage = kernel.schedule.depth, .when = {}}};
  const auto shared = std::make_shared<const LookupParams>(params);
  kernel.datapath = [shared, output](Pipeline& pipeline) { build(*shared, output, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
