#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "emit/axi_package.h"

/// Vivado scripts. They stop at once, with a sentence, where they do not run inside Vivado, and touch nothing outside of
/// axi/vivado/ and axi/reports/.
namespace sluice::emit {
namespace {

constexpr std::uint32_t kMostConverterBytes = 512;  ///< of TDATA, in AXI4-Stream width converters (PG085)
constexpr std::uint32_t kMostDmaBytes = 128;        ///< of a DMA engine's stream (PG021)

std::string componentName(const AxiSkin& skin) {
  std::string name = "sluice_";
  for (const char c : skin.design) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

std::string guard(const std::string& file) {
  return fmt::format(R"TCL(# Run in the folder that the build wrote:   vivado -mode batch -source axi/{0}
if {{[llength [info commands create_project]] == 0}} {{
  error "axi/{0} is a script for Vivado: vivado -mode batch -source axi/{0}"
}}
set here [file dirname [file normalize [info script]]]
set build [file dirname $here]
)TCL",
                     file);
}

/// Bytes of the DMA engine's stream: of the powers of two the largest, up to that at or above TDATA's, that a width
/// converter can bring to TDATA's: it works on the least common multiple of both, of 512 bytes at most. An odd number of
/// bytes so makes a narrow engine; `pack` of the first node (--node-options) makes TDATA another.
std::uint32_t dmaBytes(const AxiStream& stream) {
  std::uint32_t wide = std::min(std::bit_ceil(stream.bytes()), kMostDmaBytes);
  while (wide > 1 && std::lcm(wide, stream.bytes()) > kMostConverterBytes) wide /= 2;
  return wide;
}

/// The engine of a stream and, where the widths differ, the converter between them.
std::string streamCells(const AxiSkin& skin) {
  std::string text;
  for (const AxiStream& stream : skin.streams) {
    const std::uint32_t wide = dmaBytes(stream);
    const char* side = stream.isInput ? "mm2s" : "s2mm";
    text += fmt::format(R"TCL(
# {0}: {7} bytes of TDATA, {8} bytes a cycle from or to memory.
create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma dma_{0}
set_property -dict [list CONFIG.c_include_sg 0 CONFIG.c_sg_length_width 26 \
  CONFIG.c_include_mm2s {1} CONFIG.c_include_s2mm {2} CONFIG.c_include_{3}_dre 1 \
  CONFIG.{4} {5} CONFIG.c_m_axi_{3}_data_width {6}] [get_bd_cells dma_{0}]
)TCL",
                        stream.name, stream.isInput ? 1 : 0, stream.isInput ? 0 : 1, side,
                        stream.isInput ? "c_m_axis_mm2s_tdata_width" : "c_s_axis_s2mm_tdata_width", 8 * wide,
                        std::max(32u, 8 * wide), stream.bytes(), wide);
    const std::string engine =
        fmt::format("dma_{}/{}", stream.name, stream.isInput ? "M_AXIS_MM2S" : "S_AXIS_S2MM");
    const std::string own = "design_under_control/" + stream.prefix();
    std::string from = stream.isInput ? engine : own, to = stream.isInput ? own : engine;
    if (stream.bytes() != wide) {
      text += fmt::format(
          R"TCL(create_bd_cell -type ip -vlnv xilinx.com:ip:axis_dwidth_converter width_{0}
set_property -dict [list CONFIG.S_TDATA_NUM_BYTES {1} CONFIG.M_TDATA_NUM_BYTES {2} CONFIG.HAS_TKEEP 1 CONFIG.HAS_TLAST 1] \
  [get_bd_cells width_{0}]
connect_bd_intf_net [get_bd_intf_pins {3}] [get_bd_intf_pins width_{0}/S_AXIS]
)TCL",
          stream.name, stream.isInput ? wide : stream.bytes(), stream.isInput ? stream.bytes() : wide, from);
      from = fmt::format("width_{}/M_AXIS", stream.name);
    }
    text += fmt::format("connect_bd_intf_net [get_bd_intf_pins {}] [get_bd_intf_pins {}]\n", from, to);
  }
  return text;
}

