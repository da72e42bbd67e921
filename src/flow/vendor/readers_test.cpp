#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "flow/vendor/read.h"
#include "flow/vendor/readers.h"
#include "flow/vendor/samples_testing.h"

/// Each format from a short report, and each error from a smallest change to one.
namespace sluice::flow::vendor {
namespace {

namespace fs = std::filesystem;

Metrics read(std::string_view text) {
  Result<Metrics> metrics = readReportText(text);
  EXPECT_TRUE(metrics.ok()) << (metrics.ok() ? "" : metrics.error().text());
  return metrics.ok() ? std::move(metrics).value() : Metrics{};
}

/// The sample with its first `from` turned into `to`.
std::string changed(std::string_view sample, std::string_view from, std::string_view to) {
  std::string text(sample);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// What is said of a damaged text.
std::string error(std::string_view text) {
  const Result<Metrics> metrics = readReportText(text);
  return metrics.ok() ? "no error" : metrics.error().text();
}

#define EXPECT_SAYS(text, words) EXPECT_NE(error(text).find(words), std::string::npos) << error(text)

double value(const Metrics& metrics, std::string_view name, std::string_view place = {}) {
  const auto found = find(metrics, name, place);
  EXPECT_TRUE(found.has_value()) << name << " at '" << place << "'";
  return found.value_or(-1);
}

Metrics testdata(const std::string& name) {
  const char* source = std::getenv("SLUICE_SOURCE");
  const fs::path path = fs::path(source != nullptr ? source : ".") / "src/flow/vendor/testdata" / name;
  Result<Metrics> metrics = readReport(path);
  EXPECT_TRUE(metrics.ok()) << (metrics.ok() ? "" : metrics.error().text());
  return metrics.ok() ? std::move(metrics).value() : Metrics{};
}

TEST(VendorSchema, NamesAreUniqueAndWhatADeviceOffersHasTheUnitOfWhatIsUsed) {
  for (const Quantity& quantity : quantities())
    EXPECT_EQ(findQuantity(quantity.name), &quantity) << quantity.name;
  EXPECT_EQ(findQuantity("lut_available"), findQuantity("lut"));
  EXPECT_EQ(findQuantity("luts"), nullptr);
}

TEST(VendorReaders, EveryFormatRecognisesItsOwnAndNoOther) {
  std::vector<std::string> all = samples();
  const char* source = std::getenv("SLUICE_SOURCE");
  for (const char* name :
       {"csynth.rpt", "vivado_synth.rpt", "summary.ndjson", "loop_attr.ndjson", "quartus.ndjson"}) {
    auto text = readFile(fs::path(source != nullptr ? source : ".") / "src/flow/vendor/testdata" / name);
    ASSERT_TRUE(text.ok());
    all.push_back(*text);
  }
  for (const std::string& text : all) {
    std::string takers;
    for (const Reader& reader : readers())
      if (reader.recognises(text)) takers += (takers.empty() ? "" : ", ") + std::string(reader.format);
    // A hierarchical report is a utilization report too, and stands before it in the table.
    if (takers == "vivado_utilization_hierarchical, vivado_utilization") continue;
    EXPECT_FALSE(takers.empty()) << text.substr(0, 200);
    EXPECT_EQ(takers.find(','), std::string::npos) << takers;
  }
}

TEST(VendorReaders, BlockRamIsGivenInBothUnitsWhicheverTheReportHas) {
  const Metrics estimated = read(csynthSample);  // BRAM_18K 3: halves
  EXPECT_EQ(value(estimated, "bram18"), 3);
  EXPECT_EQ(value(estimated, "bram_tile"), 1.5);
  const Metrics synthesised = read(utilizationSample);  // Block RAM Tile 4.5: wholes
  EXPECT_EQ(value(synthesised, "bram_tile"), 4.5);
  EXPECT_EQ(value(synthesised, "bram18"), 9);
  EXPECT_EQ(value(synthesised, "ramb18"), 3);
  const Metrics exported = read(exportSample);  // BRAM 7: halves
  EXPECT_EQ(value(exported, "bram18"), 7);
  EXPECT_EQ(value(exported, "bram_tile"), 3.5);
  const Metrics placed = read(hierarchySample);  // 2 RAMB36, 3 RAMB18
  EXPECT_EQ(value(placed, "bram18"), 7);
  EXPECT_EQ(value(placed, "bram_tile"), 3.5);
  EXPECT_EQ(value(placed, "bram_tile", "instance:dense_U0/rom_U"), 3.5);
  for (const Metrics& metrics : {estimated, synthesised, exported, placed})
    for (const Metric& metric : metrics.metrics) {
      if (metric.name == "bram18") {
        EXPECT_EQ(metric.unit, "RAMB18");
      }
      if (metric.name == "bram_tile") {
        EXPECT_EQ(metric.unit, "RAMB36 tile");
      }
    }
}

TEST(VendorReaders, TilesThatAreNotTheirBlocksAreRefused) {
  EXPECT_SAYS(changed(utilizationSample, "|  4.5 |", "|  9   |"),
              "9 block RAM tiles, but 3 RAMB36 and 3 RAMB18 are 4.5");
}

TEST(VendorReaders, AnHlsReportOf2018HasLoopsWithRangesAndWhatTheToolCouldNotBound) {
  const Metrics metrics = read(csynthSample);
  EXPECT_EQ(metrics.tool, "Vivado HLS");
  EXPECT_EQ(metrics.version, "2018.2");
  EXPECT_EQ(metrics.part, "xc7z020clg400-1");
  EXPECT_EQ(value(metrics, "clock_estimated_ns"), 4.35);
  EXPECT_EQ(value(metrics, "latency_min_cycles"), 20);
  EXPECT_FALSE(find(metrics, "latency_max_cycles").has_value());
  ASSERT_FALSE(metrics.notes.empty());
  EXPECT_EQ(metrics.notes.front(), "latency_max_cycles is '?': the tool could not determine it");
  EXPECT_EQ(value(metrics, "trip_count_min", "loop:Rows"), 1);
  EXPECT_EQ(value(metrics, "trip_count_max", "loop:Rows"), 28);
  EXPECT_EQ(value(metrics, "iteration_latency_max_cycles", "loop:Rows"), 20);
  EXPECT_EQ(value(metrics, "interval_cycles", "loop:Rows/Columns"), 1);
  EXPECT_EQ(findFact(metrics, "pipeline", "loop:Rows/Columns"), "yes");
  EXPECT_EQ(value(metrics, "depth_words", "memory:table_U"), 1024);
  EXPECT_EQ(value(metrics, "lut", "component:Expression"), 2);
  EXPECT_EQ(value(metrics, "lut_available"), 53200);
}

TEST(VendorReaders, ASummaryKeepsItsTreeAndTellsTwoCallsOfOneModuleApart) {
  const Metrics metrics = read(summarySample);
  EXPECT_EQ(metrics.tool, "Vitis HLS");
  EXPECT_EQ(value(metrics, "latency_cycles"), 40);
  EXPECT_EQ(value(metrics, "bram18"), 5);
  EXPECT_EQ(value(metrics, "dsp"), 0);  // "-": none of it
  EXPECT_EQ(findFact(metrics, "dataflow"), "yes");
  EXPECT_EQ(value(metrics, "lut", "module:relu"), 96);
  EXPECT_EQ(value(metrics, "lut", "module:relu#2"), 96);
  EXPECT_EQ(value(metrics, "slack_ns", "module:dense"), -0.6);
  EXPECT_EQ(value(metrics, "trip_count_max", "loop:dense/Reuse"), 16);
}

TEST(VendorReaders, XmlIsReadByTagWhateverTheOrderAndWithItsModules) {
  const Metrics metrics = read(xmlSample);
  EXPECT_EQ(metrics.tool, "Vitis HLS");
  EXPECT_EQ(value(metrics, "lut"), 62431);
  EXPECT_EQ(value(metrics, "latency_max_ns"), 180);
  EXPECT_FALSE(find(metrics, "latency_max_cycles").has_value());
  EXPECT_EQ(metrics.notes.size(), 2u);
  EXPECT_EQ(value(metrics, "interval_max_cycles", "module:dense"), 2);
  EXPECT_EQ(value(metrics, "bram_tile", "module:dense"), 0.5);
}

TEST(VendorReaders, AnExportKeepsTheStageOfEachCriticalPath) {
  const Metrics metrics = read(exportSample);
  EXPECT_EQ(metrics.version, "2020.1");
  EXPECT_EQ(value(metrics, "slice"), 512);
  EXPECT_EQ(value(metrics, "timing_met"), 0);
  std::vector<std::pair<Stage, double>> achieved;
  for (const Metric& metric : metrics.metrics) {
    if (metric.name == "clock_achieved_ns") achieved.emplace_back(metric.stage, metric.value);
    if (metric.name == "lut") {
      EXPECT_EQ(metric.stage, Stage::routed);
    }
  }
  EXPECT_EQ(achieved,
            (std::vector<std::pair<Stage, double>>{{Stage::synthesised, 3.425}, {Stage::routed, 5.125}}));
}

TEST(VendorReaders, ACosimulationInTwoLanguagesHasTwoPlaces) {
  const Metrics metrics = read(cosimSample);
  EXPECT_EQ(value(metrics, "passed", "rtl:VHDL"), 0);
  EXPECT_EQ(value(metrics, "passed", "rtl:Verilog"), 1);
  EXPECT_EQ(value(metrics, "latency_avg_cycles", "rtl:Verilog"), 18693);
  EXPECT_EQ(value(metrics, "interval_max_cycles", "rtl:Verilog"), 13487);
  ASSERT_FALSE(metrics.metrics.empty());
  EXPECT_EQ(metrics.metrics.front().stage, Stage::simulated);
}

TEST(VendorReaders, ATimingSummaryTellsBlankColumnsApart) {
  const Metrics metrics = read(timingSample);
  ASSERT_FALSE(metrics.metrics.empty());
  EXPECT_EQ(metrics.metrics.front().stage, Stage::routed);
  EXPECT_EQ(value(metrics, "wns_ns"), 0.125);
  EXPECT_EQ(value(metrics, "timing_met"), 1);
  EXPECT_EQ(value(metrics, "clock_frequency_mhz", "clock:clk_2x"), 400);
  EXPECT_FALSE(find(metrics, "wns_ns", "clock:clk_2x").has_value());
  EXPECT_EQ(value(metrics, "wpws_ns", "clock:clk_2x"), 1.005);
  EXPECT_EQ(value(metrics, "pulse_endpoints", "clock:clk_2x"), 2);
}

TEST(VendorReaders, ReportsOfHls4mlsOwnTestsGiveWhatItsTestsAssert) {
  const Metrics csynth = testdata("csynth.rpt");
  EXPECT_EQ(value(csynth, "latency_min_cycles"), 10);
  EXPECT_EQ(value(csynth, "latency_max_cycles"), 10);
  EXPECT_EQ(value(csynth, "interval_min_cycles"), 8);
  EXPECT_EQ(value(csynth, "interval_max_cycles"), 8);
  EXPECT_EQ(value(csynth, "clock_estimated_ns"), 4.049);
  EXPECT_EQ(value(csynth, "bram18"), 0);
  EXPECT_EQ(value(csynth, "bram18_available"), 280);
  EXPECT_EQ(value(csynth, "dsp"), 73);
  EXPECT_EQ(value(csynth, "dsp_available"), 220);
  EXPECT_EQ(value(csynth, "ff"), 7969);
  EXPECT_EQ(value(csynth, "ff_available"), 106400);
  EXPECT_EQ(value(csynth, "lut"), 2532);
  EXPECT_EQ(value(csynth, "lut_available"), 53200);
  EXPECT_EQ(value(csynth, "depth_words", "fifo:layer2_out_V_data_0_V_U"), 1);
  EXPECT_EQ(value(csynth, "dsp", "instance:dense_array_array_ap_fixed_16_6_5_3_0_5u_config2_U0"), 73);
  const Metrics vivado = testdata("vivado_synth.rpt");
  EXPECT_EQ(value(vivado, "bram_tile"), 0);
  EXPECT_EQ(value(vivado, "dsp"), 66);
  EXPECT_EQ(value(vivado, "ff"), 2428);
  EXPECT_EQ(value(vivado, "lut"), 1526);
  EXPECT_EQ(value(vivado, "cells", "primitive:CARRY4"), 295);
  const Metrics loops = testdata("loop_attr.ndjson");
  EXPECT_EQ(value(loops, "fmax_mhz"), 480);
  EXPECT_EQ(value(loops, "block_latency_max_cycles"), 200);
  EXPECT_EQ(value(loops, "block_interval_max_cycles"), 1);
  const Metrics hls = testdata("summary.ndjson");
  EXPECT_EQ(value(hls, "alut"), 2462);
  EXPECT_EQ(value(hls, "ff"), 7938);
  EXPECT_EQ(value(hls, "dsp"), 0);
  EXPECT_EQ(value(hls, "intel_ram"), 77);
  EXPECT_EQ(value(hls, "mlab"), 92);
  const Metrics fit = testdata("quartus.ndjson");
  EXPECT_EQ(value(fit, "fmax_mhz"), 597.73);
  EXPECT_EQ(value(fit, "alut", "kernel:Myproject"), 4181);
  EXPECT_EQ(value(fit, "ff", "kernel:Myproject"), 16419);
  EXPECT_EQ(value(fit, "dsp", "kernel:Myproject"), 40);
  EXPECT_EQ(value(fit, "intel_ram", "kernel:Myproject"), 36);
  EXPECT_EQ(value(fit, "mlab", "kernel:Myproject"), 52);
  EXPECT_EQ(value(fit, "alm", "kernel:Myproject"), 4520);
  EXPECT_EQ(value(fit, "alut"), 4182);  // with what stands around the kernel
}

TEST(VendorReaders, WordsWhereANumberBelongsAreNamedWithTheirLine) {
  EXPECT_SAYS(changed(csynthSample, "|Total            |        3|", "|Total            |   banana|"),
              "bram18 is 'banana', where a whole number is needed");
  EXPECT_SAYS(changed(csynthSample, "|Total            |        3|", "|Total            |       -3|"),
              "'-3'");
  EXPECT_SAYS(changed(csynthSample, "|Total            |        3|", "|Total            |        x|"),
              "line 57: ");
  EXPECT_SAYS(changed(xmlSample, "<FF>60582", "<FF>many"), "ff is 'many'");
  EXPECT_SAYS(changed(timingSample, "      0.125 ", "      fast. "), "wns_ns is 'fast.'");
  EXPECT_SAYS(changed(exportSample, "LUT:           1500", "LUT:           1.5"), "lut is '1.5'");
}

TEST(VendorReaders, AbsurdSizesAreRefused) {
  EXPECT_SAYS(changed(xmlSample, "<FF>60582", "<FF>60582000000"), "absurdly large");
  EXPECT_SAYS(changed(xmlSample, "<FF>60582", "<FF>99999999999999999999999999"),
              "where a whole number is needed");
  EXPECT_SAYS(changed(xmlSample, "<FF>60582", "<FF>" + std::string(100000, '9')), "longer than any can be");
}

TEST(VendorReaders, FiguresThatContradictEachOtherAreRefused) {
  EXPECT_SAYS(changed(csynthSample, "|Total            |        3|      0|      64|",
                      "|Total            |        3|      0|      46|"),
              "the components have 64 ff, but Total says 46");
  EXPECT_SAYS(changed(utilizationSample, "LUT as Logic          | 1300", "LUT as Logic          | 1200"),
              "says 1300 LUTs, but 1200 as logic and 0 as memory");
}

TEST(VendorReaders, ATableCutOffOrOutOfLineIsNamedWithItsLine) {
  EXPECT_SAYS(std::string(summarySample).substr(0, summarySample.size() - 30), "line 15: the report ends");
  EXPECT_SAYS(changed(hierarchySample, "|   dense_U0    |  dense |", "|   dense_U0       dense |"),
              "10 cells");
  EXPECT_SAYS(changed(cosimSample, "|   min  |   avg  |   max  |", "|   min |    avg  |   max  |"),
              "no error");
  EXPECT_SAYS(changed(csynthSample, "== Interface", "== Interfac."), "before its part '== Interface'");
  EXPECT_SAYS(changed(utilizationSample, "\n4. Primitives\n----", "\n4. Primitive\n----"),
              "promises '4. Primitives'");
  EXPECT_SAYS(changed(exportSample, "Timing not met", ""), "before 'Timing met'");
  EXPECT_SAYS(std::string(xmlSample).substr(0, xmlSample.size() - 12), "XML is damaged or cut off");
}

TEST(VendorReaders, AnXmlWithADocumentTypeIsRefusedAndItsEntitiesWithIt) {
  std::string bomb = "<!DOCTYPE profile [<!ENTITY a \"0123456789\">";
  for (char name = 'b'; name < 'l'; ++name) {
    const std::string before = "&" + std::string(1, static_cast<char>(name - 1)) + ";";
    bomb += "<!ENTITY " + std::string(1, name) + " \"";
    for (int i = 0; i < 10; ++i) bomb += before;
    bomb += "\">";
  }
  const auto metrics = readHlsXml(bomb + "]><profile>&k;</profile>");
  ASSERT_FALSE(metrics.ok());
  EXPECT_NE(metrics.error().message.find("declares a type"), std::string::npos);
}

TEST(VendorReaders, DeepAndWideDocumentsAreRefusedInBoundedMemory) {
  std::string deep = "<profile>";
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_SAYS(deep, "nested too deeply");
  std::string json = "{\"a\": \"loop_attributes\", \"nodes\": " + std::string(1000000, '[');
  EXPECT_SAYS(json, "JSON is nested too deeply");
  std::string wide = "+--+\n|";
  for (int i = 0; i < 100000; ++i) wide += "a|";
  EXPECT_SAYS("\nSimulation tool : x\n   RTL    +  Status  +\n" + wide + "\n+--+\n",
              "columns; no report has more than");
}

TEST(VendorReaders, ATextOfNoKnownFormatIsAnErrorThatListsThem) {
  EXPECT_SAYS("hello", "is no report that is known; known are: C synthesis of one module");
  EXPECT_SAYS("", "is no report that is known");
}

/// A folder that goes with the test.
class VendorFolder : public testing::Test {
 protected:
  VendorFolder() {
    std::string pattern = (fs::temp_directory_path() / "sluice-vendor-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~VendorFolder() override { fs::remove_all(root_); }
  void put(const std::string& name, std::string_view content) const {
    ASSERT_TRUE(writeFile(root_ / name, content).ok());
  }
  fs::path root_;
};

TEST_F(VendorFolder, AWalkIsSortedAndNamesWhatItSkipsAndWhatIsDamaged) {
  put("z.rpt", csynthSample);
  put("a/b/impl.rpt", exportSample);
  put("a/notes.txt", "nothing");
  put("m.xml", std::string(xmlSample).substr(0, 900));
  fs::create_directory_symlink(root_, root_ / "loop");
  const auto survey = readReports(root_);
  ASSERT_TRUE(survey.ok());
  ASSERT_EQ(survey->reports.size(), 2u);
  EXPECT_EQ(survey->reports[0].file, "a/b/impl.rpt");
  EXPECT_EQ(survey->reports[1].file, "z.rpt");
  EXPECT_EQ(survey->reports[1].metrics.format, "csynth_rpt");
  ASSERT_EQ(survey->skipped.size(), 2u);
  EXPECT_EQ(survey->skipped[0].file, "a/notes.txt");
  EXPECT_EQ(survey->skipped[1].reason, "a link, which is not followed");
  ASSERT_EQ(survey->damaged.size(), 1u);
  EXPECT_EQ(survey->damaged[0].file, "m.xml");
  EXPECT_EQ(surveyJson(*survey), surveyJson(*readReports(root_)));
  EXPECT_NE(surveyText(*survey).find("2 reports, 2 skipped, 1 damaged"), std::string::npos);
}

TEST_F(VendorFolder, AFileNamedAloneMustBeAReport) {
  put("notes.txt", "nothing");
  const auto survey = readReports(root_ / "notes.txt");
  ASSERT_FALSE(survey.ok());
  EXPECT_EQ(survey.error().code, ErrorCode::unsupported);
  EXPECT_NE(survey.error().where.find("notes.txt"), std::string::npos);
  EXPECT_FALSE(readReports(root_ / "none.rpt").ok());
}

}  // namespace
}  // namespace sluice::flow::vendor
