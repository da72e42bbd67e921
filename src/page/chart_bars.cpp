#include <algorithm>

#include "base/check.h"
#include "page/chart.h"
#include "page/chart_parts.h"

namespace sluice::page {
namespace {

Html box(const char* cssClass, const Html& content) { return element("div", {{"class", cssClass}}, content); }

Html segment(Tone tone, const std::string& width, const std::string& hint = {}) {
  return element("i", {{"class", toneClass(tone)}, {"style", "width:" + width}, {"title", hint}}, {});
}

Html budgetMark(double budget, double scale) {
  return element("u", {{"style", "left:" + percent(budget, scale)}}, {});
}

Html row(const Html& label, const Html& tracks, const Html& value) {
  return box("bar", box("name", label) + box("tracks", tracks) + box("value", value)) + Html::trusted("\n");
}

}  // namespace

Html barChart(const BarChart& chart) {
  const auto tone = [&](std::size_t i) { return i < chart.tones.size() ? chart.tones[i] : seriesTone(i); };
  const auto reach = [](const Bar& bar) {
    double most = bar.budget.value_or(0);
    for (const BarValue& value : bar.values) most = std::max(most, value.value);
    return most;
  };
  double common = 0;
  for (const Bar& bar : chart.bars) common = std::max(common, reach(bar));

  Html rows;
  for (const Bar& bar : chart.bars) {
    const double scale = chart.ownScale ? reach(bar) : common;
    Html tracks, shown;
    for (std::size_t i = 0; i < bar.values.size(); ++i) {
      const BarValue& value = bar.values[i];
      const bool beyond = bar.budget && value.value > *bar.budget;
      const std::string text = value.text.empty() ? shownNumber(value.value) : value.text;
      Html track = segment(beyond ? Tone::red : tone(i), percent(value.value, scale), text);
      if (bar.budget) track += budgetMark(*bar.budget, scale);
      tracks += box(bar.values.size() > 1 ? "track thin" : "track", track);
      if (i > 0) shown += Html(" / ");
      shown += element("b", {}, text);
    }
    if (!bar.budgetText.empty()) shown += Html(" of " + bar.budgetText);
    rows += row(bar.label, tracks, shown);
  }
  std::vector<std::pair<std::string, Tone>> keys;
  for (std::size_t i = 0; i < chart.series.size(); ++i) keys.emplace_back(chart.series[i], tone(i));
  return (keys.size() > 1 ? legend(keys) : Html()) + box("bars", rows);
}

Html stackedChart(const StackedChart& chart) {
  double scale = 0;
  std::vector<double> sums;
  for (const StackedBar& bar : chart.bars) {
    SLUICE_CHECK(bar.segments.size() == chart.series.size(), "a stacked bar has a segment per series");
    double sum = 0;
    for (const double part : bar.segments) sum += part;
    sums.push_back(sum);
    scale = std::max({scale, sum, bar.budget.value_or(0)});
  }
  Html rows;
  for (std::size_t b = 0; b < chart.bars.size(); ++b) {
    const StackedBar& bar = chart.bars[b];
    Html track;
    for (std::size_t i = 0; i < bar.segments.size(); ++i)
      if (bar.segments[i] > 0)
        track += segment(seriesTone(i), percent(bar.segments[i], scale),
                         chart.series[i] + ": " + shownNumber(bar.segments[i]));
    if (bar.budget) track += budgetMark(*bar.budget, scale);
    rows += row(bar.label, box("track", track),
                element("b", {}, bar.text.empty() ? shownNumber(sums[b]) : bar.text));
  }
  std::vector<std::pair<std::string, Tone>> keys;
  for (std::size_t i = 0; i < chart.series.size(); ++i) keys.emplace_back(chart.series[i], seriesTone(i));
  return legend(keys) + box("bars", rows);
}

}  // namespace sluice::page
