#include "split/network/build_time.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "split/network/network_problem.h"

namespace sluice::splits {
namespace {

// Positions in device::usage.
constexpr std::size_t flipFlopRow = 2, dspRow = 4, blockRamRow = 5;
constexpr std::size_t terms = 4;

std::array<double, terms> termsOf(const BuildSample& s) { return {1, s.flipFlops, s.dsp, s.blockRam}; }

/// Solves the square system of the terms in `used`, the others 0; nothing if it is singular.
bool solveNormal(const std::vector<BuildSample>& samples, unsigned used, std::array<double, terms>& x) {
  std::vector<std::size_t> columns;
  for (std::size_t t = 0; t < terms; ++t)
    if ((used >> t) & 1u) columns.push_back(t);
  const std::size_t n = columns.size();
  std::vector<std::vector<double>> rows(n, std::vector<double>(n + 1, 0.0));
  for (const BuildSample& sample : samples) {
    const std::array<double, terms> term = termsOf(sample);
    for (std::size_t i = 0; i < n; ++i) {
      const double weighted = term[columns[i]] / sample.seconds;
      for (std::size_t j = 0; j < n; ++j) rows[i][j] += weighted * term[columns[j]] / sample.seconds;
      rows[i][n] += weighted;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t k = i + 1; k < n; ++k)
      if (std::fabs(rows[k][i]) > std::fabs(rows[pivot][i])) pivot = k;
    if (std::fabs(rows[pivot][i]) < 1e-30) return false;
    std::swap(rows[i], rows[pivot]);
    for (std::size_t k = 0; k < n; ++k) {
      if (k == i) continue;
      const double factor = rows[k][i] / rows[i][i];
      for (std::size_t j = i; j <= n; ++j) rows[k][j] -= factor * rows[i][j];
    }
  }
  x.fill(0);
  for (std::size_t i = 0; i < n; ++i) x[columns[i]] = rows[i][n] / rows[i][i];
  return true;
}

BuildTimeModel modelOf(const std::array<double, terms>& x) {
  return {.start = x[0], .perFlipFlop = x[1], .perDsp = x[2], .perBlockRam = x[3]};
}

double secondsOf(const BuildTimeModel& model, const BuildSample& s) {
  return model.start + model.perFlipFlop * s.flipFlops + model.perDsp * s.dsp +
         model.perBlockRam * s.blockRam;
}

}  // namespace

double BuildTimeModel::work(const std::vector<double>& size) const {
  return perFlipFlop * size[flipFlopRow] + perDsp * size[dspRow] + perBlockRam * size[blockRamRow];
}

std::vector<double> buildTimeErrors(const BuildTimeModel& model, const std::vector<BuildSample>& samples) {
  std::vector<double> errors;
  for (const BuildSample& sample : samples)
    errors.push_back(std::fabs(secondsOf(model, sample) / sample.seconds - 1));
  std::sort(errors.begin(), errors.end());
  return errors;
}

Result<BuildTimeModel> fitBuildTimes(const std::vector<BuildSample>& samples) {
  if (samples.size() < terms) return badInput("a model of build times needs at least four samples");
  for (const BuildSample& sample : samples)
    if (!(sample.seconds > 0)) return badInput("a measured run took no time");
  // With so few terms, the best of all subsets whose answer has none below 0.
  double least = impossible;
  BuildTimeModel best;
  for (unsigned used = 1; used < (1u << terms); ++used) {
    std::array<double, terms> x{};
    if (!solveNormal(samples, used, x)) continue;
    if (std::any_of(x.begin(), x.end(), [](double value) { return value < 0; })) continue;
    double squares = 0;
    for (const double error : buildTimeErrors(modelOf(x), samples)) squares += error * error;
    if (squares >= least) continue;
    least = squares;
    best = modelOf(x);
  }
  return best;
}

Problem buildTimeProblem(const Problem& problem, const BuildTimeModel& model) {
  Problem result = problem;
  for (Board& board : result.boards) {
    board.work = Work::sum;
    board.transfers = Transfers::free;
  }
  for (std::uint32_t v = 0; v < result.nodes.size(); ++v)
    for (std::uint32_t k = 0; k < result.boards.size(); ++k)
      if (double& time = result.nodes[v].time[k]; time < impossible) time = model.work(sizeOn(problem, k, v));
  result.topology = {};
  return result;
}

std::vector<double> buildTimes(const Problem& problem, const Stages& stages, const BuildTimeModel& model) {
  std::vector<double> seconds;
  for (const Stage& stage : stages) {
    double sum = model.start;
    for (const std::uint32_t node : stage.nodes) sum += model.work(sizeOn(problem, stage.board, node));
    seconds.push_back(sum);
  }
  return seconds;
}

double buildSpan(std::vector<double> parts, std::uint32_t workers) {
  std::sort(parts.rbegin(), parts.rend());
  std::vector<double> busy(std::max(workers, 1u), 0.0);
  for (const double part : parts) *std::min_element(busy.begin(), busy.end()) += part;
  return *std::max_element(busy.begin(), busy.end());
}

}  // namespace sluice::splits
