#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "dataflow/schedule.h"

/// A network of actors joined by channels: what the simulator runs and the sizer sizes. It knows nothing of
/// neural networks or Verilog.
namespace sluice::dataflow {

struct ActorTag;
struct ChannelTag;
using ActorId = Id<ActorTag>;
using ChannelId = Id<ChannelTag>;

struct Actor {
  std::string name;
  Schedule schedule;
  std::vector<ChannelId> ports;  ///< the channel of each port of the schedule
};

/// A FIFO. A place is filled from push to pop and promised from issue to push. A beat pushed in cycle t can
/// be popped from cycle t + delay on; a place whose beat is popped in cycle t can be promised from cycle t +
/// 1 on. `delay` is 1 for every FIFO kind of ours, whatever its depth.
struct Channel {
  std::string name;
  std::uint32_t depth = 2;  ///< places, all of them, >= 1
  std::uint32_t delay = 1;
  std::uint32_t initial = 0;     ///< beats in it at the start, <= depth
  std::uint32_t leastDepth = 1;  ///< what the hardware allows at least
  bool fixed = false;            ///< the sizer may not change it
  std::uint32_t weight =
      1;  ///< cost of a place, for instance bits of a beat: the sizer saves dear places first
};

/// The outside. A source offers a beat in every cycle its pattern allows and hands it over when the channel
/// has a free place (ready = free place, push in that cycle). A sink takes a visible beat in every cycle its
/// pattern allows.
struct Port {
  std::string name;
  ChannelId channel;
  std::uint64_t beatsPerFrame = 1;
};

/// A ready/valid wire between two channels, as between two subgraphs: in each cycle in which `from` shows a
/// beat and `to` has a free place, the beat moves: pop and push in the same cycle, plus `latency` cycles on
/// the way with `latency` more places promised in `to`. It carries no credits.
struct Link {
  std::string name;
  ChannelId from, to;
  std::uint32_t latency = 0;
};

struct Network {
  std::vector<Actor> actors;
  std::vector<Channel> channels;
  std::vector<Port> sources, sinks;
  std::vector<Link> links;
};

/// Every channel has exactly one writer and one reader; ports, stages and depths are legal. Errors: badInput,
/// all named, one a line. The rules are numbered in network.cpp.
Status check(const Network& network);

/// The beats that go into every channel in a frame come out of it in a frame.
struct Balance {
  std::uint64_t frames = 1;              ///< least number of frames in which every actor does whole passes
  std::vector<std::uint64_t> passes;     ///< per actor: its passes in that many frames
  std::vector<std::uint64_t> linkBeats;  ///< per link: its beats in that many frames
};

/// Solves the balance equations. `network` must pass check().
/// Errors   badInput: a channel whose writer and reader disagree (named, with both numbers), an actor that no
/// source or sink fixes. Source   Lee, Messerschmitt, "Synchronous data flow", Proc. IEEE 75(9), 1987, for
/// passes as firings
Result<Balance> balance(const Network& network);

}  // namespace sluice::dataflow
