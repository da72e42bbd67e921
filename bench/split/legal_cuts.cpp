// Networks with skip connections cut at every legal place: inside residual blocks, across several skip tensors.
//
//   legal_cuts            ResNet-8, RN07, tiny U-Net, branched model of shared/models
//   legal_cuts NETWORK    one of them (part of its name)
//   --verilator           two of the cuts as Verilog too: every value, and every beat in the cycle predicted
//   --designs             only the designs, not every cut by the integer engine
//
// A cut in two is a set of nodes that holds, with each node, all that comes before it. All of them are tried, up to a
// limit, and then random ones; and random cuts in three to six. Every part runs alone on the integer engine, as a board
// would, on the codes that the parts before it sent; the codes at the end must be those of the whole network.
// Some cuts are also mapped, their FIFOs sized on both sides, and simulated with links that take up to 200 cycles, each another
// time, with random stalls at both ends of the design: none may come to rest.
// Exit code 1 if one differs. SLUICE_SHARED says where shared/ is (default ../shared).
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "base/rng.h"
#include "ir/host.h"
#include "ir/integer.h"
#include "load.h"
#include "map/partition_of.h"
#include "passes/extract.h"
#include "show.h"

namespace {

using namespace sluice;
using Stages = std::vector<std::uint32_t>;  // of the nodes with a kernel

constexpr std::size_t samples = 1, mostIdeals = 150, randomCuts = 20;

struct Network {
  ir::Graph graph;
  std::vector<ir::NodeId> nodes;                   ///< with a kernel
  std::vector<std::vector<std::uint32_t>> before;  ///< of those, which each one reads
  std::map<ir::TensorId, std::vector<std::int64_t>> given;
  std::map<ir::TensorId, std::vector<std::int64_t>> wanted;
};

Result<Network> load(const std::filesystem::path& file) {
  Network network;
  SLUICE_TRY(network.graph, show::loadLowered(file));
  SLUICE_TRY(network.nodes, map::kernelNodes(network.graph, map::Regime::streamed));
  std::map<ir::NodeId, std::set<std::uint32_t>> reaches;  // through nodes without a kernel
  std::map<ir::NodeId, std::uint32_t> number;
  for (std::uint32_t i = 0; i < network.nodes.size(); ++i) number[network.nodes[i]] = i;
  for (std::uint32_t v = 0; v < network.graph.nodes.size(); ++v) {
    std::set<std::uint32_t> reads;
    for (const ir::TensorId input : network.graph.nodes[v].inputs)
      if (const ir::NodeId producer = network.graph.tensor(input).producer; producer.valid()) {
        if (number.contains(producer))
          reads.insert(number[producer]);
        else
          reads.insert(reaches[producer].begin(), reaches[producer].end());
      }
    if (number.contains(ir::NodeId(v))) network.before.emplace_back(reads.begin(), reads.end());
    reaches[ir::NodeId(v)] = std::move(reads);
  }
  SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(network.graph));
  const ir::CodeRows codes = ir::randomCodes(network.graph, engine.regions(), samples, 1);
  SLUICE_TRY(const ir::CodeRows rows, engine.run(codes, samples));
  for (std::size_t i = 0; i < codes.size(); ++i) network.given[engine.regions().hardwareInputs[i]] = codes[i];
  for (std::size_t i = 0; i < rows.size(); ++i) network.wanted[engine.regions().hardwareOutputs[i]] = rows[i];
  return network;
}

/// Runs part after part; whether the end is right. `widest`: tensors that cross a cut.
Result<bool> isExact(const Network& network, const Stages& stages, std::size_t& widest) {
  SLUICE_TRY(const map::Partition parts, map::partitionOf(network.graph, map::Regime::streamed, stages));
  SLUICE_TRY(const ir::Regions regions, ir::regions(network.graph));
  std::map<ir::TensorId, std::vector<std::int64_t>> codes = network.given;
  for (std::uint32_t part = 0; part < parts.stages; ++part) {
    std::vector<ir::NodeId> nodes;
    for (const ir::NodeId id : regions.integer)
      if (parts.stage[id.index] == part) nodes.push_back(id);
    SLUICE_TRY(const passes::Extract alone, passes::extract(network.graph, nodes));
    SLUICE_TRY(const ir::IntegerEngine engine, ir::IntegerEngine::compile(alone.graph));
    ir::CodeRows inputs;
    for (const ir::TensorId input : alone.inputs) inputs.push_back(codes.at(input));
    SLUICE_TRY(const ir::CodeRows rows, engine.run(inputs, samples));
    for (std::size_t i = 0; i < rows.size(); ++i) codes[alone.outputs[i]] = rows[i];
    if (part + 1 < parts.stages) widest = std::max(widest, alone.outputs.size());
  }
  for (const auto& [tensor, values] : network.wanted)
    if (codes.at(tensor) != values) return false;
  return true;
}

