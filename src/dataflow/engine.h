#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "dataflow/network.h"
#include "dataflow/runs.h"
#include "dataflow/simulate.h"

/// Engine: the firing rule, solved. Inner part of simulate, measure, sizeChannels and profile; use those.
///
/// Time is not stepped. The network is determinate: when an iteration issues depends only on when earlier
/// iterations issued (docs/rationale/dataflow.md), so each actor runs ahead on its own as far as it knows the
/// times it needs, and the order in which actors take turns changes nothing. Sources, sinks and links are
/// actors too: a source writes at stage 0 in every iteration, a sink reads, a link of latency k reads and
/// writes at stage k. Source and sink issue only in cycles their pattern opens.
///
/// A channel of d places is a ring of cycles. Entry k holds the push cycle of beat k until the beat is
/// popped, then the pop cycle, until beat k + d takes the place: one ring is all the state of a FIFO.
namespace sluice::dataflow {

class Engine {
 public:
  using Time = std::int64_t;
  static constexpr Time forever = std::numeric_limits<Time>::max() / 4;
  static constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

  /// `network` must pass check() and outlive the engine. Two liberties beyond check(), for parts of a network:
  /// a port joined to no channel (an invalid id) never waits, and a channel may lack its writer (its beats
  /// then come from preset()) or its reader.
  explicit Engine(const Network& network);

  /// Back to the end of reset, with these depths (the network's if empty; `unlimited` = as many places as
  /// needed).
  void reset(const std::vector<std::uint64_t>& depths = {});

  /// When sources and sinks are willing; open at first.
  void setPatterns(const Pattern& sources, const Pattern& sinks);
  /// The process stops before its pass number `passes` (from 0); unlimited at first. Sources and sinks:
  /// beats.
  void setLimit(std::size_t process, std::uint64_t passes) { processes_[process].limit = passes; }

  /// Of a channel without a writer: its beats are visible in these cycles, ascending. After reset().
  void preset(std::size_t channel, const std::vector<Time>& visible);
  /// Of a channel without a reader and without bound: when beat k was pushed, k < pushed(channel).
  [[nodiscard]] Time pushCycle(std::size_t channel, std::uint64_t k) const {
    return channels_[channel].cycle[k & channels_[channel].mask];
  }

  /// Issues everything that issues at or before `horizon` within the limits. Can be called again with wider
  /// ones.
  void run(Time horizon = forever);

  /// After run(): what keeps a process from issuing.
  enum class Wait : std::uint8_t { horizon, limit, beat, place };
  struct Standing {
    Wait wait = Wait::limit;
    ChannelId channel;  ///< of beat and place
    Time earliest = 0;  ///< of horizon: no issue before it
  };
  [[nodiscard]] Standing standing(std::size_t process) const;

  // Processes: actors, links, sources, sinks, in this order.
  [[nodiscard]] std::size_t processes() const { return processes_.size(); }
  [[nodiscard]] std::size_t linkProcess(std::size_t l) const { return network_.actors.size() + l; }
  [[nodiscard]] std::size_t sourceProcess(std::size_t s) const {
    return linkProcess(network_.links.size()) + s;
  }
  [[nodiscard]] std::size_t sinkProcess(std::size_t s) const {
    return sourceProcess(network_.sources.size()) + s;
  }
  [[nodiscard]] std::uint64_t passes(std::size_t process) const {
    const Process& p = processes_[process];
    return p.uniform == 0 ? p.passes : p.passes + (p.chunk - p.left) / p.uniform;
  }
  /// "actor 'a'", "source 'x'".
  [[nodiscard]] std::string processName(std::size_t process) const;
  [[nodiscard]] std::size_t writer(std::size_t channel) const { return channels_[channel].writer; }
  [[nodiscard]] std::size_t reader(std::size_t channel) const { return channels_[channel].reader; }

  /// Beats promised or pushed so far, the initial ones included; beats popped so far.
  [[nodiscard]] std::uint64_t pushed(std::size_t channel) const { return channels_[channel].pushed; }
  [[nodiscard]] std::uint64_t popped(std::size_t channel) const { return channels_[channel].popped; }
  [[nodiscard]] std::uint32_t writeStage(std::size_t channel) const { return channels_[channel].stage; }

  /// What was recorded since clearRecords(), while recording is on. Times are issue cycles: of a push, when
  /// its place was promised (the push is writeStage later).
  struct Records {
    std::vector<Time> promises, pops;
  };
  void setRecording(bool on) { recording_ = on; }
  [[nodiscard]] bool recording() const { return recording_; }
  [[nodiscard]] std::vector<Records>& records() { return records_; }
  void clearRecords();

