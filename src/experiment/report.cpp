#include "experiment/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "experiment/trial.h"
#include "page/chart.h"
#include "page/chart_points.h"
#include "page/html.h"
#include "search/front.h"

namespace sluice::experiment {
namespace {

using page::Html;

/// Trials as they are shown: parsed, with scores, those of the front marked.
struct Shown {
  const TrialRow* row = nullptr;
  search::Point point;
  std::size_t rung = 0;
  TrialResult result;
  std::optional<search::Score> score;  ///< of those that ended at the highest fidelity
  bool front = false;
};

Result<std::vector<Shown>> read(const Definition& definition, const std::vector<TrialRow>& rows) {
  std::vector<Shown> all;
  std::vector<search::Score> scores;
  std::vector<std::size_t> scored;
  for (const TrialRow& row : rows) {
    Shown shown;
    shown.row = &row;
    SLUICE_TRY(TrialPoint tried, parseParameters(definition, row.parameters));
    shown.point = std::move(tried.point);
    shown.rung = tried.rung;
    const bool real = !definition.fidelity || tried.rung + 1 == definition.fidelity->values.size();
    if (row.state == TrialState::done || row.state == TrialState::failed) {
      SLUICE_TRY(shown.result, parseResult(row.result));
    }
    if (row.state == TrialState::done && real) {
      SLUICE_TRY(shown.score, search::scoreOf(definition.objectives, shown.result.metrics));
      scores.push_back(*shown.score);
      scored.push_back(all.size());
    }
    all.push_back(std::move(shown));
  }
  for (const std::size_t at : search::frontOf(scores)) all[scored[at]].front = true;
  return all;
}

/// Four digits are enough to look at.
std::string brief(double value) {
  if (value == std::trunc(value) && std::abs(value) < 1e15)
    return formatCount(static_cast<std::int64_t>(value));
  const double size = std::abs(value);
  return formatFixed(value, size >= 1000 ? 0 : size >= 10 ? 2 : size >= 0.01 ? 4 : 8);
}

std::string goalOf(const search::Objective& objective) {
  switch (objective.goal) {
    case search::Goal::minimise:
      return "minimise " + objective.metric;
    case search::Goal::maximise:
      return "maximise " + objective.metric;
    case search::Goal::closeTo:
      return objective.metric + " close to " + formatDouble(objective.target);
  }
  return "";
}

std::string hintOf(const Definition& definition, const Shown& shown) {
  std::string hint =
      "trial " + std::to_string(shown.row->number) + ": " + search::printPoint(definition.space, shown.point);
  for (const auto& [name, value] : shown.result.metrics) hint += ", " + name + " " + brief(value);
  return hint;
}

std::vector<const Shown*> frontOf(const std::vector<Shown>& all) {
  std::vector<const Shown*> front;
  for (const Shown& shown : all)
    if (shown.front) front.push_back(&shown);
  std::stable_sort(front.begin(), front.end(),
                   [](const Shown* a, const Shown* b) { return a->score->losses[0] < b->score->losses[0]; });
  return front;
}

// ---- Sections

/// Losses as they fell, and with several the volume behind the front.
Html history(const Definition& definition, const std::vector<Shown>& all) {
  Html content;
  for (std::size_t i = 0; i < definition.objectives.losses(); ++i) {
    const bool combined = definition.objectives.combine != search::Combine::front;
    const search::Objective& objective = definition.objectives.objectives[i];
    const bool distance = objective.goal == search::Goal::closeTo;
    const double sign = !combined && objective.goal == search::Goal::maximise ? -1 : 1;
    page::LineChart chart;
    chart.xTitle = "trial";
    chart.yTitle = combined ? "combined loss" : (distance ? "distance of " : "") + goalOf(objective);
    chart.yFromZero = false;
    page::Line best{"best so far", {}, true, false}, each{"each trial", {}, false, false};
    double least = std::numeric_limits<double>::infinity();
    for (const Shown& shown : all) {
      if (!shown.score) continue;
      const auto x = static_cast<double>(shown.row->number);
      each.points.push_back({x, sign * shown.score->losses[i]});
      if (shown.score->violation == 0) least = std::min(least, shown.score->losses[i]);
      if (std::isfinite(least)) best.points.push_back({x, sign * least});
    }
    if (each.points.empty()) continue;
    chart.lines = {std::move(best), std::move(each)};
    content += page::lineChart(chart);
  }
  return content;
}

/// Every pair of objectives, up to three objectives; of more, the first with each other.
Html fronts(const Definition& definition, const std::vector<Shown>& all) {
  const std::vector<search::Objective>& objectives = definition.objectives.objectives;
  Html content;
  for (std::size_t a = 0; a < objectives.size(); ++a)
    for (std::size_t b = a + 1; b < objectives.size() && (a == 0 || objectives.size() <= 3); ++b) {
      page::Scatter chart;
      chart.xTitle = goalOf(objectives[b]);
      chart.yTitle = goalOf(objectives[a]);
      page::Dots others{"other trials", page::Tone::neutral, {}, {}, false};
      page::Dots outside{"outside the limits", page::Tone::amber, {}, {}, false};
      page::Dots front{"front", page::Tone::blue, {}, {}, false};
      for (const Shown& shown : all) {
        if (!shown.score) continue;
        page::Dots& into = shown.front ? front : shown.score->violation > 0 ? outside : others;
        into.points.push_back(
            {shown.result.metrics.at(objectives[b].metric), shown.result.metrics.at(objectives[a].metric)});
        into.hints.push_back(hintOf(definition, shown));
      }
      chart.dots = {std::move(others), std::move(outside), std::move(front)};
      content += page::scatter(chart);
    }
  return content;
}

Html parallels(const Definition& definition, const std::vector<Shown>& all) {
  page::Parallel chart;
  chart.legend = {{"front", page::Tone::blue}, {"other trials", page::Tone::neutral}};
  for (const search::Parameter& parameter : definition.space.parameters) {
    const bool choices = parameter.hasChoices();
    chart.axes.push_back({parameter.name, choices ? parameter.choices.front() : formatDouble(parameter.lo),
                          choices ? parameter.choices.back() : formatDouble(parameter.hi)});
  }
  std::vector<std::pair<double, double>> extents;
  for (const search::Objective& objective : definition.objectives.objectives) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Shown& shown : all)
      if (shown.score) {
        low = std::min(low, shown.result.metrics.at(objective.metric));
        high = std::max(high, shown.result.metrics.at(objective.metric));
      }
    extents.emplace_back(low, high);
    chart.axes.push_back({objective.metric, brief(low), brief(high)});
  }
  for (const Shown& shown : all) {
    if (!shown.score) continue;
    page::ParallelLine line;
    for (std::size_t i = 0; i < shown.point.values.size(); ++i)
      line.at.push_back(shown.point.values[i] ? std::optional<double>(search::unitOf(
                                                    definition.space.parameters[i], *shown.point.values[i]))
                                              : std::nullopt);
    for (std::size_t i = 0; i < extents.size(); ++i) {
      const auto [low, high] = extents[i];
      const double value = shown.result.metrics.at(definition.objectives.objectives[i].metric);
      line.at.emplace_back(high > low ? (value - low) / (high - low) : 0.5);
    }
    line.strong = shown.front;
    line.tone = shown.front ? page::Tone::blue : page::Tone::neutral;
    line.hint = hintOf(definition, shown);
    chart.lines.push_back(std::move(line));
  }
  return chart.lines.empty() ? Html() : page::parallel(chart);
}

