#include <fmt/format.h>

#include <cctype>

#include "base/text.h"
#include "emit/axi_package.h"

/// IP-XACT: what Vivado's catalogue shows of the skin, element by element in the order of IEEE 1685-2009.
namespace sluice::emit {
namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      result += c;
  }
  return result;
}

/// Indented elements; what is opened is closed.
class Xml {
 public:
  void open(const std::string& name, const std::string& attributes = {}) {
    line("<" + name + attributes + ">");
    names_.push_back(name);
  }
  void close() {
    const std::string name = names_.back();
    names_.pop_back();
    line("</" + name + ">");
  }
  void leaf(const std::string& name, const std::string& value, const std::string& attributes = {}) {
    line("<" + name + attributes + ">" + escaped(value) + "</" + name + ">");
  }
  void line(const std::string& text) { text_ += std::string(2 * names_.size(), ' ') + text + "\n"; }
  std::string text_;

 private:
  std::vector<std::string> names_;
};

struct Wire {
  std::string logical, physical;
  bool isInput = true;
  std::uint32_t width = 1;
};

std::vector<Wire> wiresOf(const AxiStream& stream) {
  const std::string p = stream.prefix();
  return {{"TDATA", p + "_tdata", stream.isInput, 8 * stream.bytes()},
          {"TKEEP", p + "_tkeep", stream.isInput, stream.bytes()},
          {"TLAST", p + "_tlast", stream.isInput},
          {"TVALID", p + "_tvalid", stream.isInput},
          {"TREADY", p + "_tready", !stream.isInput}};
}

std::vector<Wire> controlWires() {
  std::vector<Wire> wires{{"AWADDR", "awaddr", true, axiAddressBits},
                          {"AWVALID", "awvalid"},
                          {"AWREADY", "awready", false},
                          {"WDATA", "wdata", true, 32},
                          {"WSTRB", "wstrb", true, 4},
                          {"WVALID", "wvalid"},
                          {"WREADY", "wready", false},
                          {"BRESP", "bresp", false, 2},
                          {"BVALID", "bvalid", false},
                          {"BREADY", "bready"},
                          {"ARADDR", "araddr", true, axiAddressBits},
                          {"ARVALID", "arvalid"},
                          {"ARREADY", "arready", false},
                          {"RDATA", "rdata", false, 32},
                          {"RRESP", "rresp", false, 2},
                          {"RVALID", "rvalid", false},
                          {"RREADY", "rready"}};
  for (Wire& wire : wires) wire.physical = "s_axi_control_" + wire.physical;
  return wires;
}

void reference(Xml& x, const std::string& element, const std::string& library, const std::string& name) {
  x.line(fmt::format(
      R"(<{} spirit:vendor="xilinx.com" spirit:library="{}" spirit:name="{}" spirit:version="1.0"/>)",
      element, library, name));
}

void parameters(Xml& x, const std::string& bus,
                const std::vector<std::pair<std::string, std::string>>& list) {
  x.open("spirit:parameters");
  for (const auto& [name, value] : list) {
    x.open("spirit:parameter");
    x.leaf("spirit:name", name);
    x.leaf("spirit:value", value, fmt::format(" spirit:id=\"BUSIFPARAM_VALUE.{}.{}\"", bus, name));
    x.close();
  }
  x.close();
}

void portMaps(Xml& x, const std::vector<Wire>& wires) {
  x.open("spirit:portMaps");
  for (const Wire& wire : wires) {
    x.open("spirit:portMap");
    for (const auto& [element, name] :
         {std::pair{"spirit:logicalPort", &wire.logical}, std::pair{"spirit:physicalPort", &wire.physical}}) {
      x.open(element);
      x.leaf("spirit:name", *name);
      x.close();
    }
    x.close();
  }
  x.close();
}

