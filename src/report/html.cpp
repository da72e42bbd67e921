#include <algorithm>

#include "base/text.h"
#include "page/chart.h"
#include "page/html.h"
#include "report/deployment_html.h"
#include "report/report.h"

namespace sluice::report {
namespace {

using page::Html;
using page::Tone;

Html kindBadge(Kind kind) {
  switch (kind) {
    case Kind::proven:
      return page::badge("proven", Tone::green, "follows by argument or exhaustive check");
    case Kind::simulated:
      return page::badge("simulated", Tone::blue, "seen cycle by cycle");
    case Kind::synthesised:
      return page::badge("synthesised", Tone::teal, "counted by Yosys");
    case Kind::estimated:
      return page::badge("estimated", Tone::amber, "counted by Sluice's cost rules");
  }
  return {};
}

Tone familyTone(const std::string& family) {
  if (family == "dense" || family == "unrolled") return Tone::blue;
  if (family == "threshold" || family == "lookup" || family == "rescale") return Tone::teal;
  if (family == "merge" || family == "topk") return Tone::violet;
  return Tone::neutral;
}

Html lead(const Report& report) {
  const hdl::Cost& used = report.total.synthesised ? *report.total.synthesised : report.total.estimated;
  const Kind kind = report.total.synthesised ? Kind::synthesised : Kind::estimated;
  std::vector<page::Statistic> items = {
      {"frame interval", number(report.interval), "cycles",
       kindBadge(report.intervalProven ? Kind::proven : Kind::simulated)},
      {"latency", number(report.latency), "cycles", kindBadge(Kind::simulated)},
      {"look-up tables", number(used.allLuts()), {}, kindBadge(kind)},
      {"flip-flops", number(used.ff), {}, kindBadge(kind)},
      {"DSP", number(used.dsp), {}, kindBadge(kind)},
      {"BRAM18", number(used.bram18), {}, kindBadge(kind)}};
  Html html = page::statistics(items);
  for (const Report::Verification& row : report.verifications)
    if (!row.agreement.equal())
      html +=
          page::callout("The Verilog differs from the network: " + row.agreement.firstDifference, Tone::red);
  for (const BoardRow& board : report.boards)
    html += board.fits
                ? page::callout("Fits " + board.name + " (" + board.part + ")", Tone::green)
                : page::callout("Does not fit " + board.name + " (" + board.part + "): see the budget below",
                                Tone::red);
  return html;
}

Html networkSection(const Report& report) {
  page::Dag dag;
  for (const KernelRow& row : report.kernels) {
    std::vector<std::string> lines = {row.family + ", " + row.shape};
    if (row.multipliers > 0)
      lines.push_back(number(row.multipliers) + " multipliers, " + number(row.cyclesPerFrame) + " cycles");
    if (report.subgraphs.size() > 1) lines.push_back(report.subgraphs[row.subgraph].name);
    dag.nodes.push_back(
        {.title = row.name, .lines = lines, .tone = familyTone(row.family), .hint = {}, .layer = {}});
  }
  for (const Report::Arrow& arrow : report.arrows)
    if (arrow.from >= 0 && arrow.to >= 0)
      dag.edges.push_back({.from = static_cast<std::uint32_t>(arrow.from),
                           .to = static_cast<std::uint32_t>(arrow.to),
                           .label = {},
                           .strong = arrow.cut});
  dag.legend = {{"matrix-vector product", Tone::blue},
                {"element-wise", Tone::teal},
                {"width converter, fork", Tone::neutral}};
  return page::figure(
      page::dag(dag),
      "Kernels and the streams between them. A FIFO stands on every arrow; dashed red arrows are cuts.");
}

Html kernelSection(const Report& report) {
  page::Table table{
      .columns = {{"kernel"},
                  {"family"},
                  {"shape"},
                  {"in"},
                  {"out"},
                  {"weights", true},
                  {"multipliers", true},
                  {"cycles", true, "of one frame: iterations of the loop nest times its interval"},
                  {"busy", true, "share of the steady-state period in which it works"},
                  {"LUT", true},
                  {"FF", true},
                  {"DSP", true},
                  {"BRAM18", true}}};
  for (const KernelRow& row : report.kernels)
    table.rows.push_back({row.name, row.family, row.shape, row.input, row.output, number(row.weights),
                          number(row.multipliers), number(row.cyclesPerFrame),
                          formatFixed(100 * row.busy, 0) + "%", number(row.cost.allLuts()),
                          number(row.cost.ff), number(row.cost.dsp), number(row.cost.bram18)});
  const Html note = page::paragraph(Html("Formats and cycles ") + kindBadge(Kind::proven) + ", busy " +
                                    kindBadge(Kind::simulated) + ", resources " + kindBadge(Kind::estimated) +
                                    ". Format s8 x 7: signed, 8 bits, 7 elements a beat.");
  page::BarChart bars;
  for (const KernelRow& row : report.kernels)
    bars.bars.push_back({.label = row.name,
                         .values = {{row.busy * 100, formatFixed(row.busy * 100, 0) + "%"}},
                         .budget = {},
                         .budgetText = {}});
  return note + page::table(table) +
         page::figure(page::barChart(bars),
                      "Share of the period in which each kernel works: the longest bar sets the rate.");
}

/// Who worked, and who waited for whom, over the period that the occupancies are of.
Html processTimeline(const Report& report) {
  page::Timeline chart{
      .unit = "cycles",
      .lanes = {},
      .legend = {
          {"works", Tone::blue}, {"waits for a beat", Tone::amber}, {"waits for a free place", Tone::red}}};
  const double period = static_cast<double>(report.timeline.cycles);
  const std::size_t lanes = std::min(report.timeline.actors.size(), report.kernels.size());
  for (std::size_t k = 0; k < lanes; ++k) {
    const std::vector<dataflow::Phase>& phases = report.timeline.actors[k];
    page::Lane lane{.label = Html(report.kernels[k].name), .spans = {}};
    for (std::size_t i = 0; i < phases.size(); ++i) {
      const double end = i + 1 < phases.size() ? static_cast<double>(phases[i + 1].cycle) : period;
      const bool works = phases[i].doing == dataflow::Doing::works;
      const bool starved = phases[i].doing == dataflow::Doing::starved;
      lane.spans.push_back({.begin = static_cast<double>(phases[i].cycle),
                            .end = end,
                            .tone = works     ? Tone::blue
                                    : starved ? Tone::amber
                                              : Tone::red,
                            .hint = "cycles " + number(phases[i].cycle) + " to " +
                                    number(static_cast<std::uint64_t>(end)) +
                                    (works     ? ": works"
                                     : starved ? ": waits for a beat"
                                               : ": waits for a free place")});
    }
    chart.lanes.push_back(std::move(lane));
  }
  if (chart.lanes.empty()) return {};
  return page::figure(page::timeline(chart),
                      "What the kernels do over the same period (simulated): most of every " +
                          countOf(static_cast<std::int64_t>(report.timeline.step), "cycle") +
                          ". Beats are awaited behind the slowest kernel, places before it.");
}

Html fifoSection(const Report& report) {
  page::Table table{.columns = {{"FIFO"},
                                {"from"},
                                {"to"},
                                {"bits", true},
                                {"depth", true},
                                {"peak", true},
                                {"kind"},
                                {"LUT", true},
                                {"FF", true},
                                {"BRAM18", true}}};
  for (const FifoRow& row : report.fifos)
    table.rows.push_back({row.name, row.from, row.to, number(row.width), number(row.depth), number(row.peak),
                          row.kind, number(row.cost.allLuts()), number(row.cost.ff),
                          number(row.cost.bram18)});
  Html html = page::paragraph(Html(number(report.fifoBits) + " bits in all keep interval and latency ") +
                              kindBadge(Kind::simulated) + ", fewer than " + number(report.leastFifoBits) +
                              " do not " + kindBadge(Kind::proven) + ".");
  html += page::table(table);
  // The fullest FIFOs over one period of the steady state.
  std::vector<std::size_t> order(report.fifos.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return report.fifos[a].depth > report.fifos[b].depth;
  });
  page::LineChart chart{.xTitle = "cycle of the period", .yTitle = "places taken", .lines = {}, .marks = {}};
  for (std::size_t i = 0; i < std::min<std::size_t>(4, order.size()); ++i) {
    const dataflow::ChannelProfile& channel = report.profile.channels[order[i]];
    if (report.fifos[order[i]].depth < 2) continue;
    page::Line line{.name = report.fifos[order[i]].name, .points = {}, .step = true};
    for (const dataflow::OccupancyStep& step : channel.curve)
      line.points.push_back({static_cast<double>(step.cycle), static_cast<double>(step.places)});
    if (!line.points.empty())
      line.points.push_back({static_cast<double>(report.profile.cycles), line.points.back().y});
    chart.lines.push_back(std::move(line));
  }
  if (!chart.lines.empty())
    html += page::figure(page::lineChart(chart),
                         "Occupancy of the deepest FIFOs over one period of the steady state (simulated).");
  return html + processTimeline(report);
}

std::vector<Html> resourceCells(const Html& name, const std::string& latency, Kind kind,
                                const hdl::Cost& cost) {
  return {name,
          latency,
          kindBadge(kind),
          number(cost.allLuts()),
          number(cost.lut),
          number(cost.lutRam),
          number(cost.srl),
          number(cost.ff),
          number(cost.dsp),
          number(cost.bram18)};
}

Html resourceSection(const Report& report) {
  page::Table table{.columns = {{"part"},
                                {"latency", true},
                                {"kind"},
                                {"LUT", true},
                                {"logic", true},
                                {"memory", true},
                                {"SRL", true},
                                {"FF", true},
                                {"DSP", true},
                                {"BRAM18", true}}};
  const auto add = [&](std::vector<std::vector<Html>>& rows, const std::string& name, std::uint64_t latency,
                       const Resources& resources) {
    rows.push_back(resourceCells(name, number(latency), Kind::estimated, resources.estimated));
    if (resources.synthesised)
      rows.push_back(resourceCells(name, number(latency), Kind::synthesised, *resources.synthesised));
  };
  for (const SubgraphRow& row : report.subgraphs) add(table.rows, row.name, row.latency, row.resources);
  add(table.totals, report.subgraphs.size() > 1 ? "split design" : "whole design", report.latency,
      report.total);
  if (report.monolithic)
    add(table.totals, "uncut, for comparison", report.monolithic->latency, report.monolithic->resources);
  Html html = page::table(table);
  for (const BoardRow& board : report.boards) {
    page::BarChart chart{.series = {}, .bars = {}, .ownScale = true, .tones = {}};
    for (const device::Usage& row : board.usage)
      chart.bars.push_back({.label = row.resource,
                            .values = {{static_cast<double>(row.used), number(row.used)}},
                            .budget = static_cast<double>(row.available),
                            .budgetText = number(row.available)});
    html += page::subheading(Html(board.name + " (" + board.part + ") ") + kindBadge(board.kind)) +
            page::barChart(chart);
  }
  return html;
}

/// The FIFOs at the cuts: what must be held on which side.
Html cutTable(const Report& report) {
  if (report.cuts.empty()) return {};
  page::Table table{.columns = {{"FIFO before the link"},
                                {"FIFO behind it"},
                                {"latency", true, "cycles on the way that the depths were sized with"},
                                {"cycles a beat", true},
                                {"places before", true, "of which so many must be there: in brackets"},
                                {"behind", true, "of which so many must be there: in brackets"},
                                {"held where, and why"}}};
  for (const CutRow& row : report.cuts)
    table.rows.push_back({row.from, row.to, number(row.latency), number(row.interval),
                          number(row.fromDepth) + " (" + number(row.fromAlone) + ")",
                          number(row.toDepth) + " (" + number(row.toAlone) + ")", heldWhere(row)});
  return page::subheading(Html("FIFOs at the cuts")) +
         page::paragraph(Html("With these links a frame comes every " + number(report.linkedInterval) +
                              " cycles and takes " + number(report.linkedLatency) + " ") +
                         kindBadge(Kind::simulated) + "; other figures are of wires in their place.") +
         page::table(table);
}

Html subgraphSection(const Report& report) {
  page::Table table{
      .columns = {{"subgraph"}, {"board"}, {"nodes"}, {"inputs"}, {"outputs"}, {"latency alone", true}}};
  for (const SubgraphRow& row : report.subgraphs)
    table.rows.push_back({row.name, row.board.empty() ? "-" : row.board, join(row.nodes, ", "), row.inputs,
                          row.outputs, number(row.latency)});
  return page::table(table) + cutTable(report);
}

Html verificationSection(const Report& report) {
  if (report.verifications.empty())
    return page::paragraph(Html("Not run. ") + page::code("--until simulate") +
                           " compiles the Verilog and compares it beat by beat.");
  page::Table table{.columns = {{"engine"},
                                {"stimulus"},
                                {"frames", true},
                                {"input gaps", true},
                                {"output stalls", true},
                                {"output beats", true},
                                {"wrong values", true},
                                {"wrong cycles", true}}};
  for (const Report::Verification& row : report.verifications)
    table.rows.push_back({row.engine, row.stimulus, number(row.agreement.frames),
                          std::to_string(row.sourceStall) + "%", std::to_string(row.sinkStall) + "%",
                          number(row.agreement.outputBeats), number(row.agreement.wrongValues),
                          row.cyclesCompared ? number(row.agreement.wrongCycles) : "not compared"});
  return page::paragraph(
             "Values against the exact integer engine, cycles against the dataflow simulator; registers "
             "without reset start at "
             "random contents.") +
         page::table(table);
}

Html placementSection(const Report& report) {
  const Report::Placement& placement = report.placement;
  page::Table table{.columns = {{"seed", true}, {"highest clock, MHz", true}}};
  for (const Report::Placement::Seed& seed : placement.seeds)
    table.rows.push_back({number(seed.seed), formatFixed(seed.maxMhz, 1)});
  return page::paragraph(Html(placement.part + ", " + placement.tool + ". The board's clock is " +
                              formatFixed(placement.boardMhz, 0) +
                              " MHz; the bitstream is that of the fastest seed. Its slowest path: " +
                              placement.criticalPath + ".")) +
         page::table(table);
}

Html weightSection(const Report& report) {
  page::Table table{.columns = {{"port"},
                                {"for"},
                                {"bits a frame", true},
                                {"bits a beat", true},
                                {"Gbit/s", true},
                                {"at MHz", true},
                                {"bits of FIFOs", true}}};
  for (const Report::WeightPort& row : report.weightPorts)
    table.rows.push_back({row.port, row.kernel, number(row.bitsPerFrame), number(row.bitsPerBeat),
                          formatFixed(row.gigabitPerSecond, 3), formatFixed(row.clockMhz, 0),
                          number(row.aheadBits)});
  return page::paragraph(
             Html("Every frame brings its weights, in the order of the file weights/<port>.npy.")) +
         page::table(table);
}

Html pairsSection(const Report& report) {
  page::Table table{.columns = {{"node"}, {"DSP", true}, {"without", true}, {"LUT more", true}}};
  for (const map::PairedLayer& layer : report.pairs->layers)
    table.rows.push_back(
        {layer.node, number(layer.paired), number(layer.single), formatCount(layer.lutMore)});
  return page::paragraph(Html(pairsReason(*report.pairs) + " (estimated).")) + page::table(table);
}

Html skinSection(const Report& report) {
  page::Table table{.columns = {{"stream"}}};
  for (const std::string& stream : report.skin->streams) table.rows.push_back({stream});
  return page::paragraph(Html(report.skin->name + " around the design, " +
                              number(report.skin->cost.allLuts()) + " LUT and " +
                              number(report.skin->cost.ff) + " FF more (estimated). Registers: ") +
                         page::code("axi/registers.md") + Html(", design " + report.skin->digest + ".")) +
         page::table(table);
}

Html againSection(const Report& report) {
  page::Table table{.columns = {{"figures"}, {"kind"}, {"come from"}}};
  table.rows = {{"intervals of codes, formats, cycles of a kernel", kindBadge(Kind::proven),
                 page::code("sluice dump " + report.model + " --after end")},
                {"frame interval, latency, occupancy", kindBadge(Kind::simulated),
                 page::code("--until map") + Html(" (dataflow simulator)")},
                {"values and cycles of the Verilog", kindBadge(Kind::simulated),
                 page::code("--until simulate") + Html(" (Verilator)")},
                {"cells", kindBadge(Kind::synthesised), page::code("--until synth") + Html(" (Yosys)")},
                {"cells before synthesis", kindBadge(Kind::estimated),
                 page::code("--until map") + Html(" (cost rules)")}};
  return page::commandLine(report.command) + page::table(table);
}

}  // namespace

