// Designs in their AXI skin through Verilator: lint, a model of bus and DMA engines, the integer engine's codes.
#include "flow/axi.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "dataflow/simulate.h"
#include "emit/axi_package.h"
#include "emit/beats.h"
#include "emit/formal_axi.h"
#include "flow/formal.h"
#include "flow/tools.h"
#include "hdl/simplify.h"
#include "hdl/verilog.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "ir/text.h"
#include "map/map.h"
#include "map/testing.h"

namespace sluice::flow {
namespace {

namespace fs = std::filesystem;

const char* const kTwoIn = R"(
x = input [3, 3, 2] s4
z = input [3, 3, 2] u9
s = merge x, z, shift [0, 0]
u = merge s, x, shift [0, 0]
output s, u
)";

struct Dressed {
  ir::Graph graph;
  map::Design design;
  std::vector<emit::File> files;
  emit::AxiSkin skin;
  emit::AxiShell shell;
  Frames frames;
};

Result<Dressed> dress(const char* text, std::uint64_t reuse, std::size_t frames) {
  SLUICE_TRY(ir::Graph graph, ir::parse(text));
  SLUICE_TRY(map::Design design,
             map::mapGraph(graph, {.regime = map::Regime::streamed, .reuseFactor = reuse}));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, hdl::Family::xc7));
  SLUICE_TRY(const emit::Rtl rtl, emit::stitch(design, hdl::Family::xc7));
  SLUICE_TRY(emit::AxiSkin skin, emit::axiSkin(design, graph, digestOf(text)));
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(graph));
  Frames shown{.count = frames, .inputs = ir::randomCodes(graph, engine.regions(), frames, 3)};
  SLUICE_TRY(shown.outputs, engine.run(shown.inputs, frames));
  Dressed dressed{std::move(graph), std::move(design), emit::verilogFiles(rtl), std::move(skin), {},
                  std::move(shown)};
  dressed.shell = emit::axiShell(dressed.skin, rtl);
  return dressed;
}

void lint(const Dressed& dressed) {
  const Result<Tool> verilator = findVerilator();
  if (!verilator.ok()) GTEST_SKIP() << verilator.error().text();
  const fs::path folder = fs::path(::testing::TempDir()) / "sluice_axi_lint";
  fs::remove_all(folder);
  for (const auto* files : {&dressed.files, &dressed.shell.files})
    for (const emit::File& file : *files) ASSERT_TRUE(writeFile(folder / file.name, file.content).ok());
  ASSERT_EQ(std::system(("cd '" + folder.string() + "' && '" + verilator->path +  // NOLINT
                         "' --lint-only -Wall --top-module axi_top -f axi/axi.f > lint.txt 2>&1")
                            .c_str()),
            0)
      << readFile(folder / "lint.txt").value();
  fs::remove_all(folder);
}

void drive(const Dressed& dressed) {
  const Result<SimulationModel> model = compileAxi(dressed.files, dressed.shell, dressed.skin, nullptr);
  ASSERT_TRUE(model.ok()) << model.error().text();
  const Result<dataflow::Performance> performance = dataflow::measure(map::network(dressed.design));
  ASSERT_TRUE(performance.ok());
  for (const std::uint32_t stall : {0u, 40u, 70u})
    for (const bool hold : {false, true}) {
      const AxiRun run{.sources = {.seed = 5 + stall, .stallPercent = stall},
                       .sinks = {.seed = 6, .stallPercent = stall},
                       .framesPerPacket = stall == 40 ? 3u : 1u,
                       .hold = hold,
                       .seed = stall};
      const Result<AxiOutcome> outcome = runAxi(*model, dressed.design, dressed.skin, dressed.frames, run);
      ASSERT_TRUE(outcome.ok()) << outcome.error().text();
      EXPECT_TRUE(outcome->agreement.equal()) << outcome->agreement.firstDifference;
      EXPECT_EQ(outcome->registers.at("ID"), 0x534C5549u);
      EXPECT_EQ(outcome->registers.at("FRAMES_PER_PACKET"), run.framesPerPacket);
      EXPECT_EQ(outcome->registers.at("STATUS"), 7u);  // idle; latency and interval measured
      if (stall != 0 || hold) continue;
      if (dressed.skin.streams.size() == 2)
        EXPECT_EQ(outcome->registers.at("LATENCY"), performance->latency);
      else  // of the first input and output alone
        EXPECT_LE(outcome->registers.at("LATENCY"), performance->latency);
      EXPECT_EQ(outcome->registers.at("INTERVAL"), performance->initiationInterval);
    }
}

#define SKIP_WITHOUT_VERILATOR \
  if (const Result<Tool> tool = findVerilator(); !tool.ok()) GTEST_SKIP() << tool.error().text()

