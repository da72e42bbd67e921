#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace CLI {
class App;
}

/// `sluice fifo simulate | size | check | compare`: networks from files `*.dataflow.json`.
namespace sluice::tool {

struct FifoOptions {
  std::filesystem::path file;    ///< the network
  std::string depths = "given";  ///< simulate: given, unbounded, a number, or a JSON file
  std::uint64_t frames = 1;      ///< simulate
  std::filesystem::path vcd,
      json;  ///< simulate: written unless empty; compare: the dump that is read, and the result
  std::filesystem::path fst;          ///< simulate; empty: not written
  std::string target = "base";        ///< size: base or a number of cycles
  std::string cost = "beats";         ///< size
  bool pareto = false;                ///< size
  double timeLimit = 300;             ///< size, seconds
  std::filesystem::path output;       ///< size
  std::filesystem::path certificate;  ///< check
};

/// Adds the subcommand with its own four subcommands (fifo_arguments.cpp).
void addFifo(CLI::App& app, FifoOptions& options);

/// Runs the one that was named. The exit code: 0 proven or asked-for result reached, 3 infeasible, 4 feasible with an
/// open gap, 1 bad input, 2 usage.
int runFifo(const CLI::App& app, const FifoOptions& options);

int simulateFifos(const FifoOptions& options);
int sizeFifoDepths(const FifoOptions& options);
int checkFifoSizing(const FifoOptions& options);
int compareFifoPeaks(const FifoOptions& options);

}  // namespace sluice::tool
