// Bits in the FIFOs of RN07: as hls4ml makes them by default (every stream holds a whole feature map), as the vendor's
// co-simulation found them filled, and as sized here, between the same layers.
//
//   fifo_depths [--json]
//
// hls4ml's streams are those of shared/models/mlperf-tiny/RN07_fifo_depths_vendor_cosim.json: between two layers one behind
// the activation and one behind the padding; its streams from a convolution to its activation are not in the file and are
// left out, in all three. A beat of hls4ml is a pixel, 8 bits a channel. Ours are all FIFOs between the same two layers,
// those between a line buffer and its products and between a convolution and its activation included.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "networks_list.h"
#include "show.h"

namespace {

using namespace sluice;

/// A stream of hls4ml: its name in the file, pixels of its feature map, channels, and the layer that reads it.
struct TheirStream {
  const char* name;
  std::uint64_t pixels, channels;
  std::size_t place;  ///< 0: into the first convolution; 6: behind the last product
};

/// Kernels are 4 x 4 but the first; "same" padding adds three rows and columns at stride 1, none at stride 4.
const std::array<TheirStream, 11> kTheirs{{{"in_local", 32 * 32, 3, 0},
                                           {"layer4_out", 32 * 32, 32, 1},
                                           {"layer20_out", 35 * 35, 32, 1},
                                           {"layer7_out", 32 * 32, 4, 2},
                                           {"layer21_out", 35 * 35, 4, 2},
                                           {"layer10_out", 32 * 32, 32, 3},
                                           {"layer22_out", 32 * 32, 32, 3},
                                           {"layer13_out", 8 * 8, 32, 4},
                                           {"layer23_out", 11 * 11, 32, 4},
                                           {"layer16_out", 8 * 8, 32, 5},
                                           {"out_local", 1, 10, 6}}};
constexpr std::array<const char*, 7> kPlaces{
    "input to convolution 0", "0 to 1", "1 to 2", "2 to 3", "3 to 4", "4 to dense", "output"};

using Bits = std::array<std::uint64_t, 7>;

Result<std::array<std::uint64_t, 11>> vendorMaxima() {
  SLUICE_TRY(const std::string text,
             readFile(show::sharedFolder() / "models/mlperf-tiny/RN07_fifo_depths_vendor_cosim.json"));
  std::array<std::uint64_t, 11> maxima{};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return badInput("not a list of FIFOs", "RN07_fifo_depths_vendor_cosim.json");
  for (std::size_t i = 0; i < kTheirs.size(); ++i) {
    const auto row = std::find_if(json.begin(), json.end(), [&](const auto& entry) {
      return entry.at("name").template get<std::string>().starts_with(std::string(kTheirs[i].name) + "_");
    });
    if (row == json.end()) return badInput(std::string(kTheirs[i].name) + " is not in the file");
    maxima[i] = row->at("max").get<std::uint64_t>();
  }
  return maxima;
}

/// Bits between the products of the chain: a FIFO stands behind as many products as are before its writer.
Bits ourBits(const map::Design& design) {
  Bits bits{};
  std::vector<std::size_t> behind(design.kernels.size(), 0);
  const auto placeOf = [&](const map::Stream& stream) -> std::size_t {
    return stream.writer.valid() ? behind[stream.writer.index] : 0;
  };
  // Kernels in any order: passes over the chain until nothing changes.
  for (std::size_t pass = 0; pass < design.kernels.size(); ++pass)
    for (std::size_t k = 0; k < design.kernels.size(); ++k) {
      std::size_t before = 0;
      for (std::size_t p = 0; p < design.kernels[k].streams.size(); ++p)
        if (design.kernels[k].kernel.ports[p].direction == dataflow::Direction::read)
          before = std::max(before, placeOf(design.streams[design.kernels[k].streams[p].index]));
      behind[k] = before + (design.kernels[k].multiplications > 0 ? 1 : 0);
    }
  for (const map::Stream& stream : design.streams)
    bits[std::min<std::size_t>(6, placeOf(stream))] += std::uint64_t{stream.depth} * stream.beat.width();
  return bits;
}

std::uint64_t sum(const Bits& bits) {
  std::uint64_t total = 0;
  for (const std::uint64_t b : bits) total += b;
  return total;
}

Status run(show::Output& out) {
  SLUICE_TRY(const auto maxima, vendorMaxima());
  const auto& all = show::references();
  const auto reference = std::find_if(all.begin(), all.end(), [](const auto& r) { return r.name == "RN07"; });
  SLUICE_TRY(const show::Network network, show::load(*reference));
  Bits whole{}, vendor{};
  std::vector<std::vector<std::string>> streams{
      {"stream of hls4ml", "beat", "default", "bits", "filled", "bits"}};
  const auto text = [](std::uint64_t n) { return formatCount(static_cast<std::int64_t>(n)); };
  for (std::size_t i = 0; i < kTheirs.size(); ++i) {
    const TheirStream& s = kTheirs[i];
    whole[s.place] += s.pixels * s.channels * 8;
    vendor[s.place] += maxima[i] * s.channels * 8;
    streams.push_back({s.name, text(s.channels * 8), text(s.pixels), text(s.pixels * s.channels * 8),
                       text(maxima[i]), text(maxima[i] * s.channels * 8)});
  }
  out.say(show::table(streams));
  std::vector<std::vector<std::string>> rows{{"between", "hls4ml's default", "vendor's co-simulation"}};
  std::vector<Bits> ours;
  // At the pace of the published board (27.3 ms at 100 MHz), and at the pace that `networks` takes.
  for (const std::uint64_t cycles : {2'730'000u, 32'768u}) {
    SLUICE_TRY(const show::Hardware hardware,
               show::build(network.lowered, {.regime = map::Regime::streamed, .targetInterval = cycles}));
    ours.push_back(ourBits(hardware.design));
    rows[0].push_back(fmt::format("ours, {} cycles a frame", text(cycles)));
    out.figure(fmt::format("fifo_depths/RN07/{}", cycles), static_cast<double>(sum(ours.back())), "bits",
               "simulated");
  }
  for (std::size_t p = 0; p < kPlaces.size(); ++p) {
    rows.push_back({kPlaces[p], text(whole[p]), text(vendor[p])});
    for (const Bits& bits : ours) rows.back().push_back(text(bits[p]));
  }
  rows.push_back({"sum", text(sum(whole)), text(sum(vendor))});
  for (const Bits& bits : ours) rows.back().push_back(text(sum(bits)));
  out.say(show::table(rows));
  for (const Bits& bits : ours)
    out.require(
        sum(bits) < sum(vendor) && sum(vendor) < sum(whole),
        fmt::format("{} bits, {:.1f} % of hls4ml's default, {:.0f} % of the vendor's maxima", text(sum(bits)),
                    100.0 * static_cast<double>(sum(bits)) / static_cast<double>(sum(whole)),
                    100.0 * static_cast<double>(sum(bits)) / static_cast<double>(sum(vendor))));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  show::Output out(argc, argv, {});
  out.require(run(out), "fifo_depths");
  return out.exitCode();
}
