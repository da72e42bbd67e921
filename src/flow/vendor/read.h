#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/vendor/metrics.h"

/// Files and folders of reports.
namespace sluice::flow::vendor {

constexpr std::uint64_t mostReportBytes = std::uint64_t{64} << 20;

/// Reads one report, whatever its format.
/// Errors   io; unsupported if no reader recognises it; badInput if it is damaged: what, in which line
Result<Metrics> readReport(const std::filesystem::path& path);
/// The same of a text.
Result<Metrics> readReportText(std::string_view text);

/// Everything below a folder, or one file. Paths are relative to the folder, with '/'; a single file is its name.
struct Survey {
  struct Report {
    std::string file;
    Metrics metrics;
  };
  struct Other {
    std::string file, reason;
  };
  std::vector<Report> reports;
  std::vector<Other> skipped;  ///< nobody recognises them; links and files that are no files
  std::vector<Other> damaged;  ///< recognised, but refused
};

/// Reads a report, or walks a folder in the order of its sorted paths. No link is followed.
/// Errors   those of `readReport` for a file; io if the folder cannot be walked. Of the files in a folder, none is an
///          error: they are named in `skipped` and `damaged`
Result<Survey> readReports(const std::filesystem::path& path);

/// The survey as JSON, kind `sluice-metrics`, version 1. Same reports, same bytes.
///
///   {"kind": "sluice-metrics", "version": 1,
///    "reports": [{"file": "syn/top_csynth.rpt", "format": "csynth_rpt", "tool": "Vitis HLS", "version": "2021.1",
///                 "part": "xc7z007s-clg225-2", "design": "top",
///                 "metrics": [{"name": "bram18", "value": 5, "unit": "RAMB18", "stage": "estimated", "place": ""}, ...],
///                 "facts": [{"name": "pipeline", "text": "yes", "place": ""}, ...],
///                 "notes": ["..."]}, ...],
///    "skipped": [{"file": "README.md", "reason": "..."}, ...],
///    "damaged": [{"file": "old.rpt", "reason": "..."}, ...]}
///
/// Names and units are those of `quantities()`, stages those of `stageName`, places as metrics.h says. A quantity that
/// a report does not give has no entry; there are no nulls. Later versions may add keys, names and places.
std::string surveyJson(const Survey& survey);

/// The survey for people: a line per report with its figures of the whole design, then what was not read.
std::string surveyText(const Survey& survey);

}  // namespace sluice::flow::vendor
