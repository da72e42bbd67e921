#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// A network to be cut into stages, and the boards the stages go to: plain data, with no network of ours behind it.
///
/// The network is a directed acyclic graph of nodes; a node takes some time for a frame and some of each resource. A
/// tensor is made by one node and read by others; it has an amount (bits, or the time it takes at rate 1).
///
/// The boards sit in places 0, 1, 2, ... A plan puts a set of nodes on each place (an empty set is allowed), so that no
/// edge leads to an earlier place. That alone makes every part convex and the graph of parts acyclic, whatever the
/// number of skip connections. With Order::fixed the board of each place is given; with Order::free the plan chooses.
///
/// What a plan costs, frame after frame:
///
///   compute     on a board: the sum of its nodes' times (Work::sum: one engine does all), or the largest of them
///               (Work::slowest: every layer has its own kernel)
///   transfers   what enters and what leaves a part, each tensor once, through the board's own port of a rate:
///               added to the compute time, or overlapping it (then the largest of compute, in and out counts), or free
///   links       chain, ring, mesh: boards are wired to neighbours and have no router, so whatever is still needed is
///               handed on from each part to the next over the shortest way; every tensor once
///               star, switch: one cable per place, in and out at once; the centre copies
///
/// The load of a plan is the largest of these: a frame can enter every `load`. Its latency is counted stage by stage:
/// load of each stage, and between two stages that something crosses the latency of the links on the way and the time
/// the tensors take on each. (Stages that could overlap within a frame are not counted as if they did: the number is
/// safe.) Its boards are the places that hold nodes.
///
/// Units    times, rates and amounts are the user's, as long as amount / rate is a time
namespace sluice::splits {

constexpr double impossible = std::numeric_limits<double>::infinity();

enum class Work : std::uint8_t {
  sum,      ///< a board works on one node at a time
  slowest,  ///< all nodes of a board work at once
};
enum class Transfers : std::uint8_t {
  free,        ///< they cost nothing
  added,       ///< the board computes, or receives, or sends
  overlapped,  ///< the board does all three at once
};

struct Board {
  std::string name;
  std::uint32_t count = 1;
  Work work = Work::sum;
  Transfers transfers = Transfers::added;
  double rate = 1;               ///< of the board's own port, amount per time
  std::vector<double> capacity;  ///< per resource; infinity: without limit
};

struct Node {
  std::string name;
  std::string group;         ///< nodes of one group stay together; empty: none
  std::vector<double> time;  ///< per board kind; `impossible`: it cannot run there
  std::vector<double> size;  ///< per resource
};

struct Tensor {
  std::uint32_t from = 0;
  std::vector<std::uint32_t> to;  ///< ascending, no two alike
  double amount = 0;
};

struct Link {
  double rate = 1;     ///< amount per time
  double latency = 0;  ///< time
};

struct Topology {
  enum class Kind : std::uint8_t {
    none,      ///< links cost nothing
    chain,     ///< place i to place i + 1
    ring,      ///< a chain whose ends are joined
    mesh,      ///< rows of `columns` places, numbered in snake order
    star,      ///< place 0 is the centre, the others hang on it; a transfer from or to it takes one cable
    switched,  ///< every place hangs on a switch
  };
  Kind kind = Kind::none;
  std::uint32_t columns = 1;  ///< of a mesh
  /// chain: between i and i + 1; ring: the last one joins the ends; star, switch: the cable of each place. One link
  /// alone stands for all; a mesh has one.
  std::vector<Link> links;
};

struct Problem {
  std::string name;
  std::vector<std::string> resources;
  std::vector<Board> boards;
  std::vector<Node> nodes;
  std::vector<Tensor> tensors;
  std::vector<std::uint32_t> order;  ///< the board kind of each place; empty: free
  Topology topology;
  bool numberedNodes = false;  ///< the names of nodes are whole numbers, and are written as such

  /// How many there are, which is the number of boards.
  [[nodiscard]] std::uint32_t places() const;
};

/// Whether all positions are in range, all numbers are sound, and the graph has no cycle. Errors: badInput
Status check(const Problem& problem);

/// The nodes on each place; `board` indexes Problem::boards.
struct Stage {
  std::uint32_t place = 0;
  std::uint32_t board = 0;
  std::vector<std::uint32_t> nodes;  ///< ascending, never empty
};
using Stages = std::vector<Stage>;  ///< by ascending place

struct Measures {
  double load = 0, latency = 0;
  std::uint32_t boards = 0;
};

enum class Goal : std::uint8_t { load, latency, boards };

struct Objective {
  Goal goal = Goal::load;
  double loadLimit =
      impossible;  ///< no stage or link may take longer; for Goal::boards the time between frames
};

const char* nameOf(Goal goal);
const char* nameOf(Topology::Kind kind);  ///< "none", "chain", "ring", "mesh", "star", "switch"
std::optional<Topology::Kind> topologyNamed(std::string_view name);

}  // namespace sluice::splits
