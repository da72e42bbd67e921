#include "networks.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "flow/evaluate.h"
#include "frontend/qonnx.h"
#include "ir/host.h"
#include "passes/pipeline.h"

namespace sluice::tests {
namespace {

namespace fs = std::filesystem;

fs::path folderFrom(const char* variable, const fs::path& otherwise) {
  const char* value = std::getenv(variable);
  return value != nullptr ? fs::path(value) : otherwise;
}

/// The value; a failed test and a stop if there is none, for nothing after it makes sense.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) ADD_FAILURE() << result.error().text();
  return std::move(result).value();
}

dataflow::Pattern sourcesOf(std::uint32_t stall) { return {.seed = 11, .stallPercent = stall}; }
dataflow::Pattern sinksOf(std::uint32_t stall) { return {.seed = 12, .stallPercent = stall}; }

flow::SimulationRun runOf(const Hardware& hardware, const flow::Frames& frames, std::uint32_t stall) {
  const auto predicted = must(flow::predict(hardware.design, frames.count, sourcesOf(stall), sinksOf(stall)));
  return {.frames = frames.count,
          .sources = sourcesOf(stall),
          .sinks = sinksOf(stall),
          .cycleLimit = predicted.end + 100};
}

}  // namespace

fs::path sourceFolder() { return folderFrom("SLUICE_SOURCE", "."); }
fs::path binaryFolder() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }
fs::path sharedFolder() {
  fs::path folder = folderFrom("SLUICE_SHARED", "../shared");
  if (folder.is_relative()) folder = sourceFolder() / folder;
  return fs::exists(folder / "models") ? folder : fs::path();
}

Network load(const fs::path& model) {
  Network network;
  network.imported = must(frontend::importOnnx(model));
  network.lowered = must(passes::lower(network.imported));
  network.engine =
      std::make_shared<const ir::IntegerEngine>(must(ir::IntegerEngine::compile(network.lowered)));
  return network;
}

Hardware build(const Network& network, const map::MapOptions& options) {
  Hardware hardware;
  hardware.design = must(map::mapGraph(network.lowered, options));
  const Status sized = map::sizeStreams(hardware.design, options.family);
  EXPECT_TRUE(sized.ok()) << sized.error().text();
  hardware.rtl = must(emit::stitch(hardware.design, options.family));
  return hardware;
}

flow::Frames framesOf(const Network& network, const map::Design& design, const ir::CodeRows& codes,
                      std::uint64_t count) {
  const ir::CodeRows answers = must(network.engine->run(codes, count));
  flow::Frames frames{.count = count};
  for (const map::DesignPort& port : design.ports)
    (port.isInput ? frames.inputs : frames.outputs)
        .push_back((port.isInput ? codes : answers)[port.position]);
  return frames;
}

flow::Frames randomFrames(const Network& network, const map::Design& design, std::uint64_t count,
                          std::uint64_t seed) {
  return framesOf(network, design, ir::randomCodes(network.lowered, network.engine->regions(), count, seed),
                  count);
}

std::vector<flow::PortBeats> evaluate(const Hardware& hardware, const flow::Frames& frames,
                                      std::uint32_t stallPercent) {
  return must(flow::evaluateModule(*hardware.rtl.top, flow::harnessPorts(hardware.design),
                                   runOf(hardware, frames, stallPercent),
                                   flow::inputWords(hardware.design, frames)));
}

std::vector<flow::PortBeats> simulate(const Hardware& hardware, const flow::SimulationModel& model,
                                      const flow::Frames& frames, std::uint32_t stallPercent) {
  return must(flow::runModel(model, runOf(hardware, frames, stallPercent),
                             flow::inputWords(hardware.design, frames)));
}

void expectAgreement(const Hardware& hardware, const flow::Frames& frames,
                     const std::vector<flow::PortBeats>& seen, std::uint32_t stallPercent) {
  const auto predicted =
      must(flow::predict(hardware.design, frames.count, sourcesOf(stallPercent), sinksOf(stallPercent)));
  const flow::Agreement agreement = flow::compare(hardware.design, frames, predicted, seen);
  EXPECT_GT(agreement.outputBeats, 0u);
  EXPECT_TRUE(agreement.equal()) << agreement.firstDifference << " (" << stallPercent << " % stalls)";
}

}  // namespace sluice::tests
