#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

/// Cyclo-static dataflow graphs (CSDF), as files `*.dataflow.json` of kind `csdf` describe them.
///
/// An actor fires phase after phase, round and round. A firing starts when every input holds the tokens it
/// takes and every output has room for the tokens it gives:
///
///   at its start   its tokens leave the inputs' token counts, and its room in the outputs is claimed;
///   at its end     its tokens appear in the outputs, and its room in the inputs is released.
///
/// So a token being worked on takes a place on both sides. A firing of a serial actor starts only after the
/// one before it has ended; of others, firings may overlap (auto-concurrency), but start in their order. A
/// channel of capacity c starts with `initial` tokens and c - initial free places. Everything happens as soon
/// as it can.
///
/// An iteration fires every actor so often that all counts are again what they were.
namespace sluice::dataflow::csdf {

struct Actor {
  std::string name;
  std::vector<std::uint64_t> time;  ///< per phase: cycles from start to end
  bool serial = true;
};

struct Channel {
  std::string name;
  std::uint32_t src = 0, dst = 0;   ///< actors
  std::vector<std::uint64_t> prod;  ///< tokens, per phase of src
  std::vector<std::uint64_t> cons;  ///< tokens, per phase of dst
  std::uint64_t initial = 0;        ///< tokens at the start
};

struct Graph {
  std::string name;
  std::vector<Actor> actors;
  std::vector<Channel> channels;
};

/// A capacity that never limits.
inline constexpr std::uint64_t unlimited = ~std::uint64_t{0};
using Capacities = std::vector<std::uint64_t>;  ///< per channel

/// Cycles per iterations, in lowest terms: the inverse of throughput. {0, 1}: nothing limits the throughput.
struct Period {
  std::uint64_t cycles = 0, iterations = 1;
  bool operator==(const Period&) const = default;
};
/// a < b, exactly.
bool less(const Period& a, const Period& b);

/// Firings of every actor in one iteration: complete rounds of its phases, the least such numbers.
struct Repetition {
  std::vector<std::uint64_t> firings;
  std::uint64_t total = 0;
};

/// Whether the graph is well formed, its rates agree, and its size can be handled. Rules, each with a test:
///   1  there is an actor, and names are unique; every actor has 1 to 2^16 phases
///   2  channels join actors that exist, their rates have one entry per phase, and each side moves a token
///   3  rates agree: every channel gets in an iteration what it gives
///   4  an iteration has at most 2^22 firings; times and rates are below 2^40, initial tokens below 2^30
///   5  firings of an actor whose phases take different times do not overlap (they could overtake each other;
///      make it serial)
/// Errors   badInput, all problems named; unsupported (4, 5)
Result<Repetition> check(const Graph& graph);

}  // namespace sluice::dataflow::csdf