Html importances(const Definition& definition, const std::vector<Shown>& all) {
  page::BarChart chart;
  std::vector<std::vector<std::optional<double>>> points;
  for (const Shown& shown : all)
    if (shown.score) points.push_back(shown.point.values);
  for (const search::Parameter& parameter : definition.space.parameters)
    chart.bars.push_back({Html(parameter.name), {}, {}, ""});
  for (std::size_t i = 0; i < definition.objectives.losses(); ++i) {
    std::vector<double> losses;
    for (const Shown& shown : all)
      if (shown.score) losses.push_back(shown.score->losses[i]);
    const std::vector<double> shares = importanceOf(points, losses);
    if (shares.empty()) return page::muted("Too few trials to tell.");
    chart.series.push_back(definition.objectives.combine == search::Combine::front
                               ? definition.objectives.objectives[i].metric
                               : "combined loss");
    for (std::size_t p = 0; p < shares.size(); ++p)
      chart.bars[p].values.push_back({shares[p], formatFixed(100 * shares[p], 0) + " %"});
  }
  return page::barChart(chart) + page::muted(
                                     "Share of a metric's variance that goes with the parameter alone "
                                     "(adjusted correlation ratio of up "
                                     "to eight groups); what parameters do together is not in it.");
}

Html times(const std::vector<Shown>& all) {
  std::int64_t begin = std::numeric_limits<std::int64_t>::max();
  std::map<std::string, page::Lane> lanes;
  for (const Shown& shown : all)
    if (shown.row->endedMs > 0) begin = std::min(begin, shown.row->startedMs);
  for (const Shown& shown : all) {
    if (shown.row->endedMs == 0) continue;
    page::Lane& lane = lanes[shown.row->worker];
    lane.spans.push_back({static_cast<double>(shown.row->startedMs - begin) / 1000,
                          static_cast<double>(shown.row->endedMs - begin) / 1000,
                          shown.row->state == TrialState::failed ? page::Tone::red : page::Tone::blue,
                          "trial " + std::to_string(shown.row->number)});
  }
  page::Timeline chart;
  chart.unit = "s";
  for (auto& [worker, lane] : lanes) {
    lane.label = "worker " + std::to_string(chart.lanes.size() + 1);
    chart.lanes.push_back(std::move(lane));
  }
  return chart.lanes.empty() ? Html() : page::timeline(chart);
}

