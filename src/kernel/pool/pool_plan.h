#pragma once

#include "kernel/pool/pool.h"
#include "kernel/window/window_plan.h"

/// What pool decides before any hardware is written. Private to the folder.
namespace sluice::kernel {

struct PoolPlan {
  PoolParams params;  ///< padding and a global window already made plain
  WindowPlan window;  ///< geometry of both forms; loops and accesses of windows
  bool tiles = false;
  dataflow::Schedule loops;
  Axis rowAxis, columnAxis;
  AnyOf reads, writes;
  bool readsAlways = false;  ///< no iteration is outside the map
  fixed::Interval output;
  std::uint32_t writeStage = 1;

  [[nodiscard]] std::uint32_t folds() const { return window.scan.folds; }
  /// What the running value of 1 .. `count` elements can be; exactly `count` of them with `whole`.
  [[nodiscard]] fixed::Interval range(std::uint32_t count, bool whole) const;
};

Result<PoolPlan> planPool(const PoolParams& params);
void buildTiles(const PoolPlan& plan, Pipeline& pipeline);
void buildWindows(const PoolPlan& plan, Pipeline& pipeline);

/// One of two elements, or their sum.
hdl::Signal combined(hdl::Builder& b, PoolOperation operation, hdl::Signal x, hdl::Signal y);

}  // namespace sluice::kernel
