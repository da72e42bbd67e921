#include <algorithm>
#include <cmath>

#include "ir/integer_compiler.h"

namespace sluice::ir {

void Compiler::compile(const Dense&, const Node& node, std::size_t x, std::size_t y) {
  const Place& from = plan_.places[x];
  const Place& to = plan_.places[y];
  const std::vector<std::int64_t>& w = parameter(node, 1);
  const std::size_t n = from.columns, m = to.columns;
  std::vector<std::int64_t> bias(to.stride, 0);
  if (node.inputs.size() == 3) std::copy(parameter(node, 2).begin(), parameter(node, 2).end(), bias.begin());
  // Without -32768 the sum of two products stays below 2^31, whatever x is.
  const bool smallWeights =
      std::all_of(w.begin(), w.end(), [](std::int64_t one) { return one > INT16_MIN && one <= INT16_MAX; });
  if (from.width != Width::int16 || to.width == Width::int64 || !smallWeights) {
    plan_.steps.emplace_back(WideDense{.x = x, .y = y, .weights = w, .bias = std::move(bias)});
    return;
  }
  FastDense step{.x = x, .y = y, .pairs = (n + 1) / 2, .weights = {}, .bias = {}};
  for (const std::int64_t one : bias) step.bias.push_back(static_cast<std::int32_t>(one));
  step.weights.assign(to.stride * step.pairs * 2, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j)
      step.weights[((j / lanes * step.pairs + i / 2) * lanes + j % lanes) * 2 + i % 2] =
          static_cast<std::int16_t>(w[i * m + j]);
  plan_.steps.emplace_back(std::move(step));
}

void Compiler::compile(const Threshold& operation, const Node& node, std::size_t x, std::size_t y) {
  const Place& from = plan_.places[x];
  const Width yWidth = plan_.places[y].width;
  const fixed::Interval range = graph_.tensor(node.inputs[0]).type.codes->range;
  const Shape& shape = graph_.tensor(node.inputs[1]).type.shape;
  const auto steps = static_cast<std::size_t>(shape[1]);
  const bool shared = shape[0] == 1;
  std::vector<std::int64_t> thresholds = parameter(node, 1);
  for (std::int64_t& t : thresholds) t = std::clamp(t, range.lo, range.hi + 1);
  const std::vector<std::int64_t> base = perColumn(operation.base, from);
  const std::vector<std::int64_t> sign = perColumn(operation.sign, from);
  // Comparing needs a number above the greatest code.
  const bool atEnd = from.width == Width::int16 && range.hi == INT16_MAX;
  if (atEnd || steps * bytesOf(from.width) > compareBytes) {
    plan_.steps.emplace_back(SearchThreshold{.x = x,
                                             .y = y,
                                             .steps = steps,
                                             .shared = shared,
                                             .thresholds = std::move(thresholds),
                                             .base = base,
                                             .sign = sign});
    return;
  }
  std::vector<std::int64_t> blocks((shared ? lanes : from.stride) * steps, range.lo);
  for (std::size_t j = 0; j < (shared ? lanes : from.columns); ++j)
    for (std::size_t k = 0; k < steps; ++k)
      blocks[(j / lanes * steps + k) * lanes + j % lanes] = thresholds[(shared ? 0 : j * steps) + k];
  plan_.steps.emplace_back(CompareThreshold{.x = x,
                                            .y = y,
                                            .steps = steps,
                                            .shared = shared,
                                            .thresholds = typed(from.width, blocks),
                                            .base = typed(yWidth, base),
                                            .sign = typed(yWidth, sign)});
}

void Compiler::compile(const Lookup& operation, const Node& node, std::size_t x, std::size_t y) {
  const Shape& shape = graph_.tensor(node.inputs[1]).type.shape;
  plan_.steps.emplace_back(TableLookup{.x = x,
                                       .y = y,
                                       .entries = static_cast<std::size_t>(shape[1]),
                                       .shared = shape[0] == 1,
                                       .first = operation.first,
                                       .table = parameter(node, 1)});
}

void Compiler::compile(const Rescale& operation, const Node& node, std::size_t x, std::size_t y) {
  const Place& from = plan_.places[x];
  const std::vector<std::int64_t> a = perColumn(parameter(node, 1), from);
  const std::vector<std::int64_t> b = perColumn(parameter(node, 2), from);
  // Everything on the way in 31 bits, the summand of the tie included.
  const fixed::Interval range = graph_.tensor(node.inputs[0]).type.codes->range;
  constexpr std::int64_t most = (std::int64_t{1} << 30) - 1;
  bool narrow = from.width != Width::int64 && plan_.places[y].width != Width::int64 && operation.shift < 30 &&
                std::max(std::abs(operation.range.lo), std::abs(operation.range.hi)) <= most;
  for (std::size_t j = 0; narrow && j < a.size(); ++j)
    for (const std::int64_t end : {range.lo, range.hi}) {
      const __int128 v = static_cast<__int128>(a[j]) * end + b[j];
      narrow = narrow && v <= most && v >= -most && std::abs(a[j]) <= most && std::abs(b[j]) <= most;
    }
  if (!narrow || (operation.tieToEven && operation.shift == 0)) {
    plan_.steps.emplace_back(AffineRescale{.x = x, .y = y, .a = a, .b = b, .rescale = operation});
    return;
  }
  NarrowRescale step{.x = x, .y = y, .a = {}, .b = {}, .rescale = operation};
  for (std::size_t j = 0; j < a.size(); ++j) {
    step.a.push_back(static_cast<std::int32_t>(a[j]));
    step.b.push_back(static_cast<std::int32_t>(b[j]));
  }
  plan_.steps.emplace_back(std::move(step));
}

void Compiler::compile(const Merge& operation, const Node& node, std::size_t, std::size_t y) {
  ShiftedSum step{.x = {}, .y = y, .shift = operation.shift};
  for (const TensorId input : node.inputs) step.x.push_back(place_[input.index]);
  plan_.steps.emplace_back(std::move(step));
}

void Compiler::compile(const TopK& operation, const Node&, std::size_t x, std::size_t y) {
  plan_.steps.emplace_back(Largest{.x = x, .y = y, .k = static_cast<std::size_t>(operation.k)});
}

void Compiler::compile(const Requantize& operation, const Node& node, std::size_t x, std::size_t y) {
  const fixed::Interval from = graph_.tensor(node.inputs[0]).type.codes->range;
  const std::int64_t shift = operation.shift[0], span = operation.range.hi - operation.range.lo;
  const bool rounds = operation.rounding == Rounding::floor || operation.rounding == Rounding::halfUp ||
                      operation.rounding == Rounding::halfEven || operation.rounding == Rounding::towardZero;
  const bool fits = operation.overflow == Overflow::saturate ||
                    (operation.overflow == Overflow::wrap && span < UINT32_MAX && (span & (span + 1)) == 0);
  constexpr std::int64_t most = std::int64_t{1} << 30;
  const bool small = shift >= 0
                         ? shift < 31
                         : shift > -30 && std::max(std::abs(from.lo), std::abs(from.hi)) <= most >> -shift;
  if (operation.shift.size() == 1 && operation.ranges.empty() && rounds && fits && small &&
      plan_.places[x].width != Width::int64 && plan_.places[y].width != Width::int64 &&
      operation.range.lo >= INT32_MIN && operation.range.hi <= INT32_MAX) {
    plan_.steps.emplace_back(NarrowConversion{.x = x, .y = y, .requantize = operation});
    return;
  }
  plan_.steps.emplace_back(FormatConversion{.x = x, .y = y, .requantize = operation});
}

Width widthFor(fixed::Interval range) {
  if (range.lo >= INT16_MIN && range.hi <= INT16_MAX) return Width::int16;
  if (range.lo > INT32_MIN && range.hi < INT32_MAX) return Width::int32;
  return Width::int64;
}

Result<IntegerEngine> IntegerEngine::compile(const Graph& graph, Simd simd) {
  auto plan = std::make_shared<IntegerPlan>();
  SLUICE_TRY(plan->regions, ir::regions(graph));
  if (plan->regions.integer.empty())
    return unsupported(
        "the graph has no integer operations: there is nothing for the integer engine to compute");
  plan->avx2 = useAvx2(simd);
  Compiler(graph, *plan).run();
  return IntegerEngine(std::move(plan));
}

const Regions& IntegerEngine::regions() const { return plan_->regions; }

}  // namespace sluice::ir
