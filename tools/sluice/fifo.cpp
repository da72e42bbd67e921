#include "fifo.h"

#include <cstdio>

#include "base/file.h"
#include "base/result.h"
#include "base/text.h"
#include "dataflow/check/check.h"
#include "dataflow/fst.h"
#include "dataflow/process/certificate.h"
#include "dataflow/process/compare.h"
#include "dataflow/process/profile.h"
#include "dataflow/process/read.h"
#include "dataflow/process/size.h"
#include "fifo_csdf.h"

namespace sluice::tool {

namespace {

using namespace dataflow::process;

constexpr int infeasibleExit = 3, openExit = 4;
/// Times of more beats than this are not kept (16 bytes each).
constexpr std::uint64_t mostRecorded = std::uint64_t{1} << 28;

int fail(const Error& error) {
  std::fprintf(stderr, "sluice: %s\n", error.text().c_str());
  return exitCode(error.code);
}

/// Errors: usage, and those of readDepths().
Result<std::vector<std::uint64_t>> depthsFor(const std::string& text, const Network& network) {
  if (text == "given") return givenDepths(network);
  if (text == "unbounded") return unboundedDepths(network);
  std::int64_t number = 0;
  if (!parseInt64(text, number)) return readDepths(text, network);
  if (number < 1 || number > (std::int64_t{1} << 40))
    return Error{ErrorCode::usage, "--depths takes a depth from 1 to 2^40, not " + text, {}};
  return std::vector<std::uint64_t>(network.groups.size(), static_cast<std::uint64_t>(number));
}

std::uint64_t beats(const Program& program) {
  std::uint64_t sum = 0;
  for (const Lane& lane : program.lanes) sum += lane.tokens;
  return sum;
}

Status mayRecord(const Network& network, const Program& program) {
  if (beats(program) <= mostRecorded) return {};
  return unsupported("moves " + formatCount(static_cast<std::int64_t>(beats(program))) +
                         " beats; a profile can be made of 2^28",
                     network.name);
}

Result<int> simulateFile(const FifoOptions& options) {
  SLUICE_TRY(const std::string kindOfFile, fileKind(options.file));
  if (kindOfFile == "csdf") return simulateGraph(options);
  SLUICE_TRY(const Network network, readNetwork(options.file));
  SLUICE_TRY(const std::vector<std::uint64_t> depths, depthsFor(options.depths, network));
  SLUICE_TRY(const Program once, compile(network));
  SLUICE_TRY(const Program program, repeat(once, options.frames));
  Evaluator evaluator(program, network.timing);
  const Outcome outcome = evaluator.run(evaluator.exact(depths));
  Record record;
  const bool stands = outcome.kind == Outcome::Kind::deadlock;
  const bool waves = !options.vcd.empty() || !options.fst.empty();
  if (!stands && (waves || !options.json.empty())) {
    SLUICE_RETURN_IF_ERROR(mayRecord(network, program));
    evaluator.record(evaluator.exact(depths), record);
  }
  if (!options.json.empty())
    SLUICE_RETURN_IF_ERROR(writeFile(options.json, profileJson(network, program, outcome, record)));
  if (stands) {
    std::printf("deadlock: %s\n", deadlockText(network, program, outcome.deadlock).c_str());
    return infeasibleExit;
  }
  if (waves) {
    const dataflow::Waveform wave = waveform(network, program, record);
    if (!options.vcd.empty()) SLUICE_RETURN_IF_ERROR(writeFile(options.vcd, dataflow::vcdText(wave)));
    if (!options.fst.empty()) SLUICE_RETURN_IF_ERROR(writeFile(options.fst, dataflow::fstBytes(wave)));
  }
  std::printf("%s: %s cycles\n", network.name.c_str(),
              formatCount(static_cast<std::int64_t>(outcome.cycles)).c_str());
  if (options.frames > 1) {
    SLUICE_TRY(const Program before, repeat(once, options.frames - 1));
    Evaluator shorter(before, network.timing);
    const std::uint64_t less = shorter.run(shorter.exact(depths)).cycles;
    std::printf("%llu frames; the last came %llu cycles after the one before\n",
                static_cast<unsigned long long>(options.frames),
                static_cast<unsigned long long>(outcome.cycles - less));
  }
  return 0;
}

Result<int> sizeFile(const FifoOptions& options) {
  SLUICE_TRY(const std::string kindOfFile, fileKind(options.file));
  if (kindOfFile == "csdf") return sizeGraph(options);
  SLUICE_TRY(const Network network, readNetwork(options.file));
  SizingOptions sizing{.targetCycles = std::nullopt, .cost = CostKind::beats, .timeLimit = options.timeLimit};
  const Result<CostKind> kind = parseCostKind(options.cost);
  if (!kind.ok()) return Error{ErrorCode::usage, "--cost: " + kind.error().message, {}};
  sizing.cost = *kind;
  if (options.target != "base") {
    std::int64_t number = 0;
    if (!parseInt64(options.target, number) || number < 0)
      return Error{ErrorCode::usage,
                   "--target-cycles takes a number of cycles or base, not '" + options.target + "'",
                   {}};
    sizing.targetCycles = static_cast<std::uint64_t>(number);
  }
  if (options.pareto) {
    SLUICE_TRY(const Front front, paretoFront(network, sizing));
    SLUICE_TRY(const std::string text, frontJson(network, sizing.cost, front));
    SLUICE_RETURN_IF_ERROR(writeFile(options.output, text));
    for (const Sizing& point : front.points)
      std::printf("%12llu cycles  %10llu %s%s\n", static_cast<unsigned long long>(point.cycles),
                  static_cast<unsigned long long>(point.cost), options.cost.c_str(),
                  point.proven ? "" : (" (at least " + std::to_string(point.lowerBound) + ")").c_str());
    std::printf("%zu points%s\n", front.points.size(),
                front.complete ? ", the whole front" : "; time was up");
    return front.complete ? 0 : openExit;
  }
  SLUICE_TRY(const Sizing sized, sizeFifos(network, sizing));
  SLUICE_TRY(const std::string text, certificateJson(network, sizing.cost, sized));
  SLUICE_RETURN_IF_ERROR(writeFile(options.output, text));
  std::printf("%s: %s %s for at most %s cycles", network.name.c_str(),
              formatCount(static_cast<std::int64_t>(sized.cost)).c_str(), options.cost.c_str(),
              formatCount(static_cast<std::int64_t>(sized.target)).c_str());
  if (sized.proven)
    std::printf(", the least possible");
  else
    std::printf("; at least %s are needed", formatCount(static_cast<std::int64_t>(sized.lowerBound)).c_str());
  std::printf(" (%zu conflicts, %s runs, %s s)\n", sized.conflicts.size(),
              formatCount(static_cast<std::int64_t>(sized.simulations)).c_str(),
              formatFixed(sized.seconds, 2).c_str());
  for (std::size_t g = 0; g < sized.depths.size(); ++g)
    std::printf("  %s %llu\n", network.groups[g].c_str(), static_cast<unsigned long long>(sized.depths[g]));
  return sized.proven ? 0 : openExit;
}

Result<int> checkFile(const FifoOptions& options) {
  SLUICE_TRY(auto checker, dataflow::check::Checker::open(options.file));
  SLUICE_TRY(const std::string certificate, readFile(options.certificate, std::uint64_t{1} << 30));
  const Result<std::string> verdict = checker.check(certificate);
  if (!verdict.ok()) return badInput(verdict.error().message, options.certificate.filename().string());
  std::printf("%s\n", verdict->c_str());
  return 0;
}

Result<int> compareFile(const FifoOptions& options) {
  SLUICE_TRY(const Network network, readNetwork(options.file));
  SLUICE_TRY(const std::vector<std::uint64_t> depths, depthsFor(options.depths, network));
  SLUICE_TRY(const std::string text, readFile(options.vcd));
  SLUICE_TRY(const auto signals, dataflow::readDump(text, options.vcd.filename().string()));
  SLUICE_TRY(const Program program, compile(network));
  SLUICE_RETURN_IF_ERROR(mayRecord(network, program));
  Evaluator evaluator(program, network.timing);
  Record record;
  const Outcome outcome = evaluator.record(evaluator.exact(depths), record);
  if (outcome.kind == Outcome::Kind::deadlock) {
    std::printf("deadlock: %s\n", deadlockText(network, program, outcome.deadlock).c_str());
    return infeasibleExit;
  }
  const Profile seen = profile(program, record);
  const Result<std::vector<PeakRow>> rows = comparePeaks(network, program, seen, depths, signals);
  if (!rows.ok()) return badInput(rows.error().message, options.vcd.filename().string());
  if (!options.json.empty()) SLUICE_RETURN_IF_ERROR(writeFile(options.json, peaksJson(network, *rows)));
  std::size_t equal = 0, found = 0;
  std::printf("%-32s %12s %12s %12s  %s\n", "FIFO", "depth", "simulated", "measured", "signal");
  for (const PeakRow& row : *rows) {
    found += row.measured ? 1 : 0;
    equal += row.measured == row.simulated ? 1 : 0;
    std::printf("%-32s %12llu %12llu %12s  %s\n", row.fifo.c_str(),
                static_cast<unsigned long long>(row.depth), static_cast<unsigned long long>(row.simulated),
                row.measured ? std::to_string(*row.measured).c_str() : "-", row.signal.c_str());
  }
  std::printf("%zu of %zu FIFOs in the dump, %zu of them as full as simulated\n", found, rows->size(), equal);
  return 0;
}

int finish(const Result<int>& result) { return result.ok() ? *result : fail(result.error()); }

}  // namespace

int simulateFifos(const FifoOptions& options) { return finish(simulateFile(options)); }
int sizeFifoDepths(const FifoOptions& options) { return finish(sizeFile(options)); }
int checkFifoSizing(const FifoOptions& options) { return finish(checkFile(options)); }
int compareFifoPeaks(const FifoOptions& options) { return finish(compareFile(options)); }

}  // namespace sluice::tool
