#pragma once

#include <vector>

#include "kernel/loops.h"
#include "kernel/window/window.h"

/// The scan of a window and its taps, for kernels that work on windows (window/, pool/).
namespace sluice::kernel {

struct WindowPlan {
  WindowParams params;
  WindowScan scan;
  dataflow::Schedule loops;  ///< rows, columns (two loops each), folds, position folds; no accesses yet
  Axis rowAxis, columnAxis;
  AnyOf reads, writes;           ///< iterations that pop a pixel; in which a window is complete
  fixed::IntegerFormat element;  ///< of scan.output
  bool maskRows = false;         ///< rows above the map are to be masked
  [[nodiscard]] std::uint32_t beatBits() const { return params.pack * element.bits; }
  [[nodiscard]] std::uint32_t positionsAtOnce() const { return scan.positions / scan.positionFolds; }
  /// Loop of the position folds.
  [[nodiscard]] std::uint32_t positionLoop() const { return columnAxis.fine + 2; }
  /// The iterations after which the delay lines move on: the last position folds.
  [[nodiscard]] dataflow::When steps() const {
    return {positionLoop(), dataflow::Relation::equal, scan.positionFolds - 1};
  }
  /// Stage at which heads are had.
  [[nodiscard]] std::uint32_t headStage() const { return params.kernelHeight > 1 ? 2 : 1; }
};

Result<WindowPlan> planWindow(const WindowParams& params);

/// The pixels of the window's last column, top row first: beats of `pack` elements of plan.element, as bits, at
/// headStage().
std::vector<Pipeline::Value> windowHeads(const WindowPlan& plan, Pipeline& pipeline);

/// All columns of the window, the oldest first; the last is `column` itself. All at its stage.
std::vector<Pipeline::Value> columnTaps(const WindowPlan& plan, Pipeline& pipeline, Pipeline::Value column);

/// All parameters of a window that its hardware depends on, as part of a name.
std::string windowDigest(const WindowParams& params);

}  // namespace sluice::kernel
