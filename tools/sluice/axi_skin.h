#pragma once

#include <vector>

#include "build.h"
#include "device/board.h"
#include "emit/axi_shell.h"
#include "flow/verify.h"
#include "jobs/store.h"

/// `sluice build --skin axi`: the AXI skin's files, and its runs.
namespace sluice::tool {

/// Errors: usage, where the skin and other options do not go together.
Status checkSkin(const BuildOptions& options, std::size_t boards);

struct AxiSkinFiles {
  emit::AxiSkin skin;
  emit::AxiShell shell;
  std::vector<emit::File> package;
  report::Report::Skin report;
};

/// `files`: the design's Verilog. The board, if there is one, names part and clock of the scripts.
Result<AxiSkinFiles> axiSkinFiles(const ir::Graph& graph, const map::Design& design, const emit::Rtl& rtl,
                                  const std::vector<emit::File>& files,
                                  const std::vector<device::Board>& boards);

/// Without stalls, with them, and with beats that are held until they are taken.
Status simulateAxiSkin(const BuildOptions& options, const AxiSkinFiles& skin, const flow::Frames& frames,
                       const map::Design& design, const std::vector<emit::File>& files,
                       const jobs::Store* store, std::vector<report::Report::Verification>& verifications);

}  // namespace sluice::tool
