#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/lines.h"
#include "flow/vendor/readers.h"

/// `TOP_export.rpt`: what `export_design -flow syn` or `-flow impl` found with Vivado, as KEY: VALUE lines.
///
/// `BRAM` counts RAMB18: of one design it says 63 where Vivado's own report says 31.5 tiles. Slices are not known
/// before placement, when the report says 0; that is left out. "CP achieved post-synthesis" stands beside
/// "post-implementation" in an implementation's report and keeps its own stage.
namespace sluice::flow::vendor {
namespace {

constexpr std::string_view synthesis = "#=== Post-Synthesis Resource usage ===";
constexpr std::string_view implementation = "#=== Post-Implementation Resource usage ===";

struct Entry {
  std::string_view key, name;
};

}  // namespace

bool isHlsExport(std::string_view head) {
  return head.find(synthesis) != std::string_view::npos ||
         head.find(implementation) != std::string_view::npos;
}

Result<Metrics> readHlsExport(std::string_view text) {
  constexpr Entry resources[] = {{"LUT", "lut"},     {"FF", "ff"},       {"DSP", "dsp"},
                                 {"BRAM", "bram18"}, {"SRL", "srl"},     {"URAM", "uram"},
                                 {"LATCH", "latch"}, {"SLICE", "slice"}, {"CLB", "clb"}};
  Metrics metrics;
  Collector collector(metrics, Stage::notStated);
  Lines lines(text);
  Stage stage = Stage::notStated;
  bool ended = false;
  while (lines.next()) {
    const std::string_view line = trim(lines.line());
    std::string_view value;
    if (keyed(line, "Implementation tool", value)) {
      const std::size_t version = value.find(" v.");
      metrics.tool = value.starts_with("Xilinx ")
                         ? value.substr(7, version == value.npos ? version : version - 7)
                         : value;
      if (version != value.npos) metrics.version = value.substr(version + 3);
    } else if (keyed(line, "Device target", value)) {
      metrics.part = value;
    } else if (keyed(line, "Project", value)) {
      collector.fact("project", value, {});
    } else if (line == synthesis || line == implementation) {
      stage = line == synthesis ? Stage::synthesised : Stage::routed;
      collector.setStage(stage);
    } else if (stage != Stage::notStated && keyed(line, "CP required", value)) {
      SLUICE_RETURN_IF_ERROR(collector.add("clock_target_ns", value, {}, lines.where()));
    } else if (keyed(line, "CP achieved post-synthesis", value)) {
      collector.setStage(Stage::synthesised);
      SLUICE_RETURN_IF_ERROR(collector.add("clock_achieved_ns", value, {}, lines.where()));
      collector.setStage(stage);
    } else if (keyed(line, "CP achieved post-implementation", value)) {
      collector.setStage(Stage::routed);
      SLUICE_RETURN_IF_ERROR(collector.add("clock_achieved_ns", value, {}, lines.where()));
      collector.setStage(stage);
    } else if (line == "Timing met" || line == "Timing not met") {
      ended = true;
      SLUICE_RETURN_IF_ERROR(collector.put("timing_met", line == "Timing met" ? 1 : 0, {}, lines.where()));
    } else if (stage != Stage::notStated) {
      for (const Entry& entry : resources) {
        if (!keyed(line, entry.key, value)) continue;
        if (stage == Stage::synthesised && (entry.name == "slice" || entry.name == "clb")) continue;
        SLUICE_RETURN_IF_ERROR(collector.add(entry.name, value, {}, lines.where()));
      }
    }
  }
  if (!ended)
    return badInput("the report ends before 'Timing met' or 'Timing not met': it was cut off or damaged");
  if (metrics.part.empty() || metrics.tool.empty())
    return badInput("the report names no tool or no device: is the file damaged?");
  SLUICE_RETURN_IF_ERROR(collector.require(
      {"lut", "ff", "dsp", "bram18", "clock_target_ns", "clock_achieved_ns"}, "KEY: VALUE lines"));
  return metrics;
}

}  // namespace sluice::flow::vendor
