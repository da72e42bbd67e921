#pragma once

#include <cstdint>
#include <vector>

/// What a run of the simulator holds between two steps; for evaluate.cpp and periodic.cpp only.
namespace sluice::dataflow::process {

/// Added to any time it is before all times.
constexpr std::int64_t never = -(std::int64_t{1} << 61);

/// A FIFO's times: slot of beat k holds the time of its write until its read, then the time of its read.
struct Ring {
  std::vector<std::int64_t> slots;
  std::uint64_t capacity = 0;  ///< slots in use; the FIFO's depth if it can fill
  std::uint64_t at = 0;        ///< position of the next write
  std::uint64_t readAt = 0;    ///< position of the next read
  std::uint64_t written = 0, read = 0;
  std::int64_t writeToRead = 1, readToWrite = 1;
  bool bounded = true;  ///< depth below tokens: writes wait for reads
  bool readerWaits = false, writerWaits = false;

  std::uint64_t unawaited = 0;  ///< so many next writes wait for nothing, whatever their slots hold

  [[nodiscard]] std::uint64_t held() const { return written - read; }
  /// Added to a slot it gives the earliest time of the write into it.
  [[nodiscard]] std::int64_t writeDelay() const { return bounded && unawaited == 0 ? readToWrite : never; }
  [[nodiscard]] std::uint64_t before(std::uint64_t position) const {
    return (position == 0 ? capacity : position) - 1;
  }
};

/// A process within its program.
struct Running {
  std::uint32_t at = 0;    ///< instruction
  std::uint64_t done = 0;  ///< events of it that have happened
  std::int64_t time = 0;   ///< cycle at which the local clock stood at `clock`
  std::int64_t clock = 0;
  std::vector<std::uint64_t> counters;  ///< of its loops
  bool started = false, finished = false, queued = false;
  std::int64_t finish = 0;
  std::uint32_t waitsOn = 0;  ///< lane, if blocked
  bool waitsForPlace = false;
};

}  // namespace sluice::dataflow::process
