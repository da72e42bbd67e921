#include "kernel/matmul/matmul.h"

#include <algorithm>

#include "base/hash.h"
#include "kernel/bits.h"
#include "kernel/checks.h"
#include "kernel/pairwise/pairwise.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;
using dataflow::When;
using hdl::Builder;
using hdl::Signal;

constexpr std::uint32_t kMatrixRow = 1, kTermLoop = 2, kColumnLoop = 3;

/// One multiplier of it.
PairwiseParams multiplierOf(const MatmulParams& p) {
  return {.operation = PairOperation::multiply, .pack = 1, .inputs = p.inputs, .zeroPoints = p.zeroPoints};
}

/// 1  the element of x, held; the beat of w, fresh or from the delay line
/// 2  less their zero points    3  products; with the sums so far    4  y
void build(const MatmulParams& p, fixed::Interval output, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  const std::uint32_t columns = p.m / p.pe;
  const fixed::IntegerFormat xFormat = fixed::formatFor(p.inputs[0]), wFormat = fixed::formatFor(p.inputs[1]);

  Signal x = b.reg(pipeline.beat(0).signal, "x1");
  if (columns > 1) {
    const Signal fresh = pipeline.at(pipeline.holds(When{kColumnLoop, Relation::equal, 0}), 1).signal;
    const Signal held = b.regDeclareBits(b.width(x), "x_held");
    x = b.mux(fresh, x, held);
    b.regDrive(held, x, pipeline.valid(1));
  }
  Signal w = b.reg(pipeline.beat(1).signal, "w1");
  if (p.rows > 1) {
    const std::uint32_t words = p.n * columns, width = b.width(w);
    DelayLine line(pipeline, words, width, settleBuffer(p.matrix, words, width, p.family), 1,
                   {b.flag(true), 0}, "matrix");
    const Signal fresh = pipeline.at(pipeline.holds(When{kMatrixRow, Relation::equal, 0}), 1).signal;
    w = b.mux(fresh, w, line.out());
    line.in(w);
  }
  const bool dsp = pairwiseDsps(multiplierOf(p)).value() > 0;
  const Signal f = b.reg(b.subtract(numberAt(b, x, 0, xFormat, p.inputs[0]), b.constant(p.zeroPoints[0])));
  std::vector<Signal> products;
  for (std::uint32_t e = 0; e < p.pe; ++e) {
    const Signal g = b.reg(
        b.subtract(numberAt(b, w, e * wFormat.bits, wFormat, p.inputs[1]), b.constant(p.zeroPoints[1])));
    products.push_back(b.reg(b.multiply(f, g, dsp ? hdl::Style::dsp : hdl::Style::logic)));
  }
  std::vector<Pipeline::Value> y;
  if (p.n == 1) {
    for (const Signal product : products) y.push_back({b.reg(narrowed(b, product, output)), 4});
    return pipeline.writeElements(2, y);
  }
  // Sums of some of the terms lie between one term and all of them.
  const fixed::Interval range = fixed::join(pairwiseOutputRange(multiplierOf(p)).value(), output);
  const fixed::IntegerFormat format = fixed::formatFor(range);
  const std::uint32_t width = p.pe * format.bits;
  DelayLine sums(pipeline, columns, width, settleBuffer(BufferStyle::automatic, columns, width, p.family), 3,
                 {b.flag(true), 0}, "sums");
  const Signal first = pipeline.at(pipeline.holds(When{kTermLoop, Relation::equal, 0}), 3).signal;
  std::vector<Signal> parts;
  for (std::uint32_t e = 0; e < p.pe; ++e) {
    const Signal before = numberAt(b, sums.out(), e * format.bits, format, range);
    const Signal now = narrowed(b, b.add(products[e], b.mux(first, b.constant(0), before)), range);
    parts.push_back(toBits(b, now, format));
    y.push_back({narrowed(b, b.reg(now), output), 4});
  }
  sums.in(parts.size() == 1 ? parts[0] : b.concat(parts));
  pipeline.writeElements(2, y);
}

std::string nameOf(const MatmulParams& p) {
  Hasher hash;
  for (const std::uint32_t v : {p.batch, p.rows, p.n, p.m, p.pe, static_cast<std::uint32_t>(p.matrix),
                                static_cast<std::uint32_t>(p.family)})
    hash.field(v);
  for (std::size_t k = 0; k < 2; ++k)
    for (const std::int64_t v : {p.inputs[k].lo, p.inputs[k].hi, p.zeroPoints[k]})
      hash.field(static_cast<std::uint64_t>(v));
  return "matmul_" + std::to_string(p.rows) + "x" + std::to_string(p.n) + "x" + std::to_string(p.m) + "_p" +
         std::to_string(p.pe) + "_" + hash.hex().substr(0, 8);
}

}  // namespace

Result<fixed::Interval> matmulOutputRange(const MatmulParams& p) {
  if (p.batch == 0 || p.rows == 0 || p.n == 0 || p.m == 0) return badInput("a product of empty matrices");
  SLUICE_RETURN_IF_ERROR(checkDivides("pe", p.pe, p.m, "columns"));
  if (std::uint64_t{p.n} * p.m > (1u << 22))
    return unsupported("a matrix of more than 2^22 elements is not kept");
  SLUICE_TRY(const fixed::Interval one, pairwiseOutputRange(multiplierOf(p)));
  constexpr std::int64_t most = std::int64_t{1} << 61;
  if (one.lo < -most / p.n || one.hi > most / p.n)
    return unsupported("the sum of " + std::to_string(p.n) + " products needs more than 62 bits");
  return fixed::Interval{one.lo * p.n, one.hi * p.n};
}

Result<std::uint32_t> matmulDsps(const MatmulParams& params) {
  SLUICE_RETURN_IF_ERROR(matmulOutputRange(params));
  SLUICE_TRY(const std::uint32_t one, pairwiseDsps(multiplierOf(params)));
  return one * params.pe;
}

Result<Kernel> matmul(const MatmulParams& p) {
  SLUICE_TRY(const fixed::Interval output, matmulOutputRange(p));
  Kernel kernel;
  kernel.family = "matmul";
  kernel.name = nameOf(p);
  kernel.ports = {{"x0", Direction::read, {1, fixed::formatFor(p.inputs[0])}, p.inputs[0]},
                  {"x1", Direction::read, {p.pe, fixed::formatFor(p.inputs[1])}, p.inputs[1]},
                  {"y", Direction::write, {p.pe, fixed::formatFor(output)}, output}};
  kernel.schedule.loops = {{p.batch}, {p.rows}, {p.n}, {p.m / p.pe}};
  kernel.schedule.depth = 4;
  kernel.schedule.accesses = {
      {.port = 0, .direction = Direction::read, .stage = 0, .when = {{kColumnLoop, Relation::equal, 0}}},
      {.port = 1, .direction = Direction::read, .stage = 0, .when = {{kMatrixRow, Relation::equal, 0}}},
      {.port = 2,
       .direction = Direction::write,
       .stage = 4,
       .when = {{kTermLoop, Relation::equal, p.n - 1}}}};
  kernel.datapath = [p, output](Pipeline& pipeline) { build(p, output, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
