#include "metrics.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "flow/vendor/read.h"
#include "flow/vendor/readers.h"

namespace sluice::tool {

void addMetrics(CLI::App& app, MetricsOptions& options) {
  CLI::App* metrics =
      app.add_subcommand("metrics", "what reports of vendor tools say, in one schema with units and stages");
  metrics->add_option("REPORT", options.reports, "a report, or a folder, which is walked")
      ->required()
      ->type_name("FILE|DIR");
  metrics->add_option("-o,--output", options.output, "write all metrics here, as JSON")->type_name("M.json");
  std::string formats;
  for (const flow::vendor::Reader& reader : flow::vendor::readers()) {
    const std::string name(reader.format);
    const std::size_t width = 33;
    formats += "  " + name + std::string(name.size() < width ? width - name.size() : 1, ' ') +
               std::string(reader.what) + "\n";
  }
  metrics->footer("A report is recognised by what it holds, not by its name:\n" + formats +
                  "Every metric has a name, a value, a unit, the stage that it speaks of (estimated, "
                  "simulated, synthesised, "
                  "placed,\n"
                  "routed) and its place in the design. Block RAM is given twice: `bram18` counts RAMB18 "
                  "(halves), `bram_tile` "
                  "RAMB36\n"
                  "tiles, whichever of the two the report has.\n\n"
                  "In a folder, files that are no reports are named as skipped; damaged reports are named "
                  "too, and the exit code\n"
                  "is then 1, with everything else written.\n\n"
                  "Examples:\n"
                  "  sluice metrics prj/solution1/syn/report/csynth.xml\n"
                  "  sluice metrics prj -o metrics.json\n");
}

Status runMetrics(const MetricsOptions& options) {
  SLUICE_TRY(const flow::vendor::Survey survey, flow::vendor::readReports(options.reports));
  if (options.output) SLUICE_RETURN_IF_ERROR(writeFile(*options.output, flow::vendor::surveyJson(survey)));
  std::fputs(flow::vendor::surveyText(survey).c_str(), stdout);
  if (survey.damaged.empty()) return {};
  return badInput(countOf(static_cast<std::int64_t>(survey.damaged.size()), "report") +
                      " could not be read: first " + survey.damaged.front().file + ": " +
                      survey.damaged.front().reason,
                  options.reports.string());
}

}  // namespace sluice::tool
