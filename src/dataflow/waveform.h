#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// What every value change dump here is written with (IEEE 1364-2005 section 18): identifier codes, names, and the changes.
namespace sluice::dataflow {

struct VcdChange {
  std::uint64_t cycle = 0;
  std::size_t signal = 0;
  std::uint64_t value = 0;
};

/// Short names of signals: numbers in printable characters.
std::string vcdCode(std::size_t number);
/// Names in a dump have no white space.
std::string vcdName(std::string name);
/// The dump's second half. Signals 0 .. integers-1 are integers, the rest up to `signals` wires. Changes may come in any
/// order; of several of one signal in one cycle the last one stands, and what changes nothing is left out.
std::string vcdChanges(std::vector<VcdChange> changes, std::size_t integers, std::size_t signals);

}  // namespace sluice::dataflow
