#pragma once

#include <vector>

#include "ir/graph.h"

/// Inside of the reference (reference.h): one operation on one sample.
namespace sluice::ir {

struct Operand {
  const TensorType* type = nullptr;
  const ConstantData* data = nullptr;
};

/// The elements of an operand of codes.
const std::vector<std::int64_t>& codesOf(const Operand& operand);

/// Real values of an operand: its own doubles, or those its codes stand for.
class RealView {
 public:
  explicit RealView(const Operand& operand);
  RealView(RealView&&) = default;
  double operator[](std::size_t i) const { return list()[i]; }
  [[nodiscard]] std::size_t size() const { return list().size(); }
  [[nodiscard]] const std::vector<double>& list() const { return other_ != nullptr ? *other_ : own_; }

 private:
  std::vector<double> own_;
  const std::vector<double>* other_ = nullptr;
};

/// `result` already is of the kind of `output` (doubles or codes) and is overwritten; its memory is reused.
void evaluateInto(const Operation& operation, const std::vector<Operand>& inputs, const TensorType& output,
                  ConstantData& result);

// ---- functions of numbers (reference_function.cpp)
double apply(const Unary& operation, double x);
double apply(BinaryKind kind, double a, double b);
std::int64_t apply(const Quantize& operation, double x, std::size_t element);
/// The value in units of scale.
double apply(const QuantizeFloat& operation, double x);
std::int64_t apply(const QuantizePower& operation, double x);

// ---- the integer dialect and TopK; exact (reference_integer.cpp, reference_window.cpp)
using CodeList = std::vector<std::int64_t>;
void evaluateInteger(const Dense&, const std::vector<Operand>&, const TensorType& output, CodeList& result);
void evaluateInteger(const Threshold&, const std::vector<Operand>&, const TensorType& output,
                     CodeList& result);
void evaluateInteger(const Lookup&, const std::vector<Operand>&, const TensorType& output, CodeList& result);
void evaluateInteger(const Rescale&, const std::vector<Operand>&, const TensorType& output, CodeList& result);
void evaluateInteger(const Merge&, const std::vector<Operand>&, const TensorType& output, CodeList& result);
void evaluateInteger(const CodeConv&, const std::vector<Operand>&, const TensorType& output,
                     CodeList& result);
void evaluateInteger(const AccumulateConv&, const std::vector<Operand>&, const TensorType& output,
                     CodeList& result);
void evaluateInteger(const CodeMatMul&, const std::vector<Operand>&, const TensorType& output,
                     CodeList& result);
void evaluateInteger(const CodeBinary&, const std::vector<Operand>&, const TensorType& output,
                     CodeList& result);
void evaluateInteger(const PairLookup&, const std::vector<Operand>&, const TensorType& output,
                     CodeList& result);
void evaluateInteger(const Requantize&, const std::vector<Operand>&, const TensorType& output,
                     CodeList& result);

/// Indices of the k largest of each row of n, largest first, ties to the lower index.
template <typename Number>
void evaluateTopK(std::int64_t k, std::int64_t n, const std::vector<Number>& x, CodeList& result);

// ---- windows (reference_window.cpp)
void evaluateReal(const Conv&, const std::vector<Operand>&, const TensorType& output,
                  std::vector<double>& result);
void evaluateReal(const ConvTranspose&, const std::vector<Operand>&, const TensorType& output,
                  std::vector<double>& result);
template <typename Number>
void evaluatePool(const Pool& operation, const Shape& shape, const std::vector<Number>& x, Number zero,
                  std::vector<Number>& result);
template <typename Number>
void evaluateReduce(const Reduce& operation, const Shape& shape, const std::vector<Number>& x,
                    std::vector<Number>& result);

// ---- operations of both dialects (reference_structure.cpp)
template <typename Move>
void evaluateMove(const Move& operation, const std::vector<Operand>& inputs, ConstantData& result);
void evaluateStructure(const Resize&, const std::vector<Operand>& inputs, ConstantData& result);
void evaluateStructure(const Gather&, const std::vector<Operand>& inputs, ConstantData& result);
void evaluateStructure(const Pool&, const std::vector<Operand>& inputs, ConstantData& result);
void evaluateStructure(const Reduce&, const std::vector<Operand>& inputs, ConstantData& result);

}  // namespace sluice::ir
