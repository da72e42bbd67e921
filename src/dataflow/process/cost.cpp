#include "dataflow/process/cost.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>

namespace sluice::dataflow::process {

namespace {

constexpr std::uint64_t lutRamBits = 4096;

constexpr std::array<std::pair<const char*, CostKind>, 4> names = {{{"beats", CostKind::beats},
                                                                    {"bits", CostKind::bits},
                                                                    {"bram18", CostKind::bram18},
                                                                    {"luts", CostKind::luts}}};

std::uint64_t up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }
std::uint64_t log2Up(std::uint64_t x) {
  return x <= 1 ? 0 : static_cast<std::uint64_t>(std::bit_width(x - 1));
}

}  // namespace

Result<CostKind> parseCostKind(std::string_view text) {
  for (const auto& [name, kind] : names)
    if (text == name) return kind;
  return badInput("'" + std::string(text) + "' is no cost; beats, bits, bram18 and luts are");
}

const char* costKindText(CostKind kind) { return names[static_cast<std::size_t>(kind)].first; }

std::uint64_t bram18(std::uint64_t depth, std::uint32_t widthBits, const Timing& timing) {
  if (depth <= srlDepth(timing, widthBits)) return 0;
  struct Block {
    std::uint64_t depth, width;
  };
  constexpr std::array<Block, 5> blocks = {{{1024, 18}, {2048, 9}, {4096, 4}, {8192, 2}, {16384, 1}}};
  std::uint64_t count = 0, left = widthBits;
  for (const Block& block : blocks) {
    count += left / block.width * up(depth, block.depth);
    left %= block.width;
    if (depth <= block.depth) return count + (left > 0 ? 1 : 0);
  }
  return count;
}

std::uint64_t luts(std::uint64_t depth, std::uint32_t widthBits, const Timing& timing) {
  const auto control = [](std::uint64_t places) { return 2 * log2Up(places) + 6; };
  const auto shiftRegister = [&](std::uint64_t places) {
    return control(places) + (places <= 17 ? up(widthBits, 2) : widthBits * up(places - 1, 32));
  };
  const std::uint64_t deepest = srlDepth(timing, widthBits);
  if (depth <= deepest) return shiftRegister(depth);
  const std::uint64_t banks = up(depth, 64);
  std::uint64_t memory = lutsPerBram18 * bram18(depth, widthBits, timing);
  if (depth * widthBits <= lutRamBits)
    memory = std::min(memory, banks * 8 * up(widthBits, 7) + (banks > 1 ? widthBits * up(banks, 4) : 0));
  return std::max(shiftRegister(deepest), control(depth) + memory);
}

std::uint64_t cost(CostKind kind, std::uint64_t depth, std::uint32_t widthBits, const Timing& timing) {
  switch (kind) {
    case CostKind::beats:
      return depth;
    case CostKind::bits:
      return depth * widthBits;
    case CostKind::bram18:
      return bram18(depth, widthBits, timing);
    case CostKind::luts:
      return luts(depth, widthBits, timing);
  }
  return 0;
}

GroupCosts::GroupCosts(const Network& network, CostKind kind)
    : kind_(kind), timing_(network.timing), shapes_(network.groups.size()) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> fifos;
  for (const Fifo& fifo : network.fifos) ++fifos[{fifo.group, fifo.widthBits}];
  for (const auto& [key, count] : fifos)
    shapes_[key.first].push_back({.widthBits = key.second, .fifos = count});
}

std::uint64_t GroupCosts::at(std::uint32_t group, std::uint64_t depth) const {
  std::uint64_t sum = 0;
  for (const Shape& shape : shapes_[group]) sum += shape.fifos * cost(kind_, depth, shape.widthBits, timing_);
  return sum;
}

std::uint64_t GroupCosts::total(const std::vector<std::uint64_t>& depths) const {
  std::uint64_t sum = 0;
  for (std::uint32_t g = 0; g < depths.size(); ++g) sum += at(g, depths[g]);
  return sum;
}

std::uint64_t GroupCosts::stepEnd(std::uint32_t group, std::uint64_t depth, std::uint64_t most,
                                  bool sameKind) const {
  std::uint64_t end = most;
  for (const Shape& shape : shapes_[group]) {
    const std::uint64_t srl = srlDepth(timing_, shape.widthBits);
    if (depth <= srl) end = std::min(end, srl);
  }
  if (end <= depth) return depth;
  if (sameKind) return end;
  const std::uint64_t here = at(group, depth);
  std::uint64_t same = depth, more = end + 1;  // same: costs the same; more: costs more or is too deep
  while (more - same > 1) {
    const std::uint64_t middle = same + (more - same) / 2;
    (at(group, middle) == here ? same : more) = middle;
  }
  return same;
}

}  // namespace sluice::dataflow::process
