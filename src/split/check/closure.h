#pragma once

#include <string>
#include <utility>
#include <vector>

#include "split/check/facts.h"

/// Whether a certificate's list of states proves its bound. Throws std::runtime_error with the step that escapes.
namespace sluice::splits::checking {

/// Where boards stand: place of the last stage (-1: none), boards used per kind, and (not for the load) the value.
struct Seat {
  int place = -1;
  std::vector<int> used;
  double value = 0;
};
struct State {
  std::vector<bool> items;
  std::vector<Seat> seats;
};
struct Weights {
  std::vector<int> left;  ///< kinds
  std::vector<double> multipliers;
};

struct Claim {
  std::string goal = "load";
  double limit = never;  ///< of every load
  double below = 0;
  std::vector<std::pair<int, int>> merges;
  std::vector<Weights> weights;
  std::vector<State> states;
};

void checkClosure(const Facts& facts, const Claim& claim);

}  // namespace sluice::splits::checking
