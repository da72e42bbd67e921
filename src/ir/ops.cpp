#include "ir/ops.h"

namespace sluice::ir {

const std::vector<OpInfo>& opTable() {
  // In the order of the variant Operation.
  static const std::vector<OpInfo> table = {
      {"input", 0, 0, false, "network input of a given type"},
      {"quantize", 1, 1, false, "code = clamp(round(x / scale + zeroPoint), range)"},
      {"bipolar", 1, 1, false, "+scale where x >= 0, else -scale; codes +1 and -1"},
      {"matMul", 2, 2, false, "y[..., j] = sum_i x[..., i] * w[i, j] on real values"},
      {"batchNormalize", 5, 5, false,
       "gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel; inputs x, gamma, beta, mean, "
       "variance"},
      {"binary", 2, 2, false, "add, subtract, multiply, divide or power, element by element, broadcast"},
      {"unary", 1, 1, false, "relu, sigmoid, tanh, negate or identity, element by element"},
      {"softmax", 1, 1, false, "softmax over the last axis"},
      {"reshape", 1, 1, false, "same elements in the same order, new shape"},
      {"transpose", 1, 1, false, "axes permuted"},
      {"dense", 2, 3, true, "bias[j] + sum_i w[i, j] * x[..., i] on codes; inputs x, w and maybe bias"},
      {"threshold", 2, 2, true, "base + sign * (number of thresholds that x reaches); inputs x, thresholds"},
      {"lookup", 2, 2, true, "table[x - first]; inputs x, table"},
      {"rescale", 3, 3, true, "clamp((a * x + b) >> shift, range); inputs x, a, b"},
      {"merge", 1, 64, true, "sum of the inputs, each shifted left by its own amount"},
      {"topK", 1, 1, true, "indices of the k largest elements along the last axis, ties to the lower index"},
  };
  return table;
}

const OpInfo& info(const Operation& operation) { return opTable()[operation.index()]; }

}  // namespace sluice::ir
