#include "ir/infer.h"

#include <algorithm>

namespace sluice::ir {
namespace {

constexpr std::int64_t exactInDouble = std::int64_t{1} << 53;

std::string shapes(const Inputs& inputs) {
  std::string out;
  for (const Tensor* input : inputs) {
    if (!out.empty()) out += " and ";
    out += "'" + input->name + "' " + text(input->type.shape);
  }
  return out;
}

Result<TensorType> checked(TensorType type) {
  SLUICE_RETURN_IF_ERROR(check(type));
  return type;
}

TensorType real(Shape shape) { return {.shape = std::move(shape), .codes = std::nullopt}; }

/// Which axes may move without parting a channel from its scale: all if there is one scale, else the last
/// must stay.
bool keepsChannels(const TensorType& x, bool lastAxisKept) {
  return x.isReal() || x.codes->scale.size() == 1 || lastAxisKept;
}

Result<Shape> broadcast(const Inputs& inputs) {
  const Shape& a = inputs[0]->type.shape;
  const Shape& b = inputs[1]->type.shape;
  Shape result(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < result.size(); ++i) {  // i counts axes from the last one
    const std::int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1)
      return badInput("shapes do not broadcast: " + shapes(inputs));
    result[result.size() - 1 - i] = std::max(left, right);
  }
  return result;
}

struct Infer {
  const Inputs& inputs;
  [[nodiscard]] const TensorType& x() const { return inputs[0]->type; }

  Result<TensorType> operator()(const Input&) const {
    return badInput("the type of an input is given, not inferred");
  }

  Result<TensorType> operator()(const Quantize& q) const {
    if (std::max({q.range.hi, -q.range.lo, q.zeroPoint, -q.zeroPoint}) > exactInDouble)
      return unsupported("a quantizer with codes beyond 2^53, which float64 does not hold exactly");
    return checked(
        {.shape = x().shape, .codes = Codes{.range = q.range, .scale = q.scale, .zeroPoint = q.zeroPoint}});
  }

  Result<TensorType> operator()(const Bipolar& b) const {
    return checked(
        {.shape = x().shape, .codes = Codes{.range = {-1, 1}, .scale = {b.scale}, .zeroPoint = 0}});
  }

  Result<TensorType> operator()(const MatMul&) const {
    const Shape& w = inputs[1]->type.shape;
    if (x().shape.empty() || w.size() != 2 || x().shape.back() != w[0])
      return badInput("a matrix product takes x [..., n] and w [n, m], not " + shapes(inputs));
    Shape result = x().shape;
    result.back() = w[1];
    return checked(real(std::move(result)));
  }

  Result<TensorType> operator()(const BatchNormalize&) const {
    for (std::size_t i = 1; i < inputs.size(); ++i)
      if (inputs[i]->type.shape != Shape{channels(x().shape)})
        return badInput("batch normalization takes parameters of shape [" +
                        std::to_string(channels(x().shape)) + "], one per channel, not " +
                        shapes({inputs[i]}));
    return real(x().shape);
  }

  Result<TensorType> operator()(const Binary&) const {
    SLUICE_TRY(Shape shape, broadcast(inputs));
    return checked(real(std::move(shape)));
  }

  Result<TensorType> operator()(const Unary&) const { return real(x().shape); }

  Result<TensorType> operator()(const Softmax&) const {
    if (x().shape.empty()) return badInput("softmax of a scalar");
    return real(x().shape);
  }

  Result<TensorType> operator()(const Reshape& r) const {
    SLUICE_RETURN_IF_ERROR(checkShape(r.shape));
    if (elements(r.shape) != elements(x().shape))
      return badInput("shape " + text(r.shape) + " has another number of elements than " + shapes(inputs));
    if (!keepsChannels(x(), channels(r.shape) == channels(x().shape)))
      return unsupported("codes with one scale per channel keep their last axis in a reshape; " +
                         shapes(inputs) + " to " + text(r.shape) + " does not");
    return TensorType{.shape = r.shape, .codes = x().codes};
  }

  Result<TensorType> operator()(const Transpose& t) const {
    const std::size_t rank = x().shape.size();
    std::vector<bool> seen(rank);
    bool legal = t.permutation.size() == rank;
    for (std::size_t i = 0; legal && i < rank; ++i) {
      const std::int64_t axis = t.permutation[i];
      legal = axis >= 0 && axis < static_cast<std::int64_t>(rank) && !seen[static_cast<std::size_t>(axis)];
      if (legal) seen[static_cast<std::size_t>(axis)] = true;
    }
    if (!legal) return badInput(text(t.permutation) + " does not permute the axes of " + shapes(inputs));
    if (!keepsChannels(x(), rank == 0 || t.permutation.back() == static_cast<std::int64_t>(rank) - 1))
      return unsupported("codes with one scale per channel keep their last axis in a transpose; " +
                         text(t.permutation) + " moves it");
    Shape shape(rank);
    for (std::size_t i = 0; i < rank; ++i) shape[i] = x().shape[static_cast<std::size_t>(t.permutation[i])];
    return TensorType{.shape = std::move(shape), .codes = x().codes};
  }

  Result<TensorType> operator()(const Dense&) const { return inferDense(inputs); }
  Result<TensorType> operator()(const Threshold& t) const { return inferThreshold(t, inputs); }
  Result<TensorType> operator()(const Lookup& l) const { return inferLookup(l, inputs); }
  Result<TensorType> operator()(const Rescale& r) const { return inferRescale(r, inputs); }
  Result<TensorType> operator()(const Merge& m) const { return inferMerge(m, inputs); }
  Result<TensorType> operator()(const TopK& t) const { return inferTopK(t, inputs); }
};

}  // namespace

Result<TensorType> inferType(const Operation& operation, const Inputs& inputs) {
  const OpInfo& row = info(operation);
  const auto count = static_cast<int>(inputs.size());
  if (count < row.minInputs || count > row.maxInputs)
    return badInput(std::string(row.name) + " takes " + std::to_string(row.minInputs) +
                    (row.maxInputs > row.minInputs ? " to " + std::to_string(row.maxInputs) : "") +
                    " inputs, not " + std::to_string(count));
  return std::visit(Infer{inputs}, operation);
}

}  // namespace sluice::ir
