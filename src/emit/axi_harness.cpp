#include "emit/axi_harness.h"

#include <fmt/format.h>

#include "emit/harness.h"

namespace sluice::emit {
namespace {

const char* const kAxiPrologue = R"(
using Words = std::vector<uint64_t>;
template <typename Wide>
void storeWide(Wide& port, const Words& words, uint32_t bits) {
  for (uint32_t i = 0; i * 32 < bits; ++i) port[i] = uint32_t(words[i / 2] >> (32 * (i % 2)));
}
template <typename Wide>
Words loadWide(const Wide& port, uint32_t bits) {
  Words words((bits + 63) / 64, 0);
  for (uint32_t i = 0; i * 32 < bits; ++i) words[i / 2] |= uint64_t(uint32_t(port[i])) << (32 * (i % 2));
  return words;
}
Words ones(uint32_t bits) {
  Words words((bits + 63) / 64, ~0ull);
  if (bits % 64) words.back() >>= 64 - bits % 64;
  return words;
}

/// What a stream shows in a cycle.
struct Beat {
  bool valid = false, last = false;
  Words data, keep;
  bool operator==(const Beat& o) const { return valid == o.valid && last == o.last && data == o.data && keep == o.keep; }
};

struct Stream {
  bool isInput = true;
  uint64_t perFrame = 1, words = 1;
  uint32_t bytes = 1, pattern = 0;
  uint64_t count = 0;            // beats in all frames
  Words data;                    // sent, or seen
  std::vector<uint64_t> cycles;  // of the beats moved so far
  Beat shown;                    // outputs: in the last cycle, where it was not taken; inputs: held
  bool held = false;
};

Vtop* top = nullptr;
std::vector<Stream> streams;
uint64_t sourceSeed, sourceStall, sinkSeed, sinkStall, cycleLimit, framesPerPacket;
bool hold = false, streaming = false;
uint64_t now = 0, cycle = 0;  // since the start; since streams began

[[noreturn]] void broken(const std::string& rule) {
  std::fprintf(stderr, "cycle %llu: %s\n", (unsigned long long)now, rule.c_str());
  std::exit(3);
}
void require(bool holds, const std::string& rule) {
  if (!holds) broken(rule);
}

bool ready(size_t s);
Beat seen(size_t s);
void offer(size_t s, const Beat& beat);
void take(size_t s, bool willing);

uint64_t draws = 0;
uint64_t draw(uint64_t below) { return randomBits(sourceSeed, 99, draws++) % below; }

// What is asked for on the control port, for the next cycle.
struct Lite {
  bool awvalid = false, wvalid = false, bready = false, arvalid = false, rready = false;
  uint32_t awaddr = 0, wdata = 0, wstrb = 15, araddr = 0;
} lite;
int writesOpen = 0, addressesOpen = 0, dataOpen = 0, readsOpen = 0;  // taken and not yet answered
bool wasB = false, wasR = false, resetNow = false;
uint32_t heldB = 0, heldR = 0, heldResponse = 0;
struct Moved { bool aw, w, b, ar, r; } moved;

void control() {
  top->s_axi_control_awvalid = lite.awvalid;
  top->s_axi_control_awaddr = lite.awaddr;
  top->s_axi_control_wvalid = lite.wvalid;
  top->s_axi_control_wdata = lite.wdata;
  top->s_axi_control_wstrb = lite.wstrb;
  top->s_axi_control_bready = lite.bready;
  top->s_axi_control_arvalid = lite.arvalid;
  top->s_axi_control_araddr = lite.araddr;
  top->s_axi_control_rready = lite.rready;
}

void watchControl() {
  const bool b = top->s_axi_control_bvalid, r = top->s_axi_control_rvalid;
  require(!b || (addressesOpen > 0 && dataOpen > 0), "BVALID without a write that asked for it");
  require(!r || readsOpen > 0, "RVALID without a read that asked for it");
  require(!wasB || b, "BVALID fell before BREADY");
  require(!wasB || heldB == top->s_axi_control_bresp, "BRESP changed before BREADY");
  require(!wasR || r, "RVALID fell before RREADY");
  require(!wasR || heldR == top->s_axi_control_rdata, "RDATA changed before RREADY");
  moved = {lite.awvalid && top->s_axi_control_awready, lite.wvalid && top->s_axi_control_wready, b && lite.bready,
           lite.arvalid && top->s_axi_control_arready, r && lite.rready};
  wasB = b && !lite.bready;
  wasR = r && !lite.rready;
  heldB = top->s_axi_control_bresp;
  heldR = top->s_axi_control_rdata;
  heldResponse = top->s_axi_control_rresp;
  addressesOpen += moved.aw - moved.b;
  dataOpen += moved.w - moved.b;
  readsOpen += moved.ar - moved.r;
}

Beat beatOf(const Stream& stream, uint64_t number) {
  Beat beat;
  beat.valid = true;
  beat.data.assign(stream.data.begin() + long(number * stream.words), stream.data.begin() + long((number + 1) * stream.words));
  beat.keep = ones(stream.bytes);
  // With HOLD, TLAST ends packets of several frames; else every frame.
  const uint64_t frames = hold ? framesPerPacket : 1;
  beat.last = (number + 1) % (stream.perFrame * frames) == 0;
  return beat;
}

// One cycle of everything.
void tick() {
  if (now > cycleLimit) {
    std::fprintf(stderr, "cycle limit\n");
    std::exit(2);
  }
  top->aclk = 0;
  control();
  for (size_t s = 0; s < streams.size(); ++s) {
    Stream& stream = streams[s];
    if (!streaming) continue;
    if (!stream.isInput)
      take(s, stream.cycles.size() < stream.count && isOpen(sinkSeed, sinkStall, stream.pattern, cycle));
    else if (!stream.held)
      offer(s, Beat{});
  }
  top->eval();
  for (size_t s = 0; s < streams.size() && streaming; ++s) {
    Stream& stream = streams[s];
    if (!stream.isInput || stream.held || stream.cycles.size() == stream.count) continue;
    if (!isOpen(sourceSeed, sourceStall, stream.pattern, cycle) || (!hold && !ready(s))) continue;
    stream.shown = beatOf(stream, stream.cycles.size());
    if (hold && draw(8) == 0) {  // a beat without bytes goes nowhere
      stream.shown.keep.assign(stream.shown.keep.size(), 0);
      stream.shown.last = false;
    }
    stream.held = true;
    offer(s, stream.shown);
  }
  top->eval();
  watchControl();
  for (size_t s = 0; s < streams.size(); ++s) {
    Stream& stream = streams[s];
    const std::string name = "stream " + std::to_string(s) + ": ";
    if (stream.isInput) {
      if (!streaming || !stream.held || !ready(s)) continue;
      stream.held = false;
      if (stream.shown.keep != ones(stream.bytes)) continue;
      stream.cycles.push_back(cycle);
      continue;
    }
    const Beat beat = seen(s);
    require(!beat.valid || beat.keep == ones(stream.bytes), name + "TKEEP is not all ones");
    require(resetNow || !stream.shown.valid || beat == stream.shown, name + "a beat changed before it was taken");
    stream.shown = beat;
    const bool willing = streaming && stream.cycles.size() < stream.count && isOpen(sinkSeed, sinkStall, stream.pattern, cycle);
    if (!beat.valid || !willing) continue;
    stream.shown.valid = false;
    const uint64_t number = stream.cycles.size() + 1;
    require(beat.last == (number % (stream.perFrame * framesPerPacket) == 0), name + "TLAST at a wrong beat");
    stream.cycles.push_back(cycle);
    stream.data.insert(stream.data.end(), beat.data.begin(), beat.data.end());
  }
  top->aclk = 1;
  top->eval();
  ++now;
  if (streaming) ++cycle;
}

/// order: < 0: the address first, > 0: the data first, 0: together. Returns the response.
uint32_t writeRegister(uint32_t address, uint32_t value, uint32_t strobe, int order) {
  bool needAddress = true, needData = true;
  int wait = order == 0 ? 0 : 3;
  lite.awaddr = address;
  lite.wdata = value;
  lite.wstrb = strobe;
  for (;;) {
    lite.awvalid = needAddress && (order <= 0 || wait <= 0);
    lite.wvalid = needData && (order >= 0 || wait <= 0);
    --wait;
    lite.bready = draw(2);
    tick();
    if (moved.aw) needAddress = false;
    if (moved.w) needData = false;
    lite.awvalid = lite.awvalid && needAddress;
    lite.wvalid = lite.wvalid && needData;
    if (moved.b) {
      lite.bready = false;
      return heldB;
    }
  }
}
uint32_t response = 0;
uint32_t readRegister(uint32_t address) {
  lite.araddr = address;
  lite.arvalid = true;
  for (;;) {
    lite.rready = draw(2);
    tick();
    if (moved.ar) lite.arvalid = false;
    if (moved.r) {
      lite.rready = false;
      response = heldResponse;
      return heldR;
    }
  }
}
void expect(uint32_t address, uint32_t value, const std::string& what) {
  const uint32_t got = readRegister(address);
  require(got == value, what + " reads " + std::to_string(got) + ", expected " + std::to_string(value));
}

)";

const char* const kAxiMain = R"(
void tryRegisters() {
  // Together, the address first, the data first.
  for (int order = -1; order <= 1; ++order) {
    require(writeRegister(PACKET, 0x01020304u + uint32_t(order), 15, order) == 0, "a write was not answered OKAY");
    expect(PACKET, 0x01020304u + uint32_t(order), "FRAMES_PER_PACKET");
  }
  require(writeRegister(PACKET, 0xAABBCCDDu, 5, 0) == 0, "a write was not answered OKAY");
  expect(PACKET, 0x01BB03DDu, "FRAMES_PER_PACKET after a write of bytes 0 and 2");
  require(writeRegister(0, 7, 15, 1) == 0, "a write to a constant was not answered OKAY");
  require(writeRegister(HOLE, 7, 15, -1) == 2, "a write to no register was not answered SLVERR");
  require(writeRegister(0xFFC, 7, 15, 0) == 2, "a write beyond the table was not answered SLVERR");
  expect(HOLE, 0, "no register");
  require(response == 2, "a read of no register was not answered SLVERR");
  expect(0x800, 0, "what stands beyond the table");
  require(response == 2, "a read beyond the table was not answered SLVERR");
  for (const Constant& c : kConstants) {
    expect(c.offset, c.value, c.name);
    require(response == 0, "a read was not answered OKAY");
  }
  // Half a frame with TLAST within it.
  uint32_t wrong = 0, input = 0;
  for (size_t s = 0; s < streams.size(); ++s) {
    if (!streams[s].isInput) continue;
    Beat beat = beatOf(streams[s], 0);
    beat.last = true;
    offer(s, beat);
    for (bool took = false; !took;) {
      top->aclk = 0;
      top->eval();
      took = ready(s);
      tick();
    }
    offer(s, Beat{});
    if (streams[s].perFrame > 1) wrong |= 1u << input;
    ++input;
  }
  expect(ERRORS, wrong, "ERRORS after TLAST within a frame");
  writeRegister(ERRORS, wrong, 15, 0);
  expect(ERRORS, 0, "ERRORS after it was cleared");
  for (int i = 0; i < 50; ++i) tick();
  resetNow = true;
  writeRegister(CONTROL, 1, 15, 1);
  for (int i = 0; i < 4; ++i) tick();
  resetNow = false;
  require((readRegister(STATUS) & 7) == 1, "STATUS after a soft reset is not: idle, nothing measured");
  for (size_t s = 0; s < streams.size(); ++s) expect(FRAMES + 4 * uint32_t(s), 0, "FRAMES after a soft reset");
  writeRegister(PACKET, uint32_t(framesPerPacket), 15, 0);
  expect(PACKET, uint32_t(framesPerPacket), "FRAMES_PER_PACKET");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 12) {
    std::fprintf(stderr, "usage: harness INPUT.bin OUTPUT.bin FRAMES SOURCE_SEED SOURCE_STALL SINK_SEED SINK_STALL "
                         "CYCLE_LIMIT POWER_UP_SEED FRAMES_PER_PACKET HOLD\n");
    return 1;
  }
  const auto number = [&](int i) { return uint64_t(std::strtoull(argv[i], nullptr, 10)); };
  const uint64_t frames = number(3);
  sourceSeed = number(4), sourceStall = number(5), sinkSeed = number(6), sinkStall = number(7), cycleLimit = number(8);
  framesPerPacket = number(10), hold = number(11) != 0;
  VerilatedContext context;
  context.randReset(2);
  context.randSeed(int(number(9)));
  Vtop module(&context);
  top = &module;
  makeStreams();
  FILE* input = std::fopen(argv[1], "rb");
  if (!input) return std::perror(argv[1]), 1;
  for (Stream& stream : streams) {
    stream.count = frames * stream.perFrame;
    if (!stream.isInput) continue;
    stream.data.resize(stream.count * stream.words);
    if (std::fread(stream.data.data(), 8, stream.data.size(), input) != stream.data.size()) {
      std::fprintf(stderr, "%s is too short\n", argv[1]);
      return 1;
    }
  }
  std::fclose(input);
  for (size_t s = 0; s < streams.size(); ++s) {
    if (streams[s].isInput)
      offer(s, Beat{false, false, Words(streams[s].words, 0), ones(streams[s].bytes)});
    else
      take(s, false);
  }
  top->aresetn = 0;
  control();
  for (int i = 0; i < 4; ++i) {
    top->aclk = 0;
    top->eval();
    top->aclk = 1;
    top->eval();
  }
  for (size_t s = 0; s < streams.size(); ++s)
    require(streams[s].isInput || !seen(s).valid, "TVALID during reset");
  require(!top->s_axi_control_bvalid && !top->s_axi_control_rvalid, "BVALID or RVALID during reset");
  top->aresetn = 1;
  tryRegisters();
  streaming = true;
  const auto done = [] {
    for (const Stream& stream : streams)
      if (stream.cycles.size() != stream.count) return false;
    return true;
  };
  while (!done()) {
    if (draw(16) != 0) {
      tick();
      continue;
    }
    const size_t s = draw(streams.size());
    const uint32_t before = uint32_t(streams[s].cycles.size() / streams[s].perFrame);
    const uint32_t count = readRegister(FRAMES + 4 * uint32_t(s));
    require(count >= before && count <= streams[s].cycles.size() / streams[s].perFrame, "FRAMES counts wrong");
  }
  streaming = false;
  for (size_t s = 0; s < streams.size(); ++s)
    if (!streams[s].isInput) take(s, false);
  for (size_t s = 0; s < streams.size(); ++s)
    if (streams[s].isInput) offer(s, Beat{});
  tick();
  expect(ERRORS, 0, "ERRORS at the end");
  require((readRegister(STATUS) & 1) == 1, "STATUS at the end is not idle");
  for (size_t s = 0; s < streams.size(); ++s) expect(FRAMES + 4 * uint32_t(s), uint32_t(frames), "FRAMES at the end");
  std::vector<uint64_t> registers;
  for (const uint32_t offset : kOffsets) registers.push_back(readRegister(offset));
  top->final();
  FILE* output = std::fopen(argv[2], "wb");
  if (!output) return std::perror(argv[2]), 1;
  const auto put = [&](uint64_t word) { std::fwrite(&word, 8, 1, output); };
  for (const Stream& stream : streams) {
    put(stream.cycles.size());
    for (size_t beat = 0; beat < stream.cycles.size(); ++beat) {
      put(stream.cycles[beat]);
      for (uint64_t w = 0; w < stream.words && !stream.isInput; ++w) put(stream.data[beat * stream.words + w]);
    }
  }
  put(registers.size());
  for (size_t r = 0; r < registers.size(); ++r) {
    put(kOffsets[r]);
    put(registers[r]);
  }
  return std::fclose(output) == 0 ? 0 : 1;
}
)";

