#pragma once

#include <optional>
#include <string>
#include <vector>

#include "page/chart.h"

/// Charts of many things with several values each.
namespace sluice::page {

struct Dots {
  std::string name;  ///< in the legend
  Tone tone = Tone::blue;
  std::vector<Point> points;
  std::vector<std::string> hints;  ///< shown when pointed at; as many as points, or none
  bool joined = false;             ///< by a step line, as a front of two losses is
};
struct Scatter {
  std::string xTitle, yTitle;
  std::vector<Dots> dots;  ///< later ones on top
};
Html scatter(const Scatter& chart);

/// One vertical axis per value, one line per thing across them.
struct ParallelAxis {
  std::string title, low, high;  ///< what stands at the ends
};
struct ParallelLine {
  std::vector<std::optional<double>> at;  ///< per axis, 0 (low) to 1 (high); a gap where there is none
  Tone tone = Tone::neutral;
  bool strong = false;
  std::string hint;
};
struct Parallel {
  std::vector<ParallelAxis> axes;
  std::vector<ParallelLine> lines;
  std::vector<std::pair<std::string, Tone>> legend;
};
Html parallel(const Parallel& chart);

}  // namespace sluice::page
