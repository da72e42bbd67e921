#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "flow/vendor/read.h"

/// The collection of real reports of eight tool versions, against figures that another parser read, and against the
/// reports by eye where that parser has none.
///
/// `expected.json` and the reports agree in every figure; where its names hide a difference, `expectations` says which.
/// It lacks seven of the 28 reports; `ReportsWithoutExpectationsAgreeWithTheirTextByEye` has those.
namespace sluice::flow::vendor {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class VendorReports : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("SLUICE_SHARED");
    const char* source = std::getenv("SLUICE_SOURCE");
    folder_ = (shared != nullptr ? fs::path(shared)
                                 : fs::path(source != nullptr ? source : ".") / ".." / "shared") /
              "data" / "reports";
    if (!fs::exists(folder_ / "expected.json")) GTEST_SKIP() << folder_ << " is not here (SLUICE_SHARED)";
  }
  [[nodiscard]] Metrics read(const std::string& file) const {
    Result<Metrics> metrics = readReport(folder_ / file);
    EXPECT_TRUE(metrics.ok()) << (metrics.ok() ? "" : metrics.error().text());
    return metrics.ok() ? std::move(metrics).value() : Metrics{};
  }
  fs::path folder_;
};

/// Names of expected.json and what they are called here.
const std::map<std::string, std::string>& expectations() {
  static const std::map<std::string, std::string> all = {
      {"clock_ns", "clock_target_ns"},
      {"clk_est_ns", "clock_estimated_ns"},
      {"latency_min", "latency_min_cycles"},
      {"latency_max", "latency_max_cycles"},
      {"ii_min", "interval_min_cycles"},
      {"ii_max", "interval_max_cycles"},
      {"bram18", "bram18"},  // of Vivado's reports computed, as here; of HLS reports and exports as it stands
      {"bram_tile", "bram_tile"},
      {"ramb36", "ramb36"},
      {"ramb18", "ramb18"},
      {"dsp", "dsp"},
      {"ff", "ff"},
      {"lut", "lut"},
      {"lut_logic", "lut_logic"},
      {"lut_mem", "lut_memory"},
      {"srl", "srl"},
      {"uram", "uram"},
      {"carry8", "carry8"},
      {"cp_achieved_ns", "clock_achieved_ns"},
      {"wns_ns", "wns_ns"},
      {"tns_ns", "tns_ns"},
      {"failing", "setup_failing"},
  };
  return all;
}

std::size_t instances(const Metrics& metrics) {
  std::set<std::string> places;
  for (const Fact& fact : metrics.facts)
    if (fact.place.starts_with("instance:")) places.insert(fact.place);
  return places.size();
}

/// One key of expected.json; true if it was a figure.
bool compare(const Metrics& metrics, const std::string& file, const std::string& key, const json& expected) {
  const std::string at = file + ": " + key;
  if (const auto name = expectations().find(key); name != expectations().end()) {
    const auto found = find(metrics, name->second);
    if (expected.is_null()) {
      EXPECT_FALSE(found.has_value()) << at;
    } else {
      EXPECT_TRUE(found.has_value()) << at;
      EXPECT_EQ(found.value_or(-1), expected.get<double>()) << at;
    }
    return true;
  }
  if (key == "version") {
    EXPECT_EQ(metrics.version, expected) << at;
  } else if (key == "part" || key == "device") {
    EXPECT_EQ(metrics.part, expected) << at;
  } else if (key == "tool") {
    EXPECT_EQ(metrics.tool + " v." + metrics.version, expected) << at;
  } else if (key == "pipeline") {
    EXPECT_EQ(findFact(metrics, "pipeline"), expected) << at;
  } else if (key == "state" || key == "stage") {
    const bool routed = expected == "Routed";
    for (const Metric& metric : metrics.metrics)
      EXPECT_EQ(metric.stage, routed ? Stage::routed : Stage::synthesised) << at << " " << metric.name;
  } else if (key == "instances") {
    EXPECT_EQ(instances(metrics), expected.get<std::size_t>()) << at;
  } else if (key == "kind") {
    EXPECT_EQ(metrics.format, expected) << at;
  } else {
    ADD_FAILURE() << at << " is not compared";
  }
  return false;
}

