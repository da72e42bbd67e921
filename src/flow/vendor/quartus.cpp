#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/json.h"
#include "flow/vendor/readers.h"

/// `quartus.ndjson`: what Quartus' fitter found of a oneAPI design, as one JSON document.
///
/// There are two rows of resources: the "Device Image", which is everything on the device and is the whole design here,
/// and the kernel, which is what hls4ml prints. They differ by what Quartus adds around the kernel.
namespace sluice::flow::vendor {
namespace {

using nlohmann::json;

Status addClock(Collector& collector, const json& summary) {
  const json& nodes = member(summary, "nodes");
  if (!nodes.is_array() || nodes.size() != 1)
    return badInput("quartusFitClockSummary has not one node: is the file damaged?");
  SLUICE_RETURN_IF_ERROR(
      collector.add("fmax_mhz", scalar(member(nodes[0], "clock fmax")), {}, "quartusFitClockSummary"));
  return collector.add("clock_frequency_mhz", scalar(member(nodes[0], "clock")), {},
                       "quartusFitClockSummary");
}

Status addResources(Collector& collector, const json& summary) {
  struct Entry {
    const char* key;
    const char* name;
  };
  constexpr Entry entries[] = {{"alm", "alm"}, {"alut", "alut"},     {"reg", "ff"},
                               {"dsp", "dsp"}, {"ram", "intel_ram"}, {"mlab", "mlab"}};
  const json& nodes = member(summary, "nodes");
  if (!nodes.is_array()) return badInput("quartusFitResourceUsageSummary has no nodes: is the file damaged?");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string where = "quartusFitResourceUsageSummary.nodes[" + std::to_string(i) + "]";
    const json& type = member(nodes[i], "type");
    const std::string name = scalar(member(nodes[i], "name"));
    if ((type != "system" && type != "kernel") || name.empty())
      return badInput("the node is neither a system nor a kernel, or has no name: is the file damaged?",
                      where);
    const std::string place = type == "system" ? "" : "kernel:" + name;
    for (const Entry& entry : entries) {
      SLUICE_RETURN_IF_ERROR(collector.add(entry.name, scalar(member(nodes[i], entry.key)), place, where));
      if (!collector.has(entry.name, place))
        return badInput("the node gives no figure for '" + std::string(entry.key) + "': is the file damaged?",
                        where);
    }
  }
  return {};
}

}  // namespace

bool isQuartusFit(std::string_view head) {
  return trim(head.substr(0, 4096)).starts_with('{') &&
         head.find("\"quartusFitResourceUsageSummary\"") != std::string_view::npos;
}

Result<Metrics> readQuartusFit(std::string_view text) {
  Metrics metrics;
  metrics.tool = "Quartus";
  Collector collector(metrics, Stage::routed);
  SLUICE_TRY(const json document, parseJson(text, {}));
  SLUICE_RETURN_IF_ERROR(addClock(collector, member(document, "quartusFitClockSummary")));
  SLUICE_RETURN_IF_ERROR(addResources(collector, member(document, "quartusFitResourceUsageSummary")));
  SLUICE_RETURN_IF_ERROR(
      collector.require({"fmax_mhz", "alm", "alut", "ff", "dsp", "intel_ram"}, "fitter summary"));
  return metrics;
}

}  // namespace sluice::flow::vendor
