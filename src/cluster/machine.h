#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/event_graph.h"

/// A cluster as stages and the transfers between them: what a plan says, without how it was found.
///
/// A board works on a frame for `work`; when it is done, the frame's transfers go, each as a whole, over their links. A
/// link sends one thing at a time, in the order of the list, and what is sent arrives `latency` after its end. There is a
/// FIFO on both sides of every link, counted in frames: a board begins a frame only if the sending FIFO of each of its
/// transfers has a place, a transfer begins only if the receiving side has one, and it learns of a freed place one link
/// latency later.
///
///   stage 0 -> [sending FIFO] -> link -> [receiving FIFO] -> stage 1
namespace sluice::cluster {

struct MachineStage {
  std::string name;
  double work = 0;  ///< between the begins of two frames
  double latency =
      0;  ///< from the begin of a frame to its end; less than `work`: as long as that. A board whose kernels
          ///< form a pipeline begins the next frame before it has ended the last
};
struct Transfer {
  std::string link;
  double amount = 0, rate = 1, latency = 0;
  int fromStage = -1;     ///< one of the two
  int fromTransfer = -1;  ///< it goes on where that ends
  int toStage = -1;       ///< -1: other transfers go on
};
struct Machine {
  std::vector<MachineStage> stages;
  std::vector<Transfer> transfers;
};
struct Fifos {
  std::uint32_t sending = 2, receiving = 2;  ///< places, in frames
};

/// Ticks of the event graph in one of the plan's units of time.
constexpr double ticksPerUnit = 1e6;

/// The FIFOs with the fewest places with which frames come as often as with unbounded ones: first the receiving side, where
/// a place waits for the link, then the sending side. One place less on either side makes the interval longer.
/// Errors: those of graphOf and simulate.
Result<Fifos> leastFifos(const Machine& machine);

/// Stages and transfers of a plan's file (split/plan.h). Errors: badInput
Result<Machine> readMachine(std::string_view plan);

/// Errors: badInput (a transfer from or to nowhere, a rate that is not positive, no place in a FIFO)
Result<EventGraph> graphOf(const Machine& machine, const Fifos& fifos);

}  // namespace sluice::cluster
