#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/rng.h"
#include "base/usage.h"
#include "flow/vendor/read.h"
#include "flow/vendor/samples_testing.h"

/// Damaged reports. Whatever is done to one, reading it gives a clear error or complete metrics; it does not crash, hang
/// or allocate without bound. A report that was cut off gives an error or exactly what the whole one gives.
namespace sluice::flow::vendor {
namespace {

namespace fs = std::filesystem;

/// The made-up reports, the bundled ones, and those of the collection where it is.
std::vector<std::string> corpus() {
  std::vector<std::string> all = samples();
  const char* source = std::getenv("SLUICE_SOURCE");
  const char* folder = std::getenv("SLUICE_SHARED");
  const fs::path root = source != nullptr ? source : ".";
  const fs::path shared = folder != nullptr ? fs::path(folder) : root / ".." / "shared";
  for (const fs::path& place : {root / "src/flow/vendor/testdata", shared / "data" / "reports"}) {
    const auto survey = readReports(place);
    if (!survey.ok()) continue;
    for (const Survey::Report& report : survey->reports)
      if (auto text = readFile(place / report.file); text.ok()) all.push_back(std::move(text).value());
  }
  return all;
}

/// What every complete result has.
void expectComplete(const Metrics& metrics) {
  EXPECT_FALSE(metrics.format.empty());
  EXPECT_FALSE(metrics.tool.empty());
  for (const Metric& metric : metrics.metrics) {
    const Quantity* quantity = findQuantity(metric.name);
    ASSERT_NE(quantity, nullptr) << metric.name;
    EXPECT_EQ(metric.unit, quantity->unit);
    EXPECT_TRUE(std::isfinite(metric.value)) << metric.name;
    if (quantity->kind != Kind::real) {
      EXPECT_GE(metric.value, 0) << metric.name;
    }
    if (metric.name != "bram18") continue;
    EXPECT_EQ(find(metrics, "bram_tile", metric.place), metric.value / 2) << metric.place;
  }
  const bool resources = metrics.format.starts_with("csynth") || metrics.format == "hls_export" ||
                         metrics.format.starts_with("vivado_utilization");
  if (!resources) return;
  for (const char* name : {"lut", "ff", "dsp", "bram18", "bram_tile"})
    EXPECT_TRUE(find(metrics, name).has_value()) << metrics.format << " " << name;
}

/// True if the text was read.
bool expectErrorOrComplete(const std::string& text) {
  const Result<Metrics> metrics = readReportText(text);
  if (metrics.ok()) {
    expectComplete(*metrics);
    return true;
  }
  EXPECT_FALSE(metrics.error().message.empty());
  EXPECT_EQ(exitCode(metrics.error().code), 1);
  return false;
}

TEST(VendorDamage, AReportCutOffAnywhereIsRefusedOrGivesAllThatTheWholeGives) {
  std::size_t refused = 0, whole = 0;
  for (const std::string& text : corpus()) {
    const Result<Metrics> complete = readReportText(text);
    ASSERT_TRUE(complete.ok()) << complete.error().text();
    expectComplete(*complete);
    for (std::size_t part = 0; part < 50; ++part) {
      const Result<Metrics> cut = readReportText(std::string_view(text).substr(0, text.size() * part / 50));
      if (!cut.ok()) {
        ++refused;
        EXPECT_FALSE(cut.error().message.empty());
        continue;
      }
      ++whole;
      if (*cut == *complete) continue;
      // A timing report that does not state its stage may have lost the nets that show it; it says so.
      Metrics expected = *complete;
      for (Metric& metric : expected.metrics) metric.stage = Stage::notStated;
      EXPECT_EQ(cut->metrics, expected.metrics) << complete->format << " cut after " << part << "/50";
      EXPECT_EQ(cut->format, "vivado_timing");
      EXPECT_FALSE(cut->notes.empty());
    }
  }
  EXPECT_GT(refused, 400u);
  EXPECT_GT(whole, 20u);
}

/// One way of damaging a text.
std::string damaged(std::string text, Rng& rng) {
  const auto any = [&](std::size_t size) {
    return static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(size) - 1));
  };
  const auto number = [&](const std::string& with) {
    // The next number behind a random place.
    const std::size_t begin = text.find_first_of("0123456789", any(text.size()));
    if (begin == std::string::npos) return;
    const std::size_t end = std::min(text.find_first_not_of("0123456789", begin), text.size());
    text.replace(begin, end - begin, with);
  };
  switch (rng.uniform(0, 7)) {
    case 0:
    case 1: {
      const std::int64_t flips = rng.uniform(1, 8);
      for (std::int64_t i = 0; i < flips; ++i)
        text[any(text.size())] ^= static_cast<char>(1 << rng.uniform(0, 7));
      break;
    }
    case 2:
      number("banana");
      break;
    case 3:
      number(rng.chance(0.5) ? "99999999999" : "-1e308");
      break;
    case 4:
      number(std::string(static_cast<std::size_t>(rng.uniform(20, 3000)), '9'));
      break;
    case 5:
      text.erase(any(text.size()), static_cast<std::size_t>(rng.uniform(1, 200)));
      break;
    case 6: {  // a piece of it again, elsewhere
      const std::string piece = text.substr(any(text.size()), static_cast<std::size_t>(rng.uniform(1, 400)));
      text.insert(any(text.size()), piece);
      break;
    }
    default:
      text[any(text.size())] = "|+-\n{}<>&\"\0?"[rng.uniform(0, 11)];
      break;
  }
  return text;
}

TEST(VendorDamage, TwoThousandDamagedReportsGiveAnErrorOrACompleteResult) {
  const std::vector<std::string> all = corpus();
  Rng rng(20260101);
  std::size_t read = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string& text =
        all[static_cast<std::size_t>(rng.uniform(0, static_cast<std::int64_t>(all.size()) - 1))];
    read += expectErrorOrComplete(damaged(text, rng)) ? 1 : 0;
  }
  // Both happen: much of a report is not read, and damage to the rest is found.
  EXPECT_GT(read, 200u);
  EXPECT_LT(read, 1900u);
}

TEST(VendorDamage, ALargeHostileReportTakesTimeAndMemoryInProportion) {
  const double before = peakMebibytes();
  ASSERT_GT(before, 0);
  // Eight MiB of instances, each below the last as deeply as allowed, then a wrong row.
  std::string text(hierarchySample);
  const std::size_t row = text.find("|     rom_U");
  const std::size_t end = text.find('\n', row) + 1;
  const std::string line = text.substr(row, end - row);
  std::string rows;
  while (rows.size() < (std::size_t{8} << 20)) {
    std::string next = line;
    const std::string name = std::to_string(rows.size());
    next.replace(6, name.size() < 8 ? name.size() : 8, name.substr(0, 8));
    rows += next;
  }
  EXPECT_FALSE(readReportText(text.substr(0, row) + rows).ok());
  const Result<Metrics> metrics = readReportText(text.substr(0, row) + rows + text.substr(end));
  if (metrics.ok()) expectComplete(*metrics);
  EXPECT_LT(peakMebibytes() - before, 600);
}

}  // namespace
}  // namespace sluice::flow::vendor
