#include "ir/reference_ops.h"

#include <algorithm>
#include <cmath>

#include "fixed/rounding.h"
#include "ir/reference.h"

namespace sluice::ir {
namespace {

using Reals = std::vector<double>;
using Integers = std::vector<std::int64_t>;

/// Real values of an operand: its own doubles, or those its codes stand for.
class RealView {
 public:
  explicit RealView(const Operand& operand) {
    if (const auto* reals = std::get_if<Reals>(operand.data)) {
      list_ = reals;
    } else {
      own_ = realValues(*operand.type, *operand.data);
      list_ = &own_;
    }
  }
  RealView(const RealView&) = delete;
  RealView& operator=(const RealView&) = delete;
  double operator[](std::size_t i) const { return (*list_)[i]; }
  [[nodiscard]] const Reals& list() const { return *list_; }

 private:
  Reals own_;
  const Reals* list_ = nullptr;
};

double apply(UnaryKind kind, double x) {
  switch (kind) {
    case UnaryKind::relu:
      return x > 0 ? x : 0;
    case UnaryKind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case UnaryKind::tanh:
      return std::tanh(x);
    case UnaryKind::negate:
      return -x;
    case UnaryKind::identity:
      return x;
  }
  return x;
}

double apply(BinaryKind kind, double a, double b) {
  switch (kind) {
    case BinaryKind::add:
      return a + b;
    case BinaryKind::subtract:
      return a - b;
    case BinaryKind::multiply:
      return a * b;
    case BinaryKind::divide:
      return a / b;
    case BinaryKind::power:
      return std::pow(a, b);
  }
  return a;
}

/// Step in the operand per step along each axis of the result; 0 where it is broadcast.
std::vector<std::size_t> strides(const Shape& operand, const Shape& result) {
  std::vector<std::size_t> step(result.size());
  std::size_t stride = 1;
  for (std::size_t i = 0; i < operand.size(); ++i) {  // i counts axes from the last
    const auto extent = static_cast<std::size_t>(operand[operand.size() - 1 - i]);
    step[result.size() - 1 - i] = extent == 1 ? 0 : stride;
    stride *= extent;
  }
  return step;
}

/// Calls visit(i, index...) for every element i of the result, with the matching index in each operand.
template <typename Visit>
void walk(const Shape& shape, const std::vector<std::vector<std::size_t>>& steps, Visit visit) {
  const auto count = static_cast<std::size_t>(elements(shape));
  std::vector<std::size_t> counter(shape.size()), index(steps.size());
  for (std::size_t i = 0; i < count; ++i) {
    visit(i, index);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      for (std::size_t k = 0; k < steps.size(); ++k) index[k] += steps[k][axis];
      if (++counter[axis] < static_cast<std::size_t>(shape[axis])) break;
      for (std::size_t k = 0; k < steps.size(); ++k) index[k] -= steps[k][axis] * counter[axis];
      counter[axis] = 0;
    }
  }
}

/// Whether int64 holds sum (x - zx) * (w - zw) over n terms for sure.
bool sumFits(const Codes& x, const Codes& w, std::size_t n) {
  const auto span = [](const Codes& c) {
    const auto zero = static_cast<double>(c.zeroPoint);
    return std::max(std::fabs(static_cast<double>(c.range.lo) - zero),
                    std::fabs(static_cast<double>(c.range.hi) - zero));
  };
  return static_cast<double>(n) * span(x) * span(w) < 0x1p62;
}

void matMul(const Operand& x, const Operand& w, Reals& result) {
  const auto n = static_cast<std::size_t>(w.type->shape[0]);
  const auto m = static_cast<std::size_t>(w.type->shape[1]);
  const auto* xq = std::get_if<Integers>(x.data);
  const auto* wq = std::get_if<Integers>(w.data);
  const std::size_t rows = static_cast<std::size_t>(elements(x.type->shape)) / n;
  result.assign(rows * m, 0);
  const auto scaleW = [&](std::size_t j) { return scaleOf(*w.type->codes, static_cast<std::int64_t>(j)); };
  if (xq && wq && x.type->codes->scale.size() == 1 && sumFits(*x.type->codes, *w.type->codes, n)) {
    Integers acc(m);
    for (std::size_t row = 0; row < rows; ++row) {
      std::fill(acc.begin(), acc.end(), 0);
      for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t one = (*xq)[row * n + i] - x.type->codes->zeroPoint;
        for (std::size_t j = 0; j < m; ++j) acc[j] += one * ((*wq)[i * m + j] - w.type->codes->zeroPoint);
      }
      for (std::size_t j = 0; j < m; ++j)
        result[row * m + j] = x.type->codes->scale[0] * scaleW(j) * static_cast<double>(acc[j]);
    }
    return;
  }
  const RealView reals(x);
  const RealView weights(w);
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < m; ++j) result[row * m + j] += reals[row * n + i] * weights[i * m + j];
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
    integers().resize(x.list().size());
    const std::size_t n = channelCount();
    for (std::size_t i = 0; i < x.list().size(); ++i) {
      const double steps = x[i] / q.scale[q.scale.size() == 1 ? 0 : i % n] + static_cast<double>(q.zeroPoint);
      integers()[i] = fixed::clampToRange(fixed::roundToInteger(steps, q.rounding), q.range);
    }
  }

  void operator()(const Bipolar&) const {
    const RealView x(inputs[0]);
    integers().resize(x.list().size());
    for (std::size_t i = 0; i < x.list().size(); ++i) integers()[i] = x[i] >= 0 ? 1 : -1;
  }

  void operator()(const MatMul&) const { matMul(inputs[0], inputs[1], reals()); }

  void operator()(const BatchNormalize& b) const {
    const RealView x(inputs[0]), gamma(inputs[1]), beta(inputs[2]), mean(inputs[3]), variance(inputs[4]);
    reals().resize(x.list().size());
    const std::size_t n = channelCount();
    for (std::size_t i = 0; i < x.list().size(); ++i) {
      const std::size_t c = i % n;
      reals()[i] = gamma[c] * (x[i] - mean[c]) / std::sqrt(variance[c] + b.epsilon) + beta[c];
    }
  }

  void operator()(const Binary& b) const {
    const RealView left(inputs[0]), right(inputs[1]);
    reals().resize(static_cast<std::size_t>(elements(output.shape)));
    walk(output.shape,
         {strides(inputs[0].type->shape, output.shape), strides(inputs[1].type->shape, output.shape)},
         [&](std::size_t i, const std::vector<std::size_t>& at) {
           reals()[i] = apply(b.kind, left[at[0]], right[at[1]]);
         });
  }

  void operator()(const Unary& u) const {
    const RealView x(inputs[0]);
    reals().resize(x.list().size());
    for (std::size_t i = 0; i < x.list().size(); ++i) reals()[i] = apply(u.kind, x[i]);
  }

  void operator()(const Softmax&) const { softmax(RealView(inputs[0]).list(), channelCount(), reals()); }

  void operator()(const Reshape&) const { result = *inputs[0].data; }

  void operator()(const Transpose& t) const {
    const std::vector<std::size_t> from = strides(inputs[0].type->shape, inputs[0].type->shape);
    std::vector<std::size_t> steps;
    for (const std::int64_t axis : t.permutation) steps.push_back(from[static_cast<std::size_t>(axis)]);
    std::visit(
        [&](auto& list) {
          const auto& x = std::get<std::decay_t<decltype(list)>>(*inputs[0].data);
          list.resize(x.size());
          walk(output.shape, {steps},
               [&](std::size_t i, const std::vector<std::size_t>& at) { list[i] = x[at[0]]; });
        },
        result);
  }

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
    evaluateInteger(operation, inputs, integers());
  }
};

}  // namespace

void evaluateInto(const Operation& operation, const std::vector<Operand>& inputs, const TensorType& output,
                  ConstantData& result) {
  std::visit(Evaluate{inputs, output, result}, operation);
}

}  // namespace sluice::ir
