#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "emit/stitch.h"
#include "flow/verify.h"
#include "ir/graph.h"
#include "ir/integer.h"
#include "map/map.h"

/// For tests of the whole: networks from files, as hardware, through the engines. Whatever fails is a failed
/// test.
namespace sluice::tests {

std::filesystem::path sourceFolder();  ///< $SLUICE_SOURCE, else "."
std::filesystem::path binaryFolder();  ///< the build folder the running test stands in
/// Models and data that do not ship with Sluice: $SLUICE_SHARED, else ../shared beside the source; empty if
/// absent.
std::filesystem::path sharedFolder();

struct Network {
  ir::Graph imported, lowered;
  std::shared_ptr<const ir::IntegerEngine> engine;
};
Network load(const std::filesystem::path& model);

struct Hardware {
  map::Design design;
  emit::Rtl rtl;
};
Hardware build(const Network& network, const map::MapOptions& options);

/// Frames with these codes at the design's inputs (all frames of an input in one list), and the integer
/// engine's answers.
flow::Frames framesOf(const Network& network, const map::Design& design, const ir::CodeRows& codes,
                      std::uint64_t count);
flow::Frames randomFrames(const Network& network, const map::Design& design, std::uint64_t count,
                          std::uint64_t seed);

/// The beats that the in-process evaluator shows, with random gaps and stalls.
std::vector<flow::PortBeats> evaluate(const Hardware& hardware, const flow::Frames& frames,
                                      std::uint32_t stallPercent);
/// The same through Verilator.
std::vector<flow::PortBeats> simulate(const Hardware& hardware, const flow::SimulationModel& model,
                                      const flow::Frames& frames, std::uint32_t stallPercent);
/// Values against the integer engine and cycles against the simulator.
void expectAgreement(const Hardware& hardware, const flow::Frames& frames,
                     const std::vector<flow::PortBeats>& seen, std::uint32_t stallPercent);

}  // namespace sluice::tests
