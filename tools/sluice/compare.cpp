#include <cstdio>

#include "base/file.h"
#include "quantize.h"
#include "quantize/compare.h"
#include "samples.h"

/// `sluice compare`: where two models begin to differ.
namespace sluice::tool {

Status runCompare(const CompareCommand& command) {
  SLUICE_TRY(const ir::Graph a, frontend::importModel(command.a, command.fileA));
  SLUICE_TRY(const ir::Graph b, frontend::importModel(command.b, command.fileB));
  SLUICE_TRY(Samples samples, readSamples(a, command.samples));
  const quantize::Calibration inputs{.samples = samples.count, .inputs = std::move(samples.inputs)};
  SLUICE_TRY(const quantize::Comparison result, quantize::compare(a, b, inputs, command.threshold, 0));
  std::fputs(quantize::comparisonText(result).c_str(), stdout);
  if (command.json) SLUICE_RETURN_IF_ERROR(writeFile(*command.json, quantize::comparisonJson(result)));
  if (command.html) SLUICE_RETURN_IF_ERROR(writeFile(*command.html, quantize::comparisonPage(result)));
  return {};
}

}  // namespace sluice::tool
