#include "kernel/conv/conv.h"

#include <numeric>

#include "kernel/width/width.h"

namespace sluice::kernel {
namespace {

bool isPointwise(const WindowParams& w) {
  return w.kernelHeight == 1 && w.kernelWidth == 1 && w.strideHeight == 1 && w.strideWidth == 1 &&
         w.insertHeight == 1 && w.insertWidth == 1 && w.padTop + w.padLeft + w.padBottom + w.padRight == 0;
}

std::string text(std::uint64_t number) { return std::to_string(number); }

}  // namespace

Result<ConvFacts> convFacts(const ConvParams& p) {
  const WindowParams& w = p.window;
  SLUICE_TRY(const WindowScan scan, windowScan(w));
  if (p.outChannels == 0) return badInput("a convolution of no output channels");
  if (p.groups == 0 || w.channels % p.groups != 0 || p.outChannels % p.groups != 0)
    return badInput(text(p.groups) + " groups do not divide " + text(w.channels) + " input and " +
                    text(p.outChannels) + " output channels");
  const std::uint32_t groupIn = w.channels / p.groups, groupOut = p.outChannels / p.groups;
  ConvFacts facts;
  facts.outHeight = scan.outHeight;
  facts.outWidth = scan.outWidth;
  facts.hasWindow = !isPointwise(w);
  facts.windowBeat = (facts.hasWindow ? scan.positions / scan.positionFolds : 1) * w.pack;
  // The fewest groups whose channels are whole beats. It divides the groups: pack divides groups * groupIn.
  facts.lanes = w.pack / std::gcd(w.pack, groupIn);
  facts.products = p.groups / facts.lanes;
  const std::uint64_t inputs = std::uint64_t{scan.positions} * groupIn * facts.lanes;
  const std::uint64_t outputs = std::uint64_t{groupOut} * facts.lanes;
  constexpr std::uint64_t most = 1u << 24;
  if (inputs * outputs * facts.products > most)
    return unsupported("a product of " + text(inputs) + " x " + text(outputs) + ", " + text(facts.products) +
                       " times, has more than 2^24 weights");
  facts.productInputs = static_cast<std::uint32_t>(inputs);
  facts.productOutputs = static_cast<std::uint32_t>(outputs);
  const std::uint64_t pixels = std::uint64_t{facts.outHeight} * facts.outWidth;
  facts.multiplications = pixels * scan.positions * groupIn * p.outChannels;
  facts.windowIterations = facts.hasWindow ? scan.iterations() : 0;
  if (p.simd > 0 && p.pe > 0)
    facts.productIterations = pixels * facts.products * (inputs / p.simd) * (outputs / p.pe);
  return facts;
}

Result<DenseParams> convProduct(const ConvParams& p) {
  SLUICE_TRY(const ConvFacts facts, convFacts(p));
  const WindowParams& w = p.window;
  const std::uint32_t positions = w.kernelHeight * w.kernelWidth;
  const std::uint32_t groupIn = w.channels / p.groups, groupOut = p.outChannels / p.groups;
  if (p.weights.size() != std::uint64_t{positions} * groupIn * p.outChannels)
    return badInput(text(p.weights.size()) + " weights for a kernel of " + text(w.kernelHeight) + " x " +
                    text(w.kernelWidth) + " x " + text(groupIn) + " x " + text(p.outChannels));
  if (!p.bias.empty() && p.bias.size() != p.outChannels)
    return badInput(text(p.bias.size()) + " biases for " + text(p.outChannels) + " output channels");
  SLUICE_TRY(const WindowScan scan, windowScan(w));
  DenseParams dense{.nIn = facts.productInputs, .nOut = facts.productOutputs, .simd = p.simd, .pe = p.pe};
  dense.input = scan.output;
  dense.bias = p.bias;
  dense.output = p.output;
  dense.multiplier = p.multiplier;
  dense.memory = p.memory;
  dense.levelsPerStage = p.levelsPerStage;
  dense.groups = facts.products;
  dense.family = w.family;
  dense.weights.assign(std::size_t{facts.products} * facts.productInputs * facts.productOutputs, 0);
  // Element e of a product: channel fold, position, channel in the fold; channels count from the product's first group.
  const std::uint32_t beat = positions * w.pack;
  for (std::uint32_t product = 0; product < facts.products; ++product)
    for (std::uint32_t e = 0; e < facts.productInputs; ++e) {
      const std::uint32_t position = e % beat / w.pack, channel = e / beat * w.pack + e % w.pack;
      const std::uint32_t lane = channel / groupIn;
      const std::size_t row = std::size_t{product} * facts.productInputs + e;
      for (std::uint32_t j = 0; j < groupOut; ++j) {
        const std::uint32_t column = lane * groupOut + j;
        const std::size_t out = std::size_t{product} * facts.productOutputs + column;
        dense.weights[row * facts.productOutputs + column] =
            p.weights[(std::size_t{position} * groupIn + channel % groupIn) * p.outChannels + out];
      }
    }
  return dense;
}

Result<ConvKernels> conv(const ConvParams& p) {
  SLUICE_TRY(const ConvFacts facts, convFacts(p));
  SLUICE_TRY(const DenseParams product, convProduct(p));
  ConvKernels kernels;
  SLUICE_TRY(kernels.product, dense(product));
  if (facts.hasWindow) {
    SLUICE_TRY(kernels.window, window(p.window));
  }
  if (p.simd != facts.windowBeat) {
    SLUICE_TRY(kernels.converter,
               widthConverter({.from = facts.windowBeat, .to = p.simd, .range = product.input}));
  }
  kernels.product.family = "conv";
  return kernels;
}

}  // namespace sluice::kernel
