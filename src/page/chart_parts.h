#pragma once

#include <string>
#include <utility>
#include <vector>

#include "page/html.h"

/// What the charts share.
namespace sluice::page {

/// Width and height of a plotting area, in units of its own; the page stretches it.
inline constexpr double side = 1000;

/// Coloured squares with names; nothing for an empty list.
Html legend(const std::vector<std::pair<std::string, Tone>>& keys);
/// The class that sets a tone's colours.
std::string toneClass(Tone tone);
/// A coordinate: at most two digits behind the point, none that says nothing ("12.5", "3").
std::string coordinate(double value);
/// "37.5%"
std::string percent(double part, double whole);
/// Round values from `low` to `high` or a little beyond: 1, 2 or 5 times a power of ten apart, some `about`
/// of them.
std::vector<double> ticks(double low, double high, int about);
/// A number as people read it: "1,234", "0.25".
std::string shownNumber(double value);

}  // namespace sluice::page