/// Sets of nodes that hold all that comes before, from the small ones on; neither empty nor full.
std::vector<std::vector<bool>> ideals(const Network& network) {
  const std::size_t n = network.nodes.size();
  std::set<std::vector<bool>> level = {std::vector<bool>(n, false)};
  std::vector<std::vector<bool>> all;
  for (std::size_t size = 1; size < n; ++size) {
    std::set<std::vector<bool>> next;
    for (const std::vector<bool>& set : level)
      for (std::size_t v = 0; v < n; ++v) {
        if (set[v] || !std::all_of(network.before[v].begin(), network.before[v].end(),
                                   [&](std::uint32_t u) { return set[u]; }))
          continue;
        std::vector<bool> larger = set;
        larger[v] = true;
        next.insert(std::move(larger));
      }
    all.insert(all.end(), next.begin(), next.end());
    if (all.size() > mostIdeals) break;
    level = std::move(next);
  }
  return all;
}

/// A random cut in `parts`: borders in a random topological order.
Stages randomCut(const Network& network, std::uint32_t parts, Rng& random) {
  const std::size_t n = network.nodes.size();
  std::vector<std::uint32_t> order;
  std::vector<bool> done(n, false);
  while (order.size() < n) {
    std::vector<std::uint32_t> ready;
    for (std::uint32_t v = 0; v < n; ++v)
      if (!done[v] && std::all_of(network.before[v].begin(), network.before[v].end(),
                                  [&](std::uint32_t u) { return done[u]; }))
        ready.push_back(v);
    order.push_back(
        ready[static_cast<std::size_t>(random.uniform(0, static_cast<std::int64_t>(ready.size()) - 1))]);
    done[order.back()] = true;
  }
  std::set<std::size_t> borders;
  while (borders.size() + 1 < std::min<std::size_t>(parts, n))
    borders.insert(static_cast<std::size_t>(random.uniform(1, static_cast<std::int64_t>(n) - 1)));
  Stages stages(n, 0);
  for (std::size_t i = 0; i < n; ++i)
    stages[order[i]] = static_cast<std::uint32_t>(std::distance(borders.begin(), borders.upper_bound(i)));
  return stages;
}

/// Designs of a cut: links of random latency do not bring it to rest; as Verilog it does what the network does.
Status checkDesign(const Network& network, const Stages& stages, std::uint64_t interval, bool isVerilated,
                   std::size_t& delayed, std::size_t& verilated, std::string& sized) {
  SLUICE_TRY(const map::Partition parts, map::partitionOf(network.graph, map::Regime::streamed, stages));
  const map::MapOptions options{.regime = map::Regime::streamed, .targetInterval = interval};
  show::Hardware hardware;
  SLUICE_TRY(hardware.design, map::mapGraph(network.graph, options, parts));
  SLUICE_RETURN_IF_ERROR(map::sizeStreams(hardware.design, options.family));
  // What the FIFOs on both sides of the cuts hold.
  std::uint64_t bits = 0;
  for (const map::Cut& cut : hardware.design.cuts)
    for (const map::StreamId side : {cut.from, cut.to})
      bits += std::uint64_t{hardware.design.streams[side.index].depth} *
              hardware.design.streams[side.index].beat.width();
  sized = fmt::format("{} tensors cut, FIFOs at the cuts {} bits, all {} (no fewer than {})",
                      hardware.design.cuts.size(), bits, hardware.design.fifoStorage->bits,
                      hardware.design.fifoStorage->lowerBound);
  Rng random(3, 9);
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    map::Design slower = hardware.design;
    for (map::Cut& cut : slower.cuts) cut.latency = static_cast<std::uint32_t>(random.uniform(0, 200));
    // What deadlocks is an error of predict.
    SLUICE_TRY(const flow::PredictedBeats beats, flow::predict(slower, 2, {.seed = seed, .stallPercent = 30},
                                                               {.seed = seed + 7, .stallPercent = 30}));
    delayed += beats.end > 0 ? 1 : 0;
  }
  if (!isVerilated) return {};
  SLUICE_TRY(hardware.rtl, emit::stitch(hardware.design, options.family));
  flow::Frames frames{.count = 1, .inputs = {}, .outputs = {}};
  SLUICE_TRY(const ir::Regions regions, ir::regions(network.graph));
  for (const ir::TensorId input : regions.hardwareInputs) frames.inputs.push_back(network.given.at(input));
  for (const ir::TensorId output : regions.hardwareOutputs)
    frames.outputs.push_back(network.wanted.at(output));
  SLUICE_TRY(const jobs::Store store, jobs::Store::open(jobs::Store::defaultFolder()));
  SLUICE_TRY(
      const flow::SimulationModel model,
      flow::compileModel(emit::verilogFiles(hardware.rtl), flow::harnessPorts(hardware.design), &store));
  for (const std::uint32_t stall : show::kStalls) {
    SLUICE_TRY(const flow::Agreement agreement, show::agreeVerilator(hardware, model, frames, stall));
    if (!agreement.equal() || agreement.outputBeats == 0)
      return badInput(fmt::format("Verilator at {} % stalls: {}", stall, agreement.firstDifference));
  }
  ++verilated;
  return {};
}

