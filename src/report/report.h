#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/profile.h"
#include "dataflow/timeline.h"
#include "device/board.h"
#include "device/part.h"
#include "emit/stitch.h"
#include "flow/verify.h"
#include "hdl/cost.h"
#include "ir/graph.h"
#include "map/design.h"
#include "map/dsp_pairs.h"
#include "report/deployment.h"

/// Report: what Sluice says of a design, as plain data. text.cpp, json.cpp and html.cpp only show it.
///
/// Every figure has a kind, and a command that computes it again:
///   proven       follows from the graph or the schedule by argument or exhaustive check (formats, intervals, rates)
///   simulated    seen cycle by cycle (Verilator, or the dataflow simulator where it says so)
///   synthesised  counted by Yosys
///   estimated    counted by Sluice's cost rules
namespace sluice::report {

enum class Kind : std::uint8_t { proven, simulated, synthesised, estimated };
const char* kindName(Kind kind);

struct Resources {
  hdl::Cost estimated;
  std::optional<hdl::Cost> synthesised;
};

/// One kernel.
struct KernelRow {
  std::string name, family;
  std::string node;           ///< the graph's node, empty for forks and width converters
  std::string shape;          ///< "490 -> 256"
  std::string input, output;  ///< formats: "s8 x 7", "u3 x 4" (format x elements of a beat)
  std::uint64_t weights = 0;
  std::uint64_t multiplications = 0;  ///< a frame
  std::uint32_t multipliers = 0;
  std::uint64_t cyclesPerFrame = 0;  ///< proven: iterations of the loop nest times its interval
  std::uint32_t depth = 0;           ///< pipeline stages
  double busy = 0;                   ///< share of the frame interval in which it works
  hdl::Cost cost;                    ///< estimated
  std::uint32_t subgraph = 0;
};

/// One FIFO.
struct FifoRow {
  std::string name, from, to;
  std::uint32_t width = 0, depth = 0;
  std::uint32_t peak = 0;  ///< places taken at once, simulated over the first frames
  std::string kind;
  hdl::Cost cost;  ///< estimated
  std::uint32_t subgraph = 0;
};

/// The two FIFOs at a cut, and where their beats must be held.
struct CutRow {
  std::string from, to;  ///< FIFOs
  std::uint32_t latency = 0,
                interval = 1;  ///< of the link they were sized with: cycles on the way, cycles a beat
  std::uint32_t fromDepth = 0, toDepth = 0;
  std::uint32_t fromAlone = 0, toAlone = 0;  ///< what each needs though every other FIFO were unbounded
};
/// Which side holds what, and why: a sentence.
std::string heldWhere(const CutRow& row);

/// One subgraph, as built on its own.
struct SubgraphRow {
  std::string name;
  std::vector<std::string> nodes;
  std::string board;            ///< empty: none was named
  std::string inputs, outputs;  ///< ports: "27: s8 x 7"
  std::uint64_t latency = 0;    ///< on its own, cycles; simulated
  Resources resources;
  double synthesisSeconds = 0;  ///< shown only in timings.json
};

struct BoardRow {
  std::string name, part;
  std::vector<std::string> subgraphs;
  std::vector<device::Usage> usage;  ///< budget beside use, one row per resource
  Kind kind = Kind::estimated;       ///< of what is used
  bool fits = true;
};

struct Report {
  std::string name;   ///< of the network
  std::string model;  ///< file name without folders
  std::string regime;
  std::string regimeReason{};  ///< why, where it was not asked for
  std::string family;
  std::string command;  ///< the command line that builds it again, relative to DIR
  std::uint64_t interval = 0, latency = 0;
  bool intervalProven = false;      ///< the state of the design recurred
  std::uint64_t fifoBits = 0;       ///< places times bits of a beat
  std::uint64_t leastFifoBits = 0;  ///< proven: fewer do not keep interval and latency
  std::uint64_t operations = 0, weights = 0;
  std::vector<KernelRow> kernels;
  std::vector<FifoRow> fifos;
  std::vector<SubgraphRow> subgraphs;
  Resources total;
  /// The same network uncut, where it was cut: its latency, interval and resources beside ours.
  struct Monolithic {
    std::uint64_t interval = 0, latency = 0;
    Resources resources;
  };
  std::optional<Monolithic> monolithic;
  std::vector<BoardRow> boards;
  /// Weights that live outside: what comes over their ports.
  struct WeightPort {
    std::string port, kernel;        ///< the kernel that multiplies by them
    std::uint64_t bitsPerFrame = 0;  ///< proven
    std::uint32_t bitsPerBeat = 0;
    std::uint64_t aheadBits = 0;  ///< places of the FIFOs before the product, beside the set in its buffer
    double gigabitPerSecond = 0;  ///< at the frame interval and `clockMhz`
    double clockMhz = 100;
  };
  std::vector<WeightPort> weightPorts;
  /// Two products in a DSP block, where mapping chose it because blocks were what the design lacked.
  struct Pairs {
    std::uint64_t single = 0;     ///< blocks of the whole design without
    std::uint64_t available = 0;  ///< that it was to keep within
    std::vector<map::PairedLayer> layers;
  };
  std::optional<Pairs> pairs;
  /// An outer skin around the design (emit/axi_shell.h).
  struct Skin {
    std::string name;                  ///< "AXI4-Stream and AXI4-Lite"
    std::string digest;                ///< of the design's Verilog, as its registers tell it
    std::vector<std::string> streams;  ///< "s_axis_x: 490 of int8, 7 bytes a beat"
    hdl::Cost cost;                    ///< estimated; in no other figure but the boards'
  };
  std::optional<Skin> skin;
  std::optional<Deployment> deployment;  ///< where the split was planned
  struct Verification {
    std::string engine;                            ///< "Verilator", "evaluator"
    std::uint32_t sourceStall = 0, sinkStall = 0;  ///< percent
    std::string stimulus;                          ///< "samples.npy", "random codes, seed 1"
    flow::Agreement agreement;
    bool cyclesCompared = true;  ///< else beats were held until they were taken, as DMA engines do it
  };
  std::vector<Verification> verifications;
  /// Placed and routed, once a seed; empty seeds: that stage did not run.
  struct Placement {
    std::string part, tool;
    struct Seed {
      std::uint64_t seed = 0;
      double maxMhz = 0;
    };
    std::vector<Seed> seeds;   ///< in the order they were asked for
    double boardMhz = 0;       ///< the clock the board gives it
    std::size_t best = 0;      ///< position of the fastest, whose bitstream is kept
    std::string criticalPath;  ///< of the fastest, in terms of the network
  };
  Placement placement;
  dataflow::Profile profile;  ///< one steady-state period: occupancy of FIFOs, work and waits of kernels
  std::vector<CutRow> cuts;
  std::uint64_t linkedInterval = 0,
                linkedLatency = 0;  ///< with the links of the cuts instead of wires, cycles
  dataflow::Timeline timeline;      ///< the same period: who worked and who waited when
  /// For the drawing: one box per kernel, an arrow per FIFO between two of them (indices into `kernels`, -1: outside).
  struct Arrow {
    int from = -1, to = -1;
    std::string label;
    bool cut = false;
  };
  std::vector<Arrow> arrows;
};

/// What Sluice knows of a design by itself: everything but verification, synthesis, boards and the monolithic build.
/// `performance` is dataflow::measure's answer for it.
Result<Report> describe(const ir::Graph& graph, const map::Design& design, const emit::Rtl& rtl,
                        hdl::Family family, const dataflow::Performance& performance);

/// One page for a terminal, 100 columns.
std::string text(const Report& report);
/// The same facts for programs; each group of figures with its kind and the command that recomputes it.
std::string json(const Report& report);
/// One self-contained page: no scripts from elsewhere, no fonts, light and dark, narrow and wide.
std::string html(const Report& report);

/// Why products share blocks: half a sentence.
std::string pairsReason(const Report::Pairs& pairs);
/// A count as people read it: "1,234".
std::string number(std::uint64_t count);

}  // namespace sluice::report
