// Would weight memories of different kernels save block RAMs if two shared one, each behind a port of its own?
//
//   shared_roms [--NETWORK...] [--json]
//
// A block RAM has two ports, and a folded product reads its weights through one. So two kernels' words can lie in one memory, one
// behind the other, as long as the memory is taken in shapes of at most 18 bits: the 36 bits wide one is both ports together.
// Every reference network is built at three reuse factors; the pairs are the best ones there are (every way of pairing is looked
// at). Prints the block RAMs of the weights apart and shared: the answer decides whether the compiler should do it.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "base/text.h"
#include "hdl/cost.h"
#include "networks_list.h"

namespace {

using namespace sluice;

struct Shape {
  std::uint32_t width = 0, words = 0;
};

/// RAMB18 of words that two ports read: 1024 x 18 down to 16384 x 1, the least of one shape for all.
std::uint64_t behindTwoPorts(std::uint64_t width, std::uint64_t words) {
  const auto tiles = [](std::uint64_t all, std::uint64_t one) { return (all + one - 1) / one; };
  std::uint64_t fewest = ~std::uint64_t{0};
  for (const auto& [bits, deep] :
       {std::pair{18u, 1024u}, {9u, 2048u}, {4u, 4096u}, {2u, 8192u}, {1u, 16384u}})
    fewest = std::min(fewest, tiles(width, bits) * tiles(words, deep));
  return fewest;
}

/// The most block RAMs that pairs save. `saved[i][j]`: by i and j together; at most 20 memories.
std::uint64_t bestPairs(const std::vector<std::vector<std::uint64_t>>& saved) {
  const std::size_t n = saved.size();
  std::vector<std::uint64_t> best(std::size_t{1} << n, 0);
  for (std::size_t set = 1; set < best.size(); ++set) {
    const auto i = static_cast<std::size_t>(std::countr_zero(set));
    const std::size_t rest = set & (set - 1);
    best[set] = best[rest];
    for (std::size_t left = rest; left != 0; left &= left - 1) {
      const auto j = static_cast<std::size_t>(std::countr_zero(left));
      best[set] = std::max(best[set], saved[i][j] + best[rest & ~(std::size_t{1} << j)]);
    }
  }
  return best.back();
}

std::vector<Shape> weightMemories(const emit::Rtl& rtl) {
  std::vector<Shape> shapes;
  for (const auto& kernel : rtl.kernels)
    for (const hdl::Memory& memory : kernel->memories)
      if (!memory.contents.empty() && memory.style == hdl::Style::blockRam)
        shapes.push_back({memory.width, memory.words});
  return shapes;
}

Status run(show::Output& out) {
  std::vector<std::vector<std::string>> rows{
      {"network", "reuse factor", "weight memories", "RAMB18 apart", "RAMB18 saved in pairs"}};
  std::uint64_t apartOfAll = 0, savedOfAll = 0;
  for (const show::Reference& reference : show::chosenReferences(out)) {
    SLUICE_TRY(const show::Network network, show::load(reference));
    for (const std::uint64_t reuse : {256u, 1024u, 4096u}) {
      map::MapOptions options = reference.options;
      options.regime = map::Regime::streamed;
      options.reuseFactor = reuse;
      options.targetInterval.reset();
      SLUICE_TRY(const map::Design design, map::mapGraph(network.lowered, options));
      SLUICE_TRY(const emit::Rtl rtl, emit::stitch(design, hdl::Family::xc7));
      const std::vector<Shape> roms = weightMemories(rtl);
      if (roms.size() < 2) continue;
      const auto alone = [](const Shape& rom) { return hdl::blockRams(rom.width, rom.words); };
      const auto saving = [&](const Shape& a, const Shape& b) -> std::uint64_t {
        const std::uint64_t two = alone(a) + alone(b);
        const std::uint64_t one =
            behindTwoPorts(std::max(a.width, b.width), std::uint64_t{a.words} + b.words);
        return two > one ? two - one : 0;
      };
      std::uint64_t apart = 0;
      std::vector<Shape> gaining;  // with some partner or other
      for (std::size_t i = 0; i < roms.size(); ++i) {
        apart += alone(roms[i]);
        bool gains = false;
        for (std::size_t j = 0; j < roms.size(); ++j)
          gains = gains || (i != j && saving(roms[i], roms[j]) > 0);
        if (gains) gaining.push_back(roms[i]);
      }
      SLUICE_CHECK(gaining.size() <= 20, "few enough memories to look at every pairing");
      std::vector<std::vector<std::uint64_t>> saved(gaining.size());
      for (std::size_t i = 0; i < gaining.size(); ++i)
        for (const Shape& other : gaining) saved[i].push_back(saving(gaining[i], other));
      const std::uint64_t gain = bestPairs(saved);
      apartOfAll += apart, savedOfAll += gain;
      const auto text = [](std::uint64_t count) { return formatCount(static_cast<std::int64_t>(count)); };
      rows.push_back({network.name, text(reuse), text(roms.size()), text(apart), text(gain)});
    }
  }
  out.say(show::table(rows, 1));
  out.figure("shared_roms/apart", static_cast<double>(apartOfAll), "RAMB18", "estimated");
  out.figure("shared_roms/saved", static_cast<double>(savedOfAll), "RAMB18", "estimated");
  out.require(savedOfAll * 100 <= apartOfAll * 3,
              fmt::format("weights that share block RAMs save {} of {} RAMB18, at most 3 %: not worth a port "
                          "between kernels",
                          savedOfAll, apartOfAll));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, show::networkOptions());
  out.require(run(out), "block RAMs of weights, apart and shared");
  return out.exitCode();
}
