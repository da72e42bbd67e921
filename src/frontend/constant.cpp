#include "frontend/constant.h"

#include <algorithm>
#include <cmath>

namespace sluice::frontend {

namespace {

constexpr std::int64_t elementLimit = std::int64_t{1} << 40;
constexpr std::size_t maxRank = 64;

/// Distance in elements between neighbours along each axis; 0 where the extent is 1, so that broadcasting is
/// stepping by nothing. `rank` >= the shape's: missing axes come first.
std::vector<std::int64_t> broadcastStrides(const ir::Shape& shape, std::size_t rank) {
  std::vector<std::int64_t> strides(rank, 0);
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[rank - shape.size() + i] = shape[i] == 1 ? 0 : stride;
    stride *= shape[i];
  }
  return strides;
}

/// Calls visit(offset in a, offset in b) for every element of `shape`, row-major.
template <typename Visit>
void forEachPair(const ir::Shape& shape, const std::vector<std::int64_t>& stridesA,
                 const std::vector<std::int64_t>& stridesB, std::int64_t count, Visit visit) {
  std::vector<std::int64_t> position(shape.size(), 0);
  std::int64_t a = 0;
  std::int64_t b = 0;
  for (std::int64_t n = 0; n < count; ++n) {
    visit(static_cast<std::size_t>(a), static_cast<std::size_t>(b));
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      a += stridesA[axis];
      b += stridesB[axis];
      if (++position[axis] < shape[axis]) break;
      a -= stridesA[axis] * shape[axis];
      b -= stridesB[axis] * shape[axis];
      position[axis] = 0;
    }
  }
}

Error overflow() { return badInput("integer arithmetic on constants leaves 64 bits"); }
Error notFinite(const char* what) {
  return badInput(std::string(what) + " of constants gives no finite number");
}

Result<std::int64_t> combine(FoldKind kind, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  switch (kind) {
    case FoldKind::add:
      if (__builtin_add_overflow(a, b, &result)) return overflow();
      return result;
    case FoldKind::subtract:
      if (__builtin_sub_overflow(a, b, &result)) return overflow();
      return result;
    case FoldKind::multiply:
      if (__builtin_mul_overflow(a, b, &result)) return overflow();
      return result;
    case FoldKind::divide:
      if (b == 0) return badInput("a constant is divided by zero");
      if (a == INT64_MIN && b == -1) return overflow();
      return a / b;
    case FoldKind::power: {
      if (b < 0) return badInput("an integer constant is raised to a negative power");
      result = 1;
      // |a| >= 2 leaves 64 bits after 63 steps; smaller bases repeat with period 2.
      const std::int64_t steps = (a >= -1 && a <= 1) ? std::min<std::int64_t>(b, 2 + (b & 1)) : b;
      for (std::int64_t i = 0; i < steps; ++i)
        if (__builtin_mul_overflow(result, a, &result)) return overflow();
      return result;
    }
    case FoldKind::minimum:
      return std::min(a, b);
    case FoldKind::maximum:
      return std::max(a, b);
  }
  SLUICE_CHECK(false, "every kind has a case");
}

double combine(FoldKind kind, double a, double b) {
  switch (kind) {
    case FoldKind::add:
      return a + b;
    case FoldKind::subtract:
      return a - b;
    case FoldKind::multiply:
      return a * b;
    case FoldKind::divide:
      return a / b;
    case FoldKind::power:
      return b == 0.5 ? std::sqrt(a) : std::pow(a, b);  // sqrt is correctly rounded
    case FoldKind::minimum:
      return std::min(a, b);
    case FoldKind::maximum:
      return std::max(a, b);
  }
  SLUICE_CHECK(false, "every kind has a case");
}

double apply(FoldUnary kind, double a) {
  switch (kind) {
    case FoldUnary::negate:
      return -a;
    case FoldUnary::absolute:
      return std::abs(a);
    case FoldUnary::squareRoot:
      return std::sqrt(a);
    case FoldUnary::reciprocal:
      return 1 / a;
    case FoldUnary::relu:
      return a > 0 ? a : 0;
    case FoldUnary::sigmoid:
      return 1 / (1 + std::exp(-a));
    case FoldUnary::tanh:
      return std::tanh(a);
    case FoldUnary::floor:
      return std::floor(a);
    case FoldUnary::ceil:
      return std::ceil(a);
    case FoldUnary::round:
      return std::nearbyint(a);
    case FoldUnary::exp:
      return std::exp(a);
    case FoldUnary::log:
      return std::log(a);
    case FoldUnary::erf:
      return std::erf(a);
    case FoldUnary::sign:
      return a > 0 ? 1 : a < 0 ? -1 : 0;
  }
  SLUICE_CHECK(false, "every kind has a case");
}