  /// Waiting, while profiling is on: every wait is booked to the condition that was met last.
  struct Waits {
    std::uint64_t issued = 0;            ///< iterations, the ones that move nothing included
    std::vector<std::uint64_t> perPort;  ///< cycles
    std::uint64_t pattern = 0;           ///< cycles a source or sink was closed
  };
  void setProfiling(bool on) { profiling_ = on; }
  [[nodiscard]] const Waits& waits(std::size_t process) const { return processes_[process].waits; }

  /// The state between passes, as the earliest cycles that still matter: for every process its next issue;
  /// for every beat in a channel when it is visible, for every free place when it can be promised, both not
  /// below the next issue of the process that wants them. The future depends on this alone, is monotone in
  /// it, and moves by c when all of it moves by c.
  [[nodiscard]] std::vector<Time> state() const;
  /// Sets such a state; every process must stand between passes.
  void setState(const std::vector<Time>& state);
  /// Component of the network (joined by channels) of every entry of state().
  [[nodiscard]] std::vector<std::uint32_t> stateComponents() const;
  [[nodiscard]] std::uint32_t components() const { return componentCount_; }

 private:
  struct alignas(64) Ring {  // one cache line of what every beat touches
    Time* cycle = nullptr;
    std::uint64_t mask = 0;
    std::uint64_t depth = 0;
    std::uint64_t pushed = 0, popped = 0;
    std::uint32_t delay = 1, stage = 0;
    std::uint32_t writer = 0, reader = 0;
    bool writerWaits = false, readerWaits = false;
    bool mayGrow = false;
  };
  struct End {
    Ring* ring;
    std::uint32_t channel, port;
  };
  struct Move {  // the beats of one iteration: the reads, then the writes
    std::vector<End> ends;
    std::size_t reads = 0;
  };
  struct Process {               // what every turn touches comes first
    const Move* move = nullptr;  // of the present run
    std::uint64_t left = 0;      // iterations of the present run still to issue; 0: between runs
    Time interval = 1, earliest = 0;
    const Pattern* pattern = nullptr;
    bool queued = false;
    bool fresh = true;          // no run of the present pass has begun
    std::uint64_t uniform = 0;  // iterations of a pass if all move the same beats: passes then are one run
    std::uint64_t chunk = 0;    // of such: iterations of the present run
    std::uint64_t passes = 0, limit = unlimited;
    std::optional<RunCursor> cursor;
    Standing standing;
    std::vector<Move> moves;  // per mask of the tree
    std::uint64_t stream = 0;
    Waits waits;
  };

  template <bool kRecord, bool kProfile>
  void issueAll(std::uint32_t index, Time horizon);
  template <bool kRecord, bool kProfile, int kReads, int kWrites>
  bool issue(Process& process, const Move& move, Time horizon);
  bool nextRun(Process& process, bool profile);
  void grow(std::uint32_t channel);
  void wake(std::uint32_t process);

  const Network& network_;
  std::vector<RunTree> trees_;
  std::vector<Process> processes_;
  std::vector<Ring> channels_;
  std::vector<std::vector<Time>> cycles_;  // what Ring::cycle points into
  std::vector<Records> records_;
  Pattern sourcePattern_, sinkPattern_;
  bool recording_ = false, profiling_ = false;
  std::vector<std::uint32_t> queue_;  // circular; each process stands in it at most once
  std::size_t queueHead_ = 0, queueSize_ = 0;
  std::vector<std::uint32_t> component_;
  std::uint32_t componentCount_ = 0;
};

/// The most places taken at once, from promises and pops that arrive window by window, each ascending. A
/// place popped in cycle t can be promised again from t + 1 on, so in cycle t both beats count.
struct Peak {
  std::uint64_t promised = 0, popped = 0;
  std::uint64_t most = 0;

  explicit Peak(std::uint64_t initial) : promised(initial), most(initial) {}
  void merge(const Engine::Records& window) {
    std::size_t pop = 0;
    for (const Engine::Time t : window.promises) {
      while (pop < window.pops.size() && window.pops[pop] < t) {
        ++pop;
        ++popped;
      }
      ++promised;
      most = std::max(most, promised - popped);
    }
    popped += window.pops.size() - pop;
  }
};

}  // namespace sluice::dataflow
