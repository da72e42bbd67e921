#include "hdl/cost.h"

#include "hdl/simplify.h"

namespace sluice::hdl {
namespace {

std::uint64_t ceilDiv(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

Cost memoryCost(const Memory& memory, Family family) {
  Cost cost;
  const bool rom = !memory.contents.empty();
  if (memory.style == Style::blockRam) {
    cost.bram18 = ceilDiv(memory.width, 36) * ceilDiv(memory.words, 512);
  } else if (memory.style == Style::shiftRegister && family != Family::ecp5) {
    cost.srl = memory.width * ceilDiv(memory.words, 32);
  } else if (rom) {
    cost.lut = memory.width * ceilDiv(memory.words, 64);
  } else if (memory.style == Style::lutRam) {
    cost.lutRam = 4 * ceilDiv(memory.width, 6) * ceilDiv(memory.words, 32);
  } else {
    cost.ff = std::uint64_t{memory.width} * memory.words;
    cost.lut = std::uint64_t{memory.width} * ceilDiv(memory.words, 3);
  }
  return cost;
}

Cost nodeCost(const Module& module, const Node& node) {
  Cost cost;
  switch (node.op) {
    case Op::reg: cost.ff = node.width; break;
    case Op::add:
    case Op::subtract:
    case Op::negate: cost.lut = node.width; cost.carry = ceilDiv(node.width, 4); break;
    case Op::multiply:
      if (node.style == Style::dsp) cost.dsp = 1;
      else cost.lut = std::uint64_t{module.node(node.inputs[0]).width} * module.node(node.inputs[1]).width;
      break;
    case Op::mux: cost.lut = ceilDiv(node.width, 2); break;
    case Op::less:
    case Op::lessEqual: cost.lut = ceilDiv(module.node(node.inputs[0]).width, 2); break;
    case Op::equal:
    case Op::notEqual: cost.lut = ceilDiv(module.node(node.inputs[0]).width, 3); break;
    case Op::clamp: cost.lut = node.width; break;
    case Op::bitAnd:
    case Op::bitOr:
    case Op::bitXor: cost.lut = ceilDiv(node.width, 2); break;
    case Op::reduceAnd:
    case Op::reduceOr:
    case Op::reduceXor: cost.lut = ceilDiv(module.node(node.inputs[0]).width, 6); break;
    default: break;
  }
  return cost;
}

}  // namespace

const char* familyName(Family family) {
  switch (family) {
    case Family::xc7: return "xc7";
    case Family::xcup: return "xcup";
    case Family::ecp5: return "ecp5";
  }
  return "";
}

Cost& Cost::operator+=(const Cost& other) {
  lut += other.lut;
  lutRam += other.lutRam;
  srl += other.srl;
  ff += other.ff;
  carry += other.carry;
  dsp += other.dsp;
  bram18 += other.bram18;
  return *this;
}

Cost cost(const Module& module, Family family) {
  const Module flat = simplify(flatten(module));
  Cost total;
  for (const Node& node : flat.nodes) total += nodeCost(flat, node);
  for (const Memory& memory : flat.memories) total += memoryCost(memory, family);
  return total;
}

}  // namespace sluice::hdl
