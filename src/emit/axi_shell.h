#pragma once

#include <memory>
#include <vector>

#include "emit/axi_registers.h"
#include "emit/stitch.h"

/// A second skin around a finished design, for processors with AXI: PYNQ boards, Zynq, MicroBlaze, PCIe bridges.
///
///   axi_top                 AXI's names and reset (aclk, aresetn); wiring and nothing else
///     axi_control           AXI4-Lite: the registers of the table
///     axi_in_<x>            AXI4-Stream slave: whole bytes to elements; counts frames, watches TLAST and TKEEP
///     top                   the design, as it is without this skin
///     axi_out_<y>           AXI4-Stream master: elements to whole bytes, TLAST
///     axi_meter             cycles, latency and interval, whether anything is in flight
///
/// The skin holds no beat: what the simulator says of the design's ports in cycles holds for TVALID and TREADY, and no ready
/// depends on a valid without a register in between, nor a valid on a ready. A soft reset resets all but axi_control.
namespace sluice::emit {

struct AxiShell {
  std::vector<std::shared_ptr<const hdl::Module>> modules;  ///< the skin's own, without axi_top
  std::vector<File> files;  ///< axi/*.v, and axi/axi.f, which lists them and the design's, leaves first
};

AxiShell axiShell(const AxiSkin& skin, const Rtl& rtl);

/// The pieces, also for proofs (formal_axi.cpp).
hdl::Module axiIn(const AxiStream& stream);
hdl::Module axiOut(const AxiStream& stream);
hdl::Module axiMeter(const AxiSkin& skin);
hdl::Module axiControl(const AxiSkin& skin);

}  // namespace sluice::emit
