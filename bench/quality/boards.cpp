// The field's networks beside what was published of them: KWS, AD08 and RN07 beside the boards of MLPerf Tiny, and whole
// unrolled networks beside da4ml.
//
//   boards [--published] [--HGQ2] [--jets] [--synth] [--no-cache] [--json]
//
// Without a name all three.
//
// Rates and latencies of ours are cycles (proven and simulated) at the published boards' clock of 100 MHz; that this clock
// is kept is assumed, as no open tool places 7-series parts. Resources are estimated by counting, and with --synth
// (an hour of processor time) built by Yosys as well. Of what the published designs took, the multipliers that work at
// once follow from the files they were built with; their look-up tables are in no text that we have. They fitted a
// PYNQ-Z2, whose contents stand beside ours.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "base/text.h"
#include "dataflow/simulate.h"
#include "device/board.h"
#include "flow/synthesise.h"
#include "frontend/model.h"
#include "jobs/store.h"
#include "kernel/unrolled/unrolled.h"
#include "networks_list.h"
#include "passes/pipeline.h"
#include "show.h"

namespace {

using namespace sluice;

constexpr double kMhz = 100;

/// A run on a PYNQ-Z2. Source: MLPerf Tiny v0.7, open division, mlcommons/tiny_results_v0.7, open/hls4ml-finn/results/pynq-z2
/// (logs); hls4ml's and FINN's designs of arXiv 2206.11791.
///
/// Multipliers that work at once are not published as such; they follow from what the designs were built with (code/ of the same
/// folder). FINN: PE x SIMD of the smallest folding with at most 500 cycles a frame (target_fps 200,000 at 10 ns), which is the
/// one in Xilinx/finn-examples, mlp_kws_folding_config.json: 32 x 10 + 32 x 8 + 32 x 8 + 1 x 8. hls4ml: inputs x outputs over the
/// reuse factor, layer by layer. AD08: 144, in the third layer 8: 32 + 32 + 36 + 72 + 4 + 36. RN07: 16,384, which is 1 in each.
struct Published {
  const char* name;
  const char* tool;
  double framesPerSecond;
  double latencyUs;  ///< 0: not published
  std::uint64_t multipliers;
};
constexpr Published kPublished[] = {{"KWS", "FINN", 57'268, 0, 840},
                                    {"AD08", "hls4ml", 53'365, 18.7, 212},
                                    {"RN07", "hls4ml", 36.596, 27'300, 6}};

std::string text(std::uint64_t n) { return formatCount(static_cast<std::int64_t>(n)); }
std::string microseconds(double us) {
  return us >= 1000 ? fmt::format("{:.2f} ms", us / 1000) : fmt::format("{:.2f} us", us);
}

struct Shown {
  std::string how;
  map::MapOptions options;
};

Status showPublished(show::Output& out, const jobs::Store* store) {
  SLUICE_TRY(const device::Board board, device::findBoard("pynq-z2"));
  const device::Budget& budget = board.part.budget;
  std::vector<std::vector<std::string>> rows{
      {"network", "design", "frames/s", "latency", "multipliers", "LUT", "FF", "DSP", "BRAM18"}};
  rows.push_back({"PYNQ-Z2", "holds", "", "", "", text(budget.lut), text(budget.ff), text(budget.dsp),
                  text(budget.bram18)});
  for (const Published& published : kPublished) {
    rows.push_back({published.name, std::string(published.tool) + ", published, measured on the board",
                    formatCount(std::llround(published.framesPerSecond)),
                    published.latencyUs > 0 ? microseconds(published.latencyUs) : "-",
                    text(published.multipliers), "-", "-", "-", "-"});
    show::Network network;
    std::vector<Shown> designs;
    const auto pace = static_cast<std::uint64_t>(kMhz * 1e6 / published.framesPerSecond);
    if (published.name == std::string("KWS")) {
      SLUICE_TRY(network, show::keywords());
      designs.push_back({"reuse factor 512", {.regime = map::Regime::streamed, .reuseFactor = 512}});
    } else {
      const auto& all = show::references();
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.name == published.name; });
      SLUICE_TRY(network, show::load(*found));
      designs.push_back({found->options.reuseFactor
                             ? fmt::format("reuse factor {}", *found->options.reuseFactor)
                             : fmt::format("a frame in {} cycles", text(*found->options.targetInterval)),
                         found->options});
    }
    designs.push_back({"at the published pace", {.regime = map::Regime::streamed, .targetInterval = pace}});
    std::string faster;  // designs that are, with no more multipliers
    for (const Shown& shown : designs) {
      SLUICE_TRY(const show::Hardware hardware, show::build(network.lowered, shown.options));
      SLUICE_TRY(const dataflow::Performance performance, dataflow::measure(map::network(hardware.design)));
      const hdl::Cost cost = hdl::cost(*hardware.rtl.top, hdl::Family::xc7);
      const double interval =
          static_cast<double>(performance.cyclesPerPeriod) / static_cast<double>(performance.framesPerPeriod);
      const double rate = kMhz * 1e6 / interval, latencyUs = static_cast<double>(performance.latency) / kMhz;
      std::uint64_t multipliers = 0;
      for (const map::KernelInstance& kernel : hardware.design.kernels) multipliers += kernel.multipliers;
      const auto row = [&](const std::string& kind, const hdl::Cost& c) {
        rows.push_back({published.name, fmt::format("ours, {}, {}", shown.how, kind),
                        formatCount(std::llround(rate)), microseconds(latencyUs), text(multipliers),
                        text(c.allLuts()), text(c.ff), text(c.dsp), text(c.bram18)});
      };
      row("estimated", cost);
      const std::string figure = fmt::format("boards/{}/{}", published.name, shown.how);
      out.figure(figure + "/rate", rate, "frames/s", "proven cycles at 100 MHz");
      out.figure(figure + "/latency", latencyUs, "us", "simulated cycles at 100 MHz");
      out.figure(figure + "/lut", static_cast<double>(cost.allLuts()), "LUT", "estimated");
      if (out.has("--synth")) {
        SLUICE_TRY(const auto reports,
                   flow::synthesise({{fmt::format("{}, {}", published.name, shown.how),
                                      emit::verilogFiles(hardware.rtl), "top", hdl::Family::xc7}},
                                    1, store));
        row("synthesised", reports[0].cost);
        out.figure(figure + "/lut", static_cast<double>(reports[0].cost.allLuts()), "LUT", "synthesised");
      }
      out.require(rate >= published.framesPerSecond && device::fits(cost, budget),
                  fmt::format("{}, {}: {:.2f} times the published rate, on the same part", published.name,
                              shown.how, rate / published.framesPerSecond));
      if (rate >= published.framesPerSecond && multipliers <= published.multipliers &&
          (published.latencyUs == 0 || latencyUs < published.latencyUs))
        faster += fmt::format("; {}: {} multipliers, published {}", shown.how, text(multipliers),
                              text(published.multipliers));
      if (published.latencyUs > 0 && shown.how != "at the published pace")
        out.require(latencyUs < published.latencyUs,
                    fmt::format("{}, {}: {} of latency, published {}", published.name, shown.how,
                                microseconds(latencyUs), microseconds(published.latencyUs)));
    }
    out.require(!faster.empty(), fmt::format("{}: faster in all that is published with no more multipliers{}",
                                             published.name, faster));
  }
  out.say(show::table(rows, 2));
  return {};
}

/// Bits of registers at both ends: of every element of the input that the first product uses, and of the outputs.
Result<std::uint64_t> bitsAtEnds(const ir::Graph& graph) {
  SLUICE_TRY(const ir::Regions regions, ir::regions(graph));
  const auto bits = [&](ir::TensorId id, std::size_t element) {
    const ir::Codes& codes = *graph.tensor(id).type.codes;
    return std::uint64_t{fixed::formatFor(ir::rangeOf(codes, static_cast<std::int64_t>(element))).bits};
  };
  // What stands between input and product is element by element.
  ir::TensorId tensor = regions.hardwareInputs.at(0);
  const ir::Node* product = nullptr;
  while (product == nullptr) {
    const std::vector<ir::NodeId> users = graph.users(tensor);
    if (users.size() != 1) return unsupported("the input has several readers");
    const ir::Node& user = graph.node(users[0]);
    if (std::holds_alternative<ir::Dense>(user.operation)) product = &user;
    tensor = user.output;
  }
  const ir::Tensor& matrix = graph.tensor(product->inputs[1]);
  const std::vector<std::int64_t>& weights = ir::codesOf(matrix);
  const auto columns = static_cast<std::size_t>(matrix.type.shape.at(1));
  std::uint64_t sum = 0;
  for (std::size_t row = 0; row * columns < weights.size(); ++row) {
    const auto first = weights.begin() + static_cast<std::ptrdiff_t>(row * columns);
    if (std::any_of(first, first + static_cast<std::ptrdiff_t>(columns),
                    [](std::int64_t w) { return w != 0; }))
      sum += bits(regions.hardwareInputs[0], row);
  }
  for (const ir::TensorId output : regions.hardwareOutputs)
    for (std::size_t k = 0; k < static_cast<std::size_t>(ir::elements(graph.tensor(output).type.shape)); ++k)
      sum += bits(output, k);
  return sum;
}

/// HGQ2's network as one pipeline of as many stages as da4ml's. da4ml 0.6.0, latency_cutoff=5: shared models, data/cmvm README
/// section 6 (Yosys 0.70, xc7); its module holds registers at both ends, which ours leaves to the FIFOs.
Status showHgq2(show::Output& out, const jobs::Store* store) {
  constexpr std::uint64_t theirLuts = 6'511, theirFf = 1'012;
  constexpr std::uint32_t theirStages = 4;
  SLUICE_TRY(ir::Graph imported,
             frontend::importModel(show::sharedFolder() / "models/hgq2/mnist_8x8_64_32_32_10.keras"));
  SLUICE_TRY(const ir::Graph lowered, passes::lower(std::move(imported)));
  SLUICE_TRY(const std::uint64_t ends, bitsAtEnds(lowered));
  std::vector<std::vector<std::string>> rows{
      {"HGQ2 64-32-32-10, one image a clock", "kind", "stages", "LUT", "FF", "FF with both ends"}};
  rows.push_back(
      {"da4ml 0.6.0, registers every 5 units", "estimated", text(theirStages), "6,228", "", "1,039"});
  rows.push_back({"the same", "synthesised", text(theirStages), text(theirLuts), "", text(theirFf)});
  for (const std::uint32_t levels : {7u, 5u, 2u}) {
    SLUICE_TRY(const show::Hardware hardware,
               show::build(lowered, {.regime = map::Regime::unrolled, .levelsPerStage = levels}));
    if (hardware.rtl.kernels.size() != 1) return unsupported("the network is not one pipeline");
    const map::KernelInstance& instance = hardware.design.kernels[0];
    hdl::Cost cost = hdl::cost(*hardware.rtl.kernels[0], hdl::Family::xc7);
    std::uint32_t stages = 1;
    for (const dataflow::Access& access : instance.kernel.schedule.accesses)
      stages = std::max(stages, access.stage + 1);
    const auto row = [&](const std::string& kind) {
      rows.push_back({fmt::format("ours, registers every {} levels", levels), kind, text(stages),
                      text(cost.allLuts()), text(cost.ff), text(cost.ff + ends)});
      out.figure(fmt::format("boards/HGQ2/{}/lut", levels), static_cast<double>(cost.allLuts()), "LUT", kind);
      out.figure(fmt::format("boards/HGQ2/{}/ff", levels), static_cast<double>(cost.ff + ends), "FF", kind);
    };
    row("estimated");
    if (stages != theirStages) continue;
    if (out.has("--synth")) {
      SLUICE_TRY(const auto reports,
                 flow::synthesise({{"HGQ2", show::filesOf(hardware.rtl.kernels[0], hdl::Family::xc7),
                                    hardware.rtl.kernels[0]->name, hdl::Family::xc7}},
                                  1, store));
      cost = reports[0].cost;
      row("synthesised");
    }
    out.require(cost.allLuts() < theirLuts && cost.ff + ends < theirFf,
                fmt::format("HGQ2 in {} stages: {} LUT and {} FF, da4ml's design takes {} and {}", stages,
                            text(cost.allLuts()), text(cost.ff + ends), text(theirLuts), text(theirFf)));
  }
  out.say(show::table(rows, 2));
  return {};
}

/// The matrices of whole jet taggers, layer by layer, at free depth: adders of all layers. da4ml's fewest over all of its
/// settings, as recorded (data/cmvm/results.json).
Status showJets(show::Output& out) {
  SLUICE_TRY(const auto arrays, readNpz(show::sharedFolder() / "data/cmvm/matrices.npz"));
  std::ifstream file(show::sharedFolder() / "data/cmvm/results.json");
  const auto recorded = nlohmann::json::parse(file, nullptr, false);
  if (recorded.is_discarded()) return badInput("no JSON", "data/cmvm/results.json");
  std::vector<std::vector<std::string>> rows{
      {"jet tagger", "adders, ours", "da4ml", "depth, ours", "da4ml, default"}};
  for (const std::string name : {"qkeras_jet", "keras3", "keras3_p70"}) {
    std::uint64_t ours = 0, theirs = 0, depth = 0, theirDepth = 0;
    for (const auto& entry : recorded.at("matrices")) {
      const std::string id = entry.at("id");
      if (!id.starts_with(name + "_l")) continue;
      const NpyArray& array = arrays.at(id);
      kernel::MatrixVector problem{.rows = static_cast<std::uint32_t>(array.shape[0]),
                                   .columns = static_cast<std::uint32_t>(array.shape[1]),
                                   .weights = *array.asInt64(),
                                   .inputs = {},
                                   .inputDepth = {}};
      problem.inputs.assign(problem.rows, {-128, 127});
      SLUICE_TRY(const kernel::AdderGraph graph, kernel::adderGraph(problem, {}));
      SLUICE_RETURN_IF_ERROR(kernel::verify(graph, problem));
      ours += graph.ops.size();
      depth += graph.depth();
      theirs += entry.at("best").at("any").get<std::uint64_t>();
      theirDepth += static_cast<std::uint64_t>(entry.at("da4ml").at("default").at("depth").get<double>());
    }
    rows.push_back({name, text(ours), text(theirs), text(depth), text(theirDepth)});
    out.figure("boards/" + name + "/adders", static_cast<double>(ours), "adders", "proven");
    out.require(ours < theirs, fmt::format("{}: {} adders in all layers, da4ml's fewest {}", name, text(ours),
                                           text(theirs)));
  }
  out.say(show::table(rows));
  return {};
}

Status run(show::Output& out) {
  SLUICE_TRY(const jobs::Store cache, jobs::Store::open(jobs::Store::defaultFolder()));
  const jobs::Store* const store = out.has("--no-cache") ? nullptr : &cache;
  const bool all = !out.has("--published") && !out.has("--HGQ2") && !out.has("--jets");
  if (all || out.has("--published")) out.require(showPublished(out, store), "published boards");
  if (all || out.has("--HGQ2")) out.require(showHgq2(out, store), "HGQ2");
  if (all || out.has("--jets")) out.require(showJets(out), "jet taggers");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {"--published", "--HGQ2", "--jets", "--synth", "--no-cache"});
  out.require(run(out), "boards");
  return out.exitCode();
}
