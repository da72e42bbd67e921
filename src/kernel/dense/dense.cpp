#include "kernel/dense/dense.h"

#include <memory>

#include "base/hash.h"
#include "kernel/dense/dense_plan.h"
#include "kernel/dense/folded_product.h"

namespace sluice::kernel {
namespace {

std::string nameOf(const DensePlan& plan) {
  const DenseParams& p = plan.params;
  Hasher hash;
  hash.field(static_cast<std::uint64_t>(p.input.lo)).field(static_cast<std::uint64_t>(p.input.hi));
  for (const std::int64_t w : p.weights) hash.update(static_cast<std::uint64_t>(w));
  hash.field(p.bias.size());
  for (const std::int64_t b : p.bias) hash.update(static_cast<std::uint64_t>(b));
  if (p.output)
    hash.field(static_cast<std::uint64_t>(p.output->lo)).field(static_cast<std::uint64_t>(p.output->hi));
  hash.field(static_cast<std::uint64_t>(p.multiplier))
      .field(static_cast<std::uint64_t>(p.memory))
      .field(p.levelsPerStage);
  if (p.groups > 1) hash.field(p.groups);
  for (const PairedPositions& pair : plan.pairs)  // they depend on the family, of which nothing else does
    hash.field(pair.s).field(pair.high).field(pair.low);
  return "dense_" + (p.groups > 1 ? std::to_string(p.groups) + "x" : std::string()) + std::to_string(p.nIn) +
         "x" + std::to_string(p.nOut) + "_s" + std::to_string(p.simd) + "_p" + std::to_string(p.pe) + "_" +
         hash.hex().substr(0, 8);
}

}  // namespace

fixed::Interval denseOutputRange(const DenseParams& params) {
  DenseParams open = params;
  open.output.reset();
  const Result<DensePlan> plan = planDense(open);
  SLUICE_CHECK(plan.ok(), "the range of a legal product is asked for");
  return plan->output;
}

Result<std::uint32_t> denseDsps(const DenseParams& params) {
  SLUICE_TRY(const DensePlan plan, planDense(params));
  auto count = static_cast<std::uint32_t>(plan.pairs.size());
  for (const Position& position : plan.positions) count += position.form == ProductForm::dsp ? 1 : 0;
  return count;
}

Result<Kernel> dense(const DenseParams& params) {
  SLUICE_TRY(DensePlan made, planDense(params));
  const auto plan = std::make_shared<const DensePlan>(std::move(made));
  Kernel kernel;
  kernel.family = "dense";
  kernel.name = nameOf(*plan);
  kernel.ports = {streamPort("x", dataflow::Direction::read, params.simd, params.input),
                  streamPort("y", dataflow::Direction::write, params.pe, plan->output)};
  if (params.groups > 1) kernel.schedule.loops.push_back({params.groups});
  kernel.schedule.loops.push_back({plan->outFolds});
  kernel.schedule.loops.push_back({plan->inFolds});
  kernel.schedule.depth = plan->writeStage();
  kernel.schedule.accesses = {{.port = 0,
                               .direction = dataflow::Direction::read,
                               .stage = 0,
                               .when = {{plan->outLoop(), dataflow::Relation::equal, 0}}},
                              {.port = 1,
                               .direction = dataflow::Direction::write,
                               .stage = plan->writeStage(),
                               .when = {{plan->inLoop(), dataflow::Relation::equal, plan->inFolds - 1}}}};
  kernel.datapath = [plan](Pipeline& pipeline) { buildDense(*plan, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
