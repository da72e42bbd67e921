#include "hdl/infer.h"

#include <algorithm>

namespace sluice::hdl {

fixed::Interval WideInterval::narrow() const {
  SLUICE_CHECK(fits64(), "numbers in hardware have at most 64 bits");
  return {static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)};
}

WideInterval valuesOf(std::uint32_t width, bool isSigned) {
  const Int128 one = 1;
  if (isSigned) return {-(one << (width - 1)), (one << (width - 1)) - 1};
  return {0, (one << width) - 1};
}

WideInterval valuesOf(const Node& node) {
  return node.range ? widen(*node.range) : valuesOf(node.width, node.isSigned);
}

namespace {

WideInterval product(WideInterval a, WideInterval b) {
  const Int128 corners[] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

/// Both answers are possible unless one is proven.
WideInterval decide(bool knownTrue, bool knownFalse) { return {knownTrue ? 1 : 0, knownFalse ? 0 : 1}; }

}  // namespace

std::optional<WideInterval> inferRange(const Node& node, std::span<const WideInterval> inputs) {
  const auto a = [&] { return inputs[0]; };
  const auto b = [&] { return inputs[1]; };
  const bool single = inputs.size() == 2 && inputs[0].lo == inputs[0].hi && inputs[1].lo == inputs[1].hi;
  switch (node.op) {
    case Op::add:
      return WideInterval{a().lo + b().lo, a().hi + b().hi};
    case Op::subtract:
      return WideInterval{a().lo - b().hi, a().hi - b().lo};
    case Op::multiply:
      return product(a(), b());
    case Op::negate:
      return WideInterval{-a().hi, -a().lo};
    case Op::shiftLeft: {
      const Int128 factor = static_cast<Int128>(1) << std::min<std::uint64_t>(node.attribute, 62);
      return WideInterval{a().lo * factor, a().hi * factor};
    }
    case Op::shiftRight: {
      const auto bits = static_cast<int>(std::min<std::uint64_t>(node.attribute, 100));
      return WideInterval{a().lo >> bits, a().hi >> bits};
    }
    case Op::wrap: {
      const WideInterval format = valuesOf(node.width, node.isSigned);
      const bool unchanged = a().lo >= format.lo && a().hi <= format.hi;
      return unchanged ? a() : format;
    }
    case Op::clamp: {
      const WideInterval to = valuesOf(node);
      return WideInterval{std::clamp(a().lo, to.lo, to.hi), std::clamp(a().hi, to.lo, to.hi)};
    }
    case Op::equal:
      return decide(single && a().lo == b().lo, a().hi < b().lo || b().hi < a().lo);
    case Op::notEqual:
      return decide(a().hi < b().lo || b().hi < a().lo, single && a().lo == b().lo);
    case Op::less:
      return decide(a().hi < b().lo, a().lo >= b().hi);
    case Op::lessEqual:
      return decide(a().hi <= b().lo, a().lo > b().hi);
    case Op::mux:
      return WideInterval{std::min(inputs[1].lo, inputs[2].lo), std::max(inputs[1].hi, inputs[2].hi)};
    default:
      return std::nullopt;
  }
}

}  // namespace sluice::hdl
