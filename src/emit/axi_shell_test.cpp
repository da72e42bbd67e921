#include "emit/axi_shell.h"

#include <gtest/gtest.h>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <set>
#include <sstream>

#include "emit/axi_package.h"
#include "ir/testing.h"
#include "map/map.h"

namespace sluice::emit {
namespace {

using boost::property_tree::ptree;

const char* const kSum = R"(
x = input [2, 2, 3] s4
z = input [2, 2, 3] u9
s = merge x, z, shift [0, 0]
output s
)";

struct Clothes {
  AxiSkin skin;
  AxiShell shell;
};

Clothes clothes() {
  const ir::Graph graph = ir::graphOf(kSum);
  const Result<map::Design> design =
      map::mapGraph(graph, {.regime = map::Regime::streamed, .targetInterval = 4});
  EXPECT_TRUE(design.ok());
  const Result<Rtl> rtl = stitch(*design, hdl::Family::xc7);
  EXPECT_TRUE(rtl.ok());
  Result<AxiSkin> skin = axiSkin(*design, graph, digestOf("design"));
  EXPECT_TRUE(skin.ok());
  AxiShell shell = axiShell(*skin, *rtl);
  return {std::move(skin).value(), std::move(shell)};
}

ptree parsed(const std::string& text) {
  std::istringstream stream(text);
  ptree tree;
  boost::property_tree::read_xml(stream, tree);  // throws where a tag is not closed
  return tree;
}

std::string wrapper(const AxiShell& shell) {
  for (const File& file : shell.files)
    if (file.name == "axi/axi_top.v") return file.content;
  return "";
}

TEST(AxiShell, ElementsTakeWholeBytesOfAPowerOfTwo) {
  const AxiStream stream{.name = "x", .beat = {3, {.bits = 9, .isSigned = false}}};
  EXPECT_EQ(stream.bytesPerElement(), 2u);
  EXPECT_EQ(stream.bytes(), 6u);
  EXPECT_EQ(stream.padded().width(), 48u);
  const AxiStream wide{.name = "x", .beat = {1, {.bits = 17, .isSigned = true}}};
  EXPECT_EQ(wide.bytesPerElement(), 4u);
}

TEST(AxiShell, RegistersStandInOrderAndOnce) {
  const AxiSkin skin = clothes().skin;
  std::set<std::string> names;
  for (std::size_t r = 0; r < skin.registers.size(); ++r) {
    EXPECT_TRUE(r == 0 || skin.registers[r - 1].offset < skin.registers[r].offset);
    EXPECT_EQ(skin.registers[r].offset % 4, 0u);
    EXPECT_TRUE(names.insert(skin.registers[r].name).second) << skin.registers[r].name;
  }
  for (const char* name :
       {"ID", "DIGEST_3", "CONTROL", "STATUS", "ERRORS", "CYCLES", "LATENCY", "INTERVAL", "FRAMES_2"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(AxiShell, TheRegisterMapOfPeopleAndProgramsIsTheHardwares) {
  const AxiSkin skin = clothes().skin;
  std::istringstream stream(axiRegistersJson(skin));
  ptree json;
  boost::property_tree::read_json(stream, json);
  EXPECT_EQ(json.get<std::string>("digest"), skin.digest.hex());
  EXPECT_EQ(json.get_child("registers").size(), skin.registers.size());
  EXPECT_EQ(json.get_child("streams").size(), 3u);
  const std::string text = axiRegistersText(skin);
  for (const AxiRegister& entry : skin.registers)
    EXPECT_NE(text.find(" " + entry.name + " "), std::string::npos) << entry.name;
}

TEST(AxiShell, TheComponentNamesEveryPortFileAndRegister) {
  const Clothes made = clothes();
  const ptree tree = parsed(axiComponent(made.skin, made.shell));
  const ptree& component = tree.get_child("spirit:component");
  for (const char* element : {"spirit:vendor", "spirit:library", "spirit:name", "spirit:version"})
    EXPECT_FALSE(component.get<std::string>(element).empty()) << element;
  // Every port that a bus interface maps is a port of the model, and one of axi_top.
  std::set<std::string> ports, interfaces;
  for (const auto& [name, port] : component.get_child("spirit:model.spirit:ports"))
    ports.insert(port.get<std::string>("spirit:name"));
  const std::string verilog = wrapper(made.shell);
  std::size_t mapped = 0;
  for (const auto& [name, bus] : component.get_child("spirit:busInterfaces")) {
    interfaces.insert(bus.get<std::string>("spirit:name"));
    EXPECT_TRUE(bus.get_child_optional("spirit:busType") && bus.get_child_optional("spirit:abstractionType"));
    EXPECT_TRUE(bus.get_child_optional("spirit:slave") || bus.get_child_optional("spirit:master"));
    for (const auto& [kind, map] : bus.get_child("spirit:portMaps")) {
      const auto physical = map.get<std::string>("spirit:physicalPort.spirit:name");
      EXPECT_TRUE(ports.contains(physical)) << physical;
      EXPECT_NE(verilog.find(" " + physical), std::string::npos) << physical;
      ++mapped;
    }
  }
  EXPECT_EQ(mapped, ports.size());
  EXPECT_EQ(interfaces,
            (std::set<std::string>{"s_axis_x", "s_axis_z", "m_axis_s", "s_axi_control", "aclk", "aresetn"}));
  std::size_t registers = 0;
  const ptree& block = component.get_child("spirit:memoryMaps.spirit:memoryMap.spirit:addressBlock");
  for (const auto& [name, entry] : block) registers += name == "spirit:register" ? 1 : 0;
  EXPECT_EQ(registers, made.skin.registers.size());
  std::string files;
  for (const auto& [name, file] : component.get_child("spirit:fileSets.spirit:fileSet"))
    if (name == "spirit:file") files += file.get<std::string>("spirit:name") + "\n";
  EXPECT_EQ(files, made.shell.files.back().content);
}

TEST(AxiShell, ScriptsGuardThemselvesAndSuitThePart) {
  const Clothes made = clothes();
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  const std::string zynq = axiProjectScript(made.skin, {.part = "xc7z020clg400-1"});
  EXPECT_TRUE(has(zynq, "info commands create_project") && has(zynq, "processing_system7"));
  EXPECT_TRUE(has(zynq, "create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma dma_x"));
  EXPECT_TRUE(has(zynq, "axis_dwidth_converter width_x")) << "3 bytes are no width of a DMA engine";
  EXPECT_TRUE(has(axiProjectScript(made.skin, {.part = "xczu9eg-ffvb1156-2-e"}), "zynq_ultra_ps_e"));
  const std::string plain = axiProjectScript(made.skin, {.part = "xc7a100tcsg324-1", .clockMhz = 125});
  EXPECT_TRUE(has(plain, "-mode out_of_context") && has(plain, "-period 8.000"));
  EXPECT_EQ(axiPackage(made.skin, made.shell, AxiTarget{.part = "lfe5u-85f-6bg381c"}).size(), 4u)
      << "no scripts";
  EXPECT_EQ(axiPackage(made.skin, made.shell, AxiTarget{.part = "xc7z020clg400-1"}).size(), 6u);
}

}  // namespace
}  // namespace sluice::emit
