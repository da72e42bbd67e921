#include "data/order.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include "base/check.h"
#include "base/rng.h"
#include "base/text.h"

namespace sluice::data {

namespace {
constexpr std::uint64_t splitStream = 0x73706c6974ull;
constexpr int rounds = 6;
}  // namespace

Status check(const Split& split) {
  if (split.parts.empty()) return badInput("a split has at least one part");
  double sum = 0;
  std::set<std::string> names;
  for (const Split::Part& part : split.parts) {
    if (!isIdentifier(part.name) || !names.insert(part.name).second)
      return badInput("'" + part.name +
                      "' is no name of a part, or comes twice; letters, digits and _ make one");
    if (!(part.share > 0))
      return badInput("the share of '" + part.name + "' is " + formatDouble(part.share) + ", not above 0");
    sum += part.share;
  }
  if (std::abs(sum - 1) > 1e-9) return badInput("the shares sum to " + formatDouble(sum) + ", not to 1");
  return {};
}

std::size_t partOf(const Split& split, std::uint64_t row) {
  const double u = static_cast<double>(randomBits(split.seed, splitStream, row) >> 11) * 0x1.0p-53;
  double sum = 0;
  for (std::size_t i = 0; i + 1 < split.parts.size(); ++i) {
    sum += split.parts[i].share;
    if (u < sum) return i;
  }
  return split.parts.size() - 1;
}

Permutation::Permutation(std::uint64_t count, std::uint64_t seed) : count_(count), seed_(seed) {
  const auto bits = static_cast<unsigned>(std::bit_width(count == 0 ? 0 : count - 1));
  half_ = std::max(1u, (bits + 1) / 2);
}

std::uint64_t Permutation::at(std::uint64_t position) const {
  SLUICE_CHECK(position < count_, "a position in the order");
  const std::uint64_t mask = (std::uint64_t{1} << half_) - 1;
  std::uint64_t number = position;
  do {
    std::uint64_t left = number >> half_, right = number & mask;
    for (int round = 0; round < rounds; ++round) {
      const std::uint64_t next =
          left ^ (randomBits(seed_, static_cast<std::uint64_t>(round), right) >> 20 & mask);
      left = right;
      right = next;
    }
    number = left << half_ | right;
  } while (number >= count_);
  return number;
}

std::uint64_t Permutation::positionOf(std::uint64_t number) const {
  SLUICE_CHECK(number < count_, "a number of the order");
  const std::uint64_t mask = (std::uint64_t{1} << half_) - 1;
  std::uint64_t position = number;
  do {
    std::uint64_t left = position >> half_, right = position & mask;
    for (int round = rounds; round-- > 0;) {
      const std::uint64_t before =
          right ^ (randomBits(seed_, static_cast<std::uint64_t>(round), left) >> 20 & mask);
      right = left;
      left = before;
    }
    position = left << half_ | right;
  } while (position >= count_);
  return position;
}

RowOrder::RowOrder(std::uint64_t rows, std::uint64_t rowsPerBlock, std::uint64_t window, std::uint64_t seed,
                   std::uint64_t epoch)
    : rows_(rows),
      rowsPerBlock_(rowsPerBlock),
      window_(window),
      seed_(randomBits(seed, 0x65706f6368ull, epoch)),
      blocks_((rows + rowsPerBlock - 1) / rowsPerBlock),
      order_(blocks_, seed_) {
  SLUICE_CHECK(rowsPerBlock > 0 && window > 0, "there are rows in a window");
  if (blocks_ > 0) shortAt_ = order_.positionOf(blocks_ - 1);
}

std::uint64_t RowOrder::before(std::uint64_t position) const {
  position = std::min(position, blocks_);
  const std::uint64_t missing = blocks_ * rowsPerBlock_ - rows_;
  return position * rowsPerBlock_ - (shortAt_ < position ? missing : 0);
}

RowOrder::Place RowOrder::at(std::uint64_t position) const {
  SLUICE_CHECK(position < rows_, "a position in the epoch");
  std::uint64_t window = position / (window_ * rowsPerBlock_);
  if (before((window + 1) * window_) <= position) ++window;  // the short block came before
  const std::uint64_t first = window * window_, start = before(first), end = before(first + window_);
  const Permutation inside(end - start, randomBits(seed_, 0x77696e646f77ull, window));
  const std::uint64_t row = start + inside.at(position - start);
  std::uint64_t block = first;
  while (before(block + 1) <= row) ++block;
  return {window, order_.at(block), row - before(block)};
}

std::vector<std::uint64_t> RowOrder::blocksOf(std::uint64_t window) const {
  std::vector<std::uint64_t> blocks;
  for (std::uint64_t i = window * window_; i < std::min(blocks_, (window + 1) * window_); ++i)
    blocks.push_back(order_.at(i));
  return blocks;
}

}  // namespace sluice::data
