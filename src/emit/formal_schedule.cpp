#include "emit/formal_schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

#include "kernel/bits.h"

namespace sluice::emit {

namespace {

using dataflow::Access;
using dataflow::Direction;
using dataflow::Relation;

const char* symbol(Relation relation) {
  switch (relation) {
    case Relation::equal:
      return "==";
    case Relation::less:
      return "<";
    case Relation::greaterEqual:
      return ">=";
  }
  return "";
}

/// The tests of all accesses of a port, on the ghost counters.
std::string movesWhen(const kernel::Kernel& kernel, std::uint32_t port,
                      const std::vector<std::string>& loops) {
  std::vector<std::string> any;
  for (const Access& access : kernel.schedule.accesses) {
    if (access.port != port) continue;
    std::vector<std::string> all{"1'b1"};
    for (const dataflow::When& when : access.when)
      all.push_back(fmt::format("{} {} {}", loops[when.loop], symbol(when.relation), when.value));
    any.push_back("(" + join(all, " && ") + ")");
  }
  return any.empty() ? "1'b0" : join(any, " || ");
}

}  // namespace

std::uint32_t writeStage(const kernel::Kernel& kernel, std::uint32_t port) {
  for (const Access& access : kernel.schedule.accesses)
    if (access.port == port) return access.stage;
  return 0;
}

GhostSchedule ghostSchedule(FormalText& f, const kernel::Kernel& kernel, const std::vector<PortWires>& ports,
                            const std::string& prefix) {
  const dataflow::Schedule& schedule = kernel.schedule;
  GhostSchedule ghost{.issue = prefix + "issue", .rest = prefix + "rest"};
  for (std::size_t l = 0; l < schedule.loops.size(); ++l) {
    const std::uint32_t extent = schedule.loops[l].extent;
    ghost.loops.push_back(extent == 1 ? "0" : fmt::format("{}count{}", prefix, l));
    if (extent > 1) f.line(fmt::format("reg {}{};", vectorOf(kernel::indexBits(extent)), ghost.loops[l]));
  }
  f.line(fmt::format("reg {}{};", vectorOf(kernel::indexBits(schedule.interval) + 1), ghost.rest));
  std::vector<std::string> conditions{ghost.rest + " == 0"};
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
    ghost.moves.push_back(fmt::format("{}moves_{}", prefix, kernel.ports[p].name));
    f.line(fmt::format("wire {} = {};", ghost.moves[p], movesWhen(kernel, p, ghost.loops)));
    conditions.push_back(fmt::format("({} || !{})", ports[p].ready, ghost.moves[p]));
  }
  f.line(fmt::format("wire {} = {};", ghost.issue, join(conditions, " && ")));
  f.line(fmt::format("always @(posedge clk) {0} <= rst ? 0 : {1} ? {2} : {0} == 0 ? 0 : {0} - 1;", ghost.rest,
                     ghost.issue, schedule.interval - 1));
  std::string carry = ghost.issue;
  for (std::size_t l = schedule.loops.size(); l-- > 0;) {
    const std::uint32_t extent = schedule.loops[l].extent;
    if (extent == 1) continue;
    f.line(fmt::format("always @(posedge clk) {0} <= rst ? 0 : !({1}) ? {0} : {0} == {2} ? 0 : {0} + 1;",
                       ghost.loops[l], carry, extent - 1));
    carry += fmt::format(" && {} == {}", ghost.loops[l], extent - 1);
  }
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
    ghost.due.emplace_back();
    const std::uint32_t stage = writeStage(kernel, p);
    if (kernel.ports[p].direction == Direction::read || stage == 0) continue;
    ghost.due[p] = fmt::format("{}due_{}", prefix, kernel.ports[p].name);
    f.line(fmt::format("reg {}{};", vectorOf(stage), ghost.due[p]));
    f.line(fmt::format("always @(posedge clk) {0} <= rst ? 0 : {{{0}, {1}}};", ghost.due[p], ports[p].taken));
  }
  return ghost;
}

void controllerLemmas(FormalText& f, const kernel::Kernel& kernel, const GhostSchedule& ghost,
                      const std::string& printed, const std::string& path) {
  for (std::size_t l = 0; l < ghost.loops.size(); ++l) {
    const std::uint32_t extent = kernel.schedule.loops[l].extent;
    if (extent == 1) continue;
    const std::string name = fmt::format("loop{}", l);
    f.lemma(fmt::format("{} < {}", ghost.loops[l], extent));
    if (const std::optional<std::uint32_t> width = registerWidth(printed, name))
      f.lemma(fmt::format("{} == {}", f.inside(path + name, *width), ghost.loops[l]));
  }
  f.lemma(fmt::format("{} < {}", ghost.rest, std::max(kernel.schedule.interval, 1u)));
  for (const char* name : {"wait", "wait_s"})  // a keyword, so it is printed as another word
    if (const std::optional<std::uint32_t> width = registerWidth(printed, name))
      f.lemma(
          fmt::format("{} + 1 == $signed({{1'b0, {}}})", f.inside(path + name, *width, true), ghost.rest));
  // Promises in flight: the registers from credit to push, where they carry the port's name.
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
    const std::uint32_t stage = writeStage(kernel, p);
    if (ghost.due[p].empty()) continue;
    const bool always =
        std::any_of(kernel.schedule.accesses.begin(), kernel.schedule.accesses.end(),
                    [&](const Access& access) { return access.port == p && access.when.empty(); });
    for (std::uint32_t i = 1; i <= stage; ++i) {
      const std::string name =
          always ? fmt::format("valid{}", i) : fmt::format("{}_push{}", kernel.ports[p].name, i);
      if (registerWidth(printed, name) == 1u)
        f.lemma(fmt::format("{} == {}", f.inside(path + name, 1),
                            stage == 1 ? ghost.due[p] : fmt::format("{}[{}]", ghost.due[p], i - 1)));
    }
  }
}

}  // namespace sluice::emit
