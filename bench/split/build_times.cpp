// The model of synthesis times (split/network/build_time.h) fitted again, on every second of our own Yosys runs, and judged by
// the others.
//
//   build_times [FILE.csv]    seconds,ff,dsp,bram18 of each run; without it, bench/split/synthesis_times.csv
//
// Exit code 1 if half of the others are missed by more than 30 %, or one in ten by more than 50 %, or if the numbers in
// build_time.h are no longer those of the fit.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "split/network/build_time.h"

namespace {

using namespace sluice;
using namespace sluice::splits;

Result<std::vector<BuildSample>> readSamples(const std::filesystem::path& file) {
  SLUICE_TRY(const std::string text, readFile(file, std::uint64_t{1} << 24));
  std::vector<BuildSample> samples;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty() || line[0] == '#' || line.starts_with("seconds")) continue;
    BuildSample sample;
    if (std::sscanf(line.c_str(), "%lf,%lf,%lf,%lf", &sample.seconds, &sample.flipFlops, &sample.dsp,
                    &sample.blockRam) != 4)
      return badInput("is damaged: " + line, file.string());
    samples.push_back(sample);
  }
  return samples;
}

Result<bool> run(const std::filesystem::path& file, bool isOurs) {
  SLUICE_TRY(const std::vector<BuildSample> samples, readSamples(file));
  std::vector<BuildSample> fitted, others;
  for (std::size_t i = 0; i < samples.size(); ++i) (i % 2 == 0 ? fitted : others).push_back(samples[i]);
  SLUICE_TRY(const BuildTimeModel model, fitBuildTimes(fitted));
  const std::vector<double> errors = buildTimeErrors(model, others);
  if (errors.empty()) return badInput("holds too few runs", file.string());
  const auto at = [&](double share) {
    return errors[static_cast<std::size_t>(share * static_cast<double>(errors.size() - 1))];
  };
  fmt::print("{} runs: {:.3f} s + {:.5f} s a flip-flop + {:.3f} s a DSP block + {:.4f} s a block RAM\n",
             samples.size(), model.start, model.perFlipFlop, model.perDsp, model.perBlockRam);
  fmt::print(
      "on the runs it was not fitted on: median error {:.0f} %, nine of ten within {:.0f} %, largest {:.0f} "
      "%\n",
      100 * at(0.5), 100 * at(0.9), 100 * errors.back());
  const BuildTimeModel known;
  const auto isClose = [](double a, double b) { return std::fabs(a - b) <= 0.01 * b; };
  const bool isKnown = isClose(model.start, known.start) && isClose(model.perFlipFlop, known.perFlipFlop) &&
                       isClose(model.perDsp, known.perDsp) && isClose(model.perBlockRam, known.perBlockRam);
  if (isOurs && !isKnown) fmt::print("the numbers in build_time.h are others\n");
  return at(0.5) <= 0.3 && at(0.9) <= 0.5 && (isKnown || !isOurs);
}

}  // namespace

int main(int argc, char** argv) {
  const bool isOurs = argc < 2;
  const std::filesystem::path file =
      isOurs ? std::filesystem::path(SLUICE_BENCH_SPLIT) / "synthesis_times.csv" : argv[1];
  const Result<bool> result = run(file, isOurs);
  if (!result.ok()) fmt::print("{}\n", result.error().text());
  return result.ok() && *result ? 0 : 1;
}
