#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataflow/process/evaluate_state.h"
#include "dataflow/process/program.h"

/// Skips what repeats.
///
/// Let a run stand in some state, and later in a second one that is the first moved in time: every process stands at
/// the same instruction, having gone round one loop (or along one strided run) a few times more, all their clocks moved
/// by the same number of cycles, and the times in every FIFO moved alike. What happens next depends on nothing else,
/// so the stretch between the two states happens again and again, until a process would leave its loop: its n
/// repetitions are one step here.
///
/// Two things need not move along. A *stale* time, from which nobody waits any more (a beat that was visible, a place
/// that was free, before the clock of the process that will use it) may be any other stale time. And a FIFO that fills
/// or drains may change its level, as long as the beats and places used are stale ones that are there already, in the
/// stretch that was seen (so that nobody waited for them there either) and in those to come; that bounds n. A process that stands still in between keeps its times: whatever it waits for did not come, and will not.
///
/// Two states are compared at a time, the older being replaced after 1, 2, 4, ... steps (Brent, "An improved Monte
/// Carlo factorization algorithm", BIT 20, 1980), so a period is found within a few times its length. Loops are nested,
/// and so are periods: three older states are kept, and a skip within an inner loop forgets the innermost alone, so
/// that the outer loop, each turn of which is now a few skips, is seen to repeat too.
namespace sluice::dataflow::process {

class Periodic {
 public:
  Periodic(const Program& program, std::vector<Ring>& rings, std::vector<Running>& running)
      : program_(program), rings_(rings), running_(running) {}

  void restart();

  /// To be called when process p is about to go on. True: repetitions were skipped; processes that waited may go on.
  bool step(std::uint32_t p);

 private:
  /// A FIFO as far as anybody will notice. Times rise from the oldest beat to the newest and so do those of places:
  /// what is not stale is the end of the list.
  struct Level {
    std::uint64_t written = 0, read = 0;
    std::vector<std::int64_t> beats, places;  ///< how far they lie ahead of their users' clocks, newest first
    bool whole = true;                        ///< false: too many to be worth comparing
    std::uint64_t staleBeats = 0, stalePlaces = 0;  ///< of an older state: how many nobody waits for
  };

  struct Older {
    std::vector<Running> running;
    std::vector<Level> levels;
    std::uint32_t leader = 0;  ///< the process that was about to go on
    std::uint64_t steps = 0, patience = 0;
    bool known = false;
  };

  void look(std::size_t lane, Level& level) const;
  [[nodiscard]] std::uint64_t staleBeats(std::size_t lane) const;
  [[nodiscard]] std::uint64_t stalePlaces(std::size_t lane) const;
  void remember(Older& older, std::uint32_t p);
  [[nodiscard]] std::uint64_t repetitions(const Older& older);
  [[nodiscard]] bool advanced(const Older& older, std::uint32_t q, std::uint64_t& most);
  [[nodiscard]] std::uint64_t staleRepetitions(const Level& level, std::size_t lane) const;
  void skip(const Older& older, std::uint64_t repetitions);
  void moveTimes(std::size_t lane, std::int64_t cycles);
  void continueTimes(const Level& level, std::size_t lane, std::uint64_t repetitions, std::int64_t cycles);

  const Program& program_;
  std::vector<Ring>& rings_;
  std::vector<Running>& running_;
  std::array<Older, 3> older_;  ///< of the innermost loops first
  std::vector<Level> now_;
  std::vector<std::int64_t> moved_;  ///< per process: cycles between the states; 0: it stood still
  std::vector<bool> loose_;          ///< per lane: its level may change, its times are stale
};

}  // namespace sluice::dataflow::process
