#include "flow/simulate.h"

#include <cstring>

#include "base/text.h"
#include "flow/tools.h"
#include "jobs/command.h"

namespace sluice::flow {
namespace {

/// Verilator, then its classes in two compilations at once: what runs every cycle, optimised a little, and
/// what runs once, not at all. (Verilator's own makefile compiles a dozen files, each of which reads the same
/// headers.) Contents of ROMs come out as one straight line of some ten thousand assignments, on which
/// clang's register allocator takes the square of its length; a jump that is never taken after every 64 of
/// them makes that linear. Verilator's runtime is the same for every model: ccache, where there is one, keeps
/// it. The runtime of some clang releases wants libatomic. -fno-const-bit-op-tree: Verilator 5.006 computes some reductions of constants and signals wrongly without it.
const char* const kBuildScript = R"(set -e
"$VERILATOR" --cc -O3 -fno-const-bit-op-tree -Wno-fatal --noassert --top-module top --Mdir obj -f rtl/top.f
ROOT=$("$VERILATOR" --getenv VERILATOR_ROOT)
CACHE=$(command -v ccache || true)
cd obj
for file in Vtop*.cpp; do
  case $file in
    *__Slow.cpp)
      awk '/^VL_ATTR_COLD void .*__eval_initial.*[{]$/ { initial = 1 }
           /^}/ { initial = 0 }
           { print }
           initial && /^ +(vlSelf->|= ).*;$/ && ++statements % 64 == 0 { print "    if (!vlSelf) return;" }' \
        "$file" > rewritten
      mv rewritten "$file"
      echo "#include \"$file\"" >> slow.cc ;;
    *__Syms.cpp | *__ConstPool*) echo "#include \"$file\"" >> slow.cc ;;
    *) echo "#include \"$file\"" >> fast.cc ;;
  esac
done
echo '#include "../harness.cpp"' >> fast.cc
FLAGS="-std=gnu++17 -w -I. -I$ROOT/include -I$ROOT/include/vltstd
  -DVERILATOR=1 -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TRACE=0 -DVM_TRACE_FST=0 -DVM_TRACE_VCD=0"
(
  "$COMPILER" $FLAGS -O0 -c slow.cc -o slow.o
  for file in verilated verilated_threads; do
    if [ -e "$ROOT/include/$file.cpp" ]; then
      $CACHE "$COMPILER" $FLAGS -O1 -c "$ROOT/include/$file.cpp" -o $file.o
    fi
  done
) &
"$COMPILER" $FLAGS -O1 -c fast.cc -o fast.o
wait $!
"$COMPILER" -o ../model *.o -lpthread -latomic
)";

std::string bytesOf(const std::vector<std::vector<std::uint64_t>>& inputs) {
  std::string bytes;
  for (const std::vector<std::uint64_t>& words : inputs)
    bytes.append(reinterpret_cast<const char*>(words.data()), words.size() * sizeof(std::uint64_t));
  return bytes;
}

Result<std::vector<PortBeats>> beatsOf(const std::string& bytes,
                                       const std::vector<emit::HarnessPort>& ports) {
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

Result<jobs::Command> compileCommand(std::vector<jobs::InputFile> inputs, const SimulationTop& top) {
  SLUICE_TRY(const Tool verilator, findVerilator());
  SLUICE_TRY(const Tool compiler, findCxx());
  jobs::Command command{.name = "verilator",
                        .argv = {"sh", "build.sh"},
                        .inputs = std::move(inputs),
                        .outputs = {"model"},
                        .machine = {{"VERILATOR", verilator.path}, {"COMPILER", compiler.path}},
                        .toolVersion = verilator.version + "; " + compiler.version,
                        .limits = {.seconds = 3600}};
  std::string script = kBuildScript;
  const auto replace = [&](std::string_view before, const std::string& after) {
    script.replace(script.find(before), before.size(), after);
  };
  // The class keeps its name, so that the rest of the script does.
  if (top.module != "top") replace("--top-module top", "--top-module " + top.module + " --prefix Vtop");
  if (top.list != "rtl/top.f") replace("rtl/top.f", top.list);
  command.inputs.push_back({"build.sh", std::move(script)});
  return command;
}

Result<SimulationModel> compileModel(const std::vector<emit::File>& files,
                                     const std::vector<emit::HarnessPort>& ports, const jobs::Store* store) {
  return compileModel(files, ports, emit::verilatorHarness(ports), {}, store);
}

Result<SimulationModel> compileModel(const std::vector<emit::File>& files,
                                     const std::vector<emit::HarnessPort>& ports, const std::string& harness,
                                     const SimulationTop& top, const jobs::Store* store) {
  std::vector<jobs::InputFile> inputs;
  for (const emit::File& file : files) inputs.push_back({file.name, file.content});
  inputs.push_back({"harness.cpp", harness});
  SLUICE_TRY(const jobs::Command command, compileCommand(std::move(inputs), top));
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
                        .argv = {"./model", "input.bin", "output.bin", text(run.frames),
                                 text(run.sources.seed), text(run.sources.stallPercent), text(run.sinks.seed),
                                 text(run.sinks.stallPercent), text(run.cycleLimit), text(run.powerUpSeed)},
                        .outputs = {{"output.bin", true}},
                        .limits = {.seconds = 3600}};
  command.argv.insert(command.argv.end(), run.more.begin(), run.more.end());
  command.inputs.push_back({.name = "model", .content = model.program, .executable = true});
  command.inputs.push_back({"input.bin", bytesOf(inputs)});
  SLUICE_TRY(const jobs::Outcome outcome, jobs::run(nullptr, command));
  if (outcome.end == jobs::End::exited && outcome.exitCode == 2)
    return Error{ErrorCode::gaveUp,
                 "the design did not deliver all beats of " + std::to_string(run.frames) + " frames in " +
                     formatCount(static_cast<std::int64_t>(run.cycleLimit)) + " cycles",
                 "simulation"};
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, outcome));
  const auto output = outcome.outputs.find("output.bin");
  if (output == outcome.outputs.end()) return ioError("the simulation wrote no output");
  return beatsOf(output->second, model.ports);
}

}  // namespace sluice::flow
