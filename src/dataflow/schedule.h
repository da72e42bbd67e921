#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Schedule: the loop nest of a kernel with its stream accesses. It is all that timing depends on.
///
/// A kernel runs its loop nest for ever (frame after frame, no gap). One iteration is issued at a time:
///
///   Firing rule (issue-time credits). Iteration i issues in the first cycle in which
///     (a) `interval` cycles have passed since iteration i-1 issued,
///     (b) every stream that i reads holds a visible beat, and
///     (c) every stream that i writes has a free credit: a place neither filled nor promised.
///   At issue its reads pop and its writes take their credits. Nothing stalls afterwards: a write of stage w
///   pushes exactly w cycles after issue; the beat is visible to the reader one cycle after the push
///   (Channel::delay).
///
/// Example, a dense layer of 4 x 2 (input folds x output folds):
///   loops    {2, 4}            output folds outside, input folds inside
///   reads    x at stage 0 when loop 0 == 0
///   writes   y at stage 5 when loop 1 == 3
/// reads 4 beats and writes 2 in 8 iterations; its frame interval is at least 8 cycles.
///
/// The rule, its lemmas and their proofs are in docs/rationale/dataflow.md.
namespace sluice::dataflow {

/// A loop runs 0 .. extent-1. The last loop of a schedule is the innermost.
struct Loop {
  std::uint32_t extent = 1;
  bool operator==(const Loop&) const = default;
};

enum class Relation : std::uint8_t { equal, less, greaterEqual };

/// A test on one loop counter.
struct When {
  std::uint32_t loop = 0;
  Relation relation = Relation::equal;
  std::uint32_t value = 0;
  bool operator==(const When&) const = default;
};

enum class Direction : std::uint8_t { read, write };

/// The iterations in which a stream moves a beat: those where all tests hold. Several accesses of one stream
/// are the union of their sets (at most one beat an iteration); they must agree in stage.
struct Access {
  std::uint32_t port = 0;  ///< index of the kernel's stream port
  Direction direction = Direction::read;
  std::uint32_t stage = 0;  ///< reads: 0. writes: cycles from issue to push, 0 .. depth
  std::vector<When> when;   ///< empty: in every iteration
  bool operator==(const Access&) const = default;
};

struct Schedule {
  std::vector<Loop> loops;     ///< outermost first; empty means one iteration per frame
  std::uint32_t interval = 1;  ///< II: cycles between issues of successive iterations, >= 1
  std::uint32_t depth = 0;     ///< pipeline stages: the largest write stage
  std::vector<Access> accesses;
  bool operator==(const Schedule&) const = default;
};

/// Iterations in one pass of the loop nest.
std::uint64_t iterations(const Schedule& schedule);
/// Whether port `port` moves a beat in iteration `i` of a pass.
bool accesses(const Schedule& schedule, std::uint32_t port, std::uint64_t i);
/// Beats that a port moves in one pass.
std::uint64_t beatsPerPass(const Schedule& schedule, std::uint32_t port);

}  // namespace sluice::dataflow