void busInterfaces(Xml& x, const AxiSkin& skin) {
  x.open("spirit:busInterfaces");
  std::string all = "s_axi_control";
  for (const AxiStream& stream : skin.streams) {
    all += ":" + stream.prefix();
    x.open("spirit:busInterface");
    x.leaf("spirit:name", stream.prefix());
    reference(x, "spirit:busType", "interface", "axis");
    reference(x, "spirit:abstractionType", "interface", "axis_rtl");
    x.line(stream.isInput ? "<spirit:slave/>" : "<spirit:master/>");
    portMaps(x, wiresOf(stream));
    parameters(x, stream.prefix(),
               {{"TDATA_NUM_BYTES", std::to_string(stream.bytes())}, {"HAS_TKEEP", "1"}, {"HAS_TLAST", "1"}});
    x.close();
  }
  x.open("spirit:busInterface");
  x.leaf("spirit:name", "s_axi_control");
  reference(x, "spirit:busType", "interface", "aximm");
  reference(x, "spirit:abstractionType", "interface", "aximm_rtl");
  x.open("spirit:slave");
  x.line("<spirit:memoryMapRef spirit:memoryMapRef=\"s_axi_control\"/>");
  x.close();
  portMaps(x, controlWires());
  parameters(
      x, "s_axi_control",
      {{"PROTOCOL", "AXI4LITE"}, {"DATA_WIDTH", "32"}, {"ADDR_WIDTH", std::to_string(axiAddressBits)}});
  x.close();
  for (const bool clock : {true, false}) {
    x.open("spirit:busInterface");
    x.leaf("spirit:name", clock ? "aclk" : "aresetn");
    reference(x, "spirit:busType", "signal", clock ? "clock" : "reset");
    reference(x, "spirit:abstractionType", "signal", clock ? "clock_rtl" : "reset_rtl");
    x.line("<spirit:slave/>");
    portMaps(x, {{clock ? "CLK" : "RST", clock ? "aclk" : "aresetn"}});
    if (clock)
      parameters(x, "aclk", {{"ASSOCIATED_BUSIF", all}, {"ASSOCIATED_RESET", "aresetn"}});
    else
      parameters(x, "aresetn", {{"POLARITY", "ACTIVE_LOW"}});
    x.close();
  }
  x.close();
}

const char* accessOf(AxiAccess access) {
  return access == AxiAccess::constant || access == AxiAccess::status ? "read-only"
         : access == AxiAccess::pulse                                 ? "write-only"
                                                                      : "read-write";
}

void memoryMaps(Xml& x, const AxiSkin& skin) {
  x.open("spirit:memoryMaps");
  x.open("spirit:memoryMap");
  x.leaf("spirit:name", "s_axi_control");
  x.open("spirit:addressBlock");
  x.leaf("spirit:name", "registers");
  x.leaf("spirit:baseAddress", "0x0");
  x.leaf("spirit:range", std::to_string(1u << axiAddressBits));
  x.leaf("spirit:width", "32");
  x.leaf("spirit:usage", "register");
  for (const AxiRegister& entry : skin.registers) {
    x.open("spirit:register");
    x.leaf("spirit:name", entry.name);
    x.leaf("spirit:description", entry.says);
    x.leaf("spirit:addressOffset", fmt::format("0x{:X}", entry.offset));
    x.leaf("spirit:size", "32");
    if (entry.access == AxiAccess::status || entry.access == AxiAccess::clearByOne)
      x.leaf("spirit:volatile", "true");
    x.leaf("spirit:access", accessOf(entry.access));
    x.open("spirit:reset");
    x.leaf("spirit:value", fmt::format("0x{:X}", entry.reset));
    x.close();
    for (const AxiField& field : entry.fields) {
      x.open("spirit:field");
      x.leaf("spirit:name", field.name);
      x.leaf("spirit:description", field.says);
      x.leaf("spirit:bitOffset", std::to_string(field.lsb));
      x.leaf("spirit:bitWidth", std::to_string(field.width));
      x.leaf("spirit:access", accessOf(entry.access));
      if (entry.access == AxiAccess::clearByOne) x.leaf("spirit:modifiedWriteValue", "oneToClear");
      x.close();
    }
    x.close();
  }
  x.close();
  x.close();
  x.close();
}

