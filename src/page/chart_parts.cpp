#include "page/chart_parts.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace sluice::page {

Html legend(const std::vector<std::pair<std::string, Tone>>& keys) {
  if (keys.empty()) return {};
  Html all;
  for (const auto& [name, tone] : keys) all += element("span", {{"class", "key " + toneClass(tone)}}, name);
  return element("div", {{"class", "legend"}}, all);
}

std::string toneClass(Tone tone) { return std::string("t-") + toneName(tone); }

std::string coordinate(double value) {
  if (!std::isfinite(value)) value = 0;
  std::string text = formatFixed(value, 2);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string percent(double part, double whole) {
  return coordinate(whole > 0 ? std::clamp(100 * part / whole, -1000.0, 1000.0) : 0) + "%";
}

std::vector<double> ticks(double low, double high, int about) {
  if (!(high > low)) high = low + 1;
  const double raw = (high - low) / std::max(1, about);
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= raw * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  std::vector<double> values;
  const double first = std::floor(low / step + 1e-9);
  for (double i = first; values.size() < 100; ++i) {
    values.push_back(i * step);
    if (i * step >= high - step * 1e-9) break;
  }
  return values;
}

std::string shownNumber(double value) {
  if (std::abs(value) < 1e15 && value == std::floor(value))
    return formatCount(static_cast<std::int64_t>(value));
  std::string text = formatFixed(value, std::abs(value) >= 100 ? 1 : std::abs(value) >= 1 ? 2 : 4);
  while (text.find('.') != std::string::npos && (text.back() == '0' || text.back() == '.')) {
    const bool point = text.back() == '.';
    text.pop_back();
    if (point) break;
  }
  return text;
}

}  // namespace sluice::page
