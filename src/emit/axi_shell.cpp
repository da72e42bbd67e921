#include "emit/axi_shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/check.h"
#include "hdl/builder.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"

namespace sluice::emit {
namespace {

using hdl::Builder;
using hdl::Signal;

constexpr fixed::IntegerFormat kWord{.bits = 32, .isSigned = false};
constexpr fixed::IntegerFormat kFlag{.bits = 1, .isSigned = false};
constexpr fixed::Interval kWordRange{0, 0xFFFFFFFF};

/// A 32-bit register that counts `by` up, modulo 2^32.
Signal wordCounter(Builder& b, Signal by, std::string_view name) {
  const Signal count = b.regDeclare(kWordRange, 0, name);
  b.regDrive(count, b.wrap(b.add(count, b.constant(1)), kWord), by);
  return count;
}

/// Where a stream is in its frame: steps with every beat.
struct Position {
  Signal atStart, atEnd;
};
Position framePosition(Builder& b, std::uint64_t beats, Signal step) {
  if (beats == 1) return {b.flag(true), b.flag(true)};
  const auto last = static_cast<std::int64_t>(beats) - 1;
  const Signal beat = b.regDeclare({0, last}, 0, "beat");
  const Signal atEnd = b.equal(beat, b.constant(last));
  b.regDrive(beat, b.mux(atEnd, b.constant(0), b.assume(b.add(beat, b.constant(1)), {0, last})), step);
  return {b.equal(beat, b.constant(0)), atEnd};
}

std::string inModule(const AxiStream& s) { return "axi_in_" + s.name; }
std::string outModule(const AxiStream& s) { return "axi_out_" + s.name; }

/// Signals of the skin's Verilog: what a stream tells the meter and the registers.
const AxiRegister& registerCalled(const AxiSkin& skin, std::string_view name) {
  const auto found = std::find_if(skin.registers.begin(), skin.registers.end(),
                                  [&](const AxiRegister& entry) { return entry.name == name; });
  SLUICE_CHECK(found != skin.registers.end(), "the table has the register");
  return *found;
}

}  // namespace

hdl::Module axiIn(const AxiStream& stream) {
  Builder b(inModule(stream));
  const std::uint32_t bits = stream.beat.format.bits, padded = 8 * stream.bytesPerElement();
  const Signal tdata = b.inputBits("tdata", 8 * stream.bytes());
  const Signal tkeep = b.inputBits("tkeep", stream.bytes());
  const Signal tlast = b.input("tlast", kFlag), tvalid = b.input("tvalid", kFlag);
  const Signal ready = b.input("ready", kFlag), open = b.input("open", kFlag);

  std::vector<Signal> elements;
  for (std::uint32_t e = 0; e < stream.beat.elements; ++e)
    elements.push_back(b.slice(tdata, e * padded, bits));
  const Signal some = b.reduceOr(tkeep);
  const Signal tready = b.bitAnd(ready, open);
  const Signal taken = b.bitAnd(tvalid, tready);  // also beats without bytes, which go no further
  const Signal beat = b.bitAnd(taken, some);
  const Position position = framePosition(b, stream.beatsPerFrame, beat);
  b.output("tready", tready);
  b.output("data", b.concat(elements));
  b.output("valid", b.bitAnd(b.bitAnd(tvalid, open), some));
  b.output("first", b.bitAnd(beat, position.atStart));
  b.output("midframe", b.bitNot(position.atStart));
  b.output("frames", wordCounter(b, b.bitAnd(beat, position.atEnd), "frames_moved"));
  const Signal right = b.mux(some, position.atEnd, position.atStart);
  b.output("bad_last", b.bitAnd(b.bitAnd(taken, tlast), b.bitNot(right)));
  b.output("bad_keep", b.bitAnd(beat, b.bitNot(b.reduceAnd(tkeep))));
  return std::move(b).build();
}

hdl::Module axiOut(const AxiStream& stream) {
  Builder b(outModule(stream));
  const std::uint32_t bits = stream.beat.format.bits, padded = 8 * stream.bytesPerElement();
  const Signal data = b.inputBits("data", stream.beat.width());
  const Signal valid = b.input("valid", kFlag), open = b.input("open", kFlag);
  const Signal tready = b.input("tready", kFlag);
  const Signal perPacket = b.input("frames_per_packet", kWord);

  std::vector<Signal> elements;
  for (std::uint32_t e = 0; e < stream.beat.elements; ++e) {
    const Signal element = b.slice(data, e * bits, bits);
    elements.push_back(element);
    if (padded == bits) continue;
    if (!stream.beat.format.isSigned) {
      elements.push_back(b.constantBits(padded - bits, 0));
      continue;
    }
    const Signal sign = b.slice(data, e * bits + bits - 1, 1);
    elements.insert(elements.end(), padded - bits, sign);
  }
  const Signal tvalid = b.bitAnd(valid, open);
  const Signal taken = b.bitAnd(tvalid, tready);
  const Position position = framePosition(b, stream.beatsPerFrame, taken);
  const Signal end = b.bitAnd(taken, position.atEnd);
  const Signal inPacket = b.regDeclare(kWordRange, 0, "frames_in_packet");
  const Signal nextInPacket = b.add(inPacket, b.constant(1));
  const Signal packetEnds = b.lessEqual(perPacket, nextInPacket);
  b.regDrive(inPacket, b.mux(packetEnds, b.constant(0), b.wrap(nextInPacket, kWord)), end);
  b.output("tdata", b.concat(elements));
  b.output("tkeep", b.constantBits(stream.bytes(), std::vector<std::uint64_t>((stream.bytes() + 63) / 64,
                                                                              ~std::uint64_t{0})));
  b.output("tlast", b.bitAnd(position.atEnd, packetEnds));
  b.output("tvalid", tvalid);
  b.output("ready", b.bitAnd(tready, open));
  b.output("done", end);
  b.output("midframe", b.bitNot(position.atStart));
  b.output("frames", wordCounter(b, end, "frames_moved"));
  return std::move(b).build();
}

hdl::Module axiMeter(const AxiSkin& skin) {
  Builder b("axi_meter");
  const Signal first = b.input("first", kFlag), done = b.input("done", kFlag);
  std::vector<Signal> frames;
  Signal idle = b.flag(true), waiting = b.flag(false);
  std::size_t firstOutput = 0;
  for (std::size_t s = 0; s < skin.streams.size(); ++s) {
    frames.push_back(b.input(fmt::format("frames_{}", s), kWord));
    idle = b.bitAnd(idle, b.bitNot(b.input(fmt::format("midframe_{}", s), kFlag)));
    if (s > 0) idle = b.bitAnd(idle, b.equal(frames[s], frames[0]));
    if (skin.streams[s].isInput) continue;
    if (firstOutput == 0) firstOutput = s;
    waiting = b.bitOr(waiting, b.input(fmt::format("valid_{}", s), kFlag));
  }
  const Signal cycles = wordCounter(b, b.flag(true), "cycle");
  const auto since = [&](Signal then) { return b.wrap(b.subtract(cycles, then), kWord); };

  // Latency of one frame at a time: the number and the cycle of the frame that is watched.
  const Signal watching = b.regDeclare({0, 1}, 0, "watching");
  const Signal start = b.bitAnd(first, b.bitNot(watching));
  const Signal number = b.regEnabled(frames[0], start, "number");
  const Signal began = b.regEnabled(cycles, start, "began");
  const Signal ends = b.bitAnd(b.bitAnd(done, watching), b.equal(frames[firstOutput], number));
  b.regDrive(watching, b.mux(start, b.constant(1), b.constant(0)), b.bitOr(start, ends));
  const Signal latency = b.regDeclare(kWordRange, 0, "latency_measured");
  b.regDrive(latency, since(began), ends);
  const Signal latencyValid = b.regDeclare({0, 1}, 0, "latency_is_valid");
  b.regDrive(latencyValid, b.constant(1), ends);

  const Signal lastDone = b.regEnabled(cycles, done, "last_done");
  const Signal someDone = b.regDeclare({0, 1}, 0, "some_done");
  b.regDrive(someDone, b.constant(1), done);
  const Signal again = b.bitAnd(done, someDone);
  const Signal interval = b.regDeclare(kWordRange, 0, "interval_measured");
  b.regDrive(interval, since(lastDone), again);
  const Signal intervalValid = b.regDeclare({0, 1}, 0, "interval_is_valid");
  b.regDrive(intervalValid, b.constant(1), again);

  // In the order of the fields of STATUS.
  std::map<std::string, Signal> bits{
      {"IDLE", idle}, {"LATENCY_VALID", latencyValid}, {"INTERVAL_VALID", intervalValid}};
  std::vector<Signal> status;
  for (const AxiField& field : registerCalled(skin, "STATUS").fields) {
    SLUICE_CHECK(field.lsb == status.size() && field.width == 1, "bits of STATUS stand side by side");
    status.push_back(bits.at(field.name));
  }
  status.push_back(b.constantBits(32 - static_cast<std::uint32_t>(status.size()), 0));
  b.output("status", b.concat(status));
  b.output("settled", b.bitAnd(idle, b.bitNot(waiting)));
  b.output("cycles", cycles);
  b.output("latency", latency);
  b.output("interval", interval);
  return std::move(b).build();
}

hdl::Module axiControl(const AxiSkin& skin) {
  Builder b("axi_control");
  const Signal settled = b.input("settled", kFlag);  // what frames are counted by may be changed
  const Signal awaddr = b.inputBits("awaddr", axiAddressBits), awvalid = b.input("awvalid", kFlag);
  const Signal wdata = b.inputBits("wdata", 32), wstrb = b.inputBits("wstrb", 4),
               wvalid = b.input("wvalid", kFlag);
  const Signal bready = b.input("bready", kFlag);
  const Signal araddr = b.inputBits("araddr", axiAddressBits), arvalid = b.input("arvalid", kFlag);
  const Signal rready = b.input("rready", kFlag);

  // A write: its address and its data are kept, whichever comes first, until both are there and no answer waits.
  const auto kept = [&](Signal offered, const char* name) {
    return std::pair{b.regDeclare({0, 1}, 0, name), offered};
  };
  const auto [addressKept, addressOffered] = kept(awvalid, "write_address_kept");
  const auto [dataKept, dataOffered] = kept(wvalid, "write_data_kept");
  const Signal answer = b.regDeclare({0, 1}, 0, "write_answered");
  const Signal write = b.bitAnd(b.bitAnd(addressKept, dataKept), b.bitNot(answer));
  const Signal takeAddress = b.bitAnd(addressOffered, b.bitNot(addressKept));
  const Signal takeData = b.bitAnd(dataOffered, b.bitNot(dataKept));
  b.regDrive(addressKept, b.bitNot(write), b.bitOr(takeAddress, write));
  b.regDrive(dataKept, b.bitNot(write), b.bitOr(takeData, write));
  const Signal address = b.regEnabled(awaddr, takeAddress, "write_address");
  const Signal data = b.regEnabled(wdata, takeData, "write_data");
  const Signal strobe = b.regEnabled(wstrb, takeData, "write_strobe");
  b.regDrive(answer, write, b.bitOr(write, bready));

  // The table in words, a power of two of them; those without a register are 0 and answer SLVERR.
  std::uint32_t words = 1;
  for (const AxiRegister& entry : skin.registers) words = std::max(words, entry.offset / 4 + 1);
  const auto indexBits = static_cast<std::uint32_t>(std::bit_width(words - 1));
  words = 1u << indexBits;
  std::vector<Signal> values(words, b.constantBits(32, 0)), exists(words, b.flag(false));
  const auto indexOf = [&](Signal at) { return b.sliceNumber(at, 2, {0, words - 1}); };
  const auto inTable = [&](Signal at) {
    return b.bitNot(b.reduceOr(b.slice(at, 2 + indexBits, axiAddressBits - 2 - indexBits)));
  };
  const Signal writeHere = b.bitAnd(write, inTable(address));
  const auto writes = [&](const AxiRegister& entry) {
    return b.bitAnd(writeHere, b.equal(indexOf(address), b.constant(entry.offset / 4)));
  };
  // Byte `byte` of the register as it is after a write.
  const auto byteOf = [&](Signal of, std::uint32_t byte) { return b.slice(of, 8 * byte, 8); };
  for (const AxiRegister& entry : skin.registers) {
    const std::string name = axiSignal(entry);
    Signal value;
    switch (entry.access) {
      case AxiAccess::constant:
        value = b.constantBits(32, entry.reset);
        break;
      case AxiAccess::status:
        value = b.inputBits(name, 32);
        break;
      case AxiAccess::pulse: {
        for (const AxiField& field : entry.fields) {
          const Signal asked = b.bitAnd(b.slice(data, field.lsb, 1), b.slice(strobe, field.lsb / 8, 1));
          const Signal pulse = b.regDeclare({0, 1}, 0, axiSignal({.name = field.name}) + "_pulse");
          b.regDrive(pulse, b.bitAnd(asked, writes(entry)));
          b.output(axiSignal({.name = field.name}), pulse);
        }
        value = b.constantBits(32, 0);
        break;
      }
      case AxiAccess::readWrite: {
        const Signal keep = b.regDeclare(kWordRange, entry.reset, name + "_kept");
        std::vector<Signal> bytes;
        for (std::uint32_t byte = 0; byte < 4; ++byte)
          bytes.push_back(b.mux(b.slice(strobe, byte, 1), byteOf(data, byte), byteOf(keep, byte)));
        b.regDrive(keep, b.sliceNumber(b.concat(bytes), 0, kWordRange), b.bitAnd(writes(entry), settled));
        b.output(name, keep);
        value = keep;
        break;
      }
      case AxiAccess::clearByOne: {
        std::vector<Signal> bits(32, b.flag(false));
        for (const AxiField& field : entry.fields) {
          SLUICE_CHECK(field.width == 1, "bits that are cleared stand alone");
          const Signal set = b.input("set_" + axiSignal({.name = field.name}), kFlag);
          const Signal clear = b.bitAnd(
              writes(entry), b.bitAnd(b.slice(data, field.lsb, 1), b.slice(strobe, field.lsb / 8, 1)));
          bits[field.lsb] = b.regDeclare({0, 1}, 0, axiSignal({.name = field.name}) + "_seen");
          b.regDrive(bits[field.lsb], set, b.bitOr(set, clear));
        }
        value = b.concat(bits);
        break;
      }
    }
    values[entry.offset / 4] = b.slice(value, 0, 32);
    exists[entry.offset / 4] = b.flag(true);
  }
  // OKAY is 0, SLVERR is 2.
  const auto response = [&](Signal at) {
    const Signal known = b.bitAnd(inTable(at), b.select(indexOf(at), exists));
    return b.concat(std::vector<Signal>{b.flag(false), b.bitNot(known)});
  };
  const Signal writeResponse = b.regEnabled(response(address), write, "write_response");

  // A read: the address, then the word.
  const Signal readKept = b.regDeclare({0, 1}, 0, "read_address_kept");
  const Signal readAnswer = b.regDeclare({0, 1}, 0, "read_answered");
  const Signal takeRead = b.bitAnd(arvalid, b.bitNot(readKept));
  const Signal read = b.bitAnd(readKept, b.bitNot(readAnswer));
  b.regDrive(readKept, b.bitNot(read), b.bitOr(takeRead, read));
  const Signal readAddress = b.regEnabled(araddr, takeRead, "read_address");
  const Signal word =
      b.mux(inTable(readAddress), b.select(indexOf(readAddress), values), b.constantBits(32, 0));
  const Signal readData = b.regEnabled(word, read, "read_data");
  const Signal readResponse = b.regEnabled(response(readAddress), read, "read_response");
  b.regDrive(readAnswer, read, b.bitOr(read, rready));

  b.output("awready", b.bitNot(addressKept));
  b.output("wready", b.bitNot(dataKept));
  b.output("bvalid", answer);
  b.output("bresp", writeResponse);
  b.output("arready", b.bitNot(readKept));
  b.output("rvalid", readAnswer);
  b.output("rdata", readData);
  b.output("rresp", readResponse);
  return std::move(b).build();
}

namespace {

/// axi_top: AXI's names, and wires.
std::string topText(const AxiSkin& skin) {
  std::string ports = "  input wire aclk,\n  input wire aresetn";
  const auto port = [&](const char* direction, std::uint32_t width, const std::string& name) {
    ports += fmt::format(",\n  {} wire {}{}", direction, width == 1 ? "" : fmt::format("[{}:0] ", width - 1),
                         name);
  };
  const auto vector = [](std::uint32_t width) { return width == 1 ? "" : fmt::format("[{}:0] ", width - 1); };
  std::string body, design, meter = ".clk(aclk), .rst(rst_design)", control = ".clk(aclk), .rst(rst)";
  const auto join = [](std::string& list, const std::string& name, const std::string& wire) {
    list += fmt::format(",\n    .{}({})", name, wire);
  };
  struct LitePort {
    const char* direction;
    std::uint32_t width;
    const char* name;
  };
  for (const LitePort& p : std::vector<LitePort>{{"input", axiAddressBits, "awaddr"},
                                                 {"input", 1, "awvalid"},
                                                 {"output", 1, "awready"},
                                                 {"input", 32, "wdata"},
                                                 {"input", 4, "wstrb"},
                                                 {"input", 1, "wvalid"},
                                                 {"output", 1, "wready"},
                                                 {"output", 2, "bresp"},
                                                 {"output", 1, "bvalid"},
                                                 {"input", 1, "bready"},
                                                 {"input", axiAddressBits, "araddr"},
                                                 {"input", 1, "arvalid"},
                                                 {"output", 1, "arready"},
                                                 {"output", 32, "rdata"},
                                                 {"output", 2, "rresp"},
                                                 {"output", 1, "rvalid"},
                                                 {"input", 1, "rready"}}) {
    port(p.direction, p.width, std::string("s_axi_control_") + p.name);
    join(control, p.name, std::string("s_axi_control_") + p.name);
  }
  body +=
      "  wire rst = !aresetn;\n  wire soft_reset;\n  wire rst_design = rst || soft_reset;\n"
      "  wire open = !soft_reset;\n  wire settled;\n  wire [31:0] status, cycles, latency, interval;\n"
      "  wire [31:0] frames_per_packet;\n";
  std::uint32_t input = 0;
  bool outputSeen = false;
  for (std::size_t s = 0; s < skin.streams.size(); ++s) {
    const AxiStream& stream = skin.streams[s];
    const std::string axi = stream.prefix(), own = fmt::format("s{}", s);
    const bool in = stream.isInput;
    port(in ? "input" : "output", 8 * stream.bytes(), axi + "_tdata");
    port(in ? "input" : "output", stream.bytes(), axi + "_tkeep");
    for (const char* name : {"_tlast", "_tvalid"}) port(in ? "input" : "output", 1, axi + name);
    port(in ? "output" : "input", 1, axi + "_tready");
    body += fmt::format(
        "\n  wire {}{}_data;\n  wire {}_valid, {}_ready, {}_midframe;\n  wire [31:0] {}_frames;\n",
        vector(stream.beat.width()), own, own, own, own, own);
    std::string list = ".clk(aclk), .rst(rst_design)";
    for (const char* name : {"tdata", "tkeep", "tlast", "tvalid", "tready"})
      join(list, name, axi + "_" + name);
    for (const char* name : {"data", "valid", "ready", "midframe", "frames"})
      join(list, name, own + "_" + name);
    join(list, "open", "open");
    for (const char* name : {"data", "valid", "ready"})
      join(design, stream.name + "_" + name, own + "_" + name);
    join(meter, fmt::format("midframe_{}", s), own + "_midframe");
    join(meter, fmt::format("frames_{}", s), own + "_frames");
    join(control, fmt::format("frames_{}", s), own + "_frames");
    if (in) {
      // One input and one output are timed: of the others nobody listens.
      const std::string first = (input == 0 ? "" : "unused_") + own + "_first";
      body += fmt::format("  wire {0}, {1}_bad_last, {1}_bad_keep;\n", first, own);
      join(list, "first", first);
      for (const char* name : {"bad_last", "bad_keep"}) join(list, name, own + "_" + name);
      join(control, fmt::format("set_last_{}", input), own + "_bad_last");
      join(control, fmt::format("set_keep_{}", input), own + "_bad_keep");
      if (input++ == 0) join(meter, "first", first);
      body += fmt::format("  {} {}_i (\n    {}\n  );\n", inModule(stream), inModule(stream), list);
    } else {
      const std::string done = (outputSeen ? "unused_" : "") + own + "_done";
      body += fmt::format("  wire {};\n", done);
      join(list, "done", done);
      join(list, "frames_per_packet", "frames_per_packet");
      join(meter, fmt::format("valid_{}", s), own + "_valid");
      if (!outputSeen) join(meter, "done", done);
      outputSeen = true;
      body += fmt::format("  {} {}_i (\n    {}\n  );\n", outModule(stream), outModule(stream), list);
    }
  }
  for (const char* name : {"status", "settled", "cycles", "latency", "interval"}) join(meter, name, name);
  for (const char* name :
       {"status", "settled", "cycles", "latency", "interval", "soft_reset", "frames_per_packet"})
    join(control, name, name);
  body += fmt::format("\n  top top_i (\n    .clk(aclk), .rst(rst_design){}\n  );\n", design);
  body += fmt::format("  axi_meter meter_i (\n    {}\n  );\n", meter);
  body += fmt::format("  axi_control control_i (\n    {}\n  );\n", control);
  return fmt::format("module axi_top (\n{}\n);\n{}endmodule\n", ports, body);
}

}  // namespace

AxiShell axiShell(const AxiSkin& skin, const Rtl& rtl) {
  AxiShell shell;
  const auto add = [&](hdl::Module module) {
    shell.modules.push_back(std::make_shared<const hdl::Module>(hdl::simplify(module)));
  };
  for (const AxiStream& stream : skin.streams) add(stream.isInput ? axiIn(stream) : axiOut(stream));
  add(axiMeter(skin));
  add(axiControl(skin));
  std::string list;
  for (const std::shared_ptr<const hdl::Module>& module : rtl.modules) list += "rtl/" + module->name + ".v\n";
  for (const std::shared_ptr<const hdl::Module>& module : shell.modules) {
    SLUICE_CHECK(hdl::check(*module).ok(), "the skin's modules are sound");
    shell.files.push_back({"axi/" + module->name + ".v", hdl::verilog(*module, rtl.family)});
    list += shell.files.back().name + "\n";
  }
  shell.files.push_back({"axi/axi_top.v", topText(skin)});
  shell.files.push_back({"axi/axi.f", list + "axi/axi_top.v\n"});
  return shell;
}

}  // namespace sluice::emit