const char* word(FoldKind kind) {
  constexpr const char* words[] = {"sum", "difference", "product", "quotient", "power", "minimum", "maximum"};
  return words[static_cast<std::size_t>(kind)];
}

/// Extents before, at and after an axis.
struct AxisSplit {
  std::int64_t outer = 1, extent = 1, inner = 1;
};
AxisSplit splitAt(const ir::Shape& shape, std::int64_t axis) {
  AxisSplit split;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto here = static_cast<std::int64_t>(i);
    (here < axis ? split.outer : here == axis ? split.extent : split.inner) *= shape[i];
  }
  return split;
}

/// The elements at the given positions (all in range) along an axis.
Constant pick(const Constant& a, std::int64_t axis, const std::vector<std::int64_t>& positions,
              ir::Shape shape) {
  const AxisSplit split = splitAt(a.shape, axis);
  Constant result{.shape = std::move(shape), .data = {}, .symbolic = a.symbolic, .type = a.type};
  std::visit(
      [&](const auto& from) {
        std::decay_t<decltype(from)> to;
        to.reserve(static_cast<std::size_t>(split.outer * split.inner) * positions.size());
        for (std::int64_t o = 0; o < split.outer; ++o)
          for (const std::int64_t p : positions) {
            const auto first = from.begin() + (o * split.extent + p) * split.inner;
            to.insert(to.end(), first, first + split.inner);
          }
        result.data = std::move(to);
      },
      a.data);
  if (result.symbolic) {
    const auto& integers = std::get<1>(result.data);
    result.symbolic = std::find(integers.begin(), integers.end(), openBatch) != integers.end();
  }
  return result;
}

}  // namespace

double Constant::real(std::size_t i) const {
  return isReal() ? std::get<0>(data)[i] : static_cast<double>(std::get<1>(data)[i]);
}

Status FoldBudget::take(std::int64_t count) {
  if (count > elements) return badInput("folding its constants takes far more elements than the file holds");
  elements -= count;
  return {};
}

Result<std::int64_t> countElements(const ir::Shape& shape) {
  if (shape.size() > maxRank) return badInput("a shape has " + std::to_string(shape.size()) + " axes");
  // Zero extents do not excuse absurd ones: the product counts them as 1 first.
  std::int64_t product = 1;
  bool empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return badInput("shape " + shapeText(shape) + " has a negative extent");
    if (extent == 0) empty = true;
    if (__builtin_mul_overflow(product, std::max<std::int64_t>(extent, 1), &product) ||
        product >= elementLimit)
      return badInput("shape " + shapeText(shape) + " has more than 2^40 elements");
  }
  return empty ? 0 : product;
}

std::string shapeText(const ir::Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i == 16) return text + ", ...]";
    if (i > 0) text += ", ";
    text += shape[i] == openBatch ? "batch" : std::to_string(shape[i]);
  }
  return text + "]";
}

Result<ir::Shape> broadcastShape(const ir::Shape& a, const ir::Shape& b) {
  const std::size_t rank = std::max(a.size(), b.size());
  ir::Shape shape(rank, 1);
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t x = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const std::int64_t y = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (x != y && x != 1 && y != 1)
      return badInput("shapes " + shapeText(a) + " and " + shapeText(b) + " do not broadcast");
    shape[i] = x == 1 ? y : x;
  }
  return shape;
}

Result<Constant> foldBinary(FoldKind kind, const Constant& a, const Constant& b, FoldBudget& budget) {
  if (a.symbolic || b.symbolic)
    return unsupported("it computes with the batch size, which the file leaves open");
  SLUICE_TRY(ir::Shape shape, broadcastShape(a.shape, b.shape));
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  SLUICE_RETURN_IF_ERROR(budget.take(count));
  const auto stridesA = broadcastStrides(a.shape, shape.size());
  const auto stridesB = broadcastStrides(b.shape, shape.size());
  Constant result{.shape = shape, .data = {}, .symbolic = false};
  std::optional<Error> failure;
  if (!a.isReal() && !b.isReal()) {
    std::vector<std::int64_t> out;
    out.reserve(static_cast<std::size_t>(count));
    forEachPair(shape, stridesA, stridesB, count, [&](std::size_t i, std::size_t j) {
      const auto value = combine(kind, std::get<1>(a.data)[i], std::get<1>(b.data)[j]);
      if (!value.ok() && !failure) failure = value.error();
      out.push_back(value.ok() ? *value : 0);
    });
    result.data = std::move(out);
  } else {
    std::vector<double> out;
    out.reserve(static_cast<std::size_t>(count));
    bool finite = true;
    forEachPair(shape, stridesA, stridesB, count, [&](std::size_t i, std::size_t j) {
      out.push_back(combine(kind, a.real(i), b.real(j)));
      finite = finite && std::isfinite(out.back());
    });
    if (!finite) failure = notFinite(word(kind));
    result.data = std::move(out);
  }
  if (failure) return *failure;
  return result;
}

