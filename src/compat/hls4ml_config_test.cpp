#include "compat/hls4ml_config.h"

#include <gtest/gtest.h>

namespace sluice::compat {
namespace {

Hls4mlConfig parsed(const std::string& text) {
  auto config = parseHls4mlConfig(text, "c.yml");
  EXPECT_TRUE(config.ok()) << config.error().text();
  return config.ok() ? *config : Hls4mlConfig{};
}

std::string errorOf(const std::string& text) {
  const auto config = parseHls4mlConfig(text, "c.yml");
  return config.ok() ? "no error" : config.error().text();
}

TEST(Hls4mlConfig, ReadsThreeLevelsOfYaml) {
  const Hls4mlConfig config = parsed(R"(
Model:
  Precision: ap_fixed<16,6>
  ReuseFactor: 4
LayerType:
  Dense: {Precision: {accum: "ap_fixed<24,8>"}}
LayerName:
  FC1:
    Precision: {weight: auto, result: "ap_fixed<8,2>"}
    TableSize: 512
    Trace: true
)");
  EXPECT_EQ(config.model.precision.at("default"), "ap_fixed<16,6>");
  EXPECT_EQ(*config.model.value("reusefactor"), "4");
  EXPECT_EQ(config.byType.at("dense").precision.at("accum"), "ap_fixed<24,8>");
  EXPECT_EQ(config.byName.at("fc1").precision.at("weight"), "auto");
  EXPECT_EQ(*config.byName.at("fc1").value("tablesize"), "512");
  EXPECT_FALSE(config.ioStream);
}

TEST(Hls4mlConfig, ReadsTheConvertersConfigurationAndJson) {
  const Hls4mlConfig config = parsed(
      R"({"OutputDir": "x", "IOType": "io_stream", "HLSConfig": {"Model": {"Precision": {"default": "fixed<16,6>"}}}})");
  EXPECT_TRUE(config.ioStream);
  EXPECT_EQ(config.model.precision.at("default"), "fixed<16,6>");
}

TEST(Hls4mlConfig, SaysWhatIsWrongAndWhere) {
  EXPECT_NE(errorOf("Model: [").find("c.yml: is no YAML"), std::string::npos);
  EXPECT_NE(errorOf("[1, 2]").find("c.yml: is no dictionary"), std::string::npos);
  EXPECT_NE(errorOf("a: 1").find("has none of the keys Model"), std::string::npos);
  EXPECT_NE(errorOf("LayerName: {fc1: 3}").find("c.yml: LayerName: fc1: is no dictionary"),
            std::string::npos);
  EXPECT_NE(errorOf("Model: {Precision: [1]}").find("c.yml: Model: Precision: is neither"),
            std::string::npos);
  EXPECT_NE(errorOf("Model: {Precision: {accum: {a: 1}}}").find("Precision: accum: is no type"),
            std::string::npos);
}

TEST(Hls4mlConfig, SurvivesDeepAndRecursiveText) {
  EXPECT_NE(errorOf(std::string(100000, '[')).find("c.yml"), std::string::npos);
  EXPECT_NE(errorOf("Model: &a {Precision: *a}"), "");
}

}  // namespace
}  // namespace sluice::compat
