#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "split/problem.h"

/// Which boards are left, as a small numbered set of states, and the steps between them.
///
/// A plan is built stage by stage. All that the rest of it must know of the boards is where the last stage stands and,
/// in free order, how many boards of each kind are used: that is a seat. Where links are all alike, stages sit side by
/// side without loss, so the place follows from the counts: 6 accelerators and a CPU give 14 seats.
namespace sluice::splits {

/// From one place to another over all links between.
struct Hop {
  double slowest = 0;  ///< load per amount that is handed on: 1 / the least rate on the way
  double inverse = 0;  ///< time per amount, all links one after the other
  double latency = 0;
};
/// The way from place a to place b > a. Errors: none; `problem` has passed check()
Hop hopBetween(const Problem& problem, std::uint32_t a, std::uint32_t b);
/// Load per amount that enters or leaves a place by its cable (star, switch); else 0.
double cableOf(const Problem& problem, std::uint32_t place);

constexpr std::uint32_t nowhere = 0xffffffffu;

struct SeatStep {
  std::uint32_t seat = 0;  ///< behind it
  std::uint32_t board = 0;
  std::uint32_t place = 0;
  double cable = 0;
  Hop hop;
};

struct Seats {
  std::vector<std::uint32_t> last;               ///< per seat: place of the last stage, or nowhere
  std::vector<std::vector<std::uint32_t>> used;  ///< per seat: boards per kind that may not be used any more
  std::vector<std::vector<std::uint32_t>> left;  ///< per seat: boards per kind that still may
  std::vector<std::vector<SeatStep>> steps;      ///< per seat
  [[nodiscard]] std::size_t count() const { return last.size(); }
};

/// Seat 0 is the start. Errors: unsupported if there are more than 4096 seats.
Result<Seats> seatsOf(const Problem& problem);

}  // namespace sluice::splits
