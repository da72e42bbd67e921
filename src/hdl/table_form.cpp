#include "hdl/table_form.h"

#include <algorithm>
#include <bit>

#include "base/rng.h"
#include "hdl/place_table.h"

namespace sluice::hdl {
namespace {

class Former {
 public:
  explicit Former(const Memory& memory) : memory_(memory) {
    const std::uint32_t rows = (memory.words + 63) / 64;
    columns_.resize(std::size_t{memory.width} * rows);
    for (std::uint32_t row = 0; row < rows; ++row)
      for (std::uint32_t limb = 0; 64 * limb < memory.width; ++limb) {
        std::array<std::uint64_t, 64> block;
        for (std::uint32_t k = 0; k < 64; ++k)
          block[k] = memory.contents[std::min(64 * row + k, memory.words - 1)][limb];
        transpose(block);
        for (std::uint32_t k = 0; k < 64 && 64 * limb + k < memory.width; ++k)
          columns_[std::size_t{64 * limb + k} * rows + row] = block[k];
      }
  }

  TableForm form() {
    const auto bits = static_cast<std::uint32_t>(std::bit_width(memory_.words - 1));
    for (std::uint32_t bit = 0; bit < memory_.width; ++bit) form_.bits.push_back(part(bit, bits, 0));
    return std::move(form_);
  }

 private:
  /// Bit k of word w after is bit w of word k before (H. S. Warren, Hacker's Delight, 7-3).
  static void transpose(std::array<std::uint64_t, 64>& a) {
    std::uint64_t mask = 0x00000000ffffffffull;
    for (std::uint32_t step = 32; step != 0; step /= 2, mask ^= mask << step)
      for (std::uint32_t k = 0; k < 64; k = (k + step + 1) & ~step) {
        const std::uint64_t swap = ((a[k] >> step) ^ a[k + step]) & mask;
        a[k] ^= swap << step, a[k + step] ^= swap;
      }
  }

  /// A bit of the 64 words from 64 * row on. Beyond the last word, that one.
  [[nodiscard]] std::uint64_t column(std::uint32_t bit, std::uint32_t row) const {
    const std::uint32_t rows = (memory_.words + 63) / 64;
    if (row < rows) return columns_[std::size_t{bit} * rows + row];
    const bool last = (memory_.contents[memory_.words - 1][bit / 64] >> (bit % 64) & 1) != 0;
    return last ? ~std::uint64_t{0} : 0;
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
    for (std::uint32_t k = 0; k < block.luts(); ++k) block.truth[k] = column(bit, base / 64 + k);
    for (std::uint32_t known = 1u << bits; known < 64; known *= 2)  // address bits that are not there are 0
      block.truth[0] =
          (block.truth[0] & ((std::uint64_t{1} << known) - 1)) * ((std::uint64_t{1} << known) + 1);
    while (block.inputs > 6 && halvesAreEqual(block)) {
      block.inputs -= 1;
      std::fill(block.truth.begin() + block.luts(), block.truth.end(), 0);
    }
    if (block.inputs == 6 && (block.truth[0] == 0 || block.truth[0] == ~std::uint64_t{0}))
      return add({TableForm::Node::Kind::constant, block.truth[0] == 0 ? 0u : 1u});
    std::uint64_t hash = block.inputs;
    for (const std::uint64_t word : block.truth) hash = mix64(hash + word);
    return add({TableForm::Node::Kind::block, place(form_.blocks, blocks_, block, hash)});
  }

  static bool halvesAreEqual(const TableForm::Block& block) {
    const auto half = block.luts() / 2;
    return std::equal(block.truth.begin(), block.truth.begin() + half, block.truth.begin() + half);
  }

  std::uint32_t add(const TableForm::Node& node) {
    const auto kind = static_cast<std::uint64_t>(node.kind);
    return place(
        form_.nodes, nodes_, node,
        mix64(mix64(kind + (std::uint64_t{node.value} << 32)) + node.low + (std::uint64_t{node.high} << 32)));
  }

  /// Where it is in the list, which holds everything once.
  template <typename Item>
  static std::uint32_t place(std::vector<Item>& list, PlaceTable& places, const Item& item,
                             std::uint64_t hash) {
    const std::uint32_t found = places.find(hash, [&](std::uint32_t n) { return list[n - 1] == item; });
    if (found != 0) return found - 1;
    list.push_back(item);
    places.add(hash, static_cast<std::uint32_t>(list.size()));
    return static_cast<std::uint32_t>(list.size() - 1);
  }

  const Memory& memory_;
  std::vector<std::uint64_t> columns_;  ///< per bit: 64 words each
  TableForm form_;
  PlaceTable blocks_, nodes_;
};

}  // namespace

bool isTableOfLuts(const Memory& memory, Family family) {
  return !memory.contents.empty() && memory.style != Style::blockRam &&
         memory.style != Style::shiftRegister && memory.words > 16 && family != Family::ecp5;
}

TableForm tableForm(const Memory& memory) { return Former(memory).form(); }

}  // namespace sluice::hdl
