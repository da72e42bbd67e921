#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "ir/graph.h"
#include "kernel/kernel.h"
#include "map/design.h"

/// The AXI skin of a design as data: its streams as AXI4-Stream, and the registers behind AXI4-Lite.
///
/// One table of registers is all there is: the hardware that answers (axi_shell.h), the register map for people
/// (axi/registers.md), for programs (axi/registers.json), and the memory map of the IP-XACT component are made from it.
///
/// Packing. Every element of a beat takes 1, 2, 4 or 8 whole bytes, the least that hold its bits, little end first, so that
/// a frame in memory is a C-contiguous NumPy array of int8, uint8, int16, ...: no host has to shift bits. Outputs are
/// sign-extended (unsigned ones: filled with 0); of inputs the bits above the element's are not read. Elements of a beat
/// follow each other, lowest first; beats in row-major order, channels last. Rejected: elements side by side without gaps,
/// as inside the design; it saves wires of a stream that a DMA engine feeds with 32 or 64 bits anyway, and every host
/// program would have to pack bits.
namespace sluice::emit {

/// One stream of the skin.
struct AxiStream {
  std::string name;  ///< of the design's port
  bool isInput = true;
  kernel::Beat beat;  ///< inside
  std::uint64_t beatsPerFrame = 1;
  std::vector<std::int64_t> shape;  ///< of a frame
  std::vector<double> scale;        ///< real = scale * (code - zeroPoint); one, or one per channel
  std::int64_t zeroPoint = 0;

  [[nodiscard]] std::uint32_t bytesPerElement() const;
  /// The beat as it stands on TDATA.
  [[nodiscard]] kernel::Beat padded() const;
  [[nodiscard]] std::uint32_t bytes() const { return beat.elements * bytesPerElement(); }  ///< of TDATA
  /// "s_axis_x" or "m_axis_y": what the ports of the interface begin with.
  [[nodiscard]] std::string prefix() const { return (isInput ? "s_axis_" : "m_axis_") + name; }
};

enum class AxiAccess : std::uint8_t {
  constant,    ///< reads `reset`
  status,      ///< reads a signal of the hardware
  readWrite,   ///< keeps what is written
  clearByOne,  ///< bits that the hardware sets and that writing a 1 clears
  pulse,       ///< reads 0; a bit written 1 is 1 for one cycle
};

struct AxiField {
  std::string name;
  std::uint32_t lsb = 0, width = 1;
  std::string says;
};

struct AxiRegister {
  std::uint32_t offset = 0;  ///< bytes, a multiple of 4
  std::string name;          ///< in capitals; the hardware's signal has it in small letters
  AxiAccess access = AxiAccess::status;
  std::uint32_t reset = 0;
  std::string says;
  std::vector<AxiField> fields;  ///< empty: one number
};

inline constexpr std::uint32_t axiAddressBits = 12;  ///< 4 KB, the least that systems give a slave

struct AxiSkin {
  std::string design;                  ///< name of the network
  Digest digest;                       ///< of the design's Verilog
  std::vector<AxiStream> streams;      ///< the design's ports in order, inputs first
  std::vector<AxiRegister> registers;  ///< by offset
};

/// Errors  unsupported: more streams than the table has room for (16 inputs, 64 in all)
Result<AxiSkin> axiSkin(const map::Design& design, const ir::Graph& graph, Digest digest);

/// The signal of a register: its name in small letters.
std::string axiSignal(const AxiRegister& entry);
const char* axiAccessName(AxiAccess access);

/// axi/registers.md
std::string axiRegistersText(const AxiSkin& skin);
/// axi/registers.json: {format, design, digest, registers: [{offset, name, access, reset, says, fields}], streams: [{name,
/// interface, direction, elements_per_beat, beats_per_frame, bits, signed, bytes_per_element, dtype, shape, scale,
/// zero_point}]}
std::string axiRegistersJson(const AxiSkin& skin);

}  // namespace sluice::emit
