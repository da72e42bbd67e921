#include "kernel/unrolled/stages.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::kernel {
namespace {

class Assigner {
 public:
  Assigner(const CellList& cells, const std::vector<PortCells>& writes, std::uint32_t perStage,
           std::uint32_t inputLevels)
      : cells_(cells),
        perStage_(perStage),
        inputLevels_(inputLevels),
        readers_(cells.size()),
        operands_(cells.size()),
        limit_(cells.size(), UINT32_MAX),
        exit_(cells.size(), 0),
        width_(cells.size()) {
    for (CellId c = 0; c < cells.size(); ++c) {
      width_[c] =
          isFixed(c) && cells[c].kind == Cell::Kind::constant ? 0 : fixed::formatFor(cells[c].range).bits;
      operands_[c] = CellList::operands(cells[c]);
      std::sort(operands_[c].begin(), operands_[c].end());
      operands_[c].erase(std::unique(operands_[c].begin(), operands_[c].end()), operands_[c].end());
      std::erase_if(operands_[c], [&](CellId o) { return cells[o].kind == Cell::Kind::constant; });
      for (const CellId o : operands_[c]) readers_[o].push_back(c);
    }
    done_.resize(cells.size());
    for (CellId c = 0; c < cells.size(); ++c) done_[c] = earliest(c);
    for (const PortCells& port : writes) {
      std::uint32_t stage = 0;
      for (const CellId c : port) stage = std::max(stage, stageOf(done_[c]));
      portStage_.push_back(stage);
      for (const CellId c : port) {
        exit_[c] = std::max(exit_[c], stage);
        limit_[c] = std::min(limit_[c], (stage + 1) * perStage_);
      }
    }
  }

  Stages run() {
    std::vector<std::uint32_t> best = done_;
    std::uint64_t bestBits = registerBits();
    for (const bool lateFirst : {false, true}) {
      if (lateFirst)
        for (CellId c = cells_.size(); c-- > 0;)
          if (!isFixed(c)) done_[c] = std::max(latest(c), earliest(c));
      for (int round = 0; round < 3; ++round) {
        sweep(true);
        sweep(false);
        if (const std::uint64_t bits = registerBits(); bits < bestBits) best = done_, bestBits = bits;
      }
    }
    Stages stages{.of = {}, .portStage = portStage_, .depth = 0, .registerBits = bestBits};
    for (const std::uint32_t level : best) stages.of.push_back(stageOf(level));
    for (const std::uint32_t s : portStage_) stages.depth = std::max(stages.depth, s);
    return stages;
  }

 private:
  [[nodiscard]] bool isFixed(CellId c) const {
    return cells_[c].kind == Cell::Kind::input || cells_[c].kind == Cell::Kind::constant;
  }
  [[nodiscard]] std::uint32_t stageOf(std::uint32_t done) const {
    return done == 0 ? 0 : (done - 1) / perStage_;
  }

  [[nodiscard]] std::uint32_t earliest(CellId c) const {
    if (cells_[c].kind == Cell::Kind::input) return inputLevels_;
    std::uint32_t level = 0;
    for (const CellId o : operands_[c]) level = std::max(level, done_[o]);
    return level + cells_[c].levels;
  }
  [[nodiscard]] std::uint32_t latest(CellId c) const {
    std::uint32_t level = limit_[c];
    for (const CellId r : readers_[c]) level = std::min(level, done_[r] - cells_[r].levels);
    return level == UINT32_MAX ? done_[c] : level;  // nobody reads it
  }

  /// The last stage in which anyone but `except` reads c.
  [[nodiscard]] std::uint32_t lastUse(CellId c, CellId except) const {
    std::uint32_t stage = exit_[c];
    for (const CellId r : readers_[c])
      if (r != except) stage = std::max(stage, stageOf(done_[r]));
    return stage;
  }
  [[nodiscard]] std::uint64_t registerBits() const {
    std::uint64_t bits = 0;
    for (CellId c = 0; c < cells_.size(); ++c) {
      const std::uint32_t here = stageOf(done_[c]), last = lastUse(c, kNoCell);
      if (last > here) bits += std::uint64_t{width_[c]} * (last - here);
    }
    return bits;
  }

  void sweep(bool forward) {
    for (CellId k = 0; k < cells_.size(); ++k) {
      // Later moves want the readers moved first, earlier ones the operands.
      const CellId c = forward ? cells_.size() - 1 - k : k;
      if (!isFixed(c)) place(c, forward);
    }
  }

  void place(CellId c, bool late) {
    const std::uint32_t from = earliest(c), to = latest(c);
    const std::uint32_t first = stageOf(from), last = stageOf(to);
    const std::uint32_t ownLast = lastUse(c, kNoCell);
    std::vector<std::pair<std::uint32_t, CellId>> others;  // last use of each operand, this cell aside
    for (const CellId o : operands_[c]) others.emplace_back(lastUse(o, c), o);
    std::uint64_t bestCost = UINT64_MAX;
    std::uint32_t best = 0;
    for (std::uint32_t s = first; s <= last; ++s) {
      std::uint64_t cost = std::uint64_t{width_[c]} * (ownLast > s ? ownLast - s : 0);
      for (const auto& [use, o] : others) cost += std::uint64_t{width_[o]} * std::max(use, s);
      if (cost < bestCost || (cost == bestCost && late)) bestCost = cost, best = s;
    }
    const std::uint32_t begin = best * perStage_ + 1, end = (best + 1) * perStage_;
    done_[c] = late ? std::min(to, end) : std::max(from, best == 0 ? from : begin);
  }

  const CellList& cells_;
  std::uint32_t perStage_, inputLevels_;
  std::vector<std::vector<CellId>> readers_, operands_;
  std::vector<std::uint32_t> limit_;  // per cell, the level at which it must be done to leave in time
  std::vector<std::uint32_t> exit_;   // per cell, the stage in which it leaves
  std::vector<std::uint32_t> width_, done_, portStage_;
};

}  // namespace

Stages assignStages(const CellList& cells, const std::vector<PortCells>& writes, std::uint32_t perStage,
                    std::uint32_t inputLevels) {
  SLUICE_CHECK(perStage >= 1 && inputLevels <= perStage, "checked with the parameters");
  return Assigner(cells, writes, perStage, inputLevels).run();
}

}  // namespace sluice::kernel
