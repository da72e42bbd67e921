#include "kernel/unrolled/stages.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace sluice::kernel {
namespace {

struct Pipe {
  CellList cells;
  PortCells port;
  std::uint32_t perStage = 1, inputLevels = 0;
};

Pipe randomPipe(Rng& rng) {
  Pipe pipe;
  pipe.perStage = static_cast<std::uint32_t>(rng.uniform(1, 3));
  pipe.inputLevels = static_cast<std::uint32_t>(rng.uniform(0, 1));
  for (std::uint32_t i = 0; i < 2; ++i) pipe.cells.input(0, i, {-(std::int64_t{1} << rng.uniform(1, 6)), 1});
  const std::int64_t count = rng.uniform(2, 6);
  for (std::int64_t k = 0; k < count; ++k) {
    const auto some = [&] { return static_cast<CellId>(rng.uniform(0, pipe.cells.size() - 1)); };
    const CellId a = some(), b = some();
    pipe.cells.put({.kind = Cell::Kind::add,
                    .a = a,
                    .b = b,
                    .shiftB = static_cast<std::uint32_t>(k),  // no two cells alike
                    .range = {-(std::int64_t{1} << rng.uniform(1, 9)), 0},
                    .levels = rng.chance(0.7) ? 1u : static_cast<std::uint32_t>(rng.uniform(0, 3))});
  }
  pipe.port = {pipe.cells.size() - 1, static_cast<CellId>(rng.uniform(0, pipe.cells.size() - 1))};
  return pipe;
}

/// Bits of the registers, or nothing if a stage holds more levels than it may.
std::optional<std::uint64_t> registerBits(const Pipe& pipe, const std::vector<std::uint32_t>& stage,
                                          std::uint32_t depth) {
  const CellId count = pipe.cells.size();
  std::vector<std::uint32_t> level(count, 0), last(stage);
  std::vector<bool> needed(count, false);
  for (const CellId c : pipe.port) {
    needed[c] = true;
    last[c] = depth;
  }
  for (CellId c = count; c-- > 0;)
    if (needed[c])
      for (const CellId o : CellList::operands(pipe.cells[c])) {
        needed[o] = true;
        last[o] = std::max(last[o], stage[c]);
      }
  std::uint64_t bits = 0;
  for (CellId c = 0; c < count; ++c) {
    if (!needed[c]) continue;
    const bool input = pipe.cells[c].kind == Cell::Kind::input;
    // A cell of more levels than a stage holds has one to itself.
    const std::uint32_t own = input ? pipe.inputLevels : std::min(pipe.cells[c].levels, pipe.perStage);
    level[c] = own;
    if (input && stage[c] != 0) return {};
    for (const CellId o : CellList::operands(pipe.cells[c])) {
      if (stage[o] > stage[c]) return {};
      if (stage[o] == stage[c]) level[c] = std::max(level[c], level[o] + own);
    }
    if (level[c] > pipe.perStage) return {};
    bits += std::uint64_t{fixed::formatFor(pipe.cells[c].range).bits} * (last[c] - stage[c]);
  }
  return bits;
}

TEST(Stages, NoOtherAssignmentOfThisDepthHasFewerRegisterBits) {
  int deep = 0;
  for (std::uint64_t seed = 0; seed < 120; ++seed) {
    Rng rng(seed);
    const Pipe pipe = randomPipe(rng);
    const Stages found = assignStages(pipe.cells, {pipe.port}, pipe.perStage, pipe.inputLevels);
    deep += found.depth >= 2 ? 1 : 0;
    std::optional<std::uint64_t> fewest;
    std::vector<std::uint32_t> stage(pipe.cells.size(), 0);
    bool shallower = false;
    for (;;) {
      if (const auto bits = registerBits(pipe, stage, found.depth))
        fewest = std::min(fewest.value_or(*bits), *bits);
      if (found.depth > 0 && *std::max_element(stage.begin(), stage.end()) < found.depth)
        shallower = shallower || registerBits(pipe, stage, found.depth - 1).has_value();
      std::size_t i = 0;
      while (i < stage.size() && stage[i] == found.depth) stage[i++] = 0;
      if (i == stage.size()) break;
      ++stage[i];
    }
    EXPECT_EQ(registerBits(pipe, found.of, found.depth), found.registerBits) << "seed " << seed;
    EXPECT_EQ(found.registerBits, fewest) << "seed " << seed;
    EXPECT_FALSE(shallower) << "seed " << seed;
  }
  EXPECT_GT(deep, 8);
}

}  // namespace
}  // namespace sluice::kernel
