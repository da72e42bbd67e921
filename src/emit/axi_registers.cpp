#include "emit/axi_registers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cctype>

namespace sluice::emit {
namespace {

constexpr std::uint32_t kIdentification = 0x534C5549;  // "SLUI"
constexpr std::uint32_t kMapVersion = 0x00010000;      // of this register map: major in the upper half
constexpr std::uint32_t kMostInputs = 16, kMostStreams = 64;
constexpr std::uint32_t kFirstStreamRegister = 0x40;

std::vector<AxiRegister> registerTable(const AxiSkin& skin) {
  std::vector<AxiRegister> table;
  const auto add = [&](AxiRegister entry) {
    if (entry.offset == 0 && !table.empty()) entry.offset = table.back().offset + 4;
    table.push_back(std::move(entry));
  };
  std::uint32_t inputs = 0;
  for (const AxiStream& stream : skin.streams) inputs += stream.isInput ? 1 : 0;
  const auto outputs = static_cast<std::uint32_t>(skin.streams.size()) - inputs;
  add({.name = "ID",
       .access = AxiAccess::constant,
       .reset = kIdentification,
       .says = "\"SLUI\": a design behind this map"});
  add({.name = "VERSION",
       .access = AxiAccess::constant,
       .reset = kMapVersion,
       .says = "of this register map: major in the upper half, minor in the lower"});
  for (std::uint32_t word = 0; word < 4; ++word) {
    const std::uint64_t half = word < 2 ? skin.digest.high : skin.digest.low;
    add({.name = fmt::format("DIGEST_{}", word),
         .access = AxiAccess::constant,
         .reset = static_cast<std::uint32_t>(word % 2 == 0 ? half >> 32 : half),
         .says = "the design's digest, 32 of its 128 bits, highest first"});
  }
  add({.name = "STREAMS",
       .access = AxiAccess::constant,
       .reset = inputs | outputs << 8,
       .says = "how many streams there are",
       .fields = {{"INPUTS", 0, 8, "inputs"}, {"OUTPUTS", 8, 8, "outputs"}}});
  add({.name = "CONTROL",
       .access = AxiAccess::pulse,
       .says = "commands",
       .fields = {{"SOFT_RESET", 0, 1,
                   "drops all frames in flight and starts all counters at 0; stop the DMA engine first"}}});
  add({.name = "STATUS",
       .access = AxiAccess::status,
       .says = "what the design does",
       .fields = {
           {"IDLE", 0, 1, "every stream has moved the same number of whole frames: nothing is in flight"},
           {"LATENCY_VALID", 1, 1, "LATENCY holds a measurement"},
           {"INTERVAL_VALID", 2, 1, "INTERVAL holds a measurement"}}});
  AxiRegister errors{.name = "ERRORS",
                     .access = AxiAccess::clearByOne,
                     .says = "what was wrong on the inputs since it was cleared; writing a 1 clears a bit"};
  std::uint32_t input = 0;
  for (const AxiStream& stream : skin.streams) {
    if (!stream.isInput) continue;
    errors.fields.push_back({fmt::format("LAST_{}", input), input, 1,
                             fmt::format("TLAST of {} came on a beat that is not the last of a frame: frames "
                                         "are out of step until a soft reset",
                                         stream.prefix())});
    errors.fields.push_back(
        {fmt::format("KEEP_{}", input), kMostInputs + input, 1,
         fmt::format("a beat of {} had some bytes of TKEEP low: it was taken as it stood", stream.prefix())});
    ++input;
  }
  std::sort(errors.fields.begin(), errors.fields.end(),
            [](const AxiField& a, const AxiField& b) { return a.lsb < b.lsb; });
  add(std::move(errors));
  add({.name = "FRAMES_PER_PACKET",
       .access = AxiAccess::readWrite,
       .reset = 1,
       .says = "outputs raise TLAST at the end of every so many frames (0 counts as 1), so that one DMA "
               "transfer takes a "
               "batch; written only while STATUS.IDLE and no output waits, else the write is answered and "
               "ignored"});
  add({.name = "CYCLES", .access = AxiAccess::status, .says = "clock cycles since reset, modulo 2^32"});
  add({.name = "LATENCY",
       .access = AxiAccess::status,
       .says = "cycles from the first beat of a frame on the first input to its last beat on the first "
               "output, of the "
               "last frame measured (one frame at a time is)"});
  add({.name = "INTERVAL",
       .access = AxiAccess::status,
       .says = "cycles between the last beats of the last two frames on the first output"});
  for (std::size_t s = 0; s < skin.streams.size(); ++s) {
    AxiRegister frames{
        .offset = kFirstStreamRegister + 4 * static_cast<std::uint32_t>(s),
        .name = fmt::format("FRAMES_{}", s),
        .access = AxiAccess::status,
        .says = fmt::format("whole frames that {} moved since reset, modulo 2^32", skin.streams[s].prefix())};
    add(std::move(frames));
  }
  return table;
}

std::string dtypeOf(const AxiStream& stream) {
  return fmt::format("{}int{}", stream.beat.format.isSigned ? "" : "u", 8 * stream.bytesPerElement());
}

std::string bitsOf(const AxiField& field) {
  return field.width == 1 ? std::to_string(field.lsb)
                          : fmt::format("{}:{}", field.lsb + field.width - 1, field.lsb);
}

}  // namespace

std::uint32_t AxiStream::bytesPerElement() const { return std::bit_ceil((beat.format.bits + 7) / 8); }

kernel::Beat AxiStream::padded() const {
  return {beat.elements, {.bits = 8 * bytesPerElement(), .isSigned = beat.format.isSigned}};
}

Result<AxiSkin> axiSkin(const map::Design& design, const ir::Graph& graph, Digest digest) {
  AxiSkin skin{.design = design.name, .digest = digest};
  std::size_t inputs = 0;
  for (const map::DesignPort& port : design.ports) {
    const map::Stream& stream = design.streams[port.stream.index];
    inputs += port.isInput ? 1 : 0;
    skin.streams.push_back({.name = port.name,
                            .isInput = port.isInput,
                            .beat = stream.beat,
                            .beatsPerFrame = stream.beatsPerFrame});
    const ir::TensorType& type = graph.tensor(port.tensor).type;
    skin.streams.back().shape.assign(type.shape.begin(), type.shape.end());
    if (type.codes) {
      skin.streams.back().scale = type.codes->scale;
      skin.streams.back().zeroPoint = type.codes->zeroPoint;
    }
  }
  if (inputs == 0 || inputs == skin.streams.size() || inputs > kMostInputs ||
      skin.streams.size() > kMostStreams)
    return unsupported(
        fmt::format("an AXI skin has 1 to {} inputs and 2 to {} streams; this design has {} and {}",
                    kMostInputs, kMostStreams, inputs, skin.streams.size()));
  skin.registers = registerTable(skin);
  return skin;
}

std::string axiSignal(const AxiRegister& entry) {
  std::string name = entry.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return name;
}

const char* axiAccessName(AxiAccess access) {
  switch (access) {
    case AxiAccess::constant:
      return "constant";
    case AxiAccess::status:
      return "read";
    case AxiAccess::readWrite:
      return "read/write";
    case AxiAccess::clearByOne:
      return "read, write 1 to clear";
    case AxiAccess::pulse:
      return "write 1 to trigger";
  }
  return "";
}

std::string axiRegistersText(const AxiSkin& skin) {
  std::string text = fmt::format(
      "# Registers of {}\n\n"
      "AXI4-Lite slave `s_axi_control`, {} address bits, 32 data bits, little end first. Digest of the "
      "design: `{}`.\n"
      "Registers that are not listed answer SLVERR. Byte strobes are heeded.\n\n"
      "| offset | name | access | after reset | what |\n|---|---|---|---|---|\n",
      skin.design, axiAddressBits, skin.digest.hex());
  for (const AxiRegister& entry : skin.registers) {
    text += fmt::format("| 0x{:03X} | {} | {} | {} | {} |\n", entry.offset, entry.name,
                        axiAccessName(entry.access),
                        entry.access == AxiAccess::constant ? fmt::format("0x{:08X}", entry.reset)
                                                            : std::to_string(entry.reset),
                        entry.says);
    for (const AxiField& field : entry.fields)
      text += fmt::format("| | &nbsp;&nbsp;{}[{}] | | | {} |\n", field.name, bitsOf(field), field.says);
  }
  text +=
      "\n# Streams\n\n"
      "AXI4-Stream. An element takes whole bytes (1, 2, 4 or 8), little end first, elements of a beat lowest "
      "first, beats in\n"
      "row-major order, channels last: a frame in memory is a C-contiguous NumPy array of the type given. "
      "Outputs are\n"
      "extended by their sign; of inputs the bits above the element's are not read. TLAST of inputs may be "
      "left out between\n"
      "frames, but must not come within one; beats with TKEEP = 0 are dropped; outputs have TKEEP all "
      "ones.\n\n"
      "| interface | direction | frame | type | bits used | bytes of TDATA | beats a frame | bytes a frame "
      "|\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const AxiStream& stream : skin.streams)
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} |\n", stream.prefix(),
                        stream.isInput ? "in" : "out", fmt::join(stream.shape, " x "), dtypeOf(stream),
                        stream.beat.format.bits, stream.bytes(), stream.beatsPerFrame,
                        stream.bytes() * stream.beatsPerFrame);
  return text;
}