std::string blockDesign(const AxiSkin& skin, const AxiTarget& target, bool ultra) {
  std::string text = fmt::format(R"TCL(
# A processor, a DMA engine for each stream, and the design. PYNQ loads axi/vivado/design_1.bit with design_1.hwh.
set_property ip_repo_paths $build [current_project]
update_ip_catalog
create_bd_design design_1
create_bd_cell -type ip -vlnv sluice:network:{0}:1.0 design_under_control
)TCL",
                                 componentName(skin));
  // Memory of the board is set up by its boot image; the block design says only which ports and clock are used.
  if (ultra)
    text += fmt::format(R"TCL(create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e processor
set_property -dict [list CONFIG.PSU__USE__M_AXI_GP0 1 CONFIG.PSU__USE__M_AXI_GP1 0 CONFIG.PSU__USE__M_AXI_GP2 0 \
  CONFIG.PSU__USE__S_AXI_GP2 1 CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ {}] [get_bd_cells processor]
set clock processor/pl_clk0
set released processor/pl_resetn0
set control processor/M_AXI_HPM0_FPD
set memory processor/S_AXI_HP0_FPD
set clocked [list processor/maxihpm0_fpd_aclk processor/saxihp0_fpd_aclk]
)TCL",
                        target.clockMhz);
  else
    text += fmt::format(R"TCL(create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7 processor
set_property -dict [list CONFIG.PCW_USE_M_AXI_GP0 1 CONFIG.PCW_USE_S_AXI_HP0 1 \
  CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ {}] [get_bd_cells processor]
apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
  -config {{make_external "FIXED_IO, DDR" apply_board_preset "0"}} [get_bd_cells processor]
set clock processor/FCLK_CLK0
set released processor/FCLK_RESET0_N
set control processor/M_AXI_GP0
set memory processor/S_AXI_HP0
set clocked [list processor/M_AXI_GP0_ACLK processor/S_AXI_HP0_ACLK]
)TCL",
                        target.clockMhz);
  text += streamCells(skin);
  const std::size_t streams = skin.streams.size();
  text += fmt::format(R"TCL(
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset reset
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect to_control
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect to_memory
set_property -dict [list CONFIG.NUM_SI 1 CONFIG.NUM_MI {}] [get_bd_cells to_control]
set_property -dict [list CONFIG.NUM_SI {} CONFIG.NUM_MI 1] [get_bd_cells to_memory]
connect_bd_intf_net [get_bd_intf_pins $control] [get_bd_intf_pins to_control/S00_AXI]
connect_bd_intf_net [get_bd_intf_pins to_memory/M00_AXI] [get_bd_intf_pins $memory]
connect_bd_intf_net [get_bd_intf_pins to_control/M00_AXI] [get_bd_intf_pins design_under_control/s_axi_control]
)TCL",
                      streams + 1, streams);
  for (std::size_t s = 0; s < streams; ++s) {
    const AxiStream& stream = skin.streams[s];
    text += fmt::format(
        "connect_bd_intf_net [get_bd_intf_pins to_control/M{:02}_AXI] [get_bd_intf_pins dma_{}/S_AXI_LITE]\n"
        "connect_bd_intf_net [get_bd_intf_pins dma_{}/M_AXI_{}] [get_bd_intf_pins to_memory/S{:02}_AXI]\n"
        "lappend clocked dma_{}/s_axi_lite_aclk dma_{}/m_axi_{}_aclk\n",
        s + 1, stream.name, stream.name, stream.isInput ? "MM2S" : "S2MM", s, stream.name, stream.name,
        stream.isInput ? "mm2s" : "s2mm");
  }
  text +=
      R"TCL(lappend clocked reset/slowest_sync_clk to_control/aclk to_memory/aclk design_under_control/aclk
