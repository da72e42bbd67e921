#include "kernel/unrolled/emit_cells.h"

#include <algorithm>
#include <map>
#include <string>

#include "kernel/bits.h"

namespace sluice::kernel {
namespace {

using hdl::Signal;

class Emitter {
 public:
  Emitter(Pipeline& pipeline, const CellList& cells, const Stages& stages, std::uint32_t readPorts)
      : pipeline_(pipeline), b_(pipeline.builder()), cells_(cells), stages_(stages) {
    for (std::uint32_t p = 0; p < readPorts; ++p) inputs_.push_back(pipeline.elements(p));
  }

  void run(const std::vector<PortCells>& writes) {
    for (CellId c = 0; c < cells_.size(); ++c) {
      const Signal signal = emit(cells_[c], stages_.of[c]);
      // The interval was proven on the whole linear form or table, where the tree sees one operation at a
      // time.
      signals_.push_back(b_.assume(signal, cells_[c].range));
    }
    for (std::uint32_t p = 0; p < writes.size(); ++p) {
      std::vector<Pipeline::Value> elements;
      for (const CellId c : writes[p]) {
        const bool constant = cells_[c].kind == Cell::Kind::constant;
        elements.push_back({signals_[c], constant ? stages_.portStage[p] : stages_.of[c]});
      }
      pipeline_.writeElements(static_cast<std::uint32_t>(inputs_.size()) + p, elements);
    }
  }

 private:
  Signal at(CellId c, std::uint32_t stage) {
    if (cells_[c].kind == Cell::Kind::constant) return signals_[c];
    SLUICE_CHECK(stages_.of[c] <= stage, "stages follow the order of cells");
    return b_.delay(signals_[c], stage - stages_.of[c]);
  }

  Signal emit(const Cell& cell, std::uint32_t stage) {
    using Kind = Cell::Kind;
    const auto a = [&] { return at(cell.a, stage); };
    switch (cell.kind) {
      case Kind::input:
        return inputs_[cell.port][cell.element].signal;
      case Kind::constant:
        return b_.constant(cell.value);
      case Kind::add:
        return add(cell, stage);
      case Kind::floorShift:
        return b_.shiftRight(a(), cell.shiftA);
      case Kind::evenShift:
        return evenShift(cell, a());
      case Kind::atLeast:
        return b_.lessEqual(b_.constant(cell.value), a());
      case Kind::notLess:
        return b_.lessEqual(at(cell.b, stage), a());
      case Kind::select:
        return b_.mux(at(cell.condition, stage), a(), at(cell.b, stage));
      case Kind::clamp:
        return b_.clamp(a(), {cell.value, cell.value2});
      case Kind::wrap:
        return b_.wrap(a(), {cell.shiftA, cell.signA < 0});
      case Kind::table:
        return table(cell, a());
      case Kind::join:
        return join(cell, stage);
      case Kind::addMultiple:
        return addMultiple(cell, stage);
      case Kind::bits:
        return bits(cell, stage);
    }
    SLUICE_CHECK(false, "every kind of cell is written");
  }

  Signal add(const Cell& cell, std::uint32_t stage) {
    const Signal x = b_.shiftLeft(at(cell.a, stage), cell.shiftA);
    if (cell.b == kNoCell) {
      const Signal value = b_.constant(cell.value);
      return cell.signA > 0 ? b_.add(x, value) : b_.subtract(value, x);
    }
    const Signal y = b_.shiftLeft(at(cell.b, stage), cell.shiftB);
    if (cell.signA > 0) return cell.signB > 0 ? b_.add(x, y) : b_.subtract(x, y);
    return cell.signB > 0 ? b_.subtract(y, x) : b_.negate(b_.add(x, y));
  }

  Signal join(const Cell& cell, std::uint32_t stage) {
    const auto raw = [&](CellId c) { return toBits(b_, at(c, stage), fixed::formatFor(cells_[c].range)); };
    return b_.sliceNumber(b_.concat(std::vector{raw(cell.a), raw(cell.b)}), 0, cell.range);
  }

