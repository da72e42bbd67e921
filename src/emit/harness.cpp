#include "emit/harness.h"

#include <fmt/core.h>

namespace sluice::emit {

const char* const kHarnessStart = R"(#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "Vtop.h"
#include "verilated.h"

namespace {

// Counter-based random bits: the simulator of the design uses the same formula for gaps and stalls.
uint64_t mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}
uint64_t randomBits(uint64_t seed, uint64_t stream, uint64_t counter) {
  return mix64(mix64(mix64(seed + 0x9e3779b97f4a7c15ull) + stream * 0xd1342543de82ef95ull) +
               counter * 0x9e3779b97f4a7c15ull);
}
bool isOpen(uint64_t seed, uint64_t stall, uint64_t stream, uint64_t cycle) {
  return stall == 0 || randomBits(seed, stream, cycle) % 100 >= stall;
}
)";

namespace {

const char* const kPrologue = R"(
struct Beats {
  uint64_t count = 0;               // beats in all frames
  uint64_t words = 1;               // 64-bit words of a beat
  std::vector<uint64_t> data;
  std::vector<uint64_t> cycles;     // of the beats seen so far
};

template <typename Wide>
void store(Wide& port, const uint64_t* words, uint32_t bits) {
  for (uint32_t i = 0; i * 32 < bits; ++i) port[i] = uint32_t(words[i / 2] >> (32 * (i % 2)));
}
template <typename Wide>
void load(const Wide& port, std::vector<uint64_t>& data, uint32_t bits) {
  for (uint32_t i = 0; i * 64 < bits; ++i) {
    uint64_t word = uint32_t(port[2 * i]);
    if (i * 64 + 32 < bits) word |= uint64_t(uint32_t(port[2 * i + 1])) << 32;
    data.push_back(word);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 10) {
    std::fprintf(stderr, "usage: harness INPUT.bin OUTPUT.bin FRAMES SOURCE_SEED SOURCE_STALL SINK_SEED SINK_STALL "
                         "CYCLE_LIMIT POWER_UP_SEED\n");
    return 1;
  }
  const auto number = [&](int i) { return uint64_t(std::strtoull(argv[i], nullptr, 10)); };
  const uint64_t frames = number(3), sourceSeed = number(4), sourceStall = number(5), sinkSeed = number(6),
                 sinkStall = number(7), cycleLimit = number(8);
  VerilatedContext context;
  context.randReset(2);
  context.randSeed(int(number(9)));
  Vtop top(&context);
)";

}  // namespace

std::string verilatorHarness(const std::vector<HarnessPort>& ports) {
  std::string text = "// Feeds and watches the module `top`; see the usage line in main.\n";
  text += kHarnessStart;
  text += kPrologue;
  text += fmt::format("  std::vector<Beats> ports({});\n", ports.size());
  text += "  FILE* input = std::fopen(argv[1], \"rb\");\n  if (!input) return std::perror(argv[1]), 1;\n";
  for (std::size_t p = 0; p < ports.size(); ++p) {
    text += fmt::format("  ports[{}].count = frames * {}ull;\n  ports[{}].words = {};\n", p,
                        ports[p].beatsPerFrame, p, (ports[p].width + 63) / 64);
    if (ports[p].isInput)
      text += fmt::format(
          "  ports[{0}].data.resize(ports[{0}].count * ports[{0}].words);\n"
          "  if (std::fread(ports[{0}].data.data(), 8, ports[{0}].data.size(), input) != "
          "ports[{0}].data.size()) {{\n"
          "    std::fprintf(stderr, \"%s is too short\\n\", argv[1]);\n    return 1;\n  }}\n",
          p);
  }
  text += R"(  std::fclose(input);
  top.clk = 0;
  top.rst = 1;
)";
  for (const HarnessPort& port : ports)
    text += fmt::format("  top.{}_{} = 0;\n", port.name, port.isInput ? "valid" : "ready");
  text += R"(  for (int i = 0; i < 4; ++i) {
    top.clk = 0;
    top.eval();
    top.clk = 1;
    top.eval();
  }
  top.rst = 0;
  uint64_t cycle = 0;
  for (; cycle < cycleLimit; ++cycle) {
    bool done = true;
    for (const Beats& port : ports) done = done && port.cycles.size() == port.count;
    if (done) break;
    top.clk = 0;
)";
  std::size_t source = 0, sink = 0;
  std::string before, after;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const HarnessPort& port = ports[p];
    const bool wide = port.width > 64;
    if (port.isInput) {
      before += fmt::format(
          "    {{\n      Beats& port = ports[{0}];\n      const bool offer = port.cycles.size() < port.count "
          "&& "
          "isOpen(sourceSeed, sourceStall, {1}, cycle);\n      top.{2}_valid = offer;\n      if (offer) ",
          p, source++, port.name);
      before +=
          wide ? fmt::format("store(top.{}_data, &port.data[port.cycles.size() * port.words], {});\n    }}\n",
                             port.name, port.width)
               : fmt::format("top.{}_data = port.data[port.cycles.size()];\n    }}\n", port.name);
      after += fmt::format("    if (top.{0}_valid && top.{0}_ready) ports[{1}].cycles.push_back(cycle);\n",
                           port.name, p);
    } else {
      before += fmt::format(
          "    top.{}_ready = ports[{}].cycles.size() < ports[{}].count && isOpen(sinkSeed, sinkStall, {}, "
          "cycle);\n",
          port.name, p, p, sink++);
      after += fmt::format(
          "    if (top.{0}_valid && top.{0}_ready) {{\n      ports[{1}].cycles.push_back(cycle);\n      ",
          port.name, p);
      after += wide
                   ? fmt::format("load(top.{}_data, ports[{}].data, {});\n    }}\n", port.name, p, port.width)
                   : fmt::format("ports[{}].data.push_back(uint64_t(top.{}_data));\n    }}\n", p, port.name);
    }
  }
  text += before + "    top.eval();\n" + after;
  text += R"(    top.clk = 1;
    top.eval();
  }
  top.final();
  FILE* output = std::fopen(argv[2], "wb");
  if (!output) return std::perror(argv[2]), 1;
  bool complete = true;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    const Beats& port = ports[p];
    const uint64_t seen = port.cycles.size();
    complete = complete && seen == port.count;
    std::fwrite(&seen, 8, 1, output);
    for (uint64_t beat = 0; beat < seen; ++beat) {
      std::fwrite(&port.cycles[beat], 8, 1, output);
      if (isOutput[p]) std::fwrite(&port.data[beat * port.words], 8, port.words, output);
    }
  }
  if (std::fclose(output) != 0) return std::perror(argv[2]), 1;
  return complete ? 0 : 2;
}
)";
  std::string flags;
  for (const HarnessPort& port : ports)
    flags += std::string(flags.empty() ? "" : ", ") + (port.isInput ? "false" : "true");
  const std::string marker = "  FILE* output = ";
  text.insert(text.find(marker), fmt::format("  const bool isOutput[] = {{{}}};\n", flags));
  return text;
}

}  // namespace sluice::emit
