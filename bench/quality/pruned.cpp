// What zeros in the weights save: logic of the jet tagger's MLP beside its twin with 70 % of the weights pruned, and of
// one small network whose smallest weights are pruned step by step.
//
//   pruned [--synth] [--page] [--no-cache] [--json]
//
// --synth: some of the steps by Yosys as well (minutes). --page: pruned.html with the curves, in the current folder.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "flow/synthesise.h"
#include "frontend/model.h"
#include "ir/text.h"
#include "jobs/store.h"
#include "page/chart.h"
#include "passes/pipeline.h"
#include "quantize/quantize.h"
#include "show.h"

namespace {

using namespace sluice;

struct Built {
  hdl::Cost cost;
  emit::Rtl rtl;
};

/// Kernels and FIFOs of a design, counted on their trees.
Result<Built> build(const ir::Graph& lowered, const map::MapOptions& options) {
  SLUICE_TRY(show::Hardware hardware, show::build(lowered, options));
  Built built;
  for (const auto& kernel : hardware.rtl.kernels) built.cost += hdl::cost(*kernel, hdl::Family::xc7);
  for (const map::Stream& stream : hardware.design.streams)
    for (const auto& module : hardware.rtl.modules)
      if (module->name == kernel::fifoName(map::fifoParams(stream)))
        built.cost += hdl::cost(*module, hdl::Family::xc7);
  built.rtl = std::move(hardware.rtl);
  return built;
}

/// Zeros among the constants that multiply, of a lowered graph.
struct Zeros {
  std::uint64_t zeros = 0, all = 0;
  [[nodiscard]] double percent() const {
    return 100.0 * static_cast<double>(zeros) / static_cast<double>(all);
  }
};
Zeros zerosOf(const ir::Graph& lowered) {
  Zeros count;
  for (const ir::Node& node : lowered.nodes) {
    if (!std::holds_alternative<ir::Dense>(node.operation)) continue;
    for (const std::int64_t w : ir::codesOf(lowered.tensor(node.inputs[1]))) {
      ++count.all;
      count.zeros += w == 0 ? 1 : 0;
    }
  }
  return count;
}

Result<ir::Graph> jets(const std::string& weights) {
  const std::filesystem::path folder = show::sharedFolder() / "models/keras";
  SLUICE_TRY(ir::Graph graph,
             frontend::importModel(folder / "KERAS_3layer.json", {.weights = folder / weights}));
  // Samples as the network was trained on: inputs of unit variance.
  Rng rng(3);
  std::vector<double> samples(std::size_t{512} * 16);
  for (double& x : samples) x = (rng.real() + rng.real() + rng.real() - 1.5) * 2;
  SLUICE_TRY(
      quantize::Quantized quantized,
      quantize::quantize(
          graph, {.samples = 512, .inputs = {samples}},
          {.weightBits = 8, .activationBits = 8, .powerOfTwoWeights = true, .adaptiveRounding = false}));
  return passes::lower(
      quantized.graph,
      {.inputFormat = ir::Quantize{
           .scale = {0x1p-4}, .zeroPoint = 0, .range = {-128, 127}, .rounding = fixed::Rounding::halfEven}});
}

Status showJets(show::Output& out) {
  std::vector<std::vector<std::string>> rows{
      {"16-64-32-32-5, 8 bits", "built", "zeros", "LUT", "FF", "DSP", "BRAM18"}};
  std::vector<std::uint64_t> unrolled;
  const auto text = [](std::uint64_t n) { return formatCount(static_cast<std::int64_t>(n)); };
  for (const auto& [name, file] : std::vector<std::pair<std::string, std::string>>{
           {"dense", "KERAS_3layer_weights.h5"},
           {"70 % pruned, retrained", "KERAS_3layer_70pruned_retrained_weights.h5"}}) {
    SLUICE_TRY(const ir::Graph lowered, jets(file));
    for (const bool whole : {true, false}) {
      const map::MapOptions options =
          whole ? map::MapOptions{.regime = map::Regime::unrolled}
                : map::MapOptions{.regime = map::Regime::streamed, .reuseFactor = 16};
      SLUICE_TRY(const Built built, build(lowered, options));
      rows.push_back({name, whole ? "unrolled, II 1" : "streamed, reuse factor 16",
                      fmt::format("{:.0f} %", zerosOf(lowered).percent()), text(built.cost.allLuts()),
                      text(built.cost.ff), text(built.cost.dsp), text(built.cost.bram18)});
      if (whole) unrolled.push_back(built.cost.allLuts());
      out.figure(fmt::format("pruned/KERAS_3layer/{}/{}/lut", name, whole ? "unrolled" : "streamed"),
                 static_cast<double>(built.cost.allLuts()), "LUT", "estimated");
    }
  }
  out.say(show::table(rows, 2));
  out.require(unrolled[1] * 2 < unrolled[0],
              fmt::format("the pruned jet tagger, unrolled, takes {:.0f} % of the dense one's look-up tables",
                          100.0 * static_cast<double>(unrolled[1]) / static_cast<double>(unrolled[0])));
  return {};
}

/// A layer of bell-shaped weights of 6 bits, the smallest `percent` of them 0.
std::string layer(std::uint32_t inputs, std::uint32_t outputs, std::uint32_t percent, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::int64_t> weights(std::size_t{inputs} * outputs);
  for (std::int64_t& w : weights) {
    const double bell = rng.real() + rng.real() + rng.real() + rng.real() - 2;
    w = std::clamp<std::int64_t>(std::llround(bell * 24), -31, 31);
    if (w == 0) w = 1;
  }
  std::vector<std::size_t> order(weights.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return std::abs(weights[a]) < std::abs(weights[b]); });
  for (std::size_t i = 0; i < order.size() * percent / 100; ++i) weights[order[i]] = 0;
  std::string list;
  for (const std::int64_t w : weights) list += std::to_string(w) + " ";
  return list;
}