Html trialsTable(const Definition& definition, const std::vector<const Shown*>& trials) {
  page::Table table;
  table.columns.push_back({"trial", true, ""});
  for (const search::Parameter& parameter : definition.space.parameters)
    table.columns.push_back({parameter.name, !parameter.hasChoices(), ""});
  for (const Metric& metric : definition.metrics) table.columns.push_back({metric.name, true, ""});
  for (const Shown* shown : trials) {
    std::vector<Html> cells = {
        page::link(std::to_string(shown->row->number), "#trial-" + std::to_string(shown->row->number))};
    for (std::size_t i = 0; i < shown->point.values.size(); ++i)
      cells.emplace_back(shown->point.values[i]
                             ? search::printValue(definition.space.parameters[i], *shown->point.values[i])
                             : "–");
    for (const Metric& metric : definition.metrics) {
      const auto found = shown->result.metrics.find(metric.name);
      cells.emplace_back(found == shown->result.metrics.end() ? "–" : brief(found->second));
    }
    table.rows.push_back(std::move(cells));
  }
  return page::table(table);
}

/// A trial on its own: what it was, its stages, their logs.
Html trialPage(const Definition& definition, const Shown& shown, const jobs::Store& cache) {
  constexpr std::size_t longestLog = 4000;
  Html content = page::paragraph(search::printPoint(definition.space, shown.point));
  if (definition.fidelity)
    content += page::paragraph("fidelity " + definition.fidelity->values[shown.rung] + ", " +
                               std::to_string(shown.rung + 1) + " of " +
                               std::to_string(definition.fidelity->values.size()));
  if (!shown.result.error.empty())
    content +=
        page::callout(page::strong(shown.result.failed + ": ") + Html(shown.result.error), page::Tone::red);
  for (const auto& [name, value] : shown.result.metrics)
    content += page::paragraph(name + " = " + formatDouble(value));
  for (const StageTiming& timing : parseTimings(shown.row->timings)) {
    Html line = page::strong(timing.stage) +
                Html(": " + (timing.fromCache ? "from the cache" : formatFixed(timing.seconds, 2) + " s"));
    if (const auto log = shown.result.logs.find(timing.stage); log != shown.result.logs.end()) {
      std::string text = cache.get(log->second).value_or("(no longer in the cache)");
      if (text.size() > longestLog) text = "...\n" + text.substr(text.size() - longestLog);
      line += page::details("log", page::element("pre", {}, text));
    }
    content += page::element("div", {}, line);
  }
  for (const auto& [name, digest] : shown.result.artefacts) content += page::muted(name + " " + digest.hex());
  const std::string title = "Trial " + std::to_string(shown.row->number) + ", " + stateName(shown.row->state);
  return page::element("div", {{"id", "trial-" + std::to_string(shown.row->number)}},
                       page::details(title, content));
}

Html stagesGraph(const Definition& definition) {
  page::Dag graph;
  for (std::size_t i = 0; i < definition.stages.size(); ++i) {
    const StageUse& stage = definition.stages[i];
    page::DagNode node{.title = stage.name, .lines = {stage.type.name}};
    for (const auto& [input, source] : stage.inputs) {
      if (const auto* wire = std::get_if<WireSource>(&source))
        graph.edges.push_back(
            {static_cast<std::uint32_t>(wire->stage), static_cast<std::uint32_t>(i), wire->output});
      if (const auto* parameter = std::get_if<ParameterSource>(&source))
        node.lines.push_back("$" + definition.space.parameters[parameter->parameter].name);
      if (std::holds_alternative<FidelitySource>(source)) node.lines.push_back("$fidelity");
    }
    graph.nodes.push_back(std::move(node));
  }
  return page::dag(graph);
}

}  // namespace