TEST_F(VendorReports, AllFiguresEqualThoseOfAnIndependentParser) {
  const auto text = readFile(folder_ / "expected.json");
  ASSERT_TRUE(text.ok());
  std::size_t figures = 0, reports = 0;
  const json all = json::parse(*text);
  for (const auto& [file, expected] : all.items()) {
    const Metrics metrics = read(file);
    ++reports;
    for (const auto& [key, value] : expected.items()) figures += compare(metrics, file, key, value) ? 1 : 0;
  }
  EXPECT_EQ(reports, 21u);
  EXPECT_EQ(figures, 213u);
}

TEST_F(VendorReports, TheWholeFolderIsReadAndNothingElseInItIsTakenForAReport) {
  const auto survey = readReports(folder_);
  ASSERT_TRUE(survey.ok());
  EXPECT_EQ(survey->reports.size(), 28u);
  EXPECT_EQ(survey->damaged.size(), 0u);
  ASSERT_EQ(survey->skipped.size(), 2u);
  EXPECT_EQ(survey->skipped[0].file, "README.md");
  EXPECT_EQ(survey->skipped[1].file, "expected.json");
  EXPECT_TRUE(json::accept(surveyJson(*survey)));
  EXPECT_EQ(json::parse(surveyJson(*survey))["reports"].size(), 28u);
}

void expectValues(const Metrics& metrics, const std::string& place,
                  const std::map<std::string, double>& expected) {
  for (const auto& [name, value] : expected) {
    const auto found = find(metrics, name, place);
    EXPECT_TRUE(found.has_value()) << name << " at '" << place << "'";
    EXPECT_EQ(found.value_or(-1), value) << name << " at '" << place << "'";
  }
}

TEST_F(VendorReports, ReportsWithoutExpectationsAgreeWithTheirTextByEye) {
  const Metrics summary = read("vitis_hls_2021.1/csynth.rpt");
  expectValues(summary, "",
               {{"latency_cycles", 54},
                {"latency_ns", 179.82},
                {"interval_cycles", 2},
                {"slack_ns", -0.32},
                {"bram18", 5},
                {"bram_tile", 2.5},
                {"dsp", 796},
                {"ff", 60582},
                {"lut", 62431},
                {"uram", 0}});
  expectValues(summary, "module:grp_dense_latency_ap_fixed_8_2_5_3_0_ap_fixed_16_4_5_3_0_config2_s_fu_95",
               {{"latency_cycles", 6}, {"dsp", 247}, {"ff", 17359}, {"lut", 17374}, {"slack_ns", -0.27}});
  const Metrics later = read("vitis_hls_2024.1/csynth.rpt");
  expectValues(later, "",
               {{"latency_cycles", 4}, {"interval_cycles", 1}, {"ff", 333}, {"lut", 1460}, {"dsp", 0}});
  expectValues(later, "module:dense_latency_ap_ufixed_8_6_5_3_0_ap_fixed_12_6_5_3_0_config18_s",
               {{"lut", 282}, {"slack_ns", 1.48}});

  const Metrics hierarchy = read("vivado_2019.1_routed/util_hier.rpt");
  expectValues(hierarchy, "",
               {{"lut", 679472},
                {"lut_logic", 679472},
                {"srl", 0},
                {"ff", 51046},
                {"ramb36", 0},
                {"ramb18", 4},
                {"bram18", 4},
                {"bram_tile", 2},
                {"uram", 0},
                {"dsp", 335}});
  expectValues(hierarchy, "instance:(p)", {{"lut", 543739}, {"ff", 9279}});
  expectValues(hierarchy,
               "instance:grp_softmax_stable_ap_fixed_ap_fixed_28_10_5_3_0_softmax_config16_s_fu_529",
               {{"lut", 226}, {"bram18", 4}, {"bram_tile", 2}, {"dsp", 5}});
  ASSERT_FALSE(hierarchy.metrics.empty());
  EXPECT_EQ(hierarchy.metrics.front().stage, Stage::routed);

  const Metrics cosim = read("vitis_hls_streamhls/forward_cosim.rpt");
  expectValues(cosim, "",
               {{"passed", 1},
                {"latency_min_cycles", 57906819},
                {"latency_avg_cycles", 57906819},
                {"latency_max_cycles", 57906819},
                {"execution_cycles", 57906819}});
  EXPECT_FALSE(find(cosim, "interval_max_cycles").has_value());
  EXPECT_EQ(findFact(cosim, "language"), "Verilog");

  expectValues(read("hls4ml_test_report/oneAPI/summary.ndjson"), "",
               {{"alut", 2462},
                {"ff", 7938},
                {"intel_ram", 77},
                {"dsp", 0},
                {"mlab", 92},
                {"alut_available", 974400}});
  expectValues(read("hls4ml_test_report/oneAPI/loop_attr.ndjson"), "",
               {{"fmax_mhz", 480}, {"block_latency_max_cycles", 200}, {"block_interval_max_cycles", 1}});
  expectValues(read("hls4ml_test_report/oneAPI/quartus.ndjson"), "kernel:Myproject",
               {{"alm", 4520}, {"alut", 4181}, {"ff", 16419}, {"dsp", 40}, {"intel_ram", 36}, {"mlab", 52}});
}

