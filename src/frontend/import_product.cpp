#include <algorithm>
#include <map>

#include "frontend/operators.h"

/// Matrix products: MatMul, Gemm, Einsum.
///
/// The graph multiplies along the last axis of its first operand. An operand that lies in another order is
/// used as it is where that axis is the last one anyway; a flattened one keeps its order, and the rows of the
/// constant are permuted instead.
namespace sluice::frontend {

namespace {

/// The constant matrix of input i with its rows (axis 0) as the flattened input 0 has its elements.
Result<Value> rowsAsIn(Call& call, const Value& matrix, const Layout& layout) {
  if (!layout.flat) return matrix;
  return pickedAs(matrix, 0, *layout.flat, call.budget());
}

ir::Shape shapeOf(const Value& constant) {
  return constant.kind == Value::Kind::constant ? constant.constant->shape : constant.quantized->shape;
}

/// A constant matrix [m, n] times x [..., n, p]: the same with the last two axes of both exchanged.
Status matrixTimesComputed(Call& call) {
  const Value& x = call.input(1);
  const std::size_t rank = call.sampleShape(1).size();
  if (call.sampleShape(0).size() != 2)
    return unsupported("its first operand is a constant of shape " + shapeText(call.sampleShape(0)) +
                       "; a matrix is supported");
  if (rank < 2)
    return unsupported("the constant is its first operand and the computed one has " + std::to_string(rank) +
                       " axes besides the batch, so the product would mix samples");
  Order swapped = identityOrder(rank);
  std::swap(swapped[rank - 1], swapped[rank - 2]);
  SLUICE_TRY(const ir::TensorId turned, call.tensorIn(1, swapped));
  SLUICE_TRY(const Value w, transposed(call.input(0), {1, 0}, call.budget()));
  SLUICE_TRY(const ir::TensorId matrix, call.tensorOf(w, "weight"));
  return call.finish(ir::MatMul{}, {turned, matrix}, x.batched, layoutOf(swapped));
}

Status importDot(Call& call) {
  const Value& a = call.input(0);
  const Value& b = call.input(1);
  if (a.batched != b.batched || call.fileRank(0) != call.fileRank(1) || call.sampleShape(0).size() < 2)
    return unsupported("both operands are computed, with " + std::to_string(call.fileRank(0)) + " and " +
                       std::to_string(call.fileRank(1)) +
                       " axes; equal ranks of at least 3 with a batch are supported");
  SLUICE_TRY(const ir::TensorId x, call.tensorOf(0));
  SLUICE_TRY(const ir::TensorId y, call.tensorOf(1));
  return call.finish(ir::MatMul{}, {x, y}, a.batched);
}

}  // namespace

Result<Parts> productParts(Call& call, const Value& given) {
  const Value& x = call.input(0);
  const ir::Shape shape = call.sampleShape(0);
  const ir::Shape w = shapeOf(given);
  if (shape.empty()) return badInput("its first operand has no axis besides the batch");
  if (w.size() != 2)
    return unsupported("the constant operand has shape " + shapeText(w) + "; a matrix is supported");
  if (shape.back() != w[0])
    return badInput("its operands have shapes " + shapeText(shape) + " (a sample) and " + shapeText(w));
  SLUICE_TRY(const Value matrix, rowsAsIn(call, given, x.layout));
  const bool same = matrix.constant == call.input(1).constant && matrix.quantized == call.input(1).quantized;
  SLUICE_TRY(const ir::TensorId operand, same ? call.tensorOf(1) : call.tensorOf(matrix, "weight"));
  const Order& order = x.layout.order;
  if (order.empty() || order.back() + 1 == static_cast<std::int64_t>(shape.size()))
    return Parts{ir::MatMul{}, {x.tensor, operand}, {.order = order, .flat = nullptr}};
  SLUICE_TRY(const ir::TensorId plain, call.tensorOf(0));
  return Parts{ir::MatMul{}, {plain, operand}, {}};
}

Status importMatMul(Call& call) {
  if (call.input(0).isConstant())
    return call.input(1).isConstant() ? Status(unsupported("both operands are constants"))
                                      : matrixTimesComputed(call);
  if (call.input(1).isRuntime()) return importDot(call);
  Value w = call.input(1);
  ir::Shape shape = shapeOf(w);
  if (shape.empty()) return badInput("its second operand is a scalar");
  if (shape.size() == 1) {  // a vector: its axis of one column is dropped again
    SLUICE_TRY(w, reshaped(w, {shape[0], 1}, call.budget()));
    SLUICE_TRY(Parts parts, productParts(call, w));
    SLUICE_TRY(const ir::TensorId product,
               call.emit(std::move(parts.operation), std::move(parts.inputs), "product"));
    ir::Shape result = call.sampleShape(0);
    result.pop_back();
    const Order order = orderOf(parts.layout, result.size() + 1);
    const Order left = withoutAxes(order, {static_cast<std::int64_t>(result.size())});
    return call.finish(ir::Reshape{.shape = graphShapeOf(result, left)}, {product}, call.input(0).batched,
                       layoutOf(left));
  }
  while (shape.size() > 2 && shape[0] == 1) {
    shape.erase(shape.begin());
    SLUICE_TRY(w, reshaped(w, shape, call.budget()));
  }
  SLUICE_TRY(Parts parts, productParts(call, w));
  return call.finish(std::move(parts.operation), std::move(parts.inputs), call.input(0).batched,
                     parts.layout);
}

/// y = alpha * x * w' + beta * c, as a product, and what of the rest is not idle.
Status importGemm(Call& call) {
  SLUICE_TRY(const double alpha, call.real("alpha", 1));
  SLUICE_TRY(const double beta, call.real("beta", 1));
  SLUICE_TRY(const std::int64_t transA, call.integer("transA", 0));
  SLUICE_TRY(const std::int64_t transB, call.integer("transB", 0));
  if (!call.input(0).isRuntime() || call.input(1).isRuntime())
    return unsupported("its first operand must be computed and its second a constant");
  if (transA != 0) return unsupported("transA would move the batch axis");
  if (call.fileRank(0) != 2)
    return badInput("its first operand has rank " + std::to_string(call.fileRank(0)) + ", not 2");
  if (call.fileRank(1) != 2)
    return badInput("its second operand has rank " + std::to_string(call.fileRank(1)) + ", not 2");
  const bool batched = call.input(0).batched;
  Value w = call.input(1);
  if (transB != 0) {
    SLUICE_TRY(w, transposed(w, {1, 0}, call.budget()));
  }
  const bool scales = alpha != 1;
  const bool adds = call.has(2) && beta != 0;
  SLUICE_TRY(Parts parts, productParts(call, w));
  if (!scales && !adds) return call.finish(std::move(parts.operation), std::move(parts.inputs), batched);
  SLUICE_TRY(ir::TensorId y, call.emit(std::move(parts.operation), std::move(parts.inputs), "product"));
  if (scales) {
    const ir::TensorId a = call.addScalar("alpha", alpha);
    if (!adds) return call.finish(ir::Binary{ir::BinaryKind::multiply}, {y, a}, batched);
    SLUICE_TRY(y, call.emit(ir::Binary{ir::BinaryKind::multiply}, {y, a}, "scaled"));
  }
  if (call.input(2).isRuntime()) {
    if (beta != 1) return unsupported("its bias is computed and beta is not 1");
    SLUICE_TRY(const ir::TensorId c, operandIn(call, 2, batched ? 1 : 2, batched, {}));
    return call.finish(ir::Binary{ir::BinaryKind::add}, {y, c}, batched);
  }
  ir::TensorId c;
  if (beta == 1) {
    SLUICE_TRY(c, operandIn(call, 2, batched ? 1 : 2, batched, {}));
  } else {
    // Real from here on: codes times beta are codes of another scale, which nothing after an Add can use.
    SLUICE_TRY(const std::shared_ptr<const Constant> bias, call.constantInput(2, "the bias"));
    const Constant times{.shape = {}, .data = std::vector<double>{beta}, .symbolic = false};
    SLUICE_TRY(Constant scaled, foldBinary(FoldKind::multiply, *bias, times, call.budget()));
    SLUICE_TRY(const Value placed,
               constantIn(call, valueOf(std::move(scaled)), call.inputName(2), batched ? 1 : 2, batched, {}));
    SLUICE_TRY(c, call.tensorOf(placed, "bias"));
  }
  return call.finish(ir::Binary{ir::BinaryKind::add}, {y, c}, batched);
}

namespace {

using Labels = std::string;

/// "...ij,jk->...ik" with the ellipses spelt out by labels that the equation does not use.
struct Equation {
  Labels a, b, result;
};
Result<Equation> parseEquation(const std::string& text, std::size_t rankA, std::size_t rankB) {
  std::string plain;
  for (const char c : text)
    if (c != ' ') plain += c;
  const std::size_t comma = plain.find(','), arrow = plain.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow ||
      plain.find(',', comma + 1) != std::string::npos)
    return unsupported("equation '" + shown(text) + "'; those of two operands with '->' are supported");
  Equation e{plain.substr(0, comma), plain.substr(comma + 1, arrow - comma - 1), plain.substr(arrow + 2)};
  const auto spread = [&](Labels& labels, std::optional<std::size_t> rank) -> Status {
    const std::size_t dots = labels.find("...");
    const std::size_t named = labels.size() - (dots == std::string::npos ? 0 : 3);
    std::size_t extra = 0;
    if (rank) {
      if (named > *rank || (dots == std::string::npos && named != *rank))
        return badInput("equation '" + shown(text) + "' does not fit the ranks of its operands");
      extra = *rank - named;
    } else if (dots != std::string::npos) {
      for (const char c : e.a) extra += c >= '0' && c <= '9' ? 1 : 0;
    }
    if (extra > 9) return unsupported("an ellipsis of more than 9 axes");
    if (dots != std::string::npos) {
      std::string digits;
      for (std::size_t k = 0; k < extra; ++k) digits += static_cast<char>('0' + k);
      labels.replace(dots, 3, digits);
    }
    for (const char c : labels)
      if (!std::isalnum(static_cast<unsigned char>(c)) || std::count(labels.begin(), labels.end(), c) != 1)
        return unsupported("equation '" + shown(text) + "': an operand names an axis twice");
    return {};
  };
  SLUICE_RETURN_IF_ERROR(spread(e.a, rankA));
  SLUICE_RETURN_IF_ERROR(spread(e.b, rankB));
  SLUICE_RETURN_IF_ERROR(spread(e.result, std::nullopt));
  return e;
}

}  // namespace

