#include "kernel/conv/phases.h"

#include <algorithm>

#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

/// One axis: which pixels, counted from the window's own, the phases need.
struct PhaseAxis {
  std::int64_t step = 1, kernel = 1, before = 0;
  std::int64_t first = 0, last = 0;  ///< nearest and farthest pixel of a window, from pixel q
  std::uint32_t outputs = 1, windows = 1;
  std::uint32_t padBefore = 0, padAfter = 0;

  /// The kernel position that phase `a` puts on pixel q + d; none: -1.
  [[nodiscard]] std::int64_t position(std::int64_t a, std::int64_t d) const {
    const std::int64_t k = d * step + before - a;
    return k >= 0 && k < kernel ? k : -1;
  }
};

Result<PhaseAxis> axisOf(const char* name, std::uint32_t size, std::uint32_t kernel, std::uint32_t step,
                         std::uint32_t before, std::uint32_t outputs) {
  PhaseAxis axis{.step = step, .kernel = kernel, .before = before, .outputs = outputs};
  axis.windows = (outputs + step - 1) / step;
  axis.first = INT64_MAX;
  axis.last = INT64_MIN;
  for (std::int64_t a = 0; a < axis.step; ++a)
    for (std::int64_t k = 0; k < axis.kernel; ++k)
      if ((a + k - axis.before) % axis.step == 0) {
        const std::int64_t d = (a + k - axis.before) / axis.step;
        axis.first = std::min(axis.first, d);
        axis.last = std::max(axis.last, d);
      }
  const std::int64_t after = std::int64_t{axis.windows} - 1 + axis.last - (std::int64_t{size} - 1);
  const std::int64_t reach = axis.last - axis.first;
  if (axis.first > 0 || after < 0 || -axis.first > reach || after > reach)
    return unsupported("the " + std::string(name) + " of the phases does not fit the map: " +
                       std::to_string(-axis.first) + " and " + std::to_string(after) +
                       " positions of padding for windows of " + std::to_string(reach + 1));
  axis.padBefore = static_cast<std::uint32_t>(-axis.first);
  axis.padAfter = static_cast<std::uint32_t>(after);
  return axis;
}

}  // namespace

Result<PhaseChain> phases(const PhaseParams& params) {
  const ConvParams& c = params.conv;
  const WindowParams& w = c.window;
  if (w.insertHeight == 1 && w.insertWidth == 1)
    return badInput("phases of a convolution without inserted positions");
  if (w.strideHeight != 1 || w.strideWidth != 1 || w.dilationHeight != 1 || w.dilationWidth != 1 ||
      c.groups != 1)
    return unsupported("phases of a convolution with stride, dilation or groups");
  SLUICE_TRY(const WindowScan scan, windowScan(w));
  const std::uint64_t count = std::uint64_t{w.kernelHeight} * w.kernelWidth * w.channels * c.outChannels;
  if (c.weights.size() != count)
    return badInput(std::to_string(c.weights.size()) + " weights for a kernel of " + std::to_string(count));
  if (!c.bias.empty() && c.bias.size() != c.outChannels)
    return badInput(std::to_string(c.bias.size()) + " biases for " + std::to_string(c.outChannels) +
                    " output channels");
  SLUICE_TRY(const PhaseAxis y,
             axisOf("height", w.height, w.kernelHeight, w.insertHeight, w.padTop, scan.outHeight));
  SLUICE_TRY(const PhaseAxis x,
             axisOf("width", w.width, w.kernelWidth, w.insertWidth, w.padLeft, scan.outWidth));
  const std::uint32_t across = w.insertWidth * c.outChannels;
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", params.pack, across, "elements of the phases across"));

  PhaseChain chain{.product = c};
  WindowParams& v = chain.product.window;
  v.insertHeight = v.insertWidth = 1;
  v.positionsAtOnce = 0;
  v.kernelHeight = static_cast<std::uint32_t>(y.last - y.first + 1);
  v.kernelWidth = static_cast<std::uint32_t>(x.last - x.first + 1);
  v.padTop = y.padBefore;
  v.padBottom = y.padAfter;
  v.padLeft = x.padBefore;
  v.padRight = x.padAfter;
  const std::uint32_t outputs = w.insertHeight * across;
  chain.product.outChannels = outputs;
  chain.product.bias.clear();
  for (std::uint32_t m = 0; m < outputs && !c.bias.empty(); ++m)
    chain.product.bias.push_back(c.bias[m % c.outChannels]);
  // Padding counts as padCode, so a weight that meets an inserted position adds a constant for every phase.
  std::vector<std::int64_t> onInserted(std::size_t{w.insertHeight} * w.insertWidth * c.outChannels, 0);
  std::vector<std::int64_t>& weights = chain.product.weights;
  weights.assign(std::size_t{v.kernelHeight} * v.kernelWidth * w.channels * outputs, 0);
  for (std::int64_t a = 0; a < y.step; ++a)
    for (std::int64_t b = 0; b < x.step; ++b) {
      const std::size_t phase = static_cast<std::size_t>(a * x.step + b);
      std::vector<std::int64_t> all(c.outChannels, 0), met(c.outChannels, 0);
      for (std::uint32_t i = 0; i < count; ++i) all[i % c.outChannels] += c.weights[i];
      for (std::int64_t dy = y.first; dy <= y.last; ++dy)
        for (std::int64_t dx = x.first; dx <= x.last; ++dx) {
          const std::int64_t ky = y.position(a, dy), kx = x.position(b, dx);
          if (ky < 0 || kx < 0) continue;
          const auto from = static_cast<std::size_t>(ky * x.kernel + kx);
          const auto to = static_cast<std::size_t>((dy - y.first) * v.kernelWidth + (dx - x.first));
          for (std::size_t ch = 0; ch < w.channels; ++ch)
            for (std::size_t m = 0; m < c.outChannels; ++m) {
              const std::int64_t weight = c.weights[(from * w.channels + ch) * c.outChannels + m];
              weights[(to * w.channels + ch) * outputs + phase * c.outChannels + m] = weight;
              met[m] += weight;
            }
        }
      for (std::size_t m = 0; m < c.outChannels; ++m)
        onInserted[phase * c.outChannels + m] = (all[m] - met[m]) * w.padCode;
    }
  if (w.padCode != 0) {
    chain.product.bias.resize(outputs, 0);
    for (std::size_t m = 0; m < outputs; ++m) chain.product.bias[m] += onInserted[m];
  }

  chain.rows = {.shape = {x.windows, w.insertHeight, across / params.pack},
                .permutation = {1, 0, 2},
                .pack = params.pack,
                .range = {},
                .family = w.family};
  SLUICE_TRY(const DenseParams dense, convProduct(chain.product));
  chain.rows.range = chain.product.output ? *chain.product.output : denseOutputRange(dense);
  if (y.windows * w.insertHeight != y.outputs || x.windows * w.insertWidth != x.outputs) {
    if (c.outChannels % params.pack != 0)
      return unsupported("pack " + std::to_string(params.pack) + " does not divide the " +
                         std::to_string(c.outChannels) +
                         " output channels, where a part of a row is cut off");
    const std::uint32_t beats = c.outChannels / params.pack;
    chain.cut = SliceParams{.pack = params.pack,
                            .range = chain.rows.range,
                            .axes = {{.extent = y.windows * w.insertHeight, .count = y.outputs},
                                     {.extent = x.windows * w.insertWidth, .count = x.outputs},
                                     {.extent = beats, .count = beats}}};
  }
  return chain;
}

}  // namespace sluice::kernel
