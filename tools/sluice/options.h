#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "build.h"
#include "cmvm.h"
#include "frontend/model.h"
#include "passes/pass.h"

/// What the command line says, as plain data: one struct per subcommand.
namespace sluice::tool {

/// How a model is read and lowered; options that several subcommands share.
struct ModelOptions {
  std::filesystem::path model;
  frontend::ModelFileOptions file;
  passes::LowerOptions lower;
  std::optional<std::filesystem::path> hls4mlConfig;  ///< the network as hls4ml computes it under this configuration
  bool withoutHls4mlDefects = false;
};

struct InfoOptions {
  ModelOptions model;
};

struct DumpOptions {
  ModelOptions model;
  std::string after = "import";                 ///< name of a pass; "import": before all of them
  bool brief = false;                           ///< without the elements of constants
  bool listPasses = false;                      ///< only names and summaries of the passes
  std::optional<std::filesystem::path> output;  ///< none: standard output
};

enum class Engine : std::uint8_t {
  real,       ///< float64 reference of the model as imported
  integer,    ///< exact integer interpreter of the lowered graph
  hdl,        ///< the hardware's description, evaluated in process cycle by cycle
  verilator,  ///< the emitted Verilog, compiled by Verilator
};

struct RunOptions {
  ModelOptions model;
  std::vector<std::filesystem::path> inputs;  ///< one per input of the network, in its order
  bool inputCodes = false;
  std::optional<std::filesystem::path> output;  ///< none: as text to standard output
  bool outputCodes = false;
  Engine engine = Engine::integer;
  unsigned threads = 0;  ///< 0: one per processor
};

using Command = std::variant<InfoOptions, DumpOptions, RunOptions, BuildOptions, CmvmOptions>;

/// What main() is to do: run a command, or leave at once (help was shown, or the usage was wrong and said
/// so).
using Parsed = std::variant<Command, int>;
Parsed parseCommandLine(int argc, char** argv);

// One file per subcommand.
Status runInfo(const InfoOptions& options);
Status runDump(const DumpOptions& options);
Status runNetwork(const RunOptions& options);

}  // namespace sluice::tool
