#include "emit/formal_axi.h"

#include <fmt/format.h>

#include <bit>

#include "base/text.h"
#include "emit/formal_text.h"

namespace sluice::emit {
namespace {

/// The instance: every name of `wires` is a port and a wire of the harness.
void instantiateAxi(FormalText& f, const std::string& module, const std::vector<std::string>& wires) {
  std::string connections = ".clk(clk), .rst(rst)";
  for (const std::string& wire : wires) connections += fmt::format(", .{0}({0})", wire);
  f.line(fmt::format("{} dut ({});", module, connections));
}

/// Ghosts of a stream: the beat it is at, and whole frames moved.
void frameGhost(FormalText& f, std::uint64_t beats, const std::string& step) {
  f.line("reg [31:0] ghost_beat, ghost_frames;");
  f.line("always @(posedge clk)");
  f.line("  if (rst) begin ghost_beat <= 0; ghost_frames <= 0; end");
  f.line(fmt::format("  else if ({}) begin", step));
  f.line(fmt::format("    ghost_beat <= ghost_beat == {} ? 0 : ghost_beat + 1;", beats - 1));
  f.line(fmt::format("    if (ghost_beat == {}) ghost_frames <= ghost_frames + 1;", beats - 1));
  f.line("  end");
  f.lemma(fmt::format("ghost_beat <= {}", beats - 1));
  if (beats > 1) {
    const std::string beat = f.inside("beat", static_cast<std::uint32_t>(std::bit_width(beats - 1)));
    f.lemma(fmt::format("{} == ghost_beat", beat));
  }
  f.claim("counts", "frames == ghost_frames", "whole frames moved since reset are counted");
  f.claim("position", "midframe == (ghost_beat != 0)", "within a frame or between two is told right");
}

/// A wire that is `expression` in the cycle before; 0 in the first.
void before(FormalText& f, std::uint32_t width, const std::string& name, const std::string& expression) {
  f.line(fmt::format("reg {}{};", vectorOf(width), name));
  f.line(fmt::format("always @(posedge clk) {} <= rst ? 0 : {};", name, expression));
}

}  // namespace

FormalModule axiInProof(const AxiStream& stream) {
  FormalText f;
  const std::uint32_t bits = stream.beat.format.bits, padded = 8 * stream.bytesPerElement();
  f.input(8 * stream.bytes(), "tdata");
  f.input(stream.bytes(), "tkeep");
  for (const char* name : {"tlast", "tvalid", "ready"}) f.input(1, name);
  f.line("wire open = 1;");
  f.line(fmt::format("wire {}data;", vectorOf(stream.beat.width())));
  f.line("wire tready, valid, first, midframe, bad_last, bad_keep;\n  wire [31:0] frames;");
  instantiateAxi(f, "axi_in_" + stream.name,
                 {"tdata", "tkeep", "tlast", "tvalid", "ready", "open", "tready", "data", "valid", "first",
                  "midframe", "frames", "bad_last", "bad_keep"});
  const std::string last = std::to_string(stream.beatsPerFrame - 1);
  frameGhost(f, stream.beatsPerFrame, "tvalid && tready && tkeep != 0");
  f.claim("moves", "(valid && ready) == (tvalid && tready && tkeep != 0)",
          "a beat enters the design exactly when it moves on the stream and has bytes");
  f.claim("ready", "tready == ready", "TREADY is the design's, whatever is offered");
  std::vector<std::string> equal;
  for (std::uint32_t e = 0; e < stream.beat.elements; ++e)
    equal.push_back(fmt::format("data[{} +: {}] == tdata[{} +: {}]", e * bits, bits, e * padded, bits));
  f.claim("unchanged", join(equal, " && "), "every element is the low bits of its bytes");
  f.claim("wrong_last",
          fmt::format("bad_last == (tvalid && tready && tlast && ghost_beat != (tkeep != 0 ? {} : 0))", last),
          "TLAST is reported exactly where it comes within a frame");
  f.claim("wrong_keep", "bad_keep == (tvalid && tready && tkeep != 0 && !(&tkeep))",
          "bytes missing of a beat are reported");
  f.claim("begins", "first == (tvalid && tready && tkeep != 0 && ghost_beat == 0)",
          "the first beat of each frame is told");
  return std::move(f).finish(1);
}

FormalModule axiOutProof(const AxiStream& stream) {
  FormalText f;
  const std::uint32_t bits = stream.beat.format.bits, padded = 8 * stream.bytesPerElement();
  f.input(stream.beat.width(), "data");
  for (const char* name : {"valid", "tready"}) f.input(1, name);
  f.input(32, "frames_per_packet");
  f.line("wire open = 1;");
  f.line(
      fmt::format("wire {}tdata;\n  wire {}tkeep;", vectorOf(8 * stream.bytes()), vectorOf(stream.bytes())));
  f.line("wire tlast, tvalid, ready, done, midframe;\n  wire [31:0] frames;");
  instantiateAxi(f, "axi_out_" + stream.name,
                 {"data", "valid", "open", "tready", "frames_per_packet", "tdata", "tkeep", "tlast", "tvalid",
                  "ready", "done", "midframe", "frames"});
  // What the FIFO in front promises; and that frames are not counted anew while a beat waits (axi_control's claim).
  before(f, 1, "waited", "valid && !ready");
  before(f, stream.beat.width(), "old_data", "data");
  before(f, 32, "old_packet", "frames_per_packet");
  f.assume(fmt::format("!waited || (valid && data == old_data && frames_per_packet == old_packet)"));

  frameGhost(f, stream.beatsPerFrame, "tvalid && tready");
  const std::string atEnd = fmt::format("ghost_beat == {}", stream.beatsPerFrame - 1);
  f.line("reg [31:0] ghost_packet;  // whole frames of the packet that is going out");
  f.line("always @(posedge clk)");
  f.line("  if (rst) ghost_packet <= 0;");
  f.line(fmt::format("  else if (tvalid && tready && {0}) ghost_packet <= tlast ? 0 : ghost_packet + 1;",
                     atEnd));
  f.lemma(f.inside("frames_in_packet", 32) + " == ghost_packet");
  before(f, 1, "stalled", "tvalid && !tready");
  before(f, 1, "old_last", "tlast");
  before(f, 8 * stream.bytes(), "old_tdata", "tdata");
  f.claim("stays", "!stalled || tvalid", "TVALID stays until TREADY");
  f.claim("same", "!stalled || (tdata == old_tdata && tlast == old_last)",
          "TDATA and TLAST stay while TREADY is low");
  f.claim("keep", "&tkeep", "TKEEP is all ones");
  f.claim(
      "last",
      fmt::format("tlast == ({} && {{1'b0, ghost_packet}} + 33'd1 >= {{1'b0, frames_per_packet}})", atEnd),
      "TLAST is the last beat of the last frame of a packet, and no other");
  f.claim("taken", "(valid && ready) == (tvalid && tready)",
          "a beat leaves the design exactly when it moves on the stream");
  f.claim("ends", fmt::format("done == (tvalid && tready && {})", atEnd),
          "the last beat of each frame is told");
  std::vector<std::string> equal;
  for (std::uint32_t e = 0; e < stream.beat.elements; ++e) {
    const std::string element = fmt::format("data[{} +: {}]", e * bits, bits);
    const std::string top = fmt::format("data[{}]", e * bits + bits - 1);
    equal.push_back(fmt::format("tdata[{} +: {}] == {}", e * padded, padded,
                                padded == bits
                                    ? element
                                    : fmt::format("{{{{{}{{{}}}}}, {}}}", padded - bits,
                                                  stream.beat.format.isSigned ? top : "1'b0", element)));
  }
  f.claim("extended", join(equal, " && "), "every element takes its bytes, extended by its sign");
  return std::move(f).finish(1);
}

FormalModule axiControlProof(const AxiSkin& skin) {
  FormalText f;
  std::vector<std::string> wires{"settled", "awaddr", "awvalid", "wdata",  "wstrb",   "wvalid",
                                 "bready",  "araddr", "arvalid", "rready", "awready", "wready",
                                 "bvalid",  "bresp",  "arready", "rvalid", "rdata",   "rresp"};
  for (const auto& [name, width] :
       std::vector<std::pair<const char*, std::uint32_t>>{{"settled", 1},
                                                          {"awaddr", axiAddressBits},
                                                          {"awvalid", 1},
                                                          {"wdata", 32},
                                                          {"wstrb", 4},
                                                          {"wvalid", 1},
                                                          {"bready", 1},
                                                          {"araddr", axiAddressBits},
                                                          {"arvalid", 1},
                                                          {"rready", 1}})
    f.input(width, name);
  f.line("wire awready, wready, bvalid, arready, rvalid;\n  wire [1:0] bresp, rresp;\n  wire [31:0] rdata;");
  std::string cases, commands;
  std::vector<std::string> keeps, sticky, pulses;
  // A write happens when both halves are there; what it writes, by ghosts that saw them come.
  f.line(fmt::format("reg [{}:0] to, from;\n  reg [31:0] what;\n  reg [3:0] which;", axiAddressBits - 1));
  f.line("always @(posedge clk) begin");
  f.line("  if (awvalid && awready) to <= awaddr;");
  f.line("  if (wvalid && wready) begin what <= wdata; which <= wstrb; end");
  f.line("  if (arvalid && arready) from <= araddr;");
  f.line("end");
  f.line("reg have_to, have_what, have_from;  // taken and not yet done");
  f.line("wire does = have_to && have_what && !bvalid, looks = have_from && !rvalid;");
  f.line("always @(posedge clk) begin");
  f.line("  have_to <= !rst && (awvalid && awready || have_to && !does);");
  f.line("  have_what <= !rst && (wvalid && wready || have_what && !does);");
  f.line("  have_from <= !rst && (arvalid && arready || have_from && !looks);");
  f.line("end");
  f.lemma(f.inside("write_address_kept", 1) + " == have_to");
  f.lemma(f.inside("write_data_kept", 1) + " == have_what");
  f.lemma(f.inside("read_address_kept", 1) + " == have_from");
  // Bytes of a word are not told apart by addresses: those two bits are in no register.
  const std::string index = fmt::format("[{}:2] == ", axiAddressBits - 1);
  f.lemma("!have_to || to" + index + f.inside("write_address", axiAddressBits - 2));
  f.lemma("!have_what || what == " + f.inside("write_data", 32) +
          " && which == " + f.inside("write_strobe", 4));
  f.lemma("!have_from || from" + index + f.inside("read_address", axiAddressBits - 2));
  for (const AxiRegister& entry : skin.registers) {
    const std::string name = axiSignal(entry);
    const std::string here = fmt::format("does && to[{}:2] == {}", axiAddressBits - 1, entry.offset / 4);
    std::string value;
    switch (entry.access) {
      case AxiAccess::constant:
        value = fmt::format("32'd{}", entry.reset);
        break;
      case AxiAccess::status:
        f.input(32, name);
        wires.push_back(name);
        value = name;
        break;
      case AxiAccess::pulse:
        for (const AxiField& field : entry.fields) {
          const std::string pulse = axiSignal({.name = field.name});
          f.line(fmt::format("wire {};", pulse));
          wires.push_back(pulse);
          before(f, 1, "asked_" + pulse,
                 fmt::format("{} && what[{}] && which[{}]", here, field.lsb, field.lsb / 8));
          pulses.push_back(fmt::format("{} == asked_{}", pulse, pulse));
        }
        value = "32'd0";
        break;
      case AxiAccess::readWrite: {
        f.line(fmt::format("wire [31:0] {0};\n  reg [31:0] ghost_{0};", name));
        wires.push_back(name);
        f.line(fmt::format("always @(posedge clk) if (rst) ghost_{} <= {}; else if ({} && settled) begin",
                           name, entry.reset, here));
        for (int byte = 0; byte < 4; ++byte)
          f.line(
              fmt::format("  if (which[{0}]) ghost_{1}[{2} +: 8] <= what[{2} +: 8];", byte, name, 8 * byte));
        f.line("end");
        keeps.push_back(fmt::format("{0} == ghost_{0}", name));
        before(f, 1, "held_" + name, "!settled");
        before(f, 32, "old_" + name, name);
        keeps.push_back(fmt::format("(!held_{0} || {0} == old_{0})", name));
        value = "ghost_" + name;
        break;
      }
      case AxiAccess::clearByOne:
        f.line(fmt::format("reg [31:0] ghost_{};", name));
        f.line(fmt::format("always @(posedge clk) if (rst) ghost_{} <= 0; else begin", name));
        for (const AxiField& field : entry.fields) {
          const std::string bit = axiSignal({.name = field.name});
          f.input(1, "set_" + bit);
          wires.push_back("set_" + bit);
          f.line(fmt::format("  if ({} && what[{}] && which[{}]) ghost_{}[{}] <= 0;", here, field.lsb,
                             field.lsb / 8, name, field.lsb));
          f.line(fmt::format("  if (set_{}) ghost_{}[{}] <= 1;", bit, name, field.lsb));
          sticky.push_back(fmt::format("{} == ghost_{}[{}]", f.inside(bit + "_seen", 1), name, field.lsb));
        }
        f.line("end");
        value = "ghost_" + name;
        break;
    }
    cases += fmt::format("    {}: begin said = {}; known = 1; end\n", entry.offset / 4, value);
    commands += fmt::format("{}{}", commands.empty() ? "" : ", ", entry.offset / 4);
  }
  for (const std::string& bit : sticky) f.lemma(bit);
  f.line("reg [31:0] said;\n  reg known;");
  f.line(
      fmt::format("always @* begin\n    said = 0; known = 0;\n    case (from[{}:2])\n{}    default: ;\n    "
                  "endcase\n  end",
                  axiAddressBits - 1, cases));
  f.line(
      fmt::format("reg exists;\n  always @* begin\n    exists = 0;\n    case (to[{}:2])\n    {}: exists = "
                  "1;\n    default: ;\n"
                  "    endcase\n  end",
                  axiAddressBits - 1, commands));
  instantiateAxi(f, "axi_control", wires);
  before(f, 1, "did", "does");
  before(f, 1, "looked", "looks");
  before(f, 1, "b_waits", "bvalid && !bready");
  before(f, 1, "r_waits", "rvalid && !rready");
  before(f, 2, "old_bresp", "bresp");
  before(f, 34, "old_r", "{rresp, rdata}");
  before(f, 34, "expected", "{known ? 2'd0 : 2'd2, said}");
  before(f, 2, "expected_b", "exists ? 2'd0 : 2'd2");
  f.claim("write_answers", "bvalid == (did || b_waits)",
          "BVALID comes in the cycle after address and data of a write are both there, and of nothing else");
  f.claim("write_stays", "!b_waits || (bvalid && bresp == old_bresp)", "BVALID and BRESP stay until BREADY");
  f.claim("write_known", "!did || bresp == expected_b",
          "a write to no register is answered SLVERR, others OKAY");
  f.claim("read_answers", "rvalid == (looked || r_waits)",
          "RVALID comes in the cycle after the address of a read is there, and of nothing else");
  f.claim("read_stays", "!r_waits || (rvalid && {rresp, rdata} == old_r)",
          "RVALID, RDATA and RRESP stay until RREADY");
  f.claim("reads", "!looked || {rresp, rdata} == expected",
          "a read gives what the table says of its address, SLVERR where there is no register");
  f.claim("takes", "awready == !have_to && wready == !have_what && arready == !have_from",
          "an address or data is taken while none waits, in either order");
  f.claim("keeps", join(keeps, " && "),
          "registers keep what was written, by bytes, only while nothing is in flight");
  f.claim("pulses", join(pulses, " && "), "a command lasts one cycle and comes of a write alone");
  return std::move(f).finish(1);
}

FormalModule axiMeterProof(const AxiSkin& skin) {
  FormalText f;
  std::vector<std::string> wires{"first", "done", "status", "settled", "cycles", "latency", "interval"};
  f.input(1, "first");
  f.input(1, "done");
  std::vector<std::string> idle, waiting;
  std::size_t firstOutput = 0;
  for (std::size_t s = 0; s < skin.streams.size(); ++s) {
    f.input(32, fmt::format("frames_{}", s));
    f.input(1, fmt::format("midframe_{}", s));
    wires.push_back(fmt::format("frames_{}", s));
    wires.push_back(fmt::format("midframe_{}", s));
    idle.push_back(fmt::format("frames_{} == frames_0 && !midframe_{}", s, s));
    if (skin.streams[s].isInput) continue;
    if (firstOutput == 0) firstOutput = s;
    f.input(1, fmt::format("valid_{}", s));
    wires.push_back(fmt::format("valid_{}", s));
    waiting.push_back(fmt::format("valid_{}", s));
  }
  f.line("wire [31:0] status, cycles, latency, interval;\n  wire settled;");
  instantiateAxi(f, "axi_meter", wires);
  // Stop-watches instead of differences of times.
  f.line("reg [31:0] ghost_cycles, age, since, ghost_latency, ghost_interval, which;");
  f.line("reg watches, some, latency_valid, interval_valid;");
  f.line("wire starts = first && !watches;");
  f.line(fmt::format("wire ends = done && watches && frames_{} == which;", firstOutput));
  f.line("always @(posedge clk)");
  f.line("  if (rst) begin");
  f.line("    ghost_cycles <= 0; watches <= 0; some <= 0; latency_valid <= 0; interval_valid <= 0;");
  f.line("    ghost_latency <= 0; ghost_interval <= 0;");
  f.line("  end else begin");
  f.line("    ghost_cycles <= ghost_cycles + 1;");
  f.line("    age <= starts ? 1 : age + 1;");
  f.line("    since <= done ? 1 : since + 1;");
  f.line("    if (starts) begin watches <= 1; which <= frames_0; end");
  f.line("    if (ends) begin watches <= 0; ghost_latency <= age; latency_valid <= 1; end");
  f.line("    if (done) some <= 1;");
  f.line("    if (done && some) begin ghost_interval <= since; interval_valid <= 1; end");
  f.line("  end");
  f.lemma(f.inside("watching", 1) + " == watches");
  f.lemma(f.inside("some_done", 1) + " == some");
  f.lemma("!watches || " + f.inside("number", 32) + " == which");
  f.lemma("!watches || cycles - " + f.inside("began", 32) + " == age");
  f.lemma("!some || cycles - " + f.inside("last_done", 32) + " == since");
  f.claim("cycles", "cycles == ghost_cycles", "CYCLES counts every cycle since reset");
  f.claim("latency", "latency == ghost_latency", "LATENCY is the age of the watched frame at its last beat");
  f.claim("interval", "interval == ghost_interval",
          "INTERVAL is the time between the last two frames' last beats");
  f.claim("idle", fmt::format("status == {{29'd0, interval_valid, latency_valid, {}}}", join(idle, " && ")),
          "IDLE exactly when every stream moved the same number of whole frames; measurements valid when "
          "there are some");
  f.claim("settled", fmt::format("settled == ({} && !({}))", join(idle, " && "), join(waiting, " || ")),
          "frames may be counted anew exactly when nothing is in flight and no output waits");
  return std::move(f).finish(1);
}

}  // namespace sluice::emit