/// Statements that put `value` into a port, or the expression that reads it as words.
std::string storeText(const std::string& port, const std::string& value, std::uint32_t bits) {
  return bits > 64 ? fmt::format("storeWide(top->{}, {}, {});", port, value, bits)
                   : fmt::format("top->{} = {}[0];", port, value);
}
std::string loadText(const std::string& port, std::uint32_t bits) {
  return bits > 64 ? fmt::format("loadWide(top->{}, {})", port, bits)
                   : fmt::format("Words{{uint64_t(top->{})}}", port);
}

}  // namespace

std::string axiHarness(const AxiSkin& skin) {
  std::string readyCases, seenCases, offerCases, takeCases, make;
  std::uint32_t sources = 0, sinks = 0;
  for (std::size_t s = 0; s < skin.streams.size(); ++s) {
    const AxiStream& stream = skin.streams[s];
    const std::string name = stream.prefix();
    const std::uint32_t bits = 8 * stream.bytes();
    if (stream.isInput) {
      readyCases += fmt::format("    case {}: return top->{}_tready;\n", s, name);
      offerCases += fmt::format(
          "    case {0}:\n      top->{1}_tvalid = beat.valid;\n      if (!beat.valid) return;\n      "
          "top->{1}_tlast = beat.last;\n"
          "      {2}\n      {3}\n      return;\n",
          s, name, storeText(name + "_tdata", "beat.data", bits),
          storeText(name + "_tkeep", "beat.keep", stream.bytes()));
    } else {
      seenCases +=
          fmt::format("    case {0}: return {{bool(top->{1}_tvalid), bool(top->{1}_tlast), {2}, {3}}};\n", s,
                      name, loadText(name + "_tdata", bits), loadText(name + "_tkeep", stream.bytes()));
      takeCases += fmt::format("    case {}: top->{}_tready = willing; return;\n", s, name);
    }
    make += fmt::format(
        "  streams.emplace_back();\n  streams.back().isInput = {};\n  streams.back().perFrame = {}ull;\n"
        "  streams.back().words = {};\n  streams.back().bytes = {};\n  streams.back().pattern = {};\n",
        stream.isInput, stream.beatsPerFrame, (bits + 63) / 64, stream.bytes(),
        stream.isInput ? sources++ : sinks++);
  }
  std::string constants, offsets, names;
  std::uint32_t hole = 0;
  for (const AxiRegister& entry : skin.registers) {
    offsets += fmt::format("{}{}", offsets.empty() ? "" : ", ", entry.offset);
    if (entry.access == AxiAccess::constant)
      constants += fmt::format("  {{{}, {}u, \"{}\"}},\n", entry.offset, entry.reset, entry.name);
    for (const auto& [macro, name] :
         {std::pair{"PACKET", "FRAMES_PER_PACKET"}, std::pair{"ERRORS", "ERRORS"},
          std::pair{"CONTROL", "CONTROL"}, std::pair{"STATUS", "STATUS"}, std::pair{"FRAMES", "FRAMES_0"}})
      if (entry.name == name) names += fmt::format("const uint32_t {} = {};\n", macro, entry.offset);
    if (entry.offset == hole) hole += 4;
  }
  names += fmt::format("const uint32_t HOLE = {};\n", hole);
  return "// Drives and watches the module `axi_top`; see the usage line in main.\n#include <cstring>\n" +
         std::string(kHarnessStart) + kAxiPrologue + names +
         "struct Constant { uint32_t offset, value; const char* name; };\nconst Constant kConstants[] = {\n" +
         constants + "};\nconst uint32_t kOffsets[] = {" + offsets + "};\n\n" +
         "bool ready(size_t s) {\n  switch (s) {\n" + readyCases + "    default: std::abort();\n  }\n}\n" +
         "Beat seen(size_t s) {\n  switch (s) {\n" + seenCases + "    default: std::abort();\n  }\n}\n" +
         "void offer(size_t s, const Beat& beat) {\n  switch (s) {\n" + offerCases +
         "    default: std::abort();\n  }\n}\n" + "void take(size_t s, bool willing) {\n  switch (s) {\n" +
         takeCases + "    default: std::abort();\n  }\n}\n" + "void makeStreams() {\n" + make + "}\n" +
         kAxiMain;
}

}  // namespace sluice::emit
