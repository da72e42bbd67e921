#include "ir/reference_ops.h"

#include <algorithm>
#include <cmath>

#include "fixed/rounding.h"
#include "ir/geometry.h"
#include "ir/reference.h"

namespace sluice::ir {
namespace {

using Reals = std::vector<double>;
using Integers = std::vector<std::int64_t>;

/// Whether int64 holds sum (x - zx) * (w - zw) over n terms for sure.
bool sumFits(const Codes& x, const Codes& w, std::size_t n) {
  const auto span = [](const Codes& c) {
    const auto zero = static_cast<double>(c.zeroPoint);
    return std::max(std::fabs(static_cast<double>(c.range.lo) - zero),
                    std::fabs(static_cast<double>(c.range.hi) - zero));
  };
  return static_cast<double>(n) * span(x) * span(w) < 0x1p62;
}

/// w [..., n, m], one matrix for each leading position of x [..., a, n], or one [n, m] for all rows of x.
void matMul(const Operand& x, const Operand& w, Reals& result) {
  const Shape& shape = w.type->shape;
  const auto n = static_cast<std::size_t>(shape[shape.size() - 2]);
  const auto m = static_cast<std::size_t>(shape.back());
  const std::size_t rows = static_cast<std::size_t>(elements(x.type->shape)) / n;
  const std::size_t matrices = static_cast<std::size_t>(elements(shape)) / (n * m);
  result.assign(rows * m, 0);
  // Of row `row`, the first element of its matrix.
  const auto matrix = [&](std::size_t row) { return row / (rows / matrices) * n * m; };
  const auto* xq = std::get_if<Integers>(x.data);
  const auto* wq = std::get_if<Integers>(w.data);
  if (xq && wq && x.type->codes->scale.size() == 1 &&
      static_cast<std::int64_t>(w.type->codes->scale.size()) <= channels(shape) &&
      sumFits(*x.type->codes, *w.type->codes, n)) {
    Integers acc(m);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::int64_t* weights = wq->data() + matrix(row);
      std::fill(acc.begin(), acc.end(), 0);
      for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t one = (*xq)[row * n + i] - x.type->codes->zeroPoint;
        for (std::size_t j = 0; j < m; ++j) acc[j] += one * (weights[i * m + j] - w.type->codes->zeroPoint);
      }
      for (std::size_t j = 0; j < m; ++j)
        result[row * m + j] = x.type->codes->scale[0] *
                              scaleOf(*w.type->codes, static_cast<std::int64_t>(j)) *
                              static_cast<double>(acc[j]);
    }
    return;
  }
  const RealView reals(x);
  const RealView weights(w);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < m; ++j)
        result[row * m + j] += reals[row * n + i] * weights[matrix(row) + i * m + j];
}

void softmax(const Reals& x, std::size_t n, Reals& result) {
  result.resize(x.size());
  for (std::size_t row = 0; row < x.size(); row += n) {
    const double largest = *std::max_element(x.begin() + static_cast<std::ptrdiff_t>(row),
                                             x.begin() + static_cast<std::ptrdiff_t>(row + n));
    double sum = 0;
    for (std::size_t i = row; i < row + n; ++i) sum += result[i] = std::exp(x[i] - largest);
    for (std::size_t i = row; i < row + n; ++i) result[i] /= sum;
  }
}

struct Evaluate {
  const std::vector<Operand>& inputs;
  const TensorType& output;
  ConstantData& result;

  Reals& reals() const { return std::get<Reals>(result); }
  Integers& integers() const { return std::get<Integers>(result); }
  [[nodiscard]] std::size_t channelCount() const {
    return static_cast<std::size_t>(channels(inputs[0].type->shape));
  }

  void operator()(const Input&) const { SLUICE_CHECK(false, "inputs are fed, not evaluated"); }

