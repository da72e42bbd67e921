#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ir/type.h"

/// Constants of a model file and the arithmetic that folds them.
///
/// A constant is what the file says, exactly: floats of any width become doubles, which hold them; integers
/// stay integers. Folding works in doubles and never goes back to float32: what a framework rounds on the way
/// is not the network's mathematics.
namespace sluice::frontend {

/// Stands in shape arithmetic for the extent of a batch axis whose size the file leaves open. Only operations
/// that move elements about may meet it; `symbolic` marks the constants that hold it.
constexpr std::int64_t openBatch = INT64_MIN + 0x5eed;

struct Constant {
  ir::Shape shape;                                                    ///< extents may be 0
  std::variant<std::vector<double>, std::vector<std::int64_t>> data;  ///< row-major
  bool symbolic = false;                                              ///< some element is openBatch
  std::int32_t type = 0;  ///< ONNX element type where the file says it and nothing was computed since; else 0

  [[nodiscard]] bool isReal() const { return data.index() == 0; }
  [[nodiscard]] std::size_t size() const {
    return std::visit([](const auto& elements) { return elements.size(); }, data);
  }
  /// Element i as a real number. Integers beyond 2^53 are rounded.
  [[nodiscard]] double real(std::size_t i) const;
};

/// How many elements folding may still make. Broadcasting, gathering and joining can blow up a small file
/// without bound; an honest file folds a few times what it holds.
struct FoldBudget {
  std::int64_t elements = 0;

  /// Errors: badInput when it is spent.
  Status take(std::int64_t count);
};

/// The product of the extents, if every extent is >= 0, the product stays below 2^40 and there are at most 64
/// axes.
Result<std::int64_t> countElements(const ir::Shape& shape);

/// "[256, 490]"
std::string shapeText(const ir::Shape& shape);

/// Shape of the result of numpy's broadcasting. Errors: badInput with both shapes.
Result<ir::Shape> broadcastShape(const ir::Shape& a, const ir::Shape& b);

enum class FoldKind : std::uint8_t { add, subtract, multiply, divide, power, minimum, maximum };

/// a op b with numpy's broadcasting. Integers if both are, reals otherwise.
/// Errors  badInput: shapes, integer overflow, division by zero, a result that is no finite number;
///         unsupported: arithmetic with the batch size
Result<Constant> foldBinary(FoldKind kind, const Constant& a, const Constant& b, FoldBudget& budget);

enum class FoldUnary : std::uint8_t {
  negate,
  absolute,
  squareRoot,
  reciprocal,
  relu,
  sigmoid,
  tanh,
  floor,
  ceil,
  round,
  exp,
  log,
  erf,
  sign
};
Result<Constant> foldUnary(FoldUnary kind, const Constant& a, FoldBudget& budget);

/// Elements at the indices along one axis (ONNX Gather). Negative indices count from the end.
Result<Constant> gather(const Constant& a, const Constant& indices, std::int64_t axis, FoldBudget& budget);

/// Errors: badInput if extents or kinds differ or there is none.
Result<Constant> concatenate(const std::vector<const Constant*>& parts, std::int64_t axis,
                             FoldBudget& budget);

/// Elements start, start + step, ... before end along one axis, clamped as ONNX Slice does. step != 0.
Result<Constant> slice(const Constant& a, std::int64_t axis, std::int64_t start, std::int64_t end,
                       std::int64_t step, FoldBudget& budget);

/// Axis i of the result is axis permutation[i] of `elements`. The permutation is valid.
template <typename Element>
std::vector<Element> transposeElements(const std::vector<Element>& elements, const ir::Shape& shape,
                                       const std::vector<std::int64_t>& permutation);
ir::Shape transposeShape(const ir::Shape& shape, const std::vector<std::int64_t>& permutation);

/// Is it a permutation of 0 .. rank-1?
bool isPermutation(const std::vector<std::int64_t>& permutation, std::size_t rank);

/// A negative axis counts from the end. Errors: badInput if it is outside [-rank, rank).
Result<std::int64_t> normalizeAxis(std::int64_t axis, std::size_t rank);

}  // namespace sluice::frontend
