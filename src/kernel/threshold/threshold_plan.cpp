#include "kernel/threshold/threshold_plan.h"

#include <algorithm>

#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

constexpr std::size_t kMostThresholds = 4096;
constexpr std::uint32_t kTableBits = 8, kMostTableBits = 16;
constexpr std::uint32_t kMostParallel = 3;
constexpr std::uint32_t kAsynchronousWords = 64;  // a ROM bit of up to 64 words is one LUT6

template <typename T>
const T& perChannel(const std::vector<T>& list, std::uint32_t channel) {
  return list.size() == 1 ? list[0] : list[channel];
}

template <typename T>
Status checkLength(const std::vector<T>& list, std::uint32_t channels, const char* what) {
  if (list.size() == 1 || list.size() == channels) return {};
  return badInput(std::to_string(list.size()) + " " + what + " for " + std::to_string(channels) +
                  " channels: one for all, or one each");
}

Status checkParams(const ThresholdParams& p) {
  if (p.channels == 0) return badInput("thresholds of no channels");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.channels, "channels"));
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  if (p.input.lo < -(std::int64_t{1} << 61) || p.input.hi > (std::int64_t{1} << 61))
    return badInput("the range of x is beyond 62 bits");
  SLUICE_RETURN_IF_ERROR(checkLength(p.thresholds, p.channels, "rows of thresholds"));
  SLUICE_RETURN_IF_ERROR(checkLength(p.base, p.channels, "bases"));
  SLUICE_RETURN_IF_ERROR(checkLength(p.sign, p.channels, "signs"));
  for (const auto& row : p.thresholds) {
    if (row.size() > kMostThresholds)
      return badInput(std::to_string(row.size()) + " thresholds in a row; at most " +
                      std::to_string(kMostThresholds));
    if (!std::is_sorted(row.begin(), row.end())) return badInput("a row of thresholds does not ascend");
  }
  for (const std::int8_t s : p.sign)
    if (s != 1 && s != -1) return badInput("sign " + std::to_string(s) + "; it is +1 or -1");
  for (const std::int64_t b : p.base)
    if (b < -(std::int64_t{1} << 61) || b > (std::int64_t{1} << 61))
      return badInput("a base is beyond 62 bits");
  return {};
}

/// Thresholds of a channel that some x reaches but not every x: the others are constant. `always` counts
/// those that every x reaches.
std::vector<std::int64_t> usefulThresholds(const ThresholdParams& p, std::uint32_t channel,
                                           std::int64_t& always) {
  std::vector<std::int64_t> useful;
  for (const std::int64_t t : perChannel(p.thresholds, channel)) {
    if (t <= p.input.lo)
      ++always;
    else if (t <= p.input.hi)
      useful.push_back(t);
  }
  return useful;
}

ThresholdRow makeRow(const ThresholdParams& p, std::uint32_t channel, std::uint32_t steps) {
  ThresholdRow row;
  std::int64_t always = 0;
  row.thresholds = usefulThresholds(p, channel, always);
  // Padding is one above the range: never reached, and no wider than it need be.
  row.thresholds.resize(steps, p.input.hi + 1);
  const std::int64_t sign = perChannel(p.sign, channel);
  row.offset = perChannel(p.base, channel) + sign * always;
  row.inverted = sign < 0;
  if (row.inverted) {
    row.offset -= steps;
    std::reverse(row.thresholds.begin(), row.thresholds.end());
  }
  return row;
}

std::uint32_t searchDepth(ThresholdPlan& plan) {
  // Stage 1: x is registered. A ROM read ahead has its address one stage earlier; level 0 has it from the
  // counters.
  std::uint32_t stage = 1;
  for (std::uint32_t l = 0; l < plan.levels; ++l) {
    const std::uint64_t words = std::uint64_t{1} << (l + indexBits(plan.folds));
    const bool ahead = l == 0 ? plan.folds > 1 : words > kAsynchronousWords;
    plan.romSynchronous.push_back(ahead);
    stage += l > 0 && ahead ? 2 : 1;
  }
  return stage;
}

}  // namespace

std::int64_t thresholdValue(const ThresholdParams& p, std::uint32_t channel, std::int64_t x) {
  std::int64_t count = 0;
  for (const std::int64_t t : perChannel(p.thresholds, channel)) count += x >= t ? 1 : 0;
  return perChannel(p.base, channel) + perChannel(p.sign, channel) * count;
}

Result<ThresholdPlan> planThreshold(const ThresholdParams& params) {
  SLUICE_RETURN_IF_ERROR(checkParams(params));
  ThresholdPlan plan;
  plan.params = params;
  const bool alike = params.thresholds.size() == 1 && params.base.size() == 1 && params.sign.size() == 1;
  plan.folds = alike ? 1 : params.channels / params.pack;
  const std::uint32_t channels = plan.folds * params.pack;
  for (std::uint32_t c = 0; c < channels; ++c) {
    std::int64_t always = 0;
    plan.steps = std::max(plan.steps, static_cast<std::uint32_t>(usefulThresholds(params, c, always).size()));
    // The function is monotone, so its ends are its extremes.
    const std::int64_t a = thresholdValue(params, c, params.input.lo),
                       b = thresholdValue(params, c, params.input.hi);
    const fixed::Interval here{std::min(a, b), std::max(a, b)};
    plan.output = c == 0 ? here : fixed::join(plan.output, here);
  }
  SLUICE_TRY(plan.output, declaredOr(plan.output, params.output));
  const std::uint32_t tableBits = fixed::formatFor(params.input).bits + indexBits(plan.folds);
  plan.form = params.form;
  if (plan.form == ThresholdForm::automatic)
    plan.form = tableBits <= kTableBits       ? ThresholdForm::table
                : plan.steps <= kMostParallel ? ThresholdForm::parallel
                                              : ThresholdForm::search;
  if (plan.form == ThresholdForm::table && tableBits > kMostTableBits)
    return badInput("a table of " + std::to_string(tableBits) + " address bits; at most " +
                    std::to_string(kMostTableBits));
  plan.levels = indexBits(std::uint64_t{plan.steps} + 1);
  const std::uint32_t built = plan.form == ThresholdForm::search ? (1u << plan.levels) - 1 : plan.steps;
  for (std::uint32_t c = 0; c < channels; ++c) plan.rows.push_back(makeRow(params, c, built));
  // Stage 1 holds x, stage 2 the answer; a search has its answer at the end of its levels.
  plan.depth = plan.form == ThresholdForm::search ? searchDepth(plan) : 2;
  return plan;
}

}  // namespace sluice::kernel
