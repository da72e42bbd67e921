#include "kernel/width/width.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "kernel/bits.h"

namespace sluice::kernel {
namespace {

using dataflow::Direction;
using dataflow::Relation;
using hdl::Builder;
using hdl::Signal;

constexpr std::uint32_t kMostIterations = 1024;

/// One iteration of a mixed conversion: elements left over before it, and what it does.
struct Step {
  std::uint32_t held = 0;
  bool reads = false, writes = false;
};

std::vector<Step> stepsOf(std::uint32_t from, std::uint32_t to) {
  const std::uint32_t count = std::lcm(from, to) / std::min(from, to);
  std::vector<Step> steps;
  std::uint32_t held = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    Step step{.held = held};
    step.reads = held < to;
    held += step.reads ? from : 0;
    step.writes = held >= to;
    held -= step.writes ? to : 0;
    steps.push_back(step);
  }
  SLUICE_CHECK(held == 0, "a pass leaves nothing over");
  return steps;
}

std::vector<Signal> split(Builder& b, Signal beat, std::uint32_t bits) {
  std::vector<Signal> parts;
  for (std::uint32_t lsb = 0; lsb < b.width(beat); lsb += bits) parts.push_back(b.slice(beat, lsb, bits));
  return parts;
}

/// A choice among signals that depends on the iteration alone; an invalid signal means "any".
Signal chooseByStep(Builder& b, Signal counter, const std::vector<Signal>& perStep) {
  std::map<Signal, std::vector<std::uint32_t>> users;
  for (std::uint32_t i = 0; i < perStep.size(); ++i)
    if (perStep[i].valid()) users[perStep[i]].push_back(i);
  SLUICE_CHECK(!users.empty(), "something is held in some iteration");
  // The one that is used most needs no test.
  Signal result = std::max_element(users.begin(), users.end(), [](const auto& x, const auto& y) {
                    return x.second.size() < y.second.size();
                  })->first;
  const Signal fallback = result;
  for (const auto& [signal, steps] : users) {
    if (signal == fallback) continue;
    Signal here = b.flag(false);
    for (const std::uint32_t i : steps) here = b.bitOr(here, b.equal(counter, b.constant(i)));
    result = b.mux(here, signal, result);
  }
  return result;
}

void buildSplit(Pipeline& pipeline, const WidthParams& p, std::uint32_t bits) {
  Builder& b = pipeline.builder();
  const Signal beat = pipeline.beat(0).signal;
  const std::uint32_t rest = (p.from - p.to) * bits;
  const Signal first = pipeline.holds(dataflow::When{0, Relation::equal, 0}).signal;
  const Signal held = b.regDeclareBits(rest, "held");
  const Signal out = b.mux(first, b.slice(beat, 0, p.to * bits), b.slice(held, 0, p.to * bits));
  Signal shifted = held;
  if (rest > p.to * bits) {
    const std::vector<Signal> parts{b.slice(held, p.to * bits, rest - p.to * bits),
                                    b.slice(held, 0, p.to * bits)};
    shifted = b.concat(parts);  // what is shifted in above is never looked at
  }
  b.regDrive(held, b.mux(first, b.slice(beat, p.to * bits, rest), shifted), pipeline.valid(0));
  pipeline.write(1, {b.reg(out, "y1"), 1});
}

void buildJoin(Pipeline& pipeline, const WidthParams& p, std::uint32_t bits) {
  Builder& b = pipeline.builder();
  const Signal beat = pipeline.beat(0).signal;
  const std::uint32_t below = (p.to - p.from) * bits;
  const Signal held = b.regDeclareBits(below, "held");
  const std::vector<Signal> all{held, beat};
  const Signal joined = b.concat(all);
  b.regDrive(held, b.slice(joined, p.from * bits, below), pipeline.valid(0));
  pipeline.write(1, {b.reg(joined, "y1"), 1});
}

void buildMixed(Pipeline& pipeline, const WidthParams& p, std::uint32_t bits) {
  Builder& b = pipeline.builder();
  const std::vector<Step> steps = stepsOf(p.from, p.to);
  const std::vector<Signal> in = split(b, pipeline.beat(0).signal, bits);
  const Signal counter = pipeline.counter(0).signal;
  std::uint32_t most = 0;
  for (const Step& step : steps) most = std::max(most, step.held);
  std::vector<Signal> held;
  for (std::uint32_t k = 0; k < most; ++k) held.push_back(b.regDeclareBits(bits, "held" + std::to_string(k)));
  // Element m of what is there in a step: left over, then the beat.
  const auto element = [&](const Step& step, std::uint32_t m) {
    if (m < step.held) return held[m];
    if (step.reads && m - step.held < p.from) return in[m - step.held];
    return Signal{};
  };
  for (std::uint32_t k = 0; k < most; ++k) {
    std::vector<Signal> next;
    for (const Step& step : steps) next.push_back(element(step, step.writes ? k + p.to : k));
    b.regDrive(held[k], chooseByStep(b, counter, next), pipeline.valid(0));
  }
  std::vector<Signal> out;
  for (std::uint32_t k = 0; k < p.to; ++k) {
    std::vector<Signal> choice;
    for (const Step& step : steps) choice.push_back(step.writes ? element(step, k) : Signal{});
    out.push_back(chooseByStep(b, counter, choice));
  }
  pipeline.write(1, {b.reg(out.size() == 1 ? out[0] : b.concat(out), "y1"), 1});
}

}  // namespace

