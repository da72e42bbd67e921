#include "ir/ops.h"

namespace sluice::ir {

const std::vector<OpInfo>& opTable() {
  // In the order of the variant Operation.
  static const std::vector<OpInfo> table = {
      {"input", 0, 0, false, "network input of a given type"},
      {"quantize", 1, 1, false, "code = overflow(round(x / scale + zeroPoint), range)"},
      {"quantizeFloat", 1, 1, false, "to the nearest number of a small floating-point format"},
      {"quantizePower", 1, 1, false, "to a power of two, with x's sign"},
      {"bipolar", 1, 1, false, "+scale where x >= 0, else -scale; codes +1 and -1"},
      {"matMul", 2, 2, false, "y[..., i, j] = sum_k x[..., i, k] * w[..., k, j] on real values"},
      {"conv", 2, 3, false, "convolution on real values; inputs x, w and maybe bias"},
      {"convTranspose", 2, 3, false, "transposed convolution on real values; inputs x, w and maybe bias"},
      {"batchNormalize", 5, 5, false,
       "gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel; inputs x, gamma, beta, mean, "
       "variance"},
      {"layerNormalize", 3, 3, false,
       "gamma * (x - mean(x)) / sqrt(variance(x) + epsilon) + beta over the last axes; inputs x, gamma, "
       "beta"},
      {"binary", 2, 2, false,
       "add, subtract, multiply, divide, power, minimum, maximum or prelu, element by element, broadcast"},
      {"unary", 1, 1, false, "relu, sigmoid, tanh and other functions, element by element"},
      {"softmax", 1, 1, false, "softmax over the last axis"},
      {"reshape", 1, 1, false, "same elements in the same order, new shape"},
      {"transpose", 1, 1, false, "axes permuted"},
      {"concat", 1, 1024, false, "the inputs one after the other along an axis"},
      {"pad", 1, 1, false, "elements of one value before, after and between those of x"},
      {"slice", 1, 1, false, "a range of each axis, maybe every step-th element"},
      {"expand", 1, 1, false, "broadcast to a shape"},
      {"gather", 2, 2, false, "x[indices] along an axis; inputs x, indices"},
      {"resize", 1, 1, false, "up- or downsampling, nearest or linear"},
      {"pool", 1, 1, false, "maximum, average or sum of windows"},
      {"reduce", 1, 1, false, "sum, mean, maximum, minimum or product over axes"},
      {"dense", 2, 3, true, "bias[j] + sum_i w[i, j] * x[..., i] on codes; inputs x, w and maybe bias"},
      {"codeConv", 2, 3, true, "convolution on codes; inputs x, w and maybe bias"},
      {"accumulateConv", 2, 3, true,
       "convolution or product on codes, each term and sum brought into a fixed-point accumulator; inputs x, "
       "w "
       "and maybe bias"},
      {"codeMatMul", 2, 2, true, "matrix product of two computed codes tensors"},
      {"codeBinary", 2, 2, true, "product, minimum or maximum of codes, element by element, broadcast"},
      {"threshold", 2, 2, true, "base + sign * (number of thresholds that x reaches); inputs x, thresholds"},
      {"lookup", 2, 2, true, "table[x - first]; inputs x, table"},
      {"pairLookup", 3, 3, true, "table[(x0 - first0) * span1 + x1 - first1]; inputs x0, x1, table"},
      {"rescale", 3, 3, true, "clamp((a * x + b) >> shift, range); inputs x, a, b"},
      {"requantize", 1, 1, true, "overflow(round(x / 2^shift), range), per element"},
      {"merge", 1, 64, true, "sum of the inputs, each shifted left by its own amount"},
      {"topK", 1, 1, true, "indices of the k largest elements along the last axis, ties to the lower index"},
  };
  return table;
}

const OpInfo& info(const Operation& operation) { return opTable()[operation.index()]; }

}  // namespace sluice::ir
