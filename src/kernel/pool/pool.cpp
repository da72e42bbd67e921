#include "kernel/pool/pool.h"

#include <algorithm>
#include <memory>

#include "kernel/bits.h"
#include "kernel/pool/pool_plan.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;

const char* operationName(PoolOperation operation) {
  switch (operation) {
    case PoolOperation::maximum:
      return "max";
    case PoolOperation::minimum:
      return "min";
    case PoolOperation::sum:
      return "sum";
  }
  return "";
}

/// Whether some window of an axis holds no pixel of the map.
bool someEmpty(std::uint32_t size, std::uint32_t kernel, std::uint32_t stride, std::uint32_t dilation,
               std::uint32_t before, std::uint32_t out) {
  for (std::uint32_t o = 0; o < out; ++o) {
    bool some = false;
    for (std::uint32_t k = 0; k < kernel && !some; ++k) {
      const std::int64_t at = std::int64_t{o} * stride + std::int64_t{k} * dilation - before;
      some = at >= 0 && at < size;
    }
    if (!some) return true;
  }
  return false;
}

/// The whole map as one window is a map of one row: one running value instead of two.
void flattenGlobal(WindowParams& w, const WindowScan& scan) {
  const bool global = scan.outHeight == 1 && scan.outWidth == 1 && w.kernelHeight == w.height &&
                      w.kernelWidth == w.width && w.dilationHeight == 1 && w.dilationWidth == 1 &&
                      w.padTop + w.padLeft + w.padBottom + w.padRight == 0;
  if (!global || std::uint64_t{w.height} * w.width > (1u << 20)) return;
  w.width = w.kernelWidth = w.height * w.width;
  w.height = w.kernelHeight = w.strideHeight = 1;
  w.strideWidth = w.width;
}

void planTiles(PoolPlan& plan) {
  const WindowParams& w = plan.params.window;
  const WindowScan& scan = plan.window.scan;
  const auto extent = [](std::uint32_t out, std::uint32_t kernel, std::uint32_t before, std::uint32_t size) {
    return std::max(out * kernel, before + size);
  };
  const std::uint32_t rows = extent(scan.outHeight, w.kernelHeight, w.padTop, w.height);
  const std::uint32_t columns = extent(scan.outWidth, w.kernelWidth, w.padLeft, w.width);
  plan.loops = {};
  plan.rowAxis = addAxis(plan.loops, rows, w.kernelHeight);
  plan.columnAxis = addAxis(plan.loops, columns, w.kernelWidth);
  plan.loops.loops.push_back({scan.folds});
  plan.reads = bothOf(interval(plan.rowAxis, w.padTop, w.padTop + w.height),
                      interval(plan.columnAxis, w.padLeft, w.padLeft + w.width));
  plan.writes = bothOf(progression(plan.rowAxis, w.kernelHeight - 1, scan.outHeight, w.kernelHeight),
                       progression(plan.columnAxis, w.kernelWidth - 1, scan.outWidth, w.kernelWidth));
  plan.readsAlways = iterations(plan.loops) == std::uint64_t{w.height} * w.width * scan.folds;
  plan.writeStage = 1 + (w.kernelWidth > 1 ? 1 : 0) + (w.kernelHeight > 1 ? 1 : 0);
}

}  // namespace

fixed::Interval PoolPlan::range(std::uint32_t count, bool whole) const {
  const fixed::Interval one = window.scan.output;
  if (params.operation != PoolOperation::sum) return one;
  const fixed::Interval all{one.lo * count, one.hi * count};
  return whole ? all : fixed::join(one, all);
}