bool widthFits(std::uint64_t elementsPerFrame, std::uint32_t from, std::uint32_t to) {
  return elementsPerFrame % from == 0 && elementsPerFrame % to == 0;
}

Result<Kernel> widthConverter(const WidthParams& p) {
  if (p.from == 0 || p.to == 0) return badInput("a beat has at least one element");
  if (p.range.lo > p.range.hi) return badInput("the range of the elements is empty");
  const std::uint64_t iterations =
      std::lcm(std::uint64_t{p.from}, std::uint64_t{p.to}) / std::min(p.from, p.to);
  if (iterations > kMostIterations)
    return unsupported("converting beats of " + std::to_string(p.from) + " elements into beats of " +
                       std::to_string(p.to) + " takes " + std::to_string(iterations) +
                       " iterations; at most " + std::to_string(kMostIterations));
  const fixed::IntegerFormat format = fixed::formatFor(p.range);
  const std::vector<Step> steps = stepsOf(p.from, p.to);
  Kernel kernel;
  kernel.family = "width";
  kernel.name = "width_" + std::to_string(p.from) + "_to_" + std::to_string(p.to) + "_" +
                std::to_string(format.bits) + (format.isSigned ? "s" : "u");
  if (p.range != format.range()) {
    // Ranges that are not a whole format: the module says the same, but its ports are known more narrowly.
    const auto number = [](std::int64_t v) { return (v < 0 ? "m" : "") + std::to_string(v < 0 ? -v : v); };
    kernel.name += "_" + number(p.range.lo) + "_" + number(p.range.hi);
  }
  kernel.ports = {{"x", Direction::read, {p.from, format}, p.range},
                  {"y", Direction::write, {p.to, format}, p.range}};
  kernel.schedule.loops = {{static_cast<std::uint32_t>(steps.size())}};
  kernel.schedule.depth = 1;
  const auto addAccesses = [&](std::uint32_t port, Direction direction, std::uint32_t stage, auto moves) {
    const bool always = std::all_of(steps.begin(), steps.end(), moves);
    if (always) kernel.schedule.accesses.push_back({port, direction, stage, {}});
    for (std::uint32_t i = 0; i < steps.size() && !always; ++i)
      if (moves(steps[i]))
        kernel.schedule.accesses.push_back({port, direction, stage, {{0, Relation::equal, i}}});
  };
  addAccesses(0, Direction::read, 0, [](const Step& s) { return s.reads; });
  addAccesses(1, Direction::write, 1, [](const Step& s) { return s.writes; });
  kernel.datapath = [p, bits = format.bits](Pipeline& pipeline) {
    if (p.from == p.to) return pipeline.write(1, {pipeline.beat(0).signal, 0});
    if (p.from % p.to == 0) return buildSplit(pipeline, p, bits);
    if (p.to % p.from == 0) return buildJoin(pipeline, p, bits);
    buildMixed(pipeline, p, bits);
  };
  return kernel;
}

}  // namespace sluice::kernel
