#include "kernel/pairwise/pairwise.h"

#include <algorithm>

#include "base/hash.h"
#include "hdl/infer.h"
#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using hdl::Signal;
using hdl::Style;

const char* operationName(PairOperation operation) {
  switch (operation) {
    case PairOperation::multiply:
      return "multiply";
    case PairOperation::minimum:
      return "minimum";
    case PairOperation::maximum:
      return "maximum";
  }
  return "";
}

fixed::Interval factorRange(const PairwiseParams& p, std::size_t k) {
  return {p.inputs[k].lo - p.zeroPoints[k], p.inputs[k].hi - p.zeroPoints[k]};
}

Status checkParams(const PairwiseParams& p) {
  if (p.pack == 0) return badInput("a beat has at least one element");
  constexpr std::int64_t most = std::int64_t{1} << 60;
  for (std::size_t k = 0; k < 2; ++k) {
    if (p.inputs[k].lo > p.inputs[k].hi) return badInput("the range of an input is empty");
    for (const std::int64_t v : {p.inputs[k].lo, p.inputs[k].hi, p.zeroPoints[k]})
      if (v > most || v < -most) return unsupported("an input of more than 60 bits");
  }
  if (p.operation != PairOperation::multiply) return {};
  const fixed::Interval a = factorRange(p, 0), b = factorRange(p, 1);
  for (const std::int64_t x : {a.lo, a.hi})
    for (const std::int64_t y : {b.lo, b.hi}) {
      const hdl::Int128 product = static_cast<hdl::Int128>(x) * y;
      if (product > (hdl::Int128{1} << 61) || product < -(hdl::Int128{1} << 61))
        return unsupported("the product needs more than 62 bits");
    }
  return {};
}

/// One DSP48 or MULT18X18 each; synthesis builds none for a product below nine bits.
bool usesDsp(const PairwiseParams& p) {
  if (p.operation != PairOperation::multiply) return false;
  const fixed::Interval a = factorRange(p, 0), b = factorRange(p, 1);
  const auto bits = [](fixed::Interval r) { return fixed::formatFor(r).bits; };
  const auto signedBits = [&](fixed::Interval r) { return bits(r) + (r.lo < 0 ? 0 : 1); };
  return a.lo != a.hi && b.lo != b.hi && bits(fixed::multiply(a, b)) >= 9 &&
         std::min(bits(a), bits(b)) >= 5 && signedBits(a) <= 18 && signedBits(b) <= 18;
}

std::string nameOf(const PairwiseParams& p, fixed::Interval output) {
  Hasher hash;
  for (std::size_t k = 0; k < 2; ++k)
    for (const std::int64_t v : {p.inputs[k].lo, p.inputs[k].hi, p.zeroPoints[k]})
      hash.field(static_cast<std::uint64_t>(v));
  hash.field(static_cast<std::uint64_t>(output.lo)).field(static_cast<std::uint64_t>(output.hi));
  return std::string(operationName(p.operation)) + "_p" + std::to_string(p.pack) + "_" +
         hash.hex().substr(0, 8);
}

void build(const PairwiseParams& p, Pipeline& pipeline) {
  hdl::Builder& b = pipeline.builder();
  const std::vector<Pipeline::Value> x0 = pipeline.elements(0), x1 = pipeline.elements(1);
  std::vector<Pipeline::Value> y;
  for (std::uint32_t e = 0; e < p.pack; ++e) {
    const Signal u = x0[e].signal, v = x1[e].signal;
    if (p.operation == PairOperation::multiply) {
      const Signal f = b.reg(b.subtract(u, b.constant(p.zeroPoints[0])));
      const Signal g = b.reg(b.subtract(v, b.constant(p.zeroPoints[1])));
      y.push_back({b.reg(b.multiply(f, g, usesDsp(p) ? Style::dsp : Style::logic)), 2});
    } else {
      const bool smaller = p.operation == PairOperation::minimum;
      const Signal takesSecond = smaller ? b.less(v, u) : b.less(u, v);
      const fixed::Interval range = pairwiseOutputRange(p).value();
      // Of each pair the smaller is at most the smaller upper end, and the larger at least the larger lower end.
      y.push_back({narrowed(b, b.reg(b.mux(takesSecond, v, u)), range), 1});
    }
  }
  pipeline.writeElements(2, y);
}

}  // namespace

Result<fixed::Interval> pairwiseOutputRange(const PairwiseParams& p) {
  SLUICE_RETURN_IF_ERROR(checkParams(p));
  const fixed::Interval a = p.inputs[0], b = p.inputs[1];
  switch (p.operation) {
    case PairOperation::multiply:
      return fixed::multiply(factorRange(p, 0), factorRange(p, 1));
    case PairOperation::minimum:
      return fixed::Interval{std::min(a.lo, b.lo), std::min(a.hi, b.hi)};
    case PairOperation::maximum:
      return fixed::Interval{std::max(a.lo, b.lo), std::max(a.hi, b.hi)};
  }
  SLUICE_CHECK(false, "every operation is handled");
}

Result<std::uint32_t> pairwiseDsps(const PairwiseParams& params) {
  SLUICE_RETURN_IF_ERROR(checkParams(params));
  return usesDsp(params) ? params.pack : 0;
}

Result<Kernel> pairwise(const PairwiseParams& params) {
  SLUICE_TRY(const fixed::Interval proven, pairwiseOutputRange(params));
  SLUICE_TRY(const fixed::Interval output, declaredOr(proven, params.output));
  const std::uint32_t depth = params.operation == PairOperation::multiply ? 2 : 1;
  Kernel kernel;
  kernel.family = operationName(params.operation);
  kernel.name = nameOf(params, output);
  for (std::uint32_t k = 0; k < 2; ++k) {
    kernel.ports.push_back({"x" + std::to_string(k),
                            Direction::read,
                            {params.pack, fixed::formatFor(params.inputs[k])},
                            params.inputs[k]});
    kernel.schedule.accesses.push_back({.port = k, .direction = Direction::read, .stage = 0, .when = {}});
  }
  kernel.ports.push_back({"y", Direction::write, {params.pack, fixed::formatFor(output)}, output});
  kernel.schedule.accesses.push_back({.port = 2, .direction = Direction::write, .stage = depth, .when = {}});
  kernel.schedule.depth = depth;
  kernel.datapath = [params](Pipeline& pipeline) { build(params, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
