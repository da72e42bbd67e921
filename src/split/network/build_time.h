#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "split/problem.h"
#include "split/solve.h"

/// How long synthesis takes, and cuts for the fastest build.
///
/// Yosys' time is close to a sum over what it builds: a start, so much for each flip-flop, more for each block RAM and DSP
/// block (look-up tables and carries add nothing that flip-flops do not say). Since it is a sum, a part's time is that of its
/// nodes, and the parts whose longest takes least are found exactly, as a problem in which boards work on one node after
/// the other.
///
/// Fitted on 150 runs of this program's designs (pinned Yosys, processor seconds, xc7 and xcup), on every second run; on the
/// others the median error is 22 %, nine of ten are within 39 %, the worst is off by 57 %. `build_times` of bench/split
/// fits again. It is a model of Yosys: place and route of a vendor takes longer, and more than in proportion.
namespace sluice::splits {

struct BuildTimeModel {
  double start = 8.15;  ///< seconds a run
  double perFlipFlop = 0.00494;
  double perDsp = 3.01, perBlockRam = 0.735;
  /// `size` in the order of device::usage. Without the start.
  [[nodiscard]] double work(const std::vector<double>& size) const;
};

struct BuildSample {
  double seconds = 0, flipFlops = 0, dsp = 0, blockRam = 0;
};
/// Least squares of relative errors, no term below 0. Errors: badInput for fewer than four samples.
Result<BuildTimeModel> fitBuildTimes(const std::vector<BuildSample>& samples);
/// |model / measured - 1|, ascending.
std::vector<double> buildTimeErrors(const BuildTimeModel& model, const std::vector<BuildSample>& samples);

/// The same network with seconds of synthesis as times. Links cost nothing; what fits a board is as before.
Problem buildTimeProblem(const Problem& problem, const BuildTimeModel& model = {});

/// Seconds that each part of a plan takes.
std::vector<double> buildTimes(const Problem& problem, const Stages& stages,
                               const BuildTimeModel& model = {});
/// Seconds until all parts are built by so many workers, the longest part first.
double buildSpan(std::vector<double> parts, std::uint32_t workers);

}  // namespace sluice::splits
