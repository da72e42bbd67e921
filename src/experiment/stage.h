#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "experiment/value.h"
#include "jobs/store.h"

/// Stages: named steps with typed inputs and outputs, whose results are kept.
///
/// A stage is a function of its inputs. Its key is the digest of its name and version, its tools' versions and
/// its inputs (of files, their content); under the key the store keeps the outputs, so a stage is run once per
/// machine and key, however many trials ask for it. Because keys are made of contents, a step whose inputs come
/// out the same as before is not run again even if what made them was (early cut-off).
///
/// What a stage answers with badInput, unsupported or infeasible is its answer for these inputs, and is kept like
/// a result; io errors (no disk, a program killed, a time-out) are not, and may go away when tried again.
///
/// Two processes with the same key at the same time: one runs, the other waits and takes the result; where the
/// file system has no locks both run and write the same (jobs/store.h).
namespace sluice::experiment {

/// A named input or output.
struct Port {
  std::string name;
  Type type = Type::real;
  std::string help;
  std::optional<Value> fallback;  ///< of an input nobody gives
};

/// What a running stage may use besides its inputs.
class StageRun {
 public:
  explicit StageRun(const jobs::Store& store) : store_(store) {}
  [[nodiscard]] const jobs::Store& store() const { return store_; }
  /// Content of a file input. Errors: io if the store lost it.
  [[nodiscard]] Result<std::string> content(const Values& inputs, const std::string& name) const;
  [[nodiscard]] Result<Value> keep(std::string_view content) const;  ///< as an output file
  void log(std::string_view text) { log_ += text; }
  [[nodiscard]] const std::string& logged() const { return log_; }

 private:
  const jobs::Store& store_;
  std::string log_;
};

struct StageType {
  std::string name;     ///< "jets.train"
  std::string version;  ///< raised whenever the same inputs may give other outputs
  std::string help;
  std::vector<Port> inputs, outputs;
  std::function<Result<Values>(const Values& inputs, StageRun& run)> run;
  /// Versions of the programs it runs; part of the key. Asked once per process. May be empty.
  std::function<Result<std::string>()> tools;

  [[nodiscard]] const Port* input(std::string_view name) const;
  [[nodiscard]] const Port* output(std::string_view name) const;
};

struct StageOutcome {
  Values outputs;
  std::optional<Digest> log;  ///< an artefact; none if nothing was said
  bool fromCache = false;
  double seconds = 0;  ///< of this call
};

/// What the result of a stage depends on. `tools`: what StageType::tools answered.
Digest keyOf(const StageType& stage, const std::string& tools, const Values& inputs);

/// Runs a stage or takes its outcome from the store. Inputs that are not given take their fallbacks. Errors: what
/// the stage answers; badInput if an input is missing, unknown or of another type.
Result<StageOutcome> runStage(const jobs::Store& store, const StageType& stage, const std::string& tools,
                              const Values& inputs);

}  // namespace sluice::experiment
