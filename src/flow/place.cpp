#include "flow/place.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "flow/tools.h"
#include "flow/yosys.h"
#include "jobs/pool.h"

namespace sluice::flow {
namespace {

/// What nextpnr-ecp5 is told of a part: "LFE5U-85F-6BG381C" is the 85k device, speed grade 6, package CABGA381.
struct PartOptions {
  std::string device, speed, package;
};

Result<PartOptions> optionsOf(const std::string& part) {
  const std::vector<std::string> words = split(part, '-');
  const auto wrong = [&]() {
    return unsupported("nextpnr-ecp5 places parts named LFE5U[M]-<12|25|45|85>F-<6|7|8>BG<256|381|554|756>C",
                       part);
  };
  if (words.size() != 3 || words[2].size() < 6) return wrong();
  const bool withSerdes = words[0] == "LFE5UM", fast = words[0] == "LFE5UM5G";
  if (!withSerdes && !fast && words[0] != "LFE5U") return wrong();
  PartOptions options;
  for (const char* size : {"12", "25", "45", "85"})
    if (words[1] == std::string(size) + "F")
      options.device = std::string(fast ? "--um5g-" : withSerdes ? "--um-" : "--") + size + "k";
  options.speed = words[2].substr(0, 1);
  const std::string pins = words[2].substr(3, 3);
  for (const char* known : {"256", "381", "554", "756"})
    if (words[2].substr(1, 2) == "BG" && pins == known) options.package = std::string("CABGA") + known;
  if (options.device.empty() || options.package.empty() || options.speed < "6" || options.speed > "8")
    return wrong();
  return options;
}

/// Names of the design's hierarchy are kept (`flatten` puts dots between them): that is how a path is named after.
Result<std::string> netlistOf(const PlaceTask& task, const jobs::Store* store) {
  SLUICE_TRY(const Tool yosys, findYosys());
  const jobs::Command command = yosysCommand(
      yosys, task.name, task.files, "synth_ecp5 -top " + task.top + " -json netlist.json\n", "netlist.json");
  SLUICE_TRY(jobs::Outcome outcome, jobs::run(store, command));
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, outcome));
  return std::move(outcome.outputs.at("netlist.json"));
}

/// Text form of an ECP5 configuration, packed by ecppack into what the board's loader takes.
constexpr const char* kPlaceScript = R"(set -e
"$NEXTPNR" "$@" --json netlist.json --textcfg placed.config --report report.json
"$ECPPACK" --compress placed.config placed.bit
)";

Result<Placed> placedOf(const jobs::Command& command, std::uint64_t seed,
                        const Result<jobs::Outcome>& result) {
  if (!result.ok()) return result.error();
  SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(command, *result));
  Placed placed{.seed = seed,
                .bitstream = result->outputs.at("placed.bit"),
                .processorSeconds = result->processorSeconds,
                .fromCache = result->fromCache};
  try {
    const auto json = nlohmann::json::parse(result->outputs.at("report.json"));
    for (const auto& [clock, figures] : json.at("fmax").items()) {
      const double mhz = figures.at("achieved").get<double>();
      placed.maxMhz = placed.maxMhz == 0 ? mhz : std::min(placed.maxMhz, mhz);
    }
    for (const auto& [type, figures] : json.at("utilization").items())
      if (const auto used = figures.at("used").get<std::uint64_t>(); used > 0) placed.used[type] = used;
    for (const auto& path : json.at("critical_paths")) {
      // Paths from and to pads are reported beside those of the clock.
      if (!path.at("from").get<std::string>().starts_with("posedge") || path.at("from") != path.at("to"))
        continue;
      for (const auto& step : path.at("path"))
        placed.criticalPath.push_back({.cell = step.at("to").at("cell").get<std::string>(),
                                       .routing = step.at("type") == "routing",
                                       .ns = step.at("delay").get<double>()});
      break;
    }
  } catch (const std::exception& problem) {
    return ioError(std::string("nextpnr's report cannot be read: ") + problem.what(), command.name);
  }
  return placed;
}

}  // namespace

Result<std::vector<Placed>> placeAndRoute(const PlaceTask& task, const std::vector<std::uint64_t>& seeds,
                                          unsigned workers, const jobs::Store* store) {
  SLUICE_TRY(const PartOptions part, optionsOf(task.part));
  SLUICE_TRY(const Tool nextpnr, findNextpnrEcp5());
  SLUICE_TRY(const Tool ecppack, findEcppack());
  SLUICE_TRY(const std::string netlist, netlistOf(task, store));
  std::string constraints;
  for (const emit::File& file : task.files)
    if (file.name == task.constraints) constraints = file.content;
  std::vector<jobs::Command> commands;
  for (const std::uint64_t seed : seeds)
    commands.push_back(
        {.name = "nextpnr-ecp5 " + task.name + ", seed " + std::to_string(seed),
         .argv = {"sh", "place.sh", part.device, "--speed", part.speed, "--package", part.package, "--lpf",
                  "pins.lpf", "--freq", formatDouble(task.targetMhz), "--seed", std::to_string(seed),
                  "--timing-allow-fail", "-q"},
         .inputs = {{"place.sh", kPlaceScript}, {"netlist.json", netlist}, {"pins.lpf", constraints}},
         .outputs = {"report.json", "placed.bit"},
         .machine = {{"NEXTPNR", nextpnr.path}, {"ECPPACK", ecppack.path}},
         .toolVersion = nextpnr.version + ", " + ecppack.version,
         .limits = {.seconds = 4 * 3600}});
  const std::vector<Result<jobs::Outcome>> outcomes = jobs::runAll(store, commands, {.workers = workers});
  std::vector<Placed> all;
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    SLUICE_TRY(Placed placed, placedOf(commands[s], seeds[s], outcomes[s]));
    all.push_back(std::move(placed));
  }
  return all;
}

std::string instanceOf(const std::string& cell) {
  // network.sub0.MatMul_22.n511_LUT4_Z: the shell's instance, the subgraph, the kernel or FIFO.
  const std::vector<std::string> words = split(cell, '.');
  for (std::size_t w = 0; w + 1 < words.size(); ++w)
    if (words[w] == "network" && w + 2 < words.size()) return words[w + 2];
  return "";
}

std::string pathText(const std::vector<PathStep>& path) {
  std::vector<std::string> places;
  double wires = 0, all = 0;
  std::size_t cells = 0;
  for (const PathStep& step : path) {
    all += step.ns;
    if (step.routing)
      wires += step.ns;
    else
      ++cells;
    std::string place = instanceOf(step.cell);
    if (place.empty()) place = step.cell.find("network.") == std::string::npos ? "shell" : "";
    if (!place.empty() && (places.empty() || places.back() != place)) places.push_back(place);
  }
  if (path.empty()) return "";
  return join(places, " -> ") + " (" + countOf(static_cast<std::int64_t>(cells), "cell") + ", " +
         formatFixed(all, 2) + " ns, " + formatFixed(all > 0 ? 100 * wires / all : 0, 0) + "% of it wires)";
}

}  // namespace sluice::flow
