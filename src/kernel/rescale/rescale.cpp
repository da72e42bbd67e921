#include "kernel/rescale/rescale.h"

#include <algorithm>
#include <memory>

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"
#include "kernel/elementwise.h"

namespace sluice::kernel {
namespace {

using hdl::Signal;
using hdl::Style;

__extension__ using Wide = __int128;

std::int64_t perChannel(const std::vector<std::int64_t>& list, std::uint32_t channel) {
  return list.size() == 1 ? list[0] : list[channel];
}

std::uint32_t foldsOf(const RescaleParams& p) {
  return p.a.size() == 1 && p.b.size() == 1 ? 1 : p.channels / p.pack;
}

/// The definition, for ends of ranges.
std::int64_t valueOf(const RescaleParams& p, std::uint32_t channel, std::int64_t x) {
  Wide v = static_cast<Wide>(perChannel(p.a, channel)) * x + perChannel(p.b, channel);
  if (p.tieToEven) v += (Wide{1} << (p.shift - 1)) - 1 + ((v >> p.shift) & 1);
  v >>= p.shift;
  return static_cast<std::int64_t>(
      std::clamp(v, static_cast<Wide>(p.range.lo), static_cast<Wide>(p.range.hi)));
}

Status checkParams(const RescaleParams& p) {
  if (p.channels == 0) return badInput("a rescale of no channels");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.channels, "channels"));
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  if (p.range.lo > p.range.hi) return badInput("the range of the clamp is empty");
  for (const auto* list : {&p.a, &p.b})
    if (list->size() != 1 && list->size() != p.channels)
      return badInput(std::to_string(list->size()) + (list == &p.a ? " factors" : " offsets") + " for " +
                      std::to_string(p.channels) + " channels: one for all, or one each");
  if (p.shift > 62) return badInput("a shift of " + std::to_string(p.shift) + " bits; at most 62");
  if (p.tieToEven && p.shift == 0) return badInput("rounding ties to even needs a shift of at least 1");
  for (std::uint32_t c = 0; c < p.channels; ++c)
    for (const std::int64_t x : {p.input.lo, p.input.hi}) {
      const Wide product = static_cast<Wide>(perChannel(p.a, c)) * x, v = product + perChannel(p.b, c);
      const Wide half = p.shift > 0 ? Wide{1} << (p.shift - 1) : 0;
      if (std::max(v, product) > kLargest - half || std::min(v, product) < -kLargest)
        return unsupported("a * x + b of channel " + std::to_string(c) + " needs more than 62 bits");
    }
  return {};
}

fixed::Interval factorRange(const RescaleParams& p, std::uint32_t e) {
  fixed::Interval range{perChannel(p.a, e), perChannel(p.a, e)};
  for (std::uint32_t f = 1; f < foldsOf(p); ++f) {
    const std::int64_t a = perChannel(p.a, f * p.pack + e);
    range = fixed::join(range, {a, a});
  }
  return range;
}

/// The rule of the header: one DSP48 or MULT18X18 each, so both factors at most 18 signed bits.
bool usesDsp(const RescaleParams& p, std::uint32_t e) {
  const fixed::Interval a = factorRange(p, e);
  if (a.lo == a.hi) return false;
  const auto bits = [](fixed::Interval r) { return fixed::formatFor(r).bits; };
  const auto signedBits = [&](fixed::Interval r) { return bits(r) + (r.lo < 0 ? 0 : 1); };
  // Synthesis builds no DSP for a product below nine bits.
  return bits(fixed::multiply(a, p.input)) >= 9 && std::min(bits(a), bits(p.input)) >= 5 &&
         signedBits(a) <= 18 && signedBits(p.input) <= 18;
}

