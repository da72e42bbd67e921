#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "flow/vendor/collector.h"
#include "flow/vendor/json.h"
#include "flow/vendor/readers.h"

/// The reports of Intel's oneAPI for FPGAs: one JSON object per line.
///
/// `summary.ndjson` holds tables: a line with "summary_type" and "columns", then its rows, which name it as "parent";
/// a row's "data" has no entry for the first column, its name. The resources are ALUTs, FFs, RAM blocks, DSPs and
/// MLABs of an Intel device: none of them compares with its namesake of an AMD device.
///
/// `loop_attr.ndjson` holds a tree by ids: the kernels are the nodes of the first line, their blocks their children.
/// No line says what the whole design takes; hls4ml takes the greatest latency ("lt") of any block for it, and so the
/// names here say "block".
namespace sluice::flow::vendor {
namespace {

using nlohmann::json;

/// Calls `use` for the object of every line that is not empty.
template <typename Use>
Status eachObject(std::string_view text, Use use) {
  Lines lines(text);
  while (lines.next()) {
    if (trim(lines.line()).empty()) continue;
    SLUICE_TRY(const json object, parseJson(lines.line(), lines.where()));
    if (!object.is_object())
      return badInput("the line is no JSON object: is the file damaged?", lines.where());
    SLUICE_RETURN_IF_ERROR(use(object, lines.where()));
  }
  return {};
}

/// The quantity of a column of the table of resources; empty if it is not known.
std::string_view resource(std::string_view title) {
  static const std::map<std::string_view, std::string_view> all = {
      {"ALUTs", "alut"}, {"FFs", "ff"},     {"RAMs", "intel_ram"},
      {"DSPs", "dsp"},   {"MLABs", "mlab"}, {"Frac. DSPs", "dsp_fractional"}};
  const auto found = all.find(trim(title));
  return found == all.end() ? std::string_view{} : found->second;
}

/// Reads the rows of the table `estimatedResources`.
class Summary {
 public:
  explicit Summary(Metrics& metrics) : collector_(metrics, Stage::estimated) {}

  Status object(const json& object, const std::string& where) {
    if (member(object, "summary_type") == "estimatedResources") return columns(object, where);
    if (member(object, "parent") == "estimatedResources") return row(object, where);
    return {};
  }
  Status complete() {
    if (!total_ || !available_)
      return badInput(
          "the table of estimated resources has no row Total or no row Available: it was cut off or damaged");
    SLUICE_RETURN_IF_ERROR(collector_.require({"alut", "ff", "intel_ram", "dsp"}, "row Total"));
    return collector_.require({"alut_available", "ff_available", "intel_ram_available", "dsp_available"},
                              "row Available");
  }

 private:
  Status columns(const json& object, const std::string& where) {
    const json& titles = member(object, "columns");
    if (!titles.is_array() || titles.size() < 2 || titles.size() > 64 || !columns_.empty())
      return badInput("the table of estimated resources has no list of columns: is the file damaged?", where);
    for (std::size_t i = 1; i < titles.size(); ++i) {
      const std::string title = scalar(titles[i]);
      if (resource(title).empty()) collector_.note("the column '" + title + "' is not read");
      columns_.emplace_back(resource(title));
    }
    return {};
  }

  Status row(const json& object, const std::string& where) {
    const std::string name = scalar(member(object, "name"));
    const json& data = member(object, "data");
    if (columns_.empty() || name.empty() || !data.is_array() || data.size() != columns_.size())
      return badInput(
          "the row has no name, or not as many figures as its table has columns: is the file damaged?",
          where);
    const bool available = name == "Available";
    total_ = total_ || name == "Total";
    available_ = available_ || available;
    // Rows of the whole are marked; those without a mark are kernels.
    const bool sum = !member(object, "classes").is_null();
    const std::string place = available || name == "Total" ? "" : (sum ? "component:" : "kernel:") + name;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].empty()) continue;
      const std::string text = scalar(data[i]);
      if (text.empty())
        return badInput("a figure is neither a number nor a text: is the file damaged?", where);
      SLUICE_RETURN_IF_ERROR(
          collector_.add(columns_[i] + (available ? "_available" : ""), text, place, where));
    }
    return {};
  }

  Collector collector_;
  std::vector<std::string> columns_;  // of the schema; empty where not known
  bool total_ = false, available_ = false;
};

/// Reads kernels and blocks.
class Loops {
 public:
  explicit Loops(Metrics& metrics) : collector_(metrics, Stage::estimated) {}