std::vector<double> importanceOf(const std::vector<std::vector<std::optional<double>>>& points,
                                 const std::vector<double>& losses) {
  constexpr std::size_t fewest = 8, mostGroups = 8;
  const std::size_t n = points.size();
  if (n < fewest) return {};
  double mean = 0, total = 0;
  for (const double loss : losses) mean += loss / static_cast<double>(n);
  for (const double loss : losses) total += (loss - mean) * (loss - mean);
  std::vector<double> shares;
  for (std::size_t p = 0; p < points.front().size(); ++p) {
    // In order of the value, those without one in front; groups are cut at equal numbers, never between equal values.
    std::vector<std::size_t> order(n);
    for (std::size_t i = 0; i < n; ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return points[a][p] < points[b][p]; });
    double between = 0;
    std::size_t groups = 0;
    for (std::size_t begin = 0; begin < n;) {
      std::size_t end = std::min(n, begin + std::max<std::size_t>(1, n / mostGroups));
      while (end < n && points[order[end]][p] == points[order[end - 1]][p]) ++end;
      double sum = 0;
      for (std::size_t i = begin; i < end; ++i) sum += losses[order[i]];
      const auto count = static_cast<double>(end - begin);
      between += count * (sum / count - mean) * (sum / count - mean);
      ++groups;
      begin = end;
    }
    if (!(total > 0) || groups < 2 || groups >= n) {
      shares.push_back(0);
      continue;
    }
    const double within = (total - between) / static_cast<double>(n - groups);
    shares.push_back(std::clamp((between - static_cast<double>(groups - 1) * within) / total, 0.0, 1.0));
  }
  return shares;
}

std::string summaryText(const Definition& definition, const std::vector<TrialRow>& rows) {
  TrialCounts counts;
  for (const TrialRow& row : rows) {
    std::int64_t* const slots[] = {&counts.waiting, &counts.running, &counts.done, &counts.failed};
    ++*slots[static_cast<std::size_t>(row.state)];
  }
  std::string text = definition.name + ": " + std::to_string(counts.done) + " done, " +
                     std::to_string(counts.failed) + " failed, " + std::to_string(counts.running) +
                     " running, " + std::to_string(counts.waiting) + " waiting\n";
  const Result<std::vector<Shown>> all = read(definition, rows);
  if (!all.ok()) return text + all.error().text() + "\n";
  const std::vector<const Shown*> front = frontOf(*all);
  if (!front.empty())
    text += countOf(static_cast<std::int64_t>(front.size()), "trial") + " that no other beats:\n";
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(most, front.size()); ++i)
    text += "  " + hintOf(definition, *front[i]) + "\n";
  if (front.size() > most) text += "  and " + std::to_string(front.size() - most) + " more\n";
  return text;
}

Result<std::string> reportPage(const Definition& definition, const std::vector<TrialRow>& rows,
                               const jobs::Store& cache) {
  SLUICE_TRY(const std::vector<Shown> all, read(definition, rows));
  const std::vector<const Shown*> front = frontOf(all);
  std::size_t done = 0, failed = 0, real = 0;
  for (const Shown& shown : all) {
    real += shown.score.has_value();
    done += shown.row->state == TrialState::done;
    failed += shown.row->state == TrialState::failed;
  }
  page::Page page;
  page.title = definition.name;
  page.subtitle = definition.description;
  std::vector<std::string> goals;
  for (const search::Objective& objective : definition.objectives.objectives)
    goals.push_back(goalOf(objective));
  std::vector<page::Statistic> figures = {{"trials done", std::to_string(done), "", ""},
                                          {"failed", std::to_string(failed), "", ""},
                                          {"on the front", std::to_string(front.size()), "", ""}};
  if (definition.fidelity) figures.push_back({"at the highest fidelity", std::to_string(real), "", ""});
  page.lead =
      page::statistics(figures) + page::paragraph(join(goals, ", ") + "; sampler " +
                                                  std::string(search::nameOf(definition.sampler.method)) +
                                                  ", seed " + std::to_string(definition.seed) + ", window " +
                                                  std::to_string(definition.sampler.window) + ".");
  page.sections.push_back({"front", "Front", fronts(definition, all) + trialsTable(definition, front)});
  page.sections.push_back({"history", "History", history(definition, all)});
  page.sections.push_back({"parallel", "Parallel coordinates", parallels(definition, all)});
  page.sections.push_back({"importance", "What matters", importances(definition, all)});
  page.sections.push_back({"time", "Timeline", times(all)});
  page.sections.push_back({"stages", "Stages", stagesGraph(definition)});
  Html trials;
  for (const Shown& shown : all) trials += trialPage(definition, shown, cache);
  page.sections.push_back({"trials", "Trials", trials});
  page.sections.push_back({"definition", "Definition",
                           page::details("as it was run", page::element("pre", {}, definition.text))});
  return page::print(page);
}

}  // namespace sluice::experiment
