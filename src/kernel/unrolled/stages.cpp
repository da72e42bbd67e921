#include "kernel/unrolled/stages.h"

#include <algorithm>

#include "base/check.h"
#include "kernel/unrolled/differences.h"

namespace sluice::kernel {
namespace {

constexpr std::uint32_t kNone = 0xffffffffu;

class Assigner {
 public:
  Assigner(const CellList& cells, const std::vector<PortCells>& writes, std::uint32_t perStage,
           std::uint32_t inputLevels)
      : cells_(cells), perStage_(perStage), inputLevels_(inputLevels) {
    for (CellId c = 0; c < cells.size(); ++c) {
      std::vector<CellId> operands = CellList::operands(cells[c]);
      std::sort(operands.begin(), operands.end());
      operands.erase(std::unique(operands.begin(), operands.end()), operands.end());
      std::erase_if(operands, [&](CellId o) { return isConstant(o); });
      operands_.push_back(std::move(operands));
    }
    leaveAsEarlyAsCanBe(writes);
    for (CellId c = cells.size(); c-- > 0;)
      if (needed_[c])
        for (const CellId o : operands_[c]) needed_[o] = true;
    readers_.resize(cells.size());
    for (CellId c = 0; c < cells.size(); ++c)
      if (needed_[c])
        for (const CellId o : operands_[c]) readers_[o].push_back(c);
  }

  Stages run() {
    stage_.assign(cells_.size(), kNone);
    within_.assign(cells_.size(), std::vector<std::uint32_t>(perStage_ + 1, kNone));
    for (CellId c = 0; c < cells_.size(); ++c)
      if (needed_[c] && !isConstant(c)) addCell(c);
    for (CellId c = 0; c < cells_.size(); ++c)
      if (stage_[c] != kNone) addRegisters(c);
    const std::vector<std::uint32_t> x = leastCost(program_);

    Stages stages{.of = {}, .portStage = portStage_, .depth = depth_, .registerBits = 0};
    for (CellId c = 0; c < cells_.size(); ++c) {
      std::uint32_t stage = 0;  // what nobody needs will vanish; until then it stands behind its operands
      for (const CellId o : operands_[c]) stage = std::max(stage, stages.of[o]);
      stages.of.push_back(stage_[c] == kNone ? stage : x[stage_[c]]);
    }
    std::int64_t bits = 0;
    for (std::size_t i = 0; i < x.size(); ++i) bits += program_.cost[i] * x[i];
    stages.registerBits = static_cast<std::uint64_t>(bits);
    return stages;
  }

 private:
  [[nodiscard]] bool isConstant(CellId c) const { return cells_[c].kind == Cell::Kind::constant; }
  [[nodiscard]] bool isInput(CellId c) const { return cells_[c].kind == Cell::Kind::input; }
  /// A cell of more levels than a stage holds has one to itself.
  [[nodiscard]] std::uint32_t levels(CellId c) const {
    return isInput(c) ? inputLevels_ : std::min(cells_[c].levels, perStage_);
  }

  /// The stage of every port, and of every cell the first and the last in which it leaves.
  void leaveAsEarlyAsCanBe(const std::vector<PortCells>& writes) {
    std::vector<std::uint32_t> done(cells_.size(), 0);  // levels, those that a stage leaves empty included
    for (CellId c = 0; c < cells_.size(); ++c) {
      for (const CellId o : operands_[c]) done[c] = std::max(done[c], done[o]);
      const std::uint32_t left = perStage_ - done[c] % perStage_;
      if (levels(c) > left) done[c] += left;
      done[c] += levels(c);
    }
    firstExit_.assign(cells_.size(), kNone);
    lastExit_.assign(cells_.size(), 0);
    needed_.assign(cells_.size(), false);
    for (const PortCells& port : writes) {
      std::uint32_t stage = 0;
      for (const CellId c : port) stage = std::max(stage, done[c] == 0 ? 0 : (done[c] - 1) / perStage_);
      portStage_.push_back(stage);
      depth_ = std::max(depth_, stage);
      for (const CellId c : port) {
        firstExit_[c] = std::min(firstExit_[c], stage);
        lastExit_[c] = std::max(lastExit_[c], stage);
        needed_[c] = true;
      }
    }
  }
  [[nodiscard]] bool leaves(CellId c) const { return firstExit_[c] != kNone; }

  /// Bits that a register of the cell holds: those that all readers shift out are not kept.
  [[nodiscard]] std::uint32_t width(CellId c) const {
    const std::uint32_t bits = fixed::formatFor(cells_[c].range).bits;
    std::uint32_t unread = leaves(c) ? 0 : bits;
    for (const CellId r : readers_[c])
      unread = std::min(unread, cells_[r].kind == Cell::Kind::floorShift ? cells_[r].shiftA : 0);
    return bits - unread;
  }

  void atLeast(std::uint32_t b, std::uint32_t a, std::uint32_t least) {
    if (a != kNone) program_.differences.push_back({a, b, least});
  }

  void addCell(CellId c) {
    stage_[c] = program_.add(0, 0, isInput(c) ? 0 : std::min(depth_, firstExit_[c]));
    for (const CellId o : operands_[c]) {
      atLeast(stage_[c], stage_[o], 0);
      if (levels(c) > 0) atLeast(stage_[c], within_[o][perStage_ + 1 - levels(c)], 1);
    }
    for (std::uint32_t j = 1; j <= perStage_; ++j)
      within_[c][j] = j <= levels(c) ? stage_[c] : withinOperands(c, j - levels(c));
  }

  /// No less than the stages of all from which a way of `levels` levels ends in an operand of c.
  std::uint32_t withinOperands(CellId c, std::uint32_t levels) {
    std::vector<std::uint32_t> sources;
    for (const CellId o : operands_[c])
      if (within_[o][levels] != kNone) sources.push_back(within_[o][levels]);
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    if (sources.size() <= 1) return sources.empty() ? kNone : sources[0];
    const std::uint32_t joined = program_.add(0, 0, depth_);
    for (const std::uint32_t source : sources) atLeast(joined, source, 0);
    return joined;
  }

  /// What the registers behind a cell cost, up to its last reader.
  void addRegisters(CellId c) {
    const std::uint32_t bits = width(c);
    program_.cost[stage_[c]] -= bits;
    if (readers_[c].size() == 1 && !leaves(c)) {
      program_.cost[stage_[readers_[c][0]]] += bits;
      return;
    }
    const std::uint32_t last = program_.add(bits, lastExit_[c], depth_);
    atLeast(last, stage_[c], 0);
    for (const CellId r : readers_[c]) atLeast(last, stage_[r], 0);
  }

  const CellList& cells_;
  std::uint32_t perStage_, inputLevels_, depth_ = 0;
  std::vector<std::vector<CellId>> operands_, readers_;  // each once, no constants
  std::vector<bool> needed_;
  std::vector<std::uint32_t> portStage_, firstExit_, lastExit_;
  DifferenceProgram program_;
  std::vector<std::uint32_t> stage_;                // per cell: its variable
  std::vector<std::vector<std::uint32_t>> within_;  // per cell and number of levels: a variable
};

}  // namespace

Stages assignStages(const CellList& cells, const std::vector<PortCells>& writes, std::uint32_t perStage,
                    std::uint32_t inputLevels) {
  SLUICE_CHECK(perStage >= 1 && inputLevels <= perStage, "checked with the parameters");
  return Assigner(cells, writes, perStage, inputLevels).run();
}

}  // namespace sluice::kernel
