#include <expat.h>

#include <map>
#include <vector>

#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/readers.h"

/// `MODULE_csynth.xml`, and `csynth.xml` with all modules: the same figures as the text reports, by tag.
///
/// Children come in any order, and tags of resources that a device does not have are left out. Vivado HLS writes
/// DSP48E, Vitis HLS writes DSP; the file does not name its tool otherwise. Whatever is read is one of the paths of
/// `fields()`, below the whole design or below a module; all else is passed over. Expat makes sure that the
/// document is well-formed and whole. A report has no document type; one that has is refused, and entities with it.
namespace sluice::flow::vendor {
namespace {

constexpr std::size_t deepest = 64;
constexpr std::size_t longestText = 4096;

/// Paths below /profile or below /profile/ModuleInformation/Module.
const std::map<std::string_view, std::string_view>& fields() {
  static const std::map<std::string_view, std::string_view> all = {
      {"UserAssignments/TargetClockPeriod", "clock_target_ns"},
      {"UserAssignments/ClockUncertainty", "clock_uncertainty_ns"},
      {"PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod", "clock_estimated_ns"},
      {"PerformanceEstimates/SummaryOfTimingAnalysis/TargetClockPeriod", "clock_target_ns"},
      {"PerformanceEstimates/SummaryOfTimingAnalysis/ClockUncertainty", "clock_uncertainty_ns"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Best-caseLatency", "latency_min_cycles"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Average-caseLatency", "latency_avg_cycles"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Worst-caseLatency", "latency_max_cycles"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Best-caseRealTimeLatency", "latency_min_ns"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Average-caseRealTimeLatency", "latency_avg_ns"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Worst-caseRealTimeLatency", "latency_max_ns"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Interval-min", "interval_min_cycles"},
      {"PerformanceEstimates/SummaryOfOverallLatency/Interval-max", "interval_max_cycles"},
      {"PerformanceEstimates/SummaryOfOverallLatency/PipelineDepth", "pipeline_depth"},
      {"AreaEstimates/Resources/BRAM_18K", "bram18"},
      {"AreaEstimates/Resources/DSP48E", "dsp"},
      {"AreaEstimates/Resources/DSP", "dsp"},
      {"AreaEstimates/Resources/FF", "ff"},
      {"AreaEstimates/Resources/LUT", "lut"},
      {"AreaEstimates/Resources/URAM", "uram"},
      {"AreaEstimates/AvailableResources/BRAM_18K", "bram18_available"},
      {"AreaEstimates/AvailableResources/DSP48E", "dsp_available"},
      {"AreaEstimates/AvailableResources/DSP", "dsp_available"},
      {"AreaEstimates/AvailableResources/FF", "ff_available"},
      {"AreaEstimates/AvailableResources/LUT", "lut_available"},
      {"AreaEstimates/AvailableResources/URAM", "uram_available"},
  };
  return all;
}

/// A leaf of the document: its path below the whole or below its module, and its text.
struct Leaf {
  std::string path, text;
  std::size_t line = 0;
};

/// The whole design, or one module: its leaves are kept until all are there, so that their order does not matter.
struct Scope {
  std::string name;  ///< of a module
  std::vector<Leaf> leaves;
};

struct Parse {
  XML_Parser parser = nullptr;
  std::vector<std::string> path;
  std::string text;
  bool leaf = false, truncated = false;
  Scope whole, module;
  std::vector<Scope> modules;
  std::string problem;

  [[nodiscard]] bool inModule() const {
    return path.size() > 3 && path[1] == "ModuleInformation" && path[2] == "Module";
  }
  void stop(const char* what) {
    problem = what;
    XML_StopParser(parser, XML_FALSE);
  }
};

/// The part of a path that `fields` and the names below know; empty if it is none of theirs.
std::string below(const std::vector<std::string>& path, std::size_t from) {
  std::string result;
  for (std::size_t i = from; i < path.size(); ++i) result += (i == from ? "" : "/") + path[i];
  return result;
}

void XMLCALL start(void* user, const XML_Char* name, const XML_Char**) {
  Parse& parse = *static_cast<Parse*>(user);
  const std::string_view tag = name;
  if (parse.path.size() >= deepest) return parse.stop("elements are nested too deeply for a report");
  if (tag.size() > longestText) return parse.stop("an element's name is too long for a report");
  if (parse.path.empty() && tag != "profile") return parse.stop("the document is no <profile>");
  parse.path.emplace_back(tag);
  parse.text.clear();
  parse.leaf = true;
  if (parse.path.size() == 3 && parse.path[1] == "ModuleInformation" && tag == "Module") parse.module = {};
}

void XMLCALL characters(void* user, const XML_Char* text, int size) {
  Parse& parse = *static_cast<Parse*>(user);
  if (!parse.leaf) return;
  if (parse.text.size() + static_cast<std::size_t>(size) > longestText) {
    parse.truncated = true;
    return;
  }
  parse.text.append(text, static_cast<std::size_t>(size));
}

bool wanted(std::string_view path) {
  return fields().contains(path) || path == "ReportVersion/Version" || path == "UserAssignments/Part" ||
         path == "UserAssignments/TopModelName" || path == "Name" ||
         path == "PerformanceEstimates/PipelineType" ||
         path == "PerformanceEstimates/SummaryOfOverallLatency/PipelineType" ||
         path == "PerformanceEstimates/SummaryOfOverallLatency/PipelineInitiationInterval";
}

void XMLCALL end(void* user, const XML_Char*) {
  Parse& parse = *static_cast<Parse*>(user);
  if (!parse.problem.empty() || parse.path.empty())
    return;  // Expat may end the element that it was stopped in
  if (parse.leaf) {
    const bool module = parse.inModule();
    std::string path = below(parse.path, module ? 3 : 1);
    if (wanted(path)) {
      if (parse.truncated) return parse.stop("a figure is longer than any can be");
      Scope& scope = module ? parse.module : parse.whole;
      if (module && path == "Name") scope.name = trim(parse.text);
      scope.leaves.push_back(
          {std::move(path), std::string(trim(parse.text)), XML_GetCurrentLineNumber(parse.parser)});
    }
  }
  if (parse.path.size() == 3 && parse.path[1] == "ModuleInformation" && parse.path[2] == "Module")
    parse.modules.push_back(std::move(parse.module));
  parse.path.pop_back();
  parse.leaf = parse.truncated = false;
  parse.text.clear();
}

void XMLCALL documentType(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  static_cast<Parse*>(user)->stop("the document declares a type, which no report does");
}

Status addScope(Collector& collector, const Scope& scope, const std::string& place) {
  for (const Leaf& leaf : scope.leaves) {
    const std::string where = "line " + std::to_string(leaf.line);
    if (const auto field = fields().find(leaf.path); field != fields().end()) {
      SLUICE_RETURN_IF_ERROR(collector.add(field->second, leaf.text, place, where));
    } else if (leaf.path.ends_with("/PipelineType")) {
      collector.fact("pipeline", leaf.text, place);
    }
  }
  // A module of csynth.xml that is pipelined has its interval under this name only.
  for (const Leaf& leaf : scope.leaves)
    if (!place.empty() && leaf.path.ends_with("/PipelineInitiationInterval") &&
        !collector.has("interval_max_cycles", place))
      SLUICE_RETURN_IF_ERROR(collector.addRange("interval_min_cycles", "interval_max_cycles", leaf.text,
                                                place, "line " + std::to_string(leaf.line)));
  return {};
}

Result<Metrics> metricsOf(const Parse& parse) {
  Metrics metrics;
  Collector collector(metrics, Stage::estimated);
  for (const Leaf& leaf : parse.whole.leaves) {
    if (leaf.path == "ReportVersion/Version") metrics.version = leaf.text;
    if (leaf.path == "UserAssignments/Part") metrics.part = leaf.text;
    if (leaf.path == "UserAssignments/TopModelName") metrics.design = leaf.text;
    if (leaf.path == "AreaEstimates/Resources/DSP48E") metrics.tool = "Vivado HLS";
    if (leaf.path == "AreaEstimates/Resources/DSP") metrics.tool = "Vitis HLS";
  }
  if (metrics.version.empty() || metrics.part.empty() || metrics.design.empty())
    return badInput("the report gives no Version, Part or TopModelName: is the file damaged?");
  SLUICE_RETURN_IF_ERROR(addScope(collector, parse.whole, {}));
  SLUICE_RETURN_IF_ERROR(collector.require({"clock_target_ns", "clock_estimated_ns"}, "clock periods"));
  bool latency = false, interval = false;
  for (const Leaf& leaf : parse.whole.leaves) {
    latency = latency || leaf.path.ends_with("/Worst-caseLatency");
    interval = interval || leaf.path.ends_with("/Interval-max");
  }
  if (!latency || !interval)
    return badInput("the report has no Worst-caseLatency or no Interval-max: is the file damaged?");
  SLUICE_RETURN_IF_ERROR(collector.require(
      {"bram18", "dsp", "ff", "lut", "bram18_available", "dsp_available", "ff_available", "lut_available"},
      "AreaEstimates"));
  for (const Scope& module : parse.modules) {
    if (module.name.empty()) return badInput("a module has no Name: is the file damaged?");
    if (module.name == metrics.design) continue;  // the top again
    SLUICE_RETURN_IF_ERROR(addScope(collector, module, "module:" + module.name));
  }
  return metrics;
}

}  // namespace

bool isHlsXml(std::string_view head) {
  head = trim(head.substr(0, 4096));
  if (head.starts_with("<?xml")) {
    const std::size_t close = head.find("?>");
    head = trim(head.substr(close == std::string_view::npos ? head.size() : close + 2));
  }
  return head.starts_with("<profile>");
}

Result<Metrics> readHlsXml(std::string_view text) {
  struct Owned {
    XML_Parser parser = XML_ParserCreate(nullptr);
    ~Owned() { XML_ParserFree(parser); }
  } owned;
  SLUICE_CHECK(owned.parser != nullptr, "memory for an XML parser");
  Parse parse;
  parse.parser = owned.parser;
  XML_SetUserData(owned.parser, &parse);
  XML_SetElementHandler(owned.parser, start, end);
  XML_SetCharacterDataHandler(owned.parser, characters);
  XML_SetStartDoctypeDeclHandler(owned.parser, documentType);
  // In pieces, since Expat counts in int.
  constexpr std::size_t piece = 1u << 20;
  for (std::size_t at = 0;; at += piece) {
    const std::string_view part = text.substr(std::min(at, text.size()), piece);
    const bool last = at + piece >= text.size();
    if (XML_Parse(owned.parser, part.data(), static_cast<int>(part.size()), last ? 1 : 0) != XML_STATUS_OK)
      return badInput((parse.problem.empty() ? std::string("the XML is damaged or cut off: ") +
                                                   XML_ErrorString(XML_GetErrorCode(owned.parser))
                                             : parse.problem),
                      "line " + std::to_string(XML_GetCurrentLineNumber(owned.parser)));
    if (last) break;
  }
  return metricsOf(parse);
}

}  // namespace sluice::flow::vendor
