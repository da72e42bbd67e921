// Bit widths layer by layer, together with folds and memories layer by layer: rate, hardware and quality.
//
//   joint_bits            the float jet tagger on an Arty A7-35T
//
// The network is quantized after training, in two ways, each at several budgets: the same width everywhere; and a width for
// every layer's weights and every tensor, so that the multiplications take no more bits times bits than with the same width
// everywhere (quantize/mixed.h). Of each quantized network the front of interval and hardware is found, exactly where the
// menu allows (split/network/joint.h), and its points are mapped and sized. Quality is measured on inputs that did not calibrate,
// by the integer engine: the root mean square of what the outputs differ from the float network's, by their own spread.
// Printed: the points that none other beats in interval, hardware and quality; hypervolumes in all three, of everything, of the
// same width everywhere, and of that at one reuse factor for all layers. Exit code 1 if a point of those is better than ours.
// SLUICE_SHARED says where shared/ is (default ../shared).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/npy.h"
#include "base/rng.h"
#include "frontend/model.h"
#include "passes/pipeline.h"
#include "quantize/mixed.h"
#include "quantize/score.h"
#include "search/front.h"
#include "show.h"
#include "split/network/joint.h"

namespace {

using namespace sluice;
using namespace sluice::splits;

struct Point {
  std::string bits, fold;
  double cycles = 0, share = 0, error = 0;  ///< share of the board; error of the outputs
};

/// No worse in anything.
bool covers(const Point& a, const Point& b) {
  return a.cycles <= b.cycles && a.share <= b.share * (1 + 1e-9) && a.error <= b.error;
}

struct Samples {
  quantize::Calibration calibration, test;
};

/// Half of the recorded inputs calibrate, the others are scored.
Result<Samples> samplesOf(const std::filesystem::path& file) {
  SLUICE_TRY(const auto archive, readNpz(file));
  const NpyArray& x = archive.at("x");
  const quantize::Calibration all{.samples = x.shape[0], .inputs = {x.asDoubles()}};
  std::vector<std::size_t> order(all.samples);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Rng random(2026, 0);
  for (std::size_t i = order.size(); i-- > 1;)
    std::swap(order[i], order[static_cast<std::size_t>(random.uniform(0, static_cast<std::int64_t>(i)))]);
  const auto half = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
  return Samples{quantize::picked(all, {order.begin(), half}), quantize::picked(all, {half, order.end()})};
}

struct Fronts {
  std::vector<Point> joint, uniform;  ///< folds layer by layer; one reuse factor for all
};

Result<Fronts> frontsOf(const ir::Graph& graph, const ClusterSpec& cluster, const std::string& bits,
                        double error) {
  Fronts fronts;
  SLUICE_TRY(const Menu menu, menuOf(graph, cluster, {}));
  SLUICE_TRY(const std::vector<JointPoint> front, jointFront(menu, cluster));
  map::MapOptions base;
  base.regime = map::Regime::streamed;
  base.family = cluster.kinds[0].board.part.family;
  for (const JointPoint& point : front) {
    SLUICE_TRY(const BuiltPoint built,
               buildPoint(graph, optionsOf(menu, point.selection, base), point.plan, cluster));
    if (built.fits)
      fronts.joint.push_back({bits, "layer by layer", static_cast<double>(built.cycles), built.share, error});
  }
  for (const Menu::Uniform& one : menu.uniform) {
    NetworkPlanOptions options{.goal = Goal::load, .map = base};
    options.map.reuseFactor = one.reuseFactor;
    const Result<NetworkPlan> plan = planNetwork(graph, cluster, options);
    if (!plan.ok()) continue;  // no board holds it
    SLUICE_TRY(const BuiltPoint built, buildPoint(graph, plan->map, plan->plan, cluster));
    fronts.uniform.push_back({bits, fmt::format("reuse factor {}", one.reuseFactor),
                              static_cast<double>(built.cycles), built.share, error});
  }
  return fronts;
}

double volume(const std::vector<Point>& points, double slowest, double mostError) {
  std::vector<std::vector<double>> losses;
  for (const Point& point : points)
    losses.push_back({std::log2(point.cycles), point.share, std::log2(point.error)});
  const std::vector<double> reference = {std::log2(slowest * 1.1), 1.0, std::log2(mostError)};
  return search::hypervolume(losses, reference);
}

Status run(show::Output& out) {
  const auto models = show::sharedFolder() / "models/keras";
  SLUICE_TRY(const ir::Graph network, frontend::importModel(models / "KERAS_3layer.json"));
  SLUICE_TRY(const Samples samples, samplesOf(show::sharedFolder() / "data/oracles/keras/KERAS_3layer.npz"));
  SLUICE_TRY(const auto real, quantize::referenceOutputs(network, samples.test, 0));
  SLUICE_TRY(const ClusterSpec cluster, clusterSpec({"arty-a7-35t:1"}, "chain", "aurora4x25", false));
  std::vector<Point> all, sameWidth, plain;
  for (const std::uint32_t bits : {8u, 7u, 6u, 5u, 4u})
    for (const bool mixed : {false, true}) {
      quantize::QuantizeOptions options{.weightBits = bits, .activationBits = bits};
      SLUICE_TRY(quantize::Quantized quantized, quantize::quantize(network, samples.calibration, options));
      if (mixed) {
        const quantize::WidthTarget target{
            .bitOperations = quantize::sizeOf(quantized).bitOperations, .leastBits = 2, .mostBits = 10};
        SLUICE_TRY(options, quantize::chooseWidths(network, samples.calibration, options, target));
        SLUICE_TRY(quantized, quantize::quantize(network, samples.calibration, options));
      }
      SLUICE_TRY(const auto got, quantize::integerOutputs(quantized.graph, samples.test, 0));
      const std::size_t same = quantize::countEqual(got[0], real[0], samples.test.samples);
      const double error = quantize::relativeNoise(got[0], real[0]);
      std::string name = fmt::format("{} everywhere", bits);
      if (mixed) {
        name.clear();
        for (const quantize::LayerReport& layer : quantized.layers)
          name += fmt::format("{}{}x{}", name.empty() ? "" : " ", layer.bits, layer.inputBits);
      }
      SLUICE_TRY(const ir::Graph graph, passes::lower(std::move(quantized.graph)));
      SLUICE_TRY(const Fronts fronts, frontsOf(graph, cluster, name, error));
      out.say(fmt::format(
          "{}: error {:.2f} %, {} of {} in the class of the float network, {} points, {} at one reuse "
          "factor\n",
          name, 100 * error, same, samples.test.samples, fronts.joint.size(), fronts.uniform.size()));
      std::fflush(stdout);
      all.insert(all.end(), fronts.joint.begin(), fronts.joint.end());
      all.insert(all.end(), fronts.uniform.begin(), fronts.uniform.end());
      if (mixed) continue;
      sameWidth.insert(sameWidth.end(), fronts.joint.begin(), fronts.joint.end());
      plain.insert(plain.end(), fronts.uniform.begin(), fronts.uniform.end());
    }
  std::vector<Point> best;
  for (const Point& point : all)
    if (std::none_of(all.begin(), all.end(),
                     [&](const Point& other) { return covers(other, point) && !covers(point, other); }) &&
        std::none_of(best.begin(), best.end(), [&](const Point& kept) { return covers(kept, point); }))
      best.push_back(point);
  std::stable_sort(best.begin(), best.end(), [](const Point& a, const Point& b) {
    return std::tuple(a.error, a.cycles) < std::tuple(b.error, b.cycles);
  });
  // At each quality what each way needs for each interval.
  const auto leastOf = [](const std::vector<Point>& points, const Point& as) {
    double least = impossible;
    for (const Point& point : points)
      if (point.cycles <= as.cycles && point.error <= as.error) least = std::min(least, point.share);
    return least < impossible ? fmt::format("{:.4f}", least) : std::string("-");
  };
  std::vector<std::vector<std::string>> cells = {{"weights x inputs, bits a layer", "error, %", "cycles",
                                                  "share", "same width everywhere", "and one reuse factor"}};
  for (const Point& point : best) {
    cells.push_back({point.bits, fmt::format("{:.2f}", 100 * point.error), fmt::format("{}", point.cycles),
                     fmt::format("{:.4f}", point.share), leastOf(sameWidth, point), leastOf(plain, point)});
  }
  out.say(show::table(cells, 1));
  double slowest = 0, most = 0;
  for (const Point& point : best) {
    slowest = std::max(slowest, point.cycles);
    most = std::max(most, point.error);
  }
  const double ours = volume(best, slowest, most * 1.1), same = volume(sameWidth, slowest, most * 1.1),
               one = volume(plain, slowest, most * 1.1);
  out.say(fmt::format(
      "hypervolume: widths and folds layer by layer {:.4f}, the same width everywhere {:.4f}, and one "
      "reuse factor {:.4f}\n",
      ours, same, one));
  out.figure("joint_bits/hypervolume", ours, "", "measured");
  const auto isCovered = [&](const Point& point) {
    return std::any_of(best.begin(), best.end(), [&](const Point& own) { return covers(own, point); });
  };
  out.require(std::all_of(sameWidth.begin(), sameWidth.end(), isCovered) &&
                  std::all_of(plain.begin(), plain.end(), isCovered),
              "no point of the same width everywhere is better in interval, hardware and quality");
  out.require(ours > same && same > one, "each freedom makes the front larger");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (!std::filesystem::exists(show::sharedFolder() / "models")) {
    fmt::print("the shared models are not here; set SLUICE_SHARED\n");
    return 77;
  }
  show::Output out(argc, argv, {});
  out.require(run(out), "bit widths, folds and memories layer by layer");
  return out.exitCode();
}
