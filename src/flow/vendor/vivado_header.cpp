#include "flow/vendor/vivado_header.h"

#include "base/text.h"

namespace sluice::flow::vendor {
namespace {

/// The states that Vivado names, and so the stage: "Fully Placed", "Physopt postPlace", "Routed", "Physopt postRoute".
Result<Stage> stageOf(std::string_view state, const std::string& where) {
  if (state == "Synthesized" || state == "Optimized") return Stage::synthesised;
  if (state == "Placed" || state == "Fully Placed" || state == "Physopt postPlace") return Stage::placed;
  if (state == "Routed" || state == "Fully Routed" || state == "Physopt postRoute") return Stage::routed;
  return badInput("the design state '" + std::string(state.substr(0, 40)) +
                      "' is none of Synthesized, Optimized, Placed, Routed or their variants",
                  where);
}

bool dashes(std::string_view line) {
  line = trim(line);
  return line.size() >= 10 && line.find_first_not_of('-') == std::string_view::npos;
}

}  // namespace

Result<Stage> readVivadoHeader(Lines& lines, Metrics& metrics) {
  Stage stage = Stage::notStated;
  bool inside = false, closed = false;
  while (!closed && lines.next()) {
    std::string_view value;
    if (dashes(lines.line())) {
      closed = inside && !metrics.tool.empty();
      inside = true;
    } else if (inside && keyed(lines.line(), "| Tool Version", value)) {
      const std::size_t version = value.find(" v.");
      if (!value.starts_with("Vivado") || version == std::string_view::npos)
        return badInput("the tool version is not one of Vivado: is the file damaged?", lines.where());
      metrics.tool = "Vivado";
      const std::string_view number = value.substr(version + 3);
      metrics.version = number.substr(0, number.find(' '));
    } else if (inside && keyed(lines.line(), "| Design", value)) {
      metrics.design = value;
    } else if (inside && keyed(lines.line(), "| Device", value)) {
      metrics.part = value;
    } else if (inside && keyed(lines.line(), "| Design State", value)) {
      SLUICE_TRY(stage, stageOf(value, lines.where()));
    }
  }
  if (!closed || metrics.version.empty() || metrics.design.empty() || metrics.part.empty())
    return badInput(
        "the report has no frame with Tool Version, Design and Device: it was cut off or damaged");
  return stage;
}

}  // namespace sluice::flow::vendor