Result<ir::Graph> network(std::uint32_t percent) {
  std::string thresholds;
  for (int i = 1; i <= 15; ++i) thresholds += std::to_string(i * 40) + " ";
  return ir::parse(fmt::format(R"(
x = input [16] s6
v = constant [16, 32] s6 {{{0}}}
a = dense x, v
t = constant [1, 15] s12 {{{1}}}
b = threshold a, t
w = constant [32, 5] s6 {{{2}}}
c = dense b, w
output c
)",
                               layer(16, 32, percent, 1), thresholds, layer(32, 5, percent, 2)));
}

Status showSweep(show::Output& out, const jobs::Store* store) {
  std::vector<std::vector<std::string>> rows{
      {"pruned", "LUT unrolled", "FF", "LUT streamed", "FF", "DSP", "LUT by Yosys, unrolled", "FF by Yosys"}};
  page::Line lut{.name = "LUT, unrolled, estimated"}, ff{.name = "FF, unrolled, estimated"},
      folded{.name = "LUT, streamed at reuse factor 8, estimated"},
      built{.name = "LUT, unrolled, synthesised"};
  std::vector<std::uint64_t> falls;
  const auto text = [](std::uint64_t n) { return formatCount(static_cast<std::int64_t>(n)); };
  for (const std::uint32_t percent : {0u, 10u, 20u, 30u, 40u, 50u, 60u, 70u, 80u, 90u, 95u}) {
    SLUICE_TRY(const ir::Graph graph, network(percent));
    SLUICE_TRY(const Built whole, build(graph, {.regime = map::Regime::unrolled}));
    SLUICE_TRY(const Built shared, build(graph, {.regime = map::Regime::streamed, .reuseFactor = 8}));
    falls.push_back(whole.cost.allLuts());
    rows.push_back({fmt::format("{} %", percent), text(whole.cost.allLuts()), text(whole.cost.ff),
                    text(shared.cost.allLuts()), text(shared.cost.ff), text(shared.cost.dsp), "", ""});
    const double x = percent;
    lut.points.push_back({x, static_cast<double>(whole.cost.allLuts())});
    ff.points.push_back({x, static_cast<double>(whole.cost.ff)});
    folded.points.push_back({x, static_cast<double>(shared.cost.allLuts())});
    out.figure(fmt::format("pruned/sweep/{}/lut", percent), static_cast<double>(whole.cost.allLuts()), "LUT",
               "estimated");
    if (!out.has("--synth") || (percent != 0 && percent != 50 && percent != 70 && percent != 90)) continue;
    SLUICE_TRY(const auto reports,
               flow::synthesise({{fmt::format("{} % pruned", percent), emit::verilogFiles(whole.rtl), "top",
                                  hdl::Family::xc7}},
                                1, store));
    rows.back()[6] = text(reports[0].cost.allLuts());
    rows.back()[7] = text(reports[0].cost.ff);
    built.points.push_back({x, static_cast<double>(reports[0].cost.allLuts())});
    out.figure(fmt::format("pruned/sweep/{}/lut", percent), static_cast<double>(reports[0].cost.allLuts()),
               "LUT", "synthesised");
  }
  out.say(show::table(rows));
  out.require(std::is_sorted(falls.rbegin(), falls.rend()),
              "unrolled, every step of pruning takes fewer look-up tables");
  out.require(falls.back() * 5 < falls.front(),
              fmt::format("at 95 % zeros {:.0f} % of the look-up tables are left",
                          100.0 * static_cast<double>(falls.back()) / static_cast<double>(falls.front())));
  if (!out.has("--page")) return {};
  page::LineChart chart{.xTitle = "weights pruned (%)", .yTitle = "LUT, FF", .lines = {lut, ff, folded}};
  if (!built.points.empty()) chart.lines.push_back(built);
  const page::Page page{
      .title = "Logic against sparsity",
      .subtitle = "16-32-5 network, weights and inputs of 6 bits, xc7",
      .lead = page::paragraph(
          "The smallest weights are set to 0. Unrolled, a zero weight is no adder; streamed, products "
          "are shared and stay."),
      .sections = {{"curves", "Resources", page::lineChart(chart)}},
      .footer = page::commandLine("build/release/bin/pruned --synth --page")};
  return writeFile("pruned.html", page::print(page));
}

Status run(show::Output& out) {
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  out.require(showSweep(out, out.has("--no-cache") ? nullptr : &cache), "sweep");
  out.require(showJets(out), "jets");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--synth", "--page", "--no-cache"});
  out.require(run(out), "pruned");
  return out.exitCode();
}