TEST_F(VendorReports, ALogWithACosimulationBehindItsSynthesisHasBothStages) {
  // expected.json has the estimates alone; the co-simulation that stands behind them says something else.
  const Metrics metrics = read("vivado_hls_2019.2/csynth_stream.rpt");
  std::map<Stage, double> latency;
  for (const Metric& metric : metrics.metrics)
    if (metric.name == "latency_max_cycles" && metric.place.empty()) latency[metric.stage] = metric.value;
  EXPECT_EQ(latency, (std::map<Stage, double>{{Stage::estimated, 15634}, {Stage::simulated, 23030}}));
}

TEST_F(VendorReports, OneDesignHasTwiceAsManyHalvesAsTilesInTheReportsOfTwoTools) {
  const Metrics exported = read("vivado_hls_2019.2/export_syn.rpt");   // "BRAM: 63"
  const Metrics vivado = read("vivado_2019.2/utilization_synth.rpt");  // "Block RAM Tile | 31.5"
  for (const Metrics& metrics : {exported, vivado})
    expectValues(metrics, "", {{"bram18", 63}, {"bram_tile", 31.5}});
}

TEST_F(VendorReports, TheStageOfATimingReportThatDoesNotStateItIsSeenFromItsNets) {
  const Metrics metrics = read("vivado_2019.1_routed/timing.rpt");
  ASSERT_FALSE(metrics.metrics.empty());
  for (const Metric& metric : metrics.metrics) EXPECT_EQ(metric.stage, Stage::routed);
  ASSERT_EQ(metrics.notes.size(), 1u);
  expectValues(metrics, "",
               {{"whs_ns", 0.007}, {"wpws_ns", 2.005}, {"pulse_endpoints", 51053}, {"timing_met", 0}});
  expectValues(metrics, "clock:ap_clk", {{"clock_period_ns", 5}, {"wns_ns", -2.28}});
  EXPECT_TRUE(read("vivado_misc/timing_post_route.rpt").metrics.empty());  // "NA" everywhere
}

/// Raw reports of 840 designs, of which the same independent parser made a table.
TEST_F(VendorReports, TheLargerCollectionIsReadWithoutARefusal) {
  const fs::path folder = folder_ / ".." / "synthesis";
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not here (SLUICE_SHARED)";
  const auto survey = readReports(folder);
  ASSERT_TRUE(survey.ok());
  for (const Survey::Other& other : survey->damaged) ADD_FAILURE() << other.file << ": " << other.reason;
  EXPECT_GE(survey->reports.size(), 150u);
}

}  // namespace
}  // namespace sluice::flow::vendor
