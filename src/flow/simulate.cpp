#include "flow/simulate.h"

#include <cstring>

#include "base/text.h"
#include "flow/tools.h"
#include "jobs/command.h"

namespace sluice::flow {
namespace {

/// Verilator, then one compilation of everything. Optimised a little: compile time is what a user waits for.
const char* const kBuildScript = R"(set -e
"$VERILATOR" --cc --exe -O3 -Wno-fatal --noassert --top-module top --Mdir obj -f rtl/top.f harness.cpp
make -s -C obj -f Vtop.mk CXX="$COMPILER" LINK="$COMPILER" CFG_CXXFLAGS_NO_UNUSED= OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O1 -j "$WORKERS" Vtop
cp obj/Vtop model
)";

std::string bytesOf(const std::vector<std::vector<std::uint64_t>>& inputs) {
  std::string bytes;
  for (const std::vector<std::uint64_t>& words : inputs)
    bytes.append(reinterpret_cast<const char*>(words.data()), words.size() * sizeof(std::uint64_t));
  return bytes;
}

Result<std::vector<PortBeats>> beatsOf(const std::string& bytes, const std::vector<emit::HarnessPort>& ports) {
  std::vector<PortBeats> result(ports.size());
  std::size_t position = 0;
  const auto next = [&](std::uint64_t& word) {
    if (position + 8 > bytes.size()) return false;
    std::memcpy(&word, bytes.data() + position, 8);
    position += 8;
    return true;
  };
  for (std::size_t p = 0; p < ports.size(); ++p) {
    std::uint64_t count = 0;
    if (!next(count) || count > bytes.size() / 8) return ioError("the simulation's output is damaged");
    const std::uint32_t words = ports[p].isInput ? 0 : (ports[p].width + 63) / 64;
    for (std::uint64_t beat = 0; beat < count; ++beat) {
      std::uint64_t word = 0;
      if (!next(word)) return ioError("the simulation's output is damaged");
      result[p].cycles.push_back(word);
      for (std::uint32_t w = 0; w < words; ++w) {
        if (!next(word)) return ioError("the simulation's output is damaged");
        result[p].words.push_back(word);
      }
    }
  }
  return result;
}

}  // namespace

Result<SimulationModel> compileModel(const std::vector<emit::File>& files, const std::vector<emit::HarnessPort>& ports,
                                     const jobs::Store* store) {
  SLUICE_TRY(const Tool verilator, findVerilator());
  SLUICE_TRY(const Tool compiler, findCxx());
  jobs::Command command{.name = "verilator",
                        .argv = {"sh", "build.sh"},
                        .outputs = {"model"},
                        .machine = {{"VERILATOR", verilator.path}, {"COMPILER", compiler.path}, {"WORKERS", "2"}},
                        .toolVersion = verilator.version + "; " + compiler.version,
                        .limits = {.seconds = 3600}};
  for (const emit::File& file : files) command.inputs.push_back({file.name, file.content});
  command.inputs.push_back({"harness.cpp", emit::verilatorHarness(ports)});
  command.inputs.push_back({"build.sh", kBuildScript});
  SLUICE_TRY(jobs::Outcome outcome, jobs::run(store, command));
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, outcome));
  return SimulationModel{.ports = ports,
                         .program = std::move(outcome.outputs["model"]),
                         .seconds = outcome.seconds,
                         .fromCache = outcome.fromCache};
}

Result<std::vector<PortBeats>> runModel(const SimulationModel& model, const SimulationRun& run,
                                        const std::vector<std::vector<std::uint64_t>>& inputs) {
  const auto text = [](std::uint64_t number) { return std::to_string(number); };
  jobs::Command command{.name = "simulation",
                        .argv = {"./model", "input.bin", "output.bin", text(run.frames), text(run.sources.seed),
                                 text(run.sources.stallPercent), text(run.sinks.seed), text(run.sinks.stallPercent),
                                 text(run.cycleLimit), text(run.powerUpSeed)},
                        .outputs = {{"output.bin", true}},
                        .limits = {.seconds = 3600}};
  command.inputs.push_back({.name = "model", .content = model.program, .executable = true});
  command.inputs.push_back({"input.bin", bytesOf(inputs)});
  SLUICE_TRY(const jobs::Outcome outcome, jobs::run(nullptr, command));
  if (outcome.end == jobs::End::exited && outcome.exitCode == 2)
    return Error{ErrorCode::gaveUp, "the design did not deliver all beats of " + std::to_string(run.frames) + " frames in " +
                                        formatCount(static_cast<std::int64_t>(run.cycleLimit)) + " cycles",
                 "simulation"};
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, outcome));
  const auto output = outcome.outputs.find("output.bin");
  if (output == outcome.outputs.end()) return ioError("the simulation wrote no output");
  return beatsOf(output->second, model.ports);
}

}  // namespace sluice::flow
