#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "show.h"

/// The field's reference networks, quantized as they come or here, and how each is built: what the program `networks` takes through
/// the hardware.
namespace sluice::show {

struct Reference {
  std::string name;            ///< also the program's option that picks it: --RN07
  std::string model;           ///< file under models/
  std::string oracle;          ///< file under data/oracles/ with inputs `x`; empty: random codes
  double inputStep = 0x1p-10;  ///< of inputs that no quantizer comes before; 16 bits
  map::MapOptions options;
  std::uint64_t frames = 3;
  std::uint32_t bits =
      0;  ///< of weights and activations after post-training quantization; 0: quantized as it comes
  std::uint64_t evaluatorFrames =
      0;  ///< of the in-process evaluator: 0 where Verilator alone is quick enough
};

const std::vector<Reference>& references();

/// Imported, lowered, compiled, with its samples. Errors: those of all of it.
Result<Network> load(const Reference& reference);

/// "--RN07": the option that picks it.
std::string optionOf(const Reference& reference);
/// Those that the options pick, all where none does. --mlps alone picks none.
std::vector<Reference> chosenReferences(const Output& out);
/// "--mlps" and the options of all references.
std::vector<std::string> networkOptions();
/// The designs that a program was asked for by these options; without any, those of plans().
Result<std::vector<Plan>> chosenPlans(const Output& out);

}  // namespace sluice::show
