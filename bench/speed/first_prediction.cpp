// How long a user waits: from the model file to the first prediction, and the front half (import, lower, map: what
// `info` and the first stages of `build` do) on chains of 100 to 800 layers. The stage after it, sizing, is printed
// beside it: it is held to be linear, not to a time. Last the conversion of chains of convolutions (3 x 3, 4 channels of 8 x 8
// pixels): hls4ml's Python takes 98 s of processor for 400 of them, and more than four times as long for twice as many.
//
//   first_prediction [--width=N] [--json]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "base/usage.h"
#include "frontend/onnx_writer.h"
#include "frontend/qonnx.h"
#include "ir/host.h"
#include "passes/pipeline.h"
#include "report/design_json.h"
#include "show.h"

namespace {

using namespace sluice;

constexpr int kRuns = 7;

struct Times {
  double best = 0, median = 0;  ///< seconds of the wall clock
  double processor = 0;         ///< least seconds of processor time: what other programs do not disturb
};
/// One warm-up is not made: the first run counts as the others do.
template <typename Body>
Result<Times> time(const Body& body) {
  std::vector<double> all;
  double processor = 1e9;
  for (int run = 0; run < kRuns && (run == 0 || all[0] < 1); ++run) {
    const show::Clock clock;
    const double before = processorSeconds();
    SLUICE_RETURN_IF_ERROR(body());
    all.push_back(clock.seconds());
    processor = std::min(processor, processorSeconds() - before);
  }
  std::sort(all.begin(), all.end());
  return Times{.best = all.front(), .median = all[all.size() / 2], .processor = processor};
}

/// File, import, lowering, compilation, one sample through.
Status predictOnce(const std::filesystem::path& model, const show::Network& expected,
                   std::vector<double>& first) {
  SLUICE_TRY(const show::Network network, show::load(model));
  const std::size_t elements = expected.inputs.size() / expected.samples;
  const std::vector<double> sample(expected.inputs.begin(),
                                   expected.inputs.begin() + static_cast<std::ptrdiff_t>(elements));
  const ir::Regions& regions = network.engine->regions();
  SLUICE_TRY(const auto codes,
             ir::hardwareInputCodes(network.lowered, regions, {sample}, 1, expected.inputsAreCodes));
  SLUICE_TRY(const auto results, network.engine->run(codes, 1));
  SLUICE_TRY(const auto values, ir::outputValues(network.lowered, regions, results, 1));
  first = values[0];
  return {};
}

Status firstPrediction(show::Output& out) {
  const std::filesystem::path folder = show::sharedFolder() / "models/qonnx";
  std::vector<std::pair<std::string, show::Network>> networks;
  SLUICE_TRY(show::Network kws, show::keywords());
  SLUICE_TRY(show::Network tfc, show::digits());
  SLUICE_TRY(show::Network jet, show::jets());
  networks.emplace_back("kws_mlp_w3a3", std::move(kws));
  networks.emplace_back("TFC_2W2A", std::move(tfc));
  networks.emplace_back("qkeras_jettagging", std::move(jet));
  for (const auto& [name, network] : networks) {
    std::vector<double> first;
    SLUICE_TRY(const Times times,
               time([&]() { return predictOnce(folder / (name + ".onnx"), network, first); }));
    SLUICE_TRY(const auto codes, network.engine->run(network.codes, network.samples));
    SLUICE_TRY(const auto all,
               ir::outputValues(network.lowered, network.engine->regions(), codes, network.samples));
    const bool same = !first.empty() && std::equal(first.begin(), first.end(), all[0].begin());
    out.require(same && times.best <= 0.05,
                fmt::format("{}: first prediction after {:.1f} ms (median {:.1f}, processor time {:.1f})",
                            name, 1e3 * times.best, 1e3 * times.median, 1e3 * times.processor));
    out.figure("first_prediction/" + name, 1e3 * times.best, "ms", "measured");
  }
  return {};
}

/// What `sluice info` computes.
Status inform(const std::filesystem::path& model) {
  SLUICE_TRY(const ir::Graph graph, frontend::importOnnx(model));
  SLUICE_TRY(const ir::Graph lowered, passes::lower(graph));
  SLUICE_TRY(const ir::Regions regions, ir::regions(lowered));
  return regions.integer.empty() ? Status(badInput("no integer node")) : Status();
}

/// What `sluice build --until map` computes before it writes: kernels; `sized`: also FIFOs and cycles.
Status mapFront(const std::filesystem::path& model, bool sized) {
  SLUICE_TRY(const ir::Graph graph, frontend::importOnnx(model));
  SLUICE_TRY(const ir::Graph lowered, passes::lower(graph));
  SLUICE_TRY(map::Design design, map::mapGraph(lowered, {.regime = map::Regime::streamed}));
  if (!sized) return {};
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(design, hdl::Family::xc7));
  SLUICE_TRY(const std::string json, report::designJson(design, lowered));
  return json.empty() ? Status(badInput("empty")) : Status();
}

