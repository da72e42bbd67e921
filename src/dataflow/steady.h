#pragma once

#include <optional>

#include "dataflow/engine.h"

/// The first frame and the steady state of a network under given depths: what measure() reports and
/// sizeChannels() compares. Inner part of those two.
namespace sluice::dataflow {

/// Cycles per cut; a cut is Balance::frames frames.
struct Rate {
  std::uint64_t cycles = 0;
  std::uint64_t cuts = 1;
};
/// a <= b, exactly.
bool notAbove(const Rate& a, const Rate& b);
/// Cycles between frames, rounded up.
std::uint64_t cyclesPerFrame(const Rate& rate, const Balance& flow);

/// A time before all others, which makes nothing later.
inline constexpr Engine::Time longAgo = -(Engine::Time{1} << 55);
/// The deepest FIFO that a search tries; what needs more needs no bound.
inline constexpr std::uint64_t mostDepth = std::uint64_t{1} << 31;
/// Cuts that are simulated to tell whether a rate is kept; nearly all are told within a few.
inline constexpr std::uint64_t cutsToDecide = 96;

class SteadyState {
 public:
  using Time = Engine::Time;

  SteadyState(const Network& network, const Balance& balance);

  struct FirstFrame {
    bool complete = false;  ///< false: deadlock, or the last output beat would come after the deadline
    std::uint64_t latency = 0;
  };
  /// From reset with these depths (empty: the network's): frame 0 until its last output beat.
  FirstFrame firstFrame(const std::vector<std::uint64_t>& depths, std::optional<std::uint64_t> deadline = {});

  /// From reset: the most places each channel needs at once until cut `cuts`.
  std::vector<std::uint64_t> peaks(const std::vector<std::uint64_t>& depths, std::uint64_t cuts);

  struct Bounds {
    bool deadlock = false;
    Rate least, most;        ///< least <= the rate for ever <= most; equal when proven
    std::uint64_t cuts = 0;  ///< simulated
    [[nodiscard]] bool proven() const { return !deadlock && notAbove(most, least); }
  };
  /// After firstFrame(): frame after frame until the rate is proven, at most `mostCuts`. With a target it
  /// ends as soon as the rate is proven to be at most the target (most <= target) or above it (least >
  /// target).
  Bounds rate(std::uint64_t mostCuts, const std::optional<Rate>& target = {});

  /// No network of these actors is faster, whatever its depths.
  [[nodiscard]] const Rate& floor() const { return floor_; }
  [[nodiscard]] const Engine& engine() const { return engine_; }

 private:
  struct Component {
    Rate least, most{Engine::forever, 1};
  };
  bool toCut(std::uint64_t cut);  // false: deadlock
  void compare(const std::vector<Time>& before, const std::vector<Time>& now, std::uint64_t cuts);
  void probe(const std::vector<Time>& before, const std::vector<Time>& now, std::uint64_t cuts);

  const Network& network_;
  Engine engine_;
  std::uint64_t cutFrames_ = 1;
  std::vector<std::uint64_t> passes_;  // per process and cut
  std::vector<std::uint32_t> entryComponent_;
  std::vector<Component> components_;
  std::vector<Rate> floors_;
  Rate floor_;
  std::uint64_t reached_ = 0;  // cuts the engine's counters have passed
};

}  // namespace sluice::dataflow
