#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataflow/csdf/graph.h"

/// The exact throughput of a graph with given capacities, as a longest-path question on the firings of one
/// iteration. analysis.cpp explains it.
namespace sluice::dataflow::csdf {

class Analysis {
 public:
  /// `graph` must pass check() with `repetition`; both must outlive the analysis.
  Analysis(const Graph& graph, const Repetition& repetition);

  struct Answer {
    bool deadlock = false;
    Period period;  ///< of exact(): the period. Of decide(), when bad: that of the circle found
    bool bad = false;
    /// When bad or a deadlock: the channels for whose room the circle found waits. Whatever the capacities of
    /// all others, it stays while these have no more. Empty: no capacities help.
    std::vector<std::uint32_t> channels;
    std::vector<std::string> waits;  ///< of a deadlock: who waits for whom, in a circle
  };

  /// Only whether it deadlocks.
  Answer live(const Capacities& capacities);
  /// The period that self-timed execution settles to. Capacities: at least the initial tokens, or unlimited.
  Answer exact(const Capacities& capacities);
  /// Whether the period is above `limit` (`strict`: above or equal).
  Answer decide(const Capacities& capacities, const Period& limit, bool strict);

  /// No capacities give a shorter period than this one of a single serial actor.
  [[nodiscard]] const Period& floor() const { return floor_; }
  [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }

 private:
  struct Edge {  // the firing waited for
    std::uint32_t node = 0;
    std::uint32_t distance = 0;  // iterations back; noEdge: waits for nothing
  };
  static constexpr std::uint32_t noEdge = 0xffffffffu;
  struct End {  // a channel at an actor
    std::uint32_t channel;
    const std::vector<Edge>* edges;  // per firing of the actor
    bool room;
  };
  struct Run {  // firings [from, to) of an actor
    std::uint32_t actor, from, to;
  };
  struct Circle {
    Period period;
    std::vector<std::uint32_t> channels;
  };
  struct
      Problem {  // is there a circle with sum (cycles * scale - distance * price) * magnify + distance * extra > 0?
    std::uint64_t scale, price, magnify, extra;
  };

  void setRoom(const Capacities& capacities);
  bool order(Answer& answer);
  bool findCircle(const Problem& problem, Circle& best);
  template <typename Value>
  bool findCircleIn(const Problem& problem, Circle& best);
  template <typename Value>
  bool sweep(const Problem& problem, std::vector<Value>& start, std::vector<Value>& finish);
  bool circleOfParents(Circle& best);

  const Graph& graph_;
  const Repetition& repetition_;
  std::vector<std::uint32_t> first_;            // node of firing 0, per actor
  std::vector<std::uint64_t> time_;             // per node
  std::vector<std::vector<Edge>> data_, room_;  // per channel: per firing of dst, of src
  std::vector<std::vector<std::uint64_t>> given_,
      taken_;  // per channel: tokens after n firings of an iteration
  Capacities capacities_;
  std::vector<std::vector<End>> ends_;  // per actor
  std::vector<Run> runs_;
  bool ordered_ = false;
  Answer stuck_;
  std::vector<std::uint32_t> parent_;  // per node: the end it waits for last; see analysis.cpp
  std::vector<std::uint32_t> mark_;
  Period floor_;
  std::uint64_t greatestDistance_ = 1;
  std::uint64_t totalTime_ = 0;
  std::uint64_t evaluations_ = 0;
};

}  // namespace sluice::dataflow::csdf
