#include "axi_skin.h"

#include "base/hash.h"
#include "emit/axi_package.h"
#include "flow/axi.h"

namespace sluice::tool {
namespace {

/// "s_axis_x: 490 of int8, 7 bytes a beat"
std::string streamText(const emit::AxiStream& stream) {
  return stream.prefix() + ": " + report::number(stream.beat.elements * stream.beatsPerFrame) + " of " +
         (stream.beat.format.isSigned ? "int" : "uint") + std::to_string(8 * stream.bytesPerElement()) +
         " a frame, " + std::to_string(stream.bytes()) + " bytes a beat";
}

}  // namespace

Status checkSkin(const BuildOptions& options, std::size_t boards) {
  if (options.skin == Skin::plain) return {};
  const auto refuse = [](std::string says) { return Error{ErrorCode::usage, std::move(says), {}}; };
  if (boards > 1) return refuse("--skin axi stands around a design on one board; this build names several");
  if (options.until == Until::map)
    return refuse("--skin axi is Verilog: --until rtl or a later stage makes it");
  if (options.until == Until::bitstream)
    return refuse(
        "--until bitstream puts the design behind a serial port; --skin axi goes to the vendor's tool");
  return {};
}

Result<AxiSkinFiles> axiSkinFiles(const ir::Graph& graph, const map::Design& design, const emit::Rtl& rtl,
                                  const std::vector<emit::File>& files,
                                  const std::vector<device::Board>& boards) {
  Hasher hasher;
  for (const emit::File& file : files) hasher.field(file.name).field(file.content);
  AxiSkinFiles result;
  SLUICE_TRY(result.skin, emit::axiSkin(design, graph, hasher.digest()));
  result.shell = emit::axiShell(result.skin, rtl);
  std::optional<emit::AxiTarget> target;
  if (!boards.empty())
    target = {.part = boards[0].part.name,
              .clockMhz = static_cast<double>(boards[0].targetMhz),
              .name = boards[0].name};
  result.package = emit::axiPackage(result.skin, result.shell, target);
  result.report = {.name = "AXI4-Stream and AXI4-Lite", .digest = result.skin.digest.hex()};
  for (const emit::AxiStream& stream : result.skin.streams)
    result.report.streams.push_back(streamText(stream));
  for (const auto& module : result.shell.modules) result.report.cost += hdl::cost(*module, rtl.family);
  return result;
}

Status simulateAxiSkin(const BuildOptions& options, const AxiSkinFiles& skin, const flow::Frames& frames,
                       const map::Design& design, const std::vector<emit::File>& files,
                       const jobs::Store* store, std::vector<report::Report::Verification>& verifications) {
  SLUICE_TRY(const flow::SimulationModel model, flow::compileAxi(files, skin.shell, skin.skin, store));
  for (const auto& [stall, hold] : {std::pair{0u, false}, {30u, false}, {30u, true}}) {
    const flow::AxiRun run{.sources = {.seed = options.seed, .stallPercent = stall},
                           .sinks = {.seed = options.seed + 1, .stallPercent = stall},
                           .framesPerPacket = hold ? frames.count : 1,
                           .hold = hold,
                           .seed = options.seed};
    SLUICE_TRY(const flow::AxiOutcome outcome, flow::runAxi(model, design, skin.skin, frames, run));
    verifications.push_back({.engine = "Verilator, behind AXI",
                             .sourceStall = stall,
                             .sinkStall = stall,
                             .stimulus = options.input ? options.input->filename().string() : "random codes",
                             .agreement = outcome.agreement,
                             .cyclesCompared = !hold});
  }
  return {};
}

}  // namespace sluice::tool
