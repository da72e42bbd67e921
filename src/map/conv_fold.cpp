#include "map/conv_fold.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::map {
namespace {

using kernel::ConvFacts;
using kernel::ConvParams;

/// Multipliers that have a weight other than 0 in some fold. Elements of a beat take the groups of a product in turn, and
/// an output meets the inputs of its own group only: with whole turns in simd, one of `lanes` for each output that a
/// position works on.
std::uint32_t activeMultipliers(const ConvFacts& facts, std::uint32_t pack, std::uint32_t simd,
                                std::uint32_t pe) {
  if (facts.lanes == 1 || simd % pack != 0) return simd * pe;
  const std::uint32_t met = std::min(facts.lanes, facts.productOutputs / pe);
  return std::max<std::uint32_t>(1, simd * pe * met / facts.lanes);
}

double converterCost(std::uint32_t from, std::uint32_t to) {
  constexpr double kLane = 0.5;
  if (from == to) return 0;
  const bool divides = from % to == 0 || to % from == 0;
  return kLane * (from + to) * (divides ? 1 : 3);
}

/// In multipliers; see the header.
double price(const ConvParams& conv, const ConvFacts& facts, const ConvFold& fold,
             std::uint32_t producerPack) {
  constexpr double kOutputLane = 8, kInputLane = 1, kPortLane = 4, kTap = 0.5, kTapMux = 0.3;
  const double pack = fold.pack, simd = fold.simd, pe = fold.pe;
  double cost =
      activeMultipliers(facts, fold.pack, fold.simd, fold.pe) + kOutputLane * pe + kInputLane * simd;
  if (producerPack == 0)
    cost += kPortLane * pack;
  else
    cost += converterCost(producerPack, facts.hasWindow ? fold.pack : fold.simd);
  if (facts.hasWindow) {
    const double positions = conv.window.kernelHeight * conv.window.kernelWidth;
    // Taps, and the FIFO of the window's beats behind them.
    cost += kTap * (positions * pack + facts.windowBeat);
    if (fold.positionsAtOnce < positions) cost += kTapMux * positions * pack;
    cost += converterCost(facts.windowBeat, fold.simd);
  }
  return cost;
}

}  // namespace

Result<ConvChoice> chooseConvFold(const ConvParams& conv, const ConvPace& pace, std::uint32_t producerPack,
                                  const ConvWish& wish) {
  struct Candidate {
    ConvChoice choice;
    double cost = 0;
  };
  std::optional<Candidate> best, fastest, exact;
  const auto slower = [](const ConvFacts& f) { return std::max(f.windowIterations, f.productIterations); };
  ConvParams params = conv;
  params.simd = params.pe = 0;
  const kernel::WindowParams& shape = conv.window;
  const std::uint32_t positions = shape.kernelHeight * shape.kernelWidth;
  const auto wished = [](const std::optional<std::uint32_t>& asked, std::uint32_t value) {
    return !asked || *asked == value;
  };
  for (const std::uint32_t pack : divisors(shape.channels))
    for (const std::uint32_t atOnce : divisors(positions)) {
      if (!wished(wish.pack, pack) || !wished(wish.positionsAtOnce, atOnce)) continue;
      // Pieces only where every grid position may have a window (kernel/window/window.h).
      if (atOnce < positions && (shape.strideHeight > 1 || shape.strideWidth > 1)) continue;
      params.window.pack = pack;
      params.window.positionsAtOnce = atOnce;
      SLUICE_TRY(ConvFacts facts, kernel::convFacts(params));
      if (!facts.hasWindow && atOnce < positions) continue;
      const std::uint64_t pixels = std::uint64_t{facts.outHeight} * facts.outWidth;
      for (const std::uint32_t simd : divisors(facts.productInputs)) {
        if (!wished(wish.simd, simd)) continue;
        // A product of one pixel reads the beats as they come.
        if (!facts.hasWindow && facts.lanes == 1 && pack != simd && !wish.pack) continue;
        // A piece of a window would be put together again.
        if (atOnce < positions && simd > facts.windowBeat) continue;
        for (const std::uint32_t pe : divisors(facts.productOutputs)) {
          if (!wished(wish.pe, pe)) continue;
          facts.productIterations = pixels * facts.products * (facts.productInputs / simd) *
                                    std::uint64_t{facts.productOutputs / pe};
          Candidate candidate{
              .choice = {.fold = {.pack = pack, .positionsAtOnce = atOnce, .simd = simd, .pe = pe},
                         .facts = facts,
                         .multipliers = activeMultipliers(facts, pack, simd, pe)},
              .cost = price(conv, facts, {pack, atOnce, simd, pe}, producerPack)};
          candidate.choice.price = candidate.cost;
          const auto cheaper = [&](const std::optional<Candidate>& than) {
            return !than || candidate.cost < than->cost;
          };
          if (!fastest || std::pair(slower(facts), candidate.cost) <
                              std::pair(slower(fastest->choice.facts), fastest->cost))
            fastest = candidate;
          if (facts.windowIterations > pace.window || facts.productIterations > pace.product) continue;
          if (facts.productIterations == pace.product && cheaper(exact)) exact = candidate;
          if (cheaper(best)) best = candidate;
        }
      }
    }
  if (!fastest) {
    std::string asked;
    for (const auto& [name, value] : {std::pair{"pack", wish.pack},
                                      {"positions", wish.positionsAtOnce},
                                      {"simd", wish.simd},
                                      {"pe", wish.pe}})
      if (value) asked += (asked.empty() ? "" : " ") + std::string(name) + "=" + std::to_string(*value);
    return badInput("no fold has " + asked + ": pack divides the " + std::to_string(shape.channels) +
                    " channels, positions (stride 1 only) the " + std::to_string(positions) +
                    " of the kernel, simd the inputs of a product and pe its outputs");
  }
  if (pace.goal == FoldGoal::exact && exact) return exact->choice;
  return best ? best->choice : fastest->choice;
}

}  // namespace sluice::map
