#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// The checker's own view of a problem's file. Everything throws std::runtime_error with what is wrong.
namespace sluice::splits::checking {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double tolerance = 1e-9;

struct Kind {
  std::string name;
  int count = 1;
  bool adds = true;      ///< times add up; else the largest counts
  char transfers = '+';  ///< '+' added, '|' beside the work, '0' free
  double rate = 1;
  std::vector<double> room;
};
struct Item {
  std::string id, group;
  std::vector<double> time, size;
};
struct Flow {
  int from = 0;
  std::vector<int> to;
  double amount = 0;
};
struct Cable {
  double rate = 1, latency = 0;
};

struct Facts {
  std::vector<Kind> kinds;
  std::vector<Item> items;
  std::vector<Flow> flows;
  std::vector<std::string> resources;
  std::map<std::string, int> ids;
  std::vector<int> order;  ///< empty: free
  std::string topology = "none";
  int columns = 1;
  std::vector<Cable> cables;

  [[nodiscard]] int places() const {
    int sum = 0;
    for (const Kind& kind : kinds) sum += kind.count;
    return sum;
  }
  /// Whether two places can differ in their cables.
  [[nodiscard]] bool placesDiffer() const { return topology != "none" && cables.size() > 1; }
  [[nodiscard]] const Cable& cable(int i) const {
    return cables.size() == 1 ? cables[0] : cables.at(static_cast<std::size_t>(i));
  }
  /// The cables from place a to place b > a, one after the other.
  [[nodiscard]] std::vector<Cable> way(int a, int b) const;
  /// The time a cable of this place takes per amount (star, switch); else 0.
  [[nodiscard]] double ownCable(int place) const;
};

Facts readFacts(std::string_view text);

}  // namespace sluice::splits::checking
