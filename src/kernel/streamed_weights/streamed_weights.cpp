#include "kernel/streamed_weights/streamed_weights.h"

#include <algorithm>
#include <memory>

#include "kernel/bits.h"
#include "kernel/dense/folded_product.h"

namespace sluice::kernel {
namespace {

using dataflow::Relation;
using dataflow::When;
using hdl::Builder;
using hdl::MemoryId;
using hdl::Signal;
using hdl::Style;
using Value = Pipeline::Value;

struct StreamedPlan {
  StreamedDenseParams params;
  std::uint32_t inFolds = 1, outFolds = 1;
  std::uint32_t sumStage = 2;
  std::vector<fixed::Interval> accumulator;  ///< [pe]: after any number of input folds
  fixed::Interval output;

  [[nodiscard]] std::uint32_t writeStage() const { return inFolds == 1 ? sumStage : sumStage + 1; }
};

/// The ranges of all partial sums, over output folds; of every input fold the whole sum of its tree.
Status boundSums(StreamedPlan& plan) {
  const StreamedDenseParams& p = plan.params;
  const std::int64_t largest = std::max({std::abs(p.weight.lo), std::abs(p.weight.hi), std::int64_t{1}});
  const std::int64_t x = std::max({std::abs(p.input.lo), std::abs(p.input.hi), std::int64_t{1}});
  if (largest > kLargest / x / p.nIn) return unsupported("sums of a product are beyond 62 bits");
  std::optional<fixed::Interval> output;
  for (std::uint32_t o = 0; o < p.nOut; ++o) {
    const std::int64_t bias = p.bias.empty() ? 0 : p.bias[o];
    fixed::Interval sum{bias, bias}, partial = sum;
    for (std::uint32_t i = 0; i < p.nIn; ++i) {
      const fixed::Interval w = p.promised.empty()
                                    ? p.weight
                                    : fixed::Interval{p.promised[i * p.nOut + o], p.promised[i * p.nOut + o]};
      sum = fixed::add(sum, fixed::multiply(w, p.input));
      if ((i + 1) % p.simd == 0) partial = i + 1 == p.simd ? sum : fixed::join(partial, sum);
    }
    output = output ? fixed::join(*output, sum) : sum;
    fixed::Interval& own = plan.accumulator[o % p.pe];
    own = o < p.pe ? partial : fixed::join(own, partial);
  }
  plan.output = *output;
  return {};
}

Result<StreamedPlan> planStreamed(const StreamedDenseParams& p) {
  const auto divides = [](std::uint32_t a, std::uint32_t b) { return a > 0 && b > 0 && b % a == 0; };
  if (!divides(p.simd, p.nIn) || !divides(p.pe, p.nOut))
    return badInput("simd=" + std::to_string(p.simd) + " and pe=" + std::to_string(p.pe) + " do not divide " +
                    std::to_string(p.nIn) + " inputs and " + std::to_string(p.nOut) + " outputs");
  if (std::uint64_t{p.nIn} * p.nOut > std::uint64_t{1} << 28)
    return unsupported("a product of more than 2^28 weights");
  if (!p.bias.empty() && p.bias.size() != p.nOut) return badInput("one bias per output, or none");
  if (!p.promised.empty()) {
    if (p.promised.size() != std::size_t{p.nIn} * p.nOut) return badInput("nIn x nOut weights are promised");
    for (const std::int64_t w : p.promised)
      if (!p.weight.contains(w)) return badInput("a promised weight lies outside of the range");
  }
  for (const std::int64_t b : p.bias)
    if (std::abs(b) > kLargest / 2) return unsupported("a bias is beyond 61 bits");
  StreamedPlan plan{.params = p, .inFolds = p.nIn / p.simd, .outFolds = p.nOut / p.pe};
  plan.accumulator.resize(p.pe);
  SLUICE_RETURN_IF_ERROR(boundSums(plan));
  const std::uint32_t terms = p.simd + (plan.inFolds == 1 && !p.bias.empty() ? 1 : 0);
  plan.sumStage = 2 + indexBits(terms);
  return plan;
}

class StreamedBuilder {
 public:
  StreamedBuilder(const StreamedPlan& plan, Pipeline& pipeline)
      : plan_(plan), p_(plan.params), pipe_(pipeline), b_(pipeline.builder()) {}

