#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "hdl/lut_map.h"

/// Private to the LUT mapper: pieces of a bit network that touch nowhere but at leaves.
namespace sluice::hdl {

/// One piece with its leaves, in numbers of its own: inputs have smaller numbers than what reads them. It holds what
/// covers depend on and nothing else: no truth tables, no inverters, no names.
struct LutPart {
  enum class Kind : std::uint8_t { leaf, pair, mux, table, box };  ///< pair: an and or xor
  struct Gate {
    Kind kind = Kind::leaf;
    std::uint32_t first = 0, count = 0;  ///< its inputs
    std::uint32_t roots = 0;             ///< how many wires start here
    std::int32_t afterPs = 0;            ///< the most that follows one of them on its path
    std::int32_t arrivalPs = 0;          ///< leaf
    BoxKind box = BoxKind::memory;
    bool read = true;  ///< a box of which somebody reads more than the carry
  };
  std::vector<Gate> gates;
  std::vector<std::uint32_t> inputs;  ///< gates

  [[nodiscard]] std::span<const std::uint32_t> inputsOf(std::uint32_t g) const {
    return {inputs.data() + gates[g].first, gates[g].count};
  }
  [[nodiscard]] bool isLogic(std::uint32_t g) const {
    return gates[g].kind != Kind::leaf && gates[g].kind != Kind::box;
  }
  /// Calls visit(input, whether it is the input's carry, whether it goes to the box's own carry, delay) for every path through
  /// a box.
  template <typename Visit>
  void forPaths(std::uint32_t g, Visit visit) const {
    const Gate& gate = gates[g];
    for (std::uint32_t i = 0; i < gate.count; ++i) {
      const std::uint32_t in = inputs[gate.first + i];
      const bool fromCarry = i == chainInput(gate.box) && hasCarry(gates[in].box);
      for (const bool toCarry : {false, true})
        if (toCarry || gate.read)
          if (const std::int32_t delay = delayThrough(gate.box, i, toCarry); delay != kNoPath)
            visit(in, fromCarry, toCarry, delay);
    }
  }
  /// When what a box is read as is there, and when its carry.
  void passThrough(std::uint32_t g, std::vector<std::int32_t>& arrival,
                   std::vector<std::int32_t>& carry) const {
    arrival[g] = carry[g] = 0;
    forPaths(g, [&](std::uint32_t in, bool fromCarry, bool toCarry, std::int32_t delay) {
      std::int32_t& to = (toCarry ? carry : arrival)[g];
      to = std::max(to, (fromCarry ? carry : arrival)[in] + delay);
    });
  }
  void clear() { gates.clear(), inputs.clear(); }
};

/// Covers one part after the other.
class PartMapper {
 public:
  explicit PartMapper(const LutLibrary& library) : library_(library) {}

  struct Cover {
    std::vector<Lut> luts;        ///< in the part's numbers, by rising gate
    std::int32_t leastDelay = 0;  ///< of all covers
  };
  /// Of all covers the shortest delay.
  std::int32_t leastDelay(const LutPart& part);
  /// Least area at this delay.
  Cover cover(const LutPart& part, std::int32_t delayPs);

 private:
  static constexpr std::uint32_t kMostInputs = 8;
  struct Cut {
    std::uint32_t leaves[kMostInputs];
    std::uint32_t count = 0;
    std::uint64_t signature = 0;  ///< of the leaves: a cheap bound on the size of a union
    std::int32_t arrival = 0;
    float area = 0;
  };
  static std::span<const std::uint32_t> leavesOf(const Cut& cut) { return {cut.leaves, cut.count}; }
  enum class Pass : std::uint8_t { delay, flow, area };

  void start(const LutPart& part);
  void run(Pass pass);
  void visit(std::uint32_t g, Pass pass);
  bool visitSimple(std::uint32_t g, Pass pass);
  void enumerate(std::uint32_t g, Pass pass);
  void throughInput(std::uint32_t g, std::span<const std::uint32_t> in, std::size_t through, Pass pass);
  void offer(Cut& cut, std::uint32_t g, Pass pass);
  [[nodiscard]] std::int32_t arrival(const Cut& cut) const;
  void evaluate(Cut& cut, Pass pass);
  static bool better(const Cut& a, const Cut& b, Pass pass);
  static bool contains(const Cut& small, const Cut& large);
  static Cut trivial(std::uint32_t g);
  bool join(const Cut& a, const Cut& b, Cut& to) const;
  std::span<const Cut> cutsOf(std::uint32_t g, Cut& own) const;
  std::uint32_t take(const Cut& cut);
  void release(const Cut& cut);
  [[nodiscard]] std::int32_t delay() const;
  void chooseCover(std::int32_t delayPs);
  void require(std::uint32_t g, std::int32_t time) { required_[g] = std::min(required_[g], time); }

  LutLibrary library_;
  const LutPart* part_ = nullptr;
  bool changed_ = false;                  ///< a best cut, in this pass
  std::vector<std::uint8_t> feedsLogic_;  ///< per gate: is read by one that is no box
  std::vector<std::int32_t> arrival_, required_;
  std::vector<std::int32_t> carryArrival_, carryRequired_;  ///< of positions' carries
  std::vector<float> flow_, estimate_;
  std::vector<Cut> best_, cuts_, set_;
  std::vector<std::uint32_t> first_, count_, references_;
};

}  // namespace sluice::hdl