std::string axiRegistersJson(const AxiSkin& skin) {
  // Nothing here needs escaping but the network's name and quotes in sentences.
  const auto quoted = [](const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result + "\"";
  };
  std::string text = fmt::format(
      "{{\n \"format\": \"sluice axi 1\",\n \"design\": {},\n \"digest\": \"{}\",\n \"registers\": [",
      quoted(skin.design), skin.digest.hex());
  for (std::size_t r = 0; r < skin.registers.size(); ++r) {
    const AxiRegister& entry = skin.registers[r];
    text += fmt::format(
        "{}\n  {{\"offset\": {}, \"name\": \"{}\", \"access\": \"{}\", \"reset\": {}, \"says\": {}, "
        "\"fields\": [",
        r == 0 ? "" : ",", entry.offset, entry.name, axiAccessName(entry.access), entry.reset,
        quoted(entry.says));
    for (std::size_t f = 0; f < entry.fields.size(); ++f)
      text += fmt::format("{}\n   {{\"name\": \"{}\", \"lsb\": {}, \"width\": {}, \"says\": {}}}",
                          f == 0 ? "" : ",", entry.fields[f].name, entry.fields[f].lsb, entry.fields[f].width,
                          quoted(entry.fields[f].says));
    text += "]}";
  }
  text += "\n ],\n \"streams\": [";
  for (std::size_t s = 0; s < skin.streams.size(); ++s) {
    const AxiStream& stream = skin.streams[s];
    text += fmt::format(
        "{}\n  {{\"name\": \"{}\", \"interface\": \"{}\", \"direction\": \"{}\", \"elements_per_beat\": {}, "
        "\"beats_per_frame\": "
        "{}, \"bits\": {}, \"signed\": {}, \"bytes_per_element\": {}, \"dtype\": \"{}\", \"shape\": [{}], "
        "\"scale\": [{}], "
        "\"zero_point\": {}}}",
        s == 0 ? "" : ",", stream.name, stream.prefix(), stream.isInput ? "in" : "out", stream.beat.elements,
        stream.beatsPerFrame, stream.beat.format.bits, stream.beat.format.isSigned, stream.bytesPerElement(),
        dtypeOf(stream), fmt::join(stream.shape, ", "), fmt::join(stream.scale, ", "), stream.zeroPoint);
  }
  return text + "\n ]\n}\n";
}

}  // namespace sluice::emit
