#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/text.h"
#include "emit/formal_schedule.h"
#include "hdl/verilog.h"
#include "kernel/bits.h"

/// That a subgraph never comes to rest, at the depths that its FIFOs have.
///
/// Ghosts know where in its frames every kernel is: W beats written so far into a stream and R read from it follow from
/// the iterations of its two kernels. The lemma of a stream is that its FIFO holds or has promised exactly W - R places
/// (both counted modulo some frames, more beats than the FIFO has places). Then a state in which nothing moves is a
/// choice of one iteration per kernel in which each waits for an empty or a full FIFO although all fillings agree with
/// the iterations: a finite question about numbers, which the SAT engine answers for all states at once, reachable by
/// whatever gaps and stalls.
///
/// Example: a fork feeds a long path and a short one, and a sum joins them. With too few places in the short path the
/// fork waits for a place there and the sum for a beat of the long one: the checker finds these iterations. With enough
/// places no such choice exists.
///
/// Pipelines are no obstacle: what was promised is pushed after a fixed time, so the claim is only that something moves
/// or is on its way.
namespace sluice::emit {

namespace {

using dataflow::Direction;

constexpr std::uint64_t kMostIterations = 8192;  ///< of a pass: its ghost is a table of so many rows

struct KernelGhost {
  GhostSchedule schedule;
  std::vector<std::string> before;  ///< per port, a wire: beats moved since frame 0 of the count
};

/// Wire `name`: beats of the port before iteration `step` of pass `pass`, read off a table; modulo `modulus`.
void beatsBefore(FormalText& f, const kernel::Kernel& kernel, std::uint32_t port, const std::string& step,
                 const std::string& pass, std::uint64_t modulus, const std::string& name) {
  const std::uint64_t count = dataflow::iterations(kernel.schedule);
  const std::uint64_t each = dataflow::beatsPerPass(kernel.schedule, port);
  f.line(fmt::format("reg [15:0] {}_table;", name));
  f.line(fmt::format("always @* case ({})", step));
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    f.line(fmt::format("  {}: {}_table = {};", i, name, sum));
    sum += dataflow::accesses(kernel.schedule, port, i) ? 1 : 0;
  }
  f.line(fmt::format("  default: {}_table = 0;", name));
  f.line("endcase");
  // The last iterations of the last pass may move nothing more: all beats are then as good as none.
  f.line(fmt::format("wire [15:0] {0}_sum = {0}_table + {1} * {2};", name, pass, each));
  f.line(fmt::format("wire [15:0] {0} = {0}_sum == {1} ? 0 : {0}_sum;", name, modulus));
}

class NetworkText {
 public:
  NetworkText(const map::Design& design, const Rtl& rtl) : design_(design), rtl_(rtl) {}

  Result<FormalModule> write() {
    SLUICE_RETURN_IF_ERROR(check());
    instantiate();
    for (std::uint32_t s = 0; s < design_.streams.size(); ++s) wires(s);
    for (std::uint32_t k = 0; k < design_.kernels.size(); ++k) kernelGhost(k);
    for (std::uint32_t s = 0; s < design_.streams.size(); ++s) streamLemmas(s);
    claim();
    return std::move(f_).finish(3);
  }

 private:
  Status check() {
    if (design_.subgraphs.size() != 1) return unsupported("proofs of progress are of one subgraph");
    frames_ = 2;
    for (const map::Stream& stream : design_.streams)
      while (frames_ * stream.beatsPerFrame <= stream.depth) ++frames_;
    for (const map::KernelInstance& instance : design_.kernels)
      if (dataflow::iterations(instance.kernel.schedule) > kMostIterations)
        return unsupported(fmt::format("a pass of {} has {} iterations; at most {} are tabled", instance.name,
                                       dataflow::iterations(instance.kernel.schedule), kMostIterations));
    for (const map::Stream& stream : design_.streams)
      if (frames_ * stream.beatsPerFrame >= 65536)
        return unsupported("a stream of the design has too many beats a frame: " + stream.name);
    return {};
  }

  void instantiate() {
    std::string connections = ".clk(clk), .rst(rst)";
    for (const map::DesignPort& port : design_.ports) {
      const map::Stream& stream = design_.streams[port.stream.index];
      const std::string& name = stream.name;
      for (const char* part : {"_data", "_valid", "_ready"})
        connections += fmt::format(", .{0}{1}({0}{1})", name, part);
      f_.input(1, name + (port.isInput ? "_valid" : "_ready"));
      f_.line(fmt::format("wire {}{};", name, port.isInput ? "_ready" : "_valid"));
      if (port.isInput)
        f_.input(stream.beat.width(), name + "_data");
      else
        f_.line(fmt::format("wire {}{}_data;", vectorOf(stream.beat.width()), name));
    }
    f_.line(fmt::format("{} dut ({});", rtl_.subgraphs[0]->name, connections));
  }

