#pragma once

#include <memory>
#include <optional>

#include "dataflow/steady.h"

/// Judge: does a network with these depths keep the latency and the rate of unbounded FIFOs? Inner part of
/// sizeChannels().
///
/// Asked of all channels at once, the answer takes a simulation of the whole network. Asked of one channel
/// with all others unbounded, which is most of what a sizer asks, it takes a simulation of the kernels at
/// its two ends: that is what a Part is for. judge.cpp says why that is exact.
namespace sluice::dataflow {

/// good and bad are proven. undecided: the latency is kept, but the rate was not settled in the frames tried.
enum class Verdict : std::uint8_t { good, bad, undecided };

class Judge {
 public:
  using Time = Engine::Time;
  using Depths = std::vector<std::uint64_t>;  ///< Engine::unlimited: as many places as needed

  /// `network` must pass check(), `flow` be its balance(); both must outlive the judge.
  Judge(const Network& network, const Balance& flow);

  /// Runs the network with every channel unbounded that is not fixed, and takes its latency and rate as what
  /// is to be kept. Errors: infeasible if it deadlocks, with the circle.
  Status prepare();

  [[nodiscard]] std::uint64_t latency() const { return latency_; }  ///< cycles
  [[nodiscard]] const Rate& target() const { return target_; }      ///< cycles per cut
  [[nodiscard]] bool targetIsProven() const { return targetIsProven_; }
  /// Every channel unbounded that is not fixed.
  [[nodiscard]] const Depths& unbounded() const { return unbounded_; }
  /// The most places each channel takes at once in the first cuts of that run.
  std::vector<std::uint64_t> peaks(const Depths& depths) { return steady_.peaks(depths, 2); }

  /// The whole network with these depths.
  Verdict whole(const Depths& depths);
  SteadyState& steady() { return steady_; }
  /// These channels in the order in which beats go through the network.
  [[nodiscard]] std::vector<std::uint32_t> inOrder(std::vector<std::uint32_t> channels) const;

  /// Simulations made, of the whole and of parts; and both together, a part counted as its share of processes.
  [[nodiscard]] std::uint64_t simulations() const { return simulations_; }
  [[nodiscard]] std::uint64_t partSimulations() const { return partSimulations_; }
  /// Beats of one cut, all channels together.
  [[nodiscard]] std::uint64_t beats() const { return beats_; }
  [[nodiscard]] std::uint64_t effort() const {
    return simulations_ + partProcesses_ / steady_.engine().processes();
  }

 private:
  friend class Part;
  void order();
  void recordUnbounded();

  const Network& network_;
  const Balance& flow_;
  SteadyState steady_;
  Depths unbounded_;
  std::uint64_t latency_ = 0;
  Rate target_;
  bool targetIsProven_ = false;
  std::uint64_t simulations_ = 0, partSimulations_ = 0, partProcesses_ = 0, beats_ = 0;

  // What parts need of the unbounded run; see judge.cpp.
  bool partsAreSmall_ = false;              // false: a part is judged by a run of the whole network
  std::vector<std::vector<Time>> visible_;  // per channel, cut 0: when beat k is visible to its reader
  std::vector<std::vector<Time>>
      latestPop_;  // per channel, cut 0: latest pop of beat k that keeps the latency
  std::vector<std::vector<std::uint32_t>> writes_, reads_;  // per process: its channels
  std::vector<std::uint32_t> rank_;  // per process: before whatever depends on it; equal in a circle
  std::vector<std::uint32_t> seenForward_, seenBackward_;  // per process: the last part that reached it
  std::uint32_t parts_ = 0;
  std::vector<std::uint64_t> passes_;  // per process and cut
};

/// The network with depths for some channels, all others unbounded (fixed ones as they are).
class Part {
 public:
  /// `channels`: those that get a depth; not fixed ones. The judge must be prepared and outlive the part.
  Part(Judge& judge, std::vector<std::uint32_t> channels);

  /// `depths`: of the channels, in their order; at least 1 and their initial beats; unlimited is possible.
  Verdict judge(const std::vector<std::uint64_t>& depths);

 private:
  bool keepsLatency(const std::vector<std::uint64_t>& depths);

  Judge& judge_;
  std::vector<std::uint32_t> channels_;
  // Two networks of the same processes: with the streams that enter and leave (for the latency), and without
  // (for the rate).
  Network timed_, free_;
  Balance flow_;
  std::vector<std::uint32_t> channelOf_;  // of a channel of timed_: in the whole network
  std::vector<std::uint32_t> processOf_;  // the same of processes
  std::vector<std::uint32_t> boundedAt_;  // per channel of channels_: in timed_ and free_
  std::size_t inner_ = 0;                 // channels of free_: the first of timed_
  std::vector<std::uint32_t> entering_, leaving_;
  std::optional<Engine> engine_;
  std::optional<SteadyState> steady_;
};

}  // namespace sluice::dataflow
