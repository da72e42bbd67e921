#include "choose_design.h"

#include <algorithm>

#include "base/text.h"
#include "hdl/cost.h"

namespace sluice::tool {
namespace {

/// What each subgraph takes may not exceed, or, as one budget, what all take.
using Limits = std::vector<device::Budget>;

/// In the order of `limits`.
std::vector<hdl::Cost> costsFor(const emit::Rtl& rtl, hdl::Family family, const Limits& limits) {
  if (limits.size() == 1) return {hdl::cost(*rtl.top, family)};
  std::vector<hdl::Cost> costs;
  for (const auto& subgraph : rtl.subgraphs) costs.push_back(hdl::cost(*subgraph, family));
  return costs;
}

bool fits(const emit::Rtl& rtl, hdl::Family family, const Limits& limits) {
  const std::vector<hdl::Cost> costs = costsFor(rtl, family, limits);
  for (std::size_t k = 0; k < limits.size(); ++k)
    if (!device::fits(costs[k], limits[k])) return false;
  return true;
}

/// The design asked for; if DSP blocks are all that it lacks, with two products in a block where that saves most.
Result<Built> buildWithin(const ir::Graph& graph, map::MapOptions options, std::uint32_t linkLatency,
                          const Limits& limits) {
  SLUICE_TRY(Built built, buildDesign(graph, options, linkLatency));
  if (built.design.regime == map::Regime::unrolled ||
      (limits.size() != 1 && limits.size() != built.design.subgraphs.size()))
    return built;
  const std::vector<hdl::Cost> costs = costsFor(built.rtl, options.family, limits);
  std::vector<std::uint64_t> blocks;
  bool lacking = false;
  for (std::size_t k = 0; k < limits.size(); ++k) {
    blocks.push_back(limits[k].dsp);
    lacking = lacking || costs[k].dsp > limits[k].dsp;
  }
  if (!lacking) return built;
  SLUICE_TRY(built.pairs, map::pairWhereDspsLack(graph, options, built.design, blocks));
  if (!built.pairs->enough) return built;
  options.regime = map::Regime::streamed;
  options.nodes = built.pairs->nodes;
  SLUICE_TRY(Built paired, buildDesign(graph, options, linkLatency));
  if (!fits(paired.rtl, options.family, limits)) return built;
  paired.pairs = std::move(built.pairs);
  paired.isPaired = true;
  return paired;
}

/// Seven tenths of what the boards hold together: beyond that, placing and routing becomes a gamble.
device::Budget comfortable(const std::vector<device::Board>& boards) {
  device::Budget budget;
  const auto share = [](std::uint64_t all) { return all * 7 / 10; };
  for (const device::Board& board : boards) {
    const device::Budget& own = board.part.budget;
    budget.lut += share(own.lut);
    budget.lutMemory += share(own.lutMemory);
    budget.ff += share(own.ff);
    budget.carry += share(own.carry);
    budget.dsp += share(own.dsp);
    budget.bram18 += share(own.bram18);
  }
  return budget;
}

/// What two products in a block would do for a design that lacks DSP blocks without them.
std::string pairAdvice(const Built& built) {
  if (!built.pairs || built.isPaired) return {};
  const map::DspPairs& pairs = *built.pairs;
  const auto blocks = [](std::uint64_t count) {
    return formatCount(static_cast<std::int64_t>(count)) + " DSP blocks";
  };
  std::string text;
  if (pairs.enough)
    text = "; two products a block (multiplier=dsp2) would take " + blocks(pairs.paired) +
           ", but more of something else than there is";
  else if (!pairs.layers.empty())
    text = "; two products a block wherever mapping may choose take " + blocks(pairs.paired) + " still";
  if (pairs.held.empty()) return text;
  std::uint64_t all = pairs.paired;
  std::vector<std::string> names;
  for (const map::PairedLayer& layer : pairs.held) {
    all -= layer.single - layer.paired;
    names.push_back(layer.node);
  }
  return text + "; with multiplier=dsp2 instead of what --node-options says of " + join(names, ", ") +
         " it takes " + blocks(all);
}

/// Boards' budgets, one for each subgraph or one for all.
Limits limitsOf(const Placement& placement) {
  Limits limits;
  for (const device::Board& board : placement.boards) limits.push_back(board.part.budget);
  return limits;
}

/// "most of it in MatMul_10 (71,203) and MatMul_22 (20,411)": kernels and FIFOs of a board that take a tenth or more of it.
std::string largestUsers(const report::Report& rows, const report::BoardRow& board,
                         const device::Usage& lacking) {
  struct User {
    std::string name;
    std::uint64_t count = 0;
  };
  std::vector<User> users;
  const auto add = [&](const std::string& name, const hdl::Cost& cost, std::uint32_t subgraph) {
    const std::string& place = rows.subgraphs[subgraph].name;
    if (std::find(board.subgraphs.begin(), board.subgraphs.end(), place) == board.subgraphs.end()) return;
    for (const device::Usage& usage : device::usage(cost, {}))
      if (usage.resource == lacking.resource && usage.used * 10 >= lacking.used)
        users.push_back({name, usage.used});
  };
  for (const report::KernelRow& kernel : rows.kernels) add(kernel.name, kernel.cost, kernel.subgraph);
  for (const report::FifoRow& fifo : rows.fifos) add("FIFO " + fifo.name, fifo.cost, fifo.subgraph);
  if (users.empty()) return {};
  std::stable_sort(users.begin(), users.end(),
                   [](const User& a, const User& b) { return a.count > b.count; });
  users.resize(std::min<std::size_t>(users.size(), 3));
  std::vector<std::string> texts;
  for (const User& user : users)
    texts.push_back(user.name + " (" + formatCount(static_cast<std::int64_t>(user.count)) + ")");
  return ", most of it in " + join(texts, ", ");
}

/// Whether the kernels alone leave room, with FIFOs of no depth chosen yet and DSP blocks not counted (two products may share
/// one): quick to say no.
bool kernelsFit(const ir::Graph& graph, const map::MapOptions& options, Limits limits) {
  for (device::Budget& limit : limits) limit.dsp = ~std::uint64_t{0};
  const Result<map::Design> design = map::mapGraph(graph, options);
  if (!design.ok()) return false;
  const Result<emit::Rtl> rtl = emit::stitch(*design, options.family);
  return rtl.ok() && fits(*rtl, options.family, limits);
}

/// The smallest setting that fits, of twice what was asked for, four times and so on: "--reuse-factor 512". Empty: none of them.
std::string settingThatFits(const ir::Graph& graph, map::MapOptions options, const Placement& placement,
                            const Built& built) {
  const Limits limits = limitsOf(placement);
  const bool byInterval = built.design.targetInterval.has_value();
  std::uint64_t value = 1;
  if (built.design.regime == map::Regime::streamed)
    value = byInterval ? *built.design.targetInterval : built.design.reuseFactor.value_or(1);
  options.regime = map::Regime::streamed;
  constexpr int kDoublings = 12;
  for (int i = 0; i < kDoublings; ++i) {
    value *= 2;
    (byInterval ? options.targetInterval : options.reuseFactor) = value;
    if (!kernelsFit(graph, options, limits)) continue;
    const Result<Built> other = buildWithin(graph, options, 0, limits);
    if (other.ok() && fits(other->rtl, options.family, limits))
      return (byInterval ? "--target-ii " : "--reuse-factor ") + std::to_string(value);
  }
  return {};
}

}  // namespace

Result<Placement> placementOf(const BuildOptions& options) {
  Placement placement;
  for (const std::string& text : options.boards) {
    SLUICE_TRY(const device::BoardSpec spec, device::parseBoardSpec(text));
    placement.boards.insert(placement.boards.end(), spec.count, spec.board);
  }
  if (options.family)
    placement.family = *options.family;
  else if (!placement.boards.empty())
    placement.family = placement.boards[0].part.family;
  placement.planned = placement.boards.size() > 1 && options.splitBefore.empty();
  for (const device::Board& board : placement.boards)
    if (board.part.family != placement.family && (!placement.planned || options.family))
      return unsupported("board " + board.name + " is of family " + hdl::familyName(board.part.family) +
                         ", this build is for " + hdl::familyName(placement.family) +
                         "; boards of several families take a plan: no --family and no --split-before");
  return placement;
}

Status checkBoardCount(const Placement& placement, std::size_t subgraphs) {
  const std::size_t boards = placement.boards.size();
  if (boards <= 1 || boards == subgraphs) return {};
  return badInput(countOf(static_cast<std::int64_t>(boards), "board") + " for " +
                  countOf(static_cast<std::int64_t>(subgraphs), "subgraph") +
                  ": name one board for all or one for each, and cut with --split-before");
}

Result<Built> finishDesign(map::Design design, const map::MapOptions& options,
                           std::vector<map::LinkTiming> links) {
  Built built{.design = std::move(design)};
  if (links.empty()) links = map::linksOf(built.design);
  SLUICE_TRY(built.linked, map::sizeLinkedStreams(built.design, options.family, links));
  // Sized with the links' latency and rate; in what follows wires stand where the links will be.
  for (map::Cut& cut : built.design.cuts) cut.latency = 0;
  SLUICE_TRY(built.performance, dataflow::measure(map::network(built.design)));
  SLUICE_TRY(built.rtl, emit::stitch(built.design, options.family));
  return built;
}

Result<Built> buildDesign(const ir::Graph& graph, const map::MapOptions& options, std::uint32_t linkLatency) {
  SLUICE_TRY(map::Design design, map::mapGraph(graph, options));
  for (map::Cut& cut : design.cuts) cut.latency = linkLatency;
  SLUICE_TRY(Built built, finishDesign(std::move(design), options));
  built.nodes = options.nodes;
  return built;
}

Result<Built> chooseDesign(const ir::Graph& graph, map::MapOptions options, const Placement& placement,
                           std::uint32_t linkLatency) {
  if (placement.boards.empty()) return buildDesign(graph, options, linkLatency);
  if (options.reuseFactor || options.targetInterval || options.regime == map::Regime::unrolled)
    return buildWithin(graph, options, linkLatency, limitsOf(placement));
  const Limits limits{comfortable(placement.boards)};
  std::string whyStreamed;
  if (options.regime == map::Regime::automatic) {
    SLUICE_TRY(Built built, buildDesign(graph, options, linkLatency));
    const bool unrolled = built.design.regime == map::Regime::unrolled;
    if (unrolled && fits(built.rtl, options.family, limits)) return built;
    whyStreamed =
        unrolled ? "unrolled it takes more than seven tenths of the board" : built.design.regimeReason;
  }
  options.regime = map::Regime::streamed;
  options.reuseFactor = 4096;
  SLUICE_TRY(Built best, buildWithin(graph, options, linkLatency, limits));
  while (fits(best.rtl, options.family, limits) && *options.reuseFactor > 1) {
    options.reuseFactor = *options.reuseFactor / 2;
    SLUICE_TRY(Built faster, buildWithin(graph, options, linkLatency, limits));
    if (!fits(faster.rtl, options.family, limits)) break;
    best = std::move(faster);
  }
  best.design.regimeReason = whyStreamed;
  return best;
}

Error tooLarge(const report::Report& rows, const report::BoardRow& board, const device::Usage& lacking,
               const ir::Graph& graph, const map::MapOptions& options, const Placement& placement,
               const Built& built) {
  const auto text = [](std::uint64_t count) { return formatCount(static_cast<std::int64_t>(count)); };
  std::string why = "board " + board.name + " has " + text(lacking.available) + " " + lacking.resource +
                    ", the design takes " + text(lacking.used) + ": " +
                    text(lacking.used - lacking.available) + " too many" + largestUsers(rows, board, lacking);
  if (lacking.resource == "DSP") why += pairAdvice(built);
  const std::string otherwise = "a larger board or a cut over several (--split-before)";
  if (placement.planned)
    return infeasible(why + "; a larger --reuse-factor or " + otherwise + " makes it fit");
  const std::string setting = settingThatFits(graph, options, placement, built);
  return infeasible(setting.empty() ? why + "; no larger reuse factor helps: it takes " + otherwise
                                    : why + "; with " + setting + " it fits, or on " + otherwise);
}

}  // namespace sluice::tool
