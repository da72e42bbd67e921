// Every FIFO of the designs one beat shallower, one at a time: the simulator must show the interval or the
// latency getting worse, or a deadlock, for every FIFO above its smallest legal depth.
//
//   fifos [--cuts] [--json]      --cuts: also of every design cut before every legal node
#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "dataflow/size.h"
#include "map/partition.h"
#include "show.h"

namespace {

using namespace sluice;

Status showDesign(show::Output& out, const std::string& name, const map::Design& design, bool details) {
  const dataflow::Network network = map::network(design);
  SLUICE_TRY(const dataflow::Performance now, dataflow::measure(network));
  SLUICE_TRY(const std::vector<dataflow::LeastCheck> checks, dataflow::checkLeast(network));
  std::vector<std::vector<std::string>> rows = {
      {"FIFO", "depth", "least legal", "one less", "II", "latency"}};
  std::map<std::string, int> effects;
  std::uint64_t beats = 0;
  for (const dataflow::LeastCheck& check : checks) {
    const dataflow::Channel& channel = network.channels[check.channel.index];
    const bool runs =
        check.effect != dataflow::Shallower::notLegal && check.effect != dataflow::Shallower::deadlock;
    rows.push_back({channel.name, std::to_string(channel.depth), std::to_string(channel.leastDepth),
                    dataflow::shallowerText(check.effect),
                    runs ? std::to_string(check.initiationInterval) : "",
                    runs ? std::to_string(check.latency) : ""});
    beats += channel.depth;
    ++effects[dataflow::shallowerText(check.effect)];
    if (check.effect == dataflow::Shallower::nothing || !check.proven)
      out.require(
          false, fmt::format("{}: FIFO {} could be shallower (depth {})", name, channel.name, channel.depth));
  }
  if (details)
    out.say(fmt::format("\n{}: II {}, latency {}", name, now.initiationInterval, now.latency) + "\n" +
            show::table(rows));
  std::vector<std::string> parts;
  for (const auto& [effect, count] : effects) parts.push_back(fmt::format("{}: {}", effect, count));
  out.require(!checks.empty(), fmt::format("{}: {} of {} places; one less: {}", name,
                                           countOf(static_cast<std::int64_t>(checks.size()), "FIFO"), beats,
                                           join(parts, ", ")));
  out.figure("fifos/" + name + "/places", static_cast<double>(beats), "beats", "simulated");
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(const std::vector<show::Plan> plans, show::plans());
  for (const show::Plan& plan : plans) {
    std::vector<std::string> cuts = {""};
    if (out.has("--cuts"))
      for (const std::string& name : map::legalSplits(plan.network->lowered)) cuts.push_back(name);
    for (const std::string& cut : cuts) {
      map::MapOptions options = plan.options;
      if (!cut.empty()) options.splitBefore = {cut};
      SLUICE_TRY(map::Design design, map::mapGraph(plan.network->lowered, options));
      SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, options.family));
      SLUICE_RETURN_IF_ERROR(
          showDesign(out, plan.name + (cut.empty() ? "" : ", cut before " + cut), design, cut.empty()));
    }
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--cuts"});
  out.require(run(out), "fifos");
  return out.exitCode();
}
