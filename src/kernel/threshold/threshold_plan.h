#pragma once

#include "kernel/threshold/threshold.h"

/// What threshold decides before any hardware is written. Private to the folder.
namespace sluice::kernel {

/// One channel, made rising: y = offset + (number of k with x >= t[k]), or with x < t[k] where inverted. For
/// a search the rows are padded to 2^levels - 1 thresholds, and those of inverted rows are in falling order.
struct ThresholdRow {
  std::vector<std::int64_t> thresholds;
  bool inverted = false;
  std::int64_t offset = 0;
};

struct ThresholdPlan {
  ThresholdParams params;
  ThresholdForm form = ThresholdForm::search;
  std::uint32_t folds = 1;           ///< beats a vector; 1 if all channels are alike
  std::uint32_t steps = 0;           ///< K, the longest row without thresholds that nothing reaches
  std::uint32_t levels = 0;          ///< of the search
  std::vector<ThresholdRow> rows;    ///< [folds * pack]
  std::vector<bool> romSynchronous;  ///< per search level: its ROM is read one stage ahead
  fixed::Interval output;
  std::uint32_t depth = 0;  ///< stage of the write

  /// The row of element e in a fold.
  [[nodiscard]] const ThresholdRow& row(std::uint32_t fold, std::uint32_t e) const {
    return rows[fold * params.pack + e];
  }
};

Result<ThresholdPlan> planThreshold(const ThresholdParams& params);
void buildThreshold(const ThresholdPlan& plan, Pipeline& pipeline);

/// y of channel c, as the definition has it.
std::int64_t thresholdValue(const ThresholdParams& params, std::uint32_t channel, std::int64_t x);

}  // namespace sluice::kernel