struct Case {
  const char *name, *file;
  std::uint64_t
      interval;  ///< cycles a frame of the designs: short frames, so that Verilator is done with them in minutes
};

Status showNetwork(const Case& one, const std::filesystem::path& folder, bool isVerilated, bool isQuick,
                   bool& failed) {
  const std::string name = one.name;
  SLUICE_TRY(const Network network, load(folder / one.file));
  std::vector<Stages> cuts;
  const auto sets = ideals(network);
  for (const std::vector<bool>& set : sets) {
    Stages stages;
    for (const bool first : set) stages.push_back(first ? 0 : 1);
    cuts.push_back(std::move(stages));
  }
  // Of networks with large maps, whose parts take long, a share that lies evenly.
  std::int64_t elements = 0;
  for (const ir::Tensor& tensor : network.graph.tensors) elements += ir::elements(tensor.type.shape);
  const bool isLarge = elements > 1'000'000;
  if (isLarge) {
    constexpr std::size_t shown = 12;
    std::vector<Stages> some;
    for (std::size_t i = 0; i < std::min(shown, cuts.size()); ++i)
      some.push_back(cuts[i * cuts.size() / shown]);
    cuts = std::move(some);
  }
  Rng random(7, 2);
  const std::size_t inTwo = cuts.size();
  for (std::uint32_t i = 0; i < (isLarge ? 4 : randomCuts); ++i)
    cuts.push_back(randomCut(network, sets.size() > mostIdeals && i % 2 == 0 ? 2 : 3 + i % 4, random));
  std::size_t exact = 0, widest = 0;
  for (const Stages& stages : isQuick ? std::vector<Stages>() : cuts) {
    SLUICE_TRY(const bool same, isExact(network, stages, widest));
    exact += same ? 1 : 0;
  }
  // Designs: cuts that lie evenly among those in two, and the last of those in more.
  const std::size_t designs = isVerilated ? 2 : 4;
  std::size_t delayed = 0, verilated = 0;
  for (std::size_t i = 0; i < designs; ++i) {
    const std::size_t c = i + 1 < designs ? (i + 1) * inTwo / designs : cuts.size() - 1;
    const std::uint32_t parts = *std::max_element(cuts[c].begin(), cuts[c].end()) + 1;
    std::string sized;
    if (const Status status = checkDesign(network, cuts[std::min(c, cuts.size() - 1)], one.interval,
                                          isVerilated, delayed, verilated, sized);
        !status.ok()) {
      fmt::print("{}, cut {}: {}\n", name, c, status.error().text());
      failed = true;
    } else {
      fmt::print("{}, cut {} in {}: {}{}\n", name, c, parts, sized,
                 isVerilated ? ", equal in Verilator" : "");
      std::fflush(stdout);
    }
  }
  fmt::print("| {} | {} | {}{} | {} | {} | {} | {} of {} | {} |\n", name, network.nodes.size(), inTwo,
             isLarge || sets.size() > mostIdeals ? fmt::format(" of {}", sets.size()) : ", all",
             cuts.size() - inTwo, widest,
             isQuick ? "not asked for" : fmt::format("{} of {}", exact, cuts.size()), delayed, 3 * designs,
             isVerilated ? fmt::format("{} of {}", verilated, designs) : "not asked for");
  failed = failed || (!isQuick && exact != cuts.size());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const char* shared = std::getenv("SLUICE_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared != nullptr ? shared : "../shared") / "models";
  if (!std::filesystem::exists(folder)) {
    fmt::print("the shared models are not here; set SLUICE_SHARED\n");
    return 77;
  }
  std::string only;
  bool isVerilated = false, isQuick = false;
  for (int a = 1; a < argc; ++a)
    if (std::string(argv[a]) == "--verilator")
      isVerilated = true;
    else if (std::string(argv[a]) == "--designs")
      isQuick = true;
    else
      only = argv[a];
  bool failed = false;
  fmt::print(
      "| network | nodes | cuts in two | random cuts in more | most tensors cut | bit for bit | slow links, "
      "no "
      "deadlock | Verilator |\n");
  for (const Case& one : {Case{"branched_model", "onnx/branched_model_ch_last.onnx", 140'000},
                          Case{"tiny_unet", "onnx/tiny_unet_ch_last.onnx", 140'000},
                          Case{"RN07", "mlperf-tiny/RN07_qkeras.h5", 32'768},
                          Case{"ResNet-8", "mlperf-tiny/pretrainedResnet.h5", 65'536}}) {
    if (std::string(one.name).find(only) == std::string::npos) continue;
    if (const Status status = showNetwork(one, folder, isVerilated, isQuick, failed); !status.ok()) {
      fmt::print("{}: {}\n", one.name, status.error().text());
      failed = true;
    }
    std::fflush(stdout);
  }
  return failed ? 1 : 0;
}