  Status object(const json& object, const std::string& where) {
    SLUICE_RETURN_IF_ERROR(promise(member(object, "nodes"), where));
    SLUICE_RETURN_IF_ERROR(promise(member(object, "children"), where));
    const json& id = member(object, "id");
    const std::string name = scalar(member(object, "name"));
    if (!id.is_number_integer() || name.empty())
      return badInput("the line has no name or no id: is the file damaged?", where);
    given_.insert(id.get<std::int64_t>());
    const json& type = member(object, "type");
    if (type == "kernel") {
      ++kernels_;
      const std::string place = "kernel:" + name;
      SLUICE_RETURN_IF_ERROR(collector_.add("fmax_mhz", scalar(member(object, "fmax")), place, where));
      if (!collector_.has("fmax_mhz", place))
        return badInput("the kernel has no fmax: is the file damaged?", where);
      leastFmax_ = std::min(leastFmax_, collector_.get("fmax_mhz", place));
      return {};
    }
    return type == "bb" || type == "loop" ? block(object, "block:" + name, where) : Status();
  }

  Status complete() {
    for (const std::int64_t id : promised_)
      if (!given_.contains(id))
        return badInput("the node " + std::to_string(id) +
                        " is named but not there: the report was cut off or damaged");
    if (kernels_ == 0 || blocks_ == 0)
      return badInput("the report has no kernel or no block: is the file damaged?");
    SLUICE_RETURN_IF_ERROR(collector_.put("fmax_mhz", leastFmax_, {}, {}));
    SLUICE_RETURN_IF_ERROR(collector_.put("block_latency_max_cycles", latency_, {}, {}));
    return collector_.put("block_interval_max_cycles", interval_, {}, {});
  }

 private:
  Status block(const json& object, const std::string& place, const std::string& where) {
    ++blocks_;
    const json& latency = member(object, "lt");
    const json& interval = member(object, "ii");
    if (latency.is_null() || interval.is_null())
      return badInput("the block has no latency (lt) or no interval (ii): is the file damaged?", where);
    SLUICE_RETURN_IF_ERROR(collector_.add("block_latency_cycles", scalar(latency), place, where));
    SLUICE_RETURN_IF_ERROR(collector_.add("interval_cycles", scalar(interval), place, where));
    SLUICE_RETURN_IF_ERROR(collector_.add("fmax_mhz", scalar(member(object, "af")), place, where));
    latency_ = std::max(latency_, collector_.get("block_latency_cycles", place));
    interval_ = std::max(interval_, collector_.get("interval_cycles", place));
    return {};
  }

  Status promise(const json& ids, const std::string& where) {
    if (ids.is_null()) return {};
    if (!ids.is_array()) return badInput("the list of nodes is no list: is the file damaged?", where);
    for (const json& id : ids) {
      if (!id.is_number_integer())
        return badInput("a node's id is no whole number: is the file damaged?", where);
      promised_.insert(id.get<std::int64_t>());
    }
    return {};
  }

  Collector collector_;
  std::set<std::int64_t> promised_, given_;
  std::size_t kernels_ = 0, blocks_ = 0;
  double leastFmax_ = 1e15, latency_ = 0, interval_ = 0;
};

bool holds(std::string_view head, std::string_view what) {
  return trim(head.substr(0, 4096)).starts_with('{') && head.find(what) != std::string_view::npos;
}

}  // namespace

bool isOneapiSummary(std::string_view head) { return holds(head, "\"estimatedResources\""); }

Result<Metrics> readOneapiSummary(std::string_view text) {
  Metrics metrics;
  metrics.tool = "oneAPI";
  Summary summary(metrics);
  SLUICE_RETURN_IF_ERROR(eachObject(
      text, [&](const json& object, const std::string& where) { return summary.object(object, where); }));
  SLUICE_RETURN_IF_ERROR(summary.complete());
  return metrics;
}

bool isOneapiLoops(std::string_view head) { return holds(head, "\"loop_attributes\""); }

Result<Metrics> readOneapiLoops(std::string_view text) {
  Metrics metrics;
  metrics.tool = "oneAPI";
  Loops loops(metrics);
  SLUICE_RETURN_IF_ERROR(eachObject(
      text, [&](const json& object, const std::string& where) { return loops.object(object, where); }));
  SLUICE_RETURN_IF_ERROR(loops.complete());
  return metrics;
}

}  // namespace sluice::flow::vendor