  void build() {
    const fixed::IntegerFormat xFormat = fixed::formatFor(p_.input), wFormat = fixed::formatFor(p_.weight);
    const Signal x = heldBeat(pipe_, {0, 1, plan_.outFolds, plan_.inFolds}),
                 w = b_.reg(pipe_.beat(1).signal, "w1");
    for (std::uint32_t s = 0; s < p_.simd; ++s)
      x_.push_back(numberAt(b_, x, s * xFormat.bits, xFormat, p_.input));
    for (std::uint32_t i = 0; i < p_.pe * p_.simd; ++i)
      w_.push_back(numberAt(b_, w, i * wFormat.bits, wFormat, p_.weight));
    std::vector<Value> y;
    for (std::uint32_t p = 0; p < p_.pe; ++p) y.push_back(output(p));
    pipe_.writeElements(2, y);
  }

 private:
  Style multiplierStyle() const {
    const std::uint32_t x = fixed::formatFor(p_.input).bits, w = fixed::formatFor(p_.weight).bits;
    const bool suits = std::min(x, w) >= 5 && std::max(x, w) <= 18;
    const bool dsp = p_.multiplier == MultiplierStyle::dsp || p_.multiplier == MultiplierStyle::dspPairs ||
                     (p_.multiplier == MultiplierStyle::automatic && suits);
    return dsp ? Style::dsp : Style::logic;
  }

  Value biasAt(std::uint32_t p, std::uint32_t stage) {
    std::vector<std::int64_t> values;
    for (std::uint32_t o = 0; o < plan_.outFolds; ++o)
      values.push_back(p_.bias.empty() ? 0 : p_.bias[o * p_.pe + p]);
    return kernel::perFold(pipe_, pipe_.counter(0), values, stage, "bias" + std::to_string(p));
  }

  /// The sum of all products at stage T, a register behind every level of adders.
  Signal treeSum(std::uint32_t p) {
    std::vector<Signal> level;
    for (std::uint32_t s = 0; s < p_.simd; ++s)
      level.push_back(b_.reg(b_.multiply(x_[s], w_[p * p_.simd + s], multiplierStyle())));
    if (plan_.inFolds == 1 && !p_.bias.empty()) level.push_back(biasAt(p, 2).signal);
    return pipe_.at(adderTree(b_, std::move(level), 2, 1), plan_.sumStage).signal;
  }

  /// y of output position p at the write stage. All partial sums lie in the interval of the accumulator: found over the
  /// ranges, or promised with the weights.
  Value output(std::uint32_t p) {
    const Signal sum = treeSum(p);
    if (plan_.inFolds == 1) return {narrowed(b_, sum, plan_.output), plan_.sumStage};
    const Signal first = pipe_.at(pipe_.holds(When{1, Relation::equal, 0}), plan_.sumStage).signal;
    const Signal acc = b_.regDeclare(plan_.accumulator[p], std::nullopt, "acc" + std::to_string(p));
    const Signal next = b_.add(sum, b_.mux(first, biasAt(p, plan_.sumStage).signal, acc));
    b_.regDrive(acc, narrowed(b_, next, plan_.accumulator[p]), pipe_.valid(plan_.sumStage));
    return {narrowed(b_, acc, plan_.output), plan_.sumStage + 1};
  }