TEST(AxiShell, LintIsClean) {
  SKIP_WITHOUT_VERILATOR;
  for (const auto& [text, reuse] :
       {std::pair{map::kTwoProducts, 4u}, {map::kTwoProducts, 1u}, {kTwoIn, 4u}}) {
    const Result<Dressed> dressed = dress(text, reuse, 1);
    ASSERT_TRUE(dressed.ok()) << dressed.error().text();
    lint(*dressed);
  }
}

TEST(AxiShell, FramesGoThroughInThePredictedCyclesWithAllRulesKept) {
  SKIP_WITHOUT_VERILATOR;
  const Result<Dressed> dressed = dress(map::kTwoProducts, 4, 6);
  ASSERT_TRUE(dressed.ok()) << dressed.error().text();
  drive(*dressed);
}

TEST(AxiShell, SeveralStreamsOfSeveralWidthsGoThrough) {
  SKIP_WITHOUT_VERILATOR;
  const Result<Dressed> dressed = dress(kTwoIn, 4, 6);
  ASSERT_TRUE(dressed.ok()) << dressed.error().text();
  EXPECT_EQ(dressed->skin.streams.size(), 4u);
  drive(*dressed);
}

ProofTask proofTask(const hdl::Module& module, emit::FormalModule harness) {
  return {.name = module.name,
          .files = {{"module.v", hdl::verilog(hdl::simplify(module), hdl::Family::xc7)}},
          .harness = std::move(harness)};
}

TEST(AxiShell, EveryModuleKeepsItsPromisesForEver) {
  if (const Result<Tool> yosys = findYosys(); !yosys.ok()) GTEST_SKIP() << yosys.error().text();
  const Result<Dressed> dressed = dress(kTwoIn, 4, 1);
  ASSERT_TRUE(dressed.ok()) << dressed.error().text();
  const emit::AxiSkin& skin = dressed->skin;
  std::vector<ProofTask> tasks{proofTask(emit::axiMeter(skin), emit::axiMeterProof(skin)),
                               proofTask(emit::axiControl(skin), emit::axiControlProof(skin)),
                               proofTask(emit::axiIn(skin.streams[1]), emit::axiInProof(skin.streams[1])),
                               proofTask(emit::axiOut(skin.streams[2]), emit::axiOutProof(skin.streams[2]))};
  // A beat that is taken from the design while nobody takes it outside, and an answer that waits for READY.
  const auto broken = [&](ProofTask task, const std::string& before, const std::string& after,
                          const char* claim) {
    const std::size_t at = task.files[0].content.find(before);
    ASSERT_NE(at, std::string::npos) << task.files[0].content;
    task.files[0].content.replace(at, before.size(), after);
    task.claims = {claim};
    task.induction = false;
    task.mostSteps = 8;
    tasks.push_back(std::move(task));
  };
  broken(tasks[3], "assign ready = ", "assign ready = tvalid || ", "taken");
  broken(tasks[1], "assign rvalid = ", "assign rvalid = rready && ", "read_answers");
  const Result<std::vector<Proof>> proofs = prove(tasks, 2, nullptr);
  ASSERT_TRUE(proofs.ok()) << proofs.error().text();
  for (std::size_t t = 0; t < tasks.size(); ++t)
    EXPECT_EQ((*proofs)[t].verdict, t < 4 ? Verdict::proven : Verdict::refuted)
        << tasks[t].name << " " << (*proofs)[t].seconds << " s";
}

TEST(AxiShell, TheDriverPacksCodesAsTheHardwareReadsThem) {
  if (std::system("python3 -c pass") != 0) GTEST_SKIP() << "python3 is not installed";  // NOLINT
  const Result<Dressed> dressed = dress(kTwoIn, 4, 3);
  ASSERT_TRUE(dressed.ok()) << dressed.error().text();
  const fs::path folder = fs::path(::testing::TempDir()) / "sluice_axi_driver";
  fs::remove_all(folder);
  for (const emit::File& file : emit::axiPackage(dressed->skin, dressed->shell, std::nullopt))
    ASSERT_TRUE(writeFile(folder / file.name, file.content).ok());
  // For every stream: the codes, and the bytes of TDATA beat after beat as the hardware's tests use them.
  std::string check = "import driver\nskin = driver.Skin()\n";
  std::size_t inputs = 0, outputs = 0;
  for (std::size_t s = 0; s < dressed->skin.streams.size(); ++s) {
    const emit::AxiStream& stream = dressed->skin.streams[s];
    const std::vector<std::int64_t>& codes =
        stream.isInput ? dressed->frames.inputs[inputs++] : dressed->frames.outputs[outputs++];
    const std::vector<std::uint64_t> words = emit::packBeats(codes, stream.padded());
    const std::uint32_t perBeat = emit::wordsPerBeat(stream.padded());
    std::string list, bytes;
    for (const std::int64_t code : codes) list += std::to_string(code) + ",";
    for (std::size_t beat = 0; beat < words.size(); beat += perBeat)
      for (std::uint32_t b = 0; b < stream.bytes(); ++b)
        bytes += std::to_string(words[beat + b / 8] >> (8 * (b % 8)) & 255) + ",";
    const std::string name = "skin.streams[" + std::to_string(s) + "]";
    check += "codes, data = [" + list + "], bytes([" + bytes + "])\n";
    check += "assert " + name + ".pack(codes) == data\n";
    check += "back = " + name + ".unpack(data)\n";
    check += "assert list(back.reshape(-1) if driver.numpy else back) == codes\n";
    check += "try:\n  " + name +
             ".pack([1 << 20] * len(codes))\n  raise SystemExit('no error')\nexcept ValueError: pass\n";
  }
  ASSERT_TRUE(writeFile(folder / "axi/check.py", check).ok());
  EXPECT_EQ(std::system(("cd '" + (folder / "axi").string() + "' && python3 check.py").c_str()),
            0);  // NOLINT
  fs::remove_all(folder);
}

