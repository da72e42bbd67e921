#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What the checker knows of a network: the facts of its file, read anew. Nothing here is shared with the solver.
/// A file that cannot be read ends with a std::runtime_error, caught in check.cpp.
namespace sluice::dataflow::check {

/// One access: FIFOs moved together, at local times (start + ii * iteration + stage), as boxes, outermost first.
struct Access {
  bool read = true;
  std::vector<std::size_t> streams;
  struct Times {
    std::int64_t first = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> dims;  ///< count, stride
  };
  std::vector<Times> at;
};

struct Process {
  std::string name;
  std::int64_t latency = 0;
  std::vector<std::pair<std::size_t, std::int64_t>> after;  ///< process, delay
  std::vector<Access> accesses;                             ///< of all phases
};

/// FIFOs of one group and width that occur in the same accesses: they do the same at all times.
struct Stream {
  std::size_t group = 0;
  std::int64_t width = 1, tokens = 0, fifos = 0;
  std::size_t reader = 0, writer = 0;
};

struct Facts {
  std::string name;
  std::int64_t srlDelay = 1, ramDelay = 2, freeDelay = 1, srlDepth = 2, srlBits = 1024;
  std::vector<std::string> groups;
  std::vector<std::int64_t> given;  ///< depth per group
  std::vector<std::int64_t> most;   ///< tokens per group, at least 2
  std::vector<Stream> streams;
  std::vector<Process> processes;
};

Facts readFacts(std::string_view text);

/// Depth up to which a stream's FIFOs are shift registers.
std::int64_t srlLimit(const Facts& facts, const Stream& stream);

/// Cost of one group at a depth, by the rules of the cost kind ("beats", "bits", "bram18", "luts").
std::int64_t groupCost(const Facts& facts, const std::string& kind, std::size_t group, std::int64_t depth);

}  // namespace sluice::dataflow::check
