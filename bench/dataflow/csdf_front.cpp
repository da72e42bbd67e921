// The CSDF graphs of shared/data/dataflow: least storage at the highest throughput, and the whole front of
// storage against throughput, with proof, beside what is published.
//
//   csdf_front [--only=NAME] [--points] [--exhaustive] [--seconds=N] [--json]
//     --points: every point; --seconds: for each front (default 60); --exhaustive: every vector of capacities up to
//     the last point's total, where there are at most 100,000 (else 10,000): the front must be theirs
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "dataflow/csdf/read.h"
#include "dataflow/csdf/size.h"

namespace {

using namespace sluice;
using namespace sluice::dataflow::csdf;
using nlohmann::json;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Options {
  std::string only;
  bool points = false, exhaustive = false, json = false;
  double seconds = 60;
};

std::string shown(const Period& period) {
  return period.iterations == 1 ? fmt::format("1/{}", period.cycles)
                                : fmt::format("{}/{}", period.iterations, period.cycles);
}

int failures = 0;
void require(bool holds, const std::string& text, const Options& options) {
  if (!holds) ++failures;
  if (!options.json || !holds) fmt::print("  {} {}\n", holds ? "ok  " : "FAIL", text);
}
void figure(const std::string& name, double value, const char* unit, const Options& options) {
  if (options.json) fmt::print("{}\n", json{{"name", name}, {"value", value}, {"unit", unit}}.dump());
}

/// The front by trying all vectors, and how many of them are minimal: no smaller one is as fast.
void exhaustive(const Graph& graph, const Front& found, const Options& options) {
  const auto repetition = check(graph);
  Analysis analysis(graph, *repetition);
  const std::uint64_t most = found.points.back().cost;
  Capacities lowest;
  std::uint64_t sum = 0;
  for (const Channel& channel : graph.channels) {
    std::uint64_t least = std::max<std::uint64_t>(1, channel.initial);
    for (const auto* rates : {&channel.prod, &channel.cons})
      for (const std::uint64_t rate : *rates) least = std::max(least, rate);
    lowest.push_back(least);
    sum += least;
  }
  double vectors = 1;
  for (std::size_t c = 0; c < lowest.size(); ++c)
    vectors *= static_cast<double>(most - sum + 1 + c) / static_cast<double>(c + 1);
  if (vectors > (options.exhaustive ? 1e5 : 1e4)) {
    if (!options.json) fmt::print("  --   {:.2g} vectors are too many to try\n", vectors);
    return;
  }
  std::map<Capacities, Period> period;
  std::map<std::uint64_t, Period> best;
  std::uint64_t minimal = 0;
  const auto visit = [&](const auto& self, Capacities& at, std::size_t c, std::uint64_t left) -> void {
    if (c < at.size()) {
      for (std::uint64_t more = 0; more <= left; ++more) {
        at[c] = lowest[c] + more;
        self(self, at, c + 1, left - more);
      }
      return;
    }
    const auto answer = analysis.exact(at);
    if (answer.deadlock) return;
    period[at] = answer.period;
    const std::uint64_t total = most - left;
    if (!best.contains(total) || less(answer.period, best[total])) best[total] = answer.period;
    bool isMinimal = true;  // smaller ones came before
    for (std::size_t i = 0; i < at.size(); ++i) {
      Capacities smaller = at;
      --smaller[i];
      const auto known = period.find(smaller);
      isMinimal = isMinimal && (known == period.end() || less(answer.period, known->second));
    }
    minimal += isMinimal ? 1 : 0;
  };
  Capacities at(lowest.size(), 0);
  visit(visit, at, 0, most - sum);
  std::uint64_t optimal = 0;  // vectors that are a point of the front
  for (const auto& [vector, p] : period) {
    std::uint64_t total = 0;
    for (const std::uint64_t capacity : vector) total += capacity;
    for (const FrontPoint& point : found.points) optimal += point.cost == total && point.period == p ? 1 : 0;
  }
  if (graph.name == "h263decoder_accel")
    require(optimal == 146, fmt::format("{} distributions are on the front; K-Iter lists 146", optimal),
            options);
  std::vector<std::pair<std::uint64_t, Period>> all, own;
  for (const auto& [total, p] : best)
    if (all.empty() || less(p, all.back().second)) all.emplace_back(total, p);
  for (const FrontPoint& point : found.points) own.emplace_back(point.cost, point.period);
  require(all == own,
          fmt::format("all {} vectors tried: the same {} points, in {} ways; {} minimal vectors",
                      period.size(), all.size(), optimal, minimal),
          options);
}

void showGraph(const std::filesystem::path& path, const json& expected, const Options& options) {
  const auto graph = readGraph(path);
  if (!graph.ok()) return require(false, graph.error().text(), options);
  if (!options.json) fmt::print("{}\n", graph->name);

  const double begin = now();
  const auto sizing = size(*graph);
  const double sized = now() - begin;
  if (!sizing.ok()) return require(false, sizing.error().text(), options);
  const auto& fastest = expected.at("max_throughput");
  require(Period{fastest[1].get<std::uint64_t>(), fastest[0].get<std::uint64_t>()} == sizing->period,
          fmt::format("highest throughput {}", shown(sizing->period)), options);
  const auto published = expected.at("min_total_buffer_at_max_throughput").get<std::uint64_t>();
  require(
      sizing->proven() && sizing->total == published,
      fmt::format(
          "least storage there: {}, lower bound {}, published {}; {} evaluations, {} conflicts, {:.3f} s",
          sizing->total, sizing->lowerBound, published, sizing->evaluations, sizing->conflicts.size(), sized),
      options);
  figure("csdf/" + graph->name + "/storage", static_cast<double>(sizing->total), "tokens", options);

  const double start = now();
  SizeOptions limits;
  limits.outOfTime = [&] { return now() - start > options.seconds; };
  const auto found = front(*graph, limits);
  const double taken = now() - start;
  if (!found.ok()) return require(false, found.error().text(), options);
  require(found->proven && found->points.back().cost == published,
          fmt::format("front of {} points, {} .. {}, proven; {} evaluations, {} conflicts, {:.3f} s",
                      found->points.size(), found->points.front().cost, found->points.back().cost,
                      found->evaluations, found->conflicts, taken),
          options);
  figure("csdf/" + graph->name + "/front_points", static_cast<double>(found->points.size()), "points",
         options);
  figure("csdf/" + graph->name + "/front_seconds", taken, "s", options);
  if (expected.contains("pareto_total_throughput")) {
    std::size_t met = 0;
    const json& points = expected.at("pareto_total_throughput");
    for (const json& point : points)
      for (const FrontPoint& own : found->points)
        met += own.cost == point[0].get<std::uint64_t>() &&
                       own.period == Period{point[2].get<std::uint64_t>(), point[1].get<std::uint64_t>()}
                   ? 1
                   : 0;
    require(met == points.size(), fmt::format("{} of {} published points are on it", met, points.size()),
            options);
  }
  exhaustive(*graph, *found, options);
  if (!options.points || options.json) return;
  for (const FrontPoint& point : found->points) {
    std::string capacities;
    for (std::size_t c = 0; c < point.capacities.size(); ++c)
      capacities += fmt::format(" {}={}", graph->channels[c].name, point.capacities[c]);
    fmt::print("    {:>6}  {:<14} {}\n", point.cost, shown(point.period), capacities);
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg.starts_with("--only="))
      options.only = arg.substr(7);
    else if (arg.starts_with("--seconds="))
      options.seconds = std::stod(arg.substr(10));
    else if (arg == "--exhaustive")
      options.exhaustive = true;
    else if (arg == "--points")
      options.points = true;
    else if (arg == "--json")
      options.json = true;
    else
      return fmt::print(stderr, "csdf_front: what is '{}'?\n", arg), 2;
  }
  const char* shared = std::getenv("SLUICE_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared == nullptr ? "../shared" : shared) / "data/dataflow";
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    if (entry.path().string().ends_with(".dataflow.json")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  int graphs = 0;
  for (const auto& path : files) {
    const auto text = readFile(path);
    if (!text.ok()) continue;
    const json document = json::parse(*text);
    if (document.at("kind") != "csdf") continue;
    if (document.at("name").get<std::string>().find(options.only) == std::string::npos) continue;
    ++graphs;
    showGraph(path, document.at("expected"), options);
  }
  require(graphs > 0, fmt::format("{} graphs in {}", graphs, folder.string()), options);
  return failures == 0 ? 0 : 1;
}
