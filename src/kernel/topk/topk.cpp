#include "kernel/topk/topk.h"

#include <algorithm>
#include <utility>

#include "kernel/bits.h"
#include "kernel/checks.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;
using dataflow::When;
using hdl::Builder;
using hdl::Signal;

/// Levels of the tree over a beat, and the stage of its winner.
std::uint32_t winnerStage(const TopKParams& p) { return 1 + indexBits(p.pack); }

/// fold * pack + place.
Signal indexOf(Builder& b, const TopKParams& p, Signal fold, Signal place) {
  const Signal index = b.add(b.multiply(fold, b.constant(p.pack), hdl::Style::logic), place);
  return narrowed(b, index, {0, static_cast<std::int64_t>(p.n) - 1});
}

void buildArgMax(const TopKParams& p, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  using Candidate = std::pair<Signal, Signal>;  // value, place in the beat
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  const fixed::IntegerFormat format = fixed::formatFor(p.input);
  std::vector<Candidate> level;
  for (std::uint32_t e = 0; e < p.pack; ++e)
    level.push_back({numberAt(b, held, e * format.bits, format, p.input), b.constant(e)});
  while (level.size() > 1) {
    std::vector<Candidate> next;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      Candidate best = level[i];
      if (i + 1 < level.size()) {
        const Candidate& right = level[i + 1];
        const Signal wins = b.less(best.first, right.first);
        best = {b.mux(wins, right.first, best.first), b.mux(wins, right.second, best.second)};
      }
      next.push_back({b.reg(best.first), b.reg(best.second)});
    }
    level = std::move(next);
  }
  const auto [value, place] = level[0];
  const std::uint32_t stage = winnerStage(p);
  const std::uint32_t folds = p.n / p.pack;
  if (folds == 1) return pipeline.writeElements(1, {{place, stage}});
  const Signal fold = pipeline.at(pipeline.counter(0), stage).signal;
  const Signal first = pipeline.at(pipeline.holds(When{0, Relation::equal, 0}), stage).signal;
  const Signal best = b.regDeclare(p.input, std::nullopt, "best");
  const Signal bestPlace = b.regDeclare({0, p.pack - 1}, std::nullopt, "best_place");
  const Signal bestFold = b.regDeclare({0, folds - 1}, std::nullopt, "best_fold");
  const Signal replaces = b.bitAnd(pipeline.valid(stage), b.bitOr(first, b.less(best, value)));
  b.regDrive(best, value, replaces);
  b.regDrive(bestPlace, place, replaces);
  b.regDrive(bestFold, fold, replaces);
  pipeline.writeElements(1, {{indexOf(b, p, bestFold, bestPlace), stage + 1}});
}

void buildList(const TopKParams& p, Pipeline& pipeline) {
  Builder& b = pipeline.builder();
  const Signal held = b.reg(pipeline.beat(0).signal, "x1");
  const Signal value = numberAt(b, held, 0, fixed::formatFor(p.input), p.input);
  const Signal index = pipeline.at(pipeline.counter(0), 1).signal;
  std::vector<Signal> values, indices, larger;
  for (std::uint32_t i = 0; i < p.k; ++i) {
    values.push_back(b.regDeclare(p.input, std::nullopt, "value" + std::to_string(i)));
    indices.push_back(
        b.regDeclare({0, static_cast<std::int64_t>(p.n) - 1}, std::nullopt, "index" + std::to_string(i)));
    // Place i is empty while at most i elements came before.
    const Signal empty = pipeline.at(pipeline.holds(When{0, Relation::less, i + 1}), 1).signal;
    larger.push_back(b.bitOr(empty, b.less(values[i], value)));
  }
  for (std::uint32_t i = 0; i < p.k; ++i) {
    const Signal enable = b.bitAnd(pipeline.valid(1), larger[i]);
    const Signal shifts = i == 0 ? b.flag(false) : larger[i - 1];
    b.regDrive(values[i], i == 0 ? value : b.mux(shifts, values[i - 1], value), enable);
    b.regDrive(indices[i], i == 0 ? index : b.mux(shifts, indices[i - 1], index), enable);
  }
  std::vector<Pipeline::Value> y;
  for (const Signal i : indices) y.push_back({i, 2});
  pipeline.writeElements(1, y);
}

}  // namespace

Result<Kernel> topK(const TopKParams& p) {
  if (p.n == 0) return badInput("the largest of no elements");
  SLUICE_RETURN_IF_ERROR(checkDivides("pack", p.pack, p.n, "elements"));
  if (p.k == 0 || p.k > p.n)
    return badInput("the " + std::to_string(p.k) + " largest of " + std::to_string(p.n) + " elements");
  if (p.k > 1 && p.pack > 1)
    return badInput("with k = " + std::to_string(p.k) + " beats have one element, not " +
                    std::to_string(p.pack) + ": put a width converter in front");
  SLUICE_RETURN_IF_ERROR(checkInput(p.input));
  const std::uint32_t folds = p.n / p.pack;
  const fixed::Interval indices{0, static_cast<std::int64_t>(p.n) - 1};
  const std::uint32_t depth = p.k > 1 ? 2 : folds == 1 ? winnerStage(p) : winnerStage(p) + 1;
  const auto number = [](std::int64_t v) { return (v < 0 ? "m" : "") + std::to_string(v < 0 ? -v : v); };
  Kernel kernel;
  kernel.family = "topk";
  kernel.name = "topk_" + std::to_string(p.k) + "_of_" + std::to_string(p.n) + "_p" + std::to_string(p.pack) +
                "_" + number(p.input.lo) + "_" + number(p.input.hi);
  kernel.ports = {{"x", Direction::read, {p.pack, fixed::formatFor(p.input)}, p.input},
                  {"y", Direction::write, {p.k, fixed::formatFor(indices)}, indices}};
  kernel.schedule.loops = {{folds}};
  kernel.schedule.depth = depth;
  kernel.schedule.accesses = {
      {.port = 0, .direction = Direction::read, .stage = 0, .when = {}},
      {.port = 1, .direction = Direction::write, .stage = depth, .when = {{0, Relation::equal, folds - 1}}}};
  kernel.datapath = [p](Pipeline& pipeline) { p.k == 1 ? buildArgMax(p, pipeline) : buildList(p, pipeline); };
  return kernel;
}

}  // namespace sluice::kernel