  void operator()(const Quantize& q) const {
    const RealView x(inputs[0]);
    integers().resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) integers()[i] = apply(q, x[i], i);
  }

  void operator()(const QuantizeFloat& q) const {
    const RealView x(inputs[0]);
    const auto lsb = static_cast<int>(1 - q.exponentBias) - static_cast<int>(q.mantissaBits);
    std::visit(
        [&](auto& list) {
          using Number = typename std::decay_t<decltype(list)>::value_type;
          list.resize(x.size());
          for (std::size_t i = 0; i < x.size(); ++i)
            list[i] = static_cast<Number>(output.isReal() ? apply(q, x[i]) * q.scale
                                                          : std::ldexp(apply(q, x[i]), -lsb));
        },
        result);
  }

  void operator()(const QuantizePower& q) const {
    const RealView x(inputs[0]);
    integers().resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) integers()[i] = apply(q, x[i]);
  }

  void operator()(const Bipolar&) const {
    const RealView x(inputs[0]);
    integers().resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) integers()[i] = x[i] >= 0 ? 1 : -1;
  }

  void operator()(const MatMul&) const { matMul(inputs[0], inputs[1], reals()); }

  void operator()(const BatchNormalize& b) const {
    const RealView x(inputs[0]), gamma(inputs[1]), beta(inputs[2]), mean(inputs[3]), variance(inputs[4]);
    reals().resize(x.size());
    const std::size_t n = channelCount();
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t c = i % n;
      reals()[i] = gamma[c] * (x[i] - mean[c]) / std::sqrt(variance[c] + b.epsilon) + beta[c];
    }
  }

  void operator()(const Binary& b) const {
    const RealView left(inputs[0]), right(inputs[1]);
    reals().resize(static_cast<std::size_t>(elements(output.shape)));
    if (left.size() == reals().size() && right.size() == reals().size()) {
      for (std::size_t i = 0; i < left.size(); ++i) reals()[i] = apply(b.kind, left[i], right[i]);
      return;
    }
    const auto a = broadcastSources(inputs[0].type->shape, output.shape);
    const auto c = broadcastSources(inputs[1].type->shape, output.shape);
    for (std::size_t i = 0; i < a.size(); ++i)
      reals()[i] = apply(b.kind, left[static_cast<std::size_t>(a[i])], right[static_cast<std::size_t>(c[i])]);
  }

  void operator()(const Unary& u) const {
    const RealView x(inputs[0]);
    reals().resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) reals()[i] = apply(u, x[i]);
  }

  void operator()(const LayerNormalize& l) const {
    const RealView x(inputs[0]), gamma(inputs[1]), beta(inputs[2]);
    const std::size_t n = gamma.size();
    reals().resize(x.size());
    for (std::size_t row = 0; row < x.size(); row += n) {
      double mean = 0, variance = 0;
      for (std::size_t i = 0; i < n; ++i) mean += x[row + i];
      mean /= static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i) variance += (x[row + i] - mean) * (x[row + i] - mean);
      const double deviation = std::sqrt(variance / static_cast<double>(n) + l.epsilon);
      for (std::size_t i = 0; i < n; ++i)
        reals()[row + i] = gamma[i] * (x[row + i] - mean) / deviation + beta[i];
    }
  }

  void operator()(const Softmax&) const { softmax(RealView(inputs[0]).list(), channelCount(), reals()); }

  void operator()(const Conv& c) const { evaluateReal(c, inputs, output, reals()); }
  void operator()(const ConvTranspose& c) const { evaluateReal(c, inputs, output, reals()); }

  void operator()(const Reshape&) const { result = *inputs[0].data; }
  void operator()(const Transpose& m) const { evaluateMove(m, inputs, result); }
  void operator()(const Concat& m) const { evaluateMove(m, inputs, result); }
  void operator()(const Pad& m) const { evaluateMove(m, inputs, result); }
  void operator()(const Slice& m) const { evaluateMove(m, inputs, result); }
  void operator()(const Expand& m) const { evaluateMove(m, inputs, result); }
  void operator()(const Resize& r) const { evaluateStructure(r, inputs, result); }
  void operator()(const Gather& g) const { evaluateStructure(g, inputs, result); }
  void operator()(const Pool& p) const { evaluateStructure(p, inputs, result); }
  void operator()(const Reduce& r) const { evaluateStructure(r, inputs, result); }

  void operator()(const TopK& t) const {
    const auto n = static_cast<std::int64_t>(channelCount());
    const auto* codes = std::get_if<Integers>(inputs[0].data);
    if (codes && inputs[0].type->codes->scale.size() == 1)
      evaluateTopK(t.k, n, *codes, integers());
    else
      evaluateTopK(t.k, n, RealView(inputs[0]).list(), integers());
  }

  template <typename IntegerOperation>
  void operator()(const IntegerOperation& operation) const {
    evaluateInteger(operation, inputs, output, integers());
  }
};

}  // namespace

const std::vector<std::int64_t>& codesOf(const Operand& operand) { return std::get<Integers>(*operand.data); }

RealView::RealView(const Operand& operand) {
  if (const auto* reals = std::get_if<Reals>(operand.data))
    other_ = reals;
  else
    own_ = realValues(*operand.type, *operand.data);
}

void evaluateInto(const Operation& operation, const std::vector<Operand>& inputs, const TensorType& output,
                  ConstantData& result) {
  std::visit(Evaluate{inputs, output, result}, operation);
}

}  // namespace sluice::ir