Result<PoolPlan> planPool(const PoolParams& params) {
  PoolPlan plan{.params = params};
  WindowParams& w = plan.params.window;
  if (w.insertHeight != 1 || w.insertWidth != 1) return unsupported("a pool over a map with inserted pixels");
  w.positionsAtOnce = 0;
  // Padding that never wins.
  if (params.operation != PoolOperation::sum)
    w.padCode = params.operation == PoolOperation::maximum ? w.input.lo : w.input.hi;
  SLUICE_TRY(const WindowScan scan, windowScan(w));
  if (params.operation != PoolOperation::sum &&
      (someEmpty(w.height, w.kernelHeight, w.strideHeight, w.dilationHeight, w.padTop, scan.outHeight) ||
       someEmpty(w.width, w.kernelWidth, w.strideWidth, w.dilationWidth, w.padLeft, scan.outWidth)))
    return unsupported("a window of the pool holds padding only: it has no " +
                       std::string(operationName(params.operation)));
  const std::int64_t largest = std::max(std::abs(scan.output.lo), std::abs(scan.output.hi));
  if (params.operation == PoolOperation::sum && largest > ((std::int64_t{1} << 61) / scan.positions))
    return unsupported("the sum over a window needs more than 62 bits");
  flattenGlobal(w, scan);
  SLUICE_TRY(plan.window, planWindow(w));
  // An axis with a kernel of one pixel and stride 1 is a tile as well; dilation of one pixel means nothing.
  const auto tiled = [](std::uint32_t kernel, std::uint32_t stride, std::uint32_t dilation,
                        std::uint32_t out) {
    return (kernel == stride || out == 1) && (dilation == 1 || kernel == 1);
  };
  plan.tiles = tiled(w.kernelHeight, w.strideHeight, w.dilationHeight, plan.window.scan.outHeight) &&
               tiled(w.kernelWidth, w.strideWidth, w.dilationWidth, plan.window.scan.outWidth);
  plan.output = plan.range(plan.window.scan.positions, true);
  if (plan.tiles) {
    planTiles(plan);
    return plan;
  }
  plan.loops = plan.window.loops;
  plan.rowAxis = plan.window.rowAxis;
  plan.columnAxis = plan.window.columnAxis;
  plan.reads = plan.window.reads;
  plan.writes = plan.window.writes;
  plan.writeStage = plan.window.headStage() + indexBits(w.kernelHeight) + indexBits(w.kernelWidth);
  return plan;
}

Result<PoolFacts> poolFacts(const PoolParams& params) {
  SLUICE_TRY(const PoolPlan plan, planPool(params));
  SLUICE_TRY(const WindowScan scan, windowScan(plan.params.window));
  return PoolFacts{.outHeight = scan.outHeight,
                   .outWidth = scan.outWidth,
                   .tiles = plan.tiles,
                   .iterations = iterations(plan.loops),
                   .output = plan.output};
}

Result<Kernel> pool(const PoolParams& params) {
  SLUICE_TRY(PoolPlan made, planPool(params));
  const auto plan = std::make_shared<const PoolPlan>(std::move(made));
  const WindowParams& w = plan->params.window;
  Kernel kernel;
  kernel.family = "pool";
  kernel.name = std::string(operationName(params.operation)) + "pool_" + std::to_string(w.height) + "x" +
                std::to_string(w.width) + "x" + std::to_string(w.channels) + "_k" +
                std::to_string(w.kernelHeight) + "x" + std::to_string(w.kernelWidth) + "_p" +
                std::to_string(w.pack) + "_" + windowDigest(w);
  kernel.ports = {{"x", Direction::read, {w.pack, fixed::formatFor(w.input)}, w.input},
                  {"y", Direction::write, {w.pack, fixed::formatFor(plan->output)}, plan->output}};
  kernel.schedule = plan->loops;
  kernel.schedule.depth = plan->writeStage;
  addAccesses(kernel.schedule, 0, Direction::read, 0, plan->reads);
  addAccesses(kernel.schedule, 1, Direction::write, plan->writeStage, plan->writes);
  kernel.datapath = [plan](Pipeline& pipeline) {
    plan->tiles ? buildTiles(*plan, pipeline) : buildWindows(*plan, pipeline);
  };
  return kernel;
}

}  // namespace sluice::kernel
