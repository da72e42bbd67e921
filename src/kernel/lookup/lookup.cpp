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

void build(const LookupParams& p, fixed::Interval output, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const fixed::IntegerFormat in = fixed::formatFor(p.input), out = fixed::formatFor(output);
  const std::uint32_t folds = foldsOf(p);
  const std::size_t codes = std::size_t{1} << in.bits;
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  std::vector<Pipeline::Value> y;
  for (std::uint32_t e = 0; e < p.pack; ++e) {
    std::vector<std::vector<std::uint64_t>> words(codes << indexBits(folds));
    for (std::size_t a = 0; a < words.size(); ++a) {
      const std::int64_t code = std::clamp(codeValue(a % codes, in), p.input.lo, p.input.hi);
      const auto fold = static_cast<std::uint32_t>(std::min<std::size_t>(a / codes, folds - 1));
      const std::int64_t value = tableOf(p, fold * p.pack + e)[static_cast<std::size_t>(code - p.first)];
      words[a] = {rawCode(value, out.bits)};
    }
    const bool block = p.memory == TableMemory::blockRam ||
                       (p.memory == TableMemory::automatic && words.size() * out.bits >= kBlockRamBits);
    const hdl::MemoryId rom = b.rom("table" + std::to_string(e), out.bits, std::move(words),
                                    block ? Style::blockRam : Style::logic, true);
    std::vector<Signal> parts{numberAt(b, held, e * in.bits, in, p.input)};
    if (folds > 1) parts.push_back(pipeline.at(pipeline.counter(0), 1).signal);
    y.push_back({b.readNumber(rom, address(b, parts), output), 2});
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
  kernel.schedule.depth = 2;
  kernel.schedule.accesses = {{.port = 0, .direction = Direction::read, .stage = 0, .when = {}},
                              {.port = 1, .direction = Direction::write, .stage = 2, .when = {}}};
  const auto shared = std::make_shared<const LookupParams>(params);
  kernel.datapath = [shared, output](Pipeline& pipeline) { build(*shared, output, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
