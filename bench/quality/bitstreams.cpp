// From networks to bitstreams on open tools alone: the jet tagger and the keyword network on an ECP5-85K, placed and
// routed from several seeds, with the clock of each and the slowest path in the network's own names.
//
//   bitstreams [--seeds=N] [--first=N] [--jets] [--KWS] [--no-cache] [--json]
//
// --seeds: runs of the router for each network (6), from seed --first (1) on. Without a network's name: both. A run takes
// minutes and is kept; `sluice build MODEL --board ulx3s-85f --until bitstream` makes the same files.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "dataflow/simulate.h"
#include "device/board.h"
#include "flow/board_design.h"
#include "jobs/store.h"
#include "show.h"

namespace {

using namespace sluice;

/// What the open flow is shown on: a network, and the fold that the board has room for.
struct BoardDesign {
  std::string name, option;
  Result<show::Network> (*network)();
  map::MapOptions options;
};

const std::vector<BoardDesign>& boardDesigns() {
  static const auto keywords = []() { return show::keywords(); };
  static const std::vector<BoardDesign> list = {
      {"jet tagger, reuse factor 64",
       "--jets",
       show::jets,
       {.regime = map::Regime::streamed, .reuseFactor = 64, .family = hdl::Family::ecp5}},
      {"KWS, reuse factor 2048",
       "--KWS",
       keywords,
       {.regime = map::Regime::streamed, .reuseFactor = 2048, .family = hdl::Family::ecp5}},
  };
  return list;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

Status showBoardDesign(show::Output& out, const BoardDesign& what, const device::Board& board,
                       const jobs::Store* store) {
  SLUICE_TRY(const show::Network network, what.network());
  SLUICE_TRY(const show::Hardware hardware, show::build(network.lowered, what.options));
  SLUICE_TRY(const dataflow::Performance pace, dataflow::measure(map::network(hardware.design)));
  SLUICE_TRY(const flow::BoardDesign whole,
             flow::behindSerialPort(what.name, board, hardware.design, emit::verilogFiles(hardware.rtl)));
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t i = 0; i < out.number("--seeds=", 6); ++i)
    seeds.push_back(out.number("--first=", 1) + i);
  SLUICE_TRY(const std::vector<flow::Placed> placed, flow::placeAndRoute(whole.task, seeds, 1, store));

  const auto best = std::max_element(placed.begin(), placed.end(),
                                     [](const auto& a, const auto& b) { return a.maxMhz < b.maxMhz; });
  std::vector<double> clocks;
  std::vector<std::vector<std::string>> rows{
      {"seed", "MHz", "nextpnr, s", "bitstream, bytes", "slowest path"}};
  for (const flow::Placed& run : placed) {
    clocks.push_back(run.maxMhz);
    rows.push_back({std::to_string(run.seed), fmt::format("{:.1f}", run.maxMhz),
                    fmt::format("{:.0f}", run.processorSeconds),
                    formatCount(static_cast<std::int64_t>(run.bitstream.size())),
                    flow::pathText(run.criticalPath)});
  }
  const auto [slowest, fastest] = std::minmax_element(clocks.begin(), clocks.end());
  const double middle = median(clocks);
  const double interval =
      static_cast<double>(pace.cyclesPerPeriod) / static_cast<double>(pace.framesPerPeriod);
  std::string cells;
  for (const auto& [type, count] : best->used)
    cells += fmt::format("{}{} {}", cells.empty() ? "" : ", ", formatCount(static_cast<std::int64_t>(count)),
                         type);
  out.say(fmt::format("{} on {} ({}): a frame every {:.0f} cycles, {} cycles of latency (simulated)",
                      what.name, board.name, board.part.name, interval, pace.latency));
  out.say("  " + cells);
  out.say(show::table(rows, 0));
  out.say(fmt::format(
      "  best {:.1f} MHz, median {:.1f}, worst {:.1f}: spread {:.0f} % of the median; at the best clock {} "
      "frames a second, {:.2f} us of latency\n",
      *fastest, middle, *slowest, 100 * (*fastest - *slowest) / middle,
      formatCount(std::llround(*fastest * 1e6 / interval)), static_cast<double>(pace.latency) / *fastest));
  const std::string figure = "bitstreams/" + network.name;
  out.figure(figure + "/best", *fastest, "MHz", "placed and routed");
  out.figure(figure + "/median", middle, "MHz", "placed and routed");
  out.figure(figure + "/worst", *slowest, "MHz", "placed and routed");
  out.require(
      *slowest > board.serial->clockMhz &&
          std::all_of(placed.begin(), placed.end(), [](const auto& run) { return !run.bitstream.empty(); }),
      fmt::format("{}: a bitstream from every one of {} seeds, each above the board's {} MHz", what.name,
                  placed.size(), board.serial->clockMhz));
  // A path is named if it says where in the network it runs; the serial port is not in the network.
  out.require(std::all_of(placed.begin(), placed.end(),
                          [](const auto& run) { return !flow::pathText(run.criticalPath).empty(); }),
              what.name + ": every slowest path is named");
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  SLUICE_TRY(const device::Board board, device::findBoard("ulx3s-85f"));
  const bool all = !out.has("--jets") && !out.has("--KWS");
  for (const BoardDesign& what : boardDesigns())
    if (all || out.has(what.option))
      out.require(showBoardDesign(out, what, board, out.has("--no-cache") ? nullptr : &cache), what.name);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--seeds=", "--first=", "--jets", "--KWS", "--no-cache"});
  out.require(run(out), "bitstreams");
  return out.exitCode();
}