Result<Constant> foldUnary(FoldUnary kind, const Constant& a, FoldBudget& budget) {
  if (a.symbolic) return unsupported("it computes with the batch size, which the file leaves open");
  SLUICE_RETURN_IF_ERROR(budget.take(static_cast<std::int64_t>(a.size())));
  Constant result{.shape = a.shape, .data = {}, .symbolic = false};
  if (!a.isReal()) {
    std::vector<std::int64_t> out = std::get<1>(a.data);
    for (std::int64_t& element : out) {
      const bool flip = kind == FoldUnary::negate || (kind == FoldUnary::absolute && element < 0);
      if (flip && __builtin_sub_overflow(std::int64_t{0}, element, &element)) return overflow();
      if (kind == FoldUnary::relu) element = std::max<std::int64_t>(element, 0);
    }
    const bool exact = kind == FoldUnary::negate || kind == FoldUnary::absolute || kind == FoldUnary::relu;
    if (!exact) return unsupported("this function of an integer constant");
    result.data = std::move(out);
    return result;
  }
  std::vector<double> out = std::get<0>(a.data);
  for (double& element : out) {
    element = apply(kind, element);
    if (!std::isfinite(element)) return notFinite("this function");
  }
  result.data = std::move(out);
  return result;
}

Result<Constant> gather(const Constant& a, const Constant& indices, std::int64_t axis, FoldBudget& budget) {
  SLUICE_TRY(axis, normalizeAxis(axis, a.shape.size()));
  if (indices.isReal() || indices.symbolic) return badInput("the indices are no integers");
  const std::int64_t extent = a.shape[static_cast<std::size_t>(axis)];
  std::vector<std::int64_t> positions = std::get<1>(indices.data);
  for (std::int64_t& p : positions) {
    if (p < -extent || p >= extent)
      return badInput("index " + std::to_string(p) + " is outside the axis of extent " +
                      std::to_string(extent));
    if (p < 0) p += extent;
  }
  ir::Shape shape(a.shape.begin(), a.shape.begin() + axis);
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), a.shape.begin() + axis + 1, a.shape.end());
  SLUICE_TRY(const std::int64_t count, countElements(shape));
  SLUICE_RETURN_IF_ERROR(budget.take(count));
  return pick(a, axis, positions, std::move(shape));
}

Result<Constant> concatenate(const std::vector<const Constant*>& parts, std::int64_t axis,
                             FoldBudget& budget) {
  if (parts.empty()) return badInput("nothing to concatenate");
  SLUICE_TRY(axis, normalizeAxis(axis, parts[0]->shape.size()));
  const auto at = static_cast<std::size_t>(axis);
  Constant result{.shape = parts[0]->shape, .data = {}, .symbolic = false};
  result.shape[at] = 0;
  for (const Constant* part : parts) {
    ir::Shape expected = parts[0]->shape;
    if (part->shape.size() == expected.size()) expected[at] = part->shape[at];
    if (part->shape != expected || part->isReal() != parts[0]->isReal())
      return badInput("parts of shapes " + shapeText(parts[0]->shape) + " and " + shapeText(part->shape) +
                      " do not join along axis " + std::to_string(axis));
    result.shape[at] += part->shape[at];
    result.symbolic = result.symbolic || part->symbolic;
  }
  SLUICE_TRY(const std::int64_t count, countElements(result.shape));
  SLUICE_RETURN_IF_ERROR(budget.take(count));
  const AxisSplit split = splitAt(result.shape, axis);
  std::visit(
      [&](const auto& first) {
        using Elements = std::decay_t<decltype(first)>;
        Elements to;
        to.reserve(static_cast<std::size_t>(count));
        for (std::int64_t o = 0; o < split.outer; ++o)
          for (const Constant* part : parts) {
            const Elements& from = std::get<Elements>(part->data);
            const std::int64_t run = part->shape[at] * split.inner;
            to.insert(to.end(), from.begin() + o * run, from.begin() + (o + 1) * run);
          }
        result.data = std::move(to);
      },
      parts[0]->data);
  return result;
}

