#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the reports of vendor tools say, in one schema.
///
/// A report is read into a flat list of metrics. Each has a name of the schema (`quantities()`), which fixes its
/// unit; the stage of the flow that it speaks of, because an HLS estimate and a routed figure are different
/// quantities that happen to share a name (LUTs differ by a factor of two and more); and its place in the design.
///
/// **Block RAM has two units.** An HLS report's `BRAM_18K`, and the `BRAM` of its exported report, count RAMB18, half
/// blocks. Vivado's `Block RAM Tile` counts tiles of 36 Kbit, each one RAMB36 or two RAMB18, so that it can end in .5.
/// Reading one for the other is an error of a factor of two that looks plausible. So wherever a report says either,
/// both are given, each with its unit in its name: `bram18` = 2 * RAMB36 + RAMB18, `bram_tile` = RAMB36 + RAMB18 / 2.
/// `ramb36` and `ramb18` are the primitives themselves. RAM blocks of Intel devices are of yet another size and
/// have a name of their own, `intel_ram`.
///
/// **Places** are "" for the whole design, else a kind and a name:
///   instance:a/b     an instance, below the top, as csynth's detail tables and Vivado's hierarchy name it
///   module:a/b       a module, as csynth.xml and the synthesis summary name it
///   loop:a/b         a loop, below the loops and modules around it
///   component:FIFO   a row of csynth's utilization summary, which add up to the whole
///   fifo:x memory:x  a FIFO or memory of csynth's detail tables
///   slr              one super logic region (only what is available there)
///   clock:x          a clock of a timing summary
///   primitive:FDRE   cells of that kind
///   kernel:x block:x a kernel or basic block of oneAPI
///   rtl:VHDL         one language, where a design was co-simulated in both
namespace sluice::flow::vendor {

/// What a figure was obtained from, in the order of the flow.
enum class Stage : std::uint8_t {
  estimated,    ///< by the high-level synthesiser
  simulated,    ///< counted in co-simulation
  synthesised,  ///< netlist, before placement
  placed,       ///< after placement
  routed,       ///< after routing
  notStated,    ///< the report does not say; reports of older tools do not
};
std::string_view stageName(Stage stage);

/// How the values of a quantity look.
enum class Kind : std::uint8_t {
  count,  ///< a whole number, not negative
  half,   ///< a multiple of one half, not negative
  real,   ///< any decimal number
};

/// A row of the schema.
struct Quantity {
  std::string_view name;
  std::string_view unit;
  Kind kind = Kind::count;
  std::string_view meaning;
};
/// All of them. What a device offers of a quantity of its own (`lut`) is called `lut_available`, of the same unit.
const std::vector<Quantity>& quantities();
/// The row of a name, also of NAME_available; none if there is no such quantity.
const Quantity* findQuantity(std::string_view name);

struct Metric {
  std::string name;
  double value = 0;
  std::string unit;
  Stage stage = Stage::notStated;
  std::string place;
  bool operator==(const Metric&) const = default;
};

/// Something said in words: `pipeline` of a module, `module` of an instance, `status` of a co-simulation.
struct Fact {
  std::string name, text, place;
  bool operator==(const Fact&) const = default;
};

struct Metrics {
  std::string format;               ///< name of the reader
  std::string tool, version, part;  ///< as the report writes them; empty if it does not say
  std::string design;               ///< name of the top
  std::vector<Metric> metrics;      ///< in the order of the report; no two of the same name, stage and place
  std::vector<Fact> facts;
  std::vector<std::string> notes;  ///< what the tool could not determine, what was not read: for people
  bool operator==(const Metrics&) const = default;
};

/// The first metric of that name and place, whatever its stage.
std::optional<double> find(const Metrics& metrics, std::string_view name, std::string_view place = {});
/// The first fact of that name and place; empty if there is none.
std::string findFact(const Metrics& metrics, std::string_view name, std::string_view place = {});

}  // namespace sluice::flow::vendor
