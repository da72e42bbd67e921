#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "emit/stitch.h"
#include "flow/verify.h"
#include "ir/integer.h"
#include "map/map.h"
#include "passes/pass.h"

/// What the programs that show Sluice's figures share: the three networks with real samples, their designs,
/// tables.
///
/// A program prints what it saw, checks it, and ends with exit code 1 if a line is not met. With --json it
/// prints one JSON object per figure instead of tables.
namespace sluice::show {

/// $SLUICE_SHARED, else "../shared": models and data that do not ship with Sluice.
std::filesystem::path sharedFolder();

/// The bytes behind the header of a gzipped IDX file (MNIST). Errors: io, badInput
Result<std::string> readIdx(const std::filesystem::path& path, std::size_t header);

/// A network with the samples it is shown on.
struct Network {
  std::string name;
  ir::Graph imported, lowered;
  std::shared_ptr<const ir::IntegerEngine> engine;
  std::size_t samples = 0;
  std::vector<double> inputs;  ///< samples * elements: real values, or codes of the first quantizer
  bool inputsAreCodes = false;
  std::vector<std::int64_t> labels;  ///< empty if there are none
  ir::CodeRows codes;                ///< of the hardware inputs, from `inputs`
};

/// The keyword network with all 500 samples (codes).
Result<Network> keywords(const passes::LowerOptions& options = {});
/// What two boards answered, one list per board.
Result<std::vector<std::vector<std::int64_t>>> keywordAnswers();
/// TFC_2W2A with the 5,000 test images.
Result<Network> digits();
/// The jet tagger with the inputs of its oracle.
Result<Network> jets();
/// Any model file, without samples.
Result<Network> load(const std::filesystem::path& model, const passes::LowerOptions& options = {});

/// A network and how it is built: one line of the list of designs that all programs show.
struct Plan {
  std::string name;
  std::shared_ptr<const Network> network;
  map::MapOptions options;
};
/// KWS streamed at reuse factors 512 and 2048, TFC streamed at 64, jet tagger unrolled.
Result<std::vector<Plan>> plans();

struct Hardware {
  map::Design design;
  emit::Rtl rtl;
};
/// Mapped, sized, stitched.
Result<Hardware> build(const ir::Graph& lowered, const map::MapOptions& options);

/// The first `count` samples at the ports of a design, with the integer engine's outputs. Samples repeat if
/// there are too few.
Result<flow::Frames> framesOf(const Network& network, const map::Design& design, std::uint64_t count);

/// Random gaps and stalls of the runs: percent.
inline constexpr std::uint32_t kStalls[] = {0, 30};

/// In-process evaluator against integer engine and simulator. Errors: those of the engines.
Result<flow::Agreement> agreeEvaluator(const Hardware& hardware, const flow::Frames& frames,
                                       std::uint32_t stall);
/// Verilator against both. `seconds`: what compiling took.
Result<flow::Agreement> agreeVerilator(const Hardware& hardware, const flow::SimulationModel& model,
                                       const flow::Frames& frames, std::uint32_t stall);

/// Verilog of a module and what stands below it.
std::vector<emit::File> filesOf(const std::shared_ptr<const hdl::Module>& module, hdl::Family family);

/// The store of the user, for compiled models; nothing with --no-cache.
class Output {
 public:
  /// Options every program has: --json. `known`: the others, as "--name" or "--name=".
  Output(int argc, char** argv, std::vector<std::string> known);
  [[nodiscard]] bool has(const std::string& flag) const { return flags_.contains(flag); }
  [[nodiscard]] std::uint64_t number(const std::string& option, std::uint64_t otherwise) const;
  [[nodiscard]] bool json() const { return has("--json"); }

  /// A line for people; nothing with --json.
  void say(const std::string& text) const;
  /// One figure. `kind`: proven, simulated, synthesised, estimated, measured.
  void figure(const std::string& name, double value, const std::string& unit, const std::string& kind) const;
  /// A line that must hold.
  void require(bool holds, const std::string& text);
  /// The error ends the program's claim; false if there is one.
  bool require(const Status& status, const std::string& text);
  [[nodiscard]] int exitCode() const { return failures_ == 0 ? 0 : 1; }

 private:
  std::set<std::string> flags_;
  std::vector<std::pair<std::string, std::uint64_t>> numbers_;
  int failures_ = 0;
};

/// Rows of cells; the first row is the head. The first `texts` columns are left-aligned.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t texts = 1);

class Clock {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::show