  Signal addMultiple(const Cell& cell, std::uint32_t stage) {
    const Signal digits =
        toBits(b_, at(cell.condition, stage), fixed::formatFor(cells_[cell.condition].range));
    const auto bit = [&](std::uint32_t k) { return b_.slice(digits, cell.shiftA + k, 1); };
    const Signal x = at(cell.b, stage);
    Signal multiple = b_.mux(bit(0), x, b_.constant(0));
    if (cell.value == 2)
      multiple = b_.mux(bit(1), b_.mux(bit(0), at(cell.triple, stage), b_.shiftLeft(x, 1)), multiple);
    multiple = b_.shiftLeft(multiple, cell.shiftB);
    if (cell.a == kNoCell) return multiple;
    const Signal before = at(cell.a, stage);
    return cell.signB > 0 ? b_.add(before, multiple) : b_.subtract(before, multiple);
  }

  /// The lowest bit of w >> shift survives only where something was shifted out.
  Signal evenShift(const Cell& cell, Signal w) {
    const Signal shifted = b_.shiftRight(w, cell.shiftA);
    const fixed::Interval both = fixed::join(b_.range(shifted), cell.range);  // -1 becomes -2: one bit more
    const Signal y = b_.wrap(shifted, fixed::formatFor(both));
    const std::uint32_t width = fixed::formatFor(both).bits;
    const Signal lost = b_.reduceOr(b_.slice(w, 0, cell.shiftA));
    std::vector<Signal> parts{b_.bitAnd(b_.slice(y, 0, 1), lost)};
    if (width > 1) parts.push_back(b_.slice(y, 1, width - 1));
    return b_.sliceNumber(parts.size() == 1 ? parts[0] : b_.concat(parts), 0, cell.range);
  }

  /// A ROM over the raw bits of a; codes that a never takes repeat a neighbour. Equal tables are one memory.
  Signal table(const Cell& cell, Signal a) {
    const fixed::IntegerFormat format = b_.node(a).format();
    const fixed::Interval from = cells_[cell.a].range;
    const std::uint32_t width = fixed::formatFor(cell.range).bits;
    std::vector<std::vector<std::uint64_t>> words;
    for (std::uint64_t raw = 0; raw < std::uint64_t{1} << format.bits; ++raw) {
      const std::int64_t code = std::clamp(codeValue(raw, format), from.lo, from.hi);
      words.push_back({rawCode(cell.entries[static_cast<std::size_t>(code - from.lo)], width)});
    }
    const auto [it, isNew] = tables_.emplace(std::pair(width, words), hdl::MemoryId());
    if (isNew)
      it->second = b_.rom("table" + std::to_string(tables_.size() - 1), width, std::move(words),
                          hdl::Style::logic, false);
    return b_.readNumber(it->second, rawBits(b_, a), cell.range);
  }

  Signal bits(const Cell& cell, std::uint32_t stage) {
    std::vector<Signal> parts;
    for (std::size_t k = 0; k < cell.bitSources.size(); ++k) {
      std::vector<Signal> sources;
      for (const CellId c : cell.bitSources[k]) sources.push_back(b_.slice(at(c, stage), 0, 1));
      Signal bit = sources.empty()       ? b_.flag(false)
                   : sources.size() == 1 ? sources[0]
                                         : b_.reduceXor(b_.concat(sources));
      if (cell.bitInverted[k]) bit = b_.bitNot(bit);
      parts.push_back(bit);
    }
    return b_.sliceNumber(parts.size() == 1 ? parts[0] : b_.concat(parts), 0, cell.range);
  }

  Pipeline& pipeline_;
  hdl::Builder& b_;
  const CellList& cells_;
  const Stages& stages_;
  std::vector<std::vector<Pipeline::Value>> inputs_;
  std::vector<Signal> signals_;  // per cell, at its stage
  std::map<std::pair<std::uint32_t, std::vector<std::vector<std::uint64_t>>>, hdl::MemoryId> tables_;
};

}  // namespace

void emitCells(Pipeline& pipeline, const CellList& cells, const Stages& stages, std::uint32_t readPorts,
               const std::vector<PortCells>& writes) {
  Emitter(pipeline, cells, stages, readPorts).run(writes);
}

}  // namespace sluice::kernel
