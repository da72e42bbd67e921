#include "dataflow/vcd_text.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace sluice::dataflow {
namespace {

std::string binary(std::uint64_t value) {
  std::string digits;
  for (int bit = std::max(1, static_cast<int>(std::bit_width(value))) - 1; bit >= 0; --bit)
    digits += ((value >> bit) & 1) != 0 ? '1' : '0';
  return digits;
}

}  // namespace

std::string vcdCode(std::size_t number) {
  std::string text;
  do {
    text += static_cast<char>('!' + number % 94);
    number /= 94;
  } while (number > 0);
  return text;
}

std::string vcdName(std::string name) {
  for (char& c : name)
    if (c <= ' ' || c > '~') c = '_';
  return name.empty() ? "_" : name;
}

std::string vcdChanges(std::vector<VcdChange> changes, std::size_t integers, std::size_t signals) {
  std::stable_sort(changes.begin(), changes.end(), [](const VcdChange& a, const VcdChange& b) {
    return std::tie(a.cycle, a.signal) < std::tie(b.cycle, b.signal);
  });
  std::string text;
  std::uint64_t cycle = ~std::uint64_t{0};
  std::vector<std::uint64_t> shown(signals, ~std::uint64_t{0});
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const VcdChange& change = changes[i];
    const bool last = i + 1 == changes.size() || changes[i + 1].cycle != change.cycle ||
                      changes[i + 1].signal != change.signal;
    if (!last || shown[change.signal] == change.value) continue;
    if (change.cycle != cycle) text += "#" + std::to_string(cycle = change.cycle) + "\n";
    shown[change.signal] = change.value;
    text += change.signal < integers ? "b" + binary(change.value) + " " : std::to_string(change.value);
    text += vcdCode(change.signal) + "\n";
  }
  return text;
}

}  // namespace sluice::dataflow
