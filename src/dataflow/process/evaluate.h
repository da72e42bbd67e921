#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataflow/process/program.h"

/// The exact simulator of process networks: event times as the least solution of the firing rule (network.h).
///
/// A process runs ahead of the others as far as the beats and places it needs have been decided, a whole strided run
/// at a time; then the next one does. The order does not matter: times are the least solution of "not before"
/// constraints. Per FIFO one ring of times is kept, as deep as the FIFO: the slot of beat k holds the time of its
/// write until its read, then the time of its read, which is what the write of beat k + depth asks for. Memory is
/// bounded by the depths; a FIFO that can never fill keeps only the beats that wait.
namespace sluice::dataflow::process {

/// What the firing rule needs to know of a lane's FIFOs.
struct LaneSetting {
  std::uint64_t depth = 2;
  std::uint64_t writeToRead = 1;  ///< cycles
  bool operator==(const LaneSetting&) const = default;
};

/// One wait of a deadlock: `process` waits for `forProcess` because `fifo` is full or empty, or because `forProcess`
/// has to finish first (`after`).
struct Wait {
  enum class Why : std::uint8_t { empty, full, after };
  std::uint32_t process = 0, forProcess = 0;
  Why why = Why::empty;
  std::uint32_t lane = 0;  ///< of empty and full
};

struct Outcome {
  enum class Kind : std::uint8_t { finished, deadlock, late };
  Kind kind = Kind::finished;
  std::uint64_t cycles = 0;  ///< finished: the largest finish. late: a cycle after the limit that is reached
  std::vector<Wait> deadlock;  ///< the circle: each waits for the next, the last for the first
  [[nodiscard]] bool within(std::uint64_t limit) const { return kind == Kind::finished && cycles <= limit; }
};

/// A process stood still for `cycles` before it could do the accesses of local time `clock`.
struct Stall {
  std::int64_t clock = 0, cycles = 0;
  std::uint32_t lane = 0;  ///< the one that became possible last (of several the first)
  bool forPlace = false;   ///< its FIFO was full; else empty
  bool operator==(const Stall&) const = default;
};

/// Times of all events of a run, by lane and beat: 16 bytes a beat; and why processes stood still.
struct Record {
  std::vector<std::vector<std::int64_t>> writes, reads;
  std::vector<std::vector<Stall>> stalls;    ///< per process, in order
  std::vector<std::uint64_t> start, finish;  ///< per process; start: the cycle in which its local clock is 0
};

constexpr std::uint64_t noLimit = ~std::uint64_t{0} >> 2;

/// Runs one program again and again; keeps its memory between runs.
class Evaluator {
 public:
  /// `program` must outlive it.
  Evaluator(const Program& program, const Timing& timing);
  ~Evaluator();
  Evaluator(Evaluator&&) noexcept;

  /// One run. Ends early with `late` once some process must finish after `limit`.
  /// Cost     a few nanoseconds a distinct access time, less in strided runs; no allocation after the first run
  Outcome run(std::span<const LaneSetting> lanes, std::uint64_t limit = noLimit);
  /// The same to the end, with all times.
  Outcome record(std::span<const LaneSetting> lanes, Record& record);

  /// Settings by the exact rule: shift register delay up to the lane's srlDepth, else RAM delay.
  [[nodiscard]] std::vector<LaneSetting> exact(std::span<const std::uint64_t> depthOfGroup) const;

  [[nodiscard]] std::uint64_t runs() const { return runs_; }
  [[nodiscard]] const Program& program() const { return program_; }
  [[nodiscard]] const Timing& timing() const { return timing_; }

 private:
  struct State;
  const Program& program_;
  Timing timing_;
  std::unique_ptr<State> state_;
  std::uint64_t runs_ = 0;
};

/// "process a waits for b: FIFO f is full" joined for the whole circle.
std::string deadlockText(const Network& network, const Program& program, const std::vector<Wait>& circle);

/// Cycles of one run with a depth per group, or the deadlock. Errors: those of compile().
Result<Outcome> simulate(const Network& network, const std::vector<std::uint64_t>& depthOfGroup);

}  // namespace sluice::dataflow::process