set awake [list to_control/aresetn to_memory/aresetn design_under_control/aresetn]
foreach cell [get_bd_cells -quiet dma_*] { lappend awake [string trimleft $cell /]/axi_resetn }
foreach cell [get_bd_cells -quiet width_*] {
  lappend clocked [string trimleft $cell /]/aclk
  lappend awake [string trimleft $cell /]/aresetn
}
foreach pin $clocked { connect_bd_net [get_bd_pins $clock] [get_bd_pins $pin] }
connect_bd_net [get_bd_pins $released] [get_bd_pins reset/ext_reset_in]
foreach pin $awake { connect_bd_net [get_bd_pins reset/peripheral_aresetn] [get_bd_pins $pin] }
assign_bd_address
validate_bd_design
save_bd_design
make_wrapper -files [get_files design_1.bd] -top -import
set_property top design_1_wrapper [current_fileset]
generate_target all [get_files design_1.bd]
file copy -force [lindex [glob -nocomplain $here/vivado/*.gen/sources_1/bd/design_1/hw_handoff/design_1.hwh \
  $here/vivado/*.srcs/sources_1/bd/design_1/hw_handoff/design_1.hwh] 0] $here/vivado/design_1.hwh
launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
if {[get_property PROGRESS [get_runs impl_1]] ne "100%"} { error "synthesis or routing failed: see axi/vivado" }
file copy -force [lindex [glob $here/vivado/*.runs/impl_1/*.bit] 0] $here/vivado/design_1.bit
open_run impl_1
)TCL";
  return text;
}

std::string alone(const AxiTarget& target) {
  return fmt::format(R"TCL(
# No processor on this part: the design by itself, ports left unplaced, with its real wires.
read_verilog [lmap file [split [string trim [read [set list [open $here/axi.f]]]] "\n"] {{file join $build $file}}]
close $list
synth_design -top axi_top -part $part -mode out_of_context
create_clock -name aclk -period {:.3f} [get_ports aclk]
opt_design
place_design
phys_opt_design
route_design
)TCL",
                     1000.0 / target.clockMhz);
}

}  // namespace

std::string axiPackageScript(const AxiSkin& skin, const AxiTarget& target) {
  return guard("package_ip.tcl") + fmt::format(R"TCL(
# component.xml is complete as it stands: Vivado takes the folder of the build as an IP repository. This checks it, and
# saves it again with what this version of Vivado adds.
create_project -in_memory -part {0}
ipx::open_core $build/component.xml
set_property core_revision [expr {{[get_property core_revision [ipx::current_core]] + 1}}] [ipx::current_core]
ipx::check_integrity [ipx::current_core]
ipx::update_checksums [ipx::current_core]
ipx::save_core [ipx::current_core]
ipx::unload_core [ipx::current_core]
puts "{1} is packed: add $build to ip_repo_paths"
)TCL",
                                               target.part, componentName(skin));
}

std::string axiProjectScript(const AxiSkin& skin, const AxiTarget& target) {
  const bool ultra = target.part.starts_with("xczu"), zynq = target.part.starts_with("xc7z");
  std::string text = guard("project.tcl") + fmt::format("set part {}\n", target.part) +
                     R"TCL(if {[llength [get_parts -quiet $part]] == 0} {
  error "this Vivado does not know the part $part: install its family"
}
file mkdir $here/reports
)TCL";
  if (ultra || zynq) {
    for (const AxiStream& stream : skin.streams)
      if (stream.bytes() > kMostConverterBytes)
        return text + fmt::format(
                          "error \"{}: {} bytes of TDATA are more than the {} that width converters take; "
                          "build with "
                          "fewer elements a beat (a larger --reuse-factor)\"\n",
                          stream.prefix(), stream.bytes(), kMostConverterBytes);
    text += "create_project -force sluice $here/vivado -part $part\n" + blockDesign(skin, target, ultra);
  } else {
    text += alone(target);
  }
  return text + R"TCL(
report_utilization -file $here/reports/utilization.rpt
report_utilization -hierarchical -file $here/reports/utilization_hierarchical.rpt
report_timing_summary -file $here/reports/timing_summary.rpt
puts "reports are in $here/reports:  sluice metrics $here/reports"
)TCL";
}

std::vector<File> axiPackage(const AxiSkin& skin, const AxiShell& shell,
                             const std::optional<AxiTarget>& target) {
  std::vector<File> files{{"component.xml", axiComponent(skin, shell)},
                          {"axi/registers.md", axiRegistersText(skin)},
                          {"axi/registers.json", axiRegistersJson(skin)},
                          {"axi/driver.py", axiDriver()}};
  if (!target || !target->part.starts_with("xc")) return files;
  files.push_back({"axi/package_ip.tcl", axiPackageScript(skin, *target)});
  files.push_back({"axi/project.tcl", axiProjectScript(skin, *target)});
  return files;
}

}  // namespace sluice::emit
