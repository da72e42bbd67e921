#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Values that change over time, as programs that show waveforms read them: what every dump here is written with.
namespace sluice::dataflow {

struct WaveChange {
  std::uint64_t cycle = 0;
  std::size_t value = 0;  ///< which
  std::uint64_t now = 0;
};

struct Waveform {
  struct Signal {
    std::string scope, name;
    std::size_t value = 0;
  };
  std::string top;                  ///< the scope around all others
  std::vector<std::uint32_t> bits;  ///< of each value: 1 is a wire, more an integer; at most 64
  std::vector<Signal> signals;      ///< those of a scope one after the other; several may show one value
  /// In any order. Of several of one value in one cycle the last one stands, and what changes nothing is left out.
  /// Values are unknown until their first change.
  std::vector<WaveChange> changes;
};

/// The changes by cycle and value, without those that do not show.
std::vector<WaveChange> shownChanges(std::vector<WaveChange> changes, std::size_t values);

/// As a value change dump. One time unit is one cycle.
/// Source   IEEE 1364-2005 section 18
std::string vcdText(const Waveform& wave);

/// Names in a dump have no white space.
std::string waveName(std::string name);

}  // namespace sluice::dataflow
