#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/vendor/metrics.h"

/// The formats of reports that are read, one row each. A format is recognised by what a file holds, never by its
/// name: users rename reports, and every tool calls its own `report.rpt`.
///
/// All readers share these habits. Time is linear in the text. Figures are found by the words beside them, so that
/// other versions, with more rows and columns, are read as well. A report that was cut off is refused unless all that
/// is read from it was still there; figures that contradict each other in one report are refused too.
/// Errors   badInput: what is wrong, and in which line
namespace sluice::flow::vendor {

struct Reader {
  std::string_view format;  ///< its name in Metrics and in files
  std::string_view what;    ///< for people
  bool (*recognises)(std::string_view head);
  Result<Metrics> (*read)(std::string_view text);
};
/// The first that recognises a text is the one to read it.
const std::vector<Reader>& readers();

// AMD, high-level synthesis.
bool isHlsReport(std::string_view head);
Result<Metrics> readHlsReport(std::string_view text);
bool isHlsSummary(std::string_view head);
Result<Metrics> readHlsSummary(std::string_view text);
bool isHlsXml(std::string_view head);
Result<Metrics> readHlsXml(std::string_view text);
bool isHlsExport(std::string_view head);
Result<Metrics> readHlsExport(std::string_view text);
bool isHlsCosimulation(std::string_view head);
Result<Metrics> readHlsCosimulation(std::string_view text);
// AMD, Vivado.
bool isVivadoUtilization(std::string_view head);
Result<Metrics> readVivadoUtilization(std::string_view text);
bool isVivadoHierarchy(std::string_view head);
Result<Metrics> readVivadoHierarchy(std::string_view text);
bool isVivadoTiming(std::string_view head);
Result<Metrics> readVivadoTiming(std::string_view text);
// Intel.
bool isOneapiSummary(std::string_view head);
Result<Metrics> readOneapiSummary(std::string_view text);
bool isOneapiLoops(std::string_view head);
Result<Metrics> readOneapiLoops(std::string_view text);
bool isQuartusFit(std::string_view head);
Result<Metrics> readQuartusFit(std::string_view text);

}  // namespace sluice::flow::vendor
