#include "kernel/threshold/threshold.h"

#include <memory>

#include "base/hash.h"
#include "kernel/elementwise.h"
#include "kernel/threshold/threshold_plan.h"

namespace sluice::kernel {
namespace {

std::string nameOf(const ThresholdParams& p, const ThresholdPlan& plan) {
  Hasher hash;
  const auto number = [&hash](std::int64_t value) { hash.update(static_cast<std::uint64_t>(value)); };
  number(p.input.lo);
  number(p.input.hi);
  number(plan.output.lo);
  number(plan.output.hi);
  hash.field(p.thresholds.size());
  for (const auto& row : p.thresholds) {
    hash.field(row.size());
    for (const std::int64_t t : row) number(t);
  }
  hash.field(p.base.size());
  for (const std::int64_t b : p.base) number(b);
  hash.field(p.sign.size());
  for (const std::int8_t s : p.sign) number(s);
  hash.field(static_cast<std::uint64_t>(plan.form));
  return "threshold_" + std::to_string(p.channels) + "_p" + std::to_string(p.pack) + "_k" +
         std::to_string(plan.steps) + "_" + hash.hex().substr(0, 8);
}

}  // namespace

fixed::Interval thresholdOutputRange(const ThresholdParams& params) {
  ThresholdParams open = params;
  open.output.reset();
  const Result<ThresholdPlan> plan = planThreshold(open);
  SLUICE_CHECK(plan.ok(), "the range of legal thresholds is asked for");
  return plan->output;
}

Result<Kernel> threshold(const ThresholdParams& params) {
  SLUICE_TRY(ThresholdPlan made, planThreshold(params));
  const auto plan = std::make_shared<const ThresholdPlan>(std::move(made));
  Kernel kernel = elementwise({.family = "threshold",
                               .name = nameOf(params, *plan),
                               .pack = params.pack,
                               .folds = plan->folds,
                               .depth = plan->depth,
                               .input = params.input,
                               .output = plan->output});
  kernel.datapath = [plan](Pipeline& pipeline) { buildThreshold(*plan, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