  const StreamedPlan& plan_;
  const StreamedDenseParams& p_;
  Pipeline& pipe_;
  Builder& b_;
  std::vector<Signal> x_, w_;  // stage 1
};

void buildBuffer(const WeightBufferParams& p, Pipeline& pipe) {
  Builder& b = pipe.builder();
  const Value beat = pipe.beat(0);
  const std::uint32_t width = b.width(beat.signal);
  const bool block = p.beats > 64 || std::uint64_t{p.beats} * width >= 4096;
  const Signal first = pipe.holds(When{0, Relation::equal, 0}).signal;
  const Signal place = pipe.counter(1).signal;
  const MemoryId memory =
      b.ram("weights", width, std::max(p.beats, 2u), block ? Style::blockRam : Style::lutRam, block);
  b.write(memory, b.bitAnd(pipe.valid(0), first), place, beat.signal);
  const Signal kept = b.read(memory, place);
  // A word is written in the first pass, where the beat goes on by itself, and read in all later ones.
  pipe.write(1, block ? Value{b.mux(b.reg(first, "first1"), b.reg(beat.signal, "beat1"), kept), 1}
                      : Value{b.reg(b.mux(first, beat.signal, kept), "beat1"), 1});
}

}  // namespace

std::vector<std::int64_t> weightsInOrder(const StreamedDenseParams& p,
                                         const std::vector<std::int64_t>& weights) {
  std::vector<std::int64_t> order;
  order.reserve(weights.size());
  for (std::uint32_t o = 0; o < p.nOut; o += p.pe)
    for (std::uint32_t i = 0; i < p.nIn; i += p.simd)
      for (std::uint32_t q = 0; q < p.pe; ++q)
        for (std::uint32_t s = 0; s < p.simd; ++s)
          order.push_back(weights[std::size_t{i + s} * p.nOut + o + q]);
  return order;
}

Result<Kernel> streamedDense(const StreamedDenseParams& params) {
  SLUICE_TRY(StreamedPlan made, planStreamed(params));
  const auto plan = std::make_shared<const StreamedPlan>(std::move(made));
  Kernel kernel;
  kernel.family = "streamed weights";
  kernel.name = "streamed_dense_" + std::to_string(params.nIn) + "x" + std::to_string(params.nOut) + "_s" +
                std::to_string(params.simd) + "_p" + std::to_string(params.pe);
  kernel.ports = {streamPort("x", dataflow::Direction::read, params.simd, params.input),
                  streamPort("w", dataflow::Direction::read, params.simd * params.pe, params.weight),
                  streamPort("y", dataflow::Direction::write, params.pe, plan->output)};
  kernel.schedule.loops = {{plan->outFolds}, {plan->inFolds}};
  kernel.schedule.depth = plan->writeStage();
  kernel.schedule.accesses = {
      {.port = 0, .direction = dataflow::Direction::read, .stage = 0, .when = {{0, Relation::equal, 0}}},
      {.port = 1, .direction = dataflow::Direction::read, .stage = 0, .when = {}},
      {.port = 2,
       .direction = dataflow::Direction::write,
       .stage = plan->writeStage(),
       .when = {{1, Relation::equal, plan->inFolds - 1}}}};
  kernel.datapath = [plan](Pipeline& pipeline) { StreamedBuilder(*plan, pipeline).build(); };
  return kernel;
}

Result<Kernel> weightBuffer(const WeightBufferParams& params) {
  if (params.beats < 1 || params.elements < 1 || params.passes < 2 || params.passes > UINT32_MAX)
    return badInput("a buffer of weights gives each of at least one beat out at least twice");
  Kernel kernel;
  kernel.family = "weight buffer";
  kernel.name = "weight_buffer_" + std::to_string(params.beats) + "x" + std::to_string(params.passes);
  kernel.ports = {streamPort("w", dataflow::Direction::read, params.elements, params.range),
                  streamPort("y", dataflow::Direction::write, params.elements, params.range)};
  kernel.schedule.loops = {{static_cast<std::uint32_t>(params.passes)}, {params.beats}};
  kernel.schedule.depth = 1;
  kernel.schedule.accesses = {
      {.port = 0, .direction = dataflow::Direction::read, .stage = 0, .when = {{0, Relation::equal, 0}}},
      {.port = 1, .direction = dataflow::Direction::write, .stage = 1, .when = {}}};
  kernel.datapath = [params](Pipeline& pipeline) { buildBuffer(params, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