/// Stands in for Vivado: every command is known and does nothing; pins and interfaces that are joined are counted.
const char* const kVivado = R"TCL(
set used {}
proc create_project args {}
proc unknown args { return $args }
foreach kind {get_bd_pins get_bd_intf_pins} {
  proc $kind args { lappend ::used [lindex $args 0]; return [lindex $args 0] }
}
proc get_bd_cells args {
  if {[lindex $args 0] ne "-quiet"} { return [lindex $args end] }
  return [expr {[string match dma* [lindex $args 1]] ? "/dma_x /dma_z /dma_s /dma_u" : "/width_x"}]
}
proc get_property {name args} { return [expr {$name eq "PROGRESS" ? "100%" : 1}] }
proc get_parts args { return known }
proc glob args { return nothing }
rename file file_really
proc file {verb args} { if {$verb ni {copy mkdir}} { return [file_really $verb {*}$args] } }
source axi/SCRIPT
puts [join [lsort $used] "\n"]
)TCL";

TEST(AxiShell, TheScriptsRunToTheirEndsAndJoinEveryInterface) {
  if (std::system("echo exit | tclsh") != 0) GTEST_SKIP() << "tclsh is not installed";  // NOLINT
  const Result<Dressed> dressed = dress(kTwoIn, 4, 1);
  ASSERT_TRUE(dressed.ok()) << dressed.error().text();
  const fs::path folder = fs::path(::testing::TempDir()) / "sluice_axi_scripts";
  for (const char* part : {"xc7z020clg400-1", "xczu9eg-ffvb1156-2-e", "xc7a100tcsg324-1"}) {
    fs::remove_all(folder);
    for (const emit::File& file : dressed->shell.files)
      ASSERT_TRUE(writeFile(folder / file.name, file.content).ok());
    for (const emit::File& file :
         emit::axiPackage(dressed->skin, dressed->shell, emit::AxiTarget{.part = part}))
      ASSERT_TRUE(writeFile(folder / file.name, file.content).ok());
    for (const std::string script : {"project.tcl", "package_ip.tcl"}) {
      std::string text = kVivado;
      text.replace(text.find("SCRIPT"), 6, script);
      ASSERT_TRUE(writeFile(folder / "run.tcl", text).ok());
      const std::string there = "cd '" + folder.string() + "' && tclsh ";
      EXPECT_NE(std::system((there + "axi/" + script + " 2> refused.txt").c_str()), 0);  // NOLINT
      EXPECT_NE(readFile(folder / "refused.txt").value().find("is a script for Vivado"), std::string::npos);
      ASSERT_EQ(std::system((there + "run.tcl > used.txt 2>&1").c_str()), 0)  // NOLINT
          << part << " " << readFile(folder / "used.txt").value();
      if (script != "project.tcl" || std::string(part).starts_with("xc7a")) continue;
      const std::string used = "\n" + readFile(folder / "used.txt").value();
      for (const char* pin :
           {"design_under_control/s_axis_x", "design_under_control/s_axis_z", "design_under_control/m_axis_s",
            "design_under_control/m_axis_u", "design_under_control/s_axi_control",
            "design_under_control/aclk", "design_under_control/aresetn", "dma_x/axi_resetn",
            "dma_u/m_axi_s2mm_aclk", "to_memory/S03_AXI", "to_control/M04_AXI"})
        EXPECT_NE(used.find("\n" + std::string(pin) + "\n"), std::string::npos) << part << ": " << pin;
    }
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace sluice::flow