Result<Constant> slice(const Constant& a, std::int64_t axis, std::int64_t start, std::int64_t end,
                       std::int64_t step, FoldBudget& budget) {
  SLUICE_RETURN_IF_ERROR(budget.take(static_cast<std::int64_t>(a.size())));
  SLUICE_TRY(axis, normalizeAxis(axis, a.shape.size()));
  if (step == 0 || step == INT64_MIN) return badInput("a slice has step " + std::to_string(step));
  const std::int64_t extent = a.shape[static_cast<std::size_t>(axis)];
  const auto clampTo = [&](std::int64_t value, std::int64_t lo, std::int64_t hi) {
    if (value < 0) value = value < -extent ? lo : value + extent;
    return std::clamp(value, lo, hi);
  };
  start = step > 0 ? clampTo(start, 0, extent)
                   : clampTo(start, std::min<std::int64_t>(0, extent - 1), extent - 1);
  // Going down, an end of -1 is "before the first": only values below -extent reach it.
  end = step > 0 ? clampTo(end, 0, extent) : (end < -extent ? -1 : clampTo(end, -1, extent - 1));
  std::vector<std::int64_t> positions;
  if (extent > 0) {
    // A step beyond the extent is one step; this also keeps p + step inside 64 bits.
    step = std::clamp(step, -extent - 1, extent + 1);
    for (std::int64_t p = start; step > 0 ? p < end : p > end; p += step) positions.push_back(p);
  }
  ir::Shape shape = a.shape;
  shape[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(positions.size());
  return pick(a, axis, positions, std::move(shape));
}

ir::Shape transposeShape(const ir::Shape& shape, const std::vector<std::int64_t>& permutation) {
  ir::Shape result;
  for (const std::int64_t axis : permutation) result.push_back(shape[static_cast<std::size_t>(axis)]);
  return result;
}

template <typename Element>
std::vector<Element> transposeElements(const std::vector<Element>& elements, const ir::Shape& shape,
                                       const std::vector<std::int64_t>& permutation) {
  std::vector<Element> result(elements.size());
  if (permutation == std::vector<std::int64_t>{1, 0}) {  // a matrix, in tiles that fit the cache
    const auto rows = static_cast<std::size_t>(shape[0]);
    const auto columns = static_cast<std::size_t>(shape[1]);
    constexpr std::size_t tile = 32;
    for (std::size_t r0 = 0; r0 < rows; r0 += tile)
      for (std::size_t c0 = 0; c0 < columns; c0 += tile)
        for (std::size_t r = r0; r < std::min(r0 + tile, rows); ++r)
          for (std::size_t c = c0; c < std::min(c0 + tile, columns); ++c)
            result[c * rows + r] = elements[r * columns + c];
    return result;
  }
  const auto from = broadcastStrides(shape, shape.size());
  std::vector<std::int64_t> strides;
  for (const std::int64_t axis : permutation) strides.push_back(from[static_cast<std::size_t>(axis)]);
  const ir::Shape target = transposeShape(shape, permutation);
  const std::vector<std::int64_t> none(target.size(), 0);
  std::size_t next = 0;
  forEachPair(target, strides, none, static_cast<std::int64_t>(elements.size()),
              [&](std::size_t i, std::size_t) { result[next++] = elements[i]; });
  return result;
}

template std::vector<double> transposeElements(const std::vector<double>&, const ir::Shape&,
                                               const std::vector<std::int64_t>&);
template std::vector<std::int64_t> transposeElements(const std::vector<std::int64_t>&, const ir::Shape&,
                                                     const std::vector<std::int64_t>&);

bool isPermutation(const std::vector<std::int64_t>& permutation, std::size_t rank) {
  if (permutation.size() != rank) return false;
  std::vector<bool> seen(rank, false);
  for (const std::int64_t axis : permutation) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(rank) || seen[static_cast<std::size_t>(axis)])
      return false;
    seen[static_cast<std::size_t>(axis)] = true;
  }
  return true;
}

Result<std::int64_t> normalizeAxis(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count)
    return badInput("axis " + std::to_string(axis) + " is outside a tensor of rank " + std::to_string(rank));
  return axis < 0 ? axis + count : axis;
}

}  // namespace sluice::frontend
