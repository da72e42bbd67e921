#include "kernel/window/window_plan.h"

#include <algorithm>

#include "base/hash.h"

#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

/// One axis of the window.
struct Side {
  const char* name;
  std::uint32_t size, kernel, stride, dilation, before, after, insert;
};

/// What follows for one axis.
struct Extent {
  std::uint32_t inside = 0;                    ///< positions of the map with its inserted ones
  std::uint32_t out = 0, first = 0, last = 0;  ///< windows; lower right position of the first and last
};

Result<Extent> extentOf(const Side& s) {
  const std::string axis = s.name;
  if (s.size == 0 || s.kernel == 0) return badInput("the " + axis + " of the map or of the kernel is 0");
  if (s.stride == 0 || s.dilation == 0 || s.insert == 0)
    return badInput("stride, dilation and insertion of the " + axis + " are at least 1");
  constexpr std::uint32_t most = 1u << 20;
  for (const std::uint32_t v : {s.size, s.kernel, s.stride, s.dilation, s.before, s.after, s.insert})
    if (v > most) return unsupported("a " + axis + " parameter of " + std::to_string(v) + "; at most 2^20");
  if (s.stride > 1 && s.insert > 1)
    return unsupported("stride " + std::to_string(s.stride) + " and insertion " + std::to_string(s.insert) +
                       " on the " + axis + " axis; one of them must be 1");
  const std::uint64_t reach = std::uint64_t{s.kernel - 1} * s.dilation;
  const std::uint64_t inside = std::uint64_t{s.size - 1} * s.insert + 1;
  if (reach + 1 > inside + s.before + s.after)
    return badInput("a kernel that spans " + std::to_string(reach + 1) + " positions on a padded " + axis +
                    " of " + std::to_string(inside + s.before + s.after));
  if (s.before > reach || s.after > reach)
    return unsupported("padding of " + std::to_string(std::max(s.before, s.after)) + " on the " + axis +
                       " axis, where the kernel reaches " + std::to_string(reach) +
                       ": windows in the padding alone");
  if (inside > most || reach > most) return unsupported("a " + axis + " beyond 2^20 positions");
  Extent e;
  e.inside = static_cast<std::uint32_t>(inside);
  e.out = (e.inside + s.before + s.after - static_cast<std::uint32_t>(reach) - 1) / s.stride + 1;
  e.first = static_cast<std::uint32_t>(reach) - s.before;
  e.last = e.first + (e.out - 1) * s.stride;
  return e;
}

Side verticalOf(const WindowParams& p) {
  return {"height",         p.height, p.kernelHeight, p.strideHeight,
          p.dilationHeight, p.padTop, p.padBottom,    p.insertHeight};
}

Side horizontalOf(const WindowParams& p) {
  return {"width",         p.width,   p.kernelWidth, p.strideWidth,
          p.dilationWidth, p.padLeft, p.padRight,    p.insertWidth};
}

bool hasPadding(const WindowParams& p) {
  return p.padTop + p.padLeft + p.padBottom + p.padRight > 0 || p.insertHeight > 1 || p.insertWidth > 1;
}

std::uint32_t roundUp(std::uint32_t value, std::uint32_t step) { return (value + step - 1) / step * step; }

std::uint32_t stepOf(const Side& s) { return std::max(s.stride, s.insert); }

}  // namespace

Result<WindowScan> windowScan(const WindowParams& p) {
  SLUICE_TRY(const WindowPlan plan, planWindow(p));
  return plan.scan;
}

Result<WindowPlan> planWindow(const WindowParams& p) {
  if (p.channels == 0) return badInput("a map of no channels");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.channels, "channels"));
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  const Side vertical = verticalOf(p), horizontal = horizontalOf(p);
  SLUICE_TRY(const Extent y, extentOf(vertical));
  SLUICE_TRY(const Extent x, extentOf(horizontal));

  WindowPlan plan{.params = p};
  WindowScan& scan = plan.scan;
  scan.outHeight = y.out;
  scan.outWidth = x.out;
  scan.folds = p.channels / p.pack;
  scan.positions = p.kernelHeight * p.kernelWidth;
  const std::uint32_t atOnce = p.positionsAtOnce == 0 ? scan.positions : p.positionsAtOnce;
  if (scan.positions % atOnce != 0)
    return badInput("a kernel of " + std::to_string(scan.positions) + " positions, " +
                    std::to_string(atOnce) + " at once");
  scan.positionFolds = scan.positions / atOnce;
  scan.firstRow = y.first;
  scan.firstColumn = x.first;
  scan.output = hasPadding(p) ? fixed::join(p.input, {p.padCode, p.padCode}) : p.input;
  // What lies left of a row's first column: padding after the row before, or before the row where there is none before.
  scan.lead = y.first == 0 ? p.padLeft : 0;
  const std::uint32_t after = x.last + 1 > x.inside ? x.last + 1 - x.inside : 0;
  const std::uint32_t tail = scan.lead > 0 ? after : std::max(after, p.padLeft);
  scan.rows = roundUp(std::max(y.inside, y.last + 1), stepOf(vertical));
  scan.columns = roundUp(scan.lead + x.inside + tail, stepOf(horizontal));
  constexpr std::uint64_t most = std::uint64_t{1} << 31;
  if (scan.iterations() > most || std::uint64_t{p.dilationHeight} * scan.columns * scan.folds > most)
    return unsupported("a scan of " + std::to_string(scan.iterations()) + " iterations; at most 2^31");

  plan.element = fixed::formatFor(scan.output);
  plan.maskRows = p.kernelHeight > 1 && (p.padTop > 0 || (p.padLeft > 0 && scan.lead == 0));
  plan.rowAxis = addAxis(plan.loops, scan.rows, stepOf(vertical));
  plan.columnAxis = addAxis(plan.loops, scan.columns, stepOf(horizontal));
  plan.loops.loops.push_back({scan.folds});
  plan.loops.loops.push_back({scan.positionFolds});
  const auto pixels = [](const Axis& axis, std::uint32_t first, std::uint32_t count, std::uint32_t inside,
                         std::uint32_t insert) {
    return insert > 1 ? progression(axis, first, count, insert) : interval(axis, first, first + inside);
  };
  plan.reads = bothOf(pixels(plan.rowAxis, 0, p.height, y.inside, p.insertHeight),
                      pixels(plan.columnAxis, scan.lead, p.width, x.inside, p.insertWidth));
  if (scan.positionFolds > 1)
    plan.reads = bothOf(plan.reads, {{{plan.positionLoop(), dataflow::Relation::equal, 0}}});
  plan.writes = bothOf(progression(plan.rowAxis, y.first, y.out, p.strideHeight),
                       progression(plan.columnAxis, scan.lead + x.first, x.out, p.strideWidth));
  return plan;
}

std::string windowDigest(const WindowParams& p) {
  Hasher hash;
  for (const std::uint32_t v :
       {p.height, p.width, p.channels, p.pack, p.kernelHeight, p.kernelWidth, p.strideHeight, p.strideWidth,
        p.dilationHeight, p.dilationWidth, p.padTop, p.padLeft, p.padBottom, p.padRight, p.insertHeight,
        p.insertWidth, static_cast<std::uint32_t>(p.rows), static_cast<std::uint32_t>(p.columns),
        static_cast<std::uint32_t>(p.family)})
    hash.field(v);
  hash.field(p.positionsAtOnce);
  for (const std::int64_t v : {p.padCode, p.input.lo, p.input.hi}) hash.field(static_cast<std::uint64_t>(v));
  return hash.hex().substr(0, 8);
}

}  // namespace sluice::kernel
