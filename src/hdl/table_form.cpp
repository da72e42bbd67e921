#include "hdl/table_form.h"

#include <algorithm>
#include <bit>
#include <map>

namespace sluice::hdl {
namespace {

class Former {
 public:
  explicit Former(const Memory& memory) : memory_(memory) {}

  TableForm form() {
    const auto bits = static_cast<std::uint32_t>(std::bit_width(memory_.words - 1));
    for (std::uint32_t bit = 0; bit < memory_.width; ++bit) form_.bits.push_back(part(bit, bits, 0));
    return std::move(form_);
  }

 private:
  [[nodiscard]] bool at(std::uint32_t bit, std::uint32_t address) const {
    return (memory_.contents[std::min(address, memory_.words - 1)][bit / 64] >> (bit % 64) & 1) != 0;
  }

  /// The node of one bit of the 2^bits words from `base` on.
  std::uint32_t part(std::uint32_t bit, std::uint32_t bits, std::uint32_t base) {
    if (bits > 8) {
      const std::uint32_t low = part(bit, bits - 1, base);
      const std::uint32_t high = part(bit, bits - 1, base + (1u << (bits - 1)));
      if (low == high) return low;
      return add({TableForm::Node::Kind::mux, bits - 1, low, high});
    }
    TableForm::Block block{.inputs = std::max(bits, 6u)};
    for (std::uint32_t k = 0; k < (1u << block.inputs); ++k)
      if (at(bit, base + (k & ((1u << bits) - 1)))) block.truth[k / 64] |= std::uint64_t{1} << (k % 64);
    while (block.inputs > 6 && halvesAreEqual(block)) {
      block.inputs -= 1;
      std::fill(block.truth.begin() + block.luts(), block.truth.end(), 0);
    }
    if (block.inputs == 6 && (block.truth[0] == 0 || block.truth[0] == ~std::uint64_t{0}))
      return add({TableForm::Node::Kind::constant, block.truth[0] == 0 ? 0u : 1u});
    const auto [found, isNew] = blocks_.try_emplace(block, static_cast<std::uint32_t>(form_.blocks.size()));
    if (isNew) form_.blocks.push_back(block);
    return add({TableForm::Node::Kind::block, found->second});
  }

  static bool halvesAreEqual(const TableForm::Block& block) {
    const auto half = block.luts() / 2;
    return std::equal(block.truth.begin(), block.truth.begin() + half, block.truth.begin() + half);
  }

  std::uint32_t add(const TableForm::Node& node) {
    const auto [found, isNew] = nodes_.try_emplace(node, static_cast<std::uint32_t>(form_.nodes.size()));
    if (isNew) form_.nodes.push_back(node);
    return found->second;
  }

  const Memory& memory_;
  TableForm form_;
  std::map<TableForm::Block, std::uint32_t> blocks_;
  std::map<TableForm::Node, std::uint32_t> nodes_;
};

}  // namespace

bool isTableOfLuts(const Memory& memory, Family family) {
  return !memory.contents.empty() && memory.style != Style::blockRam &&
         memory.style != Style::shiftRegister && memory.words > 16 && family != Family::ecp5;
}

TableForm tableForm(const Memory& memory) { return Former(memory).form(); }

}  // namespace sluice::hdl