std::string html(const Report& report) {
  page::Page page{
      .title = report.name,
      .subtitle = Html(report.regime + " on " + report.family + ", " + number(report.weights) + " weights, " +
                       countOf(static_cast<std::int64_t>(report.kernels.size()), "kernel") + " in " +
                       countOf(static_cast<std::int64_t>(report.subgraphs.size()), "subgraph")),
      .lead = lead(report),
      .sections = {},
      .footer = page::muted("Made by Sluice from " + report.model + ".")};
  page.sections.push_back({"network", "Network", networkSection(report)});
  page.sections.push_back({"resources", "Resources", resourceSection(report)});
  if (report.deployment)
    page.sections.push_back({"boards", "Boards and links", deploymentSection(*report.deployment)});
  if (report.subgraphs.size() > 1)
    page.sections.push_back({"subgraphs", "Subgraphs", subgraphSection(report)});
  page.sections.push_back({"verification", "Verification", verificationSection(report)});
  if (!report.weightPorts.empty())
    page.sections.push_back({"weights", "Weights from outside", weightSection(report)});
  if (report.pairs) page.sections.push_back({"pairs", "Two products a DSP block", pairsSection(report)});
  if (report.skin) page.sections.push_back({"skin", "Skin", skinSection(report)});
  if (!report.placement.seeds.empty())
    page.sections.push_back({"placement", "Placed and routed", placementSection(report)});
  page.sections.push_back({"kernels", "Kernels", kernelSection(report)});
  page.sections.push_back({"fifos", "FIFOs", fifoSection(report)});
  page.sections.push_back({"again", "How each figure was obtained", againSection(report)});
  return page::print(page);
}

}  // namespace sluice::report
