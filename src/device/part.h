#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hdl/cost.h"

/// Parts: what an FPGA holds. One JSON file per part under src/device/data/, compiled into the library.
///
///   {"part":   "xc7z020clg400-1",           the full name, as the vendor's tools take it
///    "family": "xc7",                       xc7, xcup or ecp5: hdl::Family
///    "resources": {
///      "lut":        53200,                 look-up tables, all of them
///      "lut_memory": 17400,                 of these, usable as memory or shift register
///      "ff":         106400,
///      "carry":      13300,                 carry primitives of the family: CARRY4, CARRY8, CCU2C
///      "dsp":        220,
///      "bram18":     280,                   18-kbit blocks; a RAMB36 is two
///      "uram":       0},                    288-kbit blocks
///    "source": {"document": "...", "table": "..."}}
///
/// All keys are needed, no others are known. Rejected: one table of all parts (a new part is a new file, and
/// a reviewer sees its source beside its numbers).
namespace sluice::device {

/// Where the numbers come from.
struct Source {
  std::string document;  ///< number, title and version
  std::string table;     ///< table, or how the numbers were derived
};

/// What there is, in the units of hdl::Cost.
struct Budget {
  std::uint64_t lut = 0;
  std::uint64_t lutMemory = 0;  ///< of lut: those that can be memory or shift register
  std::uint64_t ff = 0;
  std::uint64_t carry = 0;
  std::uint64_t dsp = 0;
  std::uint64_t bram18 = 0;
  std::uint64_t uram = 0;
  bool operator==(const Budget&) const = default;
};

struct Part {
  std::string name;
  hdl::Family family = hdl::Family::xc7;
  Budget budget;
  Source source;
};

/// A cost against a budget, one row per resource: "LUT", "LUT as memory", "FF", "carry", "DSP", "BRAM18". A
/// cost's lut, lutRam and srl all take look-up tables; lutRam and srl take those that can be memory.
struct Usage {
  std::string resource;
  std::uint64_t used = 0, available = 0;
  [[nodiscard]] bool fits() const { return used <= available; }
};
std::vector<Usage> usage(const hdl::Cost& cost, const Budget& budget);
bool fits(const hdl::Cost& cost, const Budget& budget);

/// The part of this name, upper or lower case. Errors: badInput with the known names.
Result<Part> findPart(std::string_view name);
/// Names of all built-in parts, ascending.
std::vector<std::string> partNames();

/// Reads the text of a part file. Errors: badInput at "file:line", all that is known of the first wrong
/// value.
Result<Part> parsePart(std::string_view text, const std::string& file);

}  // namespace sluice::device
