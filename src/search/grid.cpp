#include <algorithm>
#include <cmath>
#include <utility>

#include "search/strategy.h"

/// All combinations, the last parameter fastest. A parameter that does not count is passed over, so that no point
/// comes twice, and so are combinations that break a constraint.
namespace sluice::search {

namespace {

/// More than anybody evaluates, and few enough to be listed.
constexpr std::uint64_t mostCombinations = 10'000'000;

/// The values of a parameter in a grid: all choices; all numbers of a short range; else evenly spaced ones (by
/// ratio, of a logarithmic one), both ends among them.
std::vector<double> gridValues(const Parameter& parameter, std::size_t points) {
  std::vector<double> values;
  const std::uint64_t levels = parameter.levels();
  if (parameter.hasChoices() || (levels != 0 && levels <= points)) {
    for (std::uint64_t i = 0; i < levels; ++i)
      values.push_back((parameter.hasChoices() ? 0 : parameter.lo) + static_cast<double>(i));
    return values;
  }
  for (std::size_t i = 0; i < points; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(points - 1);
    double value = parameter.isLogarithmic() ? parameter.lo * std::pow(parameter.hi / parameter.lo, share)
                                             : parameter.lo + share * (parameter.hi - parameter.lo);
    if (!parameter.isContinuous()) value = std::round(value);
    if (i + 1 == points) value = parameter.hi;
    value = std::clamp(value, parameter.lo, parameter.hi);
    if (values.empty() || value > values.back()) values.push_back(value);
  }
  return values;
}

class Grid : public Strategy {
 public:
  Grid(const Space& space, std::vector<std::vector<double>> values, std::uint64_t combinations)
      : values_(std::move(values)) {
    for (std::uint64_t index = 0; index < combinations; ++index)
      if (const auto point = pointOf(space, index); point && meetsConstraints(space, *point))
        indices_.push_back(static_cast<std::uint32_t>(index));
  }
  Result<std::optional<Point>> propose(const View& view) override {
    if (view.number >= indices_.size()) return std::optional<Point>();
    return pointOf(view.space, indices_[view.number]);
  }
  [[nodiscard]] std::uint64_t size() const override { return indices_.size(); }

 private:
  /// None where a parameter that does not count is not at its first value: that point has come already.
  [[nodiscard]] std::optional<Point> pointOf(const Space& space, std::uint64_t index) const {
    std::vector<std::size_t> digits(values_.size());
    for (std::size_t i = values_.size(); i-- > 0;) {
      digits[i] = static_cast<std::size_t>(index % values_[i].size());
      index /= values_[i].size();
    }
    Point point;
    point.values.resize(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (counts(space, i, point))
        point.values[i] = values_[i][digits[i]];
      else if (digits[i] != 0)
        return std::nullopt;
    }
    return point;
  }

  std::vector<std::vector<double>> values_;
  std::vector<std::uint32_t> indices_;
};

}  // namespace

Result<std::unique_ptr<Strategy>> makeGrid(const Space& space, const SamplerOptions& options) {
  std::vector<std::vector<double>> values;
  std::uint64_t combinations = 1;
  for (const Parameter& parameter : space.parameters) {
    if (parameter.hasChoices() && parameter.levels() > mostCombinations / combinations)
      return badInput("the grid has more than 10,000,000 combinations; narrow the parameters");
    values.push_back(gridValues(parameter, options.gridPoints));
    if (values.back().size() > mostCombinations / combinations)
      return badInput("the grid has more than 10,000,000 combinations; narrow the parameters");
    combinations *= values.back().size();
  }
  auto grid = std::make_unique<Grid>(space, std::move(values), combinations);
  if (grid->size() == 0) return badInput("no combination of the grid meets the constraints");
  return std::unique_ptr<Strategy>(std::move(grid));
}

}  // namespace sluice::search
