#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiment/definition.h"
#include "jobs/store.h"

/// One trial: a point through the stages to its metrics; and how points and results stand in the trial store.
namespace sluice::experiment {

struct StageTiming {
  std::string stage;
  double seconds = 0;
  bool fromCache = false;
};

/// What a trial came to. Everything but `timings` is a function of definition, point and tools.
struct TrialResult {
  std::string error;   ///< of a failed one: what the stage answered; else empty
  std::string failed;  ///< the stage that failed
  std::map<std::string, double> metrics;
  std::map<std::string, Digest> artefacts;  ///< "stage.output" of file outputs
  std::map<std::string, Digest> logs;       ///< of stages that said something
  std::vector<StageTiming> timings;
};

/// What a trial tries: a point, at a fidelity.
struct TrialPoint {
  search::Point point;
  std::size_t rung = 0;  ///< position in Fidelity::values; 0 where there is one fidelity only
};

/// A definition made ready to run: its files read, its tools asked for their versions.
class Runner {
 public:
  /// Errors: io if a file or tool is missing.
  static Result<Runner> make(const Definition& definition, const jobs::Store& store);

  /// Runs the stages, or takes their results from the store. A stage that says no makes a result with `error`.
  /// Errors: io, which may be tried again.
  [[nodiscard]] Result<TrialResult> run(const TrialPoint& trial) const;

  [[nodiscard]] const std::map<std::string, std::string>& tools() const { return tools_; }  ///< by stage
  [[nodiscard]] const std::map<std::string, Digest>& files() const { return files_; }       ///< by path

 private:
  Runner(const Definition& definition, const jobs::Store& store) : definition_(definition), store_(store) {}
  [[nodiscard]] Result<Values> inputsOf(const StageUse& stage, const TrialPoint& trial,
                                        const std::vector<Values>& outputs) const;
  const Definition& definition_;
  const jobs::Store& store_;
  std::map<std::string, std::string> tools_;
  std::map<std::string, Digest> files_;
};

// ---- As text in the store: JSON with sorted keys.

std::string printParameters(const Definition& definition, const TrialPoint& trial);
Result<TrialPoint> parseParameters(const Definition& definition, const std::string& text);
std::string printResult(const TrialResult& result);  ///< without timings
Result<TrialResult> parseResult(const std::string& text);
std::string printTimings(const std::vector<StageTiming>& timings);
std::vector<StageTiming> parseTimings(const std::string& text);  ///< nothing of what it cannot read

}  // namespace sluice::experiment
