#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "emit/formal.h"
#include "jobs/command.h"
#include "jobs/store.h"

/// Proofs by Yosys' own SAT engine (`sat -tempinduct`): claims of a harness (emit/formal.h) about modules as printed.
///
/// k-induction: the claims hold in the first k cycles after any power-up state, and whenever they hold in k successive
/// cycles they hold in the next one. Tried for k = 1, 2, ... So "proven" is for ever, for all inputs that the harness
/// allows; "refuted" comes with a run from power-up; "open" says that `mostSteps` were not enough, and nothing else.
namespace sluice::flow {

enum class Verdict : std::uint8_t {
  proven,   ///< holds in every cycle
  refuted,  ///< a run from power-up breaks it
  open,     ///< neither within the steps
};
const char* verdictName(Verdict verdict);

struct ProofTask {
  std::string name;               ///< for people
  std::vector<emit::File> files;  ///< the modules' own text
  emit::FormalModule harness;
  std::vector<std::string> claims;  ///< names; empty: all
  std::vector<std::string> macros;  ///< more of them: restrictions that the harness offers
  bool namesWords =
      true;  ///< the harness names words of memories; else what nobody reads goes before they are registers
  bool induction = true;  ///< false: only a search from power-up, without lemmas (for broken modules)
  std::uint32_t mostSteps = 20;
};

struct Proof {
  Verdict verdict = Verdict::open;
  std::uint32_t steps =
      0;               ///< k of the induction, or the length of the run that refutes, or what was searched
  double seconds = 0;  ///< of the run that made it
  double processorSeconds = 0;
  bool fromCache = false;
};

/// The job of one task.
Result<jobs::Command> proofCommand(const ProofTask& task);

/// What Yosys said. Errors: io, if its log holds no verdict.
Result<Proof> readProof(const std::string& log);

/// Runs the tasks, `workers` at a time; results in the order of the tasks. Errors: io (Yosys is missing or failed).
/// `done`: told of every task that ends, and of the seconds it took.
Result<std::vector<Proof>> prove(const std::vector<ProofTask>& tasks, unsigned workers,
                                 const jobs::Store* store,
                                 const std::function<void(const ProofTask&, double)>& done = {});

}  // namespace sluice::flow