/// One matrix product, with the axes of both operands put in order before it: those that both and the result
/// have, those only one has, and those summed over.
Status importEinsum(Call& call) {
  SLUICE_TRY(const std::string text, call.text("equation", ""));
  if (call.inputCount() != 2 || !call.input(0).isRuntime())
    return unsupported("two operands of which the first is computed are supported");
  SLUICE_TRY(Equation e, parseEquation(text, call.fileRank(0), call.fileRank(1)));
  const bool batched = call.input(0).batched;
  const bool dot = call.input(1).isRuntime();
  if (batched) {
    const char batch = e.a[0];
    if (e.result.empty() || e.result[0] != batch || (dot && (!call.input(1).batched || e.b[0] != batch)) ||
        (!dot && e.b.find(batch) != std::string::npos))
      return unsupported("equation '" + shown(text) + "' does not keep the batch as the first axis");
    e.a.erase(0, 1);
    e.result.erase(0, 1);
    if (dot) e.b.erase(0, 1);
  }
  const ir::Shape shapeA = call.sampleShape(0), shapeB = call.sampleShape(1);
  std::map<char, std::int64_t> extents;
  for (std::size_t i = 0; i < e.a.size(); ++i) extents[e.a[i]] = shapeA[i];
  for (std::size_t i = 0; i < e.b.size(); ++i) {
    const auto [known, fresh] = extents.emplace(e.b[i], shapeB[i]);
    if (!fresh && known->second != shapeB[i])
      return unsupported("axis '" + std::string(1, e.b[i]) + "' has extents " +
                         std::to_string(known->second) + " and " + std::to_string(shapeB[i]));
  }
  Labels shared, summed, onlyA, onlyB;
  for (const char c : e.a) {
    const bool inB = e.b.find(c) != std::string::npos, inResult = e.result.find(c) != std::string::npos;
    if (!inB && !inResult)
      return unsupported("equation '" + shown(text) + "' sums over an axis of one operand");
    (inB ? (inResult ? shared : summed) : onlyA) += c;
  }
  for (const char c : e.b)
    if (e.a.find(c) == std::string::npos) onlyB += c;
  Labels given = shared + onlyA + onlyB;
  Labels sorted = given, asked = e.result;
  std::sort(sorted.begin(), sorted.end());
  std::sort(asked.begin(), asked.end());
  if (sorted != asked || summed.empty())
    return unsupported("equation '" + shown(text) + "' is no matrix product");
  if (!dot && !shared.empty())
    return unsupported("equation '" + shown(text) + "' multiplies axis '" + shared.substr(0, 1) +
                       "' of a constant element by element");
  const auto positions = [](const Labels& wanted, const Labels& in) {
    Order order;
    for (const char c : wanted) order.push_back(static_cast<std::int64_t>(in.find(c)));
    return order;
  };
  const auto product = [&](const Labels& labels) {
    std::int64_t n = 1;
    for (const char c : labels) n *= extents[c];
    return n;
  };
  ir::Shape sharedShape;
  for (const char c : shared) sharedShape.push_back(extents[c]);
  const auto withShared = [&](std::initializer_list<std::int64_t> rest) {
    ir::Shape shape = sharedShape;
    shape.insert(shape.end(), rest);
    return shape;
  };

  SLUICE_TRY(ir::TensorId a, call.tensorIn(0, positions(shared + onlyA + summed, e.a)));
  if (onlyA.size() != 1 || summed.size() != 1) {
    SLUICE_TRY(a,
               call.emit(ir::Reshape{.shape = withShared({product(onlyA), product(summed)})}, {a}, "left"));
  }
  ir::TensorId b;
  if (dot) {
    SLUICE_TRY(b, call.tensorIn(1, positions(shared + summed + onlyB, e.b)));
    if (onlyB.size() != 1 || summed.size() != 1) {
      SLUICE_TRY(
          b, call.emit(ir::Reshape{.shape = withShared({product(summed), product(onlyB)})}, {b}, "right"));
    }
  } else {
    SLUICE_TRY(Value w, transposed(call.input(1), positions(summed + onlyB, e.b), call.budget()));
    SLUICE_TRY(w, reshaped(w, {product(summed), product(onlyB)}, call.budget()));
    SLUICE_TRY(b, call.tensorOf(w, "weight"));
  }
  const Layout layout = layoutOf(positions(given, e.result));
  if (onlyA.size() == 1 && onlyB.size() == 1) return call.finish(ir::MatMul{}, {a, b}, batched, layout);
  SLUICE_TRY(const ir::TensorId matrix, call.emit(ir::MatMul{}, {a, b}, "product"));
  ir::Shape shape;
  for (const char c : given) shape.push_back(extents[c]);
  return call.finish(ir::Reshape{.shape = std::move(shape)}, {matrix}, batched, layout);
}

}  // namespace sluice::frontend
