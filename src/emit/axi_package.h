#pragma once

#include <optional>
#include <string>
#include <vector>

#include "emit/axi_shell.h"

/// What goes beside the Verilog of the AXI skin, for people with a vendor's tools and for the program on the processor.
///
///   component.xml        IP-XACT (IEEE 1685-2009) as Vivado reads it: DIR is an IP repository with one component.
///                        Interfaces: AXI4-Lite with the memory map of the registers, one AXI4-Stream per stream, clock, reset
///   axi/package_ip.tcl   checks the component in Vivado and packs it again with Vivado's own extensions
///   axi/project.tcl      boards with a processor (Zynq-7000, Zynq UltraScale+): block design with a DMA engine per stream, to
///                        the bitstream; other parts: synthesis, placing and routing out of context. Reports go to
///                        axi/reports/, which `sluice metrics` reads
///   axi/driver.py        for PYNQ: packs codes, runs frames, reads the registers; packing works on any computer
///
/// No tool of the vendor is needed to make them; none was run on them here.
namespace sluice::emit {

struct AxiTarget {
  std::string part;  ///< "xc7z020clg400-1"
  double clockMhz = 100;
  std::string name;  ///< of the board; may be empty
};

/// Xilinx parts alone have the scripts; others get component.xml, the register map and the driver.
std::vector<File> axiPackage(const AxiSkin& skin, const AxiShell& shell,
                             const std::optional<AxiTarget>& target);

std::string axiComponent(const AxiSkin& skin, const AxiShell& shell);
std::string axiPackageScript(const AxiSkin& skin, const AxiTarget& target);
std::string axiProjectScript(const AxiSkin& skin, const AxiTarget& target);
std::string axiDriver();

}  // namespace sluice::emit
