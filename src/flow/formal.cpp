#include "flow/formal.h"

#include <algorithm>

#include "base/check.h"
#include "flow/tools.h"
#include "jobs/pool.h"

namespace sluice::flow {
namespace {

std::string script(const ProofTask& task) {
  std::string text;
  bool primitives = false;
  for (const emit::File& file : task.files) {
    if (!file.name.ends_with(".v")) continue;
    text += "read_verilog " + file.name + "\n";
    primitives = primitives || file.content.find("LUT6 #(") != std::string::npos;
  }
  if (primitives) text += "read_verilog +/xilinx/cells_sim.v\n";
  text += "read_verilog -formal";
  if (task.induction) text += " -DLEMMAS";
  for (const emit::Claim& claim : task.harness.claims)
    if (task.claims.empty() ||
        std::find(task.claims.begin(), task.claims.end(), claim.name) != task.claims.end())
      text += " -D" + emit::claimMacro(claim);
  for (const std::string& macro : task.macros) text += " -D" + macro;
  // Memories become registers before the modules are dissolved, so that their words have names of the harness. A kernel's
  // weights are no business of its controller: there they are dropped first, as they would be muxes over all of them.
  text += " proof.v\nhierarchy -check -top proof\nproc -norom\n";
  if (!task.namesWords) text += "flatten\nopt_clean\n";
  text += "memory -nomap\nmemory_map\n";
  if (task.namesWords) text += "flatten\n";
  text += "opt_clean\nopt -fast\nasync2sync\nchformal -lower\nopt_clean\n";
  text += "sat -tempinduct -prove-asserts -set-assumes -maxsteps " + std::to_string(task.mostSteps);
  if (!task.induction) text += " -tempinduct-baseonly";
  return text + " proof\n";
}

/// The number behind the last occurrence of `marker`.
std::uint32_t numberBehind(const std::string& log, const std::string& marker) {
  const std::size_t at = log.rfind(marker);
  return at == std::string::npos
             ? 0
             : static_cast<std::uint32_t>(std::strtoul(log.c_str() + at + marker.size(), nullptr, 10));
}

}  // namespace

const char* verdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::proven:
      return "proven";
    case Verdict::refuted:
      return "refuted";
    case Verdict::open:
      return "open";
  }
  return "";
}

Result<jobs::Command> proofCommand(const ProofTask& task) {
  SLUICE_TRY(const Tool yosys, findYosys());
  jobs::Command command{.name = "proof of " + task.name,
                        .argv = {yosys.path, "-q", "-l", "yosys.log", "-s", "prove.ys"},
                        .outputs = {"yosys.log"},
                        .toolVersion = yosys.version,
                        .limits = {.seconds = 3600}};
  for (const emit::File& file : task.files) command.inputs.push_back({file.name, file.content});
  command.inputs.push_back({"proof.v", task.harness.text});
  command.inputs.push_back({"prove.ys", script(task)});
  return command;
}

Result<Proof> readProof(const std::string& log) {
  Proof proof;
  if (log.find("Induction step proven: SUCCESS!") != std::string::npos) {
    proof.verdict = Verdict::proven;
    proof.steps = numberBehind(log, "[induction step ");
  } else if (log.find("model found for base case: FAIL!") != std::string::npos) {
    proof.verdict = Verdict::refuted;
    proof.steps = numberBehind(log, "[base case ");
  } else if (log.find("Reached maximum number of time steps") != std::string::npos) {
    proof.verdict = Verdict::open;
    proof.steps = numberBehind(log, "[base case ");
  } else {
    return ioError("Yosys' log holds no verdict", "yosys.log");
  }
  return proof;
}

Result<std::vector<Proof>> prove(const std::vector<ProofTask>& tasks, unsigned workers,
                                 const jobs::Store* store,
                                 const std::function<void(const ProofTask&, double)>& done) {
  std::vector<jobs::Command> commands;
  for (const ProofTask& task : tasks) {
    SLUICE_TRY(jobs::Command command, proofCommand(task));
    commands.push_back(std::move(command));
  }
  const std::vector<Result<jobs::Outcome>> outcomes = jobs::runAll(
      store, commands, {.workers = workers}, [&](std::size_t t, const Result<jobs::Outcome>& outcome) {
        if (done && outcome.ok()) done(tasks[t], outcome->processorSeconds);
      });
  std::vector<Proof> proofs;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    if (!outcomes[t].ok()) return outcomes[t].error();
    SLUICE_RETURN_IF_ERROR(jobs::requireSuccess(commands[t], *outcomes[t]));
    SLUICE_TRY(Proof proof, readProof(outcomes[t]->outputs.at("yosys.log")));
    proof.seconds = outcomes[t]->seconds;
    proof.processorSeconds = outcomes[t]->processorSeconds;
    proof.fromCache = outcomes[t]->fromCache;
    proofs.push_back(proof);
  }
  return proofs;
}

}  // namespace sluice::flow