std::string nameOf(const RescaleParams& p, fixed::Interval output) {
  Hasher hash;
  const auto number = [&hash](std::int64_t v) { hash.update(static_cast<std::uint64_t>(v)); };
  for (const std::int64_t v : {p.input.lo, p.input.hi, output.lo, output.hi, p.range.lo, p.range.hi})
    number(v);
  hash.field(p.a.size());
  for (const std::int64_t v : p.a) number(v);
  hash.field(p.b.size());
  for (const std::int64_t v : p.b) number(v);
  hash.field(p.shift).field(p.tieToEven ? 1 : 0);
  return "rescale_" + std::to_string(p.channels) + "_p" + std::to_string(p.pack) + "_" +
         hash.hex().substr(0, 8);
}

void build(const RescaleParams& p, fixed::Interval output, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const fixed::IntegerFormat in = fixed::formatFor(p.input);
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  const Pipeline::Value fold = pipeline.counter(0);
  std::vector<Pipeline::Value> y;
  for (std::uint32_t e = 0; e < p.pack; ++e) {
    std::vector<std::int64_t> factors, offsets;
    for (std::uint32_t f = 0; f < foldsOf(p); ++f) {
      factors.push_back(perChannel(p.a, f * p.pack + e));
      offsets.push_back(perChannel(p.b, f * p.pack + e));
    }
    const Signal x = numberAt(b, held, e * in.bits, in, p.input);
    const Signal a = perFold(pipeline, fold, factors, 1, "a" + std::to_string(e)).signal;
    const Signal product = b.reg(b.multiply(x, a, usesDsp(p, e) ? Style::dsp : Style::logic));
    const Signal offset = perFold(pipeline, fold, offsets, 2, "b" + std::to_string(e)).signal;
    Signal v = b.reg(b.add(product, offset));
    std::uint32_t stage = 3;
    if (p.tieToEven) {
      const Signal wide = b.wrap(v, {std::max(b.width(v), p.shift + 1), b.range(v).lo < 0});
      const Signal odd = b.range(v).lo == b.range(v).hi ? b.constant((b.range(v).lo >> p.shift) & 1)
                                                        : b.slice(wide, p.shift, 1);
      const Signal rounded = b.add(b.add(v, b.constant((std::int64_t{1} << (p.shift - 1)) - 1)), odd);
      v = b.reg(b.shiftRight(rounded, p.shift));
      ++stage;
    } else {
      v = b.shiftRight(v, p.shift);
    }
    const Signal clamped = b.reg(b.clamp(v, p.range));
    // Interval arithmetic does not know which a and b belong together; the ends of every channel do.
    y.push_back({narrowed(b, clamped, output), stage + 1});
  }
  pipeline.writeElements(1, y);
}

}  // namespace

fixed::Interval rescaleOutputRange(const RescaleParams& p) {
  SLUICE_CHECK(checkParams(p).ok(), "the range of a legal rescale is asked for");
  const std::int64_t start = valueOf(p, 0, p.input.lo);
  fixed::Interval range{start, start};
  for (std::uint32_t c = 0; c < p.channels; ++c)
    for (const std::int64_t x : {p.input.lo, p.input.hi}) {
      const std::int64_t y = valueOf(p, c, x);
      range = fixed::join(range, {y, y});
    }
  return range;
}

Result<std::uint32_t> rescaleDsps(const RescaleParams& params) {
  SLUICE_RETURN_IF_ERROR(checkParams(params));
  std::uint32_t count = 0;
  for (std::uint32_t e = 0; e < params.pack; ++e) count += usesDsp(params, e) ? 1 : 0;
  return count;
}

Result<Kernel> rescale(const RescaleParams& params) {
  SLUICE_RETURN_IF_ERROR(checkParams(params));
  SLUICE_TRY(const fixed::Interval output, declaredOr(rescaleOutputRange(params), params.output));
  Kernel kernel = elementwise({.family = "rescale",
                               .name = nameOf(params, output),
                               .pack = params.pack,
                               .folds = foldsOf(params),
                               .depth = params.tieToEven ? 5u : 4u,
                               .input = params.input,
                               .output = output});
  const auto shared = std::make_shared<const RescaleParams>(params);
  kernel.datapath = [shared, output](Pipeline& pipeline) { build(*shared, output, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
