#include "dataflow/waveform.h"

#include <algorithm>
#include <bit>
#include <tuple>

namespace sluice::dataflow {
namespace {

/// Short names of values: numbers in printable characters.
std::string code(std::size_t number) {
  std::string text;
  do {
    text += static_cast<char>('!' + number % 94);
    number /= 94;
  } while (number > 0);
  return text;
}

std::string binary(std::uint64_t value) {
  std::string digits;
  for (int bit = std::max(1, static_cast<int>(std::bit_width(value))) - 1; bit >= 0; --bit)
    digits += ((value >> bit) & 1) != 0 ? '1' : '0';
  return digits;
}

}  // namespace

std::string waveName(std::string name) {
  for (char& c : name)
    if (c <= ' ' || c > '~') c = '_';
  return name.empty() ? "_" : name;
}

std::vector<WaveChange> shownChanges(std::vector<WaveChange> changes, std::size_t values) {
  std::stable_sort(changes.begin(), changes.end(), [](const WaveChange& a, const WaveChange& b) {
    return std::tie(a.cycle, a.value) < std::tie(b.cycle, b.value);
  });
  std::vector<std::uint64_t> shown(values, 0);
  std::vector<bool> known(values, false);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const WaveChange change = changes[i];
    const bool last = i + 1 == changes.size() || changes[i + 1].cycle != change.cycle ||
                      changes[i + 1].value != change.value;
    if (!last || (known[change.value] && shown[change.value] == change.now)) continue;
    known[change.value] = true;
    shown[change.value] = change.now;
    changes[kept++] = change;
  }
  changes.erase(changes.begin() + static_cast<std::ptrdiff_t>(kept), changes.end());
  return changes;
}

std::string vcdText(const Waveform& wave) {
  std::string text = "$timescale 1 ns $end\n$scope module " + waveName(wave.top) + " $end\n";
  for (std::size_t s = 0; s < wave.signals.size(); ++s) {
    const Waveform::Signal& signal = wave.signals[s];
    if (s == 0 || wave.signals[s - 1].scope != signal.scope)
      text += (s == 0 ? "" : "$upscope $end\n") + ("$scope module " + waveName(signal.scope) + " $end\n");
    const std::uint32_t bits = wave.bits[signal.value];
    text += (bits == 1 ? "$var wire 1 " : "$var integer " + std::to_string(bits) + " ") + code(signal.value) +
            " " + waveName(signal.name) + " $end\n";
  }
  text +=
      (wave.signals.empty() ? "" : "$upscope $end\n") + std::string("$upscope $end\n$enddefinitions $end\n");
  std::uint64_t cycle = ~std::uint64_t{0};
  for (const WaveChange& change : shownChanges(wave.changes, wave.bits.size())) {
    if (change.cycle != cycle) text += "#" + std::to_string(cycle = change.cycle) + "\n";
    text += wave.bits[change.value] > 1 ? "b" + binary(change.now) + " " : std::to_string(change.now);
    text += code(change.value) + "\n";
  }
  return text;
}

}  // namespace sluice::dataflow