Status chains(show::Output& out) {
  const auto width = static_cast<std::uint32_t>(out.number("--width=", 16));
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("sluice_chain_{}.onnx", ::getpid());
  std::vector<std::vector<std::string>> rows = {{"layers", "info ms", "cpu", "us/layer", "to kernels ms",
                                                 "cpu", "us/layer", "sized ms", "cpu", "us/layer"}};
  std::map<std::uint32_t, Times> infos, maps, sizes;
  for (const std::uint32_t layers : {100u, 200u, 400u, 800u}) {
    SLUICE_RETURN_IF_ERROR(writeFile(file, frontend::chainModel(layers, width, 1)));
    SLUICE_TRY(infos[layers], time([&]() { return inform(file); }));
    SLUICE_TRY(maps[layers], time([&]() { return mapFront(file, false); }));
    SLUICE_TRY(sizes[layers], time([&]() { return mapFront(file, true); }));
    std::vector<std::string> row = {std::to_string(layers)};
    for (const Times& times : {infos[layers], maps[layers], sizes[layers]}) {
      row.push_back(formatFixed(1e3 * times.best, 1));
      row.push_back(formatFixed(1e3 * times.processor, 1));
      row.push_back(formatFixed(1e6 * times.processor / layers, 0));
    }
    rows.push_back(std::move(row));
    out.figure(fmt::format("front_half/info/{}", layers), 1e3 * infos[layers].best, "ms", "measured");
    out.figure(fmt::format("front_half/kernels/{}", layers), 1e3 * maps[layers].best, "ms", "measured");
    out.figure(fmt::format("front_half/sized/{}", layers), 1e3 * sizes[layers].best, "ms", "measured");
  }
  std::filesystem::remove(file);
  out.say(show::table(rows, 0));
  for (auto& [name, times] : {std::pair{"info", &infos}, std::pair{"build up to the kernels", &maps},
                              std::pair{"build --until map (FIFOs sized)", &sizes}}) {
    const std::string seen =
        fmt::format("{}, 400 layers of {} x {}: {:.0f} ms", name, width, width, 1e3 * (*times)[400].best);
    if (times == &sizes)
      out.say(seen);
    else
      out.require((*times)[400].best <= 0.1, seen);
    const double growth = (*times)[800].processor / (*times)[100].processor;
    out.require(growth <= 12,
                fmt::format("{} is linear: 800 layers take {:.1f} times as long as 100", name, growth));
  }
  return {};
}

/// File to integer network, as `info` does: what other tools call conversion.
Status convolutions(show::Output& out) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / fmt::format("sluice_convolutions_{}.onnx", ::getpid());
  std::map<std::uint32_t, Times> seen;
  for (const std::uint32_t layers : {100u, 200u, 400u, 800u}) {
    SLUICE_RETURN_IF_ERROR(writeFile(file, frontend::chainModel(layers, 4, 1, 8)));
    SLUICE_TRY(seen[layers], time([&]() { return inform(file); }));
    out.say(fmt::format("{} convolutions converted in {:.1f} ms ({:.1f} of processor)", layers,
                        1e3 * seen[layers].best, 1e3 * seen[layers].processor));
    out.figure(fmt::format("convolutions/{}", layers), 1e3 * seen[layers].best, "ms", "measured");
  }
  std::filesystem::remove(file);
  out.require(seen[400].best <= 0.1, fmt::format("400 convolutions: {:.0f} ms", 1e3 * seen[400].best));
  const double growth = seen[800].processor / seen[100].processor;
  out.require(growth <= 12, fmt::format("linear: 800 take {:.1f} times as long as 100", growth));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--width="});
  out.require(firstPrediction(out), "first prediction");
  out.require(chains(out), "front half");
  out.require(convolutions(out), "convolutions");
  return out.exitCode();
}