void model(Xml& x, const AxiSkin& skin) {
  x.open("spirit:model");
  x.open("spirit:views");
  for (const char* kind : {"synthesis", "behavioralsimulation"}) {
    x.open("spirit:view");
    x.leaf("spirit:name", std::string("xilinx_anylanguage") + kind);
    x.leaf("spirit:displayName", kind == std::string("synthesis") ? "Synthesis" : "Simulation");
    x.leaf("spirit:envIdentifier", kind == std::string("synthesis") ? ":vivado.xilinx.com:synthesis"
                                                                    : ":vivado.xilinx.com:simulation");
    x.leaf("spirit:language", "Verilog");
    x.leaf("spirit:modelName", "axi_top");
    x.open("spirit:fileSetRef");
    x.leaf("spirit:localName", "verilog");
    x.close();
    x.close();
  }
  x.close();
  x.open("spirit:ports");
  std::vector<Wire> wires{{"", "aclk"}, {"", "aresetn"}};
  for (const Wire& wire : controlWires()) wires.push_back(wire);
  for (const AxiStream& stream : skin.streams)
    for (const Wire& wire : wiresOf(stream)) wires.push_back(wire);
  for (const Wire& wire : wires) {
    x.open("spirit:port");
    x.leaf("spirit:name", wire.physical);
    x.open("spirit:wire");
    x.leaf("spirit:direction", wire.isInput ? "in" : "out");
    if (wire.width > 1) {
      x.open("spirit:vector");
      x.leaf("spirit:left", std::to_string(wire.width - 1));
      x.leaf("spirit:right", "0");
      x.close();
    }
    x.close();
    x.close();
  }
  x.close();
  x.close();
}

}  // namespace

std::string axiComponent(const AxiSkin& skin, const AxiShell& shell) {
  std::string name = "sluice_";
  for (const char c : skin.design) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  Xml x;
  x.line(R"(<?xml version="1.0" encoding="UTF-8"?>)");
  x.open(
      "spirit:component",
      R"( xmlns:xilinx="http://www.xilinx.com" xmlns:spirit="http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance")");
  x.leaf("spirit:vendor", "sluice");
  x.leaf("spirit:library", "network");
  x.leaf("spirit:name", name);
  x.leaf("spirit:version", "1.0");
  busInterfaces(x, skin);
  memoryMaps(x, skin);
  model(x, skin);
  x.open("spirit:fileSets");
  x.open("spirit:fileSet");
  x.leaf("spirit:name", "verilog");
  for (const std::string& file : split(shell.files.back().content, '\n')) {
    if (file.empty()) continue;
    x.open("spirit:file");
    x.leaf("spirit:name", file);
    x.leaf("spirit:fileType", "verilogSource");
    x.close();
  }
  x.close();
  x.close();
  x.leaf("spirit:description",
         fmt::format("The network {} as streaming firmware; design {}", skin.design, skin.digest.hex()));
  x.open("spirit:parameters");
  x.open("spirit:parameter");
  x.leaf("spirit:name", "Component_Name");
  x.leaf("spirit:value", name + "_v1_0",
         R"( spirit:resolve="user" spirit:id="PARAM_VALUE.Component_Name" spirit:order="1")");
  x.close();
  x.close();
  x.open("spirit:vendorExtensions");
  x.open("xilinx:coreExtensions");
  x.open("xilinx:supportedFamilies");
  for (const char* family : {"zynq", "zynquplus", "artix7", "kintex7", "virtex7", "spartan7", "kintexu",
                             "virtexu", "kintexuplus", "virtexuplus", "virtexuplusHBM"})
    x.leaf("xilinx:family", family, R"( xilinx:lifeCycle="Production")");
  x.close();
  x.open("xilinx:taxonomies");
  x.leaf("xilinx:taxonomy", "/UserIP");
  x.close();
  x.leaf("xilinx:displayName", name);
  x.leaf("xilinx:coreRevision", "1");
  x.close();
  x.close();
  x.close();
  return x.text_;
}

}  // namespace sluice::emit