  /// Wires of the FIFO of a stream, as the harness sees them; needed by claims, not only by lemmas.
  void wires(std::uint32_t s) {
    const map::Stream& stream = design_.streams[s];
    const auto wire = [&](const char* port) {
      f_.line(fmt::format("(* hierconn *) wire \\dut.fifo_{0}.{1} ; wire s{2}_{1} = \\dut.fifo_{0}.{1} ;",
                          stream.name, port, s));
    };
    for (const char* port : {"credit", "valid", "push", "pop"}) wire(port);
    if (stream.writer.valid()) wire("reserve");
    for (const bool writes : {true, false}) {
      if ((writes ? stream.writer : stream.reader).valid()) continue;
      f_.line(fmt::format("reg [15:0] s{}_{};", s, writes ? "w" : "r"));
      f_.line(fmt::format(
          "always @(posedge clk) s{0}_{1} <= rst ? 0 : !s{0}_{2} ? s{0}_{1} : s{0}_{1} == {3} ? 0 : "
          "s{0}_{1} + 1;",
          s, writes ? "w" : "r", writes ? "push" : "pop", frames_ * stream.beatsPerFrame - 1));
      f_.lemma(fmt::format("s{}_{} < {}", s, writes ? "w" : "r", frames_ * stream.beatsPerFrame));
    }
  }

  void kernelGhost(std::uint32_t k) {
    const map::KernelInstance& instance = design_.kernels[k];
    const kernel::Kernel& kernel = instance.kernel;
    const std::string prefix = fmt::format("k{}_", k);
    std::vector<PortWires> ports;
    for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
      const std::string stream = fmt::format("s{}_", instance.streams[p].index);
      const bool reads = kernel.ports[p].direction == Direction::read;
      ports.push_back(reads ? PortWires{stream + "valid", stream + "pop", ""}
                            : PortWires{stream + "credit", stream + "reserve", stream + "push"});
    }
    KernelGhost ghost{.schedule = ghostSchedule(f_, kernel, ports, prefix)};
    const std::uint64_t count = dataflow::iterations(kernel.schedule);
    std::uint64_t passes = 1;
    for (std::uint32_t p = 0; p < kernel.ports.size(); ++p)
      if (const std::uint64_t each = dataflow::beatsPerPass(kernel.schedule, p); each > 0)
        passes = design_.streams[instance.streams[p].index].beatsPerFrame / each;
    passes *= frames_;
    // Where the kernel is, as one number; the counters of the loops are its digits.
    f_.line(fmt::format("reg [15:0] {0}step, {0}pass;", prefix));
    f_.line("always @(posedge clk)");
    f_.line(fmt::format("  if (rst) begin {0}step <= 0; {0}pass <= 0; end", prefix));
    f_.line(fmt::format("  else if ({0}issue) begin", prefix));
    f_.line(fmt::format("    {0}step <= {0}step == {1} ? 0 : {0}step + 1;", prefix, count - 1));
    f_.line(fmt::format("    if ({0}step == {1}) {0}pass <= {0}pass == {2} ? 0 : {0}pass + 1;", prefix,
                        count - 1, passes - 1));
    f_.line("  end");
    f_.lemma(fmt::format("{}step < {}", prefix, count));
    f_.lemma(fmt::format("{}pass < {}", prefix, passes));
    std::vector<std::string> digits;
    std::uint64_t stride = count;
    for (std::size_t l = 0; l < kernel.schedule.loops.size(); ++l) {
      stride /= kernel.schedule.loops[l].extent;
      if (kernel.schedule.loops[l].extent > 1)
        digits.push_back(fmt::format("{} * {}", ghost.schedule.loops[l], stride));
    }
    if (!digits.empty()) f_.lemma(fmt::format("{}step == {}", prefix, join(digits, " + ")));
    controllerLemmas(f_, kernel, ghost.schedule, hdl::verilog(*rtl_.kernels[k], rtl_.family),
                     instance.name + ".");
    for (std::uint32_t p = 0; p < kernel.ports.size(); ++p) {
      ghost.before.push_back(fmt::format("{}before_{}", prefix, kernel.ports[p].name));
      beatsBefore(f_, kernel, p, prefix + "step", prefix + "pass",
                  frames_ * design_.streams[instance.streams[p].index].beatsPerFrame, ghost.before[p]);
      const std::string now = fmt::format("({} && {})", ghost.schedule.issue, ghost.schedule.moves[p]);
      f_.lemma(fmt::format("{} == {}", ports[p].taken, now));
      if (kernel.ports[p].direction == Direction::read) continue;
      const std::uint32_t stage = writeStage(kernel, p);
      f_.lemma(fmt::format("{} == {}", ports[p].pushed,
                           stage == 0   ? ports[p].taken
                           : stage == 1 ? ghost.schedule.due[p]
                                        : fmt::format("{}[{}]", ghost.schedule.due[p], stage - 1)));
    }
    ghosts_.push_back(std::move(ghost));
  }

