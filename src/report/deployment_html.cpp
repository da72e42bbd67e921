#include "report/deployment_html.h"
#include "base/text.h"
#include "page/chart.h"

namespace sluice::report {
namespace {

using page::Html;
using page::Tone;

std::string us(double value) { return formatFixed(value, 3); }
std::string placeName(const Deployment::Place& place) {
  return "place " + std::to_string(place.place) + ": " + place.board;
}

page::Dag boardsDag(const Deployment& deployment) {
  page::Dag dag;
  constexpr std::size_t mostNames = 6;
  for (const Deployment::Place& place : deployment.places) {
    std::vector<std::string> lines = {"a frame every " + us(place.interval) + " us"};
    for (std::size_t n = 0; n < std::min(place.nodes.size(), mostNames); ++n) lines.push_back(place.nodes[n]);
    if (place.nodes.size() > mostNames)
      lines.push_back("and " + std::to_string(place.nodes.size() - mostNames) + " more");
    dag.nodes.push_back({.title = placeName(place),
                         .lines = std::move(lines),
                         .tone = Tone::blue,
                         .hint = join(place.nodes, ", "),
                         .layer = {}});
  }
  for (const Deployment::Wire& wire : deployment.wires)
    dag.edges.push_back({.from = wire.fromPlace,
                         .to = wire.toPlace,
                         .label = wire.tensor + ", " +
                                  formatCount(static_cast<std::int64_t>(wire.beats * wire.width)) + " bits",
                         .strong = true});
  return dag;
}

Html runsTable(const Deployment& deployment) {
  page::Table table{.columns = {{"link latency, us", true},
                                {"a frame every, us", true},
                                {"latency, us", true, "least and largest, frames offered at that rate"},
                                {"frames before a link", true, "places of the FIFO on the sending side"},
                                {"frames behind it", true, "places of the FIFO on the receiving side"}}};
  const auto add = [&](const Deployment::Run& run, const std::string& name) {
    table.rows.push_back({name, us(run.interval),
                          run.least == run.most ? us(run.most) : us(run.least) + " to " + us(run.most),
                          std::to_string(run.sending), std::to_string(run.receiving)});
  };
  add(deployment.run, us(deployment.linkLatency) + " (" + deployment.link + ")");
  for (const Deployment::Run& run : deployment.sweep) add(run, us(run.linkLatency));
  return page::table(table);
}

/// Rate against hardware: what could be built instead.
Html frontSection(const Deployment& deployment) {
  page::Table table{.columns = {{"a frame every, us", true},
                                {"boards", true},
                                {"boards' worth", true, "of the resource of which most is taken"},
                                {"no less than", true, "proven for that rate"},
                                {"longest synthesis, s", true, "predicted"},
                                {"built"}}};
  page::Line line{.name = "boards' worth of hardware", .points = {}, .step = true, .area = false};
  for (const Deployment::Alternative& point : deployment.front) {
    table.rows.push_back({us(point.interval),
                          std::to_string(point.boards) + (point.boardsProven ? "" : " (open)"),
                          formatFixed(point.share, 3), formatFixed(point.shareBound, 3),
                          formatFixed(point.buildSeconds, 0), point.isChosen ? "this one" : ""});
    line.points.push_back({point.interval, point.share});
  }
  page::LineChart chart{
      .xTitle = "microseconds between frames", .yTitle = "boards' worth", .lines = {line}, .marks = {}};
  return page::subheading("The front of rate and hardware") +
         page::figure(page::lineChart(chart),
                      "Folds and memories chosen layer by layer; nothing of less hardware is as fast.") +
         page::table(table);
}

Html buildSection(const Deployment& deployment) {
  page::BarChart bars;
  for (std::size_t p = 0; p < deployment.buildSeconds.size(); ++p)
    bars.bars.push_back(
        {.label = placeName(deployment.places[p]),
         .values = {{deployment.buildSeconds[p], formatFixed(deployment.buildSeconds[p], 0) + " s"}},
         .budget = {},
         .budgetText = {}});
  return page::subheading("Synthesis, predicted") +
         page::figure(page::barChart(bars),
                      "Seconds of Yosys for each part, by a model fitted on runs of such parts" +
                          (deployment.buildBound > 0 ? "; no cuts have a shorter longest part than " +
                                                           formatFixed(deployment.buildBound, 0) + " s."
                                                     : std::string(".")));
}

}  // namespace

Html deploymentSection(const Deployment& deployment) {
  Html html = page::paragraph(
      std::to_string(deployment.places.size()) + " of " +
      countOf(static_cast<std::int64_t>(deployment.boardsGiven), "board") + ", " + deployment.topology +
      " over " + deployment.linkTitle + " (" + formatFixed(deployment.linkRate, 0) + " Mb/s of payload). " +
      "Made least: " + deployment.objective + ", " + formatFixed(deployment.value, 3) +
      (deployment.proven
           ? ", and no plan at this reuse factor is better (proven; the certificate is in split/plan.json)."
           : "; no plan at this reuse factor is below " + formatFixed(deployment.lowerBound, 3) + "."));
  html += page::figure(page::dag(boardsDag(deployment)),
                       "The network on its boards; every arrow is a FIFO, a link and a FIFO.");
  page::Table budgets{.columns = {{"board"}, {"resource"}, {"planned", true}, {"a plan may use", true}}};
  for (const Deployment::Place& place : deployment.places)
    for (const device::Usage& row : place.planned)
      budgets.rows.push_back({placeName(place), row.resource,
                              formatCount(static_cast<std::int64_t>(row.used)),
                              formatCount(static_cast<std::int64_t>(row.available))});
  html += page::subheading("Budgets") + page::table(budgets);
  if (!deployment.wires.empty()) {
    page::Table wires{.columns = {{"tensor"},
                                  {"from"},
                                  {"to"},
                                  {"bits a beat", true},
                                  {"beats a frame", true},
                                  {"FIFO before", true},
                                  {"FIFO behind", true}}};
    for (const Deployment::Wire& wire : deployment.wires)
      wires.rows.push_back({wire.tensor, placeName(deployment.places[wire.fromPlace]),
                            placeName(deployment.places[wire.toPlace]), std::to_string(wire.width),
                            formatCount(static_cast<std::int64_t>(wire.beats)),
                            std::to_string(wire.fromDepth), std::to_string(wire.toDepth)});
    html += page::subheading("Cuts") + page::table(wires);
    page::BarChart loads;
    for (const Deployment::LinkLoad& load : deployment.links) {
      const double share = deployment.run.interval > 0 ? 100 * load.time / deployment.run.interval : 0;
      loads.bars.push_back(
          {.label = load.link,
           .values = {{share, formatFixed(share, 1) + "% (" + us(load.time) + " us, " +
                                  formatCount(static_cast<std::int64_t>(load.bits)) + " bits)"}},
           .budget = {},
           .budgetText = {}});
    }
    html += page::subheading("Load of the links") +
            page::figure(page::barChart(loads), "Share of a frame's interval in which the link sends.");
  }
  page::Timeline timeline{.unit = "us", .lanes = {}, .legend = {}};
  const Tone tones[] = {Tone::blue, Tone::teal, Tone::amber, Tone::violet, Tone::green};
  for (const Deployment::Busy& busy : deployment.firstFrames) {
    page::Lane lane{.label = busy.who, .spans = {}};
    for (std::size_t n = 0; n < busy.frames.size(); ++n)
      lane.spans.push_back({.begin = busy.frames[n].first,
                            .end = busy.frames[n].second,
                            .tone = tones[n % std::size(tones)],
                            .hint = "frame " + std::to_string(n)});
    timeline.lanes.push_back(std::move(lane));
  }
  html += page::subheading("The first frames") +
          page::figure(page::timeline(timeline), "One colour per frame: many are on their way at once.");
  html += page::subheading("Rate and latency of the whole") + runsTable(deployment) +
          page::paragraph(
              "Simulated over 100,000 frames, each crossing a link as a whole. The FIFOs are the smallest "
              "that keep the rate.");
  if (!deployment.front.empty()) html += frontSection(deployment);
  return html + buildSection(deployment);
}

}  // namespace sluice::report
