#include <fmt/format.h>

#include <numeric>

#include "base/text.h"

#include "emit/formal_schedule.h"
#include "kernel/bits.h"

/// What controllers and width converters promise.
namespace sluice::emit {

namespace {

using dataflow::Direction;
using kernel::Kernel;

/// The instance `dut` with free inputs; the wires of every port.
std::vector<PortWires> instantiate(FormalText& f, const Kernel& kernel) {
  std::vector<PortWires> wires;
  std::string connections = ".clk(clk), .rst(rst)";
  const auto connect = [&](const std::string& name) { connections += fmt::format(", .{0}({0})", name); };
  for (const kernel::StreamPort& port : kernel.ports) {
    if (port.direction == Direction::read) {
      wires.push_back({port.name + "_valid", port.name + "_pop", ""});
      f.input(port.beat.width(), port.name + "_data");
      connect(port.name + "_data");
    } else {
      wires.push_back({port.name + "_credit", port.name + "_reserve", port.name + "_push"});
      f.line(fmt::format("wire {}{}_data;", vectorOf(port.beat.width()), port.name));
      f.line(fmt::format("wire {};", wires.back().pushed));
      connect(port.name + "_data");
      connect(wires.back().pushed);
    }
    f.input(1, wires.back().ready);
    f.line(fmt::format("wire {};", wires.back().taken));
    connect(wires.back().ready);
    connect(wires.back().taken);
  }
  f.line(fmt::format("{} dut ({});", kernel.name, connections));
  return wires;
}

std::uint32_t deepest(const Kernel& kernel) {
  std::uint32_t stage = 0;
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) stage = std::max(stage, writeStage(kernel, p));
  return stage;
}

GhostSchedule controllerClaims(FormalText& f, const Kernel& kernel, const std::vector<PortWires>& wires,
                               const std::string& printed) {
  GhostSchedule ghost = ghostSchedule(f, kernel, wires, "");
  std::vector<std::string> pops, reserves, pushes;
  for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
    const std::string now = fmt::format("({} && {})", ghost.issue, ghost.moves[p]);
    if (kernel.ports[p].direction == Direction::read) {
      pops.push_back(fmt::format("{} == {}", wires[p].taken, now));
      continue;
    }
    reserves.push_back(fmt::format("{} == {}", wires[p].taken, now));
    const std::uint32_t stage = writeStage(kernel, p);
    pushes.push_back(fmt::format("{} == {}", wires[p].pushed,
                                 stage == 0   ? wires[p].taken
                                 : stage == 1 ? ghost.due[p]
                                              : fmt::format("{}[{}]", ghost.due[p], stage - 1)));
  }
  if (!pops.empty())
    f.claim("pops", join(pops, " && "),
            "pops in the iterations of the schedule, each in the first cycle that the firing rule allows");
  if (!reserves.empty()) {
    f.claim(
        "credits", join(reserves, " && "),
        "takes a credit in the iterations of the schedule, in the first cycle that the firing rule allows");
    f.claim("pushes", join(pushes, " && "),
            "pushes for every credit taken, exactly as many cycles later as the schedule says");
  }
  controllerLemmas(f, kernel, ghost, printed, "");
  return ghost;
}

/// One iteration of a conversion, as width.h describes it: elements left over before it.
std::vector<std::uint32_t> leftOver(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> held;
  std::uint32_t now = 0;
  for (std::uint32_t i = 0; i < std::lcm(from, to) / std::min(from, to); ++i) {
    held.push_back(now);
    if (now < to) now += from;
    if (now >= to) now -= to;
  }
  return held;
}

/// Where element m of what is left over before iteration i lies inside.
std::string heldElement(FormalText& f, const kernel::WidthParams& p, std::uint32_t bits, std::uint32_t held,
                        std::uint32_t m) {
  if (p.from % p.to != 0 && p.to % p.from != 0) return f.inside("held" + std::to_string(m), bits);
  const std::uint32_t elements = p.from > p.to ? p.from - p.to : p.to - p.from;
  const std::string all = f.inside("held", elements * bits);
  if (elements * bits == 1) return all;
  // What is shifted out begins at the bottom, what is shifted in ends at the top.
  const std::uint32_t place = p.from > p.to ? m : elements - held + m;
  return fmt::format("{}[{} +: {}]", all, place * bits, bits);
}

}  // namespace

FormalModule controllerProof(const Kernel& kernel, const std::string& printed) {
  FormalText f;
  controllerClaims(f, kernel, instantiate(f, kernel), printed);
  return std::move(f).finish(deepest(kernel) + 2);
}

Result<FormalModule> widthProof(const kernel::WidthParams& p, const std::string& printed) {
  SLUICE_TRY(const Kernel kernel, kernel::widthConverter(p));
  FormalText f;
  const std::vector<PortWires> wires = instantiate(f, kernel);
  const std::uint32_t bits = kernel.ports[0].beat.format.bits;
  const std::vector<std::uint32_t> held = leftOver(p.from, p.to);
  const std::uint32_t count = kernel::indexBits(std::uint64_t{2} * (p.from + p.to) + 2);
  f.input(1, "pick");
  f.input(count, "which");
  f.line("// Elements popped and not yet pushed; one arbitrary element, and how many stand before it.");
  f.line(fmt::format("reg {}content, ahead;", vectorOf(count)));
  f.line(fmt::format("reg {}value;", vectorOf(bits)));
  f.line("reg tracking;");
  f.line(fmt::format("wire [31:0] leaving = y_push ? {} : 0;", p.to));
  f.line("always @(posedge clk) begin");
  f.line(fmt::format("  content <= rst ? 0 : content + (x_pop ? {} : 0) - leaving;", p.from));
  f.line("  if (rst) tracking <= 0;");
  f.line("  else if (!tracking) begin");
  f.line(fmt::format("    tracking <= x_pop && pick && which < {};", p.from));
  f.line(fmt::format("    value <= x_data[which*{0} +: {0}];", bits));
  f.line("    ahead <= content - leaving + which;");
  f.line("  end else begin");
  f.line("    tracking <= ahead >= leaving;");
  f.line("    ahead <= ahead - leaving;");
  f.line("  end");
  f.line("end");
  const GhostSchedule ghost = controllerClaims(f, kernel, wires, printed);
  f.claim("no_underflow", "leaving <= content", "only what was popped is pushed");
  f.claim("no_loss", "!tracking || ahead < content",
          "an element that was popped is inside until it is pushed");
  f.claim("in_order",
          fmt::format("!(tracking && ahead < leaving) || y_data[ahead*{0} +: {0}] == value", bits),
          "every element comes out unchanged, after exactly those before it");
  for (std::uint32_t i = 0; i < held.size(); ++i) {
    const std::string here = ghost.loops[0] == "0" ? "1'b1" : fmt::format("{} == {}", ghost.loops[0], i);
    f.lemma(fmt::format("!({}) || content == {} + leaving", here, held[i]));
    for (std::uint32_t m = 0; m < held[i]; ++m)
      f.lemma(fmt::format("!({} && tracking && ahead == leaving + {}) || {} == value", here, m,
                          heldElement(f, p, bits, held[i], m)));
  }
  return std::move(f).finish(3);
}

}  // namespace sluice::emit