  /// Fillings agree with iterations.
  void streamLemmas(std::uint32_t s) {
    const map::Stream& stream = design_.streams[s];
    const std::string text = hdl::verilog(*fifoModule(stream), rtl_.family);
    const auto counter = [&](const char* name) {
      const std::uint32_t width = registerWidth(text, name).value_or(1);
      return f_.inside(fmt::format("fifo_{}.{}", stream.name, name), width, true);
    };
    const std::string filled = counter("filled");
    const std::string written = stream.writer.valid() ? ghosts_[stream.writer.index].before[stream.writerPort]
                                                      : fmt::format("s{}_w", s);
    const std::string read = stream.reader.valid() ? ghosts_[stream.reader.index].before[stream.readerPort]
                                                   : fmt::format("s{}_r", s);
    const std::uint64_t modulus = frames_ * stream.beatsPerFrame;
    f_.line(fmt::format("wire [15:0] s{0}_taken = {1} >= {2} ? {1} - {2} : {1} + {3} - {2};", s, written,
                        read, modulus));
    f_.lemma(fmt::format("s{}_taken <= {}", s, stream.depth));
    f_.lemma(filled + " >= -1");
    if (!stream.writer.valid()) {
      f_.lemma(fmt::format("{} + 1 == $signed({{1'b0, s{}_taken}})", filled, s));
      return;
    }
    f_.lemma(fmt::format("{} + 1 == {} - $signed({{1'b0, s{}_taken}})", counter("free"), stream.depth, s));
    const map::KernelInstance& writer = design_.kernels[stream.writer.index];
    const std::string& due = ghosts_[stream.writer.index].schedule.due[stream.writerPort];
    std::vector<std::string> promised;
    for (std::uint32_t i = 0; i < writeStage(writer.kernel, stream.writerPort) && !due.empty(); ++i)
      promised.push_back(writeStage(writer.kernel, stream.writerPort) == 1 ? due
                                                                           : fmt::format("{}[{}]", due, i));
    f_.lemma(fmt::format("{} + 1 == $signed({{1'b0, s{}_taken}}) - $signed({{26'd0, {}}})", filled, s,
                         promised.empty() ? "6'd0" : fmt::format("6'd0 + {}", join(promised, " + "))));
  }

  void claim() {
    std::vector<std::string> offered, moving;
    for (const map::DesignPort& port : design_.ports) {
      const std::string name = design_.streams[port.stream.index].name;
      offered.push_back(name + (port.isInput ? "_valid" : "_ready"));
      moving.push_back(fmt::format("({0}_valid && {0}_ready)", name));
    }
    for (const KernelGhost& ghost : ghosts_) {
      moving.push_back(ghost.schedule.issue);
      moving.push_back(ghost.schedule.rest + " != 0");
      for (const std::string& due : ghost.schedule.due)
        if (!due.empty()) moving.push_back(due + " != 0");
    }
    f_.line(
        fmt::format("`ifdef ONE_RUN\n  always @* if (started) assume ({});\n`endif", join(offered, " && ")));
    for (const map::DesignPort& port : design_.ports)
      if (port.isInput)
        f_.line(fmt::format("`ifdef ONE_RUN\n  always @* assume ({}_data == 0);\n`endif",
                            design_.streams[port.stream.index].name));
    f_.claim("progress", fmt::format("!({}) || {}", join(offered, " && "), join(moving, " || ")),
             "while sources offer and sinks accept, something moves or is on its way: no deadlock at these "
             "depths");
  }

  [[nodiscard]] const hdl::Module* fifoModule(const map::Stream& stream) const {
    const std::string name = kernel::fifoName(map::fifoParams(stream));
    const auto found = std::find_if(rtl_.modules.begin(), rtl_.modules.end(),
                                    [&](const auto& module) { return module->name == name; });
    SLUICE_CHECK(found != rtl_.modules.end(), "every stream has its FIFO");
    return found->get();
  }

  const map::Design& design_;
  const Rtl& rtl_;
  std::uint64_t frames_ = 2;  ///< counts are modulo so many
  FormalText f_;
  std::vector<KernelGhost> ghosts_;
};

}  // namespace

Result<FormalModule> progressProof(const map::Design& design, const Rtl& rtl) {
  return NetworkText(design, rtl).write();
}

}  // namespace sluice::emit
